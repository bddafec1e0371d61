//! Everything that can stop a search.

use std::io;
use std::path::{Path, PathBuf};

use crate::report::quoted;

/// Why a search, or a look at a study, stopped. Messages name the thing and say what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no trained network.
    #[error("{} is no model: name a folder that `nasbot train` or a search wrote, a study, or a .safetensors file", .path.display())]
    NoModel {
        /// What was named.
        path: PathBuf,
    },
    /// A model can't be used on the examples.
    #[error("{0}")]
    Prediction(io::Error),
    /// A file can't be read.
    #[error("can't read {}: {source}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// A file can't be written.
    #[error("can't write {}: {source}", .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// A study is where a new one was to be written.
    #[error(
        "the study {0} exists already: continue it with `nasbot resume {1}`, keep it and start another \
         with --fresh, or name another place with --study",
        .path.display(), crate::report::quoted(.path)
    )]
    StudyExists {
        /// The study.
        path: PathBuf,
    },
    /// There is no study.
    #[error("there is no study {}: `nasbot search FILE.toml` starts one", .path.display())]
    NoStudy {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// A study is damaged: it cannot be read whole.
    #[error(
        "{} is damaged: {message}. Go on with a copy of an earlier day, or see what `sqlite3 {} .recover` can still read",
        .path.display(), quoted(.path)
    )]
    DamagedStudy {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
    /// A file is something else, or a history that no search can have left.
    #[error("{} is not a study of nasbot: {message}", .path.display())]
    NotAStudy {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
    /// A study of a later version.
    #[error(
        "{} has study format {found}, this nasbot knows {known}: use the nasbot that wrote it, or a newer one",
        .path.display()
    )]
    StudyVersion {
        /// The study.
        path: PathBuf,
        /// Its format.
        found: i64,
        /// The latest format that this program knows.
        known: i64,
    },
    /// Another search owns the study.
    #[error(
        "{} is being searched by {owner}: wait for it, or stop it; `nasbot show` works meanwhile",
        .path.display()
    )]
    StudyLocked {
        /// The study.
        path: PathBuf,
        /// The process that owns it.
        owner: String,
    },
    /// The weights that an evaluation is to begin with are not there.
    #[error(
        "evaluation {id} begins with the weights of evaluation {parent}, and {} is gone: put the file back, or let `nasbot resume` go on \
         without it",
        .path.display()
    )]
    WeightsGone {
        /// The evaluation.
        id: u64,
        /// The one whose weights they are.
        parent: u64,
        /// The file.
        path: PathBuf,
    },
    /// The study's file was removed or replaced while it was searched.
    #[error(
        "the study {} was removed, replaced or renamed while it was being searched; {}",
        .path.display(),
        match .copy {
            Some(copy) => format!("what was recorded is in {}", copy.display()),
            None => "what was recorded since is lost".to_owned(),
        }
    )]
    StudyGone {
        /// Where it was.
        path: PathBuf,
        /// What could be saved of it.
        copy: Option<PathBuf>,
    },
    /// SQLite refuses.
    #[error("the study {}: {source}{}", .path.display(), sqlite_hint(.source))]
    Sqlite {
        /// The study.
        path: PathBuf,
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// There is no evaluation with this number.
    #[error("{} has no evaluation {id}: it has {count}, numbered from 0", .path.display())]
    NoEvaluation {
        /// The study.
        path: PathBuf,
        /// The number.
        id: u64,
        /// How many there are.
        count: usize,
    },
    /// A result of an evaluation that was not handed out.
    #[error(
        "evaluation {id} was not handed out{}: `nasbot ask {}` hands out what waits, and only that can be told",
        .held.as_ref().map(|held| format!(", {held}")).unwrap_or_else(String::new), crate::report::quoted(.path)
    )]
    NotByHand {
        /// The study.
        path: PathBuf,
        /// The evaluation.
        id: u64,
        /// What has it.
        held: Option<String>,
    },
    /// A result of an evaluation that has another one already.
    #[error("evaluation {id} has a result already, {known}: it is not replaced by {told}")]
    ToldOtherwise {
        /// The evaluation.
        id: u64,
        /// Its result.
        known: String,
        /// What was told now.
        told: String,
    },
    /// A result after another number of epochs than the evaluation was handed out for.
    #[error(
        "evaluation {id} is to be trained up to {expected}, not {found} epochs: tell the score after that"
    )]
    OtherEpochs {
        /// The evaluation.
        id: u64,
        /// Epochs done when its score is wanted; 0 where the study knows none.
        expected: u32,
        /// Epochs that were told.
        found: u32,
    },
    /// A figure that is told and can't be recorded.
    #[error("evaluation {id}: {name} is {value}, which is no finite number")]
    Figure {
        /// The evaluation.
        id: u64,
        /// The figure's name.
        name: String,
        /// Its value.
        value: f64,
    },
    /// A figure that an objective or a constraint needs and that is not there.
    #[error("there is no figure `{name}`: {message}")]
    NoFigure {
        /// The figure's name.
        name: String,
        /// Why, or what to do.
        message: String,
    },
    /// A network that is given and lies outside of the study's space.
    #[error("the network is outside of the study's space: {reason}")]
    OutsideSpace {
        /// Why.
        reason: String,
    },
    /// A network that is given once the budget is spent.
    #[error("the budget of {budget} evaluations is spent: give a larger one with --evaluations")]
    BudgetSpent {
        /// The budget.
        budget: u64,
    },
    /// A network of a study cannot be read.
    #[error("the network of evaluation {id}: {source}")]
    StoredNetwork {
        /// The evaluation.
        id: u64,
        /// What is wrong with it.
        source: nn_graph::Error,
    },
    /// An earlier study that nothing can be learnt from.
    #[error("{} cannot be an earlier study of this search (search.prior): {message}", .path.display())]
    Prior {
        /// The earlier study.
        path: PathBuf,
        /// Why not.
        message: String,
    },
    /// A study has no network with a score.
    #[error("{} has no scored evaluation yet: wait for the first, or name one with --evaluation", .path.display())]
    NothingScored {
        /// The study.
        path: PathBuf,
    },
    /// The worker is not there.
    #[error(
        "the worker program nasbot-worker was not found; looked at: {}\n\
         build it with:  eval \"$(scripts/libtorch.sh)\" && cargo build --release -p nn-train --features torch\n\
         then put it beside nasbot or on the PATH, or set NASBOT_WORKER or [workers] program to its path",
        .tried.join(", ")
    )]
    NoWorker {
        /// Where it was looked for.
        tried: Vec<String>,
    },
    /// Settings that name no back-end of ours.
    #[error("the settings say Evaluator::Own: hand over a back-end with session::run")]
    NoBackend,
    /// A program of the user's is not there, or cannot be run.
    #[error("workers.command: {0}")]
    NoProgram(String),
    /// The program that proposes networks is not there, or cannot be run.
    #[error("proposals.command: {0}")]
    NoProposer(String),
    /// A queue cannot be used.
    #[error("{0}")]
    Queue(String),
    /// A device is not there.
    #[error("{0}")]
    Device(String),
    /// The search itself refuses.
    #[error(transparent)]
    Search(#[from] nasbot_opt::Error),
    /// The data do not fit, or cannot be read.
    #[error(transparent)]
    Training(#[from] nn_train::Error),
    /// Every evaluation would fail in the same way.
    #[error("stopped: {message}\nthe study is kept; once that is mended: nasbot resume {}", crate::report::quoted(.study))]
    Unusable {
        /// What is wrong.
        message: String,
        /// The study.
        study: PathBuf,
    },
    /// Too many evaluations in a row failed.
    #[error(
        "gave up: {message}\nthe study is kept; once that is mended: nasbot resume {} --retry-failed",
        crate::report::quoted(.study)
    )]
    GaveUp {
        /// How many, and why the last one did.
        message: String,
        /// The study.
        study: PathBuf,
    },
    /// The search was asked to stop.
    #[error("interrupted: continue with `nasbot resume {}`", crate::report::quoted(.study))]
    Interrupted {
        /// The study.
        study: PathBuf,
    },
    /// No evaluation has a score.
    #[error("no evaluation succeeded: {summary}. `nasbot show {}` says why", crate::report::quoted(.study))]
    NothingSucceeded {
        /// The study.
        study: PathBuf,
        /// How many failed in which way.
        summary: String,
    },
    /// The best network could not be trained once more.
    #[error("the best network could not be trained once more: {message}\ntry again: nasbot resume {}", crate::report::quoted(.study))]
    Retraining {
        /// What went wrong.
        message: String,
        /// The study.
        study: PathBuf,
    },
    /// A budget below what has been spent.
    #[error(
        "{done} evaluations have been begun already: {asked} is less than that; give at least {done}"
    )]
    BudgetBelow {
        /// What was asked for.
        asked: u64,
        /// What has been begun.
        done: u64,
    },
    /// A path that cannot be recorded.
    #[error("{} is not text in UTF-8, which studies record paths in: rename it", .path.display())]
    NotText {
        /// The path.
        path: PathBuf,
    },
    /// The page of a study cannot be written.
    #[error("the page can't be written: {message}")]
    Page {
        /// What the template says.
        message: String,
    },
    /// A value cannot be written as JSON.
    #[error("this can't be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

impl Error {
    /// For `map_err`: a file that can't be read.
    pub fn read(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Read { path, source }
    }

    /// For `map_err`: a file that can't be written.
    pub fn write(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Write { path, source }
    }

    /// For `map_err`: what SQLite says of a study.
    pub(crate) fn sqlite(path: &Path) -> impl FnOnce(rusqlite::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Sqlite { path, source }
    }

    /// Whether SQLite refuses.
    pub(crate) fn is_about_database(&self) -> bool {
        matches!(self, Self::Sqlite { .. })
    }
}

/// What to do about some of SQLite's errors.
fn sqlite_hint(source: &rusqlite::Error) -> &'static str {
    match source.sqlite_error_code() {
        Some(rusqlite::ErrorCode::DiskFull) => {
            "; free some space: what was committed is safe, and `nasbot resume` goes on from there"
        }
        Some(rusqlite::ErrorCode::NotADatabase | rusqlite::ErrorCode::DatabaseCorrupt) => {
            "; its file was overwritten or damaged"
        }
        _ => "",
    }
}
