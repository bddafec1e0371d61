//! Figures of regressions.

use crate::data::{Metric, Output};

/// What a regression says of examples beside what they are: sums over them.
pub(super) struct Errors {
    n: f64,
    /// Squared errors of what the network learns.
    learnt: f64,
    /// Squared errors in the target's units.
    squares: f64,
    /// Absolute errors in the target's units.
    sizes: f64,
    /// Squared distances of the targets from their mean, in units.
    spread: f64,
}

impl Errors {
    pub(super) fn new<T: Copy + Into<f64>>(
        outputs: &[T],
        targets: &[f32],
        meaning: &Output,
    ) -> Self {
        let n = targets.len() as f64;
        let of_targets = || targets.iter().map(|y| meaning.in_units(f64::from(*y)));
        let mean = of_targets().sum::<f64>() / n;
        let mut errors = Self {
            n,
            learnt: 0.0,
            squares: 0.0,
            sizes: 0.0,
            spread: of_targets().map(|y| (y - mean).powi(2)).sum(),
        };
        for (output, target) in outputs.iter().zip(targets) {
            let output: f64 = (*output).into();
            errors.learnt += (output - f64::from(*target)).powi(2);
            let apart = meaning.in_units(output) - meaning.in_units(f64::from(*target));
            errors.squares += apart.powi(2);
            errors.sizes += apart.abs();
        }
        errors
    }

    pub(super) fn figure(&self, metric: Metric) -> Option<f64> {
        match metric {
            Metric::Mse => Some(self.learnt / self.n),
            Metric::Rmse => Some((self.squares / self.n).sqrt()),
            Metric::Mae => Some(self.sizes / self.n),
            // Of targets that are all the same, nothing can be explained.
            Metric::R2 if self.spread <= 0.0 => Some(f64::from(self.squares <= 0.0)),
            Metric::R2 => Some(1.0 - self.squares / self.spread),
            _ => None,
        }
    }
}
