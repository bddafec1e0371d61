//! A process between `nasbot` and a program that it runs: it lives as long as both do.
//!
//! When `nasbot` dies, however it dies, the guard kills the program and everything that the program
//! started, so that `kill -9` of a search leaves nothing behind. When the program ends, the guard
//! ends in the same way: with its status, or by its signal.

use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, ExitCode, ExitStatus};
use std::thread;
use std::time::Duration;

use nix::sys::signal::{self, Signal};
use nix::unistd::{self, Pid};

use crate::cli::GuardArgs;
use crate::terminal;

/// How often the guard looks whether its parent is still there.
const PERIOD: Duration = Duration::from_millis(100);
/// Exit status of shells for a program that can't be started.
const CANNOT_START: u8 = 127;

/// Runs the program. `nasbot` has made the guard the leader of a process group of its own.
pub(crate) fn run(args: &GuardArgs) -> ExitCode {
    let parent = Pid::from_raw(args.parent);
    let Some((program, arguments)) = args.program.split_first() else {
        return ExitCode::from(2);
    };
    // A request to stop goes to the whole group: the program decides, the guard waits for it.
    let ignored =
        signal_hook::flag::register(signal_hook::consts::SIGTERM, std::sync::Arc::default());
    if ignored.is_err() {
        return ExitCode::FAILURE;
    }
    thread::spawn(move || {
        while unistd::getppid() == parent {
            thread::sleep(PERIOD);
        }
        let _ = signal::killpg(unistd::getpgrp(), Signal::SIGKILL);
    });
    match Command::new(program).args(arguments).status() {
        Ok(status) => end_like(status),
        Err(error) => {
            terminal::say(&format!("can't start {}: {error}", program.display()));
            ExitCode::from(CANNOT_START)
        }
    }
}

fn end_like(status: ExitStatus) -> ExitCode {
    if let Some(code) = status.code() {
        return ExitCode::from(u8::try_from(code).unwrap_or(u8::MAX));
    }
    let by = status
        .signal()
        .and_then(|number| Signal::try_from(number).ok());
    if let Some(by) = by {
        let _ = signal::raise(by);
    }
    // SIGTERM has a handler here, so raising it did nothing: shells report 128 + the signal.
    ExitCode::from(128 + u8::try_from(status.signal().unwrap_or(0)).unwrap_or(0))
}
