//! What Ray's Jobs API answers.

use serde::Deserialize;

use super::super::engine::{Cause, JobState};
use super::http::Answer;

/// What is quoted of an answer, in bytes.
const QUOTED: usize = 500;
/// How a status of a shell tells of a signal.
const SIGNALLED: i32 = 128;

/// A job in Ray's list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Listed {
    /// Absent for programs that were not submitted.
    pub(super) submission_id: Option<String>,
    pub(super) status: String,
    pub(super) message: Option<String>,
    pub(super) error_type: Option<String>,
    pub(super) driver_exit_code: Option<i32>,
}

/// The output of a job.
#[derive(Debug, Deserialize)]
pub(super) struct Logs {
    pub(super) logs: String,
}

impl Listed {
    /// Where it stands.
    pub(super) fn state(&self) -> JobState {
        match self.status.as_str() {
            "PENDING" => JobState::Waiting,
            "RUNNING" => JobState::Running,
            "SUCCEEDED" => JobState::Ended(Cause::Finished),
            "STOPPED" => JobState::Ended(Cause::Cancelled),
            "FAILED" => JobState::Ended(self.failure()),
            // A state of a later version.
            _ => JobState::NoNews,
        }
    }

    fn failure(&self) -> Cause {
        if let Some(code) = self.driver_exit_code {
            return exit(code);
        }
        // Without a message nothing is known of memory.
        let message = self.message.as_deref().unwrap_or("");
        match self.error_type.as_deref() {
            Some("JOB_SUPERVISOR_ACTOR_START_TIMEOUT") => Cause::Waited,
            Some(
                "RUNTIME_ENV_SETUP_FAILURE"
                | "JOB_SUPERVISOR_ACTOR_START_FAILURE"
                | "JOB_SUPERVISOR_ACTOR_UNSCHEDULABLE"
                | "JOB_ENTRYPOINT_COMMAND_START_ERROR",
            ) => Cause::NotStarted,
            // Ray ends what it can where a node's memory runs out: perhaps this job is why, perhaps another.
            _ if message.contains("low on memory") || message.contains("out of memory") => KILLED,
            // Older versions say less, later ones perhaps other things.
            _ => Cause::NodeFailed,
        }
    }
}

/// As a system kills what takes too much memory.
const KILLED: Cause = Cause::Failed {
    status: 0,
    signal: 9,
};

/// How a program ended, whose shell or container may tell of a signal by its status.
fn exit(code: i32) -> Cause {
    let signal = match code {
        ..0 => code.saturating_neg(),
        _ if code > SIGNALLED => code - SIGNALLED,
        _ => 0,
    };
    let status = if signal == 0 { code } else { 0 };
    Cause::Failed { status, signal }
}

/// What an answer says that is no success: the last line of what may be a traceback of Python's.
pub(super) fn said(answer: &Answer) -> String {
    let mut lines = answer.text.lines().map(str::trim);
    let last = lines.rfind(|line| line.chars().any(char::is_alphanumeric));
    let last = last.unwrap_or("nothing");
    let last = crate::backend::log::end_of(last, QUOTED);
    format!("status {}: {last}", answer.status)
}

/// Whether a submission was refused since there is a job of that name already: the one that was asked for before.
pub(super) fn is_there_already(answer: &Answer, id: &str) -> bool {
    let text = &answer.text;
    text.contains("already exists") && text.contains(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(text: &str) -> Listed {
        serde_json::from_str(text).unwrap()
    }

    // As answered by Ray 2.60, shortened.
    #[test]
    fn states_and_ends_are_told_apart() {
        let failed = |status, signal| JobState::Ended(Cause::Failed { status, signal });
        for (text, expected) in [
            (
                r#"{"type":"SUBMISSION","job_id":null,"submission_id":"nasbot-s-6","status":"PENDING","message":"Job has not started yet.","error_type":null,"driver_exit_code":null}"#,
                JobState::Waiting,
            ),
            (
                r#"{"status":"RUNNING","message":"Job is currently running."}"#,
                JobState::Running,
            ),
            (
                r#"{"status":"SUCCEEDED","driver_exit_code":0}"#,
                JobState::Ended(Cause::Finished),
            ),
            (
                r#"{"status":"STOPPED","message":"Job was intentionally stopped.","driver_exit_code":null}"#,
                JobState::Ended(Cause::Cancelled),
            ),
            (
                r#"{"status":"FAILED","error_type":"JOB_ENTRYPOINT_COMMAND_ERROR","driver_exit_code":7}"#,
                failed(7, 0),
            ),
            (
                r#"{"status":"FAILED","error_type":"JOB_ENTRYPOINT_COMMAND_ERROR","driver_exit_code":-9}"#,
                failed(0, 9),
            ),
            (
                r#"{"status":"FAILED","driver_exit_code":143}"#,
                failed(0, 15),
            ),
            (
                r#"{"status":"FAILED","error_type":"JOB_SUPERVISOR_ACTOR_START_TIMEOUT"}"#,
                JobState::Ended(Cause::Waited),
            ),
            (
                r#"{"status":"FAILED","error_type":"JOB_SUPERVISOR_ACTOR_START_FAILURE","message":"Failed to start supervisor actor"}"#,
                JobState::Ended(Cause::NotStarted),
            ),
            (
                r#"{"status":"FAILED","error_type":"JOB_SUPERVISOR_ACTOR_DIED","message":"Job supervisor actor died: The actor died unexpectedly before finishing this task."}"#,
                JobState::Ended(Cause::NodeFailed),
            ),
            (
                r#"{"status":"FAILED","error_type":"JOB_SUPERVISOR_ACTOR_DIED","message":"killed due to the node running low on memory."}"#,
                failed(0, 9),
            ),
            (r#"{"status":"MOVED"}"#, JobState::NoNews),
        ] {
            assert_eq!(listed(text).state(), expected, "{text}");
        }
    }

    #[test]
    fn a_traceback_is_told_by_its_last_line() {
        let answer = Answer {
            status: 500,
            text: "Traceback (most recent call last):\n  File \"a.py\", line 1\nRuntimeError: Request failed with status code 400: \
                   Traceback\nValueError: Job with submission_id nasbot-s-1 already exists. Please use a different submission_id.\n.\n"
                .to_owned(),
        };
        assert!(is_there_already(&answer, "nasbot-s-1"));
        assert!(!is_there_already(&answer, "nasbot-s-2"));
        assert!(said(&answer).starts_with("status 500: ValueError: Job with"));
        let empty = Answer {
            status: 502,
            text: String::new(),
        };
        assert_eq!(said(&empty), "status 502: nothing");
    }
}
