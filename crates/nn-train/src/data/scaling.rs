//! Standardisation: mean 0 and deviation 1, with the training part's figures.

use super::examples::{Examples, InputShape, Targets};

/// Subtracted and divided by, so that the training part has mean 0 and deviation 1.
///
/// x' = (x − mean)/std, one pair for each channel of images, one for each column of tables. A constant
/// column keeps std = 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Scaling {
    /// Means of the inputs.
    pub mean: Vec<f32>,
    /// Standard deviations of the inputs.
    pub std: Vec<f32>,
    /// Mean of the target (regression).
    pub target_mean: f32,
    /// Standard deviation of the target (regression).
    pub target_std: f32,
    /// Numbers of an example that share a pair.
    group: usize,
}

impl Scaling {
    /// Changes nothing.
    #[must_use]
    pub(super) fn identity(shape: InputShape) -> Self {
        let (pairs, group) = groups(shape);
        Self {
            mean: vec![0.0; pairs],
            std: vec![1.0; pairs],
            target_mean: 0.0,
            target_std: 1.0,
            group,
        }
    }

    /// Means and deviations of `train`, in f64.
    #[must_use]
    pub(super) fn fit(shape: InputShape, train: &Examples) -> Self {
        let mut scaling = Self::identity(shape);
        let (pairs, group) = groups(shape);
        (scaling.mean, scaling.std) = moments(&train.inputs, pairs, group);
        if let Targets::Values(targets) = &train.targets {
            let (mean, std) = moments(targets, 1, 1);
            (scaling.target_mean, scaling.target_std) = (mean[0], std[0]);
        }
        scaling
    }

    /// Standardises in place.
    pub(super) fn apply(&self, examples: &mut Examples) {
        for example in examples
            .inputs
            .chunks_exact_mut(self.mean.len() * self.group)
        {
            for (pair, values) in example.chunks_exact_mut(self.group).enumerate() {
                for x in values {
                    *x = (*x - self.mean[pair]) / self.std[pair];
                }
            }
        }
        if let Targets::Values(targets) = &mut examples.targets {
            for y in targets {
                *y = (*y - self.target_mean) / self.target_std;
            }
        }
    }
}

/// Number of pairs, and how many numbers share one.
fn groups(shape: InputShape) -> (usize, usize) {
    match shape {
        InputShape::Image(image) => {
            let channels = image.channels as usize;
            (channels, image.len() / channels.max(1))
        }
        InputShape::Features(n) => (n as usize, 1),
    }
}

/// Means and deviations of `pairs` columns of `group` numbers a row each, in two passes; (mean, 1) of a constant.
fn moments(values: &[f32], pairs: usize, group: usize) -> (Vec<f32>, Vec<f32>) {
    let n = (values.len() / pairs.max(1)) as f64;
    let means: Vec<f64> = (sums(values, pairs, group, |x, _| x).iter())
        .map(|sum| sum / n.max(1.0))
        .collect();
    let squares = sums(values, pairs, group, |x, pair| (x - means[pair]).powi(2));
    let stds = squares.iter().zip(&means).map(|(squares, mean)| {
        let std = (squares / n.max(1.0)).sqrt();
        // Below f32's resolution of the mean, what is left is rounding.
        let is_spread = std > 1e-6 * mean.abs().max(1e-6);
        if is_spread { std as f32 } else { 1.0 }
    });
    let stds = stds.collect();
    (means.iter().map(|mean| *mean as f32).collect(), stds)
}

/// Sums over each column, row by row as the numbers lie in memory.
fn sums(values: &[f32], pairs: usize, group: usize, term: impl Fn(f64, usize) -> f64) -> Vec<f64> {
    let mut sums = vec![0.0; pairs];
    for row in values.chunks_exact((pairs * group).max(1)) {
        if group == 1 {
            for (pair, (sum, x)) in sums.iter_mut().zip(row).enumerate() {
                *sum += term(f64::from(*x), pair);
            }
        } else {
            for (pair, (sum, values)) in sums.iter_mut().zip(row.chunks_exact(group)).enumerate() {
                *sum += sum_of(values, |x| term(x, pair));
            }
        }
    }
    sums
}

/// In eight sums side by side: one alone waits for each addition.
fn sum_of(values: &[f32], term: impl Fn(f64) -> f64) -> f64 {
    let mut lanes = [0.0; 8];
    let (chunks, rest) = values.as_chunks::<8>();
    for chunk in chunks {
        for (lane, x) in lanes.iter_mut().zip(chunk) {
            *lane += term(f64::from(*x));
        }
    }
    lanes.iter().sum::<f64>() + rest.iter().map(|x| term(f64::from(*x))).sum::<f64>()
}
