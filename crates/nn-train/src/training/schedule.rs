//! The schedule of the learning rate and its settings, which are written beside its name.

use serde::{Deserialize, Serialize};

use super::named::NamedKeys;

/// How the learning rate moves after the warm-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Schedule {
    /// It stays.
    Constant,
    /// Down to zero along half a cosine.
    Cosine,
    /// Multiplied by `factor` every so many epochs.
    Step,
    /// Up from 1/25 of the peak over the first 30 % along half a cosine, then down to 1e-4 of that; it has no warm-up
    /// besides.
    OneCycle,
}

/// A schedule by its name and what differs from its usual settings.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ScheduleKeys {
    /// How the learning rate moves after the warm-up.
    ///
    /// Example: `"step"`.
    pub name: Schedule,
    /// Epochs over which the learning rate first rises linearly; fractions are allowed.
    ///
    /// Default: `1.0`, or `0.0` for `one-cycle`.
    /// Unit: epochs.
    /// Example: `1.0`.
    pub warmup: Option<f64>,
    /// `step`: epochs between two drops.
    ///
    /// Default: `10`.
    /// Unit: epochs.
    pub every: Option<u32>,
    /// `step`: the factor of a drop.
    ///
    /// Default: `0.1`.
    pub factor: Option<f64>,
}

impl NamedKeys for ScheduleKeys {
    type Name = Schedule;

    fn named(name: Schedule) -> Self {
        Self {
            name,
            warmup: None,
            every: None,
            factor: None,
        }
    }

    fn misplaced(&self) -> Option<&'static str> {
        let has_steps = self.every.is_some() || self.factor.is_some();
        (has_steps && self.name != Schedule::Step).then_some(
            "`every` and `factor` are settings of the schedule `step` alone: remove them",
        )
    }
}
