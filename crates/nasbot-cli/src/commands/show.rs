//! `nasbot show`: a study as it stands, replayed from its history.

use std::fs;

use crate::cli::{Format, ShowArgs};
use crate::error::Error;
use crate::report::{self, Row, Summary};
use crate::study::{self, Ledger, Place, Record};
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
    let place = Place::of(&args.study);
    let owned = study::is_locked(&args.study);
    if let Some(id) = args.evaluation {
        let record = ledger.evaluation(&args.study, id)?;
        return evaluation(record, &place, owned, args.format);
    }
    match args.format {
        Format::Json if args.all => ledger
            .records
            .iter()
            .try_for_each(|record| terminal::print(&report::json(&Row::new(record, owned))?)),
        Format::Json => terminal::print(&Summary::new(&ledger, &place, owned).json()?),
        Format::Table => {
            terminal::print(&Summary::new(&ledger, &place, owned).head())?;
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
            terminal::print(&format!("\n{}", report::evaluations(&records, owned)))
        }
    }
}

fn evaluation(record: &Record, place: &Place, owned: bool, format: Format) -> Result<(), Error> {
    if format == Format::Json {
        return terminal::print(&report::json(&Row::new(record, owned))?);
    }
    terminal::print(&report::evaluations(&[record], owned))?;
    if let Some(message) = record.detail().and_then(|detail| detail.message.as_deref()) {
        terminal::print(&format!("\n{message}"))?;
    }
    terminal::print(&format!("\n{}", record.suggestion.candidate.to_json()))?;
    let log = place.log(record.suggestion.id);
    match fs::read_to_string(&log) {
        Ok(text) if !text.trim().is_empty() => {
            terminal::print(&format!("\n{}:\n{}", log.display(), text.trim_end()))
        }
        _ => Ok(()),
    }
}
