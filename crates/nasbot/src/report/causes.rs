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
        let message = message.and_then(|text| text.lines().next());
        let message = message.map_or_else(|| "it gave no reason".to_owned(), clean_line);
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
