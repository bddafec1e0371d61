//! The worker program, driven as the search drives it.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nn_graph::{Kind, Layer, Op};
use nn_train::TrainingSpec;
use nn_train::data::{DataSpec, Task};
use nn_train::job::{Candidate, Event, FailureKind, Final, Job, PAUSE, Stage};

use super::training::{job, short};
use super::without_time;
use crate::support::{chain, digits};

pub(super) const WORKER: &str = env!("CARGO_BIN_EXE_nasbot-worker");

pub(super) fn small() -> Job {
    let network = chain(
        Kind::Cnn,
        &[
            Layer::conv(Op::Conv3, 8, 1),
            Layer::conv(Op::Res3, 8, 2),
            Layer::dense(Op::Fc, 8),
        ],
    );
    job(
        network,
        digits(),
        TrainingSpec {
            epochs: 2,
            ..short()
        },
    )
}

/// A worker with an empty environment: it must find libtorch by itself.
pub(super) fn spawn(command: &mut Command) -> Child {
    (command
        .env_clear()
        .env("OMP_NUM_THREADS", "1")
        .env("OMP_WAIT_POLICY", "passive"))
    .stdin(Stdio::piped())
    .stdout(Stdio::piped())
    .stderr(Stdio::piped())
    .spawn()
    .unwrap()
}

/// All events of one job, but what memory there is, which differs each time; and whether the worker ended well.
fn events(command: &mut Command, line: &str) -> (Vec<Event>, bool) {
    let (mut events, ended_well) = all_events(command, line);
    events.retain(|event| !matches!(event, Event::Memory { .. }));
    (events, ended_well)
}

fn all_events(command: &mut Command, line: &str) -> (Vec<Event>, bool) {
    let mut child = spawn(command);
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(line.as_bytes()).unwrap();
    stdin.flush().unwrap();
    let mut out = String::new();
    child
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut out)
        .unwrap();
    let status = child.wait().unwrap();
    drop(stdin);
    (
        out.lines()
            .map(|line| Event::from_line(line).unwrap())
            .collect(),
        status.success(),
    )
}

pub(super) fn run(job: &Job) -> Vec<Event> {
    let (events, ended_well) = events(&mut Command::new(WORKER), &job.to_line().unwrap());
    assert!(ended_well, "{events:?}");
    events
}

#[test]
fn a_job_gives_hello_progress_and_done() {
    let events = run(&small());
    assert!(
        matches!(&events[0], Event::Hello { protocol: 3, torch, .. } if torch == "2.11.0"),
        "{events:?}"
    );
    assert!(
        matches!(
            events[1],
            Event::Progress {
                epoch: 1,
                epochs: 2,
                score: Some(_),
                ..
            }
        ),
        "{events:?}"
    );
    assert!(
        matches!(
            events[2],
            Event::Progress {
                epoch: 2,
                epochs: 2,
                score: Some(_),
                ..
            }
        ),
        "{events:?}"
    );
    assert!(
        matches!(
            events[3],
            Event::Done {
                parameters: 1_402..,
                ..
            }
        ),
        "{events:?}"
    );
    assert_eq!(events.len(), 4);
}

#[test]
fn memory_is_told_before_the_first_step_and_before_each_epoch_is() {
    let line = small().to_line().unwrap();
    let (events, _) = all_events(&mut Command::new(WORKER), &line);
    let names: String = (events.iter())
        .map(|event| match event {
            Event::Memory { free, all, own } => {
                assert!(own < all && free < all && *own > 1 << 20, "{event:?}");
                'm'
            }
            Event::Progress { .. } => 'p',
            _ => '.',
        })
        .collect();
    assert_eq!(names, ".mmpmp.");
}

#[test]
fn the_same_seed_gives_the_same_bits_in_another_process() {
    let lines = |events: Vec<Event>| -> Vec<String> {
        (events.into_iter())
            .map(|event| without_time(event).to_line().unwrap())
            .collect()
    };
    let mut job = small();
    job.training.augment = toml::from_str("shift = 1\nflip = true\ncutout = 2").unwrap();
    let first = lines(run(&job));
    assert_eq!(first, lines(run(&job)));
    job.seed += 1;
    assert_ne!(first, lines(run(&job)));
}

fn failure(events: &[Event]) -> (FailureKind, &str) {
    match events {
        [Event::Hello { .. }, Event::Failed { kind, message }] => (*kind, message),
        other => panic!("{other:?}"),
    }
}

#[test]
fn failures_are_events_and_the_worker_ends_well() {
    let bad_line = events(&mut Command::new(WORKER), "{\"protocol\":1}\n");
    assert!(bad_line.1);
    assert_eq!(failure(&bad_line.0).0, FailureKind::BadJob);
    let missing = Job {
        task: DataSpec::new("/nowhere.csv", Task::Class),
        ..small()
    };
    let events = run(&missing);
    let (kind, message) = failure(&events);
    assert_eq!(kind, FailureKind::BadData);
    assert!(message.starts_with("/nowhere.csv: "), "{message}");
    let cuda = Job {
        device: "cuda:63".parse().unwrap(),
        ..small()
    };
    let events = run(&cuda);
    let (kind, message) = failure(&events);
    assert_eq!(kind, FailureKind::BadJob);
    assert!(
        message.starts_with("device cuda:63 is not available"),
        "{message}"
    );
}

