//! What stands in the files of jobs.

use std::path::PathBuf;
use std::time::Duration;

use nasbot_opt::Outcome;
use nn_graph::Network;
use nn_train::Keys;
use serde::{Deserialize, Serialize};

use crate::backend::{End, Key, Task, Work};
use crate::error::Error;
use crate::settings::{Devices, Evaluator, Workers};
use crate::study::Detail;

/// Version of the files; a job of another is refused.
const FORMAT: u32 = 1;

/// A work in a batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Listed {
    /// The name of its folder.
    pub(super) folder: String,
    /// The number of this submission among those of the work.
    pub(super) number: u32,
}

/// What a job is to do.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct JobFile {
    format: u32,
    study: String,
    evaluation: u64,
    attempt: u32,
    network: Network,
    seed: u64,
    log: PathBuf,
    task: Task,
    /// Where its weights go for others to inherit, if anywhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    leave: Option<PathBuf>,
    /// Values of keys of the protocol that hold for this evaluation.
    #[serde(default, skip_serializing_if = "Keys::is_empty")]
    keys: Keys,
    /// What evaluates, its programs by their full paths.
    pub(super) evaluator: Evaluator,
    pub(super) devices: Devices,
    pub(super) threads: Option<usize>,
    pub(super) timeout: Option<Duration>,
}

impl JobFile {
    pub(super) fn new(
        work: &Work,
        evaluator: &Evaluator,
        workers: &Workers,
    ) -> Result<Self, Error> {
        Ok(Self {
            format: FORMAT,
            study: work.key.study.clone(),
            evaluation: work.key.evaluation,
            attempt: work.key.attempt,
            network: work.network.clone(),
            seed: work.seed,
            log: std::path::absolute(&work.log).map_err(Error::write(&work.log))?,
            task: work.task.clone(),
            leave: work.leave.clone(),
            keys: work.keys.clone(),
            evaluator: evaluator.clone(),
            devices: workers.devices.clone(),
            threads: workers.threads,
            timeout: workers.timeout,
        })
    }

    /// The work, as a process on the node's own machine is given it.
    pub(super) fn work(&self) -> Work {
        Work {
            key: Key {
                study: self.study.clone(),
                evaluation: self.evaluation,
                attempt: self.attempt,
            },
            network: self.network.clone(),
            seed: self.seed,
            log: self.log.clone(),
            // A node's lock on the study would not be seen where the search runs.
            study: None,
            task: self.task.clone(),
            leave: self.leave.clone(),
            keys: self.keys.clone(),
        }
    }

    /// Whether a node of this version can do it.
    pub(super) fn is_known(&self) -> bool {
        self.format == FORMAT
    }
}

/// A work's present submission, and what became of those before.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Submission {
    /// How many there were, this one included.
    pub(super) number: u32,
    /// The batch.
    pub(super) batch: String,
    /// The place in the batch.
    pub(super) place: usize,
    /// What the engine calls the job; absent until it has said so.
    pub(super) id: Option<String>,
    /// How many ended by no fault of the network's.
    pub(super) losses: u32,
    /// How many reached their time limit.
    pub(super) time_limits: u32,
}

/// That a job has begun.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sign {
    /// The number of its submission.
    pub(super) number: u32,
    /// The node.
    pub(super) node: String,
    /// The device there.
    pub(super) device: String,
}

/// That a job left a checkpoint when its time came to an end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Paused {
    /// The number of its submission.
    pub(super) number: u32,
}

/// How an evaluation ended.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum ResultFile {
    Done { outcome: Outcome, detail: Detail },
    Unusable { message: String },
    Broken { message: String, seconds: f64 },
}

impl ResultFile {
    /// `None` for a job that was stopped, which has no result.
    pub(super) fn of(end: End) -> Option<Self> {
        match end {
            End::Done(outcome, detail) => Some(Self::Done { outcome, detail }),
            End::Unusable(message) => Some(Self::Unusable { message }),
            End::Broken { message, seconds } => Some(Self::Broken { message, seconds }),
            End::Stopped => None,
        }
    }

    pub(super) fn end(self) -> End {
        match self {
            Self::Done { outcome, detail } => End::Done(outcome, detail),
            Self::Unusable { message } => End::Unusable(message),
            Self::Broken { message, seconds } => End::Broken { message, seconds },
        }
    }
}
