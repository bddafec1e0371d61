//! A real Ray: the head that `scripts/ray.sh` starts in the folder that `NASBOT_TEST_RAY` names.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use nasbot::backend::{self, Backend, End, Report, Reports, Status};
use nasbot::settings::{Devices, Engine, Ray, Settings};
use serde_json::json;

use crate::detached::began;
use crate::jobs::{self, is_scored, job, unusable, wait, wait_for};
use crate::support::{CAPACITY, Make, Stand, script};

/// The tests, by name.
pub(crate) const TESTS: [(&str, fn()); 8] = [
    ("a_job_that_was_stopped_from_outside_runs_again", stopped),
    ("each_job_has_its_own_gpu", gpus),
    (
        "a_job_that_ends_before_its_program_is_told_by_its_output",
        setup,
    ),
    (
        "an_environment_that_cannot_be_set_up_stops_the_search",
        environment,
    ),
    ("a_job_is_found_where_its_name_was_not_recorded", found),
    ("what_waits_for_room_runs_when_there_is_some", waits),
    ("jobs_that_a_head_has_forgotten_run_again", forgotten),
    (
        "a_result_counts_although_the_head_has_forgotten_its_job",
        truth,
    ),
];

/// Jobs run where the head may not be ended meanwhile.
static HEAD: RwLock<()> = RwLock::new(());

/// Runs a test of jobs.
pub(crate) fn undisturbed(test: impl FnOnce()) {
    let _guard = HEAD.read().unwrap_or_else(PoisonError::into_inner);
    test();
}

/// Whether there is a Ray for tests.
pub(crate) fn is_there() -> bool {
    std::env::var_os("NASBOT_TEST_RAY").is_some()
}

fn queued(folder: &Path, jobs: usize, options: Ray) -> Settings {
    let engine = Engine::Ray(Box::new(options));
    jobs::queued(folder, jobs, Duration::from_secs(3), engine)
}

/// The settings of a search over the Ray for tests.
pub(crate) fn settings(folder: &Path) -> Settings {
    queued(folder, CAPACITY, Ray::default())
}

/// A back-end over the Ray for tests.
pub(crate) fn ray(folder: &Path, reports: Reports) -> Box<dyn Backend> {
    backend::backend(&settings(folder), reports).unwrap()
}

const MAKE: Make = ray;

/// Asks Ray by other means than the back-end does.
fn ask(method: &str, path: &str) -> serde_json::Value {
    let address = std::env::var("RAY_API_SERVER_ADDRESS").unwrap();
    let token = std::env::var("RAY_AUTH_TOKEN").unwrap();
    let ran = Command::new("curl")
        .args(["--silent", "--fail", "--request", method])
        .args(["--header", &format!("Authorization: Bearer {token}")])
        .arg(format!("{address}/api/jobs/{path}"))
        .output()
        .unwrap();
    assert!(ran.status.success(), "{path}: {}", ran.status);
    serde_json::from_slice(&ran.stdout).unwrap()
}

/// Ends the head, or starts it.
fn head(what: &str) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/ray.sh");
    let folder = std::env::var("NASBOT_TEST_RAY").unwrap();
    let done = Command::new(script).args([what, &folder]).status().unwrap();
    assert!(done.success(), "ray.sh {what}");
}

fn stopped() {
    undisturbed(|| {
        let mut stand = Stand::new(&MAKE);
        stand.submit(0, 4_000);
        wait_for(stand.folder.path(), 1);
        ask("POST", &format!("{}/stop", job(&stand, "study-0-0")));
        let (ended, notes) = stand.end_with_notes();
        assert!(is_scored(&ended), "{ended:?}");
        assert!(
            notes.iter().any(|n| n.contains("cancelled from outside")),
            "{notes:?}"
        );
        assert_eq!(began(stand.folder.path()), 2);
    });
}

fn gpus() {
    undisturbed(|| {
        let make: Make = |folder, reports| {
            let options = Ray {
                entrypoint_num_gpus: Some(1.0),
                entrypoint_num_cpus: Some(0.5),
                ..Ray::default()
            };
            let mut settings = queued(folder, CAPACITY, options);
            settings.workers.devices = Devices::Auto;
            backend::backend(&settings, reports).unwrap()
        };
        let mut stand = Stand::new(&make);
        let folder = stand.folder.path();
        let both = folder.join("both").display().to_string();
        // Each waits for the other, so that both have a GPU at the same time.
        let text = format!(
            "echo $CUDA_VISIBLE_DEVICES $OMP_NUM_THREADS >> {both}\n\
             until [ $(wc -l < {both}) = 2 ]; do sleep 0.1; done; echo '{{\"score\":1}}'\n"
        );
        script(folder, "score.sh", &text);
        stand.submit(0, 0);
        stand.submit(1, 0);
        assert!(is_scored(&stand.end_with_notes().0) && is_scored(&stand.end_with_notes().0));
        let seen = fs::read_to_string(both).unwrap();
        let seen: BTreeSet<&str> = seen.lines().collect();
        assert_eq!(seen, BTreeSet::from(["0 1", "1 1"]));
    });
}

