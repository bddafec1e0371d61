//! Where one job of the search stands, and what the end of a job that left no result means.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nasbot_opt::Failure;

use super::engine::{Cause, JobState};
use super::folder::Folder;
use super::records::Submission;
use crate::backend::log::tail;
use crate::backend::{End, Status, answer};

/// How often a work is submitted again after its jobs were cancelled, pre-empted, or lost their node.
const MOST_LOSSES: u32 = 8;
/// How often it is submitted again where it is not clear why its jobs end.
const MOST_UNCLEAR: u32 = 3;
/// The status of a job that was asked to end, and the signals by which that is done.
const ASKED_TO_END: i32 = 143;
const SIGKILL: i32 = 9;
const SIGTERM: i32 = 15;

/// A work of the search.
#[derive(Debug)]
pub(super) struct Entry {
    /// The evaluation.
    pub(super) id: u64,
    /// Its place among those under way.
    pub(super) slot: usize,
    pub(super) folder: Folder,
    /// Where its program logs.
    pub(super) log: PathBuf,
    pub(super) submission: Submission,
    pub(super) phase: Phase,
    /// Since when it is not wanted any more.
    pub(super) cancelled: Option<Instant>,
    /// The number of the last submission whose job has shown that it began.
    pub(super) begun: u32,
    /// The place in the file of progress up to which it has been reported; `None` before the first look.
    pub(super) progress: Option<u64>,
}

/// Where a work stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// It is to be submitted, not before a moment.
    Due { since: Instant, not_before: Instant },
    /// It is being submitted.
    Handed,
    /// It may have been submitted: the engine did not say.
    Unsure { since: Instant },
    /// The engine has it.
    Queued { is_running: bool },
    /// The engine says that its job has ended, and no result is seen yet.
    Ended { cause: Cause, since: Instant },
    /// Its end has been reported.
    Over,
}

impl Entry {
    pub(super) fn is_over(&self) -> bool {
        self.phase == Phase::Over
    }

    /// Whether the job of the present submission has shown that it began.
    pub(super) fn has_begun(&self) -> bool {
        self.begun > 0 && self.begun == self.submission.number
    }

    pub(super) fn status(&self) -> Status {
        match self.phase {
            Phase::Over => Status::Over,
            Phase::Queued { is_running: true } => Status::Running,
            _ if self.has_begun() => Status::Running,
            _ => Status::Waiting,
        }
    }

    /// Takes in what the engine says of its job; `None` where the engine does not know it.
    pub(super) fn see(&mut self, state: Option<JobState>, now: Instant) {
        let cause = match state {
            Some(JobState::NoNews) => return,
            Some(JobState::Waiting) => {
                self.phase = Phase::Queued { is_running: false };
                return;
            }
            Some(JobState::Running) => {
                self.phase = Phase::Queued { is_running: true };
                return;
            }
            Some(JobState::Ended(cause)) => cause,
            None => Cause::Lost,
        };
        self.phase = match self.phase {
            // What is known of its end goes before what is forgotten.
            Phase::Ended {
                cause: before,
                since,
            } => Phase::Ended {
                cause: if cause == Cause::Lost { before } else { cause },
                since,
            },
            _ => Phase::Ended { cause, since: now },
        };
    }

    /// The cause of its end once the result has had time to be seen.
    pub(super) fn overdue(&self, grace: Duration, now: Instant) -> Option<Cause> {
        match self.phase {
            // Of a job that never ran nothing comes.
            Phase::Ended { cause, .. } if cause.is_before_its_start() => Some(cause),
            Phase::Ended { cause, since } if now >= since + grace => Some(cause),
            _ => None,
        }
    }

    /// Submits it once more after a time limit, or is the end of it where that has happened too often.
    pub(super) fn go_on(&mut self, most: u32, why: &str) -> Option<End> {
        if self.submission.time_limits >= most {
            let message = format!("{why}, for the {}th time", self.submission.time_limits + 1);
            return Some(answer::failed(Failure::TimedOut, message, 0.0));
        }
        self.submission.time_limits += 1;
        self.again(Instant::now(), Duration::ZERO);
        None
    }

