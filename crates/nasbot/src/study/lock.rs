//! One search process owns a study: locks of the operating system on the study's file itself.
//!
//! They are on the file, not on its name, so that a symbolic link, a hard link or another path to the same folder leads to
//! the same lock. They go with the process, however it ends: after `kill -9` nothing needs cleaning up. SQLite locks
//! bytes of the same file from 2³⁰ on; ours lie far beyond any content.
//!
//! The file NAME.lock beside the study says in words which process it is.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::libc;

use crate::error::Error;

/// Locked by the search process that owns the study.
const OWNER: i64 = 0x4000_0000_0000;
/// Locked, for reading, by every guard of a process that a search started.
const GUARD: i64 = OWNER + 1;
/// How long a new owner waits for what a killed one left running; guards end within milliseconds of their search.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long a new owner waits for those that own a study only for a moment, one after the other.
const QUEUE: Duration = Duration::from_secs(60);
/// How long the end of an owner may take.
const MOMENT: Duration = Duration::from_millis(200);
const TICK: Duration = Duration::from_millis(2);

/// What an owner that owns a study only for a moment says besides.
const BRIEFLY: &str = ", for a moment";

/// For how long a study is owned: others wait for a moment's owner, and are refused by a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tenure {
    /// While a search goes on.
    Search,
    /// While a command is carried out.
    Moment,
}

/// The ownership of one study, held until dropped.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
    path: PathBuf,
}

impl Lock {
    /// Takes the lock of the study at `path`, where there may be none yet: then its file is made, empty. Waits until
    /// what an earlier owner started has ended.
    ///
    /// # Errors
    /// [`Error::StudyLocked`] names the process that has it.
    pub(super) fn acquire(path: &Path, tenure: Tenure) -> Result<Self, Error> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(Error::write(path))?;
        let since = Instant::now();
        // From one owner for a moment to the next there is an instant without words.
        let mut moved = since;
        loop {
            match set(&file, libc::F_WRLCK, OWNER) {
                Ok(()) => break,
                Err(Errno::EAGAIN | Errno::EACCES) => {
                    let is_brief = words(path).ends_with(BRIEFLY);
                    if is_brief {
                        moved = Instant::now();
                    }
                    // A process that is being killed holds it for a moment more.
                    let is_over = match is_brief || !is_alive(owner_number(path)) {
                        true => since.elapsed() > if is_brief { QUEUE } else { PATIENCE },
                        false => moved.elapsed() > MOMENT,
                    };
                    if is_over {
                        return Err(locked(path));
                    }
                }
                Err(errno) => return Err(Error::write(path)(errno.into())),
            }
            thread::sleep(TICK);
        }
        let lock = Self {
            file,
            path: path.to_owned(),
        };
        lock.announce(tenure)?;
        lock.wait_for_guards(Instant::now())?;
        Ok(lock)
    }

    /// Waits until no guard of an earlier owner is left.
    fn wait_for_guards(&self, since: Instant) -> Result<(), Error> {
        loop {
            match set(&self.file, libc::F_WRLCK, GUARD) {
                Ok(()) => break,
                Err(Errno::EAGAIN | Errno::EACCES) if since.elapsed() <= PATIENCE => {
                    thread::sleep(TICK);
                }
                Err(Errno::EAGAIN | Errno::EACCES) => {
                    return Err(Error::StudyLocked {
                        path: self.path.clone(),
                        owner: "evaluations of an earlier search, which do not end".to_owned(),
                    });
                }
                Err(errno) => return Err(Error::write(&self.path)(errno.into())),
            }
        }
        set(&self.file, libc::F_UNLCK, GUARD)
            .map_err(|errno| Error::write(&self.path)(errno.into()))
    }

    /// Says in the file beside the study which process owns it. A link there would lead the words into another file.
    fn announce(&self, tenure: Tenure) -> Result<(), Error> {
        let path = notice(&self.path);
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .custom_flags(OFlag::O_NOFOLLOW.bits())
            .open(&path)
            .map_err(Error::write(&path))?;
        let briefly = match tenure {
            Tenure::Search => "",
            Tenure::Moment => BRIEFLY,
        };
        let text = format!("process {} on {}{briefly}", std::process::id(), host());
        let write = |file: &mut File| {
            file.set_len(0)?;
            file.rewind()?;
            file.write_all(text.as_bytes())
        };
        // The lock holds without the words.
        let _ = write(&mut file);
        Ok(())
    }

    /// Whether the study is still at its path.
    pub(super) fn is_in_place(&self) -> bool {
        match (self.file.metadata(), self.path.metadata()) {
            (Ok(held), Ok(found)) => (held.dev(), held.ino()) == (found.dev(), found.ino()),
            _ => false,
        }
    }
}

/// Takes the part of a guard in a study's lock, until the file is dropped: the next owner waits for it. `None` where the
/// study is gone.
pub(crate) fn guard(study: &Path) -> Option<File> {
    let file = File::open(study).ok()?;
    set(&file, libc::F_RDLCK, GUARD).ok()?;
    Some(file)
}

/// Whether some process owns the study now.
#[must_use]
pub fn is_owned(study: &Path) -> bool {
    let Ok(file) = File::open(study) else {
        return false;
    };
    let mut wanted = range(libc::F_RDLCK, OWNER);
    let asked = fcntl(file.as_fd(), FcntlArg::F_OFD_GETLK(&mut wanted));
    asked.is_ok() && wanted.l_type != libc::F_UNLCK as libc::c_short
}

fn set(file: &File, kind: libc::c_int, at: i64) -> Result<(), Errno> {
    fcntl(file.as_fd(), FcntlArg::F_OFD_SETLK(&range(kind, at))).map(drop)
}

/// One byte of a file.
fn range(kind: libc::c_int, at: i64) -> libc::flock {
    libc::flock {
        l_type: kind as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: at,
        l_len: 1,
        l_pid: 0,
    }
}

fn locked(path: &Path) -> Error {
    let owner = match words(path) {
        owner if owner.is_empty() => "another process".to_owned(),
        owner => owner,
    };
    Error::StudyLocked {
        path: path.to_owned(),
        owner,
    }
}

/// What the owner says of itself, without control characters: any program can write there.
fn words(path: &Path) -> String {
    let mut text = String::new();
    if let Ok(file) = File::open(notice(path)) {
        // What is no text says nothing.
        let _ = file.take(200).read_to_string(&mut text);
    }
    text.chars().filter(|c| !c.is_control()).collect()
}

/// The number of the process that announced itself on this machine.
fn owner_number(path: &Path) -> Option<i32> {
    let text = words(path);
    let (number, place) = text.strip_prefix("process ")?.split_once(" on ")?;
    let place = place.strip_suffix(BRIEFLY).unwrap_or(place);
    number.parse().ok().filter(|_| place == host())
}

/// Whether a process runs, or may run where that cannot be known.
fn is_alive(process: Option<i32>) -> bool {
    match process {
        Some(number) if number != std::process::id().cast_signed() => {
            let asked = nix::sys::signal::kill(nix::unistd::Pid::from_raw(number), None);
            asked != Err(Errno::ESRCH)
        }
        _ => true,
    }
}

fn notice(study: &Path) -> PathBuf {
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
