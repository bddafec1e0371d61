//! A child process: started under its guard, given work, read as it writes, stopped when it must be. One that waits for more work after
//! its answer stands on a [shelf](super::shelf) meanwhile.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::ops::ControlFlow;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{self, Signal};
use nix::sys::wait::{self, Id, WaitPidFlag, WaitStatus};
use nix::unistd::Pid;

use super::guard;
use super::log::Log;
use super::program::Program;
use super::streams::{Got, Streams, read};

/// Time for a child to end by itself after it has given its answer.
const FAREWELL: Duration = Duration::from_secs(10);
/// Time for what a child wrote last to arrive after its end, where something that it left behind holds its streams.
const DRAIN: Duration = Duration::from_millis(500);
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

/// What becomes of a process after its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Afterwards {
    /// It ends.
    Ends,
    /// It waits for more work.
    Stays,
}

/// A program that runs under its guard.
pub(super) struct Process {
    child: Child,
    guard: Pid,
    stdin: Option<ChildStdin>,
    streams: Streams,
    /// What it was started with.
    recipe: Recipe,
    started: Instant,
    /// Whether it has had work before.
    is_used: bool,
}

/// What a process was started with. One that was started with the same can take up the work of another.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Recipe {
    command: Vec<OsString>,
    environment: Vec<(&'static str, String)>,
    folder: Option<PathBuf>,
    study: Option<PathBuf>,
}

impl Recipe {
    fn of(program: &Program) -> Self {
        Self {
            command: program.command.clone(),
            environment: program.environment.clone(),
            folder: program.folder.clone(),
            study: program.study.clone(),
        }
    }
}

/// A process after the work that it was given.
pub(super) struct Attended {
    pub(super) process: Process,
    pub(super) cut: Cut,
    /// Whether it ended without a word after it had waited for work.
    pub(super) is_deaf: bool,
}

/// Why a process is listened to no more.
#[derive(Clone, Copy, Debug)]
pub(super) enum Cut {
    /// It has ended.
    Ended,
    /// It has answered and waits for more work.
    Waits,
    /// It is to end now.
    Due(Exit),
}

impl Process {
    /// Starts a program. It is given its input later.
    pub(super) fn start(program: &Program) -> io::Result<Self> {
        let mut child = spawn(program)?;
        Ok(Self {
            guard: Pid::from_raw(child.id().cast_signed()),
            stdin: child.stdin.take(),
            streams: Streams::of(&mut child)?,
            child,
            recipe: Recipe::of(program),
            started: Instant::now(),
            is_used: false,
        })
    }

    /// Whether it can take up the work of a program.
    pub(super) fn fits(&self, program: &Program) -> bool {
        self.recipe == Recipe::of(program)
    }

    /// Whether it has ended.
    pub(super) fn has_ended(&self) -> bool {
        has_ended(self.guard)
    }

    /// How long ago it was started.
    pub(super) fn age(&self) -> Duration {
        self.started.elapsed()
    }

    /// Gives it work and listens to it.
    pub(super) fn attend(
        mut self,
        program: &Program,
        requests: &Requests,
        log: &mut Log,
        on_line: &mut impl FnMut(&str, &mut Log) -> ControlFlow<Afterwards>,
    ) -> Attended {
        let was_used = std::mem::replace(&mut self.is_used, true);
        if was_used {
            self.streams.forget();
        }
        if let Some(stdin) = &mut self.stdin {
            // A guard reads it at once; one that has died is judged by its end.
            let input = guard::input(&program.input, was_used);
            let _ = stdin.write_all(&input);
        }
        // A limit beyond what the clock can express is none.
        let deadline = (program.timeout).and_then(|timeout| Instant::now().checked_add(timeout));
        let asked = Asked {
            requests,
            stdin: &mut self.stdin,
            is_paused: false,
        };
        let mut has_spoken = false;
        let mut heard = |line: &str, log: &mut Log| {
            has_spoken = true;
            on_line(line, log)
        };
        let streams = &mut self.streams;
        let cut = watch(self.guard, streams, deadline, asked, log, &mut heard);
        Attended {
            process: self,
            cut,
            is_deaf: was_used && !has_spoken && matches!(cut, Cut::Ended),
        }
    }

    /// Ends it, with all that it has started.
    pub(super) fn end(mut self, cut: Cut) -> io::Result<Exit> {
        if matches!(cut, Cut::Due(Exit::TimedOut | Exit::Stopped)) {
            ask_to_end(self.guard, &mut self.stdin);
        }
        let status = self.finish()?;
        Ok(match cut {
            Cut::Due(exit) => exit,
            Cut::Ended | Cut::Waits => Exit::Itself(status),
        })
    }

    fn finish(&mut self) -> io::Result<ExitStatus> {
        // The guard kills whatever is left once nothing holds its input open.
        drop(self.stdin.take());
        wait_until_ended(self.guard, guard::GRACE);
        let _ = signal::killpg(self.guard, Signal::SIGKILL);
        self.child.wait()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Without its input it has been ended before.
        if self.stdin.is_some() {
            // It is no one's work any more, so that its status says nothing.
            let _ = self.finish();
        }
    }
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

/// Reads what a child writes until it ends by itself, its end is due, or it waits for more work.
fn watch(
    guard: Pid,
    streams: &mut Streams,
    mut deadline: Option<Instant>,
    mut asked: Asked<'_>,
    log: &mut Log,
    on_line: &mut impl FnMut(&str, &mut Log) -> ControlFlow<Afterwards>,
) -> Cut {
    let mut buffer = vec![0; CHUNK];
    let mut is_answered = false;
    let mut ended: Option<Instant> = None;
    loop {
        streams.wait();
        let mut is_idle = !streams.copy_errors(&mut buffer, |bytes| log.write(bytes));
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
            match flow {
                ControlFlow::Break(Afterwards::Stays) => {
                    // What it wrote before its answer is there by now, and belongs to this work.
                    while streams.copy_errors(&mut buffer, |bytes| log.write(bytes)) {}
                    return Cut::Waits;
                }
                ControlFlow::Break(Afterwards::Ends) => {
                    is_answered = true;
                    deadline = Instant::now().checked_add(FAREWELL);
                }
                ControlFlow::Continue(()) => {}
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
            return match is_answered {
                true => Cut::Due(Exit::Answered),
                false => Cut::Ended,
            };
        }
        asked.pass_on();
        if asked.requests.stop.load(Ordering::Relaxed) && !is_answered && ended.is_none() {
            return Cut::Due(Exit::Stopped);
        }
        if ended.is_none() && deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Cut::Due(match is_answered {
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
