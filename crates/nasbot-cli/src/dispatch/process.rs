//! One child process: started under its guard, read line by line, stopped when it must be.

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Read, Write as _};
use std::ops::ControlFlow;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{self, Signal};
use nix::sys::wait::{self, Id, WaitPidFlag, WaitStatus};
use nix::unistd::Pid;

/// How often the child, the clock and the request to stop are looked at.
const TICK: Duration = Duration::from_millis(20);
/// Time for a child to end after SIGTERM, before SIGKILL.
const GRACE: Duration = Duration::from_secs(3);
/// Time for a child to end by itself after it has given its answer.
const FAREWELL: Duration = Duration::from_secs(10);
/// Time for what a child wrote last to arrive after its end.
const DRAIN: Duration = Duration::from_millis(500);
/// Longer lines are no answer of anybody's; the rest is dropped.
const LONGEST_LINE: u64 = 1 << 20;

/// What to run.
#[derive(Clone, Debug)]
pub(super) struct Program {
    /// The program and its arguments.
    pub(super) command: Vec<OsString>,
    /// Variables set for it, beside the inherited ones.
    pub(super) environment: Vec<(&'static str, String)>,
    /// Its working directory, if not this process's.
    pub(super) folder: Option<PathBuf>,
    /// What it finds on its standard input.
    pub(super) input: String,
    /// Whether standard input stays open while it runs.
    pub(super) keep_input_open: bool,
    /// Where its standard error goes; added to.
    pub(super) log: PathBuf,
    /// The longest that it may run.
    pub(super) timeout: Option<Duration>,
}

/// How a process came to its end.
#[derive(Clone, Copy, Debug)]
pub(super) enum Exit {
    /// By itself, or by a signal that was not ours.
    Itself(ExitStatus),
    /// It had said all it had to say.
    Answered,
    /// It took too long.
    TimedOut,
    /// It was to stop.
    Stopped,
}

/// Runs a program to its end. `on_line` sees each line of its standard output and breaks once the
/// answer is complete.
pub(super) fn run(
    program: &Program,
    stop: &AtomicBool,
    mut on_line: impl FnMut(&str) -> ControlFlow<()>,
) -> io::Result<Exit> {
    let mut child = spawn(program)?;
    let group = Pid::from_raw(child.id().cast_signed());
    let input = feed(&mut child, program);
    let lines = read_lines(&mut child);
    let deadline = program.timeout.map(|timeout| Instant::now() + timeout);
    let end = watch(group, &lines, deadline, stop, &mut on_line);
    drop(input);
    // Before the guard is reaped, while the group's number can't be anybody else's.
    let asked = match end {
        Watch::Ended => None,
        Watch::Answered => {
            wait_until_ended(group, FAREWELL);
            Some(Exit::Answered)
        }
        Watch::TimedOut => Some(Exit::TimedOut),
        Watch::Stopped => Some(Exit::Stopped),
    };
    if matches!(asked, Some(Exit::TimedOut | Exit::Stopped)) {
        let _ = signal::killpg(group, Signal::SIGTERM);
        wait_until_ended(group, GRACE);
    }
    let _ = signal::killpg(group, Signal::SIGKILL);
    let status = child.wait()?;
    Ok(asked.unwrap_or(Exit::Itself(status)))
}

/// What ended the watch over a child.
enum Watch {
    Ended,
    Answered,
    TimedOut,
    Stopped,
}

fn watch(
    group: Pid,
    lines: &Receiver<String>,
    deadline: Option<Instant>,
    stop: &AtomicBool,
    on_line: &mut impl FnMut(&str) -> ControlFlow<()>,
) -> Watch {
    let mut drained = None;
    loop {
        match lines.recv_timeout(TICK) {
            Ok(line) => {
                if on_line(&line).is_break() {
                    return Watch::Answered;
                }
                continue;
            }
            Err(RecvTimeoutError::Timeout) => {}
            // Standard output is closed, but the child may go on.
            Err(RecvTimeoutError::Disconnected) => thread::sleep(TICK),
        }
        if stop.load(Ordering::Relaxed) {
            return Watch::Stopped;
        }
        if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Watch::TimedOut;
        }
        if has_ended(group) {
            // Its last lines may still be on their way, and a process that it left behind may hold
            // standard output open for ever.
            let since = *drained.get_or_insert_with(Instant::now);
            let closed = matches!(lines.try_recv(), Err(mpsc::TryRecvError::Disconnected));
            if closed || since.elapsed() >= DRAIN {
                return Watch::Ended;
            }
        }
    }
}

fn spawn(program: &Program) -> io::Result<Child> {
    if let Some(folder) = program.log.parent() {
        fs::create_dir_all(folder)?;
    }
    let log = OpenOptions::new()
        .create(true)
        .append(true)
        .open(&program.log)?;
    let mut command = Command::new(own_program()?);
    command
        .args(["__guard", "--parent", &std::process::id().to_string(), "--"])
        .args(&program.command)
        .envs(
            program
                .environment
                .iter()
                .map(|(name, value)| (name, value)),
        )
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(log)
        .process_group(0);
    if let Some(folder) = &program.folder {
        command.current_dir(folder);
    }
    command.spawn()
}

/// This program, even if its file has been replaced since it started.
fn own_program() -> io::Result<PathBuf> {
    let running = Path::new("/proc/self/exe");
    if running.exists() {
        Ok(running.to_owned())
    } else {
        std::env::current_exe()
    }
}

/// Writes the input from a thread of its own, since a child that does not read would block us.
/// Standard input stays open until the sender that is returned is dropped.
fn feed(child: &mut Child, program: &Program) -> Option<Sender<()>> {
    let (keep, until) = mpsc::channel();
    let mut stdin = child.stdin.take()?;
    let input = program.input.clone();
    thread::spawn(move || {
        // A child that ends without reading is judged by its answer.
        let _ = stdin.write_all(input.as_bytes());
        let _ = stdin.flush();
        let _ = until.recv();
    });
    program.keep_input_open.then_some(keep)
}

fn read_lines(child: &mut Child) -> Receiver<String> {
    let (send, lines) = mpsc::channel();
    if let Some(stdout) = child.stdout.take() {
        thread::spawn(move || {
            let mut reader = BufReader::new(stdout);
            while let Some(line) = read_line(&mut reader) {
                if send.send(line).is_err() {
                    break;
                }
            }
        });
    }
    lines
}

/// The next line without its break, cut at [`LONGEST_LINE`]; bytes that are no text are replaced.
fn read_line(reader: &mut BufReader<impl Read>) -> Option<String> {
    let mut line = Vec::new();
    let read = reader
        .by_ref()
        .take(LONGEST_LINE)
        .read_until(b'\n', &mut line)
        .ok()?;
    if read == 0 {
        return None;
    }
    if line.last() == Some(&b'\n') {
        line.pop();
    } else if read as u64 == LONGEST_LINE {
        reader.skip_until(b'\n').ok()?;
    }
    Some(String::from_utf8_lossy(&line).into_owned())
}

/// Whether the guard has ended; it stays to be reaped.
fn has_ended(guard: Pid) -> bool {
    let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
    !matches!(
        wait::waitid(Id::Pid(guard), flags),
        Ok(WaitStatus::StillAlive)
    )
}

fn wait_until_ended(guard: Pid, patience: Duration) {
    let since = Instant::now();
    while !has_ended(guard) && since.elapsed() < patience {
        thread::sleep(TICK);
    }
}

/// The last lines of a log, for messages.
pub(super) fn tail(log: &Path) -> String {
    const LINES: usize = 8;
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<_> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    lines[lines.len().saturating_sub(LINES)..].join("\n")
}
