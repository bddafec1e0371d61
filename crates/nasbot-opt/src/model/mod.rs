//! The surrogate of a search: a Gaussian process over the scored evaluations, fed in the order in which
//! their scores were told.
//!
//! Distances to evaluated candidates are computed once and kept. Where the space has counts, a second
//! process over them alone stands by: it costs a fraction, and screens candidates for the first.
//!
//! The model is a pure function of the settings and of the sequence of scores. Hyper-parameters are
//! chosen anew whenever the number of scores reaches a point of a fixed schedule, each time from a random
//! stream of its own, so that a model which catches up with a restored history ends up the same as
//! one that saw the scores arrive.

mod layers;

use std::borrow::Cow;

use gp::{Ensemble, Exponential, Inference, Settings, Surrogate};
use ndarray::{Array2, Array3, Axis};

pub(crate) use layers::{Layers, Point};

use crate::history::History;
use crate::stream::{self, Purpose};
use crate::{Counts, Error, Space, ValidConfig, transform};

/// Best evaluated candidates at which a process's mean is computed to find its best.
const CONTENDERS: usize = 50;

/// Moves of every sample of the hyper-parameters at each refit.
const SWEEPS: usize = 3;

/// Gaussian processes and the points behind them.
pub(crate) struct Model {
    layers: Layers,
    /// Scored candidates in the order of their scores.
    points: Vec<Point>,
    /// Their scores.
    scores: Vec<f64>,
    surrogate: Surrogate<Exponential>,
    /// Over the counts alone, where there are any.
    screen: Option<Surrogate<Exponential>>,
}

impl Model {
    /// A model without data for a space whose candidates look like `example`.
    pub(crate) fn new<S: Space>(
        space: &S,
        config: &ValidConfig,
        example: &S::Candidate,
    ) -> Result<Self, Error> {
        let layers = Layers::new(space, config, example);
        let settings = |inference| Settings {
            inference,
            ..Settings::default()
        };
        let maximise = Inference::Maximise { restarts: 0 };
        let inference = match config.samples {
            0 => maximise,
            members => Inference::Sample {
                members,
                sweeps: SWEEPS,
            },
        };
        let surrogate = Surrogate::new(layers.kernel(config.kernel)?, settings(inference))?;
        let screen = match layers.counts {
            0 => None,
            _ => Some(Surrogate::new(layers.count_kernel()?, settings(maximise))?),
        };
        Ok(Self {
            layers,
            points: Vec::new(),
            scores: Vec::new(),
            surrogate,
            screen,
        })
    }

    /// Takes in the scores that were told since the last time.
    pub(crate) fn catch_up<S: Space>(
        &mut self,
        space: &S,
        config: &ValidConfig,
        history: &History<S::Candidate>,
    ) -> Result<(), Error> {
        let known = self.points.len();
        let mut scored = history.scored().skip(known).peekable();
        while scored.peek().is_some() {
            // All that come before the next refit, that one's own included.
            let (mut new, mut scores) = (Vec::new(), Vec::new());
            for (evaluation, score) in scored.by_ref() {
                new.push(Point::new(space, &evaluation.suggestion.candidate)?);
                scores.push(score);
                if is_refit(self.points.len() + new.len()) {
                    break;
                }
            }
            self.extend(space, new, &scores)?;
            if is_refit(self.points.len()) {
                self.transform(config)?;
                let number = self.points.len() as u64;
                let mut rng = stream::stream(config.seed, Purpose::Fit, number);
                self.surrogate.refit(&mut rng)?;
                if let Some(screen) = &mut self.screen {
                    screen.refit(&mut rng)?;
                }
            }
        }
        if self.points.len() > known {
            self.transform(config)
        } else {
            Ok(())
        }
    }

    /// Takes in that the score at `place`, in the order of arrival, is another now.
    pub(crate) fn revise(
        &mut self,
        place: usize,
        score: f64,
        config: &ValidConfig,
    ) -> Result<(), Error> {
        match self.scores.get_mut(place) {
            Some(known) => *known = score,
            None => return Ok(()),
        }
        self.transform(config)
    }

    fn extend<S: Space>(
        &mut self,
        space: &S,
        new: Vec<Point>,
        scores: &[f64],
    ) -> Result<(), Error> {
        let rows: Vec<&Point> = new.iter().collect();
        let cross = self.cross(space, &rows, &[])?;
        let among = self.layers.distances(space, &rows, &rows)?;
        let counts: Vec<&[Counts]> = new.iter().map(|point| point.counts.as_slice()).collect();
        let count_cross = self.count_cross(&counts, &[])?;
        let count_among = self.layers.count_distances(&counts, &counts)?;
        self.surrogate.extend(cross.view(), among.view(), scores)?;
        if let Some(screen) = &mut self.screen {
            screen.extend(count_cross.view(), count_among.view(), scores)?;
        }
        self.points.extend(new);
        self.scores.extend(scores);
        Ok(())
    }

    fn transform(&mut self, config: &ValidConfig) -> Result<(), Error> {
        let transformed = transform::apply(config.transform, &self.scores);
        self.surrogate.set_scores(&transformed)?;
        if let Some(screen) = &mut self.screen {
            screen.set_scores(&transformed)?;
        }
        Ok(())
    }

