//! What a trained network says of raw examples: a worker process reads both and answers with CSV.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::backend;
use crate::error::Error;
use crate::study::{Place, is_study};

/// Names of weights files, as `nasbot train` and a search write them.
const WEIGHTS: [&str; 2] = ["model.safetensors", "best.safetensors"];

/// The weights file of a model: the file itself, or the one in a folder that `nasbot train` or a search wrote; of a study, the one
/// that its last training left.
///
/// # Errors
///
/// [`Error::NoModel`] if there is none.
pub fn weights(model: &Path) -> Result<PathBuf, Error> {
    let within = |folder: &Path| {
        let mut places = WEIGHTS.into_iter().map(|name| folder.join(name));
        places.find(|path| path.is_file())
    };
    let found = if model.is_dir() {
        within(model)
    } else if is_study(model)? {
        within(&Place::of(model).out)
    } else {
        Some(model.to_owned()).filter(|path| path.is_file())
    };
    found.ok_or_else(|| Error::NoModel { path: model.into() })
}

/// Writes what a model says of raw examples to a file, which appears once it is complete, or to standard output.
///
/// # Errors
///
/// There is no model or no worker, the worker can't read one of the two (its message says which and why), or the answers can't
/// be written.
pub fn predict(model: &Path, examples: &Path, out: Option<&Path>) -> Result<(), Error> {
    let weights = weights(model)?;
    let mut command = Command::new(backend::find_worker(None)?);
    command.arg("--predict").arg(weights).arg(examples);
    command.stdin(Stdio::null()).stderr(Stdio::piped());
    let partial = out.map(|out| {
        let mut name = out.as_os_str().to_owned();
        name.push(format!(".{}.partial", std::process::id()));
        PathBuf::from(name)
    });
    if let Some(partial) = &partial {
        command.stdout(Stdio::from(create(partial)?));
    }
    let ended = run(command);
    match (ended, partial, out) {
        (Ok(()), Some(partial), Some(out)) => fs::rename(&partial, out).map_err(Error::write(out)),
        (ended, partial, _) => {
            if let Some(partial) = partial {
                // What went wrong is said already.
                let _ = fs::remove_file(partial);
            }
            ended
        }
    }
}

fn create(path: &Path) -> Result<File, Error> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    options.open(path).map_err(Error::write(path))
}

fn run(mut command: Command) -> Result<(), Error> {
    let child = command.spawn().map_err(Error::Prediction)?;
    let ended = child.wait_with_output().map_err(Error::Prediction)?;
    if ended.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&ended.stderr);
    let said = said.trim().trim_start_matches("nasbot-worker: ");
    let message = if said.is_empty() {
        format!("the worker ended with {}", ended.status)
    } else {
        said.to_owned()
    };
    Err(Error::Prediction(io::Error::other(message)))
}
