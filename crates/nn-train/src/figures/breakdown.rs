//! What errors a model makes.

use serde::{Deserialize, Serialize};

use super::classes::Classified;
use crate::data::{Output, Targets};

/// Classes of which there is a matrix, at most.
pub const MOST_CLASSES: usize = 200;

/// The shares at which residuals are told.
const SHARES: [f64; 7] = [0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0];

/// What errors a model makes on a part of the data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Breakdown {
    /// Of a classifier of at most [`MOST_CLASSES`] classes.
    Confusion(Confusion),
    /// Of a regression.
    Residuals(Residuals),
}

/// Which classes are taken for which.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confusion {
    /// The classes' names.
    pub classes: Vec<String>,
    /// Numbers of examples: a row for each class that they are of, in it a number for each class that they are taken for.
    pub counts: Vec<Vec<u64>>,
}

/// Predicted values less the actual ones, in the units of the target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Residuals {
    /// Their number.
    pub rows: usize,
    /// Their mean: above 0 where predictions are too high as a rule.
    pub mean: f64,
    /// Pairs (share, value): such a share of the residuals is at most the value, linear between neighbours. The shares are 0, 0.05,
    /// 0.25, 0.5, 0.75, 0.95 and 1.
    pub quantiles: Vec<(f64, f64)>,
}

impl Breakdown {
    /// Of outputs as [`all`](super::all) takes them; `None` where there is no example or there are too many classes.
    #[must_use]
    pub fn of<T: Copy + Into<f64>>(
        outputs: &[T],
        targets: &Targets,
        meaning: &Output,
    ) -> Option<Self> {
        if targets.is_empty() {
            return None;
        }
        match targets {
            Targets::Classes(targets) => {
                let names = meaning.classes();
                let classified = Classified::new(outputs, targets);
                let classes = classified.classes();
                let row = |of| (0..classes).map(|k| classified.count(of, k)).collect();
                (classes <= MOST_CLASSES).then(|| {
                    Self::Confusion(Confusion {
                        classes: names.to_vec(),
                        counts: (0..classes).map(row).collect(),
                    })
                })
            }
            Targets::Values(values) => {
                let mut residuals: Vec<f64> = (outputs.iter().zip(values))
                    .map(|(x, y)| meaning.in_units((*x).into()) - meaning.in_units(f64::from(*y)))
                    .collect();
                residuals.sort_unstable_by(f64::total_cmp);
                let rows = residuals.len();
                Some(Self::Residuals(Residuals {
                    rows,
                    mean: residuals.iter().sum::<f64>() / rows as f64,
                    quantiles: SHARES
                        .map(|share| (share, quantile(&residuals, share)))
                        .to_vec(),
                }))
            }
        }
    }
}

/// A quantile of sorted numbers, linear between neighbours.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share * (sorted.len() - 1) as f64;
    let (low, high) = (place.floor() as usize, place.ceil() as usize);
    sorted[low] + (place - low as f64) * (sorted[high] - sorted[low])
}
