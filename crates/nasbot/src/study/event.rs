//! What happens in a search, as it is recorded and reported.

use std::collections::BTreeMap;
use std::path::PathBuf;

use nasbot_opt::{Fit, Outcome, Rung, Suggestion};
use nn_train::data::Metric;
use nn_train::figures::Breakdown;
use nn_train::{Facts, Keys};
use serde::{Deserialize, Serialize};

use super::{Change, Prior, Stored};
use crate::settings::{Aims, Description, Settings};

/// One thing that happened. The JSON of these is the study's format: fields may be added, with a
/// default, but never change their meaning.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Event {
    /// The first event: what is searched.
    Created(Created),
    /// The study goes on with a description that has been mended.
    Described(Described),
    /// A search process took the study over.
    Opened(Opened),
    /// The search's answer was to start an evaluation. Recorded before anything is sent to a back-end.
    Queued(Queued),
    /// The search's answer was to let an evaluation go on to the next rung. Recorded before anything is sent to a back-end.
    Promoted(Promoted),
    /// The search was told results and had nothing to do before it is told more.
    Told(Told),
    /// Networks were proposed, which wait until the search takes them.
    Proposed(Proposed),
    /// An evaluation that failed is to run once more.
    Retried(About),
    /// A back-end began an evaluation, or it was handed out to be run by hand.
    Started(Started),
    /// An epoch of a training is over.
    Progress(Progress),
    /// A training has stopped at a rung, and its state is kept.
    Reached(Reached),
    /// An evaluation has its outcome; from here on it is final.
    Finished(Finished),
    /// An evaluation was stopped; it will run again.
    Interrupted(About),
    /// Weights that were kept for others to inherit are not there any more.
    Lost(Lost),
    /// Hyper-parameters of the surrogate were chosen, or its covariances were factored anew since the last event of this
    /// kind, which this one then replaces.
    Fitted(Fit),
    /// The best network is being trained once more, on training and validation data.
    Retraining(About),
    /// An epoch of that training is over.
    RetrainingProgress(Progress),
    /// The best network has been trained once more; the outcome is that on the test data.
    Retrained(Finished),
    /// What simple methods reach on the same rows.
    Compared(Compared),
    /// The search process let go of the study.
    Closed(Closed),
}

/// What is searched.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Created {
    /// The description as given.
    pub description: Description,
    /// The seed in force, from the description or the command line.
    pub seed: u64,
    /// The budget in force.
    pub evaluations: u64,
    /// The version of nasbot.
    pub version: String,
    /// What is known of the data that the protocol and the bounds follow from; absent where they follow from none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facts: Option<Facts>,
    /// What scores are of: the figure of this metric, with its sign changed where it is a loss. Absent where the evaluator has no
    /// metric, and in studies that are older: of these, accuracies or minus mean squared errors of standardised targets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metric: Option<Metric>,
    /// Objectives and bounds, where more than a high score is asked.
    #[serde(default, skip_serializing_if = "Aims::is_score_alone")]
    pub aims: Aims,
    /// A name that no other study has: part of the key by which a back-end knows its work. Empty in studies of format 1.
    #[serde(default)]
    pub identity: String,
    /// What the search learns from earlier studies.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub priors: Vec<Prior>,
}

impl Created {
    /// The first event of a study of these settings that were made by a program, not from a description.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        let description = Description {
            text: String::new(),
            path: PathBuf::new(),
            folder: PathBuf::new(),
            from_study: None,
            set: Vec::new(),
        };
        Self::described(settings, description)
    }

    /// The first event of a study of these settings, with the description that they follow from.
    #[must_use]
    pub fn described(settings: &Settings, description: Description) -> Self {
        Self {
            description,
            seed: settings.search.seed,
            evaluations: settings.budget.evaluations,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            facts: settings.facts,
            metric: settings.metric(),
            aims: settings.aims.clone(),
            identity: identity(),
            priors: Vec::new(),
        }
    }

    /// The same of a search that learns from earlier studies.
    #[must_use]
    pub fn learning_from(self, priors: Vec<Prior>) -> Self {
        Self { priors, ..self }
    }
}

