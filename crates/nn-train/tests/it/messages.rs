//! The lines between a search and its workers, and what a person may write in TOML.

use nn_graph::{Kind, Layer, Op};
use nn_train::data::{Column, DataSpec, Task};
use nn_train::job::{Device, Event, FailureKind, Final, Job, PROTOCOL};
use nn_train::{Error, Optimiser, Schedule, TrainingSpec};

use crate::support::{chain, digits};

fn job() -> Job {
    Job {
        protocol: PROTOCOL,
        evaluation: 17,
        network: chain(Kind::Cnn, &[Layer::conv(Op::Conv3, 8, 1)]),
        task: digits(),
        training: TrainingSpec::default(),
        seed: u64::MAX,
        device: Device::Cuda(1),
        save: Some("w.safetensors".into()),
        finally: Some(Final::default()),
        stage: None,
        stay: false,
        inherit: None,
        leave: None,
    }
}

#[test]
fn jobs_survive_their_line() {
    let line = job().to_line().unwrap();
    assert_eq!(line.matches('\n').count(), 1);
    assert!(
        line.contains(r#""device":"cuda:1""#) && line.contains(r#""final":{}"#),
        "{line}"
    );
    assert_eq!(Job::from_line(&line).unwrap(), job());
}

#[test]
fn jobs_of_another_version_are_refused_before_anything_else_is_read() {
    let error = Job::from_line(r#"{"protocol":1,"novelty":[]}"#).unwrap_err();
    assert!(matches!(error, Error::Protocol { found: 1 }), "{error:?}");
    assert_eq!(error.failure(), FailureKind::BadJob);
}

#[test]
fn unknown_fields_and_invalid_networks_are_refused() {
    let line = job().to_line().unwrap();
    for (from, to, says) in [
        (r#""seed":"#, r#""sed":1,"seed":"#, "sed"),
        (r#""stride":1"#, r#""stride":3"#, "stride 3"),
        (
            r#""device":"cuda:1""#,
            r#""device":"gpu""#,
            "unknown device 'gpu'",
        ),
        (
            r#""epochs":15"#,
            r#""epochs":15,"batch-size":3"#,
            "batch-size",
        ),
    ] {
        let error = Job::from_line(&line.replace(from, to)).unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
        assert_eq!(error.failure(), FailureKind::BadJob);
    }
}

#[test]
fn events_survive_their_line_and_have_the_documented_form() {
    let events = [
        (
            Event::Hello {
                protocol: 1,
                worker: "0.1.0".into(),
                torch: "2.11.0".into(),
            },
            r#"{"event":"hello","protocol":1,"worker":"0.1.0","torch":"2.11.0"}"#,
        ),
        (
            Event::Progress {
                epoch: 3,
                epochs: 15,
                loss: 0.5,
                score: None,
            },
            r#"{"event":"progress","epoch":3,"epochs":15,"loss":0.5,"score":null}"#,
        ),
        (
            Event::Done {
                score: 0.75,
                metrics: [("accuracy".into(), 0.75)].into(),
                seconds: 1.5,
                parameters: 10,
                members: Vec::new(),
                breakdown: None,
            },
            r#"{"event":"done","score":0.75,"metrics":{"accuracy":0.75},"seconds":1.5,"parameters":10}"#,
        ),
        (
            Event::Paused { epoch: 3 },
            r#"{"event":"paused","epoch":3}"#,
        ),
        (
            Event::Failed {
                kind: FailureKind::OutOfMemory,
                message: "m".into(),
            },
            r#"{"event":"failed","kind":"out-of-memory","message":"m"}"#,
        ),
    ];
    for (event, line) in events {
        assert_eq!(event.to_line().unwrap().trim_end(), line);
        assert_eq!(Event::from_line(line).unwrap(), event);
        assert_eq!(
            event.is_final(),
            ["done", "paused", "failed"]
                .iter()
                .any(|name| line.contains(name))
        );
    }
}

#[test]
fn failure_kinds_are_named_as_in_json() {
    for kind in [
        FailureKind::Diverged,
        FailureKind::OutOfMemory,
        FailureKind::NoRoom,
        FailureKind::ImpossibleShape,
        FailureKind::BadData,
        FailureKind::BadJob,
        FailureKind::Internal,
    ] {
        assert_eq!(serde_json::to_string(&kind).unwrap(), format!("\"{kind}\""));
    }
}

#[test]
fn toml_has_defaults_and_refuses_what_it_does_not_know() {
    let spec: DataSpec =
        toml::from_str("path = 'a.csv'\ntask = 'reg'\nlabel = 3\nignore = ['id', -1]").unwrap();
    assert_eq!(spec.task, Task::Reg);
    assert_eq!(spec.label, Column::Number(3));
    assert_eq!(spec.ignore, [Column::Name("id".into()), Column::Number(-1)]);
    assert!(spec.standardise && spec.split.shuffle);
    for text in [
        "path = 'a'\ntask = 'rank'",
        "path = 'a'\ntask = 'reg'\nsplits = 3",
        "task = 'reg'",
    ] {
        toml::from_str::<DataSpec>(text).unwrap_err();
    }
    let training: TrainingSpec = toml::from_str(
        "optimiser = 'adamw'\nschedule = 'one-cycle'\nwarmup = 0\naugment = { shift = 2 }",
    )
    .unwrap();
    assert_eq!(
        (training.optimiser, training.schedule),
        (Optimiser::Adamw, Schedule::OneCycle)
    );
    assert_eq!(training.augment.shift, 2);
    toml::from_str::<TrainingSpec>("learning_rate = 0.1").unwrap_err();
}

#[test]
fn relative_paths_are_resolved_and_absolute_ones_kept() {
    let mut spec: DataSpec =
        toml::from_str("path = ['a.bin', '/b.bin']\ntask = 'class'\ntest = { path = 't.bin' }")
            .unwrap();
    spec.resolve("/base".as_ref());
    let files: Vec<_> = spec.files().map(|path| path.to_str().unwrap()).collect();
    assert_eq!(files, ["/base/a.bin", "/b.bin", "/base/t.bin"]);
}

#[test]
fn specifications_that_contradict_themselves_are_refused() {
    for (text, field) in [
        ("path = 'a.dat'\ntask = 'class'", "format"),
        ("path = []\ntask = 'class'\nformat = 'csv'", "path"),
        ("path = 'a.csv'\ntask = 'class'\nimage = [1, 0, 8]", "image"),
        ("path = 'a.csv'\ntask = 'class'\nclasses = 1", "classes"),
        ("path = 'a.csv'\ntask = 'reg'\nclasses = 3", "classes"),
        (
            "path = 'a.csv'\ntask = 'class'\ntransform = 'log'",
            "transform",
        ),
        ("path = 'a.bin'\ntask = 'reg'", "task"),
        ("path = 'a.idx'\ntask = 'class'\nignore = [1]", "ignore"),
        (
            "path = 'a.csv'\ntask = 'class'\ntest = { path = 't.csv' }\nsplit = { test = 0.1 }",
            "split",
        ),
    ] {
        let spec: DataSpec = toml::from_str(text).unwrap();
        let error = spec.check().unwrap_err();
        assert!(
            matches!(error, Error::Data { field: found, .. } if found == field),
            "{text}: {error:?}"
        );
    }
}
