//! Failures by cause: evaluations that failed in the same way for the same reason stand together.

use std::collections::BTreeMap;

use nasbot_opt::Failure;

use super::text::{clean_line, failure, table};
use crate::study::Ledger;

/// How many causes, and how many evaluations of each, are named to a person.
const MOST_CAUSES: usize = 8;
const MOST_IDS: usize = 5;

/// One cause of failures.
#[derive(Clone, Debug)]
pub struct Cause {
    /// In which way they failed.
    pub failure: Failure,
    /// Why, as the first of them said, on one line.
    pub message: String,
    /// Their numbers.
    pub ids: Vec<u64>,
}

/// What failed, by cause, the commonest first. Reasons that differ in numbers alone are the same.
#[must_use]
pub fn causes(ledger: &Ledger) -> Vec<Cause> {
    let mut found: BTreeMap<(&'static str, String), Cause> = BTreeMap::new();
    for record in &ledger.records {
        let Some(failure) = record.failure() else {
            continue;
        };
        let message = record.detail.as_ref().and_then(|d| d.message.as_deref());
        let message = reason(message);
        let key = (self::failure(failure), without_numbers(&message));
        let cause = found.entry(key).or_insert_with(|| Cause {
            failure,
            message,
            ids: Vec::new(),
        });
        cause.ids.push(record.suggestion.id);
    }
    let mut causes: Vec<Cause> = found.into_values().collect();
    causes.sort_by_key(|cause| std::cmp::Reverse(cause.ids.len()));
    causes
}

/// Failures by cause for a person, a line each; empty where nothing failed.
#[must_use]
pub fn causes_text(ledger: &Ledger) -> String {
    let causes = causes(ledger);
    let left = causes.iter().skip(MOST_CAUSES);
    let left: usize = left.map(|cause| cause.ids.len()).sum();
    let mut rows: Vec<Vec<String>> = (causes.iter().take(MOST_CAUSES))
        .map(|cause| {
            let ids = cause.ids.iter().take(MOST_IDS);
            let mut ids: Vec<String> = ids.map(|id| format!("#{id}")).collect();
            if cause.ids.len() > MOST_IDS {
                ids.push("…".to_owned());
            }
            vec![
                format!("  {} ×", cause.ids.len()),
                failure(cause.failure).to_owned(),
                ids.join(" "),
                cause.message.clone(),
            ]
        })
        .collect();
    if left > 0 {
        rows.push(vec![format!("  {left} ×"), "in other ways".to_owned()]);
    }
    table(&rows, &[0])
}

/// Why something failed, on one line: where the last lines of a log are quoted, the last of them stands for all, as the error does
/// that ends a traceback.
pub(super) fn reason(message: Option<&str>) -> String {
    let mut lines = message.into_iter().flat_map(str::lines);
    let Some(first) = lines.next() else {
        return "it gave no reason".to_owned();
    };
    let last = lines.rfind(|line| !line.trim().is_empty());
    match (first.split_once(QUOTES), last) {
        (Some((what, _)), Some(last)) => clean_line(&format!("{what}: {}", last.trim())),
        _ => clean_line(first),
    }
}

/// What stands before the last lines of a log in messages of back-ends.
const QUOTES: &str = "; the last lines of ";

/// A message with each of its numbers as one sign.
fn without_numbers(message: &str) -> String {
    let mut out = String::new();
    for c in message.chars() {
        match c.is_ascii_digit() {
            true if out.ends_with('#') => {}
            true => out.push('#'),
            false => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_the_last_line_of_what_is_quoted() {
        for (message, shown) in [
            (None, "it gave no reason"),
            (Some(""), "it gave no reason"),
            (Some("it needs 9 MB\nmore"), "it needs 9 MB"),
            (
                Some(
                    "it ended with status 1; the last lines of a.log:\nTraceback:\nValueError: no\n",
                ),
                "it ended with status 1: ValueError: no",
            ),
        ] {
            assert_eq!(reason(message), shown);
        }
        assert_eq!(
            without_numbers("it needs 812 MB of 9"),
            "it needs # MB of #"
        );
    }
}
