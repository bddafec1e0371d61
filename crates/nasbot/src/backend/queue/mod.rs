//! Evaluations as jobs of a queue that outlives the search.
//!
//! Each work has a folder beside the study ([`folder`]), from which its job reads what to do and to which it writes what came
//! of it ([`node`]). One thread watches these files ([`watch`]), another one deals with the engine ([`clerk`]): submits, asks
//! for states, cancels. What is true comes from the files first; the engine is asked what became of jobs that left none. The
//! intent to submit is written before the submission, so that a search that died in between finds its job by the batch that
//! it belongs to, and a job whose submission was forgotten ends by itself.

mod call;
mod clerk;
mod engine;
mod entry;
mod folder;
mod node;
mod ray;
mod records;
mod shared;
mod slurm;
mod template;
mod watch;

use std::path::PathBuf;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use self::clerk::Clerk;
use self::engine::Engine;
use self::entry::{Entry, Phase};
use self::folder::{Folder, Home};
pub(super) use self::node::intercept;
use self::records::{JobFile, ResultFile, Submission};
use self::shared::Shared;
use super::{Abilities, Backend, Handle, Report, Reports, Status, Task, Work, command, locate};
use crate::error::Error;
use crate::settings::{self, Evaluator, Workers};

/// How long the end of this back-end waits for what it still has to cancel.
const FAREWELL: Duration = Duration::from_secs(3);

/// The back-end of a queue, as far as it can be checked without submitting anything.
pub(super) fn queue(
    queue: &settings::Queue,
    evaluator: &Evaluator,
    workers: &Workers,
    reports: Reports,
) -> Result<Box<dyn Backend>, Error> {
    let evaluator = located(evaluator)?;
    let engine: Box<dyn Engine> = match &queue.engine {
        settings::Engine::Slurm(options) => {
            let pauses = node::whole(&evaluator).is_some();
            Box::new(slurm::Slurm::new(options, pauses)?)
        }
        settings::Engine::Ray(options) => Box::new(ray::Ray::new(options)?),
        settings::Engine::Template(options) => Box::new(template::Template::new(options)?),
    };
    let mut workers = workers.clone();
    workers.threads = workers.threads.or(engine.threads());
    let is_ours = matches!(evaluator, Evaluator::Local(_));
    let program = std::env::current_exe().map_err(Error::read(&PathBuf::from("/proc/self/exe")))?;
    Ok(Box::new(Queue {
        abilities: Abilities {
            capacity: queue.jobs.max(1),
            trains_finally: is_ours,
            goes_on: is_ours,
            outlives: true,
        },
        evaluator,
        workers,
        settings: queue.clone(),
        program,
        shared: Arc::new(Shared::new(reports, engine.as_ref())),
        engine: Some(engine),
        clerk: None,
    }))
}

/// An evaluator whose program has been found: nodes are told its full path.
fn located(evaluator: &Evaluator) -> Result<Evaluator, Error> {
    Ok(match evaluator {
        Evaluator::Local(training) => {
            let mut training = training.clone();
            let worker = locate::worker(training.program.as_deref())?;
            training.program = Some(std::path::absolute(&worker).map_err(Error::read(&worker))?);
            Evaluator::Local(training)
        }
        Evaluator::Command { program, folder } => {
            let mut program = program.clone();
            let found = command::located(&program, folder)?;
            if let (Some(first), Some(path)) = (program.first_mut(), found.first()) {
                // A path that is no text is found again by its name.
                if let Some(path) = path.to_str() {
                    path.clone_into(first);
                }
            }
            let folder = std::path::absolute(folder).map_err(Error::read(folder))?;
            Evaluator::Command { program, folder }
        }
        Evaluator::Synthetic { .. } | Evaluator::Own => {
            return Err(Error::Queue(
                "a queue runs programs: set workers.command, or give [data] to train on".to_owned(),
            ));
        }
    })
}

/// A back-end whose works are jobs.
struct Queue {
    abilities: Abilities,
    evaluator: Evaluator,
    workers: Workers,
    settings: settings::Queue,
    /// This program, which is also what a job runs.
    program: PathBuf,
    shared: Arc<Shared>,
    /// The engine, until the thread that deals with it begins.
    engine: Option<Box<dyn Engine>>,
    clerk: Option<JoinHandle<()>>,
}

impl Queue {
    /// Begins to watch and to deal with the engine, with the first work.
    fn begin(&mut self, work: &Work) -> Result<Home, Error> {
        let home = Home::of(work)?;
        if let Some(engine) = self.engine.take() {
            let shared = Arc::clone(&self.shared);
            thread::spawn(move || watch::watch(&shared));
            let clerk = Clerk::new(
                engine,
                home.clone(),
                home.label(&work.key.study),
                self.program.clone(),
                &self.settings,
                Arc::clone(&self.shared),
            );
            self.clerk = Some(thread::spawn(move || clerk.work()));
        }
        Ok(home)
    }

