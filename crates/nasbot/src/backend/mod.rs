//! Where evaluations run: back-ends behind one trait.
//!
//! A back-end is handed [`Work`] and reports over a channel what becomes of it. It knows neither the study nor the search.
//! What goes wrong with one network is an outcome like any other ([`End::Done`]); only what would go wrong with every
//! network is not ([`End::Unusable`]).
//!
//! A back-end may outlive the search. What was submitted has a [`Key`] that is recorded before the submission and a
//! [`Handle`] that is recorded after it; a search that goes on asks its back-end with both what became of work that it
//! knows no result of ([`Backend::attach`]). Processes on this machine die with their search, and their back-end says so.

mod answer;
pub(crate) mod asked;
mod command;
mod crew;
mod devices;
mod function;
mod gate;
mod guard;
mod local;
mod locate;
mod log;
mod mps;
mod pool;
mod process;
mod program;
mod queue;
mod room;
mod shelf;
mod streams;
mod synthetic;

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use nasbot_opt::Outcome;
use nn_graph::Network;
use nn_train::Keys;
use nn_train::job::{Final, Inherit, Stage};
use serde::{Deserialize, Serialize};

pub use self::devices::{OnProcessor, on_processor, sees_gpu};
pub use self::function::{Connect, Function};
pub(crate) use self::log::end_of_log;
use crate::error::Error;
use crate::settings::{Evaluator, Settings};
use crate::study::{Detail, Progress};

/// Runs evaluations.
pub trait Backend: Send {
    /// What it can do.
    fn abilities(&self) -> Abilities;

    /// Takes work and returns; [`Report`]s say what becomes of it. At most [`Abilities::capacity`] works are under way at
    /// once.
    ///
    /// # Errors
    ///
    /// The work could not be handed over, which says nothing about its network. What goes wrong later is reported.
    fn submit(&mut self, work: Work) -> Result<Handle, Error>;

    /// What has become of work.
    fn poll(&mut self, handle: &Handle) -> Status;

    /// Stops work. It reports that it [was stopped](End::Stopped), unless it ended by itself in the meantime.
    fn cancel(&mut self, handle: &Handle);

    /// Takes up work that an earlier search process submitted, or was about to submit when it ended: then there is no
    /// handle, and the key tells whether the submission came about. From here on it is reported on as if it had been
    /// submitted now; if it has ended meanwhile, its end is reported. `None` if nothing is left of it: it never began, or
    /// ended with the process that submitted it.
    ///
    /// # Errors
    ///
    /// It cannot be said what became of it.
    fn attach(&mut self, work: &Work, handle: Option<&Handle>) -> Result<Option<Handle>, Error>;

    /// The end of work is recorded: whatever is left of it may go.
    fn forget(&mut self, _: &Handle) {}
}

/// What a back-end can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Abilities {
    /// How many works may be under way at once.
    pub capacity: usize,
    /// Whether it can train the best network once more and keep its weights.
    pub trains_finally: bool,
    /// Whether trainings can stop at a rung and go on from there.
    pub goes_on: bool,
    /// Whether work outlives the search process that submitted it.
    pub outlives: bool,
}

impl Abilities {
    /// Those of a back-end that evaluates networks in this process and nothing else.
    #[must_use]
    pub fn of_process(capacity: usize) -> Self {
        Self {
            capacity,
            trains_finally: false,
            goes_on: false,
            outlives: false,
        }
    }
}

/// What a back-end calls a work that it was handed: enough to find it again, also from another process.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Handle(pub String);

impl fmt::Display for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a search calls a work, on every try: no two have the same key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The study's identity.
    pub study: String,
    /// The evaluation.
    pub evaluation: u64,
    /// How often it was stopped or failed before.
    pub attempt: u32,
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}", self.study, self.evaluation, self.attempt)
    }
}

/// One evaluation, or a part of one, as a back-end is told.
#[derive(Clone, Debug)]
pub struct Work {
    /// What the search calls it.
    pub key: Key,
    /// What to evaluate.
    pub network: Network,
    /// Everything random in it follows from this.
    pub seed: u64,
    /// Where to log.
    pub log: PathBuf,
    /// The study, while which exists the work is wanted; absent for work without one.
    pub study: Option<PathBuf>,
    /// What to do with the network.
    pub task: Task,
    /// Where its weights go for others to inherit, if anywhere.
    pub leave: Option<PathBuf>,
    /// Values of keys of the protocol that hold for this evaluation, where such are tuned.
    pub keys: Keys,
}

