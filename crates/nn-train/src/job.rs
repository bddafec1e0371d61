//! The messages between a search and a worker: one JSON object a line.
//!
//! The search starts `nasbot-worker`, writes one [`Job`] line to its standard input and reads [`Event`] lines
//! from its standard output until one that [is final](Event::is_final). The worker then exits, unless the job says that it
//! [stays](Job::stay) and the event [lets it](Event::keeps_worker): then it waits for the next job with libtorch loaded and the
//! data in place. A process does one job at a time, because libtorch's seed is global to a process and a crash must cost one
//! evaluation only. Each job is answered by [`Event::Hello`] first of all, the first one even before it is read.
//! Closing the worker's standard input ends it, and cancels what it is at. The line [`PAUSE`] there asks a training whose state
//! is kept to end for now.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use nn_graph::Network;
use serde::{Deserialize, Serialize};

use crate::data::DataSpec;
use crate::figures::Breakdown;
use crate::{Error, Keys, TrainingSpec};

/// Version of the messages; a worker refuses jobs of another.
pub const PROTOCOL: u32 = 3;

/// What asks a worker to end its training for now, as a line of its standard input.
pub const PAUSE: &str = "pause";

/// One training, as the search asks for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// [`PROTOCOL`] of the sender.
    pub protocol: u32,
    /// The evaluation's number within its study; only reported back in logs.
    pub evaluation: u64,
    /// What to train.
    pub network: Network,
    /// On which data. Relative paths are resolved against the worker's working directory.
    pub task: DataSpec,
    /// By which protocol.
    pub training: TrainingSpec,
    /// Seeds initial weights, order of the batches and augmentation.
    pub seed: u64,
    /// Where to train.
    #[serde(default)]
    pub device: Device,
    /// Where to write the trained weights (safetensors), if anywhere; a PyTorch program that loads them (`.py`)
    /// and an ONNX file (`.onnx`) are written beside them.
    #[serde(default)]
    pub save: Option<PathBuf>,
    /// Train on training and validation data together and score on the test data, if there are any.
    #[serde(default, rename = "final", skip_serializing_if = "Option::is_none")]
    pub finally: Option<Final>,
    /// Train only so far, from where the last part stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<Stage>,
    /// Whether the worker waits for another job afterwards.
    #[serde(default, skip_serializing_if = "is_false")]
    pub stay: bool,
    /// Begin with weights of another network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inherit: Option<Inherit>,
    /// Where to write the weights for trainings that [inherit](Inherit) them, with what the optimiser needs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leave: Option<PathBuf>,
}

/// Weights that a training begins with, in place of random ones; see [`transfer`](crate::transfer). What is said of the training has a
/// figure `inherited` then, the share of its parameters that took weights of the parent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inherit {
    /// The network that left them, the parent, which was trained on the same data.
    pub network: Network,
    /// The file that it [left](Job::leave).
    pub weights: PathBuf,
    /// Pairs of a layer of the parent and the layer of the job's network that it is matched with, by their numbers. Of several of one
    /// layer the first counts that is of like kind.
    pub matches: Vec<(usize, usize)>,
}

/// How the last training is done, the one whose weights are kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Final {
    /// Train on the test data too. The score is then one on the validation data, of a training without them.
    #[serde(skip_serializing_if = "is_false")]
    pub all: bool,
    /// After how many epochs the evaluation of the network had its best weights, where the protocol returns to those. Absent, it
    /// is found out by a training that is scored on the validation data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epochs: Option<u32>,
    /// Evaluated networks, the best first, of which an ensemble is made in place of the job's network; see
    /// [`ensemble`](crate::ensemble).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub candidates: Vec<Candidate>,
    /// Where the states of its trainings are kept, in files whose names begin like this one's: as with [`Stage::keep`], a job that is
    /// cut short or [asked to end for now](Event::Paused) goes on from them. One that returns to its best weights on the way has no
    /// such state and begins again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep: Option<PathBuf>,
}

