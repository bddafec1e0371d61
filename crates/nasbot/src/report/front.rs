//! The Pareto front of a study, for a person and for programs.

use std::collections::BTreeMap;

use nasbot_opt::Goal;
use serde::Serialize;

use super::score::in_metric;
use super::text::{clean_line, number, sketch_of, table};
use crate::settings::SCORE;
use crate::study::Ledger;

/// Points that are listed in a summary; of more, only how many there are.
const LISTED: usize = 20;

/// The name of the rows of a summary that are about the front.
pub(crate) const FRONT: &str = "front";

/// One evaluation of the front, for programs.
#[derive(Debug, Serialize)]
pub struct OnFront {
    /// Its number.
    pub id: u64,
    /// Its objectives by name.
    pub values: BTreeMap<String, f64>,
}

/// The front for programs, the best in the first objective first; empty where there is one objective.
#[must_use]
pub fn front(ledger: &Ledger) -> Vec<OnFront> {
    let names = || ledger.aims().objectives.iter().map(|o| o.name.clone());
    let front = ledger.front().into_iter();
    front
        .map(|(record, values)| OnFront {
            id: record.suggestion.id,
            values: names().zip(values).collect(),
        })
        .collect()
}

/// What is asked beside a high score, and the front, as a name and a text each; a line without a name goes on with the one before.
pub(super) fn lines(ledger: &Ledger) -> Vec<(&'static str, String)> {
    let aims = ledger.aims();
    if aims.is_score_alone() {
        return Vec::new();
    }
    let mut lines = Vec::new();
    let bounds = aims.constraints.iter().map(|constraint| {
        let relation = match constraint.goal {
            Goal::Minimise => "at most",
            Goal::Maximise => "at least",
        };
        let name = clean_line(&constraint.name);
        format!("{name} {relation} {}", number(constraint.bound))
    });
    let bounds: Vec<String> = bounds.collect();
    if !bounds.is_empty() {
        let is_kept = ledger.best().is_some_and(|best| {
            let metrics = best.detail.as_ref().map(|detail| &detail.metrics);
            let kept = best.score().zip(metrics);
            kept.is_some_and(|(score, metrics)| aims.allow(score, metrics))
        });
        let note = match (ledger.best(), is_kept) {
            (Some(_), false) => " (no network keeps to it yet)",
            _ => "",
        };
        lines.push(("limits", format!("{}{note}", bounds.join(", "))));
    }
    let front = ledger.front();
    if front.is_empty() {
        return lines;
    }
    let count = front.len();
    let networks = if count == 1 { "network" } else { "networks" };
    lines.push((
        FRONT,
        format!("{count} {networks} that none is better than in every objective"),
    ));
    let mut rows = vec![vec!["#".to_owned()]];
    // A score is shown as what it is of.
    let metric_of = |name: &str| ledger.metric().filter(|_| name == SCORE);
    rows[0].extend(aims.objectives.iter().map(|o| match metric_of(&o.name) {
        Some(metric) => metric.title(),
        None => clean_line(&o.name),
    }));
    rows[0].push("network".to_owned());
    for (record, values) in front.iter().take(LISTED) {
        let mut row = vec![record.suggestion.id.to_string()];
        let pairs = aims.objectives.iter().zip(values);
        row.extend(pairs.map(|(o, &value)| match metric_of(&o.name) {
            Some(metric) => in_metric(metric.figure(value), metric),
            None => number(value),
        }));
        row.push(sketch_of(record));
        rows.push(row);
    }
    let right: Vec<usize> = (0..=aims.objectives.len()).collect();
    lines.extend(
        table(&rows, &right)
            .lines()
            .map(|line| ("", line.to_owned())),
    );
    if count > LISTED {
        lines.push((
            "",
            format!("and {} more: --format json has all", count - LISTED),
        ));
    }
    lines
}
