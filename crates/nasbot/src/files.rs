//! Writing files beside a study.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::error::Error;

/// Writes a file as a whole or not at all: readers never see a part of it, and a symbolic link in its place is replaced,
/// not followed.
///
/// # Errors
///
/// [`Error::Write`] names the file.
pub fn write_atomically(path: &Path, text: &str) -> Result<(), Error> {
    let partial = partial(path);
    // A partial file of a process that was killed.
    let _ = fs::remove_file(&partial);
    let write = || {
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&partial)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&partial, path)
    };
    write().map_err(|error| {
        let _ = fs::remove_file(&partial);
        Error::write(path)(error)
    })
}

fn partial(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.partial", std::process::id()));
    name.into()
}
