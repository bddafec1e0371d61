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

use nasbot::settings::{Description, Settings};

pub(crate) use self::diagnostic::ConfigErrors;
pub(crate) use self::duration::Span;
use crate::error::Error;

/// A description that has been checked.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    /// What is searched, and how.
    pub(crate) settings: Settings,
    /// Where the file wants the study, if it says.
    pub(crate) study: Option<PathBuf>,
}

/// Reads a TOML file.
pub(crate) fn read(path: &Path) -> Result<Description, Error> {
    let text = fs::read_to_string(path).map_err(Error::read(path))?;
    let absolute = fs::canonicalize(path).map_err(Error::read(path))?;
    let folder = absolute.parent().map(Path::to_owned).unwrap_or_default();
    if folder.to_str().is_none() || path.to_str().is_none() {
        return Err(nasbot::Error::NotText { path: absolute }.into());
    }
    Ok(Description {
        text,
        path: path.to_owned(),
        folder,
        from_study: None,
    })
}

/// What the command line replaces in a description.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Overrides {
    /// The seed.
    pub(crate) seed: Option<u64>,
    /// The number of evaluations.
    pub(crate) evaluations: Option<u64>,
    /// The limit of time.
    pub(crate) wall_time: Option<Duration>,
}

/// Checks a description: the one way from TOML to a search that can run.
pub(crate) fn parse(source: &Description, overrides: Overrides) -> Result<Config, Error> {
    check::check(source, overrides).map_err(Error::Config)
}

/// Reads and checks a TOML file.
pub(crate) fn load(path: &Path) -> Result<Config, Error> {
    parse(&read(path)?, Overrides::default())
}
