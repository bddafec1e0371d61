//! The SQLite file: its schema, appending to it and reading it.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, OpenFlags, params};

use super::event::{Event, Stamped};
use super::lock::Lock;
use super::place;
use crate::error::Error;
use crate::terminal;

/// Marks the file as ours ("nasb"); `file` and `sqlite3` show it.
const APPLICATION_ID: i64 = 0x6e61_7362;
/// The version of the schema and of the events in it.
const VERSION: i64 = 1;
/// How long a reader or writer waits for another.
const PATIENCE: Duration = Duration::from_secs(30);
/// What every SQLite file begins with.
const MAGIC: &[u8] = b"SQLite format 3\0";

/// History can be added to, never changed: the file itself refuses.
const SCHEMA: &str = "
CREATE TABLE event (
    number INTEGER PRIMARY KEY,
    at     REAL NOT NULL,
    event  TEXT NOT NULL CHECK (json_valid(event))
) STRICT;
CREATE TRIGGER event_is_never_changed BEFORE UPDATE ON event
    BEGIN SELECT RAISE(ABORT, 'the history of a study is append-only'); END;
CREATE TRIGGER event_is_never_removed BEFORE DELETE ON event
    BEGIN SELECT RAISE(ABORT, 'the history of a study is append-only'); END;
";

/// A study that this process owns and writes.
#[derive(Debug)]
pub(crate) struct Study {
    path: PathBuf,
    connection: Connection,
    // Let go of last: dropped after the connection.
    _lock: Lock,
}

impl Study {
    /// Starts a study at `path`, where none may be yet, with its first event.
    pub(crate) fn create(path: &Path, first: &Event) -> Result<Self, Error> {
        if let Some(folder) = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
        {
            fs::create_dir_all(folder).map_err(Error::write(folder))?;
        }
        let lock = Lock::acquire(path)?;
        // Behind the lock: of two that start at once, one gets here first. A file without a history
        // is what a crash in the midst of creation left: nothing is lost by taking it over.
        if path.exists() && (!is_study(path)? || !read(path).is_ok_and(|events| events.is_empty()))
        {
            return Err(Error::StudyExists {
                path: path.to_owned(),
            });
        }
        let connection = Connection::open(path).map_err(Error::sqlite(path))?;
        prepare(path, &connection).map_err(Error::sqlite(path))?;
        let mut study = Self {
            path: path.to_owned(),
            connection,
            _lock: lock,
        };
        study.append(first)?;
        Ok(study)
    }

    /// Takes over a study that exists.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        demand_study(path)?;
        let lock = Lock::acquire(path)?;
        let connection = Connection::open(path).map_err(Error::sqlite(path))?;
        check_version(path, &connection)?;
        prepare(path, &connection).map_err(Error::sqlite(path))?;
        Ok(Self {
            path: path.to_owned(),
            connection,
            _lock: lock,
        })
    }

    /// Where the study is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The history so far.
    pub(crate) fn events(&self) -> Result<Vec<Stamped>, Error> {
        events(&self.path, &self.connection)
    }

    /// Adds to the history. When this returns the event is on the disk.
    pub(crate) fn append(&mut self, event: &Event) -> Result<Stamped, Error> {
        let at = now();
        let text = serde_json::to_string(event).map_err(|error| Error::NotAStudy {
            path: self.path.clone(),
            message: format!("an event can't be written: {error}"),
        })?;
        self.connection
            .prepare_cached("INSERT INTO event (at, event) VALUES (?1, ?2)")
            .and_then(|mut insert| insert.execute(params![at, text]))
            .map_err(Error::sqlite(&self.path))?;
        Ok(Stamped {
            at,
            event: event.clone(),
        })
    }
}

/// Reads the history of a study, owned by whomever.
pub(crate) fn read(path: &Path) -> Result<Vec<Stamped>, Error> {
    demand_study(path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(Error::sqlite(path))?;
    connection
        .busy_timeout(PATIENCE)
        .map_err(Error::sqlite(path))?;
    check_version(path, &connection)?;
    events(path, &connection)
}

/// Whether a file is an SQLite database, as studies are; false for files that do not exist.
pub(crate) fn is_study(path: &Path) -> Result<bool, Error> {
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

fn demand_study(path: &Path) -> Result<(), Error> {
    if !path.exists() {
        return Err(Error::NoStudy {
            path: path.to_owned(),
        });
    }
    if !is_study(path)? {
        return Err(Error::NotAStudy {
            path: path.to_owned(),
            message: "it is no SQLite file; studies end in .nasbot.db".to_owned(),
        });
    }
    Ok(())
}

fn prepare(path: &Path, connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(PATIENCE)?;
    // Readers and the writer share memory in WAL mode, which machines can't do with each other.
    let journal = match place::network_file_system(path) {
        Some(name) => {
            terminal::say(&format!(
                "nasbot: warning: {} lies on a network file system ({name}), where SQLite may lock up or \
                 corrupt files; a local disk is safer",
                path.display()
            ));
            "DELETE"
        }
        None => "WAL",
    };
    connection.pragma_update(None, "journal_mode", journal)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    let made: bool = connection.query_row(
        "SELECT count(*) > 0 FROM sqlite_schema WHERE name = 'event'",
        [],
        |row| row.get(0),
    )?;
    if !made {
        let setup = format!(
            "BEGIN; PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {VERSION}; {SCHEMA} COMMIT;"
        );
        connection.execute_batch(&setup)?;
    }
    Ok(())
}

fn check_version(path: &Path, connection: &Connection) -> Result<(), Error> {
    let pragma = |name: &str| -> Result<i64, Error> {
        connection
            .pragma_query_value(None, name, |row| row.get(0))
            .map_err(Error::sqlite(path))
    };
    let (application, found) = (pragma("application_id")?, pragma("user_version")?);
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
    Ok(())
}

fn events(path: &Path, connection: &Connection) -> Result<Vec<Stamped>, Error> {
    let made: bool = connection
        .query_row(
            "SELECT count(*) > 0 FROM sqlite_schema WHERE name = 'event'",
            [],
            |row| row.get(0),
        )
        .map_err(Error::sqlite(path))?;
    if !made {
        return Ok(Vec::new());
    }
    let mut query = connection
        .prepare("SELECT number, at, event FROM event ORDER BY number")
        .map_err(Error::sqlite(path))?;
    let rows = query
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .map_err(Error::sqlite(path))?;
    let mut out = Vec::new();
    for row in rows {
        let (number, at, text): (i64, f64, String) = row.map_err(Error::sqlite(path))?;
        let event = serde_json::from_str(&text).map_err(|error| Error::NotAStudy {
            path: path.to_owned(),
            message: format!("event {number} of its history can't be read: {error}"),
        })?;
        out.push(Stamped { at, event });
    }
    Ok(out)
}

fn now() -> f64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0.0, |time| time.as_secs_f64())
}