fn setup() {
    undisturbed(|| {
        let make: Make = |folder, reports| {
            let options = Ray {
                setup: vec!["echo there is no such module; exit 3".to_owned()],
                ..Ray::default()
            };
            backend::backend(&queued(folder, CAPACITY, options), reports).unwrap()
        };
        let mut stand = Stand::new(&make);
        stand.submit(0, 0);
        let message = unusable(&mut stand);
        assert!(
            message.contains("status 3") && message.contains("no such module"),
            "{message}"
        );
        let log = fs::read_to_string(stand.folder.path().join("logs/0.log")).unwrap();
        assert!(log.contains("there is no such module"), "{log}");
    });
}

fn environment() {
    undisturbed(|| {
        let make: Make = |folder, reports| {
            // Ray takes addresses there, and no folders.
            let options = json!({"runtime-env": {"working_dir": folder}});
            let options = serde_json::from_value(options).unwrap();
            backend::backend(&queued(folder, CAPACITY, options), reports).unwrap()
        };
        let mut stand = Stand::new(&make);
        stand.submit(0, 0);
        let message = unusable(&mut stand);
        assert!(
            message.contains("could not be started") && message.contains("not a valid URI"),
            "{message}"
        );
    });
}

fn found() {
    undisturbed(|| {
        let mut first = Stand::new(&MAKE);
        let handle = first.submit(0, 4_000);
        let work = first.work(0, 4_000);
        wait_for(first.folder.path(), 1);
        job(&first, "study-0-0");
        // As a search leaves it that dies before it has noted what Ray calls the job.
        let folder = first.die();
        let path = folder.path().join("logs/jobs/study-0-0/submission.json");
        let text = fs::read_to_string(&path).unwrap();
        let mut submission: serde_json::Value = serde_json::from_str(&text).unwrap();
        submission["id"] = serde_json::Value::Null;
        fs::write(&path, submission.to_string()).unwrap();
        let mut second = Stand::at(folder, &MAKE);
        let attached = second.backend.attach(&work, Some(&handle)).unwrap();
        assert!(attached.is_some());
        assert_ne!(second.backend.poll(&handle), Status::Over);
        assert!(is_scored(&second.end_with_notes().0));
        assert_eq!(began(second.folder.path()), 1);
    });
}

fn waits() {
    undisturbed(|| {
        let make: Make = |folder, reports| {
            let options = Ray {
                entrypoint_num_cpus: Some(0.0),
                entrypoint_num_gpus: Some(2.0),
                ..Ray::default()
            };
            backend::backend(&queued(folder, CAPACITY, options), reports).unwrap()
        };
        let mut stand = Stand::new(&make);
        let first = stand.submit(0, 60_000);
        wait_for(stand.folder.path(), 1);
        let second = stand.submit(1, 0);
        job(&stand, "study-1-0");
        assert_eq!(stand.backend.poll(&second), Status::Waiting);
        stand.backend.cancel(&first);
        assert!(matches!(stand.end_with_notes().0, End::Stopped));
        assert!(is_scored(&stand.end_with_notes().0));
        assert_eq!(began(stand.folder.path()), 2);
    });
}

fn forgotten() {
    let _guard = HEAD.write().unwrap_or_else(PoisonError::into_inner);
    let mut stand = Stand::new(&MAKE);
    stand.submit(0, 15_000);
    wait_for(stand.folder.path(), 1);
    head("kill-head");
    stand.submit(1, 100);
    let (mut notes, mut scored, mut is_up) = (Vec::new(), BTreeSet::new(), false);
    while scored.len() < 2 {
        match stand.report_within(Duration::from_secs(120)) {
            Report::Note(text) => notes.push(text),
            Report::Ended { id, end } => {
                assert!(is_scored(&end), "{end:?}");
                scored.insert(id);
            }
            _ => {}
        }
        if !is_up && notes.iter().any(|note| note.contains("waiting")) {
            is_up = true;
            head("start-head");
        }
    }
    for expected in ["does not answer", "answers again", "runs again"] {
        assert!(notes.iter().any(|n| n.contains(expected)), "{notes:?}");
    }
    assert_eq!(began(stand.folder.path()), 3);
}

fn truth() {
    let _guard = HEAD.write().unwrap_or_else(PoisonError::into_inner);
    let mut first = Stand::new(&MAKE);
    let handle = first.submit(0, 2_000);
    let work = first.work(0, 2_000);
    wait_for(first.folder.path(), 1);
    let folder = first.die();
    let result = folder.path().join("logs/jobs/study-0-0/result.json");
    wait("the result", || result.exists());
    head("kill-head");
    head("start-head");
    assert_eq!(ask("GET", ""), json!([]));
    let mut second = Stand::at(folder, &MAKE);
    let attached = second.backend.attach(&work, Some(&handle)).unwrap();
    assert!(attached.is_some());
    assert!(is_scored(&second.end_with_notes().0));
    assert_eq!(began(second.folder.path()), 1);
}
