//! How examples came to the parts for training and validation, as far as folds depend on it.

use super::metric::Metric;
use super::split::Parts;
use super::table::Answers;
use crate::Error;
use crate::folds;

/// How examples came to training and validation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dealing {
    /// Whether they were dealt out one by one, not by folders, a file or columns that say where they belong.
    pub is_free: bool,
    /// Examples for training and validation.
    examples: usize,
    /// Their classes, in the order of dealing; none for regression.
    classes: Vec<i64>,
}

impl Dealing {
    pub(super) fn of(targets: &Answers, parts: &Parts) -> Self {
        let rows = parts.train.iter().chain(&parts.validation);
        Self {
            is_free: parts.is_dealt,
            examples: parts.train.len() + parts.validation.len(),
            classes: match targets {
                Answers::Classes(classes) => rows.map(|row| classes[*row]).collect(),
                Answers::Values(_) => Vec::new(),
            },
        }
    }

    /// Examples for training and validation.
    #[must_use]
    pub fn examples(&self) -> usize {
        self.examples
    }

    /// Checks that the examples can be divided into so many folds, and that the metric says something of each.
    ///
    /// # Errors
    /// Names what is to be changed: the folds, or the metric.
    pub fn check_folds(&self, folds: u32, metric: Metric) -> Result<(), Error> {
        let mute = folds::ranges(self.examples, folds)?.position(|fold| {
            let classes = self.classes.get(fold);
            classes.is_some_and(|classes| metric.is_mute(classes.iter()))
        });
        match mute {
            None => Ok(()),
            Some(fold) => Err(metric.mute(&format!("fold {} of {folds}", fold + 1))),
        }
    }
}
