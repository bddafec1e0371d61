//! Finding programs: the worker, and whatever a description names.

use std::env;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::error::Error;

/// The program that trains networks.
const WORKER: &str = "nasbot-worker";

/// Finds the worker: where the description says, where `NASBOT_WORKER` says, beside this program,
/// or on the `PATH`.
pub(super) fn worker(named: Option<&Path>) -> Result<PathBuf, Error> {
    let mut tried = Vec::new();
    if let Some(path) = named {
        return program(path).ok_or_else(|| Error::NoWorker {
            tried: vec![format!("[workers] program = {}", path.display())],
        });
    }
    if let Some(path) = env::var_os("NASBOT_WORKER").filter(|value| !value.is_empty()) {
        // Whoever sets it wants that one and no other.
        return program(Path::new(&path)).ok_or_else(|| Error::NoWorker {
            tried: vec![format!("NASBOT_WORKER = {}", path.display())],
        });
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
    program(Path::new(WORKER)).ok_or(Error::NoWorker { tried })
}

/// A program by its path, or by its name on the `PATH`.
pub(super) fn program(name: &Path) -> Option<PathBuf> {
    if name.components().count() > 1 {
        return is_executable(name).then(|| name.to_owned());
    }
    let folders = env::var_os("PATH")?;
    env::split_paths(&folders)
        .map(|folder| folder.join(name))
        .find(|path| is_executable(path))
}

fn is_executable(path: &Path) -> bool {
    path.metadata()
        .is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}
