//! The keys of a protocol, declared once: as a person writes them ([`Given`]), where all may be absent, and as they are once
//! everything is known ([`TrainingSpec`]).

use std::collections::BTreeMap;

use serde::Serialize;

#[cfg(feature = "schema")]
use super::named::NameOrTable;
use super::named::name_or_table;
use super::{
    Augmentation, Last, Optimiser, OptimiserKeys, Precision, Preset, Schedule, ScheduleKeys,
};
use crate::latency::Latency;

/// What is given in place of what a base has.
trait Over<B> {
    fn over(self, base: B) -> B;
}

impl<T> Over<T> for Option<T> {
    fn over(self, base: T) -> T {
        self.unwrap_or(base)
    }
}

impl<T> Over<Option<T>> for Option<T> {
    fn over(self, base: Option<T>) -> Option<T> {
        self.or(base)
    }
}

impl Over<Optimiser> for Option<OptimiserKeys> {
    fn over(self, base: Optimiser) -> Optimiser {
        self.map_or(base, |keys| keys.name)
    }
}

impl Over<Schedule> for Option<ScheduleKeys> {
    fn over(self, base: Schedule) -> Schedule {
        self.map_or(base, |keys| keys.name)
    }
}

/// Keys of a protocol by their names, with their values: what was chosen for one training.
pub type Keys = BTreeMap<String, serde_json::Value>;

/// Keys with their values in a line: `batch 64, learning-rate 0.0132`.
#[must_use]
pub fn named(keys: &Keys) -> String {
    let named = keys.iter().map(|(key, value)| match value {
        serde_json::Value::String(text) => format!("{key} {text}"),
        serde_json::Value::Number(number) => match number.as_f64() {
            Some(number) => format!("{key} {}", crate::numbers::number(number)),
            None => format!("{key} {number}"),
        },
        other => format!("{key} {other}"),
    });
    let named: Vec<String> = named.collect();
    named.join(", ")
}

