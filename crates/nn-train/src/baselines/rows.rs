//! Rows that a method is fitted to or scored on.

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
