//! `nasbot ask`: evaluations are handed out, to be run by hand or by another program.

use std::path::{Path, PathBuf};

use nasbot::ask_tell::{AskTell, Assignment, Rest};
use nasbot::report::{self, clean, quoted};
use nasbot::session;
use nasbot::study::{self, Study};
use nasbot_opt::{Origin, Over};
use nn_graph::Network;
use nn_train::Keys;
use nn_train::data::Metric;
use serde::Serialize;

use super::{by_hand, new_study};
use crate::cli::{AskArgs, Format};
use crate::config::{self, Overrides};
use crate::error::Error;
use crate::terminal;

/// One line for a program.
#[derive(Serialize)]
#[serde(tag = "next", rename_all = "kebab-case")]
enum Line<'a> {
    Evaluate {
        id: u64,
        seed: u64,
        /// Epochs done, and those done when the score is wanted.
        #[serde(skip_serializing_if = "Option::is_none")]
        from: Option<u32>,
        #[serde(skip_serializing_if = "Option::is_none")]
        until: Option<u32>,
        origin: &'a Origin,
        /// The values of the keys that are tuned.
        #[serde(skip_serializing_if = "Keys::is_empty")]
        setting: &'a Keys,
        network: &'a Network,
        study: &'a Path,
    },
    Wait {
        pending: &'a [u64],
    },
    Over {
        why: &'static str,
    },
}

pub(crate) fn run(args: &AskArgs) -> Result<(), Error> {
    let is_description = args
        .source
        .extension()
        .is_some_and(|ending| ending == "toml");
    let (mut asked, path) = if is_description {
        described(args)?
    } else {
        for (given, option) in [
            (args.study.is_some(), "--study"),
            (args.seed.is_some(), "--seed"),
        ] {
            if given {
                let message =
                    format!("{option} goes with a description, not with a study that exists");
                return Err(Error::Usage(message));
            }
        }
        let settings = config::given(&args.set.set)?;
        let study = by_hand::open_with(&args.source, args.evaluations, &settings)?;
        (study, args.source.clone())
    };
    let answer = asked.ask(args.count.into())?;
    let metric = asked.ledger().metric();
    // Let go of before anything is printed, which may take its time.
    drop(asked);
    let rest = answer.rest.as_ref();
    match args.format {
        Format::Json => {
            for assignment in &answer.assignments {
                terminal::print(&report::json(&line(assignment, &path))?)?;
            }
            rest.map_or(Ok(()), |rest| terminal::print(&report::json(&end(rest))?))
        }
        Format::Table => {
            for assignment in &answer.assignments {
                terminal::print(&text(assignment, &path, metric))?;
            }
            rest.map_or(Ok(()), |rest| {
                say(rest, &path, answer.assignments.is_empty())
            })
        }
    }
}

/// The study of a description, which is made if there is none.
fn described(args: &AskArgs) -> Result<(AskTell, PathBuf), Error> {
    let settings = config::given(&args.set.set)?;
    let description = config::read(&args.source, &settings)?;
    let overrides = Overrides {
        seed: args.seed,
        evaluations: args.evaluations,
        without_data: true,
        ..Overrides::default()
    };
    let config = config::parse(&description, overrides)?;
    let path = new_study::place(args.study.as_deref(), &config)?;
    if !has_history(&path) {
        // What follows from the data is recorded.
        let config = config::open(&description, overrides)?;
        let first = new_study::first(&config, description, &path)?;
        match Study::create_briefly(&path, first, session::system_clock()) {
            Ok(study) => return Ok((AskTell::new(config.settings, study), path)),
            // Another command was faster.
            Err(nasbot::Error::StudyExists { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    if args.seed.is_some() {
        let message = format!(
            "the study {} exists already and has its seed: leave out --seed, or name another place with --study",
            path.display()
        );
        return Err(Error::Usage(message));
    }
    Ok((
        by_hand::open_with(&path, args.evaluations, &settings)?,
        path,
    ))
}

/// Whether there is a study. One that was killed while it was being made has no history.
fn has_history(path: &Path) -> bool {
    path.exists() && study::read(path).map_or(true, |events| !events.is_empty())
}

fn line<'a>(assignment: &'a Assignment, study: &'a Path) -> Line<'a> {
    Line::Evaluate {
        id: assignment.id,
        seed: assignment.seed,
        from: assignment.part.map(|part| part.from),
        until: assignment.part.map(|part| part.until),
        origin: &assignment.origin,
        setting: &assignment.setting,
        network: &assignment.network,
        study,
    }
}

fn end(rest: &Rest) -> Line<'_> {
    match rest {
        Rest::Wait(pending) => Line::Wait { pending },
        Rest::Over(Over::Budget) => Line::Over { why: "budget" },
        Rest::Over(Over::Exhausted) => Line::Over { why: "exhausted" },
    }
}

/// An assignment for a person: what it is, the network, and how its result is told.
fn text(assignment: &Assignment, study: &Path, metric: Option<Metric>) -> String {
    let Assignment {
        id,
        network,
        seed,
        setting,
        origin,
        part,
    } = assignment;
    let part = part.map_or_else(String::new, |part| match part.from {
        0 => format!(", up to {} epochs", part.until),
        from => format!(", from {from} up to {} epochs", part.until),
    });
    format!(
        "evaluation {id}{part}, seed {seed}, from: {}\n  {}\n{}\nnasbot tell {} {id} SCORE",
        report::origin(origin, metric),
        clean(&report::sketch_with(network, setting)),
        network.to_json(),
        quoted(study)
    )
}

/// Says why there is not more.
fn say(rest: &Rest, study: &Path, is_all: bool) -> Result<(), Error> {
    let more = if is_all { "nothing" } else { "nothing more" };
    let study = quoted(study);
    let line = match rest {
        Rest::Wait(pending) => {
            let pending: Vec<String> = pending.iter().map(|id| format!("#{id}")).collect();
            format!("{more} before a result is told of {}", pending.join(", "))
        }
        Rest::Over(Over::Budget) => {
            format!("{more}: the budget is spent; nasbot ask {study} --evaluations N goes on")
        }
        Rest::Over(Over::Exhausted) => {
            format!("{more}: the space has no further network")
        }
    };
    terminal::say(&format!("nasbot: {line}"));
    Ok(())
}
