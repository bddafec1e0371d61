//! What a person sees of a search: everything here is folded from the study's events, live or
//! afterwards.

mod card;
mod epochs;
mod live;
mod summary;
mod text;

use std::time::{SystemTime, UNIX_EPOCH};

pub(crate) use self::card::{Card, Searched};
pub(crate) use self::epochs::Epochs;
use self::live::Live;
pub(crate) use self::summary::{Row, Summary, evaluations};
pub(crate) use self::text::{json, number, score, sketch, table};
use crate::config::human;
use crate::study::{Event, Ledger, Stamped};
use crate::terminal;

/// Shows events as they come.
pub(crate) enum Reporter {
    /// A display that is redrawn, on a terminal.
    Live(Box<Live>),
    /// A line for each thing that matters, elsewhere.
    Plain,
    /// Nothing.
    Quiet,
}

impl Reporter {
    /// The reporter that suits standard error.
    pub(crate) fn new(quiet: bool) -> Self {
        match (quiet, terminal::interactive()) {
            (true, _) => Self::Quiet,
            (false, true) => Self::Live(Box::new(Live::new())),
            (false, false) => Self::Plain,
        }
    }

    /// Shows an event; `ledger` has taken it in already.
    pub(crate) fn event(&mut self, stamped: &Stamped, ledger: &Ledger) {
        match self {
            Self::Live(live) => {
                if let Some(line) = line(stamped, ledger) {
                    live.print(&line);
                }
                live.update(&stamped.event, ledger);
            }
            Self::Plain => {
                if let Some(line) = line(stamped, ledger) {
                    terminal::say(&line);
                }
            }
            Self::Quiet => {}
        }
    }

    /// Says something that is no event.
    pub(crate) fn note(&mut self, text: &str) {
        let text = format!("nasbot: {text}");
        match self {
            Self::Live(live) => live.print(&text),
            Self::Plain | Self::Quiet => terminal::say(&text),
        }
    }

    /// Removes what is redrawn.
    pub(crate) fn finish(&mut self) {
        if let Self::Live(live) = self {
            live.finish();
        }
    }
}

/// The present, in seconds since 1970.
pub(crate) fn now() -> f64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0.0, |time| time.as_secs_f64())
}

/// The line that an event is worth, if it is.
fn line(stamped: &Stamped, ledger: &Ledger) -> Option<String> {
    let elapsed = human(ledger.elapsed(stamped.at));
    let text = match &stamped.event {
        Event::Opened {
            workers,
            evaluations,
            ..
        } => {
            let workers = match workers {
                1 => "1 worker".to_owned(),
                n => format!("{n} workers"),
            };
            match ledger.finished.len() {
                0 => format!(
                    "searching: {evaluations} evaluations, {workers}, seed {}",
                    ledger.seed
                ),
                n => format!("going on after {n} of {evaluations} evaluations, {workers}"),
            }
        }
        Event::Finished { id, .. } => finished(*id, ledger)?,
        Event::Reached {
            id, epochs, score, ..
        } => format!("#{id:<3} {} after {epochs} epochs", number(*score)),
        Event::Promoted { id, from, until } => {
            format!("#{id} is among the best after {from} epochs and goes on to {until}")
        }
        Event::Interrupted { id } => format!("#{id} stopped; it will run again"),
        Event::Retraining { id } => {
            format!("training the best network, #{id}, once more on training and validation data")
        }
        Event::Retrained {
            outcome, detail, ..
        } => match outcome.score() {
            Some(value) => format!("{} on the test data", score(value, detail)),
            None => format!(
                "that failed: {}",
                detail.message.as_deref().unwrap_or_default()
            ),
        },
        _ => return None,
    };
    Some(format!("[{elapsed:>11}] {text}"))
}

fn finished(id: u64, ledger: &Ledger) -> Option<String> {
    let record = ledger.record(id)?;
    let detail = record.detail()?;
    let count = format!("{}/{}", ledger.counted(), ledger.budget);
    let what = match (record.score(), record.failure()) {
        (Some(value), _) => {
            let best = ledger.best()?;
            let rank = if best.suggestion.id == id {
                "best so far".to_owned()
            } else {
                format!("best {} (#{})", number(best.score()?), best.suggestion.id)
            };
            format!("{:<8} {rank}", number(value))
        }
        (None, Some(failure)) => {
            let message = detail.message.as_deref().unwrap_or_default();
            let first = message.lines().next().unwrap_or_default();
            format!("failed, {}: {first}", text::failure(failure))
        }
        (None, None) => "withdrawn".to_owned(),
    };
    let sketch = sketch(&record.suggestion.candidate);
    Some(format!("{count:>7}  #{id:<3} {what}  {sketch}"))
}
