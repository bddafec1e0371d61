//! Whether the files of a data set are what they were.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use sha2::{Digest, Sha256};

use super::stamps;
use crate::data::readers::images;
use crate::data::spec::{DataSpec, Format};

/// How closely folders of pictures are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Depth {
    /// At the folders: a picture that is added, removed, renamed or replaced changes its folder. Some milliseconds.
    Folders,
    /// At each picture too, which may have been written to in its place. About a second for 60,000.
    Files,
}

/// What the system says of all files of a data set, where that tells every later change: as long as it stays the same, reading them
/// again gives the same. `None` where a file has just been changed or is not there.
pub(crate) fn stamp(spec: &DataSpec, depth: Depth) -> Option<String> {
    let mut files = Vec::new();
    let test = spec.test.as_ref();
    let tested = test.map_or(&[][..], |test| test.path.as_slice());
    for path in spec.path.as_slice().iter().chain(tested) {
        if spec.format() != Some(Format::Images) {
            files.push(path.clone());
            continue;
        }
        files.extend(folders(path).ok()?);
        if depth == Depth::Files {
            files.extend(images::files(path).ok()?);
        }
    }
    let others = [
        spec.labels.as_ref(),
        test.and_then(|test| test.labels.as_ref()),
        spec.split.file.as_ref(),
    ];
    files.extend(others.into_iter().flatten().cloned());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    let mut names = Sha256::new();
    for file in &files {
        names.update(file.as_os_str().as_encoded_bytes());
        names.update([0]);
    }
    stamps(&files, &names, i64::try_from(now.as_secs()).ok())
}

/// A folder of pictures, the folders in it, and, where those are parts, the folders in them.
fn folders(root: &Path) -> io::Result<Vec<PathBuf>> {
    let mut all = vec![root.to_owned()];
    for entry in fs::read_dir(root)? {
        let path = entry?.path();
        if !path.is_dir() {
            continue;
        }
        // A part holds nothing but folders, a class nothing but pictures, of which the first one tells.
        for entry in fs::read_dir(&path)? {
            let inner = entry?.path();
            if !inner.is_dir() {
                break;
            }
            all.push(inner);
        }
        all.push(path);
    }
    all.sort();
    Ok(all)
}
