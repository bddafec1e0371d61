//! The thread that deals with the engine: submits what is due, asks where jobs stand, cancels what is not wanted.

mod states;

use std::collections::BTreeSet;
use std::hash::{BuildHasher as _, RandomState};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::engine::{Batch, Engine, JobId, Trouble};
use super::entry::{Entry, Phase};
use super::folder::{Folder, Home};
use super::node;
use super::records::{Listed, Submission};
use super::shared::Shared;
use crate::backend::{End, Handle};
use crate::error::Error;
use crate::settings;

/// How often there may be something to do.
const TICK: Duration = Duration::from_millis(25);
/// A submission is not kept back for longer than so many times the wait for another work to join it.
const PATIENCE: u32 = 10;
/// How long after a failed call the engine is called again.
const BACK_OFF: Duration = Duration::from_secs(5);

/// Deals with an engine.
pub(super) struct Clerk {
    engine: Box<dyn Engine>,
    home: Home,
    study: String,
    /// What a job runs.
    program: PathBuf,
    grace: Duration,
    interval: Duration,
    shared: Arc<Shared>,
    /// When the engine was last asked for states.
    asked: Option<Instant>,
    /// Before when the engine is left alone.
    not_before: Instant,
    /// What has been said of trouble, until the engine answers again.
    troubles: BTreeSet<String>,
    remarks: BTreeSet<String>,
}

/// A work that is due, as it is submitted.
struct Due {
    handle: Handle,
    folder: Folder,
    name: String,
    submission: Submission,
    slot: usize,
}

impl Clerk {
    pub(super) fn new(
        engine: Box<dyn Engine>,
        home: Home,
        study: String,
        program: PathBuf,
        queue: &settings::Queue,
        shared: Arc<Shared>,
    ) -> Self {
        Self {
            engine,
            home,
            study,
            program,
            grace: queue.grace,
            interval: queue.interval,
            shared,
            asked: None,
            not_before: Instant::now(),
            troubles: BTreeSet::new(),
            remarks: BTreeSet::new(),
        }
    }

    /// Works until the back-end is gone.
    pub(super) fn work(mut self) {
        loop {
            let is_closing = self.shared.lock().is_closing;
            if Instant::now() >= self.not_before || is_closing {
                self.cancel();
                if !is_closing {
                    self.submit();
                    self.ask();
                }
            }
            if is_closing {
                return;
            }
            thread::sleep(TICK);
        }
    }

    /// Says what an engine does not do, once until it does something again, and leaves it alone for a while.
    fn wait(&mut self, message: String) {
        self.not_before = Instant::now() + BACK_OFF;
        if self.troubles.insert(message.clone()) {
            self.shared.say(format!("{message}; waiting for it"));
        }
    }

    fn answers(&mut self) {
        if !std::mem::take(&mut self.troubles).is_empty() {
            self.shared.say("it answers again");
        }
    }

    /// Cancels jobs that are not wanted.
    fn cancel(&mut self) {
        let (mut jobs, mut handles, mut done) = (Vec::new(), Vec::new(), Vec::new());
        let strays;
        {
            let mut state = self.shared.lock();
            strays = std::mem::take(&mut state.strays);
            jobs.extend_from_slice(&strays);
            for (handle, entry) in &state.entries {
                if entry.cancelled.is_none() || entry.is_over() {
                    continue;
                }
                match (&entry.phase, &entry.submission.id) {
                    (Phase::Queued { .. }, Some(job)) => {
                        jobs.push(job.clone());
                        handles.push(handle.clone());
                    }
                    _ => done.push(handle.clone()),
                }
            }
            for handle in &done {
                self.shared.end(&mut state, handle, End::Stopped);
            }
        }
        if jobs.is_empty() {
            return;
        }
        match self.engine.cancel(&self.study, &jobs) {
            Ok(()) => {
                self.answers();
                let mut state = self.shared.lock();
                for handle in &handles {
                    self.shared.end(&mut state, handle, End::Stopped);
                }
            }
            Err(Trouble::Later(message) | Trouble::Never(message)) => {
                // Those of works are found again in the entries, until patience with them ends.
                self.shared.lock().strays.extend(strays);
                self.wait(format!("jobs cannot be cancelled: {message}"));
            }
        }
    }

