//! What runs jobs, as the queue's back-end sees it: submit several, ask for the states of all, cancel.

use std::path::Path;
use std::time::Duration;

/// What an engine calls a job.
pub(super) type JobId = String;

/// How often an evaluation goes on in another job after a time limit, unless told otherwise: as often as submitit has it.
pub(super) const TIME_LIMITS: u32 = 3;

/// What all jobs of a study are called.
pub(super) fn job_name(study: &str) -> String {
    format!("nasbot-{study}")
}

/// An engine. Its calls may take as long as its programs do; they come from one thread.
pub(super) trait Engine: Send {
    /// What a person calls it.
    fn name(&self) -> &'static str;

    /// How many jobs one submission may hold.
    fn largest(&self) -> usize {
        1
    }

    /// How long a submission waits for another work to join it.
    fn gather(&self) -> Duration {
        Duration::ZERO
    }

    /// The place of a job in its batch, from 0, as the shell of the job finds it out.
    fn place(&self) -> &'static str {
        "0"
    }

    /// Lines of shell that come before the job's program.
    fn setup(&self) -> &[String];

    /// How often an evaluation goes on in another job after a time limit.
    fn time_limits(&self) -> u32 {
        TIME_LIMITS
    }

    /// Processor threads of a job's program, where the settings of the engine say that and the others don't.
    fn threads(&self) -> Option<usize> {
        None
    }

    /// Submits the jobs of a batch; what each is called, in their order.
    fn submit(&mut self, batch: &Batch<'_>) -> Result<Vec<JobId>, Trouble>;

    /// Where jobs stand: those with these names, and all others of the same study that the engine knows. What is asked for
    /// and not among the answers is not known to the engine.
    fn states(&mut self, study: &str, wanted: &[JobId]) -> Result<Vec<Seen>, Trouble>;

    /// What else can be found out about the end of a job that left no result. An engine that does not write the job's own output
    /// to the file `output` by itself does so now.
    fn examine(&mut self, _: &JobId, cause: Cause, _output: &Path) -> Cause {
        cause
    }

    /// Ends jobs of a study; those that have ended already are no error.
    fn cancel(&mut self, study: &str, jobs: &[JobId]) -> Result<(), Trouble>;
}

/// Jobs that are submitted together.
#[derive(Clone, Copy, Debug)]
pub(super) struct Batch<'a> {
    /// What all jobs of the study share.
    pub(super) study: &'a str,
    /// What no other batch is called: by this it is found again in the queue.
    pub(super) token: &'a str,
    /// The folder of all jobs.
    pub(super) folder: &'a Path,
    /// The script that each job runs.
    pub(super) script: &'a Path,
    /// For each job the place that it has among those under way.
    pub(super) slots: &'a [usize],
}

/// A job in an engine's list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) id: JobId,
    /// The batch that it belongs to, where the list says so, and its place there.
    pub(super) batch: Option<(String, usize)>,
    pub(super) state: JobState,
    /// Why it waits, where that is worth saying.
    pub(super) remark: Option<String>,
}

/// Where an engine says that a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum JobState {
    Waiting,
    Running,
    /// It will not run any more.
    Ended(Cause),
    /// There is no telling at the moment.
    NoNews,
}

/// Why a job ended, as far as its engine knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// By itself, without an error.
    Finished,
    /// By itself: its status, and the signal that ended it.
    Failed { status: i32, signal: i32 },
    /// It was ended from outside.
    Cancelled,
    /// It reached its time limit.
    TimeLimit,
    /// It took more memory than it may.
    Memory,
    /// It made room for another.
    Preempted,
    /// Its node failed.
    NodeFailed,
    /// The engine, of which this is to be expected when it is restarted, does not know it any more.
    Forgotten,
    /// It waited for longer than the engine has jobs wait.
    Waited,
    /// What it asks for cannot be had, or its environment cannot be set up.
    NotStarted,
    /// The engine does not know it any more.
    Lost,
}

impl Cause {
    /// In words, after "the job".
    pub(super) fn words(self) -> String {
        match self {
            Self::Finished => "has ended without an error".to_owned(),
            Self::Failed { signal: 0, status } => format!("has ended with status {status}"),
            Self::Failed { signal, .. } => format!("was killed by signal {signal}"),
            Self::Cancelled => "was cancelled from outside".to_owned(),
            Self::TimeLimit => "has reached its time limit".to_owned(),
            Self::Memory => "took more memory than it may".to_owned(),
            Self::Preempted => "had to make room for another".to_owned(),
            Self::NodeFailed => "was on a node that failed".to_owned(),
            Self::Forgotten => "is not known any more, as after a restart".to_owned(),
            Self::Waited => "has waited for longer than the queue has jobs wait".to_owned(),
            Self::NotStarted => "could not be started".to_owned(),
            Self::Lost => "is not known to the queue any more".to_owned(),
        }
    }

    /// Whether the job has certainly never run.
    pub(super) fn is_before_its_start(self) -> bool {
        matches!(self, Self::Waited | Self::NotStarted)
    }
}

/// Why an engine did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// It may do so later: its controller does not answer, a limit of jobs is reached.
    Later(String),
    /// It will never do so.
    Never(String),
}
