//! The program `nasbot-worker`: jobs from standard input, one after the other, events to standard output.

use std::fs::File;
use std::io::{BufRead, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};

use nix::unistd::{dup, dup2_stdout};

use super::held::Held;
use super::journal::Journal;
use super::{allocator, classify, pause, room, train};
use crate::Error;
use crate::job::{Device, Event, Job, PAUSE, PROTOCOL};

/// The version of libtorch that this worker was written for.
pub const TORCH: &str = "2.11.0";

/// Where the job comes from.
#[derive(Clone, Copy, Debug)]
pub enum Source<'a> {
    /// Lines of standard input, which stays open: its end cancels the job.
    Stdin,
    /// A file; standard input is left alone.
    File(&'a Path),
}

/// Does one job, or one after the other as long as each says that the worker stays; whether all events could be delivered. A training
/// that fails is an event like any other.
///
/// # Errors
/// If standard output can't be set up or written to.
pub fn main(source: Source<'_>) -> std::io::Result<()> {
    keep_memory();
    let mut out = Events::take_stdout()?;
    out.hello()?;
    let mut journal = Journal::begin(TORCH);
    let jobs = match source {
        Source::Stdin => Some(listen()),
        Source::File(_) => None,
    };
    let mut held = Held::default();
    let mut text = match (source, &jobs) {
        (Source::File(path), _) => std::fs::read_to_string(path).map_err(|source| Error::Io {
            path: path.into(),
            source,
        }),
        // An empty input is no job.
        (Source::Stdin, jobs) => Ok(next(jobs.as_ref()).unwrap_or_default()),
    };
    loop {
        let job = text.and_then(|text| Job::from_line(&text));
        let device = job.as_ref().map_or(Device::Cpu, |job| job.device);
        let stays = job.as_ref().is_ok_and(|job| job.stay);
        let last = done(job, &mut held, &mut journal, &mut out);
        IS_BUSY.store(false, Ordering::Relaxed);
        out.send(&last)?;
        if !(stays && last.keeps_worker()) {
            return Ok(());
        }
        give_back(device);
        let Some(line) = next(jobs.as_ref()) else {
            return Ok(());
        };
        out.hello()?;
        journal = Journal::begin(TORCH);
        text = Ok(line);
    }
}

/// Does a job; the last event.
fn done(
    job: Result<Job, Error>,
    held: &mut Held,
    journal: &mut Journal,
    out: &mut Events,
) -> Event {
    let device = job.as_ref().map_or(Device::Cpu, |job| job.device);
    let outcome = job.and_then(|job| {
        journal.job(&job);
        // tch panics where it has no fallible variant, for one when memory runs out in such a place.
        catch_unwind(AssertUnwindSafe(|| {
            if let Ok(protocol) = job.training.clone().validated() {
                journal.protocol(&protocol);
            }
            train::run_with(held, &job, &mut |event| {
                journal.event(&event);
                // After the journal, which takes the most that was held: this forgets it.
                let memory = matches!(event, Event::Progress { .. })
                    .then(|| room::memory(device))
                    .flatten();
                if memory
                    .iter()
                    .chain([&event])
                    .any(|event| out.send(event).is_err())
                {
                    // What would read it has ended.
                    leave();
                }
            })
        }))
        .unwrap_or_else(|payload| Err(classify(&panic_text(payload.as_ref()))))
    });
    let last = outcome.unwrap_or_else(|error| match room::explained(error, held.needed, device) {
        Error::Paused { epoch } => Event::Paused { epoch },
        error => Event::Failed {
            kind: error.failure(),
            message: error.to_string(),
        },
    });
    journal.event(&last);
    last
}

/// Exit status of a job that was cancelled.
const CANCELLED: i32 = 3;

/// Whether there is a job that the end of standard input would cancel.
static IS_BUSY: AtomicBool = AtomicBool::new(false);

/// The next job's line, once it comes; `None` at the end of standard input.
fn next(jobs: Option<&Receiver<String>>) -> Option<String> {
    jobs?.recv().ok()
}

/// Hears what the parent asks for, in a thread of its own: jobs, and their end for now. It holds the other end until it wants nothing
/// more: if it ends while there is a job, the parent has died or cancelled.
fn listen() -> Receiver<String> {
    let (jobs, received) = channel();
    std::thread::spawn(move || {
        let mut stdin = std::io::stdin().lock();
        loop {
            let mut line = Vec::new();
            if !matches!(stdin.read_until(b'\n', &mut line), Ok(1..)) {
                match IS_BUSY.load(Ordering::Relaxed) {
                    true => leave(),
                    false => return,
                }
            }
            if line.trim_ascii_end() == PAUSE.as_bytes() {
                pause::request();
                continue;
            }
            pause::forget();
            IS_BUSY.store(true, Ordering::Relaxed);
            if jobs
                .send(String::from_utf8_lossy(&line).into_owned())
                .is_err()
            {
                return;
            }
        }
    });
    received
}

/// Lets the C library keep large blocks that are freed: a step of a training makes and frees the same ones as the step before, and each that
/// comes from the system anew costs its pages (a fifth of the processor's time of small networks on pictures). [`give_back`] ends that.
fn keep_memory() {
    #[cfg(target_env = "gnu")]
    #[expect(
        unsafe_code,
        reason = "mallopt is foreign; no other thread has begun to allocate"
    )]
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, 1 << 30);
        libc::mallopt(libc::M_TRIM_THRESHOLD, i32::MAX);
    }
}

/// Gives memory that a job has left back to the system: a worker that waits takes no more than its data and libtorch.
fn give_back(device: Device) {
    if device != Device::Cpu {
        allocator::give_back();
    }
    #[cfg(target_env = "gnu")]
    #[expect(
        unsafe_code,
        reason = "malloc_trim is foreign; it has no preconditions"
    )]
    unsafe {
        libc::malloc_trim(0);
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

    /// Says that the worker is up, or that it has heard.
    fn hello(&mut self) -> std::io::Result<()> {
        self.send(&Event::Hello {
            protocol: PROTOCOL,
            worker: env!("CARGO_PKG_VERSION").into(),
            torch: TORCH.into(),
        })
    }

    fn send(&mut self, event: &Event) -> std::io::Result<()> {
        let line = event.to_line().map_err(std::io::Error::other)?;
        self.pipe.write_all(line.as_bytes())
    }
}