/// Declares both forms: a key's documentation, what is particular to its reading, its types once known and as written, and its
/// value without a protocol by name.
macro_rules! protocol {
    ($(
        $(#[doc = $doc:literal])+
        $(@serde $serde:tt)? $(@known $known_serde:tt)? $(@given $given_serde:tt)? $(@schema $schema:tt)?
        $key:ident: $known:ty, $given:ty = $default:expr;
    )+) => {
        /// A training protocol as it is once everything is known: a [`Preset`] or what follows from the data, and what differs
        /// from it, key by key. [`TrainingSpec::validated`] checks it.
        #[derive(Clone, Debug, PartialEq, Serialize)]
        #[serde(rename_all = "kebab-case")]
        pub struct TrainingSpec {
            $(
                $(#[doc = $doc])+ $(#[serde $serde])? $(#[serde $known_serde])?
                pub $key: $known,
            )+
        }

        impl Default for TrainingSpec {
            fn default() -> Self {
                Self { $($key: $default,)+ }
            }
        }

        /// A protocol as it is written: what is absent comes from the preset, or follows from the data.
        #[derive(Clone, Debug, Default, serde::Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
        pub struct Given {
            $(
                $(#[doc = $doc])+ $(#[serde $serde])? $(#[serde $given_serde])?
                $(#[cfg_attr(feature = "schema", schemars $schema)])?
                pub(crate) $key: $given,
            )+
        }

        impl Given {
            /// Every key that is given in place of the base's.
            pub(crate) fn over(self, base: TrainingSpec) -> TrainingSpec {
                TrainingSpec { $($key: self.$key.over(base.$key),)+ }
            }

            /// Every key that is given, and those of `base` for the others.
            pub(crate) fn or(self, base: Self) -> Self {
                Self { $($key: self.$key.or(base.$key),)+ }
            }
        }
    };
}

protocol! {
    /// Where the keys come from that are not given.
    ///
    /// Default: `"auto"`.
    @serde (skip_serializing_if = "Option::is_none")
    protocol: Option<Preset>, Option<Preset> = None;
    /// Passes over the training data.
    ///
    /// Default: auto.
    /// Example: `15`.
    epochs: u32, Option<u32> = 15;
    /// Steps in all, in place of `epochs`.
    ///
    /// Default: none.
    /// Example: `20000`.
    steps: Option<u32>, Option<u32> = None;
    /// Examples a step. An incomplete last batch is used if it holds at least two examples.
    ///
    /// Default: auto.
    /// Example: `64`.
    batch: u32, Option<u32> = 64;
    /// The optimiser: a name, or a table of its name and its settings. What is not given is as the optimiser needs it: a rate
    /// of 0.001 and a decay of 0.1 for `adamw`, what is automatic for images for `sgd`.
    ///
    /// Default: auto.
    @given (deserialize_with = "name_or_table")
    @schema (with = "Option<NameOrTable<Optimiser, OptimiserKeys>>")
    optimiser: Optimiser, Option<OptimiserKeys> = Optimiser::Sgd;
    /// `optimiser.learning-rate`, as a key of the section.
    ///
    /// Default: auto.
    /// Example: `0.05`.
    learning_rate: f64, Option<f64> = 0.05;
    /// `optimiser.momentum`, as a key of the section.
    ///
    /// Default: auto.
    /// Example: `0.9`.
    momentum: f64, Option<f64> = 0.9;
    /// `optimiser.nesterov`, as a key of the section.
    ///
    /// Default: auto.
    /// Example: `true`.
    nesterov: bool, Option<bool> = true;
    /// `optimiser.weight-decay`, as a key of the section.
    ///
    /// Default: auto.
    /// Example: `5e-4`.
    weight_decay: f64, Option<f64> = 5e-4;
    /// How the learning rate moves over the training: a name, or a table of its name and its settings.
    ///
    /// Default: `"cosine"`.
    @given (deserialize_with = "name_or_table")
    @schema (with = "Option<NameOrTable<Schedule, ScheduleKeys>>")
    schedule: Schedule, Option<ScheduleKeys> = Schedule::Cosine;
    /// `schedule.warmup`, as a key of the section.
    ///
    /// Default: as there.
    /// Unit: epochs.
    /// Example: `1.0`.
    warmup: f64, Option<f64> = 1.0;
    /// `schedule.every`, as a key of the section.
    ///
    /// Default: `10`.
    /// Unit: epochs.
    step_epochs: u32, Option<u32> = 10;
    /// `schedule.factor`, as a key of the section.
    ///
    /// Default: `0.1`.
    step_factor: f64, Option<f64> = 0.1;
    /// Probability mass that is spread evenly over all classes in the target (classification).
    ///
    /// Default: `0.0`.
    label_smoothing: f64, Option<f64> = 0.0;
    /// Largest norm of the gradient of all parameters together; larger ones are scaled down to it.
    ///
    /// Default: `1.0`; none with a protocol by name.
    /// Example: `1.0`.
    clip: Option<f64>, Option<f64> = None;
    /// Epochs between two scores on the validation data; the last epoch is always scored.
    ///
    /// Default: `1`.
    /// Unit: epochs.
    evaluate_every: u32, Option<u32> = 1;
    /// Stop once the validation score has not risen for this many scores, and return to the best weights. The last training, in
    /// which nothing is scored, then stops after as many epochs.
    ///
    /// Default: auto.
    /// Example: `12`.
    patience: Option<u32>, Option<u32> = None;
    /// Random changes of the training images.
    ///
    /// Default: all off.
    augment: Augmentation, Option<Augmentation> = Augmentation::default();
    /// Train each network so often, from seeds that follow one another: the mean is its score, the spread is reported as
    /// `noise`.
    ///
    /// Default: `1`.
    repeats: u32, Option<u32> = 1;
    /// Divide the examples for training and validation into so many parts and train as often, each time without one of them, on
    /// which the training is scored: the mean is the score, the spread is reported. Not where a folder `val` or a column says
    /// which part is for validation.
    ///
    /// Default: auto.
    /// Example: `5`.
    folds: Option<u32>, Option<u32> = None;
    /// What the last training makes.
    ///
    /// Default: auto.
    /// Example: `"best"`.
    @serde (rename = "final")
    last: Last, Option<Last> = Last::Best;
    /// Networks whose training would take more memory than this, as it is estimated beforehand, are refused.
    ///
    /// Default: none.
    /// Unit: megabytes.
    /// Example: `8000`.
    memory: Option<u32>, Option<u32> = None;
    /// Trainings that take longer fail.
    ///
    /// Default: none.
    /// Unit: seconds.
    /// Example: `3600`.
    time: Option<f64>, Option<f64> = None;
    /// Measure how long the network takes to be applied, as the figures `latency-ms` (one example) and `latency-batch-ms` (a batch):
    /// medians of many passes, warm, in milliseconds. Also done where an objective or a constraint names one of them. Other
    /// programs on the device change what is measured.
    ///
    /// Default: none.
    /// Example: `{ batch = 32, on = "processor" }`.
    @serde (skip_serializing_if = "Option::is_none")
    latency: Option<Latency>, Option<Latency> = None;
    /// What convolutions and matrix products are computed with.
    ///
    /// Default: `"fp32"`.
    precision: Precision, Option<Precision> = Precision::Fp32;
    /// Whether images lie in memory pixel by pixel rather than channel by channel. Faster on processors; libtorch's batch norm
    /// adds up less exactly so, which gradients show (errors of 1e-4 instead of 1e-6 of their size, with images of a thousand
    /// pixels).
    ///
    /// Default: `true`.
    channels_last: bool, Option<bool> = true;
    /// Whether the same seed gives the same weights to the bit on one GPU, as it does on the processor with one thread: of libtorch's
    /// algorithms those are taken that do, where there are such, which may be slower.
    ///
    /// Default: `false`.
    @known (skip_serializing_if = "std::ops::Not::not")
    deterministic: bool, Option<bool> = false;
}
