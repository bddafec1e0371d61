//! One worker that does several jobs.

use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command};

use nn_graph::{Kind, Layer, Op};
use nn_train::TrainingSpec;
use nn_train::data::{DataSpec, Task};
use nn_train::job::{Event, FailureKind, Job, PAUSE, Stage};

use super::training::{job, short};
use super::without_time;
use super::worker::{WORKER, run, small, spawn};
use crate::support::chain;

/// A worker that stays.
struct Warm {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
}

impl Warm {
    fn start() -> Self {
        let mut child = spawn(&mut Command::new(WORKER));
        Self {
            stdin: child.stdin.take(),
            stdout: BufReader::new(child.stdout.take().unwrap()),
            child,
        }
    }

    fn write(&mut self, text: &str) {
        let stdin = self.stdin.as_mut().unwrap();
        stdin.write_all(text.as_bytes()).unwrap();
    }

    /// All that it says of a job, memory left out.
    fn hear(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        loop {
            let mut line = String::new();
            assert!(self.stdout.read_line(&mut line).unwrap() > 0, "{events:?}");
            let event = Event::from_line(&line).unwrap();
            // What memory there is differs each time.
            if !matches!(event, Event::Memory { .. }) {
                events.push(event);
            }
            if events.last().is_some_and(Event::is_final) {
                return events;
            }
        }
    }

    /// Has a job done, after which it stays.
    fn run(&mut self, job: &Job) -> Vec<Event> {
        let job = Job {
            stay: true,
            ..job.clone()
        };
        self.write(&job.to_line().unwrap());
        let events = self.hear();
        assert!(matches!(events[0], Event::Hello { .. }), "{events:?}");
        assert!(
            events[1..]
                .iter()
                .all(|event| !matches!(event, Event::Hello { .. }))
        );
        events
    }

    /// Lets it go; its exit status and what it wrote to standard error.
    fn end(mut self) -> (Option<i32>, String) {
        drop(self.stdin.take());
        let mut errors = String::new();
        self.child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut errors)
            .unwrap();
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "");
        (self.child.wait().unwrap().code(), errors)
    }
}

fn lines(events: Vec<Event>) -> Vec<String> {
    (events.into_iter())
        .map(|event| without_time(event).to_line().unwrap())
        .collect()
}

fn failure(events: &[Event]) -> FailureKind {
    match events.last() {
        Some(Event::Failed { kind, .. }) => *kind,
        other => panic!("{other:?}"),
    }
}

/// An evaluation that draws wherever one can.
fn drawing() -> Job {
    let mut job = small();
    job.training.augment = toml::from_str("shift = 1\nflip = true\ncutout = 2").unwrap();
    job
}

#[test]
fn an_evaluation_has_the_same_bits_first_third_and_after_failures() {
    let job = drawing();
    let alone = lines(run(&job));
    let mut other = drawing();
    other.seed += 1;
    other.network = chain(
        Kind::Cnn,
        &[Layer::conv(Op::Conv5, 24, 1), Layer::plain(Op::MaxPool)],
    );
    other.training.batch = 48;
    let mut diverging = drawing();
    diverging.training = TrainingSpec {
        learning_rate: 1e30,
        ..diverging.training
    };
    let halving = Layer::conv(Op::Conv3, 8, 2);
    let shrinking = Job {
        network: chain(Kind::Cnn, &[halving; 5]),
        ..drawing()
    };
    let mut timed = drawing();
    timed.training.time = Some(1e-9);
    let mut worker = Warm::start();
    let first = lines(worker.run(&job));
    assert_eq!(first, alone);
    let second = lines(worker.run(&other));
    assert_eq!(lines(worker.run(&job)), first);
    assert_eq!(failure(&worker.run(&diverging)), FailureKind::Diverged);
    assert_eq!(lines(worker.run(&job)), first);
    assert_eq!(failure(&worker.run(&timed)), FailureKind::TimedOut);
    assert_eq!(lines(worker.run(&job)), first);
    assert_eq!(lines(worker.run(&other)), second);
    assert_eq!(
        failure(&worker.run(&shrinking)),
        FailureKind::ImpossibleShape
    );
    assert_eq!(lines(worker.run(&job)), first);
    let (status, log) = worker.end();
    assert_eq!(status, Some(0));
    // Every job has its head, its first step and its end.
    assert_eq!(log.matches("[worker] nasbot-worker").count(), 10);
    assert_eq!(log.matches("[worker] first step after").count(), 9);
    assert_eq!(log.matches("[worker] done").count(), 7);
}