/// What is done with a network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Task {
    /// It is evaluated.
    Evaluate,
    /// It is trained up to a rung, from the rung before if there is one.
    GoOn(Stage),
    /// It is evaluated by a shorter training that begins with the weights of another network.
    Inherit {
        /// What it begins with.
        from: Box<Inherit>,
        /// Epochs of the training.
        epochs: u32,
    },
    /// It is trained on training and validation data, tested, and its weights are written.
    TrainFinally {
        /// Where the weights go.
        weights: PathBuf,
        /// How it is done.
        how: Final,
    },
}

/// Where a work stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It waits for its turn.
    Waiting,
    /// It runs.
    Running,
    /// It is over, and its end has been reported.
    Over,
    /// The back-end does not know it.
    Unknown,
}

/// What a back-end has to say about an evaluation.
#[derive(Clone, Debug)]
pub enum Report {
    /// It began.
    Started {
        /// The evaluation.
        id: u64,
        /// The worker's place, from 0.
        slot: usize,
        /// The device.
        device: String,
    },
    /// An epoch is over.
    Progress(Progress),
    /// Something is worth saying to a person: what is waited for, for example.
    Note(String),
    /// It is over, and its place is free.
    Ended {
        /// The evaluation.
        id: u64,
        /// How it ended.
        end: End,
    },
}

/// How an evaluation ended.
#[derive(Clone, Debug)]
pub enum End {
    /// With a score or a typed failure.
    Done(Outcome, Detail),
    /// It was stopped and says nothing about the network.
    Stopped,
    /// In a way in which every other would end too: a worker that can't start, data that can't be read.
    Unusable(String),
    /// With an answer that is none. Where no evaluation has had a score yet, no other will have one either: the program does not
    /// speak as it should. Later it is a failure of this network's.
    Broken {
        /// What is wrong with the answer.
        message: String,
        /// Wall-clock seconds from start to end.
        seconds: f64,
    },
}

/// Where reports go.
#[derive(Clone)]
pub struct Reports(Arc<dyn Fn(Report) + Send + Sync>);

impl Reports {
    /// Hands each report to a function, which is called from any thread.
    pub fn new(to: impl Fn(Report) + Send + Sync + 'static) -> Self {
        Self(Arc::new(to))
    }

    /// Hands over a report.
    pub fn send(&self, report: Report) {
        (self.0)(report);
    }
}

impl fmt::Debug for Reports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reports")
    }
}

/// The back-end that settings ask for, checked as far as it can be before anything runs.
///
/// # Errors
///
/// A program or a device is not there.
pub fn backend(settings: &Settings, reports: Reports) -> Result<Box<dyn Backend>, Error> {
    let workers = &settings.workers;
    if let Some(queue) = &workers.queue {
        return queue::queue(queue, &settings.evaluator, workers, reports);
    }
    Ok(match &settings.evaluator {
        Evaluator::Local(training) => {
            Box::new(local::local(training, workers, settings.facts, reports)?)
        }
        Evaluator::Command { program, folder } => {
            Box::new(command::command(program, folder, workers, reports)?)
        }
        Evaluator::Synthetic { delay } => Box::new(synthetic::Synthetic::new(
            workers.per_device.or(1),
            *delay,
            reports,
        )),
        Evaluator::Own => return Err(Error::NoBackend),
    })
}

/// Becomes the guard of an evaluation, or a job of a queue, if the program was started as one. A program that runs evaluations
/// in processes calls this first of all: it starts itself as the guard of each. `None` for every other start.
#[must_use]
pub fn intercept() -> Option<ExitCode> {
    guard::intercept().or_else(queue::intercept)
}

/// An answer that is none as the failure of one evaluation.
pub(crate) fn broken(message: String, seconds: f64) -> (Outcome, Detail) {
    let detail = Detail {
        message: Some(message),
        seconds,
        ..Detail::default()
    };
    (Outcome::Failed(nasbot_opt::Failure::Other), detail)
}

/// Where a worker program is searched for: see `NASBOT_WORKER` in the documentation.
///
/// # Errors
///
/// [`Error::NoWorker`] names the places.
pub fn find_worker(named: Option<&Path>) -> Result<PathBuf, Error> {
    locate::worker(named)
}