    /// Submits it once more, after a while.
    pub(super) fn again(&mut self, now: Instant, after: Duration) {
        self.submission.id = None;
        self.phase = Phase::Due {
            since: now,
            not_before: now + after,
        };
    }
}

/// What becomes of a work whose job left no result.
#[derive(Debug)]
pub(super) enum Verdict {
    /// It is submitted once more.
    Again,
    /// It is over.
    Over(End),
}

/// What the end of a job without a result means. `any` says whether any job of this search has been seen to begin, `was_asked`
/// whether this one noted that it was asked to end, `output` is what the engine kept of the job's own output.
pub(super) fn verdict(
    entry: &Entry,
    cause: Cause,
    any: bool,
    was_asked: bool,
    output: &Path,
) -> Verdict {
    let log = &entry.log;
    let has_begun = entry.has_begun();
    let losses = entry.submission.losses;
    let unusable = |what: &str| {
        let last = tail(output);
        let last = match last.is_empty() {
            true => String::new(),
            false => format!("; the job's own output ends with:\n{last}"),
        };
        Verdict::Over(End::Unusable(format!(
            "evaluation {}: {what}{last}",
            entry.id
        )))
    };
    let failed = |failure: Failure| {
        let last = tail(log);
        let mut message = format!("the job {}", cause.words());
        if !last.is_empty() {
            message += &format!("; the last lines of {}:\n{last}", log.display());
        }
        Verdict::Over(answer::failed(failure, message, 0.0))
    };
    let is_asked = was_asked
        || matches!(
            cause,
            Cause::Failed {
                signal: SIGTERM,
                ..
            } | Cause::Failed {
                status: ASKED_TO_END,
                ..
            }
        );
    match cause {
        Cause::Memory => failed(Failure::OutOfMemory),
        Cause::TimeLimit => failed(Failure::TimedOut),
        Cause::Waited => Verdict::Again,
        Cause::NotStarted if any && losses < MOST_UNCLEAR => Verdict::Again,
        Cause::NotStarted => unusable("its job could not be started"),
        Cause::Cancelled | Cause::Preempted | Cause::NodeFailed | Cause::Forgotten
            if losses < MOST_LOSSES =>
        {
            Verdict::Again
        }
        Cause::Cancelled | Cause::Preempted | Cause::NodeFailed | Cause::Forgotten => {
            unusable(&format!(
                "its job {} for the {}th time; `nasbot resume` tries again",
                cause.words(),
                losses + 1
            ))
        }
        _ if is_asked && losses < MOST_UNCLEAR => Verdict::Again,
        // Queues that do not say more do this to jobs that take too long.
        _ if is_asked => failed(Failure::TimedOut),
        Cause::Finished | Cause::Failed { .. } if !has_begun && !any => unusable(&format!(
            "its job {}, and nothing that it should have written is seen in {}. The nodes must see this folder, nasbot, the \
             worker and the data under the same paths as this machine: put them on a shared disk (--study says where the \
             study goes)",
            cause.words(),
            entry.folder.0.display()
        )),
        // The program did not come about on this node.
        _ if !has_begun && losses < MOST_UNCLEAR => Verdict::Again,
        _ if !has_begun => unusable(&format!(
            "its job {} {} times before it began",
            cause.words(),
            losses + 1
        )),
        Cause::Lost
        | Cause::Failed {
            signal: SIGKILL, ..
        } if losses < MOST_UNCLEAR => Verdict::Again,
        Cause::Failed {
            signal: SIGKILL, ..
        } => failed(Failure::OutOfMemory),
        Cause::Finished | Cause::Failed { .. } | Cause::Lost => failed(Failure::Crashed),
    }
}

#[cfg(test)]
mod tests {
    use nasbot_opt::Outcome;

    use super::*;

    fn entry(losses: u32, begun: u32) -> Entry {
        Entry {
            id: 3,
            slot: 0,
            folder: Folder("/shared/s.nasbot.jobs/s-3-0".into()),
            log: "/nonexistent".into(),
            submission: Submission {
                number: 2,
                losses,
                ..Submission::default()
            },
            phase: Phase::Handed,
            cancelled: None,
            begun,
            progress: None,
        }
    }

