//! Trainings in parts: cut anywhere, they give the bits of the whole.

use std::path::{Path, PathBuf};

use nn_graph::{Kind, Layer, Op};
use nn_train::job::{Event, Job, Stage};
use nn_train::torch::train;
use nn_train::{Augmentation, Error, Optimiser, TrainingSpec};

use super::training::{job, short};
use super::{alone, without_time};
use crate::support::{chain, digits};

fn small(optimiser: Optimiser) -> Job {
    let network = chain(
        Kind::Cnn,
        &[
            Layer::conv(Op::Conv3, 6, 1),
            Layer::conv(Op::Res3, 8, 2),
            Layer::dense(Op::Fc, 8),
        ],
    );
    let training = TrainingSpec {
        epochs: 6,
        optimiser,
        learning_rate: if optimiser == Optimiser::Sgd {
            0.05
        } else {
            0.003
        },
        clip: Some(1.0),
        augment: Augmentation {
            shift: 1,
            ..Augmentation::default()
        },
        ..short()
    };
    job(network, digits(), training)
}

fn until(job: &Job, until: u32, checkpoint: &Path) -> Job {
    let checkpoint = checkpoint.to_owned();
    Job {
        stage: Some(Stage {
            until,
            checkpoint,
            keep: false,
        }),
        ..job.clone()
    }
}

/// What a training reports, but for the time that it took.
fn events(job: &Job) -> Vec<Event> {
    let mut events = Vec::new();
    let done = train::run(job, &mut |event| events.push(event)).unwrap();
    events.retain(|event| !matches!(event, Event::Memory { .. }));
    events.push(without_time(done));
    events
}

fn saving(job: Job, path: &Path) -> (Job, PathBuf) {
    let save = Some(path.to_owned());
    (Job { save, ..job }, path.to_owned())
}

#[test]
fn a_training_in_parts_gives_the_bits_of_the_whole() {
    let _alone = alone(1);
    let folder = tempfile::tempdir().unwrap();
    for optimiser in [Optimiser::Sgd, Optimiser::Adamw] {
        let job = small(optimiser);
        let (whole, whole_weights) = saving(job.clone(), &folder.path().join("whole.safetensors"));
        let whole = events(&whole);
        for cuts in [vec![2], vec![1, 3, 5]] {
            let checkpoint = folder.path().join(format!("{optimiser:?}-{cuts:?}"));
            let mut parts: Vec<Event> = Vec::new();
            for &cut in &cuts {
                let mut part = events(&until(&job, cut, &checkpoint));
                // Asked again, as after a crash before the answer was recorded, a part answers the same at once.
                let again = events(&until(&job, cut, &checkpoint));
                assert_eq!(again.as_slice(), &part[part.len() - 1..]);
                part.pop();
                parts.extend(part);
            }
            let (rest, weights) = saving(
                until(&job, 6, &checkpoint),
                &folder.path().join("parts.safetensors"),
            );
            parts.extend(events(&rest));
            assert_eq!(parts, whole, "{optimiser:?}, cut at {cuts:?}");
            assert_eq!(
                std::fs::read(&weights).unwrap(),
                std::fs::read(&whole_weights).unwrap()
            );
        }
    }
}

#[test]
fn the_checkpoint_of_another_training_is_refused() {
    let _alone = alone(2);
    let folder = tempfile::tempdir().unwrap();
    let checkpoint = folder.path().join("checkpoint");
    let first = small(Optimiser::Sgd);
    events(&until(&first, 1, &checkpoint));
    let other = Job {
        seed: first.seed + 1,
        ..first.clone()
    };
    let error = train::run(&until(&other, 2, &checkpoint), &mut |_| ()).unwrap_err();
    assert!(error.to_string().contains("another training"), "{error}");
    std::fs::write(&checkpoint, "no checkpoint").unwrap();
    let error = train::run(&until(&first, 2, &checkpoint), &mut |_| ()).unwrap_err();
    assert!(matches!(error, Error::Format { .. }), "{error}");
}

#[test]
fn what_parts_can_t_be_combined_with_is_refused() {
    let checkpoint = Path::new("/nowhere/checkpoint");
    let refused = |change: fn(&mut TrainingSpec), at: u32| {
        let mut job = small(Optimiser::Sgd);
        change(&mut job.training);
        match train::run(&until(&job, at, checkpoint), &mut |_| ()) {
            Err(Error::Training { field, .. }) => field,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(refused(|spec| spec.repeats = 2, 3), "repeats");
    assert_eq!(refused(|spec| spec.patience = Some(2), 3), "patience");
    assert_eq!(refused(|spec| spec.steps = Some(9), 3), "steps");
    assert_eq!(refused(|_| (), 7), "epochs");
    assert_eq!(refused(|_| (), 0), "epochs");
}

#[test]
fn a_training_beyond_its_time_is_an_outcome() {
    let _alone = alone(3);
    let mut job = small(Optimiser::Sgd);
    // No step is so short.
    job.training.time = Some(1e-9);
    let error = train::run(&job, &mut |_| ()).unwrap_err();
    assert!(matches!(error, Error::TimedOut { epoch: 1, .. }), "{error}");
    assert_eq!(error.failure().name(), "timed-out");
}

#[test]
fn a_number_of_steps_ends_within_an_epoch() {
    let _alone = alone(4);
    let mut job = small(Optimiser::Sgd);
    // 1,078 training images in batches of 32 are 34 steps an epoch.
    job.training.steps = Some(50);
    let epochs: Vec<(u32, u32)> = (events(&job).iter())
        .filter_map(|event| match event {
            Event::Progress { epoch, epochs, .. } => Some((*epoch, *epochs)),
            _ => None,
        })
        .collect();
    assert_eq!(epochs, [(1, 2), (2, 2)]);
}