    /// Submits what is due, unless others may join it.
    fn submit(&mut self) {
        let now = Instant::now();
        let mut due: Vec<(Handle, Instant)> = (self.shared.lock().entries.iter())
            .filter_map(|(handle, entry)| match entry.phase {
                Phase::Due { since, not_before } if now >= not_before => {
                    Some((handle.clone(), since))
                }
                _ => None,
            })
            .collect();
        due.sort_by_key(|(_, since)| *since);
        let (Some(&(_, first)), Some(&(_, last))) = (due.first(), due.last()) else {
            return;
        };
        let gather = self.engine.gather();
        let is_full = due.len() >= self.engine.largest();
        if !is_full && now < last + gather && now < first + gather * PATIENCE {
            return;
        }
        due.truncate(self.engine.largest());
        let token = format!(
            "{:012x}",
            RandomState::new().hash_one((now, &self.study)) >> 16
        );
        let mut works = Vec::new();
        {
            let mut state = self.shared.lock();
            for (handle, _) in due {
                // A result may have come meanwhile, late, from a job before.
                let is_due = |entry: &&mut Entry| {
                    matches!(entry.phase, Phase::Due { .. }) && entry.cancelled.is_none()
                };
                let Some(entry) = state.entries.get_mut(&handle).filter(is_due) else {
                    continue;
                };
                let place = works.len();
                entry.phase = Phase::Handed;
                entry.submission.number += 1;
                entry.submission.batch.clone_from(&token);
                entry.submission.place = place;
                entry.submission.id = None;
                works.push(Due {
                    folder: entry.folder.clone(),
                    name: handle.0.clone(),
                    submission: entry.submission.clone(),
                    slot: entry.slot,
                    handle,
                });
            }
        }
        if works.is_empty() {
            return;
        }
        match self.hand_over(&token, &works) {
            Ok(jobs) => {
                self.answers();
                self.handed(&works, &jobs);
            }
            Err(Trouble::Later(message)) => {
                self.wait(format!("jobs cannot be submitted: {message}"));
                // Whether it came about is asked when the engine answers.
                self.set(&works, Phase::Unsure { since: now });
            }
            Err(Trouble::Never(message)) => {
                let mut state = self.shared.lock();
                for work in &works {
                    let end = End::Unusable(format!("{}: {message}", self.engine.name()));
                    self.shared.end(&mut state, &work.handle, end);
                }
            }
        }
    }

    /// Writes down what is to be submitted, then submits it.
    fn hand_over(&mut self, token: &str, works: &[Due]) -> Result<Vec<JobId>, Trouble> {
        let write = || -> Result<(), Error> {
            let list: Vec<Listed> = (works.iter())
                .map(|work| Listed {
                    folder: work.name.clone(),
                    number: work.submission.number,
                })
                .collect();
            let script = node::script(
                self.engine.setup(),
                &self.program,
                &self.home,
                token,
                self.engine.place(),
            );
            self.home.write_batch(token, &script, &list)?;
            for work in works {
                work.folder.write_submission(&work.submission)?;
            }
            Ok(())
        };
        write().map_err(|error| Trouble::Later(error.to_string()))?;
        let slots: Vec<usize> = works.iter().map(|work| work.slot).collect();
        let script = self.home.script(token);
        self.engine.submit(&Batch {
            study: &self.study,
            token,
            folder: &self.home.0,
            script: &script,
            slots: &slots,
        })
    }

    /// Notes what the engine calls the jobs.
    fn handed(&mut self, works: &[Due], jobs: &[JobId]) {
        for (work, job) in works.iter().zip(jobs) {
            let submission = Submission {
                id: Some(job.clone()),
                ..work.submission.clone()
            };
            // Without it a later search finds the job by its batch.
            let _ = work.folder.write_submission(&submission);
            if let Some(entry) = self.shared.lock().entries.get_mut(&work.handle) {
                entry.submission.id = Some(job.clone());
                if entry.phase == Phase::Handed {
                    entry.phase = Phase::Queued { is_running: false };
                }
            }
        }
    }

    fn set(&self, works: &[Due], phase: Phase) {
        let mut state = self.shared.lock();
        for work in works {
            if let Some(entry) = state.entries.get_mut(&work.handle)
                && entry.phase == Phase::Handed
            {
                entry.phase = phase;
            }
        }
    }
}
