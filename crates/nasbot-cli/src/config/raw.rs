//! The TOML file, key by key, before anything is checked. Unknown keys are refused.

use std::path::PathBuf;

use nasbot::settings::{Ray, Slurm, Template};
use nasbot_opt::SearchConfig;
use nn_graph::Bounds;
use nn_train::Given;
use nn_train::data::DataSpec;
use serde::Deserialize;

use super::duration::Span;

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Raw {
    #[serde(default)]
    pub(super) study: RawStudy,
    pub(super) space: RawSpace,
    pub(super) data: Option<DataSpec>,
    pub(super) training: Option<Given>,
    #[serde(default)]
    pub(super) search: SearchConfig,
    pub(super) fidelity: Option<RawFidelity>,
    #[serde(default)]
    pub(super) workers: RawWorkers,
    pub(super) slurm: Option<Slurm>,
    pub(super) ray: Option<Ray>,
    pub(super) template: Option<Template>,
    pub(super) budget: RawBudget,
}

/// `[study]`: the record.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawStudy {
    /// Defaults to the TOML file's name.
    pub(super) name: Option<String>,
    /// Defaults to NAME.nasbot.db in the current directory.
    pub(super) path: Option<PathBuf>,
    /// Everything random follows from it.
    pub(super) seed: Option<u64>,
}

/// Declares `[space]` from the names and types of all bounds, and joins them with those that follow from the data.
macro_rules! space {
    ($($bound:ident: $type:ty),+ $(,)?) => {
        /// `[space]`: the kind and the bounds of [`Bounds`], side by side.
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields, rename_all = "kebab-case")]
        pub(super) struct RawSpace {
            pub(super) kind: String,
            /// Networks to start from, in place of the usual ones.
            pub(super) pool: Option<Vec<PathBuf>>,
            $($bound: Option<$type>,)+
        }

        impl RawSpace {
            /// The bounds that are given, and those that follow from the data for the others.
            pub(super) fn bounds(&self, data: Bounds) -> Bounds {
                // A bound that is missing here is a missing field.
                Bounds { $($bound: self.$bound.or(data.$bound),)+ }
            }
        }
    };
}

space! {
    min_layers: usize,
    max_layers: usize,
    min_mass: f64,
    max_mass: f64,
    max_in_degree: usize,
    max_out_degree: usize,
    max_edges: usize,
    min_units: u32,
    max_units: u32,
    max_halvings: u32,
}

/// `[fidelity]`: trainings that stop early unless they are among the best.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawFidelity {
    /// Epochs after which a training stops; the last rung is the training's end and not listed.
    pub(super) rungs: Vec<u32>,
    /// `hand`: epochs at the end of a training.
    pub(super) epochs: Option<u32>,
    /// One in so many goes on.
    pub(super) factor: Option<usize>,
}

/// `[workers]`: what evaluates, and where.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawWorkers {
    #[serde(default)]
    pub(super) backend: RawBackend,
    /// `local`: the worker program.
    pub(super) program: Option<PathBuf>,
    /// `command`: a program and its arguments.
    pub(super) command: Option<Vec<String>>,
    /// `synthetic`: how long an evaluation takes.
    pub(super) delay: Option<Span>,
    pub(super) devices: Option<RawDevices>,
    pub(super) per_device: Option<usize>,
    pub(super) timeout: Option<Span>,
    pub(super) threads: Option<usize>,
    #[serde(default)]
    pub(super) synchronous: bool,
    pub(super) give_up_after: Option<usize>,
    /// Queues: how many jobs at once.
    pub(super) jobs: Option<usize>,
    /// Queues: how long files may take to be seen.
    pub(super) grace: Option<Span>,
    /// Queues: how often they are asked for states.
    pub(super) interval: Option<Span>,
}

impl RawWorkers {
    /// Whether evaluations are jobs of a queue.
    pub(super) fn is_queue(&self) -> bool {
        matches!(
            self.backend,
            RawBackend::Slurm | RawBackend::Ray | RawBackend::Template
        )
    }

    /// Whether our worker trains networks on data.
    pub(super) fn trains(&self) -> bool {
        self.backend == RawBackend::Local || (self.is_queue() && self.command.is_none())
    }
}

/// `workers.backend`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum RawBackend {
    #[default]
    Local,
    Command,
    Synthetic,
    Hand,
    Slurm,
    Ray,
    Template,
}

/// `workers.devices`: `"auto"`, one device or several.
#[derive(Debug, Deserialize)]
#[serde(
    untagged,
    expecting = "expected \"auto\" or devices such as [\"cpu\"] or [\"cuda:0\", \"cuda:1\"]"
)]
pub(super) enum RawDevices {
    One(String),
    Many(Vec<String>),
}

/// `[budget]`: how much may be spent.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawBudget {
    pub(super) evaluations: u64,
    pub(super) wall_time: Option<Span>,
}
