//! A real Slurm: the one that `scripts/slurm.sh` starts, where `NASBOT_TEST_SLURM` is set.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use nasbot::backend::{self, Backend, End, Report, Reports, Status};
use nasbot::settings::{Devices, Engine, Gpus, Settings, Slurm};
use nasbot_opt::{Failure, Outcome};

use crate::detached::began;
use crate::jobs::{self, is_scored, job, unusable, wait_for};
use crate::support::{CAPACITY, Make, PATIENCE, Stand, script};

/// The tests, by name.
pub(crate) const TESTS: [(&str, fn()); 9] = [
    (
        "a_job_that_slurm_tells_of_its_limit_goes_on_in_another",
        pauses,
    ),
    ("a_folder_that_the_node_does_not_see_is_found_out", unseen),
    (
        "a_job_that_was_cancelled_or_requeued_from_outside_runs_again",
        disturbed,
    ),
    ("a_time_limit_is_a_failure_of_its_kind", time_limit),
    ("each_job_has_its_own_gpu", gpus),
    ("works_that_come_together_are_one_array", arrays),
    ("a_controller_that_is_down_loses_nothing", controller),
    ("a_submission_that_slurm_refuses_stops_the_search", refused),
    (
        "a_job_is_found_by_its_batch_where_its_number_was_not_recorded",
        found_by_batch,
    ),
];

/// Whether there is a Slurm for tests.
pub(crate) fn is_there() -> bool {
    std::env::var_os("NASBOT_TEST_SLURM").is_some()
}

fn queued(folder: &Path, jobs: usize, options: Slurm) -> Settings {
    let engine = Engine::Slurm(Box::new(options));
    jobs::queued(folder, jobs, Duration::from_secs(3), engine)
}

fn plain() -> Slurm {
    Slurm {
        cpus_per_task: Some(1),
        gather_s: Some(0.1),
        ..Slurm::default()
    }
}

/// A back-end over the Slurm for tests.
pub(crate) fn slurm(folder: &Path, reports: Reports) -> Box<dyn Backend> {
    backend::backend(&queued(folder, CAPACITY, plain()), reports).unwrap()
}

const MAKE: Make = slurm;

fn run(command: &str) -> String {
    let ran = Command::new("sh").args(["-c", command]).output().unwrap();
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert!(ran.status.success(), "{command}: {said}");
    String::from_utf8(ran.stdout).unwrap()
}

fn unseen() {
    // `scripts/slurm.sh` hides this folder from its node.
    let conf = std::env::var("SLURM_CONF").unwrap();
    let hidden = Path::new(&conf).with_file_name("hidden");
    let folder = tempfile::tempdir_in(hidden).unwrap();
    let mut stand = Stand::at(folder, &MAKE);
    stand.submit(0, 0);
    let message = unusable(&mut stand);
    assert!(message.contains("shared disk"), "{message}");
    assert_eq!(began(stand.folder.path()), 0);
    // No job is left, not even one that Slurm holds.
    let since = Instant::now();
    while !run("squeue --noheader --format='%i %Z'")
        .lines()
        .all(|line| !line.contains("hidden"))
    {
        assert!(since.elapsed() < PATIENCE, "a job is left");
        thread::sleep(Duration::from_millis(100));
    }
}

fn disturbed() {
    let mut stand = Stand::new(&MAKE);
    stand.submit(0, 3_000);
    wait_for(stand.folder.path(), 1);
    run(&format!("scancel {}", job(&stand, "study-0-0")));
    let (ended, notes) = stand.end_with_notes();
    assert!(is_scored(&ended), "{ended:?}");
    assert!(
        notes
            .iter()
            .any(|note| note.contains("cancelled from outside")),
        "{notes:?}"
    );
    assert_eq!(began(stand.folder.path()), 2);
    stand.submit(1, 3_000);
    wait_for(stand.folder.path(), 3);
    let id = job(&stand, "study-1-0");
    run(&format!("scontrol requeue {id}"));
    // Slurm would wait two minutes.
    let since = Instant::now();
    while !run(&format!("squeue --noheader --format=%T --jobs={id}")).contains("PENDING") {
        assert!(since.elapsed() < PATIENCE, "it is not requeued");
        thread::sleep(Duration::from_millis(100));
    }
    run(&format!("scontrol update jobid={id} starttime=now"));
    let (ended, notes) = stand.end_with_notes();
    assert!(is_scored(&ended), "{ended:?}, {notes:?}");
    assert_eq!(began(stand.folder.path()), 4);
}

fn time_limit() {
    let make: Make = |folder, reports| {
        // The shortest limit that there is.
        let options = Slurm {
            timeout_min: Some(1),
            ..plain()
        };
        backend::backend(&queued(folder, CAPACITY, options), reports).unwrap()
    };
    let mut stand = Stand::new(&make);
    let text = "echo to the log >&2; sleep 600\n";
    script(stand.folder.path(), "score.sh", text);
    stand.submit(0, 0);
    // Slurm looks at limits once in half a minute.
    let patience = Duration::from_secs(180);
    let end = loop {
        if let Report::Ended { end, .. } = stand.report_within(patience) {
            break end;
        }
    };
    let End::Done(Outcome::Failed(failure), detail) = end else {
        panic!("{end:?}");
    };
    assert_eq!(failure, Failure::TimedOut);
    let message = detail.message.unwrap();
    assert!(
        message.contains("time limit") && message.contains("to the log"),
        "{message}"
    );
}

