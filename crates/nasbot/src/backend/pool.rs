//! Evaluations in processes on this machine: one thread and one process each, as many at once as there are places.
//!
//! What the process is and what its end means is said by [`Job`].

use std::collections::HashMap;
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use nasbot_opt::{Failure, Outcome};

use super::devices::Slot;
use super::process::Requests;
use super::program::Program;
use super::shelf::{self, Shelf};
use super::{
    Abilities, Backend, End, Handle, Report, Reports, Status, Task, Work, answer, log, process,
};
use crate::error::Error;
use crate::report;
use crate::settings::Workers;

/// How long an end without an answer is kept back. Schedulers send their request to stop to all processes at once: what
/// it ends before the search has been told to stop is no failure.
const DOUBT: Duration = Duration::from_millis(300);

/// What a pool runs, and what the end of it means.
pub(super) trait Job: Send + Sync + 'static {
    /// The program for some work.
    fn program(&self, slot: &Slot, work: &Work) -> Result<Program, nn_train::Error>;

    /// How many works may be under way on the device of a place; `None` for as many as it has places.
    fn at_once(&self, _: &Slot) -> Option<usize> {
        None
    }

    /// Runs the program and says what came of it.
    fn run(&self, id: u64, program: &Program, requests: &Requests, reports: &Reports) -> End;
}

/// A back-end of processes that die with the search.
pub(super) struct Pool<J> {
    job: Arc<J>,
    abilities: Abilities,
    slots: Vec<Slot>,
    reports: Reports,
    shared: Arc<Shared>,
}

/// What the pool and its threads both know.
#[derive(Default)]
struct Shared {
    /// Which place has which work, with the request to stop it; and what has ended.
    works: Mutex<HashMap<Handle, Entry>>,
}

struct Entry {
    /// The place, until the work is over.
    slot: Option<usize>,
    requests: Arc<Requests>,
}

impl<J: Job> Pool<J> {
    pub(super) fn new(job: J, slots: Vec<Slot>, is_ours: bool, reports: Reports) -> Self {
        Self {
            job: Arc::new(job),
            abilities: Abilities {
                capacity: slots.len(),
                trains_finally: is_ours,
                goes_on: is_ours,
                outlives: false,
            },
            slots,
            reports,
            shared: Arc::default(),
        }
    }

    /// The first place that no work has: on a device that takes a further one, if there is one.
    fn free_slot(&self) -> Option<usize> {
        let works = self.shared.lock();
        let taken: Vec<usize> = works.values().filter_map(|entry| entry.slot).collect();
        let free = || (0..self.slots.len()).filter(|slot| !taken.contains(slot));
        let has_room = |&slot: &usize| {
            let device = &self.slots[slot];
            let there = taken.iter().map(|&other| &self.slots[other].visible);
            let there = there.filter(|visible| **visible == device.visible).count();
            (self.job.at_once(device)).is_none_or(|at_once| there < at_once)
        };
        free().find(has_room).or_else(|| free().next())
    }

    /// Works that may be under way at once.
    fn capacity(&self) -> usize {
        let mut devices: Vec<&Slot> = Vec::new();
        for slot in &self.slots {
            if devices.iter().all(|device| device.visible != slot.visible) {
                devices.push(slot);
            }
        }
        let at_once = devices.into_iter().map(|device| {
            let places = self.slots.iter().filter(|s| s.visible == device.visible);
            let places = places.count();
            (self.job.at_once(device)).map_or(places, |at_once| at_once.min(places))
        });
        at_once.sum()
    }
}

