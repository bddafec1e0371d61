//! Standardisation: mean 0 and deviation 1, with the training part's figures.

use super::{Examples, InputShape, Targets};

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
        for pair in 0..pairs {
            let values = || {
                (train.inputs.chunks_exact(shape.len()))
                    .flat_map(move |example| &example[pair * group..(pair + 1) * group])
            };
            (scaling.mean[pair], scaling.std[pair]) = moments(values);
        }
        if let Targets::Values(targets) = &train.targets {
            (scaling.target_mean, scaling.target_std) = moments(|| targets.iter());
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

/// Mean and deviation in two passes; (mean, 1) of a constant.
fn moments<'a, I: Iterator<Item = &'a f32>>(values: impl Fn() -> I) -> (f32, f32) {
    let (sum, n) = values().fold((0.0, 0.0), |(sum, n), x| (sum + f64::from(*x), n + 1.0));
    let mean = sum / f64::max(n, 1.0);
    let variance = values()
        .map(|x| (f64::from(*x) - mean).powi(2))
        .sum::<f64>()
        / f64::max(n, 1.0);
    // Below f32's resolution of the mean, what is left is rounding.
    let std = variance.sqrt();
    let std = if std > 1e-6 * mean.abs().max(1e-6) {
        std
    } else {
        1.0
    };
    (mean as f32, std as f32)
}
