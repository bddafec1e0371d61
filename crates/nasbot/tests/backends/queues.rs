//! What goes wrong with jobs of a queue, over the fake one.

use std::fs;
use std::path::Path;
use std::time::Duration;

use nasbot::backend::{self, Backend, End, Reports, Status};
use nasbot_opt::{Failure, Outcome};
use nix::sys::signal::{Signal, kill as kill_with};
use nix::unistd::Pid;

use crate::detached::began;
use crate::fake_queue::{kill, queued, spool, template};
use crate::jobs::{is_scored, wait};
use crate::support::{Make, Stand, script};

/// The tests, by name.
pub(crate) const TESTS: [(&str, fn()); 10] = [
    (
        "a_job_that_pauses_before_its_limit_goes_on_in_another",
        pauses,
    ),
    ("a_folder_that_nodes_do_not_see_is_found_out", unseen),
    (
        "a_job_that_was_cancelled_from_outside_runs_again",
        cancelled,
    ),
    ("a_job_that_makes_room_runs_again", preempted),
    ("limits_of_the_queue_are_failures_of_their_kind", limits),
    ("a_program_that_crashes_is_described_by_its_log", crashes),
    ("while_the_queue_is_down_nothing_is_lost", down),
    ("a_submission_that_fails_is_tried_again", refused),
    ("what_was_cancelled_leaves_no_job", leaves_nothing),
    ("files_go_once_the_end_is_recorded", cleans_up),
];

const MAKE: Make = template;

fn failure(end: &End) -> (Failure, String) {
    match end {
        End::Done(Outcome::Failed(failure), detail) => (*failure, detail.message.clone().unwrap()),
        other => panic!("{other:?}"),
    }
}

/// Waits until so many evaluations have begun.
fn wait_for(folder: &Path, count: usize) {
    wait("an evaluation to begin", || began(folder) == count);
}

fn unseen() {
    let mut stand = Stand::new(&MAKE);
    fs::write(spool(stand.folder.path()).join("deaf"), "").unwrap();
    stand.submit(0, 0);
    let (0, End::Unusable(message)) = stand.end() else {
        panic!("it is usable");
    };
    assert!(message.contains("shared disk"), "{message}");
    assert!(message.contains("study-0-0"), "{message}");
    assert_eq!(began(stand.folder.path()), 0);
}

fn cancelled() {
    let mut stand = Stand::new(&MAKE);
    stand.submit(0, 1_000);
    wait_for(stand.folder.path(), 1);
    kill(stand.folder.path(), 1, "CANCELLED");
    assert!(is_scored(&stand.end().1));
    assert_eq!(began(stand.folder.path()), 2);
}

fn preempted() {
    let mut stand = Stand::new(&MAKE);
    stand.submit(0, 1_000);
    wait_for(stand.folder.path(), 1);
    kill(stand.folder.path(), 1, "PREEMPTED");
    let (end, notes) = stand.end_with_notes();
    assert!(is_scored(&end), "{end:?}");
    assert!(
        notes.iter().any(|note| note.contains("runs again")),
        "{notes:?}"
    );
}

fn limits() {
    let mut stand = Stand::new(&MAKE);
    for (id, word, expected) in [
        (1, "TIMEOUT", Failure::TimedOut),
        (2, "OUT_OF_MEMORY", Failure::OutOfMemory),
    ] {
        stand.submit(id.into(), 20_000);
        wait_for(stand.folder.path(), id as usize);
        kill(stand.folder.path(), id, word);
        let (_, end) = stand.end();
        assert_eq!(failure(&end).0, expected);
    }
}

fn crashes() {
    let mut stand = Stand::new(&MAKE);
    let text = "echo the reason >&2; exit 7\n";
    script(stand.folder.path(), "score.sh", text);
    stand.submit(0, 0);
    let (failure, message) = failure(&stand.end().1);
    assert_eq!(failure, Failure::Crashed);
    assert!(
        message.contains("status 7") && message.contains("the reason"),
        "{message}"
    );
}

fn down() {
    let mut stand = Stand::new(&MAKE);
    let spool = spool(stand.folder.path());
    stand.submit(0, 1_500);
    wait_for(stand.folder.path(), 1);
    fs::write(spool.join("down"), "").unwrap();
    // Its result is seen although the queue says nothing.
    let (end, notes) = stand.end_with_notes();
    assert!(is_scored(&end), "{end:?}");
    assert!(
        notes.iter().any(|note| note.contains("does not answer")),
        "{notes:?}"
    );
    fs::remove_file(spool.join("down")).unwrap();
    assert_eq!(began(stand.folder.path()), 1);
}

