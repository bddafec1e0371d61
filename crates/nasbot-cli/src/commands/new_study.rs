//! Where the study of a description goes, and what it begins with.

use std::fs;
use std::path::{Path, PathBuf};

use nasbot::settings::Description;
use nasbot::study::{self, Created, Event};

use crate::config::Config;
use crate::error::Error;

/// The place of a description's study: as asked for, as the description says, or by its name.
pub(crate) fn place(asked: Option<&Path>, config: &Config) -> Result<PathBuf, Error> {
    let given = asked.or(config.study.as_deref());
    let path = given.map_or_else(
        || study::default_path(&config.settings.name),
        Path::to_owned,
    );
    match path.to_str() {
        Some(_) => Ok(path),
        None => Err(nasbot::Error::NotText { path }.into()),
    }
}

/// The first event of a study at `path`, whose folder is made: the description is found again from there.
pub(crate) fn first(
    config: &Config,
    description: Description,
    path: &Path,
) -> Result<Event, Error> {
    let folder = path.parent();
    if let Some(folder) = folder.filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder).map_err(Error::write(folder))?;
    }
    let description = description.seen_from(path);
    Ok(Event::Created(Created::described(
        &config.settings,
        description,
    )))
}
