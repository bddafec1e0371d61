//! The thread that deals with the engine: submits what is due, asks where jobs stand, cancels what is not wanted.

use std::hash::{BuildHasher as _, RandomState};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::engine::{Batch, Cause, Engine, JobId, JobState, Seen, Trouble};
use super::entry::{Phase, Verdict, verdict};
use super::folder::{Folder, Home, Listed, Submission};
use super::node;
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
/// How long after the engine was asked in vain whether a submission came about it counts as none.
const UNSURE: Duration = Duration::from_secs(2);

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
    /// What was last said of trouble, until the engine answers again.
    trouble: Option<String>,
    remarks: std::collections::BTreeSet<String>,
}

/// A work that is due, as it is submitted.
struct Due {
    handle: Handle,
    folder: Folder,
    name: String,
    submission: Submission,
    slot: usize,
}

/// Whether a job is that of a submission. Numbers alone say so only where batches are not known: an engine that lost its memory
/// gives them out again.
fn is_of(seen: &Seen, submission: &Submission) -> bool {
    match &seen.batch {
        Some((token, place)) => *token == submission.batch && *place == submission.place,
        None => submission.id.as_ref() == Some(&seen.id),
    }
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
            trouble: None,
            remarks: std::collections::BTreeSet::new(),
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
        if self.trouble.as_ref() != Some(&message) {
            self.shared.say(format!("{message}; waiting for it"));
            self.trouble = Some(message);
        }
    }

    fn answers(&mut self) {
        if self.trouble.take().is_some() {
            self.shared.say("it answers again");
        }
    }

    /// Cancels jobs that are not wanted.
    fn cancel(&mut self) {
        let (mut jobs, mut handles, mut done) = (Vec::new(), Vec::new(), Vec::new());
        {
            let mut state = self.shared.lock();
            jobs.append(&mut state.strays);
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
        match self.engine.cancel(&jobs) {
            Ok(()) => {
                self.answers();
                let mut state = self.shared.lock();
                for handle in &handles {
                    self.shared.end(&mut state, handle, End::Stopped);
                }
            }
            Err(Trouble::Later(message) | Trouble::Never(message)) => {
                // Those of works are found again in the entries, until patience with them ends.
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
            for (place, (handle, _)) in due.into_iter().enumerate() {
                let Some(entry) = state.entries.get_mut(&handle) else {
                    continue;
                };
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

    /// Asks where jobs stand, all at once, and not too often.
    fn ask(&mut self) {
        let now = Instant::now();
        if self.asked.is_some_and(|at| now < at + self.interval) {
            return;
        }
        let (wanted, is_needed) = {
            let state = self.shared.lock();
            let of_interest = |phase| {
                matches!(
                    phase,
                    Phase::Queued { .. } | Phase::Ended { .. } | Phase::Unsure { .. }
                )
            };
            let entries = (state.entries.values()).filter(|entry| of_interest(entry.phase));
            let jobs: Vec<JobId> = (entries.clone())
                .filter_map(|entry| entry.submission.id.clone())
                .collect();
            (jobs, entries.count() > 0)
        };
        if !is_needed {
            return;
        }
        self.asked = Some(now);
        match self.engine.states(&self.study, &wanted) {
            Ok(seen) => {
                self.answers();
                self.take(&wanted, &seen);
            }
            Err(Trouble::Later(message) | Trouble::Never(message)) => self.wait(message),
        }
        // A slow engine is not asked without a pause.
        self.asked = Some(Instant::now());
    }

    /// Takes in what the engine says.
    fn take(&mut self, wanted: &[JobId], seen: &[Seen]) {
        let now = Instant::now();
        let mut overdue: Vec<(Handle, JobId, Cause)> = Vec::new();
        let mut known: Vec<(Folder, Submission)> = Vec::new();
        {
            let mut state = self.shared.lock();
            for (handle, entry) in &mut state.entries {
                let found = seen.iter().find(|seen| is_of(seen, &entry.submission));
                let is_asked_for = match entry.phase {
                    Phase::Queued { .. } | Phase::Ended { .. } => true,
                    Phase::Unsure { since } => {
                        if found.is_none() && now >= since + UNSURE {
                            entry.again(now, Duration::ZERO);
                        }
                        found.is_some()
                    }
                    Phase::Due { .. } | Phase::Handed | Phase::Over => false,
                };
                let is_new = |id: &JobId| !wanted.contains(id);
                if !is_asked_for
                    || (found.is_none() && entry.submission.id.as_ref().is_none_or(is_new))
                {
                    continue;
                }
                if let Some(found) = found
                    && entry.submission.id.as_ref() != Some(&found.id)
                {
                    // Its number was never recorded, or an engine that lost its memory gave it another.
                    entry.submission.id = Some(found.id.clone());
                    known.push((entry.folder.clone(), entry.submission.clone()));
                }
                entry.see(found.map(|seen| seen.state), now);
                if let (Some(cause), Some(job)) =
                    (entry.overdue(self.grace, now), &entry.submission.id)
                {
                    overdue.push((handle.clone(), job.clone(), cause));
                }
            }
        }
        self.find_strays(seen);
        for (folder, submission) in known {
            // As above.
            let _ = folder.write_submission(&submission);
        }
        for remark in seen.iter().filter_map(|seen| seen.remark.clone()) {
            if self.remarks.insert(remark.clone()) {
                self.shared.say(remark);
            }
        }
        for (handle, job, cause) in overdue {
            let cause = self.engine.examine(&job, cause);
            self.judge(&handle, cause);
        }
    }

    /// Finds jobs of this study that no work wants: left by a search that died, or started once more by an engine that lost its
    /// memory. Those that run end by themselves, those that wait would wait on.
    fn find_strays(&self, seen: &[Seen]) {
        for seen in seen {
            let (JobState::Waiting | JobState::Running, Some((token, place))) =
                (seen.state, &seen.batch)
            else {
                continue;
            };
            let works = self.home.read_batch(token).ok();
            let listed = works.and_then(|works| works.into_iter().nth(*place));
            let is_wanted = listed.is_some_and(|listed| {
                let folder = self.home.folder(&listed.folder);
                folder.wants(listed.number)
            });
            if !is_wanted {
                self.shared.lock().strays.push(seen.id.clone());
            }
        }
    }

    /// Decides what becomes of a work whose job has left no result.
    fn judge(&mut self, handle: &Handle, cause: Cause) {
        let mut state = self.shared.lock();
        let any = state.has_signs;
        let Some(entry) = state.entries.get_mut(handle).filter(|e| !e.is_over()) else {
            return;
        };
        let submission = &entry.submission;
        // Held in the queue, perhaps.
        let job = submission.id.clone();
        let output = self.home.output(&submission.batch, submission.place);
        let was_asked = entry.folder.stopped() == Some(submission.number);
        if cause == Cause::TimeLimit && entry.folder.state().exists() {
            // Its state was kept on the way.
            match entry.go_on(
                self.shared.time_limits,
                "its job has reached its time limit",
            ) {
                None => self
                    .shared
                    .say(format!("evaluation {} goes on in another job", entry.id)),
                Some(end) => self.shared.end(&mut state, handle, end),
            }
            return;
        }
        match verdict(entry, cause, any, was_asked, &output) {
            Verdict::Again => {
                entry.submission.losses += 1;
                let text = format!(
                    "the job of evaluation {} {}; it runs again",
                    entry.id,
                    cause.words()
                );
                entry.again(Instant::now(), Duration::ZERO);
                self.shared.say(text);
            }
            Verdict::Over(end) => self.shared.end(&mut state, handle, end),
        }
        state.strays.extend(job);
    }
}
