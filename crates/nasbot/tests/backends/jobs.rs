//! What the tests of all queues need: a search over an engine, and what is seen of its jobs from outside.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use nasbot::backend::End;
use nasbot::settings::{Engine, Evaluator, Queue, Settings};

use crate::detached::began;
use crate::support::{PATIENCE, Stand, score_program, settings};

/// The settings of a search in a folder whose programs are jobs of an engine, so many at once.
pub(crate) fn queued(folder: &Path, jobs: usize, grace: Duration, engine: Engine) -> Settings {
    let evaluator = Evaluator::Command {
        program: vec![score_program(folder).display().to_string()],
        folder: folder.to_owned(),
    };
    let mut settings = settings(evaluator);
    settings.workers.queue = Some(Queue {
        jobs,
        grace,
        interval: Duration::from_secs(1),
        engine,
    });
    settings
}

/// What the engine calls the job of a work, once that is recorded.
pub(crate) fn job(stand: &Stand, name: &str) -> String {
    let path = stand.folder.path().join("logs/jobs").join(name);
    let path = path.join("submission.json");
    let since = Instant::now();
    loop {
        let text = fs::read_to_string(&path).unwrap_or_default();
        let found: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
        if let Some(id) = found["id"].as_str() {
            return id.to_owned();
        }
        assert!(since.elapsed() < PATIENCE, "it has no name");
        thread::sleep(Duration::from_millis(20));
    }
}

pub(crate) fn wait(what: &str, mut is_so: impl FnMut() -> bool) {
    let since = Instant::now();
    while !is_so() {
        assert!(since.elapsed() < PATIENCE, "waited in vain for {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// Waits until so many evaluations have begun.
pub(crate) fn wait_for(folder: &Path, count: usize) {
    wait("evaluations to begin", || began(folder) >= count);
}

pub(crate) fn is_scored(end: &End) -> bool {
    matches!(end, End::Done(outcome, _) if outcome.score().is_some())
}

/// Waits for an evaluation that stops its search; what it says.
pub(crate) fn unusable(stand: &mut Stand) -> String {
    match stand.end_with_notes().0 {
        End::Unusable(message) => message,
        other => panic!("it is usable: {other:?}"),
    }
}
