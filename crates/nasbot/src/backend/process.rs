//! One child process: started under its guard, read as it writes, stopped when it must be.

use std::io::{self, Read, Write as _};
use std::ops::ControlFlow;
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{self, Signal};
use nix::sys::wait::{self, Id, WaitPidFlag, WaitStatus};
use nix::unistd::Pid;

use super::guard;
use super::log::{Log, as_ours};
use super::program::Program;

/// How often the child, the clock and the request to stop are looked at while the child writes nothing, in milliseconds.
const TICK: u16 = 20;
/// Time for a child to end by itself after it has given its answer.
const FAREWELL: Duration = Duration::from_secs(10);
/// Time for what a child wrote last to arrive after its end, where something that it left behind holds its streams.
const DRAIN: Duration = Duration::from_millis(500);
/// No answer is longer than this; the rest of a longer line is dropped.
const LONGEST_LINE: usize = 1 << 20;
/// What is read at once, so that a child that writes without end is still looked at.
const CHUNK: usize = 64 << 10;

/// What is asked of a process while it runs.
#[derive(Debug, Default)]
pub(super) struct Requests {
    /// It is to end.
    pub(super) stop: AtomicBool,
    /// It is to end for now, and to keep its state.
    pub(super) pause: AtomicBool,
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

/// Runs a program to its end. `on_line` sees each line of its standard output, with the log, and breaks once the answer is
/// complete.
pub(super) fn run(
    program: &Program,
    requests: &Requests,
    mut on_line: impl FnMut(&str, &mut Log) -> ControlFlow<()>,
) -> io::Result<Exit> {
    let mut log = Log::open(&program.log)?;
    log.write(as_ours(&program.header).as_bytes());
    let mut child = spawn(program)?;
    let guard = Pid::from_raw(child.id().cast_signed());
    let mut stdin = child.stdin.take();
    if let Some(stdin) = &mut stdin {
        // A guard reads it at once; one that has died is judged by its end.
        let _ = stdin.write_all(program.input.as_bytes());
    }
    let streams = Streams::of(&mut child)?;
    // A limit beyond what the clock can express is none.
    let deadline = (program.timeout).and_then(|timeout| Instant::now().checked_add(timeout));
    let asked = Asked {
        requests,
        stdin: &mut stdin,
        is_paused: false,
    };
    let cut = watch(guard, streams, deadline, asked, &mut log, &mut on_line);
    log.finish();
    if matches!(cut, Some(Exit::TimedOut | Exit::Stopped)) {
        ask_to_end(guard, &mut stdin);
    }
    // The guard kills whatever is left once nothing holds its input open.
    drop(stdin);
    wait_until_ended(guard, guard::GRACE);
    let _ = signal::killpg(guard, Signal::SIGKILL);
    let status = child.wait()?;
    Ok(cut.unwrap_or(Exit::Itself(status)))
}

/// What a child writes, until it is closed.
struct Streams {
    stdout: Option<Lines>,
    stderr: Option<Box<dyn Stream>>,
}

trait Stream: Read + AsFd {}

impl<T: Read + AsFd> Stream for T {}

impl Streams {
    fn of(child: &mut Child) -> io::Result<Self> {
        let stdout = match child.stdout.take() {
            Some(stdout) => Some(Lines::new(unblocked(stdout)?)),
            None => None,
        };
        let stderr = match child.stderr.take() {
            Some(stderr) => Some(unblocked(stderr)?),
            None => None,
        };
        Ok(Self { stdout, stderr })
    }

    fn are_closed(&self) -> bool {
        self.stdout.is_none() && self.stderr.is_none()
    }

    /// Waits until there is something to read, a moment at most.
    fn wait(&self) {
        let out = self.stdout.as_ref().map(|lines| lines.stream.as_fd());
        let err = self.stderr.as_ref().map(|stream| (**stream).as_fd());
        let fds = out.into_iter().chain(err);
        let mut fds: Vec<PollFd<'_>> = fds.map(|fd| PollFd::new(fd, PollFlags::POLLIN)).collect();
        if fds.is_empty() {
            thread::sleep(Duration::from_millis(1));
        } else {
            // An interrupted wait is a short one.
            let _ = poll(&mut fds, PollTimeout::from(TICK));
        }
    }
}

fn unblocked<T: Stream + 'static>(stream: T) -> io::Result<Box<dyn Stream>> {
    fcntl(stream.as_fd(), FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
    Ok(Box::new(stream))
}

/// What a read came to.
enum Got {
    Bytes(usize),
    Nothing,
    End,
}

fn read(stream: &mut dyn Stream, buffer: &mut [u8]) -> Got {
    match stream.read(buffer) {
        Ok(0) => Got::End,
        Ok(count) => Got::Bytes(count),
        Err(error) => match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => Got::Nothing,
            _ => Got::End,
        },
    }
}

/// Standard output, as lines. A carriage return ends one too: progress bars write over what they wrote before.
struct Lines {
    stream: Box<dyn Stream>,
    line: Vec<u8>,
    /// Whether the last byte was a carriage return, so that a line break after it ends no further line.
    is_returned: bool,
}

