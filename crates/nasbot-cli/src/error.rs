//! Everything that can stop a command, and the exit status that it stops with.

use std::io;
use std::path::{Path, PathBuf};

use nasbot::report::clean;

use crate::config::{self, ConfigErrors};
use crate::excerpt::Excerpt;

/// Why a command stopped. Messages name the thing and say what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum Error {
    /// The arguments can't be used together, or one is out of its range.
    #[error("{0}")]
    Usage(String),
    /// A search description is wrong.
    #[error("{0}")]
    Config(ConfigErrors),
    /// A file can't be read.
    #[error("can't read {}: {source}{}", .path.display(), missing_hint(.path, .source))]
    Read { path: PathBuf, source: io::Error },
    /// A file can't be written.
    #[error("can't write {}: {source}", .path.display())]
    Write { path: PathBuf, source: io::Error },
    /// A description is no valid network.
    #[error("{place}: {source}")]
    Network {
        /// The file, and the line where several stand in one.
        place: String,
        source: nn_graph::Error,
        /// The error where it lies in a file.
        shown: Option<Box<Excerpt>>,
    },
    /// A line of pairs is not `{"a":NETWORK,"b":NETWORK}`.
    #[error("{place}: {message}: a line must be {{\"a\":NETWORK,\"b\":NETWORK}}")]
    Pair { place: String, message: String },
    /// An error about one line of several.
    #[error("{place}: {source}")]
    Place { place: String, source: Box<Error> },
    /// The distance refused its arguments.
    #[error(transparent)]
    Distance(#[from] otmann::Error),
    /// A description differs from a study's in what the scores of its evaluations depend on.
    #[error("{} can't be taken up by {}: {changes}. {}; put that back, or start a new study with `nasbot search {} --fresh`", .file.display(), .study.display(), if *.is_scored { "The scores that the study has would not be comparable" } else { "A study keeps what it searches" }, nasbot::report::quoted(.file))]
    Unlike {
        /// The description.
        file: PathBuf,
        study: PathBuf,
        /// What differs, in words.
        changes: String,
        /// Whether a network has a score.
        is_scored: bool,
    },
    /// Some of the files that were to be validated are invalid; each has been reported.
    #[error("{invalid} of {total} {} invalid", if *.invalid == 1 { "is" } else { "are" })]
    Invalid { invalid: usize, total: usize },
    /// A study that is recomputed is another one now; what differs has been printed.
    #[error("the study is not recomputed as it was recorded: {differing} differences")]
    Differs { differing: usize },
    /// A study or a search says no.
    #[error("{0}")]
    Search(nasbot::Error),
    /// There is something where a model was to be written.
    #[error("{} exists already: keep it and write another beside it with --fresh, or name another place with --out", .path.display())]
    ModelExists { path: PathBuf },
    /// A network can't be trained on the data that were named for it.
    #[error(transparent)]
    Unfit(nn_train::Error),
    /// One training failed.
    #[error("the training failed: {message}\nits log: {}", .log.display())]
    Training { message: String, log: PathBuf },
    /// A network could not be evaluated at all.
    #[error("{message}{}", if .log.is_empty() { String::new() } else { format!("\nits log:\n{log}") })]
    Evaluation { message: String, log: String },
    /// An evaluation failed; how has been printed.
    #[error("the evaluation failed")]
    NoScore,
    /// One training was stopped.
    #[error("interrupted: nothing was written")]
    Stopped,
    /// A drawing can't be written as PNG.
    #[error("the drawing can't be written as PNG: {message}")]
    Picture { message: String },
    /// No page can be served.
    #[error("can't serve: {0}: name another address or port with --address and --port")]
    Listen(io::Error),
    /// Signals can't be caught.
    #[error("can't prepare for Ctrl-C: {0}")]
    Signals(io::Error),
    /// The reader of standard output has gone.
    #[error("standard output was closed")]
    OutputClosed,
}

impl Error {
    /// The exit status: 1 failure, 2 wrong input, 3 no evaluation succeeded, 130 interrupted.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_)
            | Self::Config(_)
            | Self::Network { .. }
            | Self::Pair { .. }
            | Self::Place { .. }
            | Self::Distance(_)
            | Self::Invalid { .. }
            | Self::Unlike { .. }
            | Self::ModelExists { .. }
            | Self::Unfit(_) => 2,
            Self::Search(error) => status(error),
            // A file that a person named and that is not there is wrong input.
            Self::Read { source, .. } if source.kind() == io::ErrorKind::NotFound => 2,
            Self::NoScore => NOTHING,
            Self::Stopped => INTERRUPTED,
            Self::OutputClosed => 0,
            _ => 1,
        }
    }

    /// The error as a person is told it: with the line and a caret where it lies in a text.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Config(errors) => errors.render().trim_end().to_owned(),
            Self::Network {
                shown: Some(shown), ..
            } => config::render(shown.as_ref()).trim_end().to_owned(),
            error => format!("nasbot: {}", clean(&error.to_string())),
        }
    }

    pub(crate) fn read(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Read { path, source }
    }

    pub(crate) fn write(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Write { path, source }
    }
}

/// The exit status of an interrupted command.
pub(crate) const INTERRUPTED: u8 = 130;

/// The exit status of a search that ended without a score, or gave up.
const NOTHING: u8 = 3;

/// The exit status for an error of the library.
fn status(error: &nasbot::Error) -> u8 {
    use nasbot::Error as E;
    match error {
        E::StudyExists { .. }
        | E::NoStudy { .. }
        | E::NoModel { .. }
        | E::NotAStudy { .. }
        | E::DamagedStudy { .. }
        | E::StudyVersion { .. }
        | E::NoEvaluation { .. }
        | E::NotText { .. }
        | E::BudgetBelow { .. }
        | E::BudgetSpent { .. }
        | E::NotByHand { .. }
        | E::ToldOtherwise { .. }
        | E::OtherEpochs { .. }
        | E::OutsideSpace { .. }
        | E::Figure { .. }
        | E::NoFigure { .. }
        | E::NoProgram(_)
        | E::NoProposer(_)
        | E::Device(_)
        | E::Training(_) => 2,
        E::Read { source, .. } if source.kind() == io::ErrorKind::NotFound => 2,
        E::Search(
            nasbot_opt::Error::Duplicate { .. }
            | nasbot_opt::Error::NotFinite { .. }
            | nasbot_opt::Error::Objectives { .. },
        ) => 2,
        E::NothingSucceeded { .. } | E::GaveUp { .. } => NOTHING,
        E::Interrupted { .. } => INTERRUPTED,
        _ => 1,
    }
}

impl From<nasbot::Error> for Error {
    fn from(error: nasbot::Error) -> Self {
        match error {
            nasbot::Error::Read { path, source } => Self::Read { path, source },
            nasbot::Error::Write { path, source } => Self::Write { path, source },
            error => Self::Search(error),
        }
    }
}

impl From<nn_train::Error> for Error {
    fn from(error: nn_train::Error) -> Self {
        Self::Unfit(error)
    }
}

impl From<nasbot_opt::Error> for Error {
    fn from(error: nasbot_opt::Error) -> Self {
        Self::Search(error.into())
    }
}

fn missing_hint(path: &Path, source: &io::Error) -> String {
    if source.kind() == io::ErrorKind::NotFound && path.is_relative() {
        match std::env::current_dir() {
            Ok(here) => format!(" (relative to {})", here.display()),
            Err(_) => String::new(),
        }
    } else {
        String::new()
    }
}
