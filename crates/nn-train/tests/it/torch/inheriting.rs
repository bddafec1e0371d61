//! Trainings that leave their weights, and trainings that begin with these.

use std::path::PathBuf;

use nn_graph::{Kind, Layer, Op};
use nn_train::job::{Event, Inherit, Job};
use nn_train::torch::train;
use nn_train::{Error, TrainingSpec};
use tch::Tensor;

use super::alone;
use super::inherit::in_place;
use super::training::{for_digits, job, short};
use crate::support::{chain, digits};

fn done(job: &Job) -> (f64, f64, u32) {
    let mut epochs = 0;
    let mut tell = |event| {
        if let Event::Progress { epochs: all, .. } = event {
            epochs = all;
        }
    };
    match train::run(job, &mut tell).unwrap() {
        Event::Done { score, metrics, .. } => {
            let inherited = metrics.get("inherited").copied();
            (score, inherited.unwrap_or(f64::NAN), epochs)
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_training_leaves_its_weights_and_a_shorter_one_begins_with_them() {
    let _alone = alone(1);
    let folder = tempfile::tempdir().unwrap();
    let weights = folder.path().join("weights/1-0.safetensors");
    let whole = job(for_digits(), digits(), short());
    let leaving = Job {
        leave: Some(weights.clone()),
        ..whole.clone()
    };
    let (score, none, _) = done(&leaving);
    // To leave weights changes nothing.
    assert!((done(&whole).0 - score).abs() <= 0.0 && none.is_nan());
    let wider = chain(
        Kind::Cnn,
        &[
            Layer::conv(Op::Conv3, 16, 1),
            Layer::plain(Op::MaxPool),
            Layer::conv(Op::Conv3, 48, 1),
            Layer::dense(Op::Fc, 40),
        ],
    );
    let inherit = Inherit {
        network: for_digits(),
        weights: weights.clone(),
        matches: in_place(&for_digits()),
    };
    let child = Job {
        network: wider,
        training: short().shortened(1),
        inherit: Some(inherit),
        ..whole.clone()
    };
    let (inherited, share, epochs) = done(&child);
    let (alone, ..) = done(&Job {
        inherit: None,
        ..child.clone()
    });
    assert_eq!((share.to_bits(), epochs), (1.0_f64.to_bits(), 1));
    assert!(inherited > alone, "{inherited} {alone}");
    assert!((done(&child).0 - inherited).abs() <= 0.0);

    // The momentum is part of it: the layers that are as they were begin with what theirs stood at.
    let mut all = Tensor::read_safetensors(&weights).unwrap();
    let before = all.len();
    all.retain(|(name, _)| !name.starts_with("momentum."));
    assert!(before > all.len());
    let still = folder.path().join("still.safetensors");
    Tensor::write_safetensors(&all, &still).unwrap();
    let mut resting = child.clone();
    resting.inherit.as_mut().unwrap().weights = still.clone();
    let mut losses = Vec::new();
    for job in [&child, &resting] {
        let mut told = |event| {
            if let Event::Progress { loss, .. } = event {
                losses.push(loss);
            }
        };
        train::run(job, &mut told).unwrap();
    }
    assert!((losses[0] - losses[1]).abs() > 0.0, "{losses:?}");

    // A file that lacks a tensor, and one that there is not.
    all.retain(|(name, _)| name != "layer3.conv.weight");
    Tensor::write_safetensors(&all, &still).unwrap();
    let message = train::run(&resting, &mut |_| {}).unwrap_err().to_string();
    assert!(
        message.contains("has no tensor layer3.conv.weight"),
        "{message}"
    );
    resting.inherit.as_mut().unwrap().weights = folder.path().join("gone.safetensors");
    let message = train::run(&resting, &mut |_| {}).unwrap_err().to_string();
    assert!(
        message.contains("gone.safetensors") && message.contains("inherited"),
        "{message}"
    );
}

#[test]
fn repeats_and_folds_inherit_nothing() {
    let _alone = alone(1);
    let leave = Some(PathBuf::from("weights.safetensors"));
    for (training, field) in [
        (
            TrainingSpec {
                repeats: 2,
                ..short()
            },
            "repeats",
        ),
        (
            TrainingSpec {
                folds: Some(3),
                ..short()
            },
            "folds",
        ),
    ] {
        let job = Job {
            leave: leave.clone(),
            ..job(for_digits(), digits(), training)
        };
        let error = train::run(&job, &mut |_| {}).unwrap_err();
        assert!(
            matches!(error, Error::Training { field: found, .. } if found == field),
            "{error}"
        );
    }
}
