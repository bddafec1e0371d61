//! The SQLite file: its schema, adding to it and reading it.
//!
//! The file has a rollback journal, not a write-ahead log: so it holds alone whatever was committed, readers need no more
//! than permission to read it, and two names of one file are no danger. Only where a process was killed within a commit does
//! a `-journal` stay that belongs to it, until the study is opened to be written to. Commits are few (results that are
//! there are committed together), so that the log's speed would gain little.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, params};

use super::event::{Event, Stamped};
use super::lock::{Lock, Tenure};
use super::place;
use super::rows::{self, has_events, user_version};
use crate::clock::Clock;
use crate::error::Error;

/// Marks the file as ours ("nasb"); `file` and `sqlite3` show it.
pub(super) const APPLICATION_ID: i64 = 0x6e61_7362;
/// The version of the schema and of the events in it.
pub(super) const VERSION: i64 = 2;
/// What every SQLite file begins with.
const MAGIC: &[u8] = b"SQLite format 3\0";
/// How long an attempt to lock the file waits for readers. The owner then tries again, for ever.
const PATIENCE: Duration = Duration::from_secs(10);

/// History can be added to, never changed: the file itself refuses.
const SCHEMA: &str = "
CREATE TABLE event (
    number  INTEGER PRIMARY KEY,
    at      REAL NOT NULL,
    event   TEXT NOT NULL CHECK (json_valid(event)),
    elapsed REAL
) STRICT;
CREATE TRIGGER event_is_never_changed BEFORE UPDATE ON event
    BEGIN SELECT RAISE(ABORT, 'the history of a study is append-only'); END;
CREATE TRIGGER event_is_never_removed BEFORE DELETE ON event
    BEGIN SELECT RAISE(ABORT, 'the history of a study is append-only'); END;
";

/// From format 1, which knows no elapsed time.
const MIGRATION: &str = "ALTER TABLE event ADD COLUMN elapsed REAL;";

/// A study that this process owns and writes.
#[derive(Debug)]
pub struct Study {
    path: PathBuf,
    connection: Connection,
    clock: Arc<dyn Clock>,
    /// When this process took the study over, by the clock's monotonic time.
    since: Duration,
    /// The history, until a session takes it.
    history: Vec<Stamped>,
    is_taken: bool,
    // Let go of last: dropped after the connection, whose own locks closing the file would drop.
    lock: Lock,
}

impl Study {
    /// Starts a study at `path`, where none may be yet, with its first event.
    ///
    /// # Errors
    ///
    /// [`Error::StudyExists`], [`Error::StudyLocked`], or the file cannot be written.
    pub fn create(path: &Path, first: Event, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        Self::created(path, first, clock, Tenure::Search)
    }

    /// As [`Study::create`], for a process that lets go of the study soon: others wait for it.
    ///
    /// # Errors
    ///
    /// As [`Study::create`].
    pub fn create_briefly(path: &Path, first: Event, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        Self::created(path, first, clock, Tenure::Moment)
    }

    fn created(
        path: &Path,
        first: Event,
        clock: Arc<dyn Clock>,
        tenure: Tenure,
    ) -> Result<Self, Error> {
        if let Some(folder) = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
        {
            fs::create_dir_all(folder).map_err(Error::write(folder))?;
        }
        let exists = || Error::StudyExists {
            path: path.to_owned(),
        };
        // Before the lock, which would make the file, and so that a running search's study is not waited for.
        if fs::metadata(path).is_ok_and(|file| !file.is_file() || file.len() > 0)
            && !(is_study(path)? && is_empty(path))
        {
            return Err(exists());
        }
        let lock = Lock::acquire(path, tenure)?;
        let mut study = Self::owned(path, lock, clock)?;
        // Behind the lock: of two that start at once, one gets here first.
        if !study.history.is_empty() {
            return Err(exists());
        }
        study.append(vec![first])?;
        Ok(study)
    }

    /// Takes over a study that exists.
    ///
    /// # Errors
    ///
    /// There is none, it is another file, or another process owns it.
    pub fn open(path: &Path, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        demand_study(path)?;
        let lock = Lock::acquire(path, Tenure::Search)?;
        Self::owned(path, lock, clock)
    }

