//! Where the study of a description goes, and what it begins with.

use std::fs;
use std::path::{Path, PathBuf};

use nasbot::report;
use nasbot::settings::{Description, Settings};
use nasbot::study::{self, Created, Event, Prior};

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
    let priors = priors(&config.settings, &description)?;
    let created = Created::described(&config.settings, description.seen_from(path));
    Ok(Event::Created(created.learning_from(priors)))
}

/// What a new search learns from earlier studies.
pub(crate) fn priors(settings: &Settings, description: &Description) -> Result<Vec<Prior>, Error> {
    let paths = settings.search.prior.iter();
    let priors = paths.map(|path| {
        let path = description.folder.join(path);
        let prior = Prior::read(&path, &settings.space);
        prior.map_err(|error| match error {
            nasbot::Error::Prior { .. } => error,
            error => nasbot::Error::Prior {
                message: error.to_string(),
                path,
            },
        })
    });
    Ok(priors.collect::<Result<_, _>>()?)
}

/// What a new search learns from earlier studies, in a line each.
pub(crate) fn remarks(priors: &[Prior]) -> impl Iterator<Item = String> {
    priors.iter().map(|prior| {
        let learnt = match prior.evaluations.len() {
            all if all == prior.scored => "all".to_owned(),
            some => format!("{some}"),
        };
        format!(
            "learns from {}: {} scores, {learnt} of them taken over",
            report::quoted(Path::new(&prior.study)),
            prior.scored
        )
    })
}
