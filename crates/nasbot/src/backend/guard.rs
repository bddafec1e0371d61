//! A process between a search and a program that it runs: it lives as long as both do.
//!
//! The guard hands the program its input and then listens on its own standard input. When the search dies, however it
//! dies, that stream ends, and the guard kills the program and everything that the program started, also what was
//! started in a session of its own: orphans become children of the guard, which is a subreaper. When the program ends,
//! the guard kills what is left and ends in the same way: with its status, or by its signal. A guard that is killed
//! takes its program along.
//!
//! While a guard lives it holds a lock on the study, so that the next owner does not run an evaluation that still runs.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, Read as _, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::Path;
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::prctl;
use nix::sys::signal::{self, Signal};
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::{self, Pid};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use super::process::Program;
use crate::study;

/// The first argument of a program that is to be a guard.
const NAME: &str = "__guard";
/// The byte by which a guard is asked to end its program politely.
pub(super) const END_POLITELY: u8 = b'e';
/// Time for a program to end after SIGTERM, before SIGKILL.
pub(super) const GRACE: Duration = Duration::from_secs(3);
/// How long what is killed may take to end.
const PATIENCE: Duration = Duration::from_secs(5);
/// Exit statuses of shells for a program that can't be run, and for one that is not there.
const CANNOT_RUN: u8 = 126;
const NOT_THERE: u8 = 127;

/// A guard's arguments, up to the program's.
pub(super) fn arguments(program: &Program) -> [OsString; 4] {
    let keep = if program.keep_input_open {
        "open"
    } else {
        "close"
    };
    [
        NAME.into(),
        (program.study.as_deref()).map_or_else(OsString::new, |study| study.as_os_str().to_owned()),
        program.input.len().to_string().into(),
        keep.into(),
    ]
}

/// Becomes a guard if the program was started as one. A program that runs evaluations in processes calls this first of
/// all: it starts itself as the guard of each. `None` for every other start.
#[must_use]
pub fn intercept() -> Option<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next()? != NAME {
        return None;
    }
    let arguments: Vec<OsString> = arguments.collect();
    Some(match arguments.as_slice() {
        [study, input, keep, program, rest @ ..] => guard(study, input, keep, program, rest),
        _ => ExitCode::from(2),
    })
}

fn guard(
    study: &OsStr,
    input: &OsStr,
    keep: &OsStr,
    program: &OsStr,
    arguments: &[OsString],
) -> ExitCode {
    let _lock = (!study.is_empty()).then(|| study::guard(Path::new(study)));
    let Some(length) = input.to_str().and_then(|text| text.parse().ok()) else {
        return ExitCode::from(2);
    };
    let mut text = vec![0; length];
    // Behind the lock: a search that has ended by now wants nothing of this.
    if io::stdin().read_exact(&mut text).is_err() {
        return ExitCode::FAILURE;
    }
    // Requests to stop go to whole groups: the program decides, the guard waits for it. What is ignored stays ignored,
    // also for the program.
    for signal in [SIGTERM, SIGINT, SIGHUP] {
        if !crate::is_ignored(signal)
            && signal_hook::flag::register(signal, Arc::default()).is_err()
        {
            return ExitCode::FAILURE;
        }
    }
    // Without it, only what was started in a session of its own may be left behind.
    let _ = prctl::set_child_subreaper(true);
    match start(program, arguments) {
        Ok(child) => watch(child, text, keep == "open"),
        Err(error) => {
            // The log says so too.
            let _ = writeln!(io::stderr(), "can't run {}: {error}", program.display());
            ExitCode::from(match error.kind() {
                io::ErrorKind::NotFound => NOT_THERE,
                _ => CANNOT_RUN,
            })
        }
    }
}

#[expect(
    unsafe_code,
    reason = "a program must die with its guard, which only the program itself can ask for, between fork and exec"
)]
fn start(program: &OsStr, arguments: &[OsString]) -> io::Result<Child> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped());
    let guard = unistd::getpid();
    // SAFETY: the closure runs in the forked child and makes two system calls; it allocates nothing and takes no lock.
    unsafe {
        command.pre_exec(move || {
            prctl::set_pdeathsig(Signal::SIGKILL)?;
            // The guard may have died before.
            if unistd::getppid() != guard {
                return Err(io::ErrorKind::Interrupted.into());
            }
            Ok(())
        });
    }
    command.spawn()
}