/// A network that may become a member of an ensemble.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Candidate {
    /// The number of its evaluation.
    pub evaluation: u64,
    /// The network.
    pub network: Network,
    /// The seed of its evaluation.
    pub seed: u64,
    /// Keys of the protocol that its evaluation had, where they differ from those of the job.
    #[serde(default, skip_serializing_if = "Keys::is_empty")]
    pub keys: Keys,
}

fn is_false(flag: &bool) -> bool {
    !flag
}

/// A part of a training. Its parts together give bit for bit what the whole gives at once on the same processor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// Epochs that are done at its end, those of earlier parts included; from 1 to the protocol's epochs.
    pub until: u32,
    /// The state of the training: read if it is there, and written at the end of the part.
    pub checkpoint: PathBuf,
    /// Whether the state is also written on the way, after epochs, so that a training that is cut short goes on from there; and
    /// whether it [ends for now](Event::Paused) after an epoch when it is asked to.
    #[serde(default, skip_serializing_if = "is_false")]
    pub keep: bool,
}

impl Job {
    /// The job as one line of JSON, line break included.
    ///
    /// # Errors
    /// [`Error::Message`] if a number is not finite, which JSON can't express.
    pub fn to_line(&self) -> Result<String, Error> {
        to_line(self)
    }

    /// Reads a job from its line.
    ///
    /// # Errors
    /// [`Error::Message`] with what is wrong and where; [`Error::Protocol`] if the sender speaks another version.
    pub fn from_line(line: &str) -> Result<Self, Error> {
        // The version first: with another one, the other fields may have changed too.
        #[derive(Deserialize)]
        struct Version {
            protocol: u32,
        }
        let read = |source| Error::Message {
            what: "job",
            source,
        };
        let Version { protocol } = serde_json::from_str(line).map_err(read)?;
        if protocol != PROTOCOL {
            return Err(Error::Protocol { found: protocol });
        }
        serde_json::from_str(line).map_err(read)
    }
}

/// Where a training runs: `cpu`, or `cuda:N` with N counted among the visible devices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Device {
    /// The processor.
    #[default]
    Cpu,
    /// The N-th visible CUDA device.
    Cuda(u32),
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpu => f.write_str("cpu"),
            Self::Cuda(n) => write!(f, "cuda:{n}"),
        }
    }
}

impl FromStr for Device {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        let unknown = || Error::UnknownDevice { name: name.into() };
        match name.split_once(':') {
            None if name == "cpu" => Ok(Self::Cpu),
            None if name == "cuda" => Ok(Self::Cuda(0)),
            Some(("cuda", n)) => n.parse().map(Self::Cuda).map_err(|_| unknown()),
            _ => Err(unknown()),
        }
    }
}

impl TryFrom<String> for Device {
    type Error = Error;

    fn try_from(name: String) -> Result<Self, Error> {
        name.parse()
    }
}

impl From<Device> for String {
    fn from(device: Device) -> Self {
        device.to_string()
    }
}