impl Lines {
    fn new(stream: Box<dyn Stream>) -> Self {
        Self {
            stream,
            line: Vec::new(),
            is_returned: false,
        }
    }

    /// Takes in bytes, and hands over each line that they complete.
    fn take(
        &mut self,
        bytes: &[u8],
        on_line: &mut dyn FnMut(&str) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        for piece in bytes.split_inclusive(|&byte| is_end(byte)) {
            let (text, end) = match piece.split_last() {
                Some((&end, text)) if is_end(end) => (text, Some(end)),
                _ => (piece, None),
            };
            let room = LONGEST_LINE.saturating_sub(self.line.len());
            self.line.extend(&text[..text.len().min(room)]);
            if let Some(end) = end {
                let is_new = end == b'\n' && !self.is_returned;
                self.is_returned = end == b'\r';
                if is_new || !self.line.is_empty() {
                    self.hand_over(on_line)?;
                }
            } else {
                self.is_returned = false;
            }
        }
        ControlFlow::Continue(())
    }

    /// Hands over what has come since the last line break; bytes that are no text are replaced.
    fn hand_over(&mut self, on_line: &mut dyn FnMut(&str) -> ControlFlow<()>) -> ControlFlow<()> {
        let line = std::mem::take(&mut self.line);
        on_line(&String::from_utf8_lossy(&line))
    }
}

/// Whether a byte ends a line.
const fn is_end(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

/// What is asked for, and where it goes.
struct Asked<'a> {
    requests: &'a Requests,
    stdin: &'a mut Option<ChildStdin>,
    /// Whether the request to pause has been passed on.
    is_paused: bool,
}

impl Asked<'_> {
    /// Passes the request to pause on, once.
    fn pass_on(&mut self) {
        if self.requests.pause.load(Ordering::Relaxed)
            && !self.is_paused
            && let Some(stdin) = &mut self.stdin
        {
            self.is_paused = true;
            // A guard that is gone has nothing left to pause.
            let _ = stdin.write_all(&[guard::PAUSE]);
        }
    }
}

/// Reads what a child writes until it ends by itself (`None`) or its end is due.
fn watch(
    guard: Pid,
    mut streams: Streams,
    mut deadline: Option<Instant>,
    mut asked: Asked<'_>,
    log: &mut Log,
    on_line: &mut impl FnMut(&str, &mut Log) -> ControlFlow<()>,
) -> Option<Exit> {
    let mut buffer = vec![0; CHUNK];
    let mut is_answered = false;
    let mut ended: Option<Instant> = None;
    loop {
        streams.wait();
        let mut is_idle = true;
        if let Some(stderr) = &mut streams.stderr {
            match read(stderr, &mut buffer) {
                Got::Bytes(count) => {
                    log.write(&buffer[..count]);
                    is_idle = false;
                }
                Got::Nothing => {}
                Got::End => streams.stderr = None,
            }
        }
        if let Some(stdout) = &mut streams.stdout {
            let mut line = |line: &str| match is_answered {
                // What comes after the answer is no part of it.
                true => ControlFlow::Continue(()),
                false => on_line(line, log),
            };
            let got = read(&mut stdout.stream, &mut buffer);
            let flow = match got {
                Got::Bytes(count) => {
                    is_idle = false;
                    stdout.take(&buffer[..count], &mut line)
                }
                Got::Nothing => ControlFlow::Continue(()),
                Got::End if stdout.line.is_empty() => ControlFlow::Continue(()),
                Got::End => stdout.hand_over(&mut line),
            };
            if matches!(got, Got::End) {
                streams.stdout = None;
            }
            if flow.is_break() {
                is_answered = true;
                deadline = Instant::now().checked_add(FAREWELL);
            }
        }
        // First whether it has ended, so that an answer that was in time counts, even if this process was stopped
        // meanwhile.
        if ended.is_none() && has_ended(guard) {
            ended = Some(Instant::now());
        }
        if let Some(since) = ended
            && ((is_idle && streams.are_closed()) || since.elapsed() >= DRAIN)
        {
            return is_answered.then_some(Exit::Answered);
        }
        asked.pass_on();
        if asked.requests.stop.load(Ordering::Relaxed) && !is_answered && ended.is_none() {
            return Some(Exit::Stopped);
        }
        if ended.is_none() && deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Some(match is_answered {
                true => Exit::Answered,
                false => Exit::TimedOut,
            });
        }
    }
}

fn spawn(program: &Program) -> io::Result<Child> {
    let mut command = Command::new(own_program()?);
    command
        .args(guard::arguments(program))
        .args(&program.command)
        .envs(
            program
                .environment
                .iter()
                .map(|(name, value)| (name, value)),
        )
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
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

/// Asks a guard to end its program politely, and waits as long as that may take.
fn ask_to_end(guard: Pid, stdin: &mut Option<ChildStdin>) {
    if let Some(stdin) = stdin {
        // A guard that is gone has nothing left to end.
        let _ = stdin.write_all(&[guard::END_POLITELY]);
    }
    wait_until_ended(guard, guard::GRACE + DRAIN);
}

/// Whether the guard has ended; it stays to be reaped, so that its number is not given to another process.
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
        thread::sleep(Duration::from_millis(2));
    }
}
