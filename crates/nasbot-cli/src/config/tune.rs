//! `[tune]` as it is written.

use std::collections::BTreeMap;

use nn_train::{Optimiser, Schedule};
use schemars::JsonSchema;
use serde::Deserialize;

/// `[tune]`: keys of `[training]` that are searched together with the network. A number is a range, `{ low = …, high = … }`, with
/// `log = true` where ratios matter, or a list of what it may be; a name is one of a list. What is not named here is as in `[training]`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawTune {
    /// The peak learning rate.
    ///
    /// Default: as in `[training]`.
    /// Example: `{ low = 1e-3, high = 0.3, log = true }`.
    #[schemars(with = "Option<AnySpan>")]
    pub(super) learning_rate: Option<RawSpan>,
    /// Examples a step.
    ///
    /// Default: as in `[training]`.
    /// Example: `[32, 64, 128]`.
    #[schemars(with = "Option<AnySpan>")]
    pub(super) batch: Option<RawSpan>,
    /// The optimiser: names. One that is not that of `[training]` has the rate and the decay that suit it, unless these are tuned too.
    ///
    /// Default: as in `[training]`.
    /// Example: `["sgd", "adamw"]`.
    pub(super) optimiser: Option<Vec<Optimiser>>,
    /// The weight decay.
    ///
    /// Default: as in `[training]`.
    /// Example: `{ low = 1e-5, high = 0.1, log = true }`.
    #[schemars(with = "Option<AnySpan>")]
    pub(super) weight_decay: Option<RawSpan>,
    /// Momentum of `sgd`, β₁ of `adamw`.
    ///
    /// Default: as in `[training]`.
    /// Example: `[0.8, 0.9, 0.95]`.
    #[schemars(with = "Option<AnySpan>")]
    pub(super) momentum: Option<RawSpan>,
    /// How the learning rate moves over the training: names.
    ///
    /// Default: as in `[training]`.
    /// Example: `["cosine", "step"]`.
    pub(super) schedule: Option<Vec<Schedule>>,
    /// Probability mass that is spread evenly over all classes in the target (classification).
    ///
    /// Default: as in `[training]`.
    /// Example: `[0.0, 0.1]`.
    #[schemars(with = "Option<AnySpan>")]
    pub(super) label_smoothing: Option<RawSpan>,
}

/// What a number may be.
#[derive(Clone, Debug, Deserialize)]
#[serde(
    untagged,
    expecting = "expected a range such as { low = 1e-3, high = 0.3, log = true }, or a list of numbers"
)]
pub(super) enum RawSpan {
    /// Anything between two numbers.
    Range(RawRange),
    /// One of these.
    Choices(Vec<f64>),
}

/// A range of numbers.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawRange {
    /// The least.
    pub(super) low: f64,
    /// The greatest.
    pub(super) high: f64,
    /// Whether ratios matter and not differences.
    #[serde(default)]
    pub(super) log: bool,
}

/// The two ways to write what a number may be. The keys of a range are explained with the section, not with each key that can be one.
#[derive(JsonSchema)]
#[schemars(untagged, inline)]
#[expect(
    dead_code,
    reason = "it only stands for its schema, and no value of it is made"
)]
enum AnySpan {
    Range(BTreeMap<String, serde_json::Value>),
    Choices(Vec<f64>),
}