    /// As [`Study::open`], for a process that lets go of the study soon: others wait for it, and it waits for others of its
    /// kind.
    ///
    /// # Errors
    ///
    /// As [`Study::open`].
    pub fn open_briefly(path: &Path, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        demand_study(path)?;
        let lock = Lock::acquire(path, Tenure::Moment)?;
        Self::owned(path, lock, clock)
    }

    /// The study at `path`, whose lock this process has.
    fn owned(path: &Path, lock: Lock, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        let connection = connect(path)?;
        check_version(path, &connection)?;
        prepare(path, &connection)?;
        let history = rows::history(path, &connection, || connect(path), 0)?.events;
        Ok(Self {
            path: path.to_owned(),
            connection,
            since: clock.monotonic(),
            history,
            is_taken: false,
            clock,
            lock,
        })
    }

    /// Where the study is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The network file system that it lies on, if it does: SQLite's locks are not to be relied on there.
    pub fn network_file_system(&self) -> Option<&'static str> {
        place::network_file_system(&self.path)
    }

    /// The clock by which its events are stamped.
    pub fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    /// Time since this process took the study over.
    pub fn elapsed(&self) -> Duration {
        self.clock.monotonic().saturating_sub(self.since)
    }

    /// The history so far, with what was added since it was opened; empty once a session has taken it.
    pub fn history(&self) -> &[Stamped] {
        &self.history
    }

    /// Takes the history, which is not kept from then on.
    pub(crate) fn take_history(&mut self) -> Vec<Stamped> {
        self.is_taken = true;
        std::mem::take(&mut self.history)
    }

    /// Adds to the history, all or nothing. When this returns the events are on the disk.
    ///
    /// # Errors
    ///
    /// The disk is full, or the file is not where it was.
    pub fn append(&mut self, events: Vec<Event>) -> Result<Vec<Stamped>, Error> {
        let at = self.clock.date();
        let elapsed = self.elapsed().as_secs_f64();
        let text = |event: &Event| {
            serde_json::to_string(event).map_err(|error| Error::NotAStudy {
                path: self.path.clone(),
                message: format!("an event can't be written: {error}"),
            })
        };
        let texts: Vec<String> = events.iter().map(text).collect::<Result<_, _>>()?;
        while let Err(error) = commit(&self.connection, at, elapsed, &texts) {
            if !self.lock.is_in_place() {
                return Err(self.rescue(at, elapsed, &texts));
            }
            // A reader that was stopped in the midst of reading keeps the file locked: nothing is lost by waiting.
            if error.sqlite_error_code() != Some(rusqlite::ErrorCode::DatabaseBusy) {
                return Err(Error::sqlite(&self.path)(error));
            }
        }
        if !self.lock.is_in_place() {
            return Err(self.rescue(at, elapsed, &[]));
        }
        let stamp = |event| Stamped {
            at,
            elapsed: Some(elapsed),
            event,
        };
        let added: Vec<Stamped> = events.into_iter().map(stamp).collect();
        if !self.is_taken {
            self.history.extend(added.iter().cloned());
        }
        Ok(added)
    }

    /// Writes what this process still has of a study whose file was removed or replaced, and what was to be added to it,
    /// to a name that is free: not to its own, under which the log of the lost file may still lie, and which whatever removed
    /// the file may be about to write.
    fn rescue(&self, at: f64, elapsed: f64, texts: &[String]) -> Error {
        let copy = place::beside(&self.path);
        let write = || {
            let name = copy.to_string_lossy();
            self.connection.execute("VACUUM INTO ?1", params![name])?;
            commit(&Connection::open(&copy)?, at, elapsed, texts)
        };
        let is_written: rusqlite::Result<()> = write();
        Error::StudyGone {
            path: self.path.clone(),
            copy: is_written.is_ok().then_some(copy),
        }
    }
}

/// Adds rows, all or nothing.
fn commit(
    connection: &Connection,
    at: f64,
    elapsed: f64,
    texts: &[String],
) -> rusqlite::Result<()> {
    let behavior = rusqlite::TransactionBehavior::Immediate;
    let transaction = rusqlite::Transaction::new_unchecked(connection, behavior)?;
    let mut insert =
        transaction.prepare_cached("INSERT INTO event (at, event, elapsed) VALUES (?1, ?2, ?3)")?;
    for text in texts {
        insert.execute(params![at, text, elapsed])?;
    }
    drop(insert);
    transaction.commit()
}

