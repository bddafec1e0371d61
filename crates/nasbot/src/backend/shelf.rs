//! Processes that wait for more work: a worker that has libtorch loaded and the data in place begins its next evaluation at once.
//!
//! Only the end of an evaluation that says nothing bad of the process puts it here. What is stopped, takes too long, crashes or lacks
//! memory ends with its process, and the next evaluation starts another one.

use std::fmt;
use std::io;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::log::{Log, as_ours};
use super::process::{Afterwards, Attended, Cut, Exit, Process, Requests};
use super::program::Program;

/// How old a process may be that is given work. Whatever an allocator or a driver gathers in time ends with it.
const OLDEST: Duration = Duration::from_secs(3600);

/// Where processes wait for work.
#[derive(Clone, Default)]
pub(super) struct Shelf(Arc<Mutex<Vec<Process>>>);

impl Shelf {
    /// Takes a process that can do the work of a program. Those that have ended or are too old go.
    pub(super) fn take(&self, program: &Program) -> Option<Process> {
        let gone: Vec<Process>;
        let found;
        {
            let mut waiting = self.lock();
            gone = waiting
                .extract_if(.., |process| process.age() >= OLDEST || process.has_ended())
                .collect();
            let place = waiting.iter().position(|process| process.fits(program));
            found = place.map(|place| waiting.swap_remove(place));
        }
        // To end one may take a moment, in which others may have work.
        drop(gone);
        found
    }

    /// Lets a process wait.
    pub(super) fn put(&self, process: Process) {
        self.lock().push(process);
    }

    /// Ends all processes that wait.
    pub(super) fn clear(&self) {
        let waiting = std::mem::take(&mut *self.lock());
        drop(waiting);
    }

    /// The processes; a thread that panicked left them as they were.
    fn lock(&self) -> MutexGuard<'_, Vec<Process>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs a program to its answer or its end: in a process of the shelf that fits, else in a new one, which may stand there
/// afterwards. `on_line` sees each line of its standard output, with the log, and breaks once the answer is complete.
pub(super) fn run(
    program: &Program,
    shelf: Option<&Shelf>,
    requests: &Requests,
    mut on_line: impl FnMut(&str, &mut Log) -> ControlFlow<Afterwards>,
) -> io::Result<Exit> {
    let shelf = shelf.filter(|_| program.may_stay);
    let mut log = Log::open(&program.log)?;
    log.write(as_ours(&program.header).as_bytes());
    let waiting = shelf.and_then(|shelf| shelf.take(program));
    let found = waiting.map(|process| process.attend(program, requests, &mut log, &mut on_line));
    let attended = match found {
        // It had ended, or ended before it heard of this: a new one costs nothing but its start.
        None | Some(Attended { is_deaf: true, .. }) => {
            Process::start(program)?.attend(program, requests, &mut log, &mut on_line)
        }
        Some(attended) => attended,
    };
    log.finish();
    let Attended { process, cut, .. } = attended;
    match (shelf, cut) {
        (Some(shelf), Cut::Waits) => {
            shelf.put(process);
            Ok(Exit::Answered)
        }
        (_, cut) => process.end(cut),
    }
}

impl fmt::Debug for Shelf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shelf")
    }
}