#[test]
fn a_file_that_cannot_be_written_is_not_the_fault_of_the_data() {
    let job = Job {
        save: Some("/nowhere/best.safetensors".into()),
        ..small()
    };
    let events = run(&job);
    let Some(Event::Failed { kind, message }) = events.last() else {
        panic!("{events:?}");
    };
    assert_eq!(*kind, FailureKind::CannotWrite);
    assert!(
        message.starts_with("/nowhere/best.safetensors: can't be written: "),
        "{message}"
    );
}

#[test]
fn running_out_of_memory_is_an_outcome() {
    // Some 4 GB of weights within 3 GB of address space more than the worker needs itself.
    let network = chain(
        Kind::MlpClass,
        &[
            Layer::dense(Op::Relu, 32_768),
            Layer::dense(Op::Relu, 32_768),
        ],
    );
    let job = job(
        network,
        DataSpec {
            image: None,
            ..digits()
        },
        short(),
    );
    let mut limited = Command::new("/bin/sh");
    limited.args(["-c", "ulimit -v 4000000; exec \"$0\"", WORKER]);
    let (events, ended_well) = events(&mut limited, &job.to_line().unwrap());
    assert!(ended_well);
    assert_eq!(failure(&events).0, FailureKind::OutOfMemory, "{events:?}");
}

#[test]
fn the_end_of_standard_input_cancels() {
    let long = Job {
        training: TrainingSpec {
            epochs: 100_000,
            ..short()
        },
        ..small()
    };
    let mut child = spawn(&mut Command::new(WORKER));
    child
        .stdin
        .as_mut()
        .unwrap()
        .write_all(long.to_line().unwrap().as_bytes())
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().contains("hello"));
    assert!(lines.any(|line| line.unwrap().contains("progress")));
    drop(child.stdin.take());
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if start.elapsed() > Duration::from_secs(60) {
            child.kill().unwrap();
            panic!("the worker goes on");
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    assert_eq!(status.code(), Some(3));
}

#[test]
fn a_job_can_come_from_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = crate::support::write(&folder, "job.json", small().to_line().unwrap());
    let output = Command::new(WORKER)
        .arg("--job")
        .arg(path)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(
        String::from_utf8(output.stdout)
            .unwrap()
            .contains(r#"{"event":"done""#)
    );
}

#[test]
fn it_says_what_it_is_and_refuses_what_it_does_not_know() {
    let run = |argument| {
        Command::new(WORKER)
            .env_clear()
            .arg(argument)
            .output()
            .unwrap()
    };
    let version = String::from_utf8(run("--version").stdout).unwrap();
    assert_eq!(
        version,
        format!(
            "nasbot-worker {} (libtorch 2.11.0)\n",
            env!("CARGO_PKG_VERSION")
        )
    );
    assert!(
        String::from_utf8(run("--help").stdout)
            .unwrap()
            .contains("OMP_NUM_THREADS")
    );
    let unknown = run("--frob");
    assert_eq!(unknown.status.code(), Some(2));
    assert!(unknown.stdout.is_empty());
}

#[test]
fn a_training_that_is_paused_again_and_again_gives_the_bits_of_the_whole() {
    let folder = tempfile::tempdir().unwrap();
    let mut job = small();
    job.training.epochs = 5;
    let whole = run(&job);
    job.stage = Some(Stage {
        until: 5,
        checkpoint: folder.path().join("state.safetensors"),
        keep: true,
    });
    assert_paused_gives(&job, &whole);
}

#[test]
fn the_last_training_and_those_of_an_ensemble_can_be_paused_too() {
    let folder = tempfile::tempdir().unwrap();
    let mut job = small();
    job.training.epochs = 4;
    let candidate = |evaluation| Candidate {
        evaluation,
        network: job.network.clone(),
        seed: 40 + evaluation,
        keys: BTreeMap::new(),
    };
    let several = vec![candidate(3), candidate(5)];
    for candidates in [Vec::new(), several] {
        let mut last = Final {
            candidates,
            ..Final::default()
        };
        job.finally = Some(last.clone());
        let whole = run(&job);
        let name = format!("state-{}.safetensors", last.candidates.len());
        last.keep = Some(folder.path().join(name));
        job.finally = Some(last);
        assert_paused_gives(&job, &whole);
    }
}

/// Asserts that a job that is paused again and again says what it says as a whole.
fn assert_paused_gives(job: &Job, whole: &[Event]) {
    // The request is there from the beginning: a part is as long as it takes to hear it, an epoch at least.
    let line = job.to_line().unwrap() + PAUSE + "\n";
    let (mut parts, mut progress) = (0, Vec::new());
    let last = loop {
        let (mut events, ended_well) = events(&mut Command::new(WORKER), &line);
        assert!(ended_well, "{events:?}");
        let last = events.pop().unwrap();
        progress.extend(events.into_iter().skip(1));
        parts += 1;
        match last {
            Event::Paused { epoch } => assert_eq!(epoch as usize, progress.len()),
            last => break last,
        }
    };
    assert!(parts > 1);
    assert_eq!(progress, whole[1..whole.len() - 1]);
    assert_eq!(
        without_time(last),
        without_time(whole[whole.len() - 1].clone())
    );
}
