//! Reading a study that another process may own, without ever writing beside it.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::event::Stamped;
use super::store;
use crate::error::Error;

/// How long a reader waits for a writer's commit.
const PATIENCE: Duration = Duration::from_secs(30);
/// What else may hold a part of a database: the journal of a commit that was cut off, and the log of format 1.
const COMPANIONS: [&str; 2] = ["-journal", "-wal"];
/// How often a copy is tried that another process changes meanwhile.
const ATTEMPTS: usize = 20;
/// How many copies that were made without such a change are tried: a time stamp may miss a change, and a damaged file is
/// damaged in each of them.
const FAITHFUL: usize = 3;

/// Reads the history of a study, whichever process owns it.
///
/// # Errors
///
/// There is none, it is another file, or it is damaged.
pub fn read(path: &Path) -> Result<Vec<Stamped>, Error> {
    store::demand_study(path)?;
    // A database whose last commit was cut off, or which has a write-ahead log, cannot be read without being written to:
    // then it is a copy that is mended and read.
    match from(path, path) {
        Err(error) if error.is_about_database() => copied(path).map_err(|_| error),
        read => read,
    }
}

/// Reads the database at `at`, which stands for the study at `path`.
fn from(path: &Path, at: &Path) -> Result<Vec<Stamped>, Error> {
    // A log that is not empty is not read by this connection.
    if at == path
        && companion(path, "-wal")
            .metadata()
            .is_ok_and(|log| log.len() > 0)
    {
        return copied(path);
    }
    let is_log = store::has_log(at)?;
    let connection = if is_log && at == path {
        // Without a log beside it, a file of that format holds everything.
        let uri = format!("file:{}?immutable=1", escaped(at));
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
            | OpenFlags::SQLITE_OPEN_NO_MUTEX
            | OpenFlags::SQLITE_OPEN_URI;
        Connection::open_with_flags(uri, flags)
    } else if at == path {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        Connection::open_with_flags(at, flags)
    } else {
        Connection::open(at)
    };
    let connection = connection.map_err(Error::sqlite(path))?;
    connection
        .busy_timeout(PATIENCE)
        .map_err(Error::sqlite(path))?;
    store::check_version(path, &connection)?;
    store::history(path, &connection)
}

/// Reads a copy, in a folder of its own.
fn copied(path: &Path) -> Result<Vec<Stamped>, Error> {
    let folder = tempfile::tempdir().map_err(Error::write(&std::env::temp_dir()))?;
    let to = folder.path().join("study.db");
    let mut read = Err(Error::NoStudy {
        path: path.to_owned(),
    });
    let mut faithful = 0;
    for _ in 0..ATTEMPTS {
        let before = states(path);
        fs::copy(path, &to).map_err(Error::read(path))?;
        for ending in COMPANIONS {
            let (from, to) = (companion(path, ending), companion(&to, ending));
            match from.exists() {
                true => drop(fs::copy(&from, &to).map_err(Error::read(&from))?),
                // There may be one of an earlier attempt.
                false => drop(fs::remove_file(&to)),
            }
        }
        if states(path) == before {
            read = from(path, &to);
            faithful += 1;
            if read.is_ok() || faithful == FAITHFUL {
                break;
            }
        }
        thread::sleep(Duration::from_millis(20));
    }
    read
}

/// Sizes and times of a database and of what belongs to it, which tell whether they have changed.
fn states(path: &Path) -> Vec<Option<(u64, std::time::SystemTime)>> {
    let files = [path.to_owned()].into_iter();
    let files = files.chain(COMPANIONS.map(|ending| companion(path, ending)));
    let state = |file: std::path::PathBuf| {
        let metadata = file.metadata().ok()?;
        Some((metadata.len(), metadata.modified().ok()?))
    };
    files.map(state).collect()
}

fn companion(path: &Path, ending: &str) -> std::path::PathBuf {
    // SQLite names these after the file that a symbolic link leads to.
    let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let mut name = real.into_os_string();
    name.push(ending);
    name.into()
}

/// A path as a part of a URI.
fn escaped(path: &Path) -> String {
    let bytes = path.as_os_str().as_encoded_bytes();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte);
    let one = |&byte: &u8| match plain(byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02x}"),
    };
    bytes.iter().map(one).collect()
}
