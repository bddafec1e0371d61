//! Tables as they were read, in a binary file each, so that text and images are decoded once and not by every worker.
//!
//! A file belongs to a SHA-256 of everything that the table follows from, the contents of its files included. If that is not as
//! expected, the files are read anew and the table is written again.
//!
//! Contents need not be read to be the same: the file also holds a SHA-256 of what the system says of the files, the times of
//! their last changes among it. No program can set the time of the last change of a file's content or properties, so that the same
//! stamps mean the same contents, unless there was a change within the moment in which the stamps were taken.

mod file;
#[cfg(feature = "torch")]
mod stamp;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use sha2::{Digest, Sha256};

use self::file::{load, save};
#[cfg(feature = "torch")]
pub(crate) use self::stamp::{Depth, stamp};
use super::files::{io_error, open_plain};
use super::raw::Keep;
use super::readers::images;
use super::spec::{Cache, DataSpec, Format, OneOrMany, Scaling, SplitSpec};
use super::table::{self, Table};
use crate::Error;

/// Below this, reading takes no time worth a file, unless the specification asks for one. Bytes.
const WORTH_KEEPING: u64 = 1 << 20;

/// Seconds after which a further change of a file has another time, whatever its file system: some count every second one.
const SETTLED: i64 = 3;

/// Reads files by a specification, or the table that was kept when they were last read; see [`table::read`].
pub(super) fn read(
    spec: &DataSpec,
    paths: &OneOrMany,
    labels: Option<&Path>,
    main: Option<&Table>,
) -> Result<Table, Error> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok();
    read_at(
        spec,
        paths,
        labels,
        main,
        now.and_then(|now| i64::try_from(now.as_secs()).ok()),
    )
}

/// As [`read`], at a time: seconds since 1970, if it is known.
fn read_at(
    spec: &DataSpec,
    paths: &OneOrMany,
    labels: Option<&Path>,
    main: Option<&Table>,
    now: Option<i64>,
) -> Result<Table, Error> {
    let fresh = || table::read(spec, paths, labels, main, Keep::All);
    if matches!(spec.cache, Some(Cache::Switch(false))) {
        return fresh();
    }
    let mut files = Vec::new();
    for path in paths.as_slice() {
        match spec.format() {
            Some(Format::Images) => files.extend(images::files(path)?),
            _ => files.push(path.clone()),
        }
    }
    files.extend(labels.map(Into::into));
    let Some(folder) = folder(spec, &files) else {
        return fresh();
    };
    let reading = reading(spec, paths, main, &files)?;
    let path = folder.join(name(paths, &reading));
    let stamps = stamps(&files, &reading, now);
    if let Some(stamps) = &stamps
        && let Some(table) = load(&path, |header| header.stamps.as_ref() == Some(stamps))
    {
        return Ok(table);
    }
    let key = key(&files, &reading)?;
    let kept = load(&path, |header| header.key == key);
    if stamps.is_none()
        && let Some(table) = kept
    {
        return Ok(table);
    }
    // The same contents with other stamps are written with these.
    let table = kept.map_or_else(fresh, Ok)?;
    // A full disk or a folder without permission costs time, not the evaluation.
    drop(save(&folder, &path, (key, stamps), &table));
    Ok(table)
}

