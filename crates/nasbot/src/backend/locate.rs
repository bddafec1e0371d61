//! Finding programs: the worker, and whatever a description names.

use std::env;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::error::Error;

/// The program that trains networks.
const WORKER: &str = "nasbot-worker";
/// Where programs are looked for where no PATH is set.
const DEFAULT_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// Finds the worker: where the description says, where `NASBOT_WORKER` says, beside this program,
/// or on the `PATH`.
pub(super) fn worker(named: Option<&Path>) -> Result<PathBuf, Error> {
    let mut tried = Vec::new();
    if let Some(path) = named {
        return found(path, format!("[workers] program = {}", path.display()));
    }
    if let Some(path) = env::var_os("NASBOT_WORKER").filter(|value| !value.is_empty()) {
        // It is set for that one program and no other.
        return found(
            Path::new(&path),
            format!("NASBOT_WORKER = {}", path.display()),
        );
    }
    if let Ok(own) = env::current_exe() {
        let beside = own.with_file_name(WORKER);
        if is_executable(&beside) {
            return Ok(beside);
        }
        tried.push(beside.display().to_string());
    }
    tried.push(format!("{WORKER} on the PATH"));
    tried.push("NASBOT_WORKER (not set)".to_owned());
    match program(Path::new(WORKER)) {
        Found::Program(path) => Ok(path),
        _ => Err(Error::NoWorker { tried }),
    }
}

fn found(name: &Path, place: String) -> Result<PathBuf, Error> {
    match program(name) {
        Found::Program(path) => Ok(path),
        Found::NotExecutable(_) => Err(Error::NoWorker {
            tried: vec![format!("{place} (may not be run: chmod +x it)")],
        }),
        Found::Nothing => Err(Error::NoWorker { tried: vec![place] }),
    }
}

/// What is found under the name of a program.
pub(super) enum Found {
    /// A program.
    Program(PathBuf),
    /// A file that may not be run.
    NotExecutable(PathBuf),
    /// Nothing.
    Nothing,
}

/// A program by its path, or by its name on the `PATH`.
pub(super) fn program(name: &Path) -> Found {
    let places: Vec<PathBuf> = if name.components().count() > 1 {
        vec![name.to_owned()]
    } else {
        let folders = env::var_os("PATH").unwrap_or_else(|| DEFAULT_PATH.into());
        let folders: Vec<PathBuf> = env::split_paths(&folders).collect();
        folders.iter().map(|folder| folder.join(name)).collect()
    };
    if let Some(path) = places.iter().find(|path| is_executable(path)) {
        return Found::Program(path.clone());
    }
    match places.into_iter().find(|path| path.is_file()) {
        Some(path) => Found::NotExecutable(path),
        None => Found::Nothing,
    }
}

fn is_executable(path: &Path) -> bool {
    path.metadata()
        .is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}