/// A name that no other study has: a hash map's keys are random in every process, and the rest differs between two
/// studies of one process.
fn identity() -> String {
    use std::hash::{BuildHasher as _, RandomState};
    let now = std::time::SystemTime::now();
    format!(
        "{:016x}",
        RandomState::new().hash_one((now, std::process::id()))
    )
}

/// A mended description.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Described {
    /// The description as it is now.
    pub description: Description,
    /// What scores are of from now on, where that has changed, as it can before there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metric: Option<Metric>,
    /// What is known of the data from now on, where nothing followed from it before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facts: Option<Facts>,
    /// What is another value now; empty in studies that were mended before this was recorded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
}

/// A search process, and what holds while it owns the study.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Opened {
    /// Its process number, for a person.
    pub pid: u32,
    /// How many evaluations it runs at once.
    pub workers: usize,
    /// The budget in force from now on.
    pub evaluations: u64,
    /// The limit of time in force from now on, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wall_time: Option<f64>,
    /// Whether the process asks its back-end what became of evaluations that are still running, and records those that
    /// are gone. In studies of format 1 none outlives its search process.
    #[serde(default)]
    pub asks: bool,
}

/// A suggestion, and what the search had been told when it was made.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Queued {
    /// What to evaluate.
    pub suggestion: Box<Suggestion<Stored>>,
    /// The candidate's hash as hexadecimal digits; absent in studies of format 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
    /// Seconds that finding it took.
    pub seconds: f64,
    /// The evaluations whose results the search was told immediately before, in that order. In studies of format 1, where
    /// it is absent, all whose results were recorded before, in the order of their numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<Vec<u64>>,
    /// The first rung that it is on its way to: a later one than the first where others inherit and it has nothing to inherit.
    #[serde(default, skip_serializing_if = "is_first")]
    pub first: Rung,
    /// Whose weights it begins with, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inherits: Option<Inherits>,
    /// The values of the keys that are tuned, with which it is evaluated.
    #[serde(default, skip_serializing_if = "Keys::is_empty")]
    pub setting: Keys,
}

/// Weights that are not there any more, although they were kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lost {
    /// Which evaluations left them, at which rungs.
    pub weights: Vec<(u64, Rung)>,
}

/// How an evaluation begins: the fields of [`Queued`] that say so.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Begins {
    /// As [`Queued::first`].
    pub first: Rung,
    /// As [`Queued::inherits`].
    pub inherits: Option<Inherits>,
}

/// Whose weights an evaluation begins with.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Inherits {
    /// The evaluation that left them, which was trained from nothing.
    pub parent: u64,
    /// The rung at which it left them.
    pub rung: Rung,
    /// How far the two networks are from each other.
    pub distance: f64,
}

fn is_first(rung: &Rung) -> bool {
    *rung == Rung::default()
}

/// An evaluation that goes on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Promoted {
    /// The evaluation.
    pub id: u64,
    /// Epochs done.
    pub from: u32,
    /// Epochs done at the end of its next part.
    pub until: u32,
    /// As [`Queued::told`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<Vec<u64>>,
}

/// What the search was told without an answer that is recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// The evaluations whose results it was told, in that order.
    pub ids: Vec<u64>,
}

/// Networks that were proposed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Proposed {
    /// The networks, in the order in which they wait.
    pub networks: Vec<Stored>,
}

/// Something about an evaluation that has no further fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// The evaluation.
    pub id: u64,
}

/// An evaluation that a back-end has begun, or that was handed out to be run by hand.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Started {
    /// The evaluation.
    pub id: u64,
    /// The worker's place, from 0.
    pub slot: usize,
    /// The device.
    pub device: String,
    /// What the back-end calls it, where it can be found again by that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handle: Option<String>,
    /// Whether it was handed out to be run by hand or by another program, which tells its result: no back-end has it, and no
    /// search runs it meanwhile.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_hand: bool,
}

impl Started {
    /// An evaluation that is handed out.
    pub(crate) fn by_hand(id: u64) -> Self {
        Self {
            id,
            slot: 0,
            device: "by hand".to_owned(),
            handle: None,
            by_hand: true,
        }
    }
}