impl Shared {
    /// The works; a thread that panicked left them as they were.
    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Handle, Entry>> {
        self.works
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl<J: Job> Backend for Pool<J> {
    fn abilities(&self) -> Abilities {
        Abilities {
            capacity: self.capacity(),
            ..self.abilities
        }
    }

    fn submit(&mut self, work: Work) -> Result<Handle, Error> {
        let id = work.key.evaluation;
        let handle = Handle(format!("{}/{}", std::process::id(), work.key));
        let Some(slot) = self.free_slot() else {
            return Err(Error::Device(format!(
                "evaluation {id} was submitted although all {} places are taken",
                self.slots.len()
            )));
        };
        let program = self.job.program(&self.slots[slot], &work)?;
        let requests = Arc::new(Requests::default());
        let entry = Entry {
            slot: Some(slot),
            requests: Arc::clone(&requests),
        };
        {
            let mut works = self.shared.lock();
            // What is over is asked for no more once its place is needed.
            works.retain(|_, entry| entry.slot.is_some());
            works.insert(handle.clone(), entry);
        }
        let (reports, job, shared) = (
            self.reports.clone(),
            Arc::clone(&self.job),
            Arc::clone(&self.shared),
        );
        let device = self.slots[slot].name.clone();
        reports.send(Report::Started { id, slot, device });
        let own = handle.clone();
        thread::spawn(move || {
            let run = || job.run(id, &program, &requests, &reports);
            let end = panic::catch_unwind(AssertUnwindSafe(run));
            let end = end.unwrap_or_else(|_| {
                let message = "nasbot itself failed while it ran this evaluation: please report it";
                answer::failed(Failure::Other, message, 0.0)
            });
            let end = believed(end, &requests);
            note_end(&program.log, &end);
            if let Some(entry) = shared.lock().get_mut(&own) {
                entry.slot = None;
            }
            reports.send(Report::Ended { id, end });
        });
        Ok(handle)
    }

    fn poll(&mut self, handle: &Handle) -> Status {
        match self.shared.lock().get(handle) {
            Some(Entry { slot: Some(_), .. }) => Status::Running,
            Some(_) => Status::Over,
            None => Status::Unknown,
        }
    }

    fn cancel(&mut self, handle: &Handle) {
        if let Some(entry) = self.shared.lock().get(handle) {
            entry.requests.stop.store(true, Ordering::Relaxed);
        }
    }

    fn attach(&mut self, _: &Work, _: Option<&Handle>) -> Result<Option<Handle>, Error> {
        // A process dies with its search, and the study is not open before it has.
        Ok(None)
    }
}

/// A failure that comes shortly before a request to stop is an effect of the same request.
pub(super) fn believed(end: End, requests: &Requests) -> End {
    let is_doubtful = match &end {
        End::Done(Outcome::Failed(failure), _) => matches!(
            failure,
            Failure::Crashed | Failure::OutOfMemory | Failure::Other
        ),
        End::Broken { .. } => true,
        End::Done(..) | End::Stopped | End::Unusable(_) => false,
    };
    if is_doubtful {
        let since = Instant::now();
        while since.elapsed() < DOUBT {
            if requests.stop.load(Ordering::Relaxed) {
                return End::Stopped;
            }
            thread::sleep(Duration::from_millis(10));
        }
    }
    end
}

/// What the log of an evaluation begins with.
pub(super) fn header(slot: &Slot, work: &Work) -> Vec<(&'static str, String)> {
    let key = &work.key;
    let what = match &work.task {
        Task::Evaluate => format!("evaluation {}", key.evaluation),
        Task::GoOn(stage) => format!("evaluation {} up to epoch {}", key.evaluation, stage.until),
        Task::Inherit { epochs, from } => format!(
            "evaluation {} by {epochs} epochs that begin with {}",
            key.evaluation,
            from.weights.display()
        ),
        Task::TrainFinally { .. } => format!("last training of evaluation {}", key.evaluation),
    };
    let again = match key.attempt {
        0 => String::new(),
        n => format!(", try {}", n + 1),
    };
    let mut header = vec![
        ("nasbot", env!("CARGO_PKG_VERSION").to_owned()),
        ("job", format!("{what}{again}, seed {}", work.seed)),
        (
            "network",
            format!(
                "{} of {} layers: {}",
                work.network.kind(),
                work.network.len(),
                report::sketch(&work.network)
            ),
        ),
        (
            "device",
            format!("{}, {}", slot.name, report::counted(slot.threads, "thread")),
        ),
    ];
    if !work.keys.is_empty() {
        header.push(("training", nn_train::named(&work.keys)));
    }
    header
}

/// Writes the end of an evaluation to its log, so that the log says how it went even where the program wrote nothing.
pub(super) fn note_end(log: &Path, end: &End) {
    let text = match end {
        End::Done(outcome, detail) => {
            let seconds = report::seconds(detail.seconds);
            let message =
                (detail.message.as_deref()).map_or_else(String::new, |text| format!(": {text}"));
            match (outcome.score(), outcome) {
                (Some(score), _) => {
                    let score = report::score(score, detail, None);
                    format!("{score}, after {seconds}{message}")
                }
                (None, Outcome::Failed(failure)) => {
                    format!(
                        "failed, {}, after {seconds}{message}",
                        report::failure(*failure)
                    )
                }
                (None, _) => format!("withdrawn{message}"),
            }
        }
        End::Stopped => "stopped before its end".to_owned(),
        End::Unusable(message) => format!("stopped, and the search with it: {message}"),
        End::Broken { message, seconds } => {
            format!("no answer, after {}: {message}", report::seconds(*seconds))
        }
    };
    log::note(log, &[("end", text)]);
}

/// What a worker must know before it starts: threads that wait instead of spinning, and its GPU.
pub(super) fn environment(slot: &Slot) -> Vec<(&'static str, String)> {
    vec![
        ("OMP_NUM_THREADS", slot.threads.to_string()),
        ("OMP_WAIT_POLICY", "passive".to_owned()),
        ("CUDA_VISIBLE_DEVICES", slot.visible.clone()),
    ]
}

/// An evaluation that took too long.
pub(super) fn timed_out(workers: &Workers, seconds: f64) -> End {
    answer::timed_out(workers.timeout, seconds)
}

/// Runs a program. The error, that it can't be run, would be the same for every network.
pub(super) fn run(
    program: &Program,
    shelf: Option<&Shelf>,
    requests: &Requests,
    on_line: impl FnMut(&str, &mut log::Log) -> std::ops::ControlFlow<process::Afterwards>,
) -> Result<process::Exit, String> {
    shelf::run(program, shelf, requests, on_line).map_err(|error| {
        let name = program.command.first();
        let name = name.map_or_else(
            || "an empty command".to_owned(),
            |n| n.display().to_string(),
        );
        format!("{name}: {error}")
    })
}
