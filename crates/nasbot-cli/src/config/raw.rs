//! The TOML file, key by key, before anything is checked. Unknown keys are refused.
//!
//! The documentation of a key is what people read of it everywhere: in the JSON Schema, on the reference page and in the commented
//! example. Its last paragraph may say `Default: …`, `Unit: …` and `Example: …`, a line each; see `reference`.

use std::path::PathBuf;

use nasbot::settings::{Ray, Slurm, Template};
use nasbot_opt::SearchConfig;
use nn_graph::Bounds;
use nn_train::Given;
use nn_train::data::DataSpec;
use schemars::{JsonSchema, Schema};
use serde::Deserialize;

use super::aims::{RawConstraint, RawObjective, Repeated};
use super::duration::Span;
use super::size::ByteSize;
use super::tune::RawTune;

/// What nasbot searches, with what, and how much may be spent.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Raw {
    /// The record.
    #[serde(default)]
    pub(super) study: RawStudy,
    /// Which networks.
    pub(super) space: RawSpace,
    /// What they are trained on: for `backend = "local"`, and for queues without a `command`.
    pub(super) data: Option<DataSpec>,
    /// How one network is trained: for the same back-ends as `[data]`.
    pub(super) training: Option<Given>,
    /// What of `[training]` is searched together with the network: for the same back-ends as `[data]`.
    pub(super) tune: Option<RawTune>,
    /// How the next network is chosen.
    #[serde(default)]
    pub(super) search: SearchConfig,
    /// Bad networks stop early: for the same back-ends as `[data]`, and for `backend = "hand"`.
    pub(super) fidelity: Option<RawFidelity>,
    /// Networks begin with the weights of others that are like them: for the same back-ends as `[data]`.
    pub(super) inherit: Option<RawInherit>,
    /// Networks are proposed by a file or a program, and wait until the search takes them.
    pub(super) proposals: Option<RawProposals>,
    /// Where evaluations run.
    #[serde(default)]
    pub(super) workers: RawWorkers,
    /// Jobs of Slurm: for `backend = "slurm"`.
    pub(super) slurm: Option<Slurm>,
    /// Jobs of Ray: for `backend = "ray"`.
    pub(super) ray: Option<Ray>,
    /// Jobs of any other queue: for `backend = "template"`.
    pub(super) template: Option<Template>,
    /// What is wanted besides a high score: a figure that is maximised or minimised, up to three of them.
    pub(super) objective: Option<Repeated<RawObjective>>,
    /// Bounds on figures: networks that break one do not count as good, however high their score is.
    pub(super) constraint: Option<Repeated<RawConstraint>>,
    /// How much may be spent.
    pub(super) budget: RawBudget,
}

/// `[study]`: the record.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawStudy {
    /// Names the study and its results.
    ///
    /// Default: the file's name.
    /// Example: `"flowers"`.
    pub(super) name: Option<String>,
    /// Where the study is written; `--study` goes first. Results and logs lie beside it, in `NAME.nasbot.out/`.
    ///
    /// Default: `NAME.nasbot.db` in the current directory.
    /// Example: `"runs/flowers.nasbot.db"`.
    pub(super) path: Option<PathBuf>,
    /// Everything random follows from it: suggestions, initial weights, the order of batches. `--seed` goes first.
    ///
    /// Default: `1`.
    pub(super) seed: Option<u64>,
}

