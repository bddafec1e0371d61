//! Rows that a method is fitted to or scored on, and the figures of a prediction.

use std::borrow::Cow;

use faer::Mat;

use crate::data::{Examples, Targets};

/// Rows of one or several parts of a data set.
pub(super) struct Rows<'a> {
    /// Inputs, one slice a row.
    pub(super) inputs: Vec<Cow<'a, [f32]>>,
    /// Targets; classes as whole numbers.
    pub(super) targets: Vec<f64>,
    /// Numbers in a row.
    pub(super) width: usize,
}

fn targets(examples: &Examples) -> Vec<f64> {
    match &examples.targets {
        Targets::Classes(classes) => classes.iter().map(|&class| class as f64).collect(),
        Targets::Values(values) => values.iter().map(|&value| f64::from(value)).collect(),
    }
}

impl<'a> Rows<'a> {
    /// The rows of `parts`, or `most` of them, evenly spaced.
    pub(super) fn of(parts: &[&'a Examples], width: usize, most: usize) -> Self {
        let mut all = Vec::new();
        let mut all_targets = Vec::new();
        for &part in parts {
            all.extend((0..part.len()).map(|row| (part, row)));
            all_targets.extend(targets(part));
        }
        let n = all.len();
        if n > most {
            let place = |i: usize| (i as u128 * n as u128 / most as u128) as usize;
            all = (0..most).map(|i| all[place(i)]).collect();
            all_targets = (0..most).map(|i| all_targets[place(i)]).collect();
        }
        Self {
            inputs: (all.into_iter())
                .map(|(part, row)| part.row(row, width))
                .collect(),
            targets: all_targets,
            width,
        }
    }

    /// Rows `from..to` as a matrix with so many further columns of ones.
    pub(super) fn matrix(&self, from: usize, to: usize, ones: usize) -> Mat<f64> {
        Mat::from_fn(to - from, self.width + ones, |i, j| {
            if j < self.width {
                f64::from(self.inputs[from + i][j])
            } else {
                1.0
            }
        })
    }

    /// Where pieces of so many rows begin and end.
    pub(super) fn pieces(&self, length: usize) -> impl Iterator<Item = (usize, usize)> {
        let n = self.inputs.len();
        (0..n)
            .step_by(length)
            .map(move |from| (from, (from + length).min(n)))
    }
}

/// How good predictions are, in the measure of a network's score.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Figures {
    /// Share of the rows whose class is right.
    Accuracy(f64),
    /// Regression.
    Squares {
        /// Mean squared error, in the units of the data set's targets: standardised ones, unless that is switched off.
        mse: f64,
        /// 1 less the error's share of the targets' variance.
        r2: f64,
    },
}

impl Figures {
    /// The measure of a search: accuracy, or minus the mean squared error. Higher is better.
    #[must_use]
    pub const fn score(self) -> f64 {
        match self {
            Self::Accuracy(accuracy) => accuracy,
            Self::Squares { mse, .. } => -mse,
        }
    }

    /// `None` if there is nothing to score or the numbers overflow.
    pub(super) fn of(targets: &[f64], predicted: &[f64], is_class: bool) -> Option<Self> {
        let n = targets.len() as f64;
        let pairs = || targets.iter().zip(predicted);
        let errors: f64 = pairs().map(|(y, p)| (y - p).powi(2)).sum();
        if targets.is_empty() || !errors.is_finite() {
            return None;
        }
        if is_class {
            // Both are whole numbers.
            let right = pairs().filter(|(y, p)| (*y - *p).abs() < 0.5).count();
            return Some(Self::Accuracy(right as f64 / n));
        }
        let mean = targets.iter().sum::<f64>() / n;
        let variance: f64 = targets.iter().map(|y| (y - mean).powi(2)).sum();
        Some(Self::Squares {
            mse: errors / n,
            r2: 1.0 - errors / variance.max(f64::MIN_POSITIVE),
        })
    }
}
