//! What an engine says of jobs, and what follows from it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::super::engine::{Cause, JobId, JobState, Seen, Trouble};
use super::super::entry::{Phase, Verdict, verdict};
use super::super::folder::Folder;
use super::super::records::Submission;
use super::Clerk;
use crate::backend::Handle;
use crate::backend::log::Log;

/// How long after the engine was asked in vain whether a submission came about it counts as none.
const UNSURE: Duration = Duration::from_secs(2);

/// Whether a job is that of a submission. Numbers alone say so only where batches are not known: an engine that lost its memory
/// gives them out again.
fn is_of(seen: &Seen, submission: &Submission) -> bool {
    match &seen.batch {
        Some((token, place)) => *token == submission.batch && *place == submission.place,
        None => submission.id.as_ref() == Some(&seen.id),
    }
}

/// Adds a job's own output, whose file goes with its batch, to the log of its evaluation.
fn keep(output: &Path, log: &Path) -> io::Result<()> {
    let text = fs::read(output)?;
    if !text.is_empty() {
        let mut log = Log::open(log)?;
        log.write(b"\n-- the job's own output --\n");
        log.write(&text);
        log.finish();
    }
    Ok(())
}

impl Clerk {
    /// Asks where jobs stand, all at once, and not too often.
    pub(super) fn ask(&mut self) {
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
        let mut overdue: Vec<(Handle, JobId, Cause, PathBuf)> = Vec::new();
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
                    let output =
                        (self.home).output(&entry.submission.batch, entry.submission.place);
                    overdue.push((handle.clone(), job.clone(), cause, output));
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
        for (handle, job, cause, output) in overdue {
            let cause = self.engine.examine(&job, cause, &output);
            self.resolve(&handle, cause, &output);
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
    fn resolve(&mut self, handle: &Handle, cause: Cause, output: &Path) {
        let mut state = self.shared.lock();
        let any = state.has_signs;
        let Some(entry) = state.entries.get_mut(handle).filter(|e| !e.is_over()) else {
            return;
        };
        let submission = &entry.submission;
        // Held in the queue, perhaps.
        let job = submission.id.clone();
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
        match verdict(entry, cause, any, was_asked, output) {
            Verdict::Again => {
                // A job that never had its turn has lost nothing.
                entry.submission.losses += u32::from(cause != Cause::Waited);
                let text = format!(
                    "the job of evaluation {} {}; it runs again",
                    entry.id,
                    cause.words()
                );
                entry.again(Instant::now(), Duration::ZERO);
                self.shared.say(text);
            }
            Verdict::Over(end) => {
                // What cannot be kept has been quoted.
                let _ = keep(output, &entry.log);
                self.shared.end(&mut state, handle, end);
            }
        }
        state.strays.extend(job);
    }
}