/// Declares `[space]` from the names and types of all bounds, and joins them with those that follow from the data. What a bound
/// means is said by [`Bounds`]; here stand its default and an example.
macro_rules! space {
    ($($bound:ident: $type:ty, $default:literal, $example:literal;)+) => {
        /// `[space]`: the kind and the bounds of [`Bounds`], side by side.
        #[derive(Debug, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields, rename_all = "kebab-case")]
        #[schemars(transform = add_bounds)]
        pub(super) struct RawSpace {
            /// The kind of networks.
            ///
            /// Example: `"mlp-class"`.
            #[schemars(with = "RawKind")]
            pub(super) kind: String,
            /// Networks to start from: their JSON files.
            ///
            /// Default: of images the paper's networks, of tables eight small perceptrons; within the bounds.
            /// Example: `["start.json"]`.
            pub(super) pool: Option<Vec<PathBuf>>,
            /// Trainable parameters at most, where networks are trained on data.
            ///
            /// Default: none.
            /// Example: `1e6`.
            pub(super) max_parameters: Option<f64>,
            /// Floating-point operations for one example forwards at most, likewise.
            ///
            /// Default: none.
            /// Example: `1e8`.
            pub(super) max_flops: Option<f64>,
            /// Bytes at most that a training with the batch of `[training]` is predicted to take (docs/measurements/training-hours.md), likewise.
            ///
            /// Default: none.
            /// Unit: bytes.
            /// Example: `2e9`.
            pub(super) max_memory: Option<f64>,
            $(#[schemars(skip)] $bound: Option<$type>,)+
        }

        impl RawSpace {
            /// The bounds that are given, and those that follow from the data for the others.
            pub(super) fn bounds(&self, data: Bounds) -> Bounds {
                // A bound that is missing here is a missing field.
                Bounds { $($bound: self.$bound.or(data.$bound),)+ }
            }
        }

        /// The schemas of the bounds, with their defaults.
        fn add_bounds(schema: &mut Schema) {
            let mut bounds = schemars::schema_for!(Bounds);
            $(
                let key = stringify!($bound).replace('_', "-");
                let labels = concat!("\n\nDefault: ", $default, ".\nExample: `", $example, "`.");
                move_property(&key, labels, &mut bounds, schema);
            )+
        }
    };
}

space! {
    min_layers: usize, "none", "5";
    max_layers: usize, "none; of tables `8`", "18";
    min_mass: f64, "none", "100.0";
    max_mass: f64, "none", "4e4";
    max_in_degree: usize, "none", "4";
    max_out_degree: usize, "none", "4";
    max_edges: usize, "none; of tables `12`", "40";
    min_units: u32, "none", "8";
    max_units: u32, "none; of tables `128` below 1,000 rows, `256` below 20,000, else `512`", "32";
    max_halvings: u32, "as often as `data.image` allows", "3";
    unit_multiple: u32, "`8` where workers run on GPUs of this machine with `training.precision` `bf16` or `tf32`, else `1`", "8";
}

/// Moves the schema of a key from one table's to another's, and says more of it.
fn move_property(key: &str, labels: &str, from: &mut Schema, to: &mut Schema) {
    let Some(mut property) = from
        .pointer_mut(&format!("/properties/{key}"))
        .map(serde_json::Value::take)
    else {
        return;
    };
    if let Some(serde_json::Value::String(text)) = property.get_mut("description") {
        text.push_str(labels);
    }
    if let Some(serde_json::Value::Object(properties)) = to.get_mut("properties") {
        properties.insert(key.to_owned(), property);
    }
}

/// `space.kind`.
#[derive(JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[expect(
    dead_code,
    reason = "it only stands for its schema: nn_graph::Kind is read from its name, with an error of its own"
)]
enum RawKind {
    /// Convolutional networks, for pictures.
    Cnn,
    /// Multi-layer perceptrons that predict classes.
    MlpClass,
    /// Multi-layer perceptrons that predict numbers.
    MlpReg,
}

/// `[fidelity]`: trainings that stop early unless they are among the best.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawFidelity {
    /// Epochs after which trainings stop, such as `[1, 3]` where `training.epochs` is 9. The last rung is the training's end
    /// and not listed.
    ///
    /// Unit: epochs.
    /// Example: `[1, 3]`.
    pub(super) rungs: Vec<u32>,
    /// Epochs of a whole training: required with `backend = "hand"`, and only there.
    ///
    /// Default: `training.epochs`.
    /// Unit: epochs.
    /// Example: `9`.
    pub(super) epochs: Option<u32>,
    /// One in so many goes on.
    ///
    /// Default: `3`.
    pub(super) factor: Option<usize>,
}

/// `[inherit]`: trainings that begin with the weights of another network.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawInherit {
    /// Epochs of a training that inherits, at least 1 and fewer than a whole training has.
    ///
    /// Default: a third of `training.epochs`, or the first of `fidelity.rungs`.
    /// Unit: epochs.
    /// Example: `5`.
    pub(super) epochs: Option<u32>,
    /// One in so many trainings that inherit is followed by one that begins with nothing, as the search's best is in the end.
    ///
    /// Default: `4`.
    /// Example: `4`.
    pub(super) factor: Option<usize>,
    /// Disk for the weights of networks that may still be inherited from. Where it is full, those of the worst networks go.
    ///
    /// Default: `"2GB"`.
    /// Example: `"2GB"`.
    pub(super) keep: Option<ByteSize>,
    /// The largest distance to a network whose weights are inherited: the normalised one, from 0 to 1, its mean over the structural
    /// coefficients. What is further from all begins with nothing.
    ///
    /// Default: `0.2`.
    /// Example: `0.2`.
    pub(super) nearest: Option<f64>,
}

/// `[proposals]`: networks from outside, which compete with those that the search finds itself.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawProposals {
    /// A file with networks: one, a JSON array, or one a line. It is read whenever a search begins or goes on.
    ///
    /// Default: none.
    /// Example: `"proposals.jsonl"`.
    pub(super) file: Option<PathBuf>,
    /// A program and its arguments, run in the folder of the file: it reads the study so far as JSON and prints networks (docs/by-hand.md).
    ///
    /// Default: none.
    /// Example: `["python3", "propose.py"]`.
    pub(super) command: Option<Vec<String>>,
    /// The program runs whenever so many evaluations have come to their end.
    ///
    /// Default: `10`.
    /// Unit: evaluations.
    pub(super) every: Option<u64>,
    /// The longest that the program may run; then it is stopped, and the search goes on without an answer.
    ///
    /// Default: `"1m"`.
    pub(super) timeout: Option<Span>,
}