    /// A prediction's mean and standard deviation in units of the score: the transform undone at the
    /// mean, and half of what lies between one standard deviation below and above.
    pub(crate) fn in_scores(&self, config: &ValidConfig, mean: f64, std: f64) -> (f64, f64) {
        let undo = |value| transform::invert(config.transform, &self.scores, value);
        (undo(mean), 0.5 * (undo(mean + std) - undo(mean - std)))
    }

    /// Whether hyper-parameters have been chosen yet.
    pub(crate) fn is_ready(&self) -> bool {
        self.surrogate.ensemble().is_ok()
    }

    pub(crate) fn scores(&self) -> &[f64] {
        &self.scores
    }

    /// The posteriors, in units of the transformed scores, as if every one of `pending` had come out
    /// as predicted.
    pub(crate) fn posterior<S: Space>(
        &self,
        space: &S,
        pending: &[&Point],
    ) -> Result<Cow<'_, Ensemble<Exponential>>, Error> {
        let ensemble = self.surrogate.ensemble()?;
        if pending.is_empty() {
            return Ok(Cow::Borrowed(ensemble));
        }
        let cross = self.cross(space, pending, &[])?;
        let among = self.layers.distances(space, pending, pending)?;
        let with = ensemble.with_pending(cross.view(), among.view())?;
        Ok(Cow::Owned(with))
    }

    /// The same of the process over counts, where there is one.
    pub(crate) fn screen(
        &self,
        pending: &[&[Counts]],
    ) -> Result<Option<Cow<'_, Ensemble<Exponential>>>, Error> {
        let Some(screen) = &self.screen else {
            return Ok(None);
        };
        let ensemble = screen.ensemble()?;
        if pending.is_empty() {
            return Ok(Some(Cow::Borrowed(ensemble)));
        }
        let cross = self.count_cross(pending, &[])?;
        let among = self.layers.count_distances(pending, pending)?;
        let with = ensemble.with_pending(cross.view(), among.view())?;
        Ok(Some(Cow::Owned(with)))
    }

    /// Each member's best mean at a scored candidate.
    pub(crate) fn targets(&self) -> Result<Vec<f64>, Error> {
        Ok(best_means(&means(&self.surrogate, &self.contenders())?))
    }

    /// The same of the process over counts.
    pub(crate) fn screen_targets(&self) -> Result<Vec<f64>, Error> {
        match &self.screen {
            Some(screen) => Ok(best_means(&means(screen, &self.contenders())?)),
            None => Ok(Vec::new()),
        }
    }

    /// The scored candidate with the best mean over all members, by its place among the scores; `None`
    /// while there is no fit.
    pub(crate) fn best(&self) -> Result<Option<usize>, Error> {
        if !self.is_ready() {
            return Ok(None);
        }
        let order = self.contenders();
        let sums = means(&self.surrogate, &order)?.sum_axis(Axis(0));
        // Contenders come with the best score first, which wins a tie.
        let best = (0..order.len()).reduce(|a, b| if sums[b] > sums[a] { b } else { a });
        Ok(best.map(|place| order[place]))
    }

    /// The scored candidates that may be best, best score first.
    fn contenders(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.scores.len()).collect();
        order.sort_by(|&a, &b| self.scores[b].total_cmp(&self.scores[a]));
        order.truncate(CONTENDERS);
        order
    }

    /// Distances of `rows` to the scored candidates and then to `pending`: shape (depth, rows, n + p).
    pub(crate) fn cross<S: Space>(
        &self,
        space: &S,
        rows: &[&Point],
        pending: &[&Point],
    ) -> Result<Array3<f64>, Error> {
        let columns: Vec<&Point> = self.points.iter().chain(pending.iter().copied()).collect();
        self.layers.distances(space, rows, &columns)
    }

    /// The same between counts: shape (counts, rows, n + p).
    pub(crate) fn count_cross(
        &self,
        rows: &[&[Counts]],
        pending: &[&[Counts]],
    ) -> Result<Array3<f64>, Error> {
        let known = self.points.iter().map(|point| point.counts.as_slice());
        let columns: Vec<&[Counts]> = known.chain(pending.iter().copied()).collect();
        self.layers.count_distances(rows, &columns)
    }
}

/// Means at some of a process's own points: rows are members.
fn means(surrogate: &Surrogate<Exponential>, indices: &[usize]) -> Result<Array2<f64>, Error> {
    let triangles = surrogate.distances().triangles();
    let shape = (triangles.len(), indices.len(), surrogate.len());
    let cross = Array3::from_shape_fn(shape, |(layer, row, column)| {
        let (low, high) = (indices[row].min(column), indices[row].max(column));
        triangles[layer][high * (high + 1) / 2 + low]
    });
    let ensemble = surrogate.ensemble()?;
    let scaling = ensemble.scaling();
    let mut means = Array2::zeros((ensemble.members().len(), indices.len()));
    for (mut row, member) in means.rows_mut().into_iter().zip(ensemble.members()) {
        row.assign(&(member.predict_mean(cross.view())? * scaling.scale + scaling.centre));
    }
    Ok(means)
}

fn best_means(means: &Array2<f64>) -> Vec<f64> {
    let best =
        |row: ndarray::ArrayView1<'_, f64>| row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    means.rows().into_iter().map(best).collect()
}

/// Whether hyper-parameters are chosen anew when this many scores are known: at 2, 3, 4 and then
/// whenever the number has grown by about a tenth, at most every 25.
fn is_refit(count: usize) -> bool {
    let mut next = 2;
    while next < count {
        next += (next / 10).clamp(1, 25);
    }
    next == count
}

#[cfg(test)]
mod calibration;

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
