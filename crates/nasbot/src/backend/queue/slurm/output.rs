//! What Slurm's commands print.

use super::super::engine::{Cause, JobState, Seen};

/// What `squeue` is asked for: the job, its state, its comment, and why it waits.
pub(super) const FORMAT: &str = "%i|%T|%k|%r";
/// How the comment of a batch's jobs begins.
const COMMENT: &str = "nasbot:";
/// Why jobs wait in the ordinary course of things.
const ORDINARY: [&str; 8] = [
    "None",
    "Resources",
    "Priority",
    "BeginTime",
    "JobArrayTaskLimit",
    "Cleaning",
    "Prolog",
    "",
];
/// What is said by commands that may succeed later, in small letters.
const FOR_NOW: [&str; 15] = [
    "unable to contact",
    "socket timed out",
    "timed out",
    "connection refused",
    "connection reset",
    "communication",
    "zero bytes",
    "temporarily",
    "try again",
    "transport endpoint",
    "authentication",
    "munge",
    "not responding",
    "slurm_receive_msg",
    "maxsubmit",
];

/// The comment of a batch's jobs.
pub(super) fn comment(token: &str) -> String {
    format!("{COMMENT}{token}")
}

/// The number of a job, as `sbatch --parsable` prints it: with a cluster after it where there are several.
pub(super) fn number_of(printed: &str) -> Option<&str> {
    let line = printed
        .lines()
        .map(str::trim)
        .rfind(|line| !line.is_empty())?;
    let number = line.split(';').next()?;
    number.bytes().all(|b| b.is_ascii_digit()).then_some(number)
}

/// Whether a command that failed may succeed later: the controller does not answer, or a limit of jobs is reached.
pub(super) fn is_for_now(message: &str) -> bool {
    let message = message.to_lowercase();
    FOR_NOW.iter().any(|text| message.contains(text))
}

/// The jobs that `squeue` lists.
pub(super) fn listed(printed: &str) -> Vec<Seen> {
    printed.lines().filter_map(line).collect()
}

fn line(line: &str) -> Option<Seen> {
    let mut fields = line.trim().splitn(4, '|');
    let (id, state, comment) = (fields.next()?, fields.next()?, fields.next()?);
    let reason = fields.next().unwrap_or("").trim();
    let place = id.split_once('_').and_then(|(_, place)| place.parse().ok());
    let token = comment.strip_prefix(COMMENT);
    let is_waiting = ["PENDING", "REQUEUE_HOLD", "SPECIAL_EXIT"].contains(&state);
    let is_held =
        reason.starts_with("JobHeld") || reason.contains("held") || state.ends_with("HOLD");
    let remark = match (is_waiting, is_held) {
        (true, true) => Some(format!(
            "job {id} is held ({reason}): `scontrol release {id}` lets it run"
        )),
        (true, false) if !ORDINARY.contains(&reason) => {
            Some(format!("jobs wait in the queue: {reason}"))
        }
        _ => None,
    };
    // Slurm holds a job that could not be started on its node, for example since its output cannot be written there.
    let has_failed = is_waiting && reason.contains("launch failed");
    let not_started = JobState::Ended(Cause::Failed {
        status: 1,
        signal: 0,
    });
    Some(Seen {
        id: id.to_owned(),
        batch: token.map(str::to_owned).zip(place),
        state: if has_failed {
            not_started
        } else {
            state_of(state)
        },
        remark: remark.filter(|_| !has_failed),
    })
}

fn state_of(state: &str) -> JobState {
    match cause_of(state, None) {
        Some(cause) => JobState::Ended(cause),
        None => match state {
            "PENDING" | "CONFIGURING" | "REQUEUED" | "REQUEUE_FED" | "REQUEUE_HOLD"
            | "RESV_DEL_HOLD" | "SPECIAL_EXIT" => JobState::Waiting,
            "RUNNING" | "COMPLETING" | "SUSPENDED" | "STOPPED" | "SIGNALING" | "STAGE_OUT"
            | "RESIZING" => JobState::Running,
            // A state of a later version.
            _ => JobState::NoNews,
        },
    }
}

