//! What a search is, as a person writes it (TOML) and as it has been checked.
//!
//! The raw form lives in `raw` and never leaves this module: [`parse`] turns it into a [`Config`]
//! or into [`ConfigErrors`] that point at the place in the file.

mod aims;
mod check;
mod diagnostic;
mod duration;
mod keys;
mod raw;
mod reference;
mod schema;
mod set;
mod size;
#[cfg(test)]
mod tests;
mod tune;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nasbot::settings::{Description, Evaluator, Settings};
use nn_train::Facts;
use nn_train::data::{Contents, DataSpec, Dataset, Dealing, Task};

pub(crate) use self::diagnostic::{ConfigErrors, in_plain_words, render, visible};
pub(crate) use self::duration::Span;
pub(crate) use self::reference::{example, page};
pub(crate) use self::schema::schema;
pub(crate) use self::set::{Setting, given, named, put, recorded};
use crate::error::Error;

/// A description that has been checked.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    /// What is searched, and how.
    pub(crate) settings: Settings,
    /// Where the file wants the study, if it says.
    pub(crate) study: Option<PathBuf>,
    /// What is in the data, where they have been opened.
    pub(crate) contents: Option<Contents>,
}

/// Reads a TOML file, and puts into it what is given beside it.
pub(crate) fn read(path: &Path, settings: &[Setting]) -> Result<Description, Error> {
    let text = text(path)?;
    let absolute = fs::canonicalize(path).map_err(Error::read(path))?;
    let folder = absolute.parent().map(Path::to_owned).unwrap_or_default();
    if folder.to_str().is_none() || path.to_str().is_none() {
        return Err(nasbot::Error::NotText { path: absolute }.into());
    }
    let description = Description {
        text,
        path: path.to_owned(),
        folder,
        from_study: None,
        set: Vec::new(),
    };
    put(description, settings)
}

/// The text of a file that is to be a description. What is none by its first bytes is said to be what it is.
fn text(path: &Path) -> Result<String, Error> {
    let is_data = DataSpec::new(path, Task::Class).format().is_some();
    if is_data && path.exists() {
        return Err(Error::Usage(format!(
            "{} is data by its name, and a search description (TOML) is wanted here: `nasbot init --data {}` writes one",
            path.display(),
            nasbot::report::quoted(path)
        )));
    }
    let bytes = fs::read(path).map_err(Error::read(path))?;
    let name = path.display();
    if bytes.starts_with(b"SQLite format 3\0") {
        return Err(Error::Usage(format!(
            "{name} is a study, and a search description (TOML) is wanted here: `nasbot resume {}` goes on with a study",
            nasbot::report::quoted(path)
        )));
    }
    if bytes.trim_ascii_start().starts_with(b"{") {
        return Err(Error::Usage(format!(
            "{name} is JSON, a network perhaps, and a search description (TOML) is wanted here: `nasbot init` writes one"
        )));
    }
    String::from_utf8(bytes).map_err(|error| {
        let line = error.as_bytes()[..error.utf8_error().valid_up_to()].iter();
        let line = line.filter(|byte| **byte == b'\n').count() + 1;
        Error::Usage(format!(
            "{name} is no search description: line {line} holds what is no UTF-8, the encoding of TOML"
        ))
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
    /// What is known of the data, as a study has recorded it.
    pub(crate) facts: Option<Facts>,
    /// Whether nothing will be trained, so that the data need not be there.
    pub(crate) without_data: bool,
}

/// Checks a description: the one way from TOML to a search that can run.
pub(crate) fn parse(source: &Description, overrides: Overrides) -> Result<Config, Error> {
    check::check(source, overrides).map_err(Error::Config)
}

/// Checks a description, then opens its data, if it trains on data: what it leaves open follows from them.
pub(crate) fn open(source: &Description, overrides: Overrides) -> Result<Config, Error> {
    let config = parse(source, overrides)?;
    let Evaluator::Local(training) = &config.settings.evaluator else {
        return Ok(config);
    };
    let contents = nn_train::data::describe(&training.data)?;
    let facts = seen(Facts::of(&training.data, &contents));
    let config = knowing(source, overrides, facts, &contents.dealing)?;
    Ok(Config {
        contents: Some(contents),
        ..config
    })
}

/// What is known of the data, with what this machine has.
fn seen(facts: Facts) -> Facts {
    Facts {
        gpu: nasbot::backend::sees_gpu(),
        ..facts
    }
}

/// Checks a description whose data have been read.
fn knowing(
    source: &Description,
    overrides: Overrides,
    facts: Facts,
    dealing: &Dealing,
) -> Result<Config, Error> {
    let overrides = Overrides {
        facts: Some(facts),
        ..overrides
    };
    let config = parse(source, overrides)?;
    check::folds(source, &config.settings, dealing).map_err(Error::Config)?;
    Ok(config)
}

/// Checks a description and reads all of its data, if it trains on data.
pub(crate) fn with_data(
    path: &Path,
    settings: &[Setting],
) -> Result<(Config, Option<Dataset>), Error> {
    let source = read(path, settings)?;
    let overrides = Overrides::default();
    let config = parse(&source, overrides)?;
    let Evaluator::Local(training) = &config.settings.evaluator else {
        return Ok((config, None));
    };
    let data = nn_train::data::load(&training.data)?;
    let facts = seen(Facts::of_loaded(&training.data, &data));
    let config = knowing(&source, overrides, facts, &data.dealing)?;
    Ok((config, Some(data)))
}