/// How far a training has come.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// The evaluation.
    pub id: u64,
    /// Epochs done.
    pub epoch: u32,
    /// Epochs in all.
    pub epochs: u32,
    /// Mean training loss.
    pub loss: f64,
    /// Score on the validation data, where it was computed.
    #[serde(default)]
    pub score: Option<f64>,
}

/// A training that has stopped at a rung.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reached {
    /// The evaluation.
    pub id: u64,
    /// Epochs done.
    pub epochs: u32,
    /// Its score there.
    pub score: f64,
    /// What else is known.
    #[serde(default)]
    pub detail: Detail,
}

/// An evaluation that is over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finished {
    /// The evaluation.
    pub id: u64,
    /// What came of it.
    pub outcome: Outcome,
    /// What else is known.
    #[serde(default)]
    pub detail: Detail,
}

/// What simple methods reach on the rows that networks are trained and scored on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Compared {
    /// The simplest first.
    pub baselines: Vec<Simple>,
}

/// A simple method and its figures by the names that networks' metrics have.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Simple {
    /// Its name, for people.
    pub method: String,
    /// Fitted to the training rows, on the validation rows.
    pub validation: BTreeMap<String, f64>,
    /// Fitted to both, on the test rows, if there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test: Option<BTreeMap<String, f64>>,
}

/// The end of a search process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closed {
    /// Why.
    pub ending: Ending,
}

/// Why a search process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
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
pub struct Detail {
    /// Further figures by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metrics: BTreeMap<String, f64>,
    /// Wall-clock seconds from start to end.
    #[serde(default)]
    pub seconds: f64,
    /// Trainable parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<u64>,
    /// Of a last training, the evaluations whose networks the model is the mean of; empty where it is one network.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<u64>,
    /// Of a last training, what errors the model makes on the examples that it is scored on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub breakdown: Option<Box<Breakdown>>,
    /// The worker and its libtorch, with their versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker: Option<String>,
    /// Why it failed, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// An event with its time.
#[derive(Clone, Debug, Serialize)]
pub struct Stamped {
    /// The date: seconds since 1970 began, UTC.
    pub at: f64,
    /// Seconds since the search process took the study over, which no change of the date alters; absent in studies of
    /// format 1.
    #[serde(skip)]
    pub elapsed: Option<f64>,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

impl Event {
    /// Reads an event from its JSON.
    ///
    /// The derived way through `serde(tag)` would copy every network into an intermediate tree, which takes most of the
    /// time of opening a large study. Here the kind is read first and then the fields of that kind.
    ///
    /// # Errors
    ///
    /// The text is no event.
    pub fn from_json(text: &str) -> serde_json::Result<Self> {
        use serde_json::from_str;
        #[derive(Deserialize)]
        struct Tag<'a> {
            event: &'a str,
        }
        let known = text.strip_prefix("{\"event\":\"");
        let kind = match known.and_then(|rest| rest.split('"').next()) {
            Some(kind) => kind,
            None => from_str::<Tag<'_>>(text)?.event,
        };
        Ok(match kind {
            "created" => Self::Created(from_str(text)?),
            "described" => Self::Described(from_str(text)?),
            "opened" => Self::Opened(from_str(text)?),
            "queued" => Self::Queued(from_str(text)?),
            "promoted" => Self::Promoted(from_str(text)?),
            "told" => Self::Told(from_str(text)?),
            "proposed" => Self::Proposed(from_str(text)?),
            "retried" => Self::Retried(from_str(text)?),
            "started" => Self::Started(from_str(text)?),
            "progress" => Self::Progress(from_str(text)?),
            "reached" => Self::Reached(from_str(text)?),
            "finished" => Self::Finished(from_str(text)?),
            "interrupted" => Self::Interrupted(from_str(text)?),
            "lost" => Self::Lost(from_str(text)?),
            "fitted" => Self::Fitted(from_str(text)?),
            "retraining" => Self::Retraining(from_str(text)?),
            "retraining-progress" => Self::RetrainingProgress(from_str(text)?),
            "retrained" => Self::Retrained(from_str(text)?),
            "compared" => Self::Compared(from_str(text)?),
            "closed" => Self::Closed(from_str(text)?),
            other => {
                let message = format!("there is no event '{other}'");
                return Err(serde::de::Error::custom(message));
            }
        })
    }
}