impl Drop for Study {
    fn drop(&mut self) {
        // The journal's empty file goes; it does no harm where this fails.
        let _ = self
            .connection
            .pragma_update(None, "journal_mode", "DELETE");
    }
}

/// Whether a file is an SQLite database, as studies are; false for files that do not exist.
///
/// # Errors
///
/// The file cannot be read.
pub fn is_study(path: &Path) -> Result<bool, Error> {
    if !path.is_file() {
        return Ok(false);
    }
    let mut start = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAGIC.len() as u64).read_to_end(&mut start))
        .map_err(Error::read(path))?;
    // SQLite writes its first page late: an empty file is a database too.
    Ok(start.is_empty() || start == MAGIC)
}

/// Whether a database is of the kind that has a write-ahead log: the bytes 18 and 19 of its header say so.
pub(super) fn has_log(path: &Path) -> Result<bool, Error> {
    let mut start = Vec::new();
    File::open(path)
        .and_then(|file| file.take(20).read_to_end(&mut start))
        .map_err(Error::read(path))?;
    Ok(start.get(18..20) == Some(&[2, 2]))
}

/// Whether a file that is a study has no history: what a crash in the midst of creation leaves, and nothing is lost by
/// taking it over.
fn is_empty(path: &Path) -> bool {
    super::read(path).is_ok_and(|events| events.is_empty())
}

pub(super) fn demand_study(path: &Path) -> Result<(), Error> {
    if !path.exists() {
        return Err(Error::NoStudy {
            path: path.to_owned(),
        });
    }
    if !is_study(path)? {
        return Err(Error::NotAStudy {
            path: path.to_owned(),
            message: other_than_study(path),
        });
    }
    Ok(())
}

/// What a file is that is no SQLite file, and what can be done with it.
fn other_than_study(path: &Path) -> String {
    let mut start = [0; 64];
    // What cannot be read is not known.
    let length = File::open(path).and_then(|mut file| file.read(&mut start));
    let start = start[..length.unwrap_or(0)].trim_ascii_start();
    let is_toml = path.extension().is_some_and(|ending| ending == "toml");
    if start.starts_with(b"{") {
        return "it is JSON, a network perhaps; studies end in .nasbot.db".to_owned();
    }
    if is_toml {
        return format!(
            "it is a search description (TOML): `nasbot search {}` searches and writes its study, NAME.nasbot.db",
            crate::report::quoted(path)
        );
    }
    "it is no SQLite file; studies end in .nasbot.db".to_owned()
}

fn connect(path: &Path) -> Result<Connection, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(path, flags).map_err(Error::sqlite(path))
}

/// Brings a file to the present format, whatever it was.
fn prepare(path: &Path, connection: &Connection) -> Result<(), Error> {
    let run = || -> rusqlite::Result<()> {
        connection.busy_timeout(PATIENCE)?;
        connection.pragma_update(None, "journal_mode", "TRUNCATE")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.set_prepared_statement_cache_capacity(8);
        let change = if !has_events(connection)? {
            format!("PRAGMA application_id = {APPLICATION_ID}; {SCHEMA}")
        } else if user_version(connection)? < VERSION {
            MIGRATION.to_owned()
        } else {
            return Ok(());
        };
        connection.execute_batch(&format!(
            "BEGIN IMMEDIATE; {change} PRAGMA user_version = {VERSION}; COMMIT;"
        ))
    };
    run().map_err(Error::sqlite(path))
}

pub(super) fn check_version(path: &Path, connection: &Connection) -> Result<(), Error> {
    let application: i64 = connection
        .pragma_query_value(None, "application_id", |row| row.get(0))
        .map_err(Error::sqlite(path))?;
    let found = user_version(connection).map_err(Error::sqlite(path))?;
    if application == 0 && found == 0 {
        let empty: i64 = connection
            .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
            .map_err(Error::sqlite(path))?;
        if empty == 0 {
            return Ok(());
        }
    }
    if application != APPLICATION_ID {
        return Err(Error::NotAStudy {
            path: path.to_owned(),
            message: "it is another program's SQLite file".to_owned(),
        });
    }
    if found > VERSION {
        return Err(Error::StudyVersion {
            path: path.to_owned(),
            found,
            known: VERSION,
        });
    }
    // Mark and schema are written together.
    if !has_events(connection).map_err(Error::sqlite(path))? {
        return Err(rows::damaged(path, "it has no table of events"));
    }
    Ok(())
}
