//! What happens in a search, as it is recorded and reported.

use std::collections::BTreeMap;

use nasbot_opt::{Outcome, Suggestion};
use nn_graph::Network;
use serde::{Deserialize, Serialize};

use crate::config::Source;

/// One thing that happened. The JSON of these is the study's format: fields may be added, with a
/// default, but never change their meaning.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub(crate) enum Event {
    /// The first event: what is searched.
    Created {
        /// The description as given.
        description: Source,
        /// The seed in force, from the description or the command line.
        seed: u64,
        /// The budget in force.
        evaluations: u64,
        /// The version of nasbot.
        version: String,
    },
    /// A search process took the study over.
    Opened {
        /// Its process number, for a person.
        pid: u32,
        /// How many evaluations it runs at once.
        workers: usize,
        /// The budget in force from now on.
        evaluations: u64,
    },
    /// An evaluation was decided on. Recorded before anything is sent to a worker.
    Queued {
        /// What to evaluate.
        suggestion: Box<Suggestion<Network>>,
        /// Seconds that finding it took.
        seconds: f64,
    },
    /// A worker began an evaluation.
    Started {
        /// The evaluation.
        id: u64,
        /// The worker's place, from 0.
        slot: usize,
        /// The device.
        device: String,
    },
    /// An epoch of a training is over.
    Progress {
        /// The evaluation.
        id: u64,
        /// Epochs done.
        epoch: u32,
        /// Epochs in all.
        epochs: u32,
        /// Mean training loss.
        loss: f64,
        /// Score on the validation data, where it was computed.
        score: Option<f64>,
    },
    /// A training has stopped at a rung, and its state is kept.
    Reached {
        /// The evaluation.
        id: u64,
        /// Epochs done.
        epochs: u32,
        /// Its score there.
        score: f64,
        /// What else is known.
        #[serde(default)]
        detail: Detail,
    },
    /// A training is among the best of its rung and is to go on. Recorded before anything is sent to a worker.
    Promoted {
        /// The evaluation.
        id: u64,
        /// Epochs done.
        from: u32,
        /// Epochs done at the end of its next part.
        until: u32,
    },
    /// An evaluation has its outcome; from here on it is final.
    Finished {
        /// The evaluation.
        id: u64,
        /// What came of it.
        outcome: Outcome,
        /// What else is known.
        #[serde(default)]
        detail: Detail,
    },
    /// An evaluation was stopped; it will run again.
    Interrupted {
        /// The evaluation.
        id: u64,
    },
    /// The best network is being trained once more, on training and validation data.
    Retraining {
        /// The evaluation whose network it is.
        id: u64,
    },
    /// An epoch of that training is over.
    RetrainingProgress {
        /// The evaluation whose network it is.
        id: u64,
        /// Epochs done.
        epoch: u32,
        /// Epochs in all.
        epochs: u32,
        /// Mean training loss.
        loss: f64,
    },
    /// The best network has been trained once more.
    Retrained {
        /// The evaluation whose network it is.
        id: u64,
        /// The score on the test data.
        outcome: Outcome,
        /// What else is known.
        #[serde(default)]
        detail: Detail,
    },
    /// The search process let go of the study.
    Closed {
        /// Why.
        ending: Ending,
    },
}

/// Why a search process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Ending {
    /// The budget of evaluations is spent.
    Complete,
    /// The wall-clock budget is spent.
    OutOfTime,
    /// The space has no further candidate.
    Exhausted,
    /// A person stopped it.
    Interrupted,
    /// It could not go on.
    Failed,
}

/// What is known of a finished evaluation beside its outcome.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Detail {
    /// Further figures by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) metrics: BTreeMap<String, f64>,
    /// Wall-clock seconds from start to end.
    #[serde(default)]
    pub(crate) seconds: f64,
    /// Trainable parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) parameters: Option<u64>,
    /// The worker and its libtorch, with their versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) worker: Option<String>,
    /// Why it failed, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) message: Option<String>,
}

/// An event with its time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Stamped {
    /// Seconds since 1970 began, UTC.
    pub(crate) at: f64,
    /// What happened.
    #[serde(flatten)]
    pub(crate) event: Event,
}
