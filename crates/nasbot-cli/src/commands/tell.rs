//! `nasbot tell`: results of evaluations that were handed out.

use std::collections::BTreeMap;

use nasbot::ask_tell::{Acknowledged, Observation};
use nasbot::report::{self, number};
use nasbot::study::{Detail, Ledger};
use nasbot_opt::{Failure, Outcome};
use serde::Deserialize;

use super::by_hand::{self, Taken};
use crate::cli::{Format, TellArgs};
use crate::error::Error;
use crate::{input, terminal};

/// A line of JSON.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    id: u64,
    score: Option<f64>,
    failed: Option<Failure>,
    #[serde(default)]
    metrics: BTreeMap<String, f64>,
    seconds: Option<f64>,
    parameters: Option<u64>,
    epochs: Option<u32>,
    message: Option<String>,
}

pub(crate) fn run(args: &TellArgs) -> Result<(), Error> {
    let results = match (&args.json, args.id, args.score) {
        (Some(path), _, _) => {
            // Read to its end before the study is taken over: others wait for it.
            let mut results = Vec::new();
            input::for_each_line(path, |line, place| {
                results.push(parse(line, place)?);
                Ok(())
            })?;
            results
        }
        (None, Some(id), Some(score)) => vec![Observation {
            id,
            outcome: Outcome::scored(score),
            epochs: args.epochs,
            detail: Detail {
                metrics: metrics(&args.metrics)?,
                // As studies have it where it is not known.
                seconds: args.seconds.unwrap_or(0.0),
                parameters: args.parameters,
                ..Detail::default()
            },
        }],
        _ => return Err(Error::Usage("name the evaluation and its score".to_owned())),
    };
    let ids: Vec<u64> = results.iter().map(|told| told.id).collect();
    let mut study = by_hand::open(&args.study, None)?;
    let taken = study.tell_all(results)?;
    for (id, acknowledged) in ids.into_iter().zip(taken) {
        print(id, acknowledged, study.ledger(), args.format)?;
    }
    Ok(())
}

fn parse(line: &str, place: String) -> Result<Observation, Error> {
    let wrong = |message: String| Error::Usage(format!("{place}: {message}"));
    let line: Line = serde_json::from_str(line).map_err(|error| {
        wrong(format!(
            "{error}: a line must be {{\"id\":N,\"score\":NUMBER}} or {{\"id\":N,\"failed\":\"REASON\"}}"
        ))
    })?;
    let outcome = match (line.score, line.failed) {
        (Some(score), None) => Outcome::scored(score),
        (None, Some(failure)) => Outcome::Failed(failure),
        _ => {
            let message = "it must have a score, or say how it failed, and not both";
            return Err(wrong(message.to_owned()));
        }
    };
    Ok(Observation {
        id: line.id,
        outcome,
        epochs: line.epochs,
        detail: Detail {
            metrics: line.metrics,
            // As studies have it where it is not known.
            seconds: line.seconds.unwrap_or(0.0),
            parameters: line.parameters,
            message: line.message,
            ..Detail::default()
        },
    })
}

fn metrics(given: &[String]) -> Result<BTreeMap<String, f64>, Error> {
    let parse = |text: &String| {
        let (name, value) = text.split_once('=')?;
        Some((name.to_owned(), value.parse().ok()?))
    };
    let metric = |text: &String| {
        parse(text).ok_or_else(|| {
            Error::Usage(format!(
                "--metric {text}: it must be NAME=NUMBER, for example accuracy=0.9"
            ))
        })
    };
    given.iter().map(metric).collect()
}

/// Says how a result was taken.
pub(super) fn print(
    id: u64,
    acknowledged: Acknowledged,
    ledger: &Ledger,
    format: Format,
) -> Result<(), Error> {
    if format == Format::Json {
        return terminal::print(&report::json(&Taken::new(id, acknowledged, ledger))?);
    }
    if acknowledged == Acknowledged::Known {
        return terminal::print(&format!("evaluation {id} has this result already"));
    }
    let record = ledger.record(id);
    let what = match record.map(|record| (record.score(), record.failure(), record.rungs.last())) {
        Some((Some(score), _, _)) => number(score),
        Some((None, Some(failure), _)) => format!("failed, {}", report::failure(failure)),
        Some((None, None, Some(&(epochs, score)))) => {
            format!("{} after {epochs} epochs", number(score))
        }
        _ => "withdrawn".to_owned(),
    };
    let best = match ledger.best() {
        Some(best) if best.suggestion.id == id => ", the best so far".to_owned(),
        Some(best) => {
            let score = best
                .score()
                .map_or_else(String::new, |s| format!(" with {}", number(s)));
            format!(", the best is #{}{score}", best.suggestion.id)
        }
        None => String::new(),
    };
    terminal::print(&format!(
        "evaluation {id}: {what}{best}; {} of {} evaluations",
        ledger.counted(),
        ledger.budget
    ))
}
