//! Choices of hyper-parameters: those of an earlier process, which are taken over, and those for the record.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Hyper-parameters as they were chosen once so many scores were known: what must be stored of a model, so that a search
/// that goes on need not choose them again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fit {
    /// The number of scores that were known.
    pub scores: usize,
    /// The surrogate's hyper-parameters, one vector a member.
    pub surrogate: Vec<Vec<f64>>,
    /// Those of the process over counts alone; empty where there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub screen: Vec<Vec<f64>>,
    /// Those of the processes of further figures, in their order; empty where the score is the only one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub further: Vec<Hyperparameters>,
    /// For every member, those of the process over counts last, then those of further figures likewise, the number of scores when
    /// its whole covariance was last factored; empty where that was at this choice. A later score can have had negative eigenvalues
    /// clipped anew.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub factored: Vec<usize>,
}

/// The hyper-parameters of the processes of one figure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hyperparameters {
    /// Of the process over the distances, one vector a member.
    pub surrogate: Vec<Vec<f64>>,
    /// Of the process over counts alone; empty where there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub screen: Vec<Vec<f64>>,
}

impl Hyperparameters {
    /// How many members they are of.
    pub(super) fn members(&self) -> usize {
        self.surrogate.len() + self.screen.len()
    }
}

impl Fit {
    /// Those of every figure, the score first.
    pub(super) fn of_figures(&self) -> Vec<Hyperparameters> {
        let score = Hyperparameters {
            surrogate: self.surrogate.clone(),
            screen: self.screen.clone(),
        };
        std::iter::once(score)
            .chain(self.further.iter().cloned())
            .collect()
    }

    /// Whether the same hyper-parameters were chosen at the same number of scores.
    #[must_use]
    pub fn is_same_choice(&self, other: &Self) -> bool {
        self.scores == other.scores
            && self.surrogate == other.surrogate
            && self.screen == other.screen
            && self.further == other.further
    }

    /// The number of scores from which on a model with this choice can be rebuilt: that of the choice, or when a covariance
    /// was last factored as a whole.
    pub(super) fn rebuilt_at(&self) -> usize {
        self.factored.iter().copied().fold(self.scores, usize::max)
    }

    /// For every member, when its covariance was last factored as a whole.
    pub(super) fn factored(&self) -> Vec<usize> {
        match self.factored.is_empty() {
            true => {
                let members = self.of_figures().iter().map(Hyperparameters::members).sum();
                vec![self.scores; members]
            }
            false => self.factored.clone(),
        }
    }
}

/// The choices of a model.
#[derive(Default)]
pub(super) struct Fits {
    /// Those of an earlier process that are still to be taken over, by the number of scores.
    recalled: BTreeMap<usize, Fit>,
    /// Those that have not been handed out for the record.
    new: Vec<Fit>,
    /// The one in use, as it was recorded last.
    current: Option<Fit>,
}

impl Fits {
    /// A choice of an earlier process; the last of several at one number of scores counts.
    pub(super) fn recall(&mut self, fit: Fit) {
        self.recalled.insert(fit.scores, fit);
    }

    /// The choice to take over by a model that knows so many scores and will know `total`: of those of an earlier process only
    /// the last one matters, since nothing is left of those before it.
    pub(super) fn recalled(&self, known: usize, total: usize) -> Option<Fit> {
        let last = self.recalled.range(known + 1..=total).next_back();
        let mut fit = last.map(|(_, fit)| fit.clone())?;
        if fit.rebuilt_at() > total {
            fit.factored.clear();
        }
        Some(fit)
    }

    /// One was chosen anew.
    pub(super) fn chosen(&mut self, fit: Fit) {
        self.current = Some(fit.clone());
        self.new.push(fit);
    }

    /// One of an earlier process is in use.
    pub(super) fn taken_over(&mut self, fit: Fit) {
        self.recalled = self.recalled.split_off(&(fit.scores + 1));
        self.current = Some(fit);
    }

    /// Puts the choice in use on the record again if a covariance has been factored as a whole since: `factored` says when it
    /// was last.
    pub(super) fn note(&mut self, factored: Vec<usize>) {
        let Some(current) = &mut self.current else {
            return;
        };
        if factored != current.factored() {
            current.factored = factored;
            self.new.retain(|fit| fit.scores != current.scores);
            self.new.push(current.clone());
        }
    }

    /// Those for the record since the last call.
    pub(super) fn take(&mut self) -> Vec<Fit> {
        std::mem::take(&mut self.new)
    }
}

/// Whether hyper-parameters are chosen anew when this many scores are known: at 2, 3, 4 and then
/// whenever the number has grown by about a tenth, at most every 25.
pub(super) fn is_refit(count: usize) -> bool {
    let mut next = 2;
    while next < count {
        next += (next / 10).clamp(1, 25);
    }
    next == count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refits_thin_out() {
        let at: Vec<usize> = (0..=1000).filter(|&n| is_refit(n)).collect();
        assert_eq!(at[..4], [2, 3, 4, 5]);
        assert!(
            at.windows(2)
                .all(|w| w[1] - w[0] <= 25 && (w[1] - w[0]) * 10 <= w[0].max(10))
        );
        assert!(at.len() < 100, "{}", at.len());
    }
}
