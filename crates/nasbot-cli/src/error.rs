//! Everything that can stop a command, and the exit status that it stops with.

use std::io;
use std::path::{Path, PathBuf};

use crate::config::ConfigErrors;

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
    /// Some of the files that were to be validated are invalid; each has been reported.
    #[error("{invalid} of {total} {} invalid", if *.invalid == 1 { "is" } else { "are" })]
    Invalid { invalid: usize, total: usize },
    /// A study is where a new one was to be written.
    #[error(
        "the study {0} exists already: continue it with `nasbot resume {0}`, keep it and start another \
         with --fresh, or name another place with --study",
        .path.display()
    )]
    StudyExists { path: PathBuf },
    /// There is no study.
    #[error("there is no study {}: `nasbot search FILE.toml` starts one", .path.display())]
    NoStudy { path: PathBuf },
    /// A file is something else.
    #[error("{} is not a study of nasbot: {message}", .path.display())]
    NotAStudy { path: PathBuf, message: String },
    /// A study of a later version.
    #[error(
        "{} has study format {found}, this nasbot knows {known}: use the nasbot that wrote it, or a newer one",
        .path.display()
    )]
    StudyVersion {
        path: PathBuf,
        found: i64,
        known: i64,
    },
    /// Another search owns the study.
    #[error(
        "{} is being searched by {owner}: wait for it, or stop it; `nasbot show` works meanwhile",
        .path.display()
    )]
    StudyLocked { path: PathBuf, owner: String },
    /// SQLite refuses.
    #[error("the study {}: {source}", .path.display())]
    Sqlite {
        path: PathBuf,
        source: rusqlite::Error,
    },
    /// An evaluation that the study does not have.
    #[error("{} has no evaluation {id}: it has {count}, numbered from 0", .path.display())]
    NoEvaluation {
        path: PathBuf,
        id: u64,
        count: usize,
    },
    /// The study has no finished evaluation yet.
    #[error("{} has no scored evaluation yet: wait for the first, or name one with --evaluation", .path.display())]
    NothingScored { path: PathBuf },
    /// The worker program is nowhere.
    #[error(
        "the worker program nasbot-worker was not found; looked at: {}\n\
         build it with:  eval \"$(scripts/libtorch.sh)\" && cargo build --release -p nn-train --features torch\n\
         then put it beside nasbot or on the PATH, or set NASBOT_WORKER or [workers] program to its path",
        .tried.join(", ")
    )]
    NoWorker { tried: Vec<String> },
    /// A device that is not there.
    #[error("{0}")]
    Device(String),
    /// Evaluations can't work at all, whatever the network.
    #[error("stopped: {message}\nthe study is kept; once that is mended: nasbot resume {}", .study.display())]
    Hopeless { message: String, study: PathBuf },
    /// The search itself can't go on.
    #[error(transparent)]
    Search(#[from] nasbot_opt::Error),
    /// Stopped on request.
    #[error("interrupted: continue with `nasbot resume {}`", .study.display())]
    Interrupted { study: PathBuf },
    /// The best network could not be trained once more.
    #[error("the best network could not be trained once more: {message}\ntry again: nasbot resume {}", .study.display())]
    Retraining { message: String, study: PathBuf },
    /// There is something where a model was to be written.
    #[error("{} exists already: keep it and write another beside it with --fresh, or name another place with --out", .path.display())]
    ModelExists { path: PathBuf },
    /// A network can't be trained on the data that were named for it.
    #[error(transparent)]
    Unfit(#[from] nn_train::Error),
    /// One training failed.
    #[error("the training failed: {message}\nits log: {}", .log.display())]
    Training { message: String, log: PathBuf },
    /// One training was stopped.
    #[error("interrupted: nothing was written")]
    Stopped,
    /// Signals can't be caught.
    #[error("can't prepare for Ctrl-C: {0}")]
    Signals(io::Error),
    /// Nobody reads what is printed any more.
    #[error("standard output was closed")]
    OutputClosed,
}

impl Error {
    /// The exit status: 1 failure, 2 wrong input, 130 interrupted.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_)
            | Self::Config(_)
            | Self::Network { .. }
            | Self::Pair { .. }
            | Self::Place { .. }
            | Self::Distance(_)
            | Self::Invalid { .. }
            | Self::StudyExists { .. }
            | Self::NoStudy { .. }
            | Self::NotAStudy { .. }
            | Self::StudyVersion { .. }
            | Self::NoEvaluation { .. }
            | Self::ModelExists { .. }
            | Self::Unfit(_)
            | Self::Device(_) => 2,
            // A file that a person named and that is not there is wrong input.
            Self::Read { source, .. } if source.kind() == io::ErrorKind::NotFound => 2,
            Self::Interrupted { .. } | Self::Stopped => 130,
            Self::OutputClosed => 0,
            _ => 1,
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

    pub(crate) fn sqlite(path: &Path) -> impl FnOnce(rusqlite::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Sqlite { path, source }
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