fn refused() {
    let mut stand = Stand::new(&MAKE);
    fs::write(spool(stand.folder.path()).join("refuse"), "1").unwrap();
    stand.submit(0, 0);
    let (end, notes) = stand.end_with_notes();
    assert!(is_scored(&end), "{end:?}");
    assert!(
        notes[0].contains("refused") && notes[0].contains("waiting"),
        "{notes:?}"
    );
    assert_eq!(began(stand.folder.path()), 1);
}

/// A program that pauses when it is told to, and scores when it is started the second time.
pub(crate) fn pausing(folder: &Path) {
    let text = format!(
        "trap 'echo \"{{\\\"paused\\\": true}}\"; exit' USR2; read -r network; echo began >> {0}/began\n\
         [ -e {0}/paused ] && {{ echo '{{\"score\":0.5}}'; exit; }}; : > {0}/paused\n\
         while :; do sleep 0.05; done\n",
        folder.display()
    );
    script(folder, "score.sh", &text);
}

/// The process of a job.
fn process_of(folder: &Path) -> Option<Pid> {
    let folder = folder.join("logs/jobs").display().to_string();
    let numbers = fs::read_dir("/proc").unwrap().flatten();
    let mut numbers = numbers.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let is_job = |number: &i32| {
        let line = fs::read(format!("/proc/{number}/cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).into_owned();
        line.split('\0').nth(1) == Some("__job") && line.contains(&folder)
    };
    numbers.find(is_job).map(Pid::from_raw)
}

fn pauses() {
    let mut stand = Stand::new(&MAKE);
    let folder = stand.folder.path().to_owned();
    pausing(&folder);
    stand.submit(0, 0);
    wait_for(&folder, 1);
    wait("the program to be ready", || folder.join("paused").exists());
    kill_with(process_of(&folder).unwrap(), Signal::SIGUSR2).unwrap();
    let end = stand.end().1;
    assert!(is_scored(&end), "{end:?}");
    assert_eq!(began(&folder), 2);
    // One that was not asked to pause has no score.
    fs::remove_file(folder.join("paused")).unwrap();
    script(&folder, "score.sh", "echo '{\"paused\": true}'\n");
    stand.submit(1, 0);
    let (failure, message) = failure(&stand.end().1);
    assert!(
        failure == Failure::Other && message.contains("paused"),
        "{message}"
    );
}

fn leaves_nothing() {
    let mut stand = Stand::new(&MAKE);
    let folder = stand.folder.path().to_owned();
    let handle = stand.submit(0, 20_000);
    wait_for(&folder, 1);
    stand.backend.cancel(&handle);
    assert!(matches!(stand.end(), (0, End::Stopped)));
    let word = spool(&folder).join("1").join("word");
    wait("the job to end", || word.exists());
    // One that cannot be told by the queue is told by a file.
    let handle = stand.submit(1, 20_000);
    wait_for(&folder, 2);
    fs::write(spool(&folder).join("down"), "").unwrap();
    stand.backend.cancel(&handle);
    let word = spool(&folder).join("2").join("word");
    wait("the job to end by itself", || word.exists());
    assert!(matches!(stand.end(), (1, End::Stopped)));
}

fn cleans_up() {
    let mut stand = Stand::new(&MAKE);
    let folder = stand.folder.path().to_owned();
    let handle = stand.submit(0, 0);
    let work = stand.work(0, 0);
    stand.end();
    let jobs = folder.join("logs").join("jobs");
    assert!(jobs.join("study-0-0").join("result.json").exists());
    // Of a submission before.
    for ending in ["json", "sh"] {
        let list = r#"[{"folder":"study-0-0","number":0}]"#;
        fs::write(jobs.join("batches").join(format!("before.{ending}")), list).unwrap();
    }
    // A search that dies before it has recorded the result finds it.
    let reports = Reports::new(|_| {});
    let settings = queued(&folder, Duration::from_secs(2));
    let mut other: Box<dyn Backend> = backend::backend(&settings, reports).unwrap();
    assert_eq!(
        other.attach(&work, Some(&handle)).unwrap(),
        Some(handle.clone())
    );
    wait("its result", || other.poll(&handle) == Status::Over);
    other.forget(&handle);
    assert_eq!(other.poll(&handle), Status::Unknown);
    assert!(
        !jobs.exists(),
        "{:?}",
        fs::read_dir(&jobs).unwrap().collect::<Vec<_>>()
    );
}