    /// Takes up what a folder says of a work.
    fn take(&self, work: &Work, folder: Folder, name: &str) -> Result<Handle, Error> {
        let now = Instant::now();
        let submission = folder.submission()?;
        let phase = match &submission {
            None => Phase::Due {
                since: now,
                not_before: now,
            },
            Some(Submission { id: None, .. }) => Phase::Unsure { since: now },
            Some(_) => Phase::Queued { is_running: false },
        };
        let handle = Handle(name.to_owned());
        let id = work.key.evaluation;
        let mut state = self.shared.lock();
        let slot = state.free_slot();
        let entry = Entry {
            id,
            slot,
            folder,
            log: work.log.clone(),
            // A work that was never submitted has no submission.
            submission: submission.unwrap_or_default(),
            phase,
            cancelled: None,
            begun: 0,
            progress: None,
        };
        state.entries.insert(handle.clone(), entry);
        // Under the lock: its end may be seen at once, and comes after this.
        self.shared.reports.send(Report::Started {
            id,
            slot,
            device: self.shared.name().to_owned(),
        });
        Ok(handle)
    }
}

impl Backend for Queue {
    fn abilities(&self) -> Abilities {
        self.abilities
    }

    fn submit(&mut self, work: Work) -> Result<Handle, Error> {
        let home = self.begin(&work)?;
        let job = JobFile::new(&work, &self.evaluator, &self.workers)?;
        let base = Folder::name(&work);
        let mut name = base.clone();
        let mut number = 2;
        while home.folder(&name).0.exists() {
            // Of a search that died before it recorded anything of it.
            if is_the_same(&home.folder(&name), &job)? {
                return self.take(&work, home.folder(&name), &name);
            }
            name = format!("{base}-{number}");
            number += 1;
        }
        let folder = home.folder(&name);
        folder.write_job(&job)?;
        self.take(&work, folder, &name)
    }

    fn poll(&mut self, handle: &Handle) -> Status {
        let state = self.shared.lock();
        (state.entries.get(handle)).map_or(Status::Unknown, Entry::status)
    }

    fn cancel(&mut self, handle: &Handle) {
        let mut state = self.shared.lock();
        if let Some(entry) = state.entries.get_mut(handle)
            && !entry.is_over()
            && entry.cancelled.is_none()
        {
            // A job that cannot be told by this file is told by its engine.
            let _ = entry.folder.cancel();
            entry.cancelled = Some(Instant::now());
        }
    }

    fn attach(&mut self, work: &Work, handle: Option<&Handle>) -> Result<Option<Handle>, Error> {
        let home = Home::of(work)?;
        let base = Folder::name(work);
        let name = match handle {
            Some(handle) if is_name_of(&handle.0, &base) => handle.0.clone(),
            _ => base,
        };
        let folder = home.folder(&name);
        if folder.job()?.is_none() {
            return Ok(None);
        }
        self.begin(work)?;
        if folder.is_cancelled() {
            let submission = folder.submission()?;
            let job = submission.and_then(|submission| submission.id);
            self.shared.lock().strays.extend(job);
            home.remove(&name);
            return Ok(None);
        }
        self.take(work, folder, &name).map(Some)
    }

    fn forget(&mut self, handle: &Handle) {
        let entry = {
            let mut state = self.shared.lock();
            let is_over = state.entries.get(handle).is_some_and(Entry::is_over);
            is_over.then(|| state.entries.remove(handle)).flatten()
        };
        if let Some(entry) = entry
            && let Some(parent) = entry.folder.0.parent()
        {
            Home(parent.to_owned()).remove(&handle.0);
        }
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        self.shared.lock().is_closing = true;
        let since = Instant::now();
        while let Some(clerk) = &self.clerk
            && !clerk.is_finished()
            && since.elapsed() < FAREWELL
        {
            thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Whether a folder holds the same work, which is still to be done or is done with a score.
fn is_the_same(folder: &Folder, job: &JobFile) -> Result<bool, Error> {
    let Some(found) = folder.job()? else {
        return Ok(false);
    };
    let is_same = serde_json::to_string(&found)? == serde_json::to_string(job)?;
    let has_weights = match &found.work().task {
        Task::TrainFinally { weights, .. } => weights.exists(),
        Task::Evaluate | Task::GoOn(_) | Task::Inherit { .. } => true,
    };
    let is_good = match folder.result()? {
        Some(ResultFile::Done { outcome, .. }) => outcome.score().is_some() && has_weights,
        Some(ResultFile::Unusable { .. } | ResultFile::Broken { .. }) => false,
        None => !folder.is_cancelled(),
    };
    Ok(is_same && is_good)
}

/// Whether a name is that of a work's folder, or of a later one of the same work.
fn is_name_of(name: &str, base: &str) -> bool {
    match name.strip_prefix(base) {
        Some("") => true,
        Some(rest) => rest.strip_prefix('-').is_some_and(|number| {
            !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
        }),
        None => false,
    }
}
