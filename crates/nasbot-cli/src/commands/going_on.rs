//! The settings with which a study goes on: those of its description, as it is recorded or has been mended.

use std::path::Path;

use nasbot::settings::Description;
use nasbot::study::{Change, Described, Event, Ledger};
use nn_train::Facts;

use super::mending::{Differences, listed};
use crate::config::{self, Config, Overrides, Setting};
use crate::error::Error;
use crate::terminal;

/// What a study goes on with.
pub(crate) struct GoingOn {
    /// The settings in force.
    pub(crate) config: Config,
    /// What is to be recorded first: the description, if it has been mended.
    pub(crate) event: Option<Event>,
}

/// A description that has been mended, and what is another value in it.
struct Mended {
    description: Description,
    changes: Vec<Change>,
    /// What is known of the data it names, where the study has nothing yet that follows from those it began with.
    facts: Option<Facts>,
}

/// The settings with which the study at `path` goes on; `asked` is what the command line says, `file` the description that it
/// names, and `settings` what it gives beside that.
pub(crate) fn going_on(
    path: &Path,
    ledger: &Ledger,
    asked: Overrides,
    file: Option<&Path>,
    settings: &[Setting],
) -> Result<GoingOn, Error> {
    let recorded = recorded(path, ledger)?;
    let overrides = Overrides {
        seed: Some(ledger.seed()),
        facts: ledger.facts(),
        ..asked
    };
    let given = (file, settings);
    let mended = match mended(path, &recorded, ledger, (overrides, given))? {
        mended if file.is_some() || settings.is_empty() => mended,
        mended => set(path, &recorded, mended, ledger, (overrides, settings))?,
    };
    let facts = mended.as_ref().and_then(|mended| mended.facts);
    let overrides = Overrides {
        facts: facts.or(overrides.facts),
        ..overrides
    };
    let description = mended.as_ref().map(|mended| &mended.description);
    let config = config(ledger, &recorded, description, overrides)?;
    let event = mended.map(|mended| {
        for change in &mended.changes {
            terminal::say(&format!("nasbot: mended: {}", listed([change])));
        }
        Event::Described(Described {
            description: mended.description.seen_from(path),
            metric: config.settings.metric(),
            facts: mended.facts,
            changes: mended.changes,
        })
    });
    Ok(GoingOn { config, event })
}

/// The description of a study, where it stands now.
fn recorded(path: &Path, ledger: &Ledger) -> Result<Description, Error> {
    let Some(description) = ledger.description() else {
        return Err(nasbot::Error::NotAStudy {
            path: path.to_owned(),
            message: "its history is empty; start anew with `nasbot search`".to_owned(),
        }
        .into());
    };
    Ok(description.clone().located(path))
}

/// The settings in force: those of the description, and of what the study was last continued with.
fn config(
    ledger: &Ledger,
    recorded: &Description,
    mended: Option<&Description>,
    asked: Overrides,
) -> Result<Config, Error> {
    let mut overrides = asked;
    let before = config::parse(recorded, overrides);
    let before = before.map(|config| config.settings.budget);
    let now = match mended {
        Some(description) => config::parse(description, overrides)?,
        None => config::parse(recorded, overrides)?,
    };
    let budget = now.settings.budget;
    // A budget that was mended holds; otherwise that which the study was last continued with.
    if asked.evaluations.is_none()
        && before
            .as_ref()
            .map_or(true, |b| b.evaluations == budget.evaluations)
    {
        overrides.evaluations = Some(ledger.budget);
    }
    if asked.wall_time.is_none() && before.is_ok_and(|b| b.wall_time == budget.wall_time) {
        overrides.wall_time = ledger.wall_time;
    }
    config::parse(mended.unwrap_or(recorded), overrides)
}