/// What a worker says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// The first line of each job: the worker is up and has libtorch.
    Hello {
        /// [`PROTOCOL`] of the worker.
        protocol: u32,
        /// The worker's version.
        worker: String,
        /// The version of libtorch that it was built for.
        torch: String,
    },
    /// What memory there is where the training runs: before its first step, and after each epoch.
    Memory {
        /// Bytes that no process has.
        free: u64,
        /// Bytes in all.
        all: u64,
        /// Bytes that this worker has.
        own: u64,
    },
    /// After an epoch.
    Progress {
        /// Epochs done.
        epoch: u32,
        /// Epochs in all.
        epochs: u32,
        /// Mean training loss of the epoch.
        loss: f64,
        /// Score on the validation data, where it was evaluated. Higher is better.
        score: Option<f64>,
    },
    /// The last line of a training, or a part of one, that succeeded.
    Done {
        /// The figure of the data set's [metric](crate::data::Metric), with its sign changed where it is a loss. Higher is better.
        score: f64,
        /// Figures by the names of their metrics, see [`figures::all`](crate::figures::all); the final training loss `loss`;
        /// with several repeats or folds their means, and `noise`, the standard deviation of one repeat's score, and `rmse-noise`,
        /// that of its `rmse`; `epochs`, after which a training had the weights that it was scored with. Of a final training
        /// `test-rows`, on how many examples it was scored: with 0 the scores are those on the validation data.
        metrics: BTreeMap<String, f64>,
        /// Wall-clock time of reading, training and scoring.
        seconds: f64,
        /// Number of trainable parameters.
        parameters: u64,
        /// The members of an ensemble by the numbers of their evaluations; one stands there as often as it was trained.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        members: Vec<u64>,
        /// Of a final training, what errors the model makes on the examples that it is scored on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        breakdown: Option<Breakdown>,
    },
    /// The last line of a training that was asked to end for now: its state is kept, and the same job goes on from it.
    Paused {
        /// Epochs done.
        epoch: u32,
    },
    /// The last line of a training that failed.
    Failed {
        /// Why, for programs.
        kind: FailureKind,
        /// Why, for people.
        message: String,
    },
}

impl Event {
    /// Whether a worker that was asked to [stay](Job::stay) waits for another job after this. After a lack of memory, an error of
    /// libtorch's or one that the next job would have too, it is better replaced.
    #[must_use]
    pub const fn keeps_worker(&self) -> bool {
        use FailureKind::{Diverged, ImpossibleShape, TimedOut};
        match self {
            Self::Done { .. } => true,
            Self::Failed { kind, .. } => matches!(kind, Diverged | ImpossibleShape | TimedOut),
            _ => false,
        }
    }

    /// Whether the worker says nothing after this about its job.
    #[must_use]
    pub const fn is_final(&self) -> bool {
        matches!(
            self,
            Self::Done { .. } | Self::Paused { .. } | Self::Failed { .. }
        )
    }

    /// The event as one line of JSON, line break included.
    ///
    /// # Errors
    /// [`Error::Message`] if it can't be expressed in JSON.
    pub fn to_line(&self) -> Result<String, Error> {
        to_line(self)
    }

    /// Reads an event from its line.
    ///
    /// # Errors
    /// [`Error::Message`] with what is wrong and where.
    pub fn from_line(line: &str) -> Result<Self, Error> {
        serde_json::from_str(line).map_err(|source| Error::Message {
            what: "event",
            source,
        })
    }
}

/// Why a training failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum FailureKind {
    /// The loss became infinite or no number.
    Diverged,
    /// The device's memory did not suffice.
    OutOfMemory,
    /// Others have the device's memory; alone it would have sufficed. No fault of the network's.
    NoRoom,
    /// It took longer than the protocol allows.
    TimedOut,
    /// The network does not fit the data, for example because it halves the image too often.
    ImpossibleShape,
    /// The data set can't be read or is not what the specification says.
    BadData,
    /// A file with weights or a program can't be written: the disk is full, say.
    CannotWrite,
    /// The job itself is not valid.
    BadJob,
    /// Everything else, libtorch's own errors for one.
    Internal,
}

impl FailureKind {
    /// The name used in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Diverged => "diverged",
            Self::OutOfMemory => "out-of-memory",
            Self::NoRoom => "no-room",
            Self::TimedOut => "timed-out",
            Self::ImpossibleShape => "impossible-shape",
            Self::BadData => "bad-data",
            Self::CannotWrite => "cannot-write",
            Self::BadJob => "bad-job",
            Self::Internal => "internal",
        }
    }
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

fn to_line<T: Serialize>(message: &T) -> Result<String, Error> {
    let mut line = serde_json::to_string(message).map_err(|source| Error::Message {
        what: "message",
        source,
    })?;
    line.push('\n');
    Ok(line)
}
