//! The program `nasbot-worker`: one job from standard input, events to standard output.

use std::fs::File;
use std::io::{BufRead, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use nix::unistd::{dup, dup2_stdout};

use super::journal::Journal;
use super::{classify, pause, train};
use crate::Error;
use crate::job::{Event, Job, PAUSE, PROTOCOL};

/// The version of libtorch that this worker was written for.
pub const TORCH: &str = "2.11.0";

/// Where the job comes from.
#[derive(Clone, Copy, Debug)]
pub enum Source<'a> {
    /// The first line of standard input, which stays open: its end cancels the job.
    Stdin,
    /// A file; standard input is left alone.
    File(&'a Path),
}

/// Does one job; whether all its events could be delivered. A training that fails is an event like any other.
///
/// # Errors
/// If standard output can't be set up or written to.
pub fn main(source: Source<'_>) -> std::io::Result<()> {
    let mut out = Events::take_stdout()?;
    out.send(&Event::Hello {
        protocol: PROTOCOL,
        worker: env!("CARGO_PKG_VERSION").into(),
        torch: TORCH.into(),
    })?;
    let mut journal = Journal::begin(TORCH);
    let outcome = read(source).and_then(|job| {
        journal.job(&job);
        if matches!(source, Source::Stdin) {
            std::thread::spawn(listen);
        }
        // tch panics where it has no fallible variant, for one when memory runs out in such a place.
        catch_unwind(AssertUnwindSafe(|| {
            if let Ok(protocol) = job.training.clone().validated() {
                journal.protocol(&protocol);
            }
            train::run(&job, &mut |event| {
                journal.event(&event);
                if out.send(&event).is_err() {
                    // Nobody listens any more.
                    leave();
                }
            })
        }))
        .unwrap_or_else(|payload| Err(classify(&panic_text(payload.as_ref()))))
    });
    let last = outcome.unwrap_or_else(|error| match error {
        Error::Paused { epoch } => Event::Paused { epoch },
        error => Event::Failed {
            kind: error.failure(),
            message: error.to_string(),
        },
    });
    journal.event(&last);
    out.send(&last)
}

/// Exit status of a job that was cancelled.
const CANCELLED: i32 = 3;

fn read(source: Source<'_>) -> Result<Job, Error> {
    let mut line = String::new();
    let (path, result) = match source {
        Source::Stdin => (
            Path::new("standard input"),
            std::io::stdin().lock().read_line(&mut line).map(drop),
        ),
        Source::File(path) => (path, std::fs::read_to_string(path).map(|text| line = text)),
    };
    result.map_err(|source| Error::Io {
        path: path.into(),
        source,
    })?;
    Job::from_line(&line)
}

/// Hears what the parent asks for. It holds the other end until it has the result: if it ends first, the parent has died or
/// cancelled.
fn listen() {
    let mut rest = Vec::new();
    let mut stdin = std::io::stdin().lock();
    loop {
        rest.clear();
        if !matches!(stdin.read_until(b'\n', &mut rest), Ok(1..)) {
            leave();
        }
        if rest.trim_ascii_end() == PAUSE.as_bytes() {
            pause::request();
        }
    }
}

/// Ends the process at once. `std::process::exit` would run libtorch's destructors while its threads still compute.
fn leave() -> ! {
    #[expect(unsafe_code, reason = "_exit is foreign; it has no preconditions")]
    unsafe {
        libc::_exit(CANCELLED)
    }
}

fn panic_text(payload: &(dyn std::any::Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| payload.downcast_ref::<&str>().copied())
        .unwrap_or("the training panicked")
        .to_owned()
}

/// The stream of events: a private copy of standard output, while whatever else prints there goes to standard error.
struct Events {
    pipe: File,
}

impl Events {
    fn take_stdout() -> std::io::Result<Self> {
        let pipe = dup(std::io::stdout())?;
        dup2_stdout(std::io::stderr())?;
        Ok(Self { pipe: pipe.into() })
    }

    fn send(&mut self, event: &Event) -> std::io::Result<()> {
        let line = event.to_line().map_err(std::io::Error::other)?;
        self.pipe.write_all(line.as_bytes())
    }
}
