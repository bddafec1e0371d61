//! Reading the events of a history.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::{panic, thread};

use rusqlite::Connection;

use super::event::{Event, Stamped};
use crate::error::Error;

/// An event as it stands in the file: its number, date, JSON and elapsed time.
type Row = (i64, f64, String, Option<f64>);

/// What was read of a history.
pub(super) struct Read {
    pub(super) events: Vec<Stamped>,
    /// The number of the last event, if there was one.
    pub(super) last: Option<i64>,
}

/// Hands over each row after the one with the number `after`, in the order of the history.
fn for_each_row(
    connection: &Connection,
    after: i64,
    mut each: impl FnMut(Row),
) -> rusqlite::Result<()> {
    let elapsed = if user_version(connection)? < 2 {
        "NULL"
    } else {
        "elapsed"
    };
    let mut query = connection.prepare(&format!(
        "SELECT number, at, event, {elapsed} FROM event WHERE number > ?1 ORDER BY number"
    ))?;
    let mut rows = query.query([after])?;
    while let Some(row) = rows.next()? {
        each((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
    }
    Ok(())
}

/// How many rows are parsed together while further ones are read.
const CHUNK: usize = 20_000;

/// Reads the events after the one with the number `after`, and checks the file meanwhile over the connection that `again` opens.
///
/// # Errors
///
/// The file is damaged, as far as SQLite's own check of its pages tells, or an event is missing or unreadable.
pub(super) fn history(
    path: &Path,
    connection: &Connection,
    again: impl FnOnce() -> Result<Connection, Error> + Send,
    after: i64,
) -> Result<Read, Error> {
    if !has_events(connection).map_err(Error::sqlite(path))? {
        return Ok(Read {
            events: Vec::new(),
            last: None,
        });
    }
    // What comes after an event that was read belongs to a file that was checked.
    if after > 0 {
        return events(path, connection, after);
    }
    thread::scope(|scope| {
        let check = scope.spawn(|| check(path, &again()?));
        let events = events(path, connection, after);
        // What the check finds says more than an event that is missing.
        match check.join() {
            Ok(found) => found.and(events),
            Err(panic) => panic::resume_unwind(panic),
        }
    })
}

/// Reads the events after the one with the number `after`, and parses them meanwhile on all cores. The text of a row is freed by the
/// core that parsed it.
fn events(path: &Path, connection: &Connection, after: i64) -> Result<Read, Error> {
    let parsed = Mutex::new(BTreeMap::new());
    let (mut last, mut gap) = (None, None);
    let read = rayon::in_place_scope(|scope| {
        let mut chunk = Vec::new();
        let mut count = 0;
        let mut hand_over = |rows: Vec<Row>| {
            let (place, parsed) = (count, &parsed);
            count += 1;
            scope.spawn(move |_| {
                let events = parse(path, &rows);
                let mut parsed = parsed.lock().unwrap_or_else(PoisonError::into_inner);
                parsed.insert(place, events);
            });
        };
        for_each_row(connection, after, |row| {
            let expected = last.unwrap_or(after) + 1;
            if row.0 != expected {
                gap = gap.or(Some(expected));
            }
            last = Some(row.0);
            chunk.push(row);
            if chunk.len() == CHUNK {
                hand_over(std::mem::take(&mut chunk));
            }
        })?;
        hand_over(chunk);
        Ok(())
    });
    read.map_err(Error::sqlite(path))?;
    if let Some(number) = gap {
        return Err(damaged(path, &format!("event {number} is missing")));
    }
    let parsed = parsed.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut events = Vec::new();
    for part in parsed.into_values() {
        events.extend(part?);
    }
    Ok(Read { events, last })
}

/// Lets SQLite look whether every page of the file is what it should be: a history of which a page was damaged can often be read
/// all the same, with events missing.
fn check(path: &Path, connection: &Connection) -> Result<(), Error> {
    let found: String = connection
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(Error::sqlite(path))?;
    if found == "ok" {
        return Ok(());
    }
    // The first line says no more than which database this is.
    let what = found.lines().last();
    Err(damaged(path, what.unwrap_or(&found)))
}

/// The error of a file that is damaged.
pub(super) fn damaged(path: &Path, message: &str) -> Error {
    Error::DamagedStudy {
        path: path.to_owned(),
        message: message.to_owned(),
    }
}

/// Parses rows on all cores.
fn parse(path: &Path, rows: &[Row]) -> Result<Vec<Stamped>, Error> {
    use rayon::prelude::*;
    rows.par_iter()
        .with_min_len(1000)
        .map(|(number, at, text, elapsed)| {
            let event = Event::from_json(text).map_err(|error| {
                damaged(
                    path,
                    &format!("event {number} of its history can't be read: {error}"),
                )
            })?;
            Ok(Stamped {
                at: *at,
                elapsed: *elapsed,
                event,
            })
        })
        .collect()
}

pub(super) fn has_events(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row(
        "SELECT count(*) > 0 FROM sqlite_schema WHERE name = 'event'",
        [],
        |row| row.get(0),
    )
}

pub(super) fn user_version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}
