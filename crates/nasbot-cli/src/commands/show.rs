//! `nasbot show`: a study as it stands, replayed from its history.

use std::fs;

use nasbot::report::{self, Row, Summary, clean};
use nasbot::study::{self, Ledger, Place, Record};
use nasbot::{Clock as _, SystemClock};
use nn_train::data::Metric;

use crate::cli::{Format, ShowArgs};
use crate::error::Error;
use crate::terminal;

/// How many of the best evaluations are listed.
const BEST: usize = 10;

pub(crate) fn run(args: &ShowArgs) -> Result<(), Error> {
    let events = study::read(&args.study)?;
    if args.events {
        return events
            .iter()
            .try_for_each(|event| terminal::print(&report::json(event)?));
    }
    let ledger = Ledger::fold(&events);
    let metric = ledger.metric();
    let place = Place::of(&args.study);
    let owned = study::is_owned(&args.study);
    let now = owned.then(|| SystemClock::new().date());
    if let Some(id) = args.evaluation {
        let record = ledger.evaluation(&args.study, id)?;
        return evaluation(record, &place, (owned, metric), args.format);
    }
    match args.format {
        Format::Json if args.all => ledger.records.iter().try_for_each(|record| {
            terminal::print(&report::json(&Row::new(record, owned, metric))?)
        }),
        Format::Json => terminal::print(&Summary::new(&ledger, &place, now).json()?),
        Format::Table => {
            terminal::print(&Summary::new(&ledger, &place, now).head())?;
            let ranked = ledger.ranked();
            let records: Vec<&Record> = if args.all {
                ledger.records.iter().collect()
            } else {
                ranked
                    .iter()
                    .take(BEST)
                    .map(|&(record, _)| record)
                    .collect()
            };
            if records.is_empty() {
                return Ok(());
            }
            terminal::print(&format!(
                "\n{}",
                report::evaluations(&records, owned, metric)
            ))
        }
    }
}

fn evaluation(
    record: &Record,
    place: &Place,
    (owned, metric): (bool, Option<Metric>),
    format: Format,
) -> Result<(), Error> {
    if format == Format::Json {
        return terminal::print(&report::json(&Row::new(record, owned, metric))?);
    }
    terminal::print(&report::evaluations(&[record], owned, metric))?;
    let message = (record.detail.as_ref()).and_then(|detail| detail.message.as_deref());
    if let Some(message) = message {
        terminal::print(&format!("\n{}", clean(message)))?;
    }
    let network = report::json(&record.suggestion.candidate)?;
    terminal::print(&format!("\n{network}"))?;
    let log = place.log(record.suggestion.id);
    // A log that is not there, or cannot be read, is not shown.
    let bytes = fs::read(&log).unwrap_or_default();
    let text = clean(&String::from_utf8_lossy(&bytes));
    if text.trim().is_empty() {
        return Ok(());
    }
    terminal::print(&format!("\n{}:\n{}", log.display(), text.trim_end()))
}
