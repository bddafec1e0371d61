//! What a process's end means when it gave no answer.

use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::ExitStatus;
use std::time::Duration;

use nasbot_opt::{Failure, Outcome};

use super::End;
use super::process::tail;
use crate::config::human;
use crate::study::Detail;

/// SIGKILL on Linux and everywhere else.
const SIGKILL: i32 = 9;

/// A failed evaluation with its reason.
pub(super) fn failed(failure: Failure, message: impl Into<String>, seconds: f64) -> End {
    let message = Some(message.into());
    let detail = Detail {
        message,
        seconds,
        ..Detail::default()
    };
    End::Done(Outcome::Failed(failure), detail)
}

/// An evaluation that took too long.
pub(super) fn timed_out(timeout: Option<Duration>, seconds: f64) -> End {
    let limit = timeout.map(human).unwrap_or_default();
    failed(
        Failure::TimedOut,
        format!("it took longer than workers.timeout = {limit}"),
        seconds,
    )
}

/// What shells and dynamic loaders end with when a program, or a library that it needs, can't be run or found.
const CANNOT_RUN: [i32; 2] = [126, 127];

/// A process that died, or ended without an answer. One that could not even be run would fail for every network.
pub(super) fn no_answer(status: ExitStatus, log: &Path, seconds: f64) -> End {
    if status.code().is_some_and(|code| CANNOT_RUN.contains(&code)) {
        return End::Hopeless(format!(
            "the worker cannot be run: {}",
            describe(status, log)
        ));
    }
    let failure = if killed_by(status) == Some(SIGKILL) {
        // We did not send it: almost always the kernel, out of memory.
        Failure::OutOfMemory
    } else {
        Failure::Crashed
    };
    failed(failure, describe(status, log), seconds)
}

/// The signal that ended a process; shells and guards report that of their child as 128 + the signal.
fn killed_by(status: ExitStatus) -> Option<i32> {
    let of_child = |code| (129..=192).contains(&code).then_some(code - 128);
    status.signal().or_else(|| status.code().and_then(of_child))
}

/// How a process ended, and the last that it wrote.
pub(super) fn describe(status: ExitStatus, log: &Path) -> String {
    let how = match (status.code(), killed_by(status)) {
        (_, Some(SIGKILL)) => {
            "it was killed by signal 9, most likely because memory ran out".to_owned()
        }
        (_, Some(signal)) => format!("it was killed by signal {signal}"),
        (Some(0), _) => "it ended without an answer".to_owned(),
        (code, _) => format!("it ended with status {}", code.unwrap_or(-1)),
    };
    let last = tail(log);
    if last.is_empty() {
        how
    } else {
        format!("{how}; the last lines of {}:\n{last}", log.display())
    }
}
