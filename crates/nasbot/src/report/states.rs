//! Where a study and its evaluations stand, in a word or two.

use nasbot_opt::{Outcome, State};

use crate::study::{Ending, Ledger, Record};

/// Where a study stands, in a word or two.
pub(crate) fn state(ledger: &Ledger, owned: bool) -> &'static str {
    match ledger.ending {
        _ if owned => "running",
        // Of what a search without a back-end began, too.
        Some(Ending::Complete | Ending::Interrupted) | None
            if !ledger.is_open() && ledger.by_hand().next().is_some() =>
        {
            "waiting for results by hand"
        }
        None if !ledger.is_open() && !ledger.records.is_empty() => "idle",
        Some(Ending::Complete) => "complete",
        Some(Ending::OutOfTime) => "out of time",
        Some(Ending::Exhausted) => "the space is exhausted",
        Some(Ending::Interrupted) => "interrupted",
        Some(Ending::Failed) => "stopped by a failure",
        None => "killed",
    }
}

/// Where an evaluation stands, in a word.
pub(crate) fn record_state(record: &Record, is_owned: bool) -> &'static str {
    match record.state {
        State::Running(_) if record.is_by_hand() => "by hand",
        State::Running(_) if !is_owned || record.is_interrupted => "interrupted",
        State::Running(_) if record.place.is_some() => "running",
        State::Running(_) => "waiting",
        State::Paused(_) => "stopped at a rung",
        State::Done(outcome) => match outcome {
            Outcome::Scored(_) => "complete",
            Outcome::Failed(_) => "failed",
            _ => "withdrawn",
        },
    }
}
