//! Evaluations in a list: which, in which order, and in which form.

use std::collections::{BTreeMap, BTreeSet};

use nasbot_opt::State;
use nn_train::data::Metric;
use serde::Serialize;

use super::causes::reason;
use super::curve::{Curve, curves};
use super::dates::date;
use super::summary::{Row, cells};
use super::text::{failure, json, table};
use crate::error::Error;
use crate::study::{Event, Ledger, Record, Stamped};

/// How wide a curve is in a list, in characters.
const CURVE: usize = 10;
/// Columns that are aligned to the right.
const RIGHT: [&str; 4] = ["#", "layers", "parameters", "time"];
/// Lines of so many characters have room for where a network came from.
const WIDE: usize = 120;

/// What evaluations are ordered by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// The best first; what failed or has no score yet last.
    #[default]
    Score,
    /// The longest first.
    Time,
    /// The largest first, by its trainable parameters.
    Parameters,
    /// As they were suggested.
    Number,
    /// As they ended.
    End,
}

/// Which evaluations, in which order.
#[derive(Clone, Copy, Debug, Default)]
pub struct Selection {
    /// The order.
    pub order: Order,
    /// Whether the order is turned round.
    pub reverse: bool,
    /// Only what failed.
    pub failed: bool,
    /// Only what has a score.
    pub scored: bool,
    /// Only what began or ended at this date or later, in seconds since 1970.
    pub since: Option<f64>,
    /// Only so many of them.
    pub top: Option<usize>,
}

/// Evaluations of a study with what its history says of them beside their records.
#[derive(Debug)]
pub struct Listing<'a> {
    ledger: &'a Ledger,
    is_owned: bool,
    records: Vec<&'a Record>,
    times: Vec<Times<'a>>,
    curves: BTreeMap<u64, Curve>,
}

/// When an evaluation first began, and when it last ended or stopped at a rung: dates in seconds since 1970; and where it ran last.
#[derive(Clone, Copy, Debug, Default)]
struct Times<'a> {
    began: Option<f64>,
    ended: Option<f64>,
    device: Option<&'a str>,
}

impl<'a> Listing<'a> {
    /// Selects evaluations; `is_owned` says whether some process searches the study now.
    #[must_use]
    pub fn new(
        ledger: &'a Ledger,
        events: &'a [Stamped],
        is_owned: bool,
        selection: Selection,
    ) -> Self {
        let times = times(events, ledger.records.len());
        let when = |record: &Record| times_of(&times, record.suggestion.id);
        let is_wanted = |record: &&Record| {
            let times = when(record);
            let latest = times.ended.or(times.began);
            (!selection.failed || record.failure().is_some())
                && (!selection.scored || record.score().is_some())
                && (selection.since).is_none_or(|since| latest.is_some_and(|at| at >= since))
        };
        let mut records: Vec<&Record> = ledger.records.iter().filter(is_wanted).collect();
        let detail = |record: &Record, figure: fn(&crate::study::Detail) -> Option<f64>| {
            record.detail.as_ref().and_then(figure)
        };
        // What has no figure comes last; of equals the first stays first.
        let mut by = |key: &dyn Fn(&Record) -> Option<f64>| {
            let lowest = |record: &Record| key(record).unwrap_or(f64::NEG_INFINITY);
            records.sort_by(|a, b| lowest(b).total_cmp(&lowest(a)));
        };
        match selection.order {
            Order::Score => by(&Record::score),
            Order::Time => by(&|record| detail(record, |detail| Some(detail.seconds))),
            Order::Parameters => by(&|record| detail(record, |d| d.parameters.map(|n| n as f64))),
            Order::End => by(&|record| when(record).ended.map(|at| -at)),
            Order::Number => {}
        }
        if selection.reverse {
            records.reverse();
        }
        records.truncate(selection.top.unwrap_or(usize::MAX));
        let wanted: BTreeSet<u64> = records.iter().map(|r| r.suggestion.id).collect();
        let curves = curves(events, |id| wanted.contains(&id));
        Self {
            ledger,
            is_owned,
            records,
            times,
            curves,
        }
    }

    /// One evaluation.
    #[must_use]
    pub fn one(
        ledger: &'a Ledger,
        events: &'a [Stamped],
        is_owned: bool,
        record: &'a Record,
    ) -> Self {
        let only = record.suggestion.id;
        Self {
            ledger,
            is_owned,
            records: vec![record],
            times: times(events, ledger.records.len()),
            curves: curves(events, |id| id == only),
        }
    }

    /// The evaluations.
    #[must_use]
    pub fn records(&self) -> &[&'a Record] {
        &self.records
    }

    /// The curve of an evaluation, where its history has one.
    #[must_use]
    pub fn curve(&self, id: u64) -> Option<&Curve> {
        self.curves.get(&id)
    }

    /// When an evaluation first began and last ended, in seconds since 1970.
    #[must_use]
    pub fn times(&self, id: u64) -> (Option<f64>, Option<f64>) {
        let times = times_of(&self.times, id);
        (times.began, times.ended)
    }