/// The description in force where it is not the recorded one: `file`, which the command line names and which is refused if it can't
/// be taken up, or the study's own as it is in its file now, which is left alone then.
fn mended(
    path: &Path,
    recorded: &Description,
    ledger: &Ledger,
    (overrides, (file, settings)): (Overrides, (Option<&Path>, &[Setting])),
) -> Result<Option<Mended>, Error> {
    let own = recorded.file();
    let source = file.unwrap_or(&own);
    if file.is_none() && !own.is_file() {
        return Ok(None);
    }
    let description = match file {
        Some(_) => config::read(source, settings)?,
        // As it was named when the study began, and with what was given beside it then.
        None => Description {
            path: recorded.path.clone(),
            ..config::read(source, &config::recorded(recorded)?)?
        },
    };
    let is_same = description.text == recorded.text && description.folder == recorded.folder;
    let verdict = match is_same {
        true => Verdict::Same,
        false => compare(recorded, description, ledger, overrides)?,
    };
    match verdict {
        Verdict::Mended(mended) => Ok(Some(*mended)),
        Verdict::Same => {
            if file.is_some() {
                let source = source.display();
                terminal::say(&format!(
                    "nasbot: {source} says what the study goes by already"
                ));
            }
            Ok(None)
        }
        Verdict::Deferred(changes) => {
            terminal::say(&format!(
                "nasbot: {} has changed in its data, which `nasbot resume` takes up: {changes}",
                source.display()
            ));
            Ok(None)
        }
        Verdict::Refused(changes) if file.is_some() => Err(Error::Unlike {
            file: source.to_owned(),
            study: path.to_owned(),
            changes,
            is_scored: is_scored(ledger),
        }),
        Verdict::Refused(changes) => {
            terminal::say(&format!(
                "nasbot: {} has changed in what the evaluations of this study depend on: {changes}. The study goes on with what it \
                 began with; `nasbot search --fresh` starts one with the new description",
                source.display()
            ));
            Ok(None)
        }
    }
}

/// The description in force with what the command line gives beside it.
fn set(
    path: &Path,
    recorded: &Description,
    mended: Option<Mended>,
    ledger: &Ledger,
    (overrides, settings): (Overrides, &[Setting]),
) -> Result<Option<Mended>, Error> {
    let base = mended.map_or_else(|| recorded.clone(), |mended| mended.description);
    let description = config::put(base, settings)?;
    let refused = |changes: &str, why: &str| {
        Err(Error::Usage(format!(
            "{} can't be taken up by {}: {changes}. {why}",
            config::named(settings),
            path.display()
        )))
    };
    match compare(recorded, description, ledger, overrides)? {
        Verdict::Same => Ok(None),
        Verdict::Mended(mended) => Ok(Some(*mended)),
        Verdict::Deferred(changes) => refused(&changes, "`nasbot resume` looks at the data"),
        Verdict::Refused(changes) if is_scored(ledger) => refused(
            &changes,
            "The scores that the study has would not be comparable; leave it out, or start a new study",
        ),
        Verdict::Refused(changes) => refused(
            &changes,
            "A study keeps what it searches; leave it out, or start a new study",
        ),
    }
}

/// Whether a description can be taken up by a study.
enum Verdict {
    /// It says the same.
    Same,
    Mended(Box<Mended>),
    /// Scores would not be comparable; why.
    Refused(String),
    /// Its data would have to be looked at, which is not done here; what has changed.
    Deferred(String),
}

fn compare(
    recorded: &Description,
    description: Description,
    ledger: &Ledger,
    overrides: Overrides,
) -> Result<Verdict, Error> {
    // What is wrong with it is said now: it was changed for this.
    let alone = Overrides {
        without_data: overrides.without_data,
        ..Overrides::default()
    };
    config::parse(&description, alone)?;
    let differences = Differences::of(&recorded.text, &description.text);
    let has_moved = description.folder != recorded.folder;
    if differences.is_empty() && !has_moved {
        return Ok(Verdict::Same);
    }
    let is_scored = is_scored(ledger);
    let refused = differences.refused(is_scored);
    if !refused.is_empty() {
        return Ok(Verdict::Refused(listed(refused)));
    }
    if overrides.without_data && differences.concerns_data() {
        return Ok(Verdict::Deferred(listed(&differences.into_changes())));
    }
    let mut facts = None;
    if !overrides.without_data && (has_moved || differences.concerns_data()) {
        facts = config::open(&description, alone)?.settings.facts;
        if let (Some(now), Some(before), true) = (facts, ledger.facts(), is_scored)
            && now.examples != before.examples
        {
            return Ok(Verdict::Refused(format!(
                "the data have {} examples for training and validation (were {}): {}",
                now.examples,
                before.examples,
                listed(&differences.into_changes())
            )));
        }
    }
    let mut changes = differences.into_changes();
    if has_moved {
        changes.push(Change {
            key: "file".to_owned(),
            from: Some(recorded.file().display().to_string()),
            to: Some(description.file().display().to_string()),
        });
    }
    Ok(Verdict::Mended(Box::new(Mended {
        // What follows from the data stays as it is once a network was suggested by it.
        facts: facts.filter(|_| ledger.records.is_empty()),
        description,
        changes,
    })))
}

fn is_scored(ledger: &Ledger) -> bool {
    let mut records = ledger.records.iter();
    records.any(|record| record.score().is_some() || !record.rungs.is_empty())
}
