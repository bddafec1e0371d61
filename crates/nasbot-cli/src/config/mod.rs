//! What a search is, as a person writes it (TOML) and as it has been checked.
//!
//! The raw form lives in `raw` and never leaves this module: [`parse`] turns it into a [`Config`]
//! or into [`ConfigErrors`] that point at the place in the file.

mod check;
mod diagnostic;
mod duration;
mod raw;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nasbot_opt::{Halving, NetworkSpace, ValidConfig};
use nn_train::TrainingSpec;
use nn_train::data::DataSpec;

pub(crate) use self::diagnostic::ConfigErrors;
pub(crate) use self::duration::human;
use crate::error::Error;

/// A search that has been checked: only these can run.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    /// Names the study and its outputs.
    pub(crate) name: String,
    /// Where the file wants the study, if it says.
    pub(crate) study: Option<PathBuf>,
    /// The networks that are searched.
    pub(crate) space: NetworkSpace,
    /// Strategy, acquisition, kernel, seed.
    pub(crate) search: ValidConfig,
    /// The rungs at which trainings stop, if they do; nobody has reached any.
    pub(crate) halving: Option<Halving>,
    /// What evaluates a network.
    pub(crate) evaluator: Evaluator,
    /// Where and how evaluations run.
    pub(crate) workers: Workers,
    /// How much may be spent.
    pub(crate) budget: Budget,
}

/// What turns a network into a score.
#[derive(Clone, Debug)]
pub(crate) enum Evaluator {
    /// `nasbot-worker` trains it on libtorch.
    Local(Box<Training>),
    /// Any program: network in, score out.
    Command {
        /// The program and its arguments; run in the folder of the TOML file.
        program: Vec<String>,
        /// The folder of the TOML file.
        folder: PathBuf,
    },
    /// The paper's test functions; no process.
    Synthetic,
}

/// What a worker of ours is told.
#[derive(Clone, Debug)]
pub(crate) struct Training {
    /// The worker program, where the file names one.
    pub(crate) program: Option<PathBuf>,
    /// The data set, its paths absolute.
    pub(crate) data: DataSpec,
    /// The protocol.
    pub(crate) protocol: TrainingSpec,
}

/// Where and how evaluations run.
#[derive(Clone, Debug)]
pub(crate) struct Workers {
    /// Which devices.
    pub(crate) devices: Devices,
    /// Evaluations at once on each.
    pub(crate) per_device: usize,
    /// Longest time of one evaluation.
    pub(crate) timeout: Option<Duration>,
    /// Processor threads of a worker; the cores shared out evenly if absent.
    pub(crate) threads: Option<usize>,
    /// Whether a batch is waited for before the next is suggested.
    pub(crate) synchronous: bool,
    /// Stop after this many failures in a row.
    pub(crate) give_up_after: usize,
}

/// On what workers run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Devices {
    /// All visible GPUs, or else the processor.
    Auto,
    /// As listed.
    Listed(Vec<nn_train::job::Device>),
}

/// How much may be spent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    /// Evaluations in all, failed ones included.
    pub(crate) evaluations: u64,
    /// No evaluation starts once the search has run this long.
    pub(crate) wall_time: Option<Duration>,
}

/// A description as it was found: enough to check it again, years later and elsewhere.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Source {
    /// The TOML.
    pub(crate) text: String,
    /// Where it stood, for messages.
    pub(crate) path: PathBuf,
    /// What its relative paths are relative to; absolute.
    pub(crate) folder: PathBuf,
}

impl Source {
    /// Reads a TOML file.
    pub(crate) fn read(path: &Path) -> Result<Self, Error> {
        let text = fs::read_to_string(path).map_err(Error::read(path))?;
        let absolute = fs::canonicalize(path).map_err(Error::read(path))?;
        let folder = absolute.parent().map(Path::to_owned).unwrap_or_default();
        Ok(Self {
            text,
            path: path.to_owned(),
            folder,
        })
    }
}

/// What the command line replaces in a description.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Overrides {
    /// The seed.
    pub(crate) seed: Option<u64>,
    /// The number of evaluations.
    pub(crate) evaluations: Option<u64>,
}

/// Checks a description: the one way from TOML to a search that can run.
pub(crate) fn parse(source: &Source, overrides: Overrides) -> Result<Config, Error> {
    check::check(source, overrides).map_err(Error::Config)
}

/// Reads and checks a TOML file.
pub(crate) fn load(path: &Path) -> Result<Config, Error> {
    parse(&Source::read(path)?, Overrides::default())
}
