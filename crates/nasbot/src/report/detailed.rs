//! Events in words for whoever wants to see every step.

use super::origin::origin;
use super::score::named;
use super::text::sketch_of;
use super::text::{clean_line, human, number, seconds};
use crate::study::{Event, Ledger, Stamped};

/// The line that an event is worth to whoever asked for more than [`line`](super::line()) says; `ledger` has taken it in already.
#[must_use]
pub fn detailed(stamped: &Stamped, ledger: &Ledger) -> Option<String> {
    let metric = ledger.metric();
    let text = match &stamped.event {
        Event::Queued(queued) => {
            let suggestion = &queued.suggestion;
            let network = ledger.record(suggestion.id).map(sketch_of);
            // It is in the ledger, which has taken the event in.
            let network = network.unwrap_or_default();
            format!(
                "#{} suggested in {}, from: {}  {network}",
                suggestion.id,
                seconds(queued.seconds),
                origin(&suggestion.origin, metric)
            )
        }
        Event::Started(started) => {
            format!("#{} begins on {}", started.id, clean_line(&started.device))
        }
        Event::Progress(at) | Event::RetrainingProgress(at) => {
            let score = at.score.map_or_else(String::new, |score| {
                format!(", {}", named(score, None, metric))
            });
            let loss = number(at.loss);
            format!(
                "#{} epoch {}/{}: loss {loss}{score}",
                at.id, at.epoch, at.epochs
            )
        }
        Event::Compared(compared) => {
            let methods: Vec<&str> = compared
                .baselines
                .iter()
                .map(|b| b.method.as_str())
                .collect();
            format!("compared with {}", methods.join(", "))
        }
        _ => return None,
    };
    let elapsed = human(ledger.elapsed());
    Some(format!("[{elapsed:>11}] {text}"))
}
