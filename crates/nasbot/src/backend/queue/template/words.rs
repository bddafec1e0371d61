//! Words of queues for the states of jobs.

use super::super::engine::{Cause, JobState};
use crate::settings::Words;

/// What a word means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Known(JobState),
    Unknown,
}

/// Words that stand for the same in all queues that we know: those of PBS, LSF, Slurm, and of examples in the documentation.
const USUAL: [(&[&str], JobState); 8] = [
    (
        &[
            "Q", "H", "W", "T", "PEND", "PSUSP", "WAIT", "PENDING", "waiting", "queued",
        ],
        JobState::Waiting,
    ),
    (
        &[
            "R",
            "B",
            "S",
            "U",
            "E",
            "RUN",
            "USUSP",
            "SSUSP",
            "RUNNING",
            "COMPLETING",
        ],
        JobState::Running,
    ),
    (
        &["F", "C", "X", "DONE", "COMPLETED", "finished", "complete"],
        JobState::Ended(Cause::Finished),
    ),
    (&["EXIT", "FAILED"], JobState::Ended(FAILED)),
    (
        &["CANCELLED", "CANCELED"],
        JobState::Ended(Cause::Cancelled),
    ),
    (
        &["TIMEOUT", "timed-out", "DeadlineExceeded"],
        JobState::Ended(Cause::TimeLimit),
    ),
    (
        &["OUT_OF_MEMORY", "out-of-memory", "OOMKilled"],
        JobState::Ended(Cause::Memory),
    ),
    (
        &["PREEMPTED", "NODE_FAIL", "Evicted", "ZOMBI"],
        JobState::Ended(Cause::Preempted),
    ),
];

/// A program that failed in a way that the queue does not say.
const FAILED: Cause = Cause::Failed {
    status: 1,
    signal: 0,
};

/// What a word means: first by the user's list, then as usual. Capitals do not matter.
pub(super) fn state(own: &Words, word: &str) -> State {
    let own = [
        (&own.waiting, JobState::Waiting),
        (&own.running, JobState::Running),
        (&own.finished, JobState::Ended(Cause::Finished)),
        (&own.failed, JobState::Ended(FAILED)),
        (&own.cancelled, JobState::Ended(Cause::Cancelled)),
        (&own.timed_out, JobState::Ended(Cause::TimeLimit)),
        (&own.out_of_memory, JobState::Ended(Cause::Memory)),
        (&own.preempted, JobState::Ended(Cause::Preempted)),
    ];
    let own = (own.iter()).find(|(words, _)| words.iter().any(|w| w.eq_ignore_ascii_case(word)));
    let usual = || (USUAL.iter()).find(|(ws, _)| ws.iter().any(|w| w.eq_ignore_ascii_case(word)));
    match own
        .map(|(_, state)| *state)
        .or_else(|| usual().map(|(_, state)| *state))
    {
        Some(state) => State::Known(state),
        None => State::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_means_what_the_user_says_and_otherwise_what_it_usually_means() {
        let mut own = Words::default();
        assert_eq!(state(&own, "r"), State::Known(JobState::Running));
        assert_eq!(state(&own, "exit"), State::Known(JobState::Ended(FAILED)));
        assert_eq!(state(&own, "moved"), State::Unknown);
        own.waiting.push("MOVED".to_owned());
        own.preempted.push("EXIT".to_owned());
        assert_eq!(state(&own, "moved"), State::Known(JobState::Waiting));
        assert_eq!(
            state(&own, "EXIT"),
            State::Known(JobState::Ended(Cause::Preempted))
        );
    }
}