/// Why a job ended, from its state and its exit code as `STATUS:SIGNAL`; `None` for one that has not ended.
pub(super) fn cause_of(state: &str, exit: Option<&str>) -> Option<Cause> {
    // Accounting says by whom a job was cancelled.
    Some(match state.split_whitespace().next()? {
        "COMPLETED" => Cause::Finished,
        "FAILED" => {
            let codes = exit.and_then(|exit| exit.trim().split_once(':'));
            let codes = codes
                .and_then(|(status, signal)| Some((status.parse().ok()?, signal.parse().ok()?)));
            let (status, signal) = codes.unwrap_or((1, 0));
            Cause::Failed { status, signal }
        }
        "CANCELLED" => Cause::Cancelled,
        "TIMEOUT" | "DEADLINE" => Cause::TimeLimit,
        "OUT_OF_MEMORY" => Cause::Memory,
        "PREEMPTED" | "REVOKED" => Cause::Preempted,
        "NODE_FAIL" | "BOOT_FAIL" | "LAUNCH_FAILED" => Cause::NodeFailed,
        _ => return None,
    })
}

/// Why a job ended, from what `scontrol show job --oneliner` prints.
pub(super) fn shown(printed: &str) -> Option<Cause> {
    let line = printed.lines().find(|line| line.contains("JobState="))?;
    let field = |name: &str| {
        let mut words = line.split_whitespace();
        words.find_map(|word| word.strip_prefix(name))
    };
    cause_of(field("JobState=")?, field("ExitCode="))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_as_slurm_22_prints_them() {
        let printed = "12_0|RUNNING|nasbot:0a1b|None\n12_1|PENDING|nasbot:0a1b|Priority\n\
                       13_0|FAILED|(null)|NonZeroExitCode\n14_2|PENDING|nasbot:77|PartitionTimeLimit\n\
                       15_0|PENDING|nasbot:78|JobHeldUser\n";
        let seen = listed(printed);
        assert_eq!(seen.len(), 5);
        assert_eq!(seen[0].batch, Some(("0a1b".to_owned(), 0)));
        assert_eq!(seen[0].state, JobState::Running);
        assert_eq!((seen[1].state, &seen[1].remark), (JobState::Waiting, &None));
        assert_eq!(seen[2].batch, None);
        assert!(matches!(
            seen[2].state,
            JobState::Ended(Cause::Failed { .. })
        ));
        assert!(
            seen[3]
                .remark
                .as_ref()
                .is_some_and(|r| r.contains("PartitionTimeLimit"))
        );
        assert!(
            seen[4]
                .remark
                .as_ref()
                .is_some_and(|r| r.contains("scontrol release 15_0"))
        );
    }

    #[test]
    fn ends_are_told_apart() {
        let show = |state: &str, exit: &str| {
            shown(&format!(
                "JobId=12 ArrayJobId=12 JobState={state} Reason=None ExitCode={exit} RunTime=00:01\n"
            ))
        };
        assert_eq!(
            show("FAILED", "7:0"),
            Some(Cause::Failed {
                status: 7,
                signal: 0
            })
        );
        assert_eq!(
            show("FAILED", "0:9"),
            Some(Cause::Failed {
                status: 0,
                signal: 9
            })
        );
        assert_eq!(show("CANCELLED", "0:15"), Some(Cause::Cancelled));
        assert_eq!(show("TIMEOUT", "0:0"), Some(Cause::TimeLimit));
        assert_eq!(show("NODE_FAIL", "0:0"), Some(Cause::NodeFailed));
        assert_eq!(show("RUNNING", "0:0"), None);
        assert_eq!(
            cause_of("CANCELLED by 1000", Some("0:15")),
            Some(Cause::Cancelled)
        );
        assert_eq!(state_of("COMPLETING"), JobState::Running);
        assert_eq!(state_of("SOMETHING_NEW"), JobState::NoNews);
    }

    #[test]
    fn numbers_and_troubles_are_read() {
        assert_eq!(number_of("4711\n"), Some("4711"));
        assert_eq!(number_of("4711;north\n"), Some("4711"));
        assert_eq!(number_of("sbatch: warning\n4711\n"), Some("4711"));
        assert_eq!(number_of("Submitted batch job 4711"), None);
        assert!(is_for_now(
            "slurm_load_jobs error: Unable to contact slurm controller (connect failure)"
        ));
        assert!(is_for_now(
            "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation"
        ));
        assert!(!is_for_now(
            "sbatch: error: invalid partition specified: nothere"
        ));
        assert!(!is_for_now(
            "Batch job submission failed: Requested time limit is invalid (missing or exceeds some limit)"
        ));
    }
}
