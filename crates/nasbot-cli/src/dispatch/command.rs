//! Any program as evaluator: the network as JSON on its standard input, the score on its output.
//!
//! The last line that it prints must be `{"score":0.93}`, with further figures as
//! `{"score":0.93,"metrics":{"flops":1e6}}` if there are any; or, for a network that can't be
//! scored, `{"failed":"diverged","message":"…"}`. Lines before are kept in the log.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Instant;

use nasbot_opt::{Failure, Outcome};
use serde::Deserialize;

use super::devices::{self, Slot};
use super::process::{self, Exit, Program};
use super::{Backend, End, Report, Reports, Task, answer, local, locate, send};
use crate::config::Workers;
use crate::error::Error;
use crate::study::Detail;

/// Runs a program of the user's for every network.
#[derive(Debug)]
pub(super) struct Command {
    command: Vec<OsString>,
    folder: PathBuf,
    workers: Workers,
    slots: Vec<Slot>,
    reports: Reports,
    stop: Arc<AtomicBool>,
}

impl Command {
    pub(super) fn new(
        command: &[String],
        folder: &Path,
        workers: &Workers,
        reports: Reports,
    ) -> Result<Self, Error> {
        let mut command: Vec<OsString> = command.iter().map(OsString::from).collect();
        if let Some(first) = command.first_mut() {
            let name = Path::new(first);
            let path = if name.components().count() > 1 {
                folder.join(name)
            } else {
                name.to_owned()
            };
            let found = locate::program(&path).ok_or_else(|| {
                Error::Usage(format!(
                    "workers.command: there is no program {}: give its path relative to {}, or a name on the PATH",
                    path.display(),
                    folder.display()
                ))
            })?;
            *first = found.into();
        }
        Ok(Self {
            command,
            folder: folder.to_owned(),
            workers: workers.clone(),
            slots: devices::slots(workers)?,
            reports,
            stop: Arc::default(),
        })
    }
}

impl Backend for Command {
    fn slots(&self) -> usize {
        self.slots.len()
    }

    fn start(&mut self, slot: usize, task: Task) -> Result<(), Error> {
        let here = &self.slots[slot];
        let mut environment = local::environment(here);
        environment.extend([
            ("NASBOT_EVALUATION", task.id.to_string()),
            ("NASBOT_SEED", task.seed.to_string()),
            ("NASBOT_DEVICE", here.device.to_string()),
        ]);
        let program = Program {
            command: self.command.clone(),
            environment,
            folder: Some(self.folder.clone()),
            input: task.network.to_json() + "\n",
            keep_input_open: false,
            log: task.log,
            timeout: self.workers.timeout,
        };
        let (id, device) = (task.id, here.name.clone());
        let (stop, reports) = (Arc::clone(&self.stop), self.reports.clone());
        send(&reports, Report::Started { id, slot, device });
        thread::spawn(move || {
            let end = evaluate(&program, &stop);
            send(&reports, Report::Ended { id, slot, end });
        });
        Ok(())
    }

    fn stop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

fn evaluate(program: &Program, stop: &AtomicBool) -> End {
    let since = Instant::now();
    let mut last = String::new();
    let exit = process::run(program, stop, |line| {
        local::log(program, line);
        if !line.trim().is_empty() {
            line.trim().clone_into(&mut last);
        }
        ControlFlow::Continue(())
    });
    let seconds = since.elapsed().as_secs_f64();
    match exit {
        Err(error) => End::Hopeless(format!("{}: {error}", program.command[0].display())),
        Ok(Exit::Stopped | Exit::Answered) => End::Stopped,
        Ok(Exit::TimedOut) => answer::timed_out(program.timeout, seconds),
        Ok(Exit::Itself(status)) => judge(&last, status, &program.log, seconds),
    }
}

/// What the program prints last.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    score: Option<f64>,
    #[serde(default)]
    metrics: BTreeMap<String, f64>,
    failed: Option<Failure>,
    message: Option<String>,
}

fn judge(last: &str, status: ExitStatus, log: &Path, seconds: f64) -> End {
    if !status.success() || last.is_empty() {
        return answer::no_answer(status, log, seconds);
    }
    match serde_json::from_str(last) {
        Ok(Answer {
            score: Some(score),
            metrics,
            failed: None,
            message,
        }) => {
            let detail = Detail {
                metrics,
                seconds,
                parameters: None,
                worker: None,
                message,
            };
            End::Done(Outcome::Score(score), detail)
        }
        Ok(Answer {
            score: None,
            failed: Some(failure),
            message,
            ..
        }) => answer::failed(failure, message.unwrap_or_default(), seconds),
        // What Python writes for numbers that are not finite is no JSON.
        Err(_) if last.contains("NaN") || last.contains("Infinity") => answer::failed(
            Failure::Diverged,
            format!("the score is not finite: {last}"),
            seconds,
        ),
        other => {
            let why = other.err().map_or_else(
                || "it must have either a score or failed".to_owned(),
                |error| error.to_string(),
            );
            let shown: String = last.chars().take(200).collect();
            let message = format!(
                "the last line of output must be {{\"score\":NUMBER}}, but is '{shown}' ({why})"
            );
            answer::failed(Failure::Other, message, seconds)
        }
    }
}