/// Where tables are kept, unless they are not.
fn folder(spec: &DataSpec, files: &[PathBuf]) -> Option<PathBuf> {
    let size = || -> u64 {
        files
            .iter()
            .filter_map(|file| Some(fs::metadata(file).ok()?.len()))
            .sum()
    };
    match &spec.cache {
        Some(Cache::Folder(folder)) => return Some(folder.clone()),
        Some(Cache::Switch(true)) => {}
        _ if size() < WORTH_KEEPING => return None,
        _ => {}
    }
    let set = |name| {
        env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let caches = set("XDG_CACHE_HOME").or_else(|| Some(set("HOME")?.join(".cache")))?;
    Some(caches.join("nasbot").join("data"))
}

/// What is to be read and how.
fn reading(
    spec: &DataSpec,
    paths: &OneOrMany,
    main: Option<&Table>,
    files: &[PathBuf],
) -> Result<Sha256, Error> {
    // How the table is divided and used afterwards does not change it.
    let reading = DataSpec {
        path: paths.clone(),
        labels: None,
        // The column that the split goes by is read with the others.
        split: SplitSpec {
            group: spec.split.group.clone(),
            order: spec.split.order.clone(),
            part: spec.split.part.clone(),
            ..SplitSpec::default()
        },
        metric: None,
        class_weights: None,
        standardise: true,
        scaling: Scaling::Standard,
        test: None,
        cache: None,
        placement: Default::default(),
        ..spec.clone()
    };
    let known = main.map(|main| (&main.classes, &main.described));
    let text = serde_json::to_string(&(reading, spec.format(), known, files));
    let text = text.map_err(|source| Error::Message {
        what: "data",
        source,
    })?;
    Ok(Sha256::new_with_prefix(text.as_bytes()))
}

/// The name of the file, which follows from what is to be read: new contents take the place of the old.
fn name(paths: &OneOrMany, reading: &Sha256) -> String {
    let stem = paths.as_slice().first().and_then(|path| path.file_stem());
    // A name without it tells apart as well.
    let stem = stem.unwrap_or_default().to_string_lossy().into_owned();
    format!("{stem}-{}.table", &hex(&reading.clone().finalize())[..16])
}

/// What the table follows from, the files' contents included.
fn key(files: &[PathBuf], reading: &Sha256) -> Result<String, Error> {
    let mut hash = reading.clone();
    for path in files {
        let mut file = open_plain(path)?;
        let length =
            std::io::copy(&mut file, &mut hash).map_err(|source| io_error(path, source))?;
        // Else bytes could move from one file to the next unnoticed.
        hash.update(length.to_le_bytes());
    }
    Ok(hex(&hash.finalize()))
}

/// What the system says of the files, where that tells every later change: not of a file that has just been changed, which may be
/// changed once more at what its system takes for the same time.
#[cfg(unix)]
fn stamps(files: &[PathBuf], reading: &Sha256, now: Option<i64>) -> Option<String> {
    use std::os::unix::fs::MetadataExt as _;

    let settled = now? - SETTLED;
    let mut hash = reading.clone();
    for path in files {
        let file = fs::metadata(path).ok()?;
        if file.ctime().max(file.mtime()) > settled {
            return None;
        }
        for number in [file.dev(), file.ino(), file.size()] {
            hash.update(number.to_le_bytes());
        }
        for number in [
            file.mtime(),
            file.mtime_nsec(),
            file.ctime(),
            file.ctime_nsec(),
        ] {
            hash.update(number.to_le_bytes());
        }
    }
    Some(hex(&hash.finalize()))
}

#[cfg(not(unix))]
fn stamps(_: &[PathBuf], _: &Sha256, _: Option<i64>) -> Option<String> {
    None
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;
    use std::time::{Duration, SystemTime, UNIX_EPOCH};

    use super::file::{load, save};
    use super::{name, read_at, reading};
    use crate::data::spec::{Cache, DataSpec, OneOrMany, Task};
    use crate::data::table::Table;
    use crate::data::values::Values;

    /// A table, and where its file is kept.
    struct Setting {
        _folder: tempfile::TempDir,
        spec: DataSpec,
        table: PathBuf,
        cache: PathBuf,
    }

    impl Setting {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("a.csv");
            fs::write(&path, "1,2,0\n3,4,1\n5,6,0\n").unwrap();
            let cache = folder.path().join("cache");
            let mut spec = DataSpec::new(&path, Task::Class);
            spec.cache = Some(Cache::Folder(cache.clone()));
            let paths = OneOrMany::One(path.clone());
            let reading = reading(&spec, &paths, None, &[path]).unwrap();
            let table = cache.join(name(&paths, &reading));
            Self {
                _folder: folder,
                spec,
                table,
                cache,
            }
        }

        fn path(&self) -> &PathBuf {
            &self.spec.path.as_slice()[0]
        }

        /// Reads so many seconds after now.
        fn read(&self, later: u64) -> Table {
            let time = SystemTime::now() + Duration::from_secs(later);
            let now = time.duration_since(UNIX_EPOCH).unwrap().as_secs();
            let now = i64::try_from(now).unwrap();
            read_at(&self.spec, &self.spec.path, None, None, Some(now)).unwrap()
        }

        /// Replaces the kept table by another one of the same stamps, whose key is none.
        fn mark(&self) {
            let mut table = load(&self.table, |_| true).unwrap();
            let mut stamps = None;
            load(&self.table, |header| {
                stamps.replace(header.stamps.clone());
                true
            });
            table.inputs = Values::Bytes(vec![99; 6]);
            let key = "0".repeat(64);
            save(&self.cache, &self.table, (key, stamps.flatten()), &table).unwrap();
        }
    }

    #[test]
    fn files_whose_stamps_are_the_same_are_not_read() {
        let setting = Setting::new();
        let first = |table: &Table| table.inputs.get(0) as i64;
        assert_eq!(first(&setting.read(60)), 1);
        setting.mark();
        assert_eq!(first(&setting.read(60)), 99);
        // A file that has just been changed may change again within the same moment.
        assert_eq!(first(&setting.read(0)), 1);
        setting.mark();
        assert_eq!(first(&setting.read(60)), 1, "there were no stamps");
        setting.mark();
        // Same length, and the time of the last change of the content set back.
        let changed = fs::metadata(setting.path()).unwrap().modified().unwrap();
        fs::write(setting.path(), "4,2,0\n3,4,1\n5,6,0\n").unwrap();
        let file = fs::File::options()
            .append(true)
            .open(setting.path())
            .unwrap();
        file.set_modified(changed).unwrap();
        assert_eq!(first(&setting.read(60)), 4);
    }

    #[test]
    fn files_that_were_copied_are_read_once() {
        let setting = Setting::new();
        setting.read(60);
        let whole = fs::read(&setting.table).unwrap();
        // Another file of the same content takes the file's place.
        let copy = setting.path().with_extension("copy");
        fs::copy(setting.path(), &copy).unwrap();
        fs::rename(&copy, setting.path()).unwrap();
        setting.read(60);
        assert_ne!(
            fs::read(&setting.table).unwrap(),
            whole,
            "new stamps are kept"
        );
        setting.mark();
        assert_eq!(setting.read(60).inputs.get(0) as i64, 99);
    }
}