#[test]
fn parts_of_trainings_have_the_bits_of_the_whole_in_whatever_worker() {
    let folder = tempfile::tempdir().unwrap();
    let mut job = drawing();
    job.training.epochs = 4;
    let whole = lines(run(&job)).pop();
    let mut worker = Warm::start();
    let mut last = None;
    for until in [1, 2, 4] {
        job.stage = Some(Stage {
            until,
            checkpoint: folder.path().join("state.safetensors"),
            keep: false,
        });
        last = lines(worker.run(&job)).pop();
        // Another evaluation in between.
        worker.run(&small());
    }
    assert_eq!(last, whole);
}

#[test]
fn what_is_asked_of_one_job_is_not_asked_of_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let mut job = small();
    job.stage = Some(Stage {
        until: 2,
        checkpoint: folder.path().join("state.safetensors"),
        keep: true,
    });
    let mut worker = Warm::start();
    // It asks for an end of what has ended.
    worker.run(&small());
    worker.write(&format!("{PAUSE}\n"));
    let events = worker.run(&job);
    assert!(
        matches!(events.last(), Some(Event::Done { .. })),
        "{events:?}"
    );
}

#[test]
fn data_that_have_changed_are_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let network = chain(Kind::MlpReg, &[Layer::dense(Op::Tanh, 4)]);
    let path = folder.path().join("data.csv");
    let write = |factor: f64| {
        let rows = (0..40)
            .map(f64::from)
            .map(|i| format!("{i},{}\n", (i * factor).sin()));
        std::fs::write(&path, rows.collect::<String>()).unwrap();
        // As long ago as if a search had run for a while.
        let file = std::fs::File::options().append(true).open(&path).unwrap();
        let before = std::time::SystemTime::now() - std::time::Duration::from_secs(60);
        file.set_modified(before).unwrap();
    };
    let job = job(network, DataSpec::new(&path, Task::Reg), short());
    let mut worker = Warm::start();
    write(0.1);
    let first = lines(worker.run(&job));
    assert_eq!(first, lines(run(&job)));
    write(0.2);
    let second = lines(worker.run(&job));
    assert_eq!(second, lines(run(&job)));
    assert_ne!(first, second);
    // The same files, described otherwise.
    let mut described = job.clone();
    described.task.split.seed += 1;
    let third = lines(worker.run(&described));
    assert_eq!(third, lines(run(&described)));
    assert_ne!(third, second);
    std::fs::remove_file(&path).unwrap();
    assert_eq!(failure(&worker.run(&job)), FailureKind::BadData);
    // What every job would have in common ends the worker.
    let mut rest = String::new();
    worker.stdout.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "");
    assert_eq!(worker.child.wait().unwrap().code(), Some(0));
}

#[test]
fn the_end_of_standard_input_ends_a_worker_that_waits() {
    let mut worker = Warm::start();
    worker.run(&small());
    assert_eq!(worker.end().0, Some(0));
    let mut worker = Warm::start();
    let long = Job {
        training: TrainingSpec {
            epochs: 100_000,
            ..short()
        },
        stay: true,
        ..small()
    };
    worker.run(&small());
    worker.write(&long.to_line().unwrap());
    let mut line = String::new();
    while !line.contains("progress") {
        line.clear();
        assert!(worker.stdout.read_line(&mut line).unwrap() > 0);
        assert!(!line.contains("failed"), "{line}");
    }
    drop(worker.stdin.take());
    assert_eq!(worker.child.wait().unwrap().code(), Some(3));
}
