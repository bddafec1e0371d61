//! What named protocols stand for, and how a protocol is read that begins with one.

use serde::{Deserialize, Deserializer};

use crate::auto::Facts;
use crate::training::{Augmentation, Last, Optimiser, Precision, Preset, Schedule, TrainingSpec};

impl Preset {
    /// What the name stands for; `auto` without data is [`TrainingSpec::default`].
    #[must_use]
    pub fn spec(self) -> TrainingSpec {
        /// More scores than a training has: none stops it, but the best weights are returned to.
        const NEVER: Option<u32> = Some(u32::MAX);
        let base = TrainingSpec {
            protocol: Some(self),
            ..TrainingSpec::default()
        };
        match self {
            Self::Auto => base,
            Self::PaperMlp => TrainingSpec {
                steps: Some(20_000),
                batch: 256,
                learning_rate: 1e-5,
                momentum: 0.0,
                nesterov: false,
                weight_decay: 0.0,
                schedule: Schedule::Constant,
                warmup: 0.0,
                patience: NEVER,
                ..base
            },
            Self::PaperCifar10 => TrainingSpec {
                steps: Some(80_000),
                batch: 32,
                learning_rate: 0.005,
                nesterov: false,
                weight_decay: 2e-4,
                schedule: Schedule::Constant,
                warmup: 0.0,
                // Of 40,000 training images, 4,000 steps are some three epochs.
                evaluate_every: 3,
                patience: NEVER,
                augment: Augmentation {
                    shift: 4,
                    flip: true,
                    ..Augmentation::default()
                },
                ..base
            },
            Self::Fast => TrainingSpec {
                epochs: 10,
                batch: 64,
                learning_rate: 0.2,
                schedule: Schedule::OneCycle,
                warmup: 0.0,
                label_smoothing: 0.1,
                evaluate_every: 10,
                precision: Precision::Bf16,
                ..base
            },
        }
    }
}

/// A protocol as it is written: what is absent comes from the preset, or follows from the data.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Given {
    protocol: Option<Preset>,
    epochs: Option<u32>,
    steps: Option<u32>,
    batch: Option<u32>,
    optimiser: Option<Optimiser>,
    learning_rate: Option<f64>,
    momentum: Option<f64>,
    nesterov: Option<bool>,
    weight_decay: Option<f64>,
    schedule: Option<Schedule>,
    warmup: Option<f64>,
    step_epochs: Option<u32>,
    step_factor: Option<f64>,
    label_smoothing: Option<f64>,
    clip: Option<f64>,
    evaluate_every: Option<u32>,
    patience: Option<u32>,
    augment: Option<Augmentation>,
    repeats: Option<u32>,
    folds: Option<u32>,
    #[serde(rename = "final")]
    last: Option<Last>,
    memory: Option<u32>,
    time: Option<f64>,
    precision: Option<Precision>,
    channels_last: Option<bool>,
}

impl<'de> Deserialize<'de> for TrainingSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Given::deserialize(deserializer)?.on(None, false))
    }
}

impl Given {
    /// The protocol on data of which `facts` are known, for trainings that stop at rungs or do not. Without a preset it is
    /// [`Preset::Auto`] where the data are known, and [`TrainingSpec::default`] otherwise.
    #[must_use]
    pub fn on(self, facts: Option<&Facts>, has_rungs: bool) -> TrainingSpec {
        let base = match (self.protocol, facts) {
            (None | Some(Preset::Auto), Some(facts)) => self.automatic(facts, has_rungs),
            (Some(preset), _) => preset.spec(),
            (None, None) => TrainingSpec::default(),
        };
        self.over(base)
    }

    /// What is automatic where it goes together with what is given.
    fn automatic(&self, facts: &Facts, has_rungs: bool) -> TrainingSpec {
        let mut base = facts.protocol();
        if let Some(optimiser) = self
            .optimiser
            .filter(|optimiser| *optimiser != base.optimiser)
        {
            base = base.with(optimiser);
        }
        if has_rungs || self.repeats.is_some_and(|repeats| repeats > 1) {
            base.folds = None;
        }
        if has_rungs {
            base.patience = None;
        }
        base.warmup = base.warmup.min(self.epochs.map_or(f64::MAX, f64::from));
        base
    }

    /// Every key that is given in place of the base's.
    fn over(self, base: TrainingSpec) -> TrainingSpec {
        let given = self;
        TrainingSpec {
            protocol: given.protocol.or(base.protocol),
            epochs: given.epochs.unwrap_or(base.epochs),
            // A protocol that counts in epochs does not want the preset's steps.
            steps: given
                .steps
                .or(base.steps.filter(|_| given.epochs.is_none())),
            batch: given.batch.unwrap_or(base.batch),
            optimiser: given.optimiser.unwrap_or(base.optimiser),
            learning_rate: given.learning_rate.unwrap_or(base.learning_rate),
            momentum: given.momentum.unwrap_or(base.momentum),
            nesterov: given.nesterov.unwrap_or(base.nesterov),
            weight_decay: given.weight_decay.unwrap_or(base.weight_decay),
            schedule: given.schedule.unwrap_or(base.schedule),
            warmup: given.warmup.unwrap_or(base.warmup),
            step_epochs: given.step_epochs.unwrap_or(base.step_epochs),
            step_factor: given.step_factor.unwrap_or(base.step_factor),
            label_smoothing: given.label_smoothing.unwrap_or(base.label_smoothing),
            clip: given.clip.or(base.clip),
            evaluate_every: given.evaluate_every.unwrap_or(base.evaluate_every),
            patience: given.patience.or(base.patience),
            augment: given.augment.unwrap_or(base.augment),
            repeats: given.repeats.unwrap_or(base.repeats),
            folds: given.folds.or(base.folds),
            last: given.last.unwrap_or(base.last),
            memory: given.memory.or(base.memory),
            time: given.time.or(base.time),
            precision: given.precision.unwrap_or(base.precision),
            channels_last: given.channels_last.unwrap_or(base.channels_last),
        }
    }
}
