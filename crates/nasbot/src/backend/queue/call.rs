//! Short commands of an engine: run to their end, or to the end of patience.

use std::io::{self, Read};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{self, Signal};
use nix::unistd::Pid;

/// How often a command is looked at.
const TICK: Duration = Duration::from_millis(5);
/// What is kept of an output, in bytes.
const MOST: u64 = 16 << 20;
/// What is quoted of an output, in bytes.
const QUOTED: usize = 1000;

/// How a command ended.
#[derive(Debug)]
pub(super) enum Called {
    /// By itself.
    Ended {
        status: ExitStatus,
        output: String,
        errors: String,
    },
    /// It took too long and was killed: whether it did its work is not known.
    TooLong,
}

/// Runs a command, in a process group of its own so that a request to stop this program does not cut it short.
pub(super) fn call(command: &mut Command, patience: Duration) -> io::Result<Called> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()?;
    let output = child.stdout.take().map(reader);
    let errors = child.stderr.take().map(reader);
    let deadline = Instant::now() + patience;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if Instant::now() >= deadline {
            // Its pipes close with it, which ends the readers.
            let _ = signal::killpg(Pid::from_raw(child.id().cast_signed()), Signal::SIGKILL);
            child.wait()?;
            return Ok(Called::TooLong);
        }
        thread::sleep(TICK);
    };
    let text = |reader: Option<thread::JoinHandle<String>>| {
        // A reader that panicked has read nothing that is of use.
        reader
            .and_then(|reader| reader.join().ok())
            .unwrap_or_default()
    };
    Ok(Called::Ended {
        status,
        output: text(output),
        errors: text(errors),
    })
}

fn reader(stream: impl Read + Send + 'static) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        // What was read before an error counts.
        let _ = stream.take(MOST).read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// What a command said, for messages.
pub(super) fn said(output: &str, errors: &str) -> String {
    let lines = errors.lines().chain(output.lines()).map(str::trim);
    let lines: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
    if lines.is_empty() {
        return "it said nothing".to_owned();
    }
    crate::backend::log::end_of(&lines.join("; "), QUOTED)
}
