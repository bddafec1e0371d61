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
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Slurm {
    /// The partition.
    pub partition: Option<String>,
    /// Minutes after which Slurm ends a job.
    pub timeout_min: Option<u64>,
    /// Generic resources, `"gpu:1"` for example.
    pub gres: Option<String>,
    /// GPUs, by their number or with their type: `1` or `"a100:1"`.
    pub gpus_per_node: Option<Gpus>,
    /// Processor cores, which become the threads of a worker.
    pub cpus_per_task: Option<u32>,
    /// Memory, as in `"16G"`.
    pub mem: Option<String>,
    /// Whom the time is booked to.
    pub account: Option<String>,
    /// The quality of service.
    pub qos: Option<String>,
    /// Features that a node must have.
    pub constraint: Option<String>,
    /// How many jobs of one array run at once; all if absent.
    pub array_parallelism: Option<usize>,
    /// Lines of shell that come before the job's program, `"module load cuda"` for example.
    pub setup: Vec<String>,
    /// Further options of `sbatch`, without their dashes: `{ exclude = "node7", exclusive = true }`.
    pub additional_parameters: BTreeMap<String, Parameter>,
    /// Seconds before the time limit at which a training is told to leave a checkpoint; 90 if absent, 0 for never.
    pub signal_delay_s: Option<u64>,
    /// How often an evaluation goes on in another job after its time limit; 3 if absent.
    pub max_num_timeout: Option<u32>,
    /// Seconds for which a submission waits for others that may join its array; 1 if absent.
    pub gather_s: Option<f64>,
}

/// GPUs by their number, or with their type.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
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
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Template {
    /// Submits `{script}`, whose output should go to `{log}`; `{name}`, `{study}` and `{slot}` may stand in it too.
    pub submit: String,
    /// Says where the jobs `{ids}` stand; `{study}` may stand in it too.
    pub status: String,
    /// Ends the job `{id}`.
    pub cancel: String,
    /// What `submit` prints: a line of this pattern holds the job's number.
    #[serde(default = "submitted")]
    pub submitted: String,
    /// What `status` prints for a job.
    #[serde(default = "listed")]
    pub listed: String,
    /// What `status` prints for a job that the queue does not know (any more).
    pub missing: Option<String>,
    /// The words of the queue for the states of jobs, beside the usual ones.
    #[serde(default)]
    pub states: Words,
    /// Lines of shell that come before the job's program.
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
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Words {
    /// It waits for its turn.
    pub waiting: Vec<String>,
    /// It runs.
    pub running: Vec<String>,
    /// It has ended by itself.
    pub finished: Vec<String>,
    /// Its program has failed.
    pub failed: Vec<String>,
    /// It was ended from outside.
    pub cancelled: Vec<String>,
    /// It reached its time limit.
    pub timed_out: Vec<String>,
    /// It took more memory than it may.
    pub out_of_memory: Vec<String>,
    /// Its node failed, or it had to make room for another job.
    pub preempted: Vec<String>,
}