fn pauses() {
    let make: Make = |folder, reports| {
        // Half a minute before the limit.
        let options = Slurm {
            timeout_min: Some(1),
            signal_delay_s: Some(30),
            ..plain()
        };
        backend::backend(&queued(folder, CAPACITY, options), reports).unwrap()
    };
    let mut stand = Stand::new(&make);
    crate::queues::pausing(stand.folder.path());
    stand.submit(0, 0);
    let patience = Duration::from_secs(180);
    let end = loop {
        if let Report::Ended { end, .. } = stand.report_within(patience) {
            break end;
        }
    };
    assert!(is_scored(&end), "{end:?}");
    assert_eq!(began(stand.folder.path()), 2);
}

fn gpus() {
    let make: Make = |folder, reports| {
        let options = Slurm {
            gpus_per_node: Some(Gpus::Number(1)),
            ..plain()
        };
        let mut settings = queued(folder, CAPACITY, options);
        settings.workers.devices = Devices::Auto;
        backend::backend(&settings, reports).unwrap()
    };
    let mut stand = Stand::new(&make);
    let seen = stand.folder.path().join("seen");
    let text = format!(
        "echo $CUDA_VISIBLE_DEVICES $OMP_NUM_THREADS >> {}; sleep 1; echo '{{\"score\":1}}'\n",
        seen.display()
    );
    script(stand.folder.path(), "score.sh", &text);
    stand.submit(0, 0);
    stand.submit(1, 0);
    assert!(is_scored(&stand.end_with_notes().0) && is_scored(&stand.end_with_notes().0));
    let seen = fs::read_to_string(seen).unwrap();
    let seen: BTreeSet<&str> = seen.lines().collect();
    assert_eq!(seen, BTreeSet::from(["0 1", "1 1"]));
}

fn arrays() {
    let make: Make = |folder, reports| {
        let options = Slurm {
            gather_s: Some(0.5),
            array_parallelism: Some(6),
            ..plain()
        };
        backend::backend(&queued(folder, 12, options), reports).unwrap()
    };
    let mut stand = Stand::new(&make);
    for id in 0..12 {
        stand.submit(id, 100);
    }
    let mut arrays = BTreeSet::new();
    for id in 0..12 {
        let id = job(&stand, &format!("study-{id}-0"));
        arrays.insert(id.split('_').next().unwrap().to_owned());
    }
    assert_eq!(arrays.len(), 1);
    for _ in 0..12 {
        assert!(is_scored(&stand.end_with_notes().0));
    }
    assert_eq!(began(stand.folder.path()), 12);
}

fn controller() {
    let script = std::env::var("NASBOT_TEST_SLURM").unwrap();
    let mut stand = Stand::new(&MAKE);
    stand.submit(0, 2_000);
    wait_for(stand.folder.path(), 1);
    let place = std::env::var("SLURM_CONF").unwrap();
    let place = Path::new(&place).parent().unwrap().display().to_string();
    run(&format!("{script} stop-controller {place}"));
    stand.submit(1, 100);
    let mut scored = BTreeSet::new();
    let mut notes = Vec::new();
    let mut is_up = false;
    while scored.len() < 2 {
        match stand.report_within(Duration::from_secs(120)) {
            Report::Note(text) => notes.push(text),
            Report::Ended { id, end } => {
                assert!(is_scored(&end), "{end:?}");
                scored.insert(id);
            }
            _ => {}
        }
        if !is_up && notes.iter().any(|note| note.contains("waiting")) && scored.contains(&0) {
            is_up = true;
            run(&format!("{script} start-controller {place}"));
        }
    }
    assert!(
        notes.iter().any(|note| note.contains("answers again")),
        "{notes:?}"
    );
    assert_eq!(began(stand.folder.path()), 2);
}

fn refused() {
    let make: Make = |folder, reports| {
        let options = Slurm {
            partition: Some("nowhere".to_owned()),
            ..plain()
        };
        backend::backend(&queued(folder, CAPACITY, options), reports).unwrap()
    };
    let mut stand = Stand::new(&make);
    stand.submit(0, 0);
    let message = unusable(&mut stand);
    assert!(
        message.contains("slurm") && message.contains("nowhere"),
        "{message}"
    );
}

fn found_by_batch() {
    let mut first = Stand::new(&MAKE);
    let handle = first.submit(0, 3_000);
    let work = first.work(0, 3_000);
    wait_for(first.folder.path(), 1);
    job(&first, "study-0-0");
    // As a search leaves it that dies before it has noted what Slurm calls the job.
    let folder = first.die();
    let path = folder.path().join("logs/jobs/study-0-0/submission.json");
    let text = fs::read_to_string(&path).unwrap();
    let mut submission: serde_json::Value = serde_json::from_str(&text).unwrap();
    submission["id"] = serde_json::Value::Null;
    fs::write(&path, submission.to_string()).unwrap();
    let mut second = Stand::at(folder, &MAKE);
    assert!(
        second
            .backend
            .attach(&work, Some(&handle))
            .unwrap()
            .is_some()
    );
    assert_ne!(second.backend.poll(&handle), Status::Over);
    assert!(is_scored(&second.end_with_notes().0));
    assert_eq!(began(second.folder.path()), 1);
    let found: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    assert!(found["id"].is_string(), "{found}");
    assert_eq!(found["number"], 1);
}
