//! The settings with which a study goes on: those of its description, as it is recorded or has been mended.

use std::collections::BTreeSet;
use std::path::Path;

use nasbot::settings::Description;
use nasbot::study::{Described, Event, Ledger};

use crate::config::{self, Config, Overrides};
use crate::error::Error;
use crate::terminal;

/// The sections of a description that may be mended while a study goes on: the others say what the evaluations that
/// were made mean.
const MAY_CHANGE: [&str; 7] = [
    "data", "workers", "slurm", "ray", "template", "budget", "study",
];

/// What a study goes on with.
pub(crate) struct GoingOn {
    /// The settings in force.
    pub(crate) config: Config,
    /// What is to be recorded first: the description, if it has been mended.
    pub(crate) event: Option<Event>,
}

/// The settings with which the study at `path` goes on; `asked` is what the command line says.
pub(crate) fn going_on(path: &Path, ledger: &Ledger, asked: Overrides) -> Result<GoingOn, Error> {
    let recorded = recorded(path, ledger)?;
    let overrides = Overrides {
        seed: Some(ledger.seed()),
        facts: ledger.facts(),
        ..asked
    };
    let mended = mended(&recorded, ledger, overrides)?;
    let config = config(ledger, &recorded, mended.as_ref(), overrides)?;
    let event = mended.map(|description| {
        Event::Described(Described {
            description: description.seen_from(path),
            metric: config.settings.metric(),
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

/// The description as it stands in its file now, if that differs in what may change.
fn mended(
    recorded: &Description,
    ledger: &Ledger,
    overrides: Overrides,
) -> Result<Option<Description>, Error> {
    let file = recorded.file();
    if !file.is_file() {
        return Ok(None);
    }
    let found = config::read(&file)?;
    if found.text == recorded.text {
        return Ok(None);
    }
    // What is wrong with it is said now: it was changed for this.
    let alone = Overrides {
        without_data: overrides.without_data,
        ..Overrides::default()
    };
    config::parse(&found, alone)?;
    let (before, after) = (table(&recorded.text), table(&found.text));
    let sections = changed(&before, &after);
    let is_fresh = ledger.finished.is_empty() && ledger.records.iter().all(|r| r.rungs.is_empty());
    let may = |section: &String| {
        MAY_CHANGE.contains(&section.as_str()) || (is_fresh && section == "training")
    };
    let keys = changed_keys(&before, &after).filter(|_| !is_fresh);
    let fixed: Vec<String> = (sections.iter())
        .filter(|s| !may(s))
        .map(|s| format!("[{s}]"))
        .chain(keys)
        .collect();
    if fixed.is_empty() {
        let path = recorded.path.clone();
        return Ok((!sections.is_empty()).then_some(Description { path, ..found }));
    }
    terminal::say(&format!(
        "nasbot: {} has changed in {}, which the evaluations of this study depend on: the study goes on with what it \
         began with; `nasbot search --fresh` starts one with the new description",
        file.display(),
        fixed.join(" and ")
    ));
    Ok(None)
}

/// A TOML file as a table. Descriptions are read before they are compared.
fn table(text: &str) -> toml::Table {
    toml::from_str(text).unwrap_or_else(|_| toml::Table::new())
}

/// The sections in which two files differ.
fn changed(before: &toml::Table, after: &toml::Table) -> BTreeSet<String> {
    let names = before.keys().chain(after.keys());
    names
        .filter(|name| before.get(*name) != after.get(*name))
        .cloned()
        .collect()
}

/// The keys of `[data]` that say what a score means, or what is learnt, and that differ in two files.
fn changed_keys(before: &toml::Table, after: &toml::Table) -> impl Iterator<Item = String> {
    let value = |table: &toml::Table, key: &str| table.get("data")?.get(key).cloned();
    let keys = ["metric", "class-weights", "weight"].into_iter();
    keys.filter(move |key| value(before, key) != value(after, key))
        .map(|key| format!("data.{key}"))
}
