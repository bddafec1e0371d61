//! Events in words.

use super::causes::reason;
use super::score::{cell, named, score};
use super::text::sketch_of;
use super::text::{self, clean_line, human};
use crate::study::{Event, Ledger, Stamped};

/// The line that an event is worth, if it is; `ledger` has taken it in already.
#[must_use]
pub fn line(stamped: &Stamped, ledger: &Ledger) -> Option<String> {
    let elapsed = human(ledger.elapsed());
    let text = match &stamped.event {
        Event::Opened(opened) => {
            let workers = match opened.workers {
                1 => "1 worker".to_owned(),
                n => format!("{n} workers"),
            };
            let evaluations = opened.evaluations;
            match ledger.finished.len() {
                0 => format!(
                    "searching: {evaluations} evaluations, {workers}, seed {}",
                    ledger.seed()
                ),
                n => format!("going on after {n} of {evaluations} evaluations, {workers}"),
            }
        }
        Event::Described(described) => format!(
            "going on with {} as it is now",
            clean_line(&described.description.path.to_string_lossy())
        ),
        Event::Finished(finished) => of_finished(finished.id, ledger)?,
        Event::Reached(reached) => format!(
            "#{:<3} {} after {}",
            reached.id,
            named(reached.score, Some(&reached.detail), ledger.metric()),
            text::counted(reached.epochs as usize, "epoch")
        ),
        Event::Promoted(promoted) => format!(
            "#{} is among the best after {} and goes on to {}",
            promoted.id,
            text::counted(promoted.from as usize, "epoch"),
            promoted.until
        ),
        Event::Retried(about) => format!("#{} runs once more", about.id),
        Event::Interrupted(about) => format!("#{} stopped; it will run again", about.id),
        Event::Retraining(about) => format!(
            "training the best network, #{}, once more on training and validation data",
            about.id
        ),
        Event::Retrained(finished) => match finished.outcome.score() {
            Some(value) => format!(
                "{} on the {} data",
                score(value, &finished.detail, ledger.metric()),
                text::scored_on(&finished.detail)
            ),
            None => format!(
                "that failed: {}",
                reason(finished.detail.message.as_deref())
            ),
        },
        _ => return None,
    };
    Some(format!("[{elapsed:>11}] {text}"))
}

fn of_finished(id: u64, ledger: &Ledger) -> Option<String> {
    let record = ledger.record(id)?;
    let detail = record.detail.as_ref()?;
    let count = format!("{}/{}", ledger.counted(), ledger.budget);
    let what = match (record.score(), record.failure()) {
        (Some(value), _) => {
            let best = ledger.best()?;
            let metric = ledger.metric();
            let rank = if best.suggestion.id == id {
                "best so far".to_owned()
            } else {
                format!(
                    "best {} (#{})",
                    cell(best.score()?, best.detail.as_ref(), metric),
                    best.suggestion.id
                )
            };
            format!("{:<8} {rank}", named(value, Some(detail), metric))
        }
        (None, Some(failure)) => format!(
            "failed, {}: {}",
            text::failure(failure),
            reason(detail.message.as_deref())
        ),
        (None, None) => "withdrawn".to_owned(),
    };
    Some(format!(
        "{count:>7}  #{id:<3} {what}  {}",
        sketch_of(record)
    ))
}
