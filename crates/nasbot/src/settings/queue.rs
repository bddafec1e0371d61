//! The settings of evaluations that are jobs in a queue: of Slurm, of Ray, or of any other that three commands speak for.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use super::ray::Ray;

/// Where jobs wait and run.
#[derive(Clone, Debug)]
pub struct Queue {
    /// How many evaluations are in the queue at once, waiting or running.
    pub jobs: usize,
    /// How long the files of a job may take to be seen here after its end: network disks are late.
    pub grace: Duration,
    /// How often the queue is asked for the states of jobs; at least a second apart.
    pub interval: Duration,
    /// What runs the jobs.
    pub engine: Engine,
}

/// What runs jobs.
#[derive(Clone, Debug)]
pub enum Engine {
    /// Slurm, by its commands `sbatch`, `squeue`, `scontrol`, `sacct` and `scancel`.
    Slurm(Box<Slurm>),
    /// Ray, by the API of its jobs.
    Ray(Box<Ray>),
    /// Anything, by three commands.
    Template(Box<Template>),
}

/// `[slurm]`: what is asked of Slurm for each evaluation, by the names that submitit has for it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Slurm {
    /// The partition, as `sbatch` has it.
    ///
    /// Default: the cluster's.
    /// Example: `"gpu"`.
    pub partition: Option<String>,
    /// Minutes after which Slurm ends a job.
    ///
    /// Default: the cluster's.
    /// Unit: minutes.
    /// Example: `240`.
    pub timeout_min: Option<u64>,
    /// Generic resources.
    ///
    /// Default: none.
    /// Example: `"gpu:1"`.
    pub gres: Option<String>,
    /// GPUs, by their number or with their type: `1` or `"a100:1"`.
    ///
    /// Default: none.
    /// Example: `1`.
    pub gpus_per_node: Option<Gpus>,
    /// Processor cores. A worker takes as many threads, unless `workers.threads` says otherwise.
    ///
    /// Default: the cluster's.
    /// Example: `8`.
    pub cpus_per_task: Option<u32>,
    /// Memory.
    ///
    /// Default: the cluster's.
    /// Example: `"32G"`.
    pub mem: Option<String>,
    /// The account that the time is booked to, as `sbatch` has it.
    ///
    /// Default: the cluster's.
    /// Example: `"project7"`.
    pub account: Option<String>,
    /// The quality of service, as `sbatch` has it.
    ///
    /// Default: the cluster's.
    /// Example: `"normal"`.
    pub qos: Option<String>,
    /// Features that a node must have, as `sbatch` has them.
    ///
    /// Default: none.
    /// Example: `"a100"`.
    pub constraint: Option<String>,
    /// How many jobs of one array run at once.
    ///
    /// Default: all.
    /// Example: `4`.
    pub array_parallelism: Option<usize>,
    /// Lines of shell (bash) before the job's program.
    ///
    /// Default: none.
    /// Example: `["module load cuda"]`.
    pub setup: Vec<String>,
    /// Further options of `sbatch`, without their dashes.
    ///
    /// Default: none.
    /// Example: `{ exclude = "node7", exclusive = true }`.
    pub additional_parameters: BTreeMap<String, Parameter>,
    /// How many seconds before its time limit a job is told of it, so that it leaves its state; 0: never. At most half
    /// of `timeout-min`.
    ///
    /// Default: 90 for trainings whose state can be kept, otherwise never.
    /// Unit: seconds.
    /// Example: `90`.
    pub signal_delay_s: Option<u64>,
    /// How often an evaluation goes on in another job after its time limit.
    ///
    /// Default: `3`.
    pub max_num_timeout: Option<u32>,
    /// For how many seconds a submission waits for another evaluation to join its array.
    ///
    /// Default: `1.0`.
    /// Unit: seconds.
    pub gather_s: Option<f64>,
}

/// GPUs by their number, or with their type.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(
    untagged,
    expecting = "expected a number of GPUs or a text such as \"a100:1\""
)]
pub enum Gpus {
    /// So many.
    Number(u32),
    /// So many of a type.
    Typed(String),
}

/// The value of a further option.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged, expecting = "expected a text, a number, or true or false")]
pub enum Parameter {
    /// Whether an option without a value is given.
    Flag(bool),
    /// A whole number.
    Number(i64),
    /// Anything else.
    Text(String),
}

/// `[template]`: three commands of the user's, run by `sh -c`, and what their output means.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Template {
    /// Submits `{script}`, whose output should go to `{log}`; `{name}`, `{study}` and `{slot}` may stand in it too.
    ///
    /// Example: `"qsub -N {name} -o {log} -j oe {script}"`.
    pub submit: String,
    /// Prints a line for each of the jobs `{ids}`, saying where it stands; `{study}` may stand in it too.
    ///
    /// Example: `"qstat {ids}"`.
    pub status: String,
    /// Ends the job `{id}`.
    ///
    /// Example: `"qdel {id}"`.
    pub cancel: String,
    /// The pattern of the line that `submit` prints, which holds the job's number; the last such line counts.
    ///
    /// Default: `"{id}"`.
    #[serde(default = "submitted")]
    pub submitted: String,
    /// The pattern of the lines that `status` prints.
    ///
    /// Default: `"{id} {state}"`.
    #[serde(default = "listed")]
    pub listed: String,
    /// The pattern of what `status` prints for a job that the queue does not know (any more).
    ///
    /// Default: none.
    /// Example: `"qstat: Unknown Job Id {id}"`.
    pub missing: Option<String>,
    /// The words of the queue for the states of jobs, beside the usual ones.
    ///
    /// Default: the usual words.
    #[serde(default)]
    pub states: Words,
    /// Lines of shell (bash) before the job's program.
    ///
    /// Default: none.
    /// Example: `["module load cuda"]`.
    #[serde(default)]
    pub setup: Vec<String>,
    /// The folder in which the commands run.
    #[serde(skip)]
    pub folder: PathBuf,
}

fn submitted() -> String {
    "{id}".to_owned()
}

fn listed() -> String {
    "{id} {state}".to_owned()
}

/// Words for the states of jobs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Words {
    /// It waits for its turn.
    ///
    /// Default: the usual words.
    /// Example: `["Q", "H"]`.
    pub waiting: Vec<String>,
    /// It runs.
    ///
    /// Default: the usual words.
    /// Example: `["R"]`.
    pub running: Vec<String>,
    /// It has ended by itself.
    ///
    /// Default: the usual words.
    /// Example: `["C"]`.
    pub finished: Vec<String>,
    /// Its program has failed.
    ///
    /// Default: the usual words.
    /// Example: `["EXIT"]`.
    pub failed: Vec<String>,
    /// It was ended from outside.
    ///
    /// Default: the usual words.
    /// Example: `["CANCELLED"]`.
    pub cancelled: Vec<String>,
    /// It reached its time limit.
    ///
    /// Default: the usual words.
    /// Example: `["TIMEOUT"]`.
    pub timed_out: Vec<String>,
    /// It took more memory than it may.
    ///
    /// Default: the usual words.
    /// Example: `["OOMKilled"]`.
    pub out_of_memory: Vec<String>,
    /// Its node failed, or it had to make room for another job.
    ///
    /// Default: the usual words.
    /// Example: `["PREEMPTED"]`.
    pub preempted: Vec<String>,
}
