//! Which evaluations of a large study the page shows.

use std::collections::BTreeSet;

use super::front::on_front;
use crate::study::{Ledger, Record};

/// How many evaluations the charts and the table show at most.
pub const MOST_SHOWN: usize = 5000;
/// How many evaluations have a drawing, a curve, a log and a place on the map at most.
pub const MOST_DETAILED: usize = 1000;

/// The numbers of at most `most` evaluations, rising: all, or else the Pareto front, the best fifth, each that was the best of its time, the
/// last tenth, and of the rest every so many.
pub(super) fn chosen(ledger: &Ledger, most: usize) -> Vec<u64> {
    let count = ledger.records.len();
    let all = (0..).take(count);
    if count <= most {
        return all.collect();
    }
    let mut chosen: BTreeSet<u64> = BTreeSet::new();
    let id = |record: &Record| record.suggestion.id;
    chosen.extend(on_front(ledger).into_iter().take(most / 5));
    chosen.extend(leaders(ledger).iter().rev().take(most / 5));
    let ranked = ledger.ranked();
    chosen.extend(ranked.iter().take(most / 5).map(|(record, _)| id(record)));
    let last = ledger.records.iter().rev().take(most / 10);
    chosen.extend(last.map(id));
    let room = most - chosen.len().min(most);
    let every = count.div_ceil(room.max(1)).max(1);
    chosen.extend(all.step_by(every).take(room));
    chosen.into_iter().take(most).collect()
}

/// The evaluations that were the best when they were over, in that order.
fn leaders(ledger: &Ledger) -> Vec<u64> {
    let mut top = f64::NEG_INFINITY;
    let scored = (ledger.finished.iter()).filter_map(|&id| Some((id, ledger.record(id)?.score()?)));
    let leads = scored.filter(|&(_, score)| {
        let leads = score > top;
        top = top.max(score);
        leads
    });
    leads.map(|(id, _)| id).collect()
}