    /// Where an evaluation runs, or ran last.
    #[must_use]
    pub fn device(&self, id: u64) -> Option<&'a str> {
        times_of(&self.times, id).device
    }

    /// What scores are of.
    #[must_use]
    pub fn metric(&self) -> Option<Metric> {
        self.ledger.metric()
    }

    /// As a table for people, with the columns that have something in them. Where lines have less room than all of these
    /// need, where a network came from is left out.
    #[must_use]
    pub fn text(&self, width: Option<usize>) -> String {
        let (heading, cells) = cells(&self.records, self.is_owned, self.ledger.metric());
        let mut columns: Vec<Vec<String>> = (heading.into_iter().enumerate())
            .map(|(i, name)| {
                let cells = cells.iter().map(|row| row[i].clone());
                std::iter::once(name).chain(cells).collect()
            })
            .collect();
        let drawn = |record: &&Record| {
            let curve = self.curve(record.suggestion.id);
            // A single point is no curve.
            let curve = curve.filter(|curve| curve.points().len() > 1);
            curve.map_or_else(String::new, |curve| curve.drawn(CURVE))
        };
        let column = |name: &str, cell: &dyn Fn(&&Record) -> String| {
            let cells = self.records.iter().map(cell);
            std::iter::once(name.to_owned()).chain(cells).collect()
        };
        // After the number and the score.
        columns.insert(2, column("curve", &drawn));
        columns.insert(3, column("rungs", &|record| rungs(record)));
        let is_narrow = width.is_some_and(|width| width < WIDE);
        columns.retain(|column| {
            let is_empty = column.iter().skip(1).all(String::is_empty);
            !(is_empty || (is_narrow && column[0] == "from"))
        });
        let right: Vec<usize> = (columns.iter().enumerate())
            .filter(|(_, column)| RIGHT.contains(&column[0].as_str()))
            .map(|(i, _)| i)
            .collect();
        let rows = 0..=self.records.len();
        let row = |i: usize| columns.iter().map(|column| column[i].clone()).collect();
        table(&rows.map(row).collect::<Vec<_>>(), &right)
    }

    /// As a table of what failed and why.
    #[must_use]
    pub fn failures(&self) -> String {
        let heading = ["#", "cause", "layers", "time", "why"].map(str::to_owned);
        let (_, rows) = cells(&self.records, self.is_owned, self.ledger.metric());
        let rows = rows.into_iter().zip(&self.records).map(|(row, record)| {
            let message = record.detail.as_ref().and_then(|d| d.message.as_deref());
            vec![
                row[0].clone(),
                record
                    .failure()
                    .map_or_else(String::new, |f| failure(f).to_owned()),
                row[2].clone(),
                row[4].clone(),
                reason(message),
            ]
        });
        let rows: Vec<_> = std::iter::once(heading.to_vec()).chain(rows).collect();
        table(&rows, &[0, 2, 3])
    }

    /// One evaluation as JSON on a line.
    ///
    /// # Errors
    ///
    /// A figure is not finite.
    pub fn json(&self, record: &Record) -> Result<String, Error> {
        let id = record.suggestion.id;
        let times = times_of(&self.times, id);
        let points = self.curve(id).map_or(&[][..], Curve::points);
        let entry = Entry {
            row: Row::new(record, self.is_owned, self.ledger.metric()),
            began: times.began.map(date),
            ended: times.ended.map(date),
            device: times.device,
            curve: points
                .iter()
                .map(|at| (at.epoch, at.loss, at.score))
                .collect(),
        };
        json(&entry)
    }

    pub(super) fn is_owned(&self) -> bool {
        self.is_owned
    }
}

/// An evaluation for programs.
#[derive(Serialize)]
struct Entry<'a> {
    #[serde(flatten)]
    row: Row<'a>,
    began: Option<String>,
    ended: Option<String>,
    /// Where it runs, or ran last.
    device: Option<&'a str>,
    /// Epoch, training loss, score on the validation data.
    curve: Vec<(u32, f64, Option<f64>)>,
}

/// The rungs of an evaluation in a few letters: how many epochs it was trained for, with whose weights it began, and whether it stopped
/// there.
fn rungs(record: &Record) -> String {
    if record.rungs.is_empty() {
        return String::new();
    }
    let mut epochs: Vec<String> = record
        .rungs
        .iter()
        .map(|(epochs, _)| epochs.to_string())
        .collect();
    if let Some(inherits) = record.begins.inherits {
        epochs[0] = format!("{} from #{}", epochs[0], inherits.parent);
    }
    let end = match record.state {
        State::Paused(_) => "",
        State::Running(_) => " →",
        State::Done(_) => " → end",
    };
    format!("{}{end}", epochs.join(" → "))
}

fn times_of<'a>(times: &[Times<'a>], id: u64) -> Times<'a> {
    let index = usize::try_from(id).ok();
    // An evaluation that never began has no times.
    index
        .and_then(|index| times.get(index).copied())
        .unwrap_or_default()
}

fn times(events: &[Stamped], count: usize) -> Vec<Times<'_>> {
    let mut times = vec![Times::default(); count];
    for stamped in events {
        let (id, device) = match &stamped.event {
            Event::Started(started) => (started.id, Some(started.device.as_str())),
            Event::Finished(finished) => (finished.id, None),
            Event::Reached(reached) => (reached.id, None),
            _ => continue,
        };
        let Some(times) = usize::try_from(id).ok().and_then(|id| times.get_mut(id)) else {
            continue;
        };
        match device {
            None => times.ended = Some(stamped.at),
            Some(_) => {
                times.device = device;
                times.began.get_or_insert(stamped.at);
            }
        }
    }
    times
}
