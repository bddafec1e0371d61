//! How long a network takes to be applied: what is asked of a worker.

use serde::{Deserialize, Serialize};

/// The figure that is the time of one example, in milliseconds.
pub const LATENCY: &str = "latency-ms";

/// The figure that is the time of a batch, in milliseconds.
pub const BATCH_LATENCY: &str = "latency-batch-ms";

/// How the time is measured that a network takes to be applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Latency {
    /// Examples of the batch whose time is `latency-batch-ms`.
    ///
    /// Default: `32`.
    pub batch: u32,
    /// Where it is measured.
    ///
    /// Default: `"device"`.
    pub on: Place,
}

impl Default for Latency {
    fn default() -> Self {
        Self {
            batch: 32,
            on: Place::default(),
        }
    }
}

/// Where a network is applied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Place {
    /// On the device of the training, with its precision.
    #[default]
    Device,
    /// On the processor, in 32-bit floats.
    Processor,
}
