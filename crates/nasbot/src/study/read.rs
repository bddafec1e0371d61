//! Reading a study that another process may own, without ever writing beside it.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, SystemTime};

use rusqlite::{Connection, OpenFlags};

use super::event::Stamped;
use super::{rows, store};
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
    Ok(since(path, 0)?.events)
}

/// The events of a study after the one with the number `after`.
pub(super) fn since(path: &Path, after: i64) -> Result<rows::Read, Error> {
    store::demand_study(path)?;
    // A database whose last commit was cut off, or which has a write-ahead log, cannot be read without being written to:
    // then it is a copy that is mended and read.
    match from(path, path, after) {
        Err(error) if error.is_about_database() => copied(path, after).map_err(|_| error),
        read => read,
    }
}

/// Reads the database at `at`, which stands for the study at `path`.
fn from(path: &Path, at: &Path, after: i64) -> Result<rows::Read, Error> {
    // A log that is not empty is not read by this connection.
    if at == path
        && companion(path, "-wal")
            .metadata()
            .is_ok_and(|log| log.len() > 0)
    {
        return copied(path, after);
    }
    let is_log = store::has_log(at)?;
    let open = || {
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
        Ok(connection)
    };
    let connection = open()?;
    store::check_version(path, &connection)?;
    rows::history(path, &connection, open, after)
}

/// Reads a copy, in a folder of its own.
fn copied(path: &Path, after: i64) -> Result<rows::Read, Error> {
    let folder = tempfile::tempdir().map_err(Error::write(&std::env::temp_dir()))?;
    let to = folder.path().join("study.db");
    let copy = || {
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
        Ok(states(path) == before)
    };
    let rest = || thread::sleep(Duration::from_millis(20));
    let read = from_faithful(copy, || from(path, &to, after), rest)?;
    read.unwrap_or_else(|| {
        Err(Error::NoStudy {
            path: path.to_owned(),
        })
    })
}

/// What is read of a copy that was made without a change meanwhile, which `copy` tells; `rest` passes between two attempts.
///
/// Nothing if there was no such copy.
fn from_faithful<T>(
    mut copy: impl FnMut() -> Result<bool, Error>,
    mut read: impl FnMut() -> Result<T, Error>,
    mut rest: impl FnMut(),
) -> Result<Option<Result<T, Error>>, Error> {
    let (mut last, mut faithful) = (None, 0);
    for _ in 0..ATTEMPTS {
        if copy()? {
            let found = read();
            faithful += 1;
            let is_enough = found.is_ok() || faithful == FAITHFUL;
            last = Some(found);
            if is_enough {
                break;
            }
        }
        rest();
    }
    Ok(last)
}

/// Sizes and times of a database and of what belongs to it, which tell whether they have changed.
pub(super) fn states(path: &Path) -> Vec<Option<(u64, SystemTime)>> {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// How often a study is copied and read, where the copies numbered in `changed` were changed meanwhile and all before
    /// number `good` cannot be read; and whether it was read.
    fn attempts(changed: std::ops::Range<usize>, good: usize) -> (usize, usize, bool) {
        let (copies, mut reads) = (std::cell::Cell::new(0), 0);
        let copy = || {
            copies.set(copies.get() + 1);
            Ok(!changed.contains(&copies.get()))
        };
        let read = || {
            reads += 1;
            let path = Path::new("study").to_owned();
            (copies.get() >= good)
                .then_some(())
                .ok_or(Error::NoStudy { path })
        };
        let found = from_faithful(copy, read, || ()).expect("each copy is made");
        (copies.get(), reads, matches!(found, Some(Ok(()))))
    }

    #[test]
    fn a_damaged_study_is_copied_three_times_and_a_changing_one_until_it_rests() {
        const NEVER: usize = usize::MAX;
        assert_eq!(attempts(0..0, 1), (1, 1, true));
        assert_eq!(attempts(0..0, NEVER), (FAITHFUL, FAITHFUL, false));
        assert_eq!(attempts(0..0, 2), (2, 2, true));
        assert_eq!(attempts(1..6, 6), (6, 1, true));
        assert_eq!(attempts(2..6, NEVER), (FAITHFUL + 4, FAITHFUL, false));
        assert_eq!(attempts(0..NEVER, 1), (ATTEMPTS, 0, false));
    }
}
