//! How a network is trained, as data: what a person writes ([`TrainingSpec`]) and what has been checked
//! ([`Protocol`]), with the learning rate of every step.

mod keys;
mod named;
mod optimiser;
mod schedule;

use std::f64::consts::PI;
use std::ops::Deref;

use serde::{Deserialize, Serialize};

pub use self::keys::{Given, Keys, TrainingSpec, named};
pub use self::optimiser::{Optimiser, OptimiserKeys};
pub use self::schedule::{Schedule, ScheduleKeys};
use crate::Error;

/// A protocol by name. Every key given beside it goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Preset {
    /// What follows from the data.
    Auto,
    /// How the paper's program trains perceptrons: plain stochastic gradient descent, 20,000 steps of 256 examples at
    /// 1e-5, the best of the scores on the way. (Its regressions minimise the absolute error, ours the square. So small
    /// a rate suits data that are not standardised; others want a rate of their own.)
    PaperMlp,
    /// How the paper's program trains on CIFAR-10: 80,000 steps of 32 examples at 0.005, momentum 0.9, decay 2e-4,
    /// images shifted by up to 4 pixels and mirrored, the best of the scores on the way.
    PaperCifar10,
    /// A short one for images: one cycle of the learning rate (Smith and Topin 2018, arXiv 1708.07120) over 10 epochs,
    /// smoothed labels, 16-bit floats.
    Fast,
}

impl Preset {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Auto, Self::PaperMlp, Self::PaperCifar10, Self::Fast];

    /// The name used in TOML.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::PaperMlp => "paper-mlp",
            Self::PaperCifar10 => "paper-cifar10",
            Self::Fast => "fast",
        }
    }
}

/// What the last training makes: the model that leaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Last {
    /// The best network.
    #[default]
    Best,
    /// The mean of up to eight evaluated networks as one model, chosen among the eight best by the metric of their mean
    /// predictions of the validation data, or by their log loss where the metric counts examples.
    Ensemble,
}

/// What convolutions and matrix products are computed with. Parameters, batch norms, losses and the optimiser are
/// 32-bit floats throughout.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Precision {
    /// 32-bit floats.
    #[default]
    Fp32,
    /// 32-bit floats that NVIDIA GPUs round to 10 bits of mantissa before they multiply; as `fp32` elsewhere.
    Tf32,
    /// 16-bit "brain" floats (8 bits of mantissa), as PyTorch's autocast does it.
    Bf16,
}

impl Precision {
    /// Variables that a worker's environment must have before CUDA's libraries start: PyTorch's default, on which the
    /// `fp32` of a GPU would depend, rounds in convolutions and not in matrix products.
    #[must_use]
    pub const fn environment(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Fp32 => &[("NVIDIA_TF32_OVERRIDE", "0")],
            Self::Tf32 | Self::Bf16 => &[("TORCH_ALLOW_TF32_CUBLAS_OVERRIDE", "1")],
        }
    }
}

/// Random changes of the training images, drawn anew for every batch. All off by default.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Augmentation {
    /// Pad by so many pixels on each side, mirrored at the border, and cut the image's size out of it anywhere.
    ///
    /// Default: `0`.
    /// Unit: pixels.
    pub crop: u32,
    /// Move by up to so many pixels in each direction. What comes in is the mean pixel: the usual crop from a padded
    /// image.
    ///
    /// Default: `0`.
    /// Unit: pixels.
    pub shift: u32,
    /// Mirror left to right with probability one half.
    ///
    /// Default: `false`.
    pub flip: bool,
    /// Side of a square that is replaced by the mean pixel; 0 is none.
    ///
    /// Default: `0`.
    /// Unit: pixels.
    pub cutout: u32,
    /// α of mix-up (Zhang et al., 2018, arXiv 1710.09412); 0 is none. Each batch is blended with itself in another
    /// order, with a weight from Beta(α, α), and so are its losses.
    ///
    /// Default: `0.0`.
    pub mix_up: f64,
}

impl Augmentation {
    /// Whether nothing is changed.
    #[must_use]
    pub fn is_off(&self) -> bool {
        *self == Self::default()
    }
}

impl TrainingSpec {
    /// The same course in fewer epochs: what is counted in epochs, the warm-up and the steps of a schedule, shrinks with them.
    #[must_use]
    pub fn shortened(&self, epochs: u32) -> Self {
        let share = f64::from(epochs) / f64::from(self.epochs.max(1));
        Self {
            epochs,
            warmup: self.warmup * share,
            step_epochs: ((f64::from(self.step_epochs) * share).round() as u32).max(1),
            evaluate_every: self.evaluate_every.min(epochs.max(1)),
            ..self.clone()
        }
    }