fn watch(mut child: Child, input: Vec<u8>, keep_open: bool) -> ExitCode {
    let stdin = child.stdin.take();
    let program = Pid::from_raw(child.id().cast_signed());
    thread::spawn(move || {
        // A program that does not read its input is none of the guard's business, but blocks a writer.
        let (hold, released) = mpsc::channel::<()>();
        thread::spawn(move || {
            let mut stdin = stdin;
            if let Some(stdin) = &mut stdin {
                let _ = stdin.write_all(&input).and_then(|()| stdin.flush());
            }
            if keep_open {
                // Until the other end is dropped.
                let _ = released.recv();
            }
        });
        let mut wanted = [0];
        let asked = io::stdin().read(&mut wanted);
        if matches!(asked, Ok(1)) && wanted[0] == END_POLITELY {
            // Its input ends too, which workers take for the same request.
            drop(hold);
            end_politely(program);
        }
        kill_all();
        std::process::exit(128 + Signal::SIGKILL as i32);
    });
    match child.wait() {
        Ok(status) => {
            kill_all();
            end_like(status)
        }
        Err(_) => ExitCode::FAILURE,
    }
}

/// Asks all to end and waits a while; the program's end ends the guard meanwhile. A search that dies, or insists, has
/// no more patience.
fn end_politely(program: Pid) {
    for process in descendants() {
        let _ = signal::kill(process, Signal::SIGTERM);
        // A stopped process ends only when it goes on.
        let _ = signal::kill(process, Signal::SIGCONT);
    }
    let since = Instant::now();
    while since.elapsed() < GRACE && signal::kill(program, None).is_ok() && !is_search_gone() {}
}

/// Whether the search has closed the guard's input; waits a moment for it.
fn is_search_gone() -> bool {
    let stdin = io::stdin();
    let mut wanted = [PollFd::new(stdin.as_fd(), PollFlags::POLLIN)];
    match poll(&mut wanted, PollTimeout::from(10_u8)) {
        // Nothing more is ever written to it.
        Ok(count) => count > 0,
        Err(_) => false,
    }
}

/// Kills all that has come from the program, until nothing is left.
fn kill_all() {
    let since = Instant::now();
    loop {
        let left = descendants();
        if left.is_empty() || since.elapsed() > PATIENCE {
            return;
        }
        for &process in &left {
            let _ = signal::kill(process, Signal::SIGKILL);
        }
        // Orphans are the guard's to reap; the program itself is waited for elsewhere, and may be reaped here.
        while waitpid(None, Some(WaitPidFlag::WNOHANG)).is_ok_and(|status| status.pid().is_some()) {
        }
        thread::sleep(Duration::from_millis(1));
    }
}

/// All living processes that have come from this one.
fn descendants() -> Vec<Pid> {
    let mut found = children(unistd::getpid());
    let mut next = 0;
    while let Some(&process) = found.get(next) {
        found.extend(children(process));
        next += 1;
    }
    found
}

/// The children of a process that are no zombies.
fn children(parent: Pid) -> Vec<Pid> {
    let Ok(threads) = fs::read_dir(format!("/proc/{parent}/task")) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for thread in threads.flatten() {
        let Ok(text) = fs::read_to_string(thread.path().join("children")) else {
            continue;
        };
        let numbers = text.split_whitespace().filter_map(|word| word.parse().ok());
        found.extend(
            numbers
                .map(Pid::from_raw)
                .filter(|&process| is_alive(process)),
        );
    }
    found
}

fn is_alive(process: Pid) -> bool {
    let text = fs::read_to_string(format!("/proc/{process}/stat"));
    // The state follows the name, which may hold parentheses itself.
    text.is_ok_and(|text| {
        let state = text.rsplit_once(')').map(|(_, rest)| rest.trim_start());
        state.is_some_and(|state| !state.starts_with(['Z', 'X']))
    })
}

fn end_like(status: ExitStatus) -> ExitCode {
    if let Some(code) = status.code() {
        return ExitCode::from(u8::try_from(code).unwrap_or(u8::MAX));
    }
    let Some(number) = status.signal() else {
        return ExitCode::FAILURE;
    };
    let caught = [SIGTERM, SIGINT, SIGHUP].contains(&number);
    if let Ok(by) = Signal::try_from(number)
        && !caught
    {
        let _ = signal::raise(by);
    }
    // Shells report 128 + the signal.
    ExitCode::from(128_u8.saturating_add(u8::try_from(number).unwrap_or(0)))
}