/// `[workers]`: what evaluates, and where.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawWorkers {
    /// What evaluates a network.
    ///
    /// Default: `"local"`.
    #[serde(default)]
    pub(super) backend: RawBackend,
    /// `local`: the worker program.
    ///
    /// Default: that of the variable `NASBOT_WORKER`, else `nasbot-worker` beside `nasbot`, else on the `PATH`.
    /// Example: `"bin/nasbot-worker"`.
    pub(super) program: Option<PathBuf>,
    /// `command` and queues: a program and its arguments, run in the folder of the file.
    ///
    /// Default: none.
    /// Example: `["python3", "train.py"]`.
    pub(super) command: Option<Vec<String>>,
    /// `synthetic`: how long an evaluation takes.
    ///
    /// Default: none.
    /// Example: `"100ms"`.
    pub(super) delay: Option<Span>,
    /// Devices that evaluations run on: `"auto"` for all visible GPUs, or else the processor; or a list such as
    /// `["cuda:0", "cuda:1"]`. A `CUDA_VISIBLE_DEVICES` that is set limits which exist.
    ///
    /// Default: `"auto"`.
    pub(super) devices: Option<RawDevices>,
    /// Evaluations at once on each device, with their memory together: `training.memory` bounds what each may take. `"auto"`, with
    /// `local`, runs one on each core of the processor, and on a GPU as many as have room in its free memory and as long as the
    /// evaluations a minute rise ([on GPUs](gpus.md)).
    ///
    /// Default: `1`.
    pub(super) per_device: Option<RawPerDevice>,
    /// The longest time of one evaluation, which is stopped then and counts as failed.
    ///
    /// Default: none.
    /// Example: `"30m"`.
    pub(super) timeout: Option<Span>,
    /// Processor threads of each worker; results depend on it.
    ///
    /// Default: the cores, shared out evenly.
    /// Example: `2`.
    pub(super) threads: Option<usize>,
    /// `local`: whether a worker waits for its next evaluation, with libtorch loaded and the data in place. It is replaced after a
    /// crash, a lack of memory, a stop and an hour; scores are the same. With `false` each evaluation starts a worker of its own.
    ///
    /// Default: `true`.
    pub(super) reuse: Option<bool>,
    /// Whether all workers are waited for before the next suggestions: the same seed then gives the same search whatever the
    /// timing.
    ///
    /// Default: `false`.
    #[serde(default)]
    pub(super) synchronous: bool,
    /// Stop after so many failures in a row.
    ///
    /// Default: `20`.
    pub(super) give_up_after: Option<usize>,
    /// Queues: evaluations in the queue at once, waiting or running.
    ///
    /// Default: `4`.
    pub(super) jobs: Option<usize>,
    /// Queues: how long the files of a job may take to be seen after its end.
    ///
    /// Default: `"60s"`.
    pub(super) grace: Option<Span>,
    /// Queues: how often they are asked for the states of jobs, at most.
    ///
    /// Default: `"1s"`.
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum RawBackend {
    /// Worker processes on this machine, which train networks on `[data]`.
    #[default]
    Local,
    /// Any program, see [below](#a-program-of-your-own).
    Command,
    /// A test function, without a process.
    Synthetic,
    /// Nothing: results are told by [`nasbot tell`](by-hand.md).
    Hand,
    /// Jobs of [Slurm](slurm.md), which train as `local` does, or run `command` if it is given.
    Slurm,
    /// Jobs of [Ray](ray.md), likewise.
    Ray,
    /// Jobs of [any other queue](queues.md), likewise.
    Template,
}

/// `workers.devices`: `"auto"`, one device or several.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "expected \"auto\" or devices such as [\"cpu\"] or [\"cuda:0\", \"cuda:1\"]"
)]
pub(super) enum RawDevices {
    One(String),
    Many(Vec<String>),
}

/// `workers.per-device`: a number or `"auto"`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected a number such as 2, or \"auto\"")]
pub(super) enum RawPerDevice {
    Number(usize),
    Word(String),
}

/// `[budget]`: how much may be spent.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawBudget {
    /// Evaluations in all, failed ones included; `--evaluations` goes first.
    ///
    /// Example: `30`.
    pub(super) evaluations: u64,
    /// No evaluation starts once the search has run so long, interruptions not counted.
    ///
    /// Default: none.
    /// Example: `"4h"`.
    pub(super) wall_time: Option<Span>,
}