    /// Checks every field.
    ///
    /// # Errors
    /// [`Error::Training`] names the first field that is out of range and what it may be.
    pub fn validated(self) -> Result<Protocol, Error> {
        let finite = |x: f64| x.is_finite() && x >= 0.0;
        // How many epochs `steps` are depends on the data.
        let warmup =
            finite(self.warmup) && (self.steps.is_some() || self.warmup <= f64::from(self.epochs));
        let checks = [
            (self.epochs >= 1, "epochs", "at least 1"),
            (self.steps != Some(0), "steps", "at least 1"),
            (self.batch >= 2, "batch", "at least 2"),
            (
                finite(self.learning_rate) && self.learning_rate > 0.0,
                "learning-rate",
                "a finite number above 0",
            ),
            (
                (0.0..1.0).contains(&self.momentum),
                "momentum",
                "at least 0 and below 1",
            ),
            (
                !self.nesterov || self.optimiser != Optimiser::Sgd || self.momentum > 0.0,
                "nesterov",
                "false where momentum is 0",
            ),
            (
                finite(self.weight_decay),
                "weight-decay",
                "a finite number of at least 0",
            ),
            (warmup, "warmup", "from 0 to the number of epochs"),
            (
                self.schedule != Schedule::OneCycle || self.warmup <= 0.0,
                "warmup",
                "0 with the schedule one-cycle, which has its own rise",
            ),
            (self.step_epochs >= 1, "step-epochs", "at least 1"),
            (
                self.step_factor > 0.0 && self.step_factor <= 1.0,
                "step-factor",
                "above 0 and at most 1",
            ),
            (
                (0.0..1.0).contains(&self.label_smoothing),
                "label-smoothing",
                "at least 0 and below 1",
            ),
            (
                self.clip.is_none_or(|clip| finite(clip) && clip > 0.0),
                "clip",
                "a finite number above 0",
            ),
            (self.evaluate_every >= 1, "evaluate-every", "at least 1"),
            (self.patience != Some(0), "patience", "at least 1"),
            (
                finite(self.augment.mix_up),
                "augment.mix-up",
                "a finite number of at least 0",
            ),
            (
                (1..=100).contains(&self.repeats),
                "repeats",
                "from 1 to 100",
            ),
            (
                self.folds.is_none_or(|folds| (2..=20).contains(&folds)),
                "folds",
                "from 2 to 20",
            ),
            (
                self.folds.is_none() || self.repeats == 1,
                "repeats",
                "1 where there are folds",
            ),
            (
                self.time.is_none_or(|time| finite(time) && time > 0.0),
                "time",
                "a finite number of seconds above 0",
            ),
            (
                (self.latency).is_none_or(|how| (1..=65_536).contains(&how.batch)),
                "latency.batch",
                "from 1 to 65,536",
            ),
        ];
        match checks.into_iter().find(|(ok, ..)| !ok) {
            Some((_, field, allowed)) => Err(Error::Training { field, allowed }),
            None => Ok(Protocol(self)),
        }
    }
}

/// A checked [`TrainingSpec`].
#[derive(Clone, Debug, PartialEq)]
pub struct Protocol(TrainingSpec);

impl Deref for Protocol {
    type Target = TrainingSpec;

    fn deref(&self) -> &TrainingSpec {
        &self.0
    }
}

impl Protocol {
    /// Steps in all where an epoch has `steps_per_epoch`.
    #[must_use]
    pub fn total_steps(&self, steps_per_epoch: u64) -> u64 {
        let epochs = u64::from(self.epochs).saturating_mul(steps_per_epoch);
        self.steps.map_or(epochs, u64::from)
    }

    /// Epochs begun in all where an epoch has `steps_per_epoch`.
    #[must_use]
    pub fn total_epochs(&self, steps_per_epoch: u64) -> u32 {
        match self.steps {
            None => self.epochs,
            Some(steps) => {
                let epochs = u64::from(steps).div_ceil(steps_per_epoch.max(1));
                u32::try_from(epochs).unwrap_or(u32::MAX)
            }
        }
    }

    /// The learning rate of step `step` (from 0) where an epoch has `steps_per_epoch`.
    ///
    /// Warm-up: step t of w gets (t + 1)/w of the peak. Cosine: with u = (t − w)/(T − w), the peak times
    /// (1 + cos πu)/2. One-cycle as in Smith and Topin (2018, arXiv 1708.07120) with cosines in place of lines.
    #[must_use]
    pub fn learning_rate_at(&self, step: u64, steps_per_epoch: u64) -> f64 {
        let per_epoch = steps_per_epoch as f64;
        let total = self.total_steps(steps_per_epoch) as f64;
        let warmup = (self.warmup * per_epoch).min(total);
        let t = step as f64;
        if t < warmup {
            return self.learning_rate * ((t + 1.0) / warmup).min(1.0);
        }
        let done = ((t - warmup) / (total - warmup).max(1.0)).min(1.0);
        let factor = match self.schedule {
            Schedule::Constant => 1.0,
            Schedule::Cosine => (1.0 + (PI * done).cos()) / 2.0,
            Schedule::Step => {
                let epoch = t / per_epoch.max(1.0);
                let drops = (epoch / f64::from(self.step_epochs)).floor();
                self.step_factor.powf(drops)
            }
            Schedule::OneCycle => one_cycle(t, total),
        };
        self.learning_rate * factor
    }
}

/// The one-cycle schedule's share of the peak at step `t` of `total`, with PyTorch's constants and corner steps.
fn one_cycle(t: f64, total: f64) -> f64 {
    const RISE: f64 = 0.3;
    const START: f64 = 1.0 / 25.0;
    const END: f64 = START / 1e4;
    let between = |from: f64, to: f64, u: f64| {
        to + (from - to) * (1.0 + (PI * u.clamp(0.0, 1.0)).cos()) / 2.0
    };
    let peak = RISE * total - 1.0;
    if t <= peak {
        between(START, 1.0, t / peak)
    } else {
        between(1.0, END, (t - peak) / (total - 1.0 - peak))
    }
}
