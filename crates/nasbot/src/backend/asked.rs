//! A program that is asked something: it reads a question, prints an answer, and ends, or is ended.

use std::ffi::OsString;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::{self, JoinHandle};

use super::command::located;
use super::pool;
use super::process::{Afterwards, Exit, Requests};
use super::program::Program;
use crate::error::Error;
use crate::report::quoted;
use crate::settings::Proposals;

/// The longest answer, in bytes.
const MOST: usize = 64 << 20;

/// A program that runs; it is ended where this is dropped.
pub(crate) struct Asked {
    requests: Arc<Requests>,
    thread: Option<JoinHandle<()>>,
}

/// That there is the program.
pub(crate) fn check(settings: &Proposals) -> Result<(), Error> {
    found(settings).map(drop).map_err(Error::NoProposer)
}

/// The command with the full path of its program, or why there is none.
fn found(settings: &Proposals) -> Result<Vec<OsString>, String> {
    located(&settings.command, &settings.folder).map_err(|error| match error {
        Error::NoProgram(why) => why,
        other => other.to_string(),
    })
}

/// Starts the program with `question` on its standard input. `done` is told what it printed, or why that is of no use.
pub(crate) fn start(
    settings: &Proposals,
    question: String,
    log: PathBuf,
    done: impl FnOnce(Result<String, String>) + Send + 'static,
) -> Asked {
    let settings = settings.clone();
    let requests = Arc::new(Requests::default());
    let asked = requests.clone();
    let thread = thread::spawn(move || done(answer(&settings, question, log, &asked)));
    Asked {
        requests,
        thread: Some(thread),
    }
}

fn answer(
    settings: &Proposals,
    question: String,
    log: PathBuf,
    requests: &Requests,
) -> Result<String, String> {
    let command = found(settings)?;
    let program = Program {
        command,
        environment: Vec::new(),
        folder: Some(settings.folder.clone()),
        input: question,
        keep_input_open: false,
        header: vec![
            ("nasbot", env!("CARGO_PKG_VERSION").to_owned()),
            ("job", "proposals".to_owned()),
        ],
        log,
        study: None,
        timeout: Some(settings.timeout),
        may_stay: false,
        device: "none".to_owned(),
        memory: None,
    };
    let mut printed = String::new();
    let mut is_too_long = false;
    let exit = pool::run(&program, None, requests, |line, _| {
        if printed.len() + line.len() > MOST {
            is_too_long = true;
            return ControlFlow::Break(Afterwards::Ends);
        }
        printed.push_str(line);
        printed.push('\n');
        ControlFlow::Continue(())
    });
    let log = quoted(&program.log);
    match exit? {
        _ if is_too_long => Err(format!("it printed more than {} MiB", MOST >> 20)),
        Exit::Itself(status) if status.success() => Ok(printed),
        Exit::Itself(status) => Err(format!("it ended with {status}; its log is {log}")),
        Exit::TimedOut => Err(format!(
            "it had not ended after {} s and was stopped (proposals.timeout); its log is {log}",
            settings.timeout.as_secs_f64()
        )),
        Exit::Stopped | Exit::Answered => Err("it was stopped".to_owned()),
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        self.requests.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // One that has panicked has nothing to say any more.
            let _ = thread.join();
        }
    }
}