    fn shown(losses: u32, begun: u32, cause: Cause, any: bool) -> String {
        let nothing = Path::new("/nonexistent");
        match verdict(&entry(losses, begun), cause, any, false, nothing) {
            Verdict::Again => "again".to_owned(),
            Verdict::Over(End::Done(Outcome::Failed(failure), _)) => format!("{failure:?}"),
            Verdict::Over(End::Unusable(message)) => message,
            Verdict::Over(other) => format!("{other:?}"),
        }
    }

    const KILLED: Cause = Cause::Failed {
        status: 0,
        signal: 9,
    };
    const STATUS: Cause = Cause::Failed {
        status: 1,
        signal: 0,
    };

    #[test]
    fn what_is_no_fault_of_the_network_runs_again_until_it_happens_too_often() {
        for cause in [
            Cause::Cancelled,
            Cause::Preempted,
            Cause::NodeFailed,
            Cause::Forgotten,
        ] {
            assert_eq!(shown(0, 2, cause, true), "again");
            assert_eq!(shown(7, 0, cause, false), "again");
            assert!(shown(8, 2, cause, true).contains("nasbot resume"));
        }
        let asked = Cause::Failed {
            status: 143,
            signal: 0,
        };
        assert_eq!(shown(2, 2, asked, true), "again");
        assert_eq!(shown(3, 2, asked, true), "TimedOut");
        assert_eq!(shown(0, 2, Cause::Lost, true), "again");
        assert_eq!(shown(0, 2, KILLED, true), "again");
    }

    #[test]
    fn limits_and_crashes_are_booked_as_what_they_are() {
        assert_eq!(shown(0, 2, Cause::Memory, true), "OutOfMemory");
        assert_eq!(shown(0, 2, Cause::TimeLimit, true), "TimedOut");
        assert_eq!(shown(0, 2, STATUS, true), "Crashed");
        assert_eq!(shown(0, 2, Cause::Finished, true), "Crashed");
        assert_eq!(shown(3, 2, Cause::Lost, true), "Crashed");
        assert_eq!(shown(3, 2, KILLED, true), "OutOfMemory");
    }

    #[test]
    fn a_job_that_never_ran_is_not_waited_for() {
        // Waiting counts as nothing, however often.
        assert_eq!(shown(90, 0, Cause::Waited, false), "again");
        assert!(shown(0, 0, Cause::NotStarted, false).contains("could not be started"));
        assert_eq!(shown(2, 1, Cause::NotStarted, true), "again");
        assert!(shown(3, 1, Cause::NotStarted, true).contains("could not be started"));
        let (mut entry, start) = (entry(0, 0), Instant::now());
        entry.see(Some(JobState::Ended(Cause::NotStarted)), start);
        let grace = Duration::from_secs(60);
        assert_eq!(entry.overdue(grace, start), Some(Cause::NotStarted));
    }

    #[test]
    fn a_folder_that_nodes_do_not_see_is_told_from_one_bad_node() {
        let message = shown(0, 0, Cause::Finished, false);
        assert!(
            message.contains("shared disk") && message.contains("s-3-0"),
            "{message}"
        );
        assert!(shown(0, 0, STATUS, false).contains("shared disk"));
        // Other jobs began: this node is at fault. A sign of an earlier submission is none of this one.
        assert_eq!(shown(0, 0, STATUS, true), "again");
        assert_eq!(shown(2, 1, STATUS, true), "again");
        assert!(shown(3, 1, STATUS, true).contains("4 times"));
    }

    #[test]
    fn a_job_that_its_engine_knows_again_is_not_lost() {
        let mut entry = entry(0, 0);
        let start = Instant::now();
        let grace = Duration::from_secs(60);
        entry.see(None, start);
        assert_eq!(entry.overdue(grace, start + grace), Some(Cause::Lost));
        entry.see(Some(JobState::NoNews), start);
        entry.see(Some(JobState::Running), start);
        assert_eq!(entry.overdue(grace, start + grace), None);
        // The time of its end stays, and so does what was known of it.
        entry.see(Some(JobState::Ended(Cause::TimeLimit)), start);
        entry.see(None, start + grace);
        assert_eq!(entry.overdue(grace, start + grace), Some(Cause::TimeLimit));
    }
}
