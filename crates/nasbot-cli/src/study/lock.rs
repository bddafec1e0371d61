//! One search process owns a study: an advisory lock of the operating system on a file beside it.
//!
//! The lock goes with the process, however it ends: after `kill -9` nothing needs cleaning up.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use nix::fcntl::{Flock, FlockArg};

use crate::error::Error;

/// The lock of one study, held until dropped.
#[derive(Debug)]
pub(crate) struct Lock(#[expect(dead_code, reason = "held, never looked at")] Flock<File>);

impl Lock {
    /// Takes the lock.
    ///
    /// # Errors
    /// [`Error::StudyLocked`] names the process that has it.
    pub(super) fn acquire(study: &Path) -> Result<Self, Error> {
        let path = lock_path(study);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(Error::write(&path))?;
        match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(mut lock) => {
                // For the message to others; the lock holds without it.
                let _ = lock.set_len(0);
                let _ = lock.rewind();
                let _ = write!(lock, "process {} on {}", std::process::id(), host());
                Ok(Self(lock))
            }
            Err((mut file, nix::errno::Errno::EWOULDBLOCK)) => {
                let mut owner = String::new();
                let _ = file.read_to_string(&mut owner);
                if owner.is_empty() {
                    "another process".clone_into(&mut owner);
                }
                Err(Error::StudyLocked {
                    path: study.to_owned(),
                    owner,
                })
            }
            Err((_, errno)) => Err(Error::write(&path)(errno.into())),
        }
    }
}

/// Whether some process owns the study now.
pub(crate) fn is_locked(study: &Path) -> bool {
    // A shared lock, so that those who only look don't see each other.
    File::open(lock_path(study))
        .is_ok_and(|file| Flock::lock(file, FlockArg::LockSharedNonblock).is_err())
}

fn lock_path(study: &Path) -> PathBuf {
    let mut name: OsString = study.as_os_str().to_owned();
    name.push(".lock");
    name.into()
}

fn host() -> String {
    nix::unistd::gethostname().map_or_else(
        |_| "this machine".to_owned(),
        |name| name.to_string_lossy().into_owned(),
    )
}
