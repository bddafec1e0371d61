//! The protocol and the bounds that follow from the data.
//!
//! Measured on nine tables of 178 to 5,000 rows: docs/measurements/tables.md.

use nn_graph::Bounds;
use serde::{Deserialize, Serialize};

use crate::data::{Contents, DataSpec, Dataset, Dealing, InputShape};
use crate::training::{Last, Optimiser, Preset, TrainingSpec};

/// Below this many examples for training and validation, a score on a fifth of them says too little: folds are trained.
const FEW: usize = 2_000;

/// What a protocol follows from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Facts {
    /// Examples to train on and to score on during a search.
    pub examples: usize,
    /// Whether they are images.
    pub images: bool,
    /// Whether they can be divided otherwise than they are, which those of groups, of a time or of named parts cannot.
    pub divisible: bool,
}

impl Facts {
    /// Those of a data set.
    #[must_use]
    pub fn of(spec: &DataSpec, contents: &Contents) -> Self {
        Self::new(spec, contents.shape, &contents.dealing)
    }

    /// Those of a data set that has been read.
    #[must_use]
    pub fn of_loaded(spec: &DataSpec, data: &Dataset) -> Self {
        Self::new(spec, data.shape, &data.dealing)
    }

    fn new(spec: &DataSpec, shape: InputShape, dealing: &Dealing) -> Self {
        Self {
            examples: dealing.examples(),
            images: matches!(shape, InputShape::Image(_)),
            divisible: spec.split.is_free() && dealing.is_free,
        }
    }

    /// How networks are trained on such data.
    ///
    /// Tables: AdamW over at most 20,000 steps; below 2,000 examples scores of five folds; the mean of the best networks in the
    /// end. Images: stochastic gradient descent with momentum, over at least 1,500 steps in 15 to 60 epochs.
    #[must_use]
    pub fn protocol(&self) -> TrainingSpec {
        let base = TrainingSpec {
            protocol: Some(Preset::Auto),
            clip: Some(1.0),
            ..TrainingSpec::default()
        };
        let epochs = |steps: usize, batch: usize| steps.div_ceil((self.examples / batch).max(1));
        if self.images {
            return TrainingSpec {
                epochs: epochs(1_500, base.batch as usize).clamp(15, 60) as u32,
                ..base
            };
        }
        let batch = match self.examples {
            0..10_000 => 32,
            10_000..30_000 => 64,
            30_000..100_000 => 128,
            _ => 256,
        };
        let has_few = self.examples < FEW;
        // The rate grows with the root of the batch.
        let rate = if has_few { 0.002 } else { 0.001 } * (f64::from(batch) / 32.0).sqrt();
        TrainingSpec {
            epochs: epochs(20_000, batch as usize).clamp(10, if has_few { 60 } else { 100 }) as u32,
            patience: Some(if has_few { 12 } else { 15 }),
            folds: (has_few && self.divisible).then_some(5),
            last: Last::Ensemble,
            batch,
            learning_rate: rate,
            ..base.with(Optimiser::Adamw)
        }
    }

    /// The bounds of a search on such data, beside which every bound that is given goes first: none for images.
    #[must_use]
    pub fn bounds(&self) -> Bounds {
        if self.images {
            return Bounds::default();
        }
        Bounds {
            max_layers: Some(8),
            max_units: Some(match self.examples {
                0..1_000 => 128,
                1_000..20_000 => 256,
                _ => 512,
            }),
            max_edges: Some(12),
            ..Bounds::default()
        }
    }
}

impl TrainingSpec {
    /// The protocol with an optimiser and the settings that suit it.
    pub(crate) fn with(self, optimiser: Optimiser) -> Self {
        let classic = Self::default();
        match optimiser {
            Optimiser::Adamw => Self {
                optimiser,
                learning_rate: 0.001,
                nesterov: false,
                weight_decay: 0.1,
                ..self
            },
            Optimiser::Sgd => Self {
                optimiser,
                learning_rate: classic.learning_rate,
                momentum: classic.momentum,
                nesterov: classic.nesterov,
                weight_decay: classic.weight_decay,
                ..self
            },
        }
    }
}
