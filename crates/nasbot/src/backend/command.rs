//! Any program as evaluator: the network as JSON on its standard input, the score on its output.
//!
//! The last line that it prints must be `{"score":0.93}`, with further figures as
//! `{"score":0.93,"metrics":{"flops":1e6}}` if there are any; `{"loss":0.31}` in its place is a figure of which less is better; or,
//! for a network that can't be scored, `{"failed":"diverged","message":"…"}`. Lines before are kept in the log, and a carriage return
//! ends a line as a line break does.

use std::ffi::OsString;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::Instant;

use nasbot_opt::Failure;

use super::devices::{self, Slot};
use super::locate::Found;
use super::pool::{self, Job, Pool};
use super::process::{Exit, Requests};
use super::program::Program;
use super::{Backend, End, Reports, Work, answer, locate};
use crate::error::Error;
use crate::report::quoted;
use crate::settings::Workers;

/// A back-end that runs a program of the user's for every network.
pub(super) fn command(
    command: &[String],
    folder: &Path,
    workers: &Workers,
    reports: Reports,
) -> Result<impl Backend + use<>, Error> {
    let job = Programs {
        command: located(command, folder)?,
        folder: folder.to_owned(),
        workers: workers.clone(),
    };
    Ok(Pool::new(job, devices::slots(workers)?, false, reports))
}

/// The command with the full path of its program.
pub(super) fn located(command: &[String], folder: &Path) -> Result<Vec<OsString>, Error> {
    let mut command: Vec<OsString> = command.iter().map(OsString::from).collect();
    if let Some(first) = command.first_mut() {
        let name = Path::new(first);
        let path = if name.components().count() > 1 {
            folder.join(name)
        } else {
            name.to_owned()
        };
        *first = match locate::program(&path) {
            Found::Program(path) => path.into(),
            Found::NotExecutable(path) => {
                return Err(Error::NoProgram(format!(
                    "{} may not be run: chmod +x it, or name its interpreter before it",
                    path.display()
                )));
            }
            Found::Nothing => {
                return Err(Error::NoProgram(format!(
                    "there is no program {}: give its path relative to {}, or a name on the PATH",
                    path.display(),
                    folder.display()
                )));
            }
        };
    }
    Ok(command)
}

/// A program of the user's.
pub(super) struct Programs {
    /// The program, found, and its arguments.
    pub(super) command: Vec<OsString>,
    /// Where it runs.
    pub(super) folder: PathBuf,
    pub(super) workers: Workers,
}

impl Programs {
    /// What the log of an evaluation begins with.
    fn header(&self, slot: &Slot, work: &Work) -> Vec<(&'static str, String)> {
        let words = self.command.iter().map(|word| quoted(Path::new(word)));
        let command: Vec<String> = words.collect();
        let mut lines = pool::header(slot, work);
        lines.extend([
            ("command", command.join(" ")),
            ("folder", self.folder.display().to_string()),
        ]);
        lines
    }
}

impl Job for Programs {
    fn program(&self, slot: &Slot, work: &Work) -> Result<Program, nn_train::Error> {
        let mut environment = pool::environment(slot);
        environment.extend([
            ("NASBOT_EVALUATION", work.key.evaluation.to_string()),
            ("NASBOT_SEED", work.seed.to_string()),
            ("NASBOT_DEVICE", slot.device.to_string()),
        ]);
        Ok(Program {
            command: self.command.clone(),
            environment,
            folder: Some(self.folder.clone()),
            input: work.network.to_json() + "\n",
            keep_input_open: false,
            header: self.header(slot, work),
            log: work.log.clone(),
            study: work.study.clone(),
            timeout: self.workers.timeout,
            may_stay: false,
            device: slot.name.clone(),
            memory: None,
        })
    }

    fn run(&self, _: u64, program: &Program, requests: &Requests, _: &Reports) -> End {
        let since = Instant::now();
        let mut last = String::new();
        let exit = pool::run(program, None, requests, |line, log| {
            log.write(format!("{line}\n").as_bytes());
            let line = line.trim();
            if !line.is_empty() {
                line.clone_into(&mut last);
            }
            ControlFlow::Continue(())
        });
        let seconds = since.elapsed().as_secs_f64();
        match exit {
            Err(problem) => End::Unusable(problem),
            Ok(Exit::Stopped | Exit::Answered) => End::Stopped,
            Ok(Exit::TimedOut) => pool::timed_out(&self.workers, seconds),
            Ok(Exit::Itself(status)) => {
                match answer::of_line(&last, status, &program.log, seconds) {
                    End::Stopped if !requests.pause.load(Ordering::Relaxed) => {
                        let message = "it says that it is paused without having been asked to";
                        answer::failed(Failure::Other, message, seconds)
                    }
                    end => end,
                }
            }
        }
    }
}
