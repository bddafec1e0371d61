//! `nasbot resume`: a study goes on.

use std::collections::BTreeSet;

use nasbot::session;
use nasbot::settings::{Description, Evaluator};
use nasbot::study::{About, Described, Event, Ledger, Study};

use super::search;
use crate::cli::ResumeArgs;
use crate::config::{self, Config, Overrides};
use crate::error::Error;
use crate::{signals, terminal};

/// The sections of a description that may be mended while a study goes on: the others say what the evaluations that
/// were made mean.
const MAY_CHANGE: [&str; 6] = ["data", "workers", "slurm", "template", "budget", "study"];

pub(crate) fn run(args: &ResumeArgs) -> Result<(), Error> {
    // Before the study is taken over, as in a new search.
    let stop = signals::catch()?;
    let mut study = Study::open(&args.study, session::system_clock())?;
    let ledger = Ledger::fold(study.history());
    let Some(description) = ledger.description() else {
        return Err(nasbot::Error::NotAStudy {
            path: args.study.clone(),
            message: "its history is empty; start anew with `nasbot search`".to_owned(),
        }
        .into());
    };
    let recorded = description.clone().located(&args.study);
    let mended = mended(&recorded, &ledger)?;
    let overrides = Overrides {
        seed: Some(ledger.seed()),
        evaluations: args.evaluations,
        wall_time: args.wall_time.map(|span| span.0),
        facts: ledger.facts(),
    };
    let config = config(args, &ledger, &recorded, mended.as_ref(), overrides)?;
    let retried = retried(args, &ledger)?;
    // What there is to know of the data was said when the search began.
    if let Evaluator::Local(training) = &config.settings.evaluator {
        nn_train::data::describe(&training.data)?;
    }
    search::check(&config.settings)?;
    let described = mended.map(|description| {
        Event::Described(Described {
            description: description.seen_from(&args.study),
        })
    });
    let retried = retried.into_iter().map(|id| Event::Retried(About { id }));
    let events: Vec<Event> = described.into_iter().chain(retried).collect();
    if !events.is_empty() {
        study.append(events)?;
    }
    search::go(&config.settings, study, &args.study, &args.output, &stop)
}

/// The settings in force: those of the description, and of what the study was last continued with.
fn config(
    args: &ResumeArgs,
    ledger: &Ledger,
    recorded: &Description,
    mended: Option<&Description>,
    mut overrides: Overrides,
) -> Result<Config, Error> {
    let before = config::parse(recorded, overrides);
    let before = before.map(|config| config.settings.budget);
    let now = match mended {
        Some(description) => config::parse(description, overrides)?,
        None => config::parse(recorded, overrides)?,
    };
    let budget = now.settings.budget;
    // A budget that was mended holds; otherwise that which the study was last continued with.
    if args.evaluations.is_none()
        && before
            .as_ref()
            .map_or(true, |b| b.evaluations == budget.evaluations)
    {
        overrides.evaluations = Some(ledger.budget);
    }
    if args.wall_time.is_none() && before.is_ok_and(|b| b.wall_time == budget.wall_time) {
        overrides.wall_time = ledger.wall_time;
    }
    config::parse(mended.unwrap_or(recorded), overrides)
}

/// The description as it stands in its file now, if that differs in what may change.
fn mended(recorded: &Description, ledger: &Ledger) -> Result<Option<Description>, Error> {
    let file = recorded.file();
    if !file.is_file() {
        return Ok(None);
    }
    let found = config::read(&file)?;
    if found.text == recorded.text {
        return Ok(None);
    }
    // What is wrong with it is said now: it was changed for this.
    config::parse(&found, Overrides::default())?;
    let sections = changed(&recorded.text, &found.text);
    let is_fresh = ledger.finished.is_empty() && ledger.records.iter().all(|r| r.rungs.is_empty());
    let may = |section: &String| {
        MAY_CHANGE.contains(&section.as_str()) || (is_fresh && section == "training")
    };
    let fixed: Vec<String> = sections
        .iter()
        .filter(|s| !may(s))
        .map(|s| format!("[{s}]"))
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

/// The sections in which two TOML files differ. Descriptions are read before they are compared.
fn changed(before: &str, after: &str) -> BTreeSet<String> {
    let read = |text| toml::from_str::<toml::Table>(text).unwrap_or_else(|_| toml::Table::new());
    let (before, after) = (read(before), read(after));
    let names = before.keys().chain(after.keys());
    names
        .filter(|name| before.get(*name) != after.get(*name))
        .cloned()
        .collect()
}

/// The failed evaluations that are to run once more.
fn retried(args: &ResumeArgs, ledger: &Ledger) -> Result<Vec<u64>, Error> {
    let Some(causes) = &args.retry_failed else {
        return Ok(Vec::new());
    };
    let all = causes.iter().any(|cause| cause == "all");
    let wanted: Vec<nasbot_opt::Failure> = (causes.iter())
        .filter(|cause| *cause != "all")
        .map(|cause| {
            let name = serde_json::Value::from(cause.as_str());
            serde_json::from_value(name).map_err(|_| {
                Error::Usage(format!(
                    "--retry-failed: there is no cause '{cause}': diverged, out-of-memory, impossible-shape, timed-out, \
                     crashed and other are"
                ))
            })
        })
        .collect::<Result<_, _>>()?;
    let failed = ledger.records.iter().filter(|record| {
        let failure = record.failure();
        failure.is_some_and(|failure| all || wanted.contains(&failure))
    });
    Ok(failed.map(|record| record.suggestion.id).collect())
}
