//! Trainings from job to score.

use std::collections::BTreeMap;

use nn_graph::{Kind, Layer, Network, Op};
use nn_train::data::{self, DataSpec, Input, Output, Placement, Task, Transform};
use nn_train::job::{Device, Event, FailureKind, Final, Job, PROTOCOL};
use nn_train::torch::train;
use nn_train::{Augmentation, Error, Optimiser, Schedule, TrainingSpec};

use super::alone;
use crate::support::{chain, digits, write};

pub(super) fn job(network: Network, task: DataSpec, training: TrainingSpec) -> Job {
    Job {
        protocol: PROTOCOL,
        evaluation: 0,
        network,
        task,
        training,
        seed: 7,
        device: Device::Cpu,
        save: None,
        finally: None,
        stage: None,
        stay: false,
        inherit: None,
        leave: None,
    }
}

pub(super) fn short() -> TrainingSpec {
    TrainingSpec {
        epochs: 4,
        batch: 32,
        learning_rate: 0.05,
        ..TrainingSpec::default()
    }
}

/// A network that learns the digits.
pub(super) fn for_digits() -> Network {
    let conv = |units| Layer::conv(Op::Conv3, units, 1);
    let (pool, fc) = (Layer::plain(Op::MaxPool), Layer::dense(Op::Fc, 32));
    chain(Kind::Cnn, &[conv(16), pool, conv(32), fc])
}

/// A table of 400 rows whose target is a smooth function of three features.
pub(super) fn regression(folder: &tempfile::TempDir) -> DataSpec {
    let rows: String = (0..400)
        .map(|i| {
            let [a, b, c] = [13, 29, 47].map(|p| f64::from(i * p % 101) / 50.0 - 1.0);
            format!("{a},{b},{c},{}\n", 3.0 + 2.0 * a - b * c)
        })
        .collect();
    DataSpec::new(write(folder, "smooth.csv", rows), Task::Reg)
}

/// The losses of the epochs, and the final event's score and metrics.
type Course = (Vec<f64>, f64, BTreeMap<String, f64>);

pub(super) fn train(job: &Job) -> Result<Course, Error> {
    let mut losses = Vec::new();
    let done = train::run(job, &mut |event| match event {
        Event::Progress { loss, .. } => losses.push(loss),
        Event::Memory { .. } => {}
        other => panic!("unexpected {other:?}"),
    })?;
    match done {
        Event::Done { score, metrics, .. } => Ok((losses, score, metrics)),
        other => panic!("unexpected {other:?}"),
    }
}

#[test]
fn every_label_of_convolutional_networks_trains() {
    let _alone = alone(1);
    for op in Kind::Cnn.ops().filter(|op| op.is_processing()) {
        let tested = match op {
            op if op.is_conv() => Layer::conv(op, 8, 2),
            op if op.is_pool() => Layer::plain(op),
            op => Layer::dense(op, 16),
        };
        let layers = [
            Layer::conv(Op::Conv3, 16, 1),
            tested,
            Layer::conv(Op::Conv3, 32, 2),
            Layer::dense(Op::Fc, 32),
        ];
        let network = match op {
            Op::Fc => chain(Kind::Cnn, &[layers[0], layers[2], tested]),
            _ => chain(Kind::Cnn, &layers),
        };
        let (losses, score, _) = train(&job(network, digits(), short())).unwrap();
        assert!(losses[3] < 0.5 * losses[0], "{op}: {losses:?}");
        assert!(score > 0.7, "{op}: {score}");
    }
}

#[test]
fn every_label_of_perceptrons_trains() {
    let _alone = alone(1);
    let folder = tempfile::tempdir().unwrap();
    for kind in [Kind::MlpClass, Kind::MlpReg] {
        let task = if kind == Kind::MlpReg {
            regression(&folder)
        } else {
            digits()
        };
        for op in kind.ops().filter(|op| op.is_processing()) {
            let network = chain(kind, &[Layer::dense(op, 24), Layer::dense(op, 12)]);
            // Mean squared errors of rectifiers diverge at the rates that suit classifiers.
            let learning_rate = if kind == Kind::MlpReg { 0.01 } else { 0.05 };
            let training = TrainingSpec {
                learning_rate,
                epochs: 8,
                ..short()
            };
            let (losses, score, metrics) = train(&job(network, task.clone(), training)).unwrap();
            assert!(losses[7] < 0.9 * losses[0], "{kind} {op}: {losses:?}");
            if kind == Kind::MlpReg {
                assert!((score + metrics["mse"]).abs() <= 0.0, "{metrics:?}");
                assert!(metrics["r2"] > 0.2, "{op}: {metrics:?}");
            } else {
                assert!(score > 0.3, "{op}: {score}");
            }
        }
    }
}

#[test]
fn every_part_of_a_protocol_trains() {
    let _alone = alone(1);
    let network = chain(
        Kind::Cnn,
        &[
            Layer::conv(Op::Conv3, 8, 1),
            Layer::plain(Op::MaxPool),
            Layer::conv(Op::Res3, 16, 1),
        ],
    );
    let adamw = TrainingSpec {
        optimiser: Optimiser::Adamw,
        learning_rate: 0.01,
        ..short()
    };
    let augment: Augmentation = toml::from_str("shift = 1\nflip = true\ncutout = 2").unwrap();
    for (name, training) in [
        ("adamw", adamw.clone()),
        (
            "one-cycle",
            TrainingSpec {
                schedule: Schedule::OneCycle,
                warmup: 0.0,
                ..adamw
            },
        ),
        (
            "step",
            TrainingSpec {
                schedule: Schedule::Step,
                step_epochs: 2,
                ..short()
            },
        ),
        (
            "label smoothing",
            TrainingSpec {
                label_smoothing: 0.1,
                ..short()
            },
        ),
        (
            "clipping",
            TrainingSpec {
                clip: Some(1.0),
                ..short()
            },
        ),
        ("augmentation", TrainingSpec { augment, ..short() }),
        (
            "no momentum",
            TrainingSpec {
                momentum: 0.0,
                nesterov: false,
                learning_rate: 0.2,
                ..short()
            },
        ),
    ] {
        let (losses, score, _) = train(&job(network.clone(), digits(), training)).unwrap();
        assert!(
            losses[3] < 0.9 * losses[0] && score > 0.5,
            "{name}: {losses:?}, {score}"
        );
    }
}

#[test]
fn divergence_is_an_outcome() {
    let _alone = alone(1);
    let folder = tempfile::tempdir().unwrap();
    let network = chain(
        Kind::MlpReg,
        &[Layer::dense(Op::Relu, 16), Layer::dense(Op::Relu, 16)],
    );
    let training = TrainingSpec {
        learning_rate: 1e8,
        ..short()
    };
    let error = train(&job(network, regression(&folder), training)).unwrap_err();
    assert!(matches!(error, Error::Diverged { .. }), "{error:?}");
    assert_eq!(error.failure(), FailureKind::Diverged);
}

#[test]
fn a_network_that_halves_too_often_is_an_outcome() {
    let _alone = alone(1);
    let network = chain(Kind::Cnn, &[Layer::conv(Op::Conv3, 4, 2); 4]);
    let error = train(&job(network, digits(), short())).unwrap_err();
    assert_eq!(error.failure(), FailureKind::ImpossibleShape);
}

#[test]
fn a_network_beyond_the_memory_limit_is_not_tried() {
    let _alone = alone(1);
    let conv = |op| Layer::conv(op, 256, 1);
    let network = chain(Kind::Cnn, &[conv(Op::Conv3), conv(Op::Conv9)]);
    // 5.3 million parameters, kept four times over.
    let training = TrainingSpec {
        memory: Some(64),
        ..short()
    };
    let error = train(&job(network, digits(), training)).unwrap_err();
    assert_eq!(error.failure(), FailureKind::OutOfMemory);
    assert!(
        error.to_string().contains("more than memory = 64"),
        "{error}"
    );
}

#[test]
fn jobs_that_contradict_their_data_are_refused() {
    let _alone = alone(1);
    let folder = tempfile::tempdir().unwrap();
    let perceptron = chain(Kind::MlpClass, &[Layer::dense(Op::Relu, 4)]);
    let error = train(&job(perceptron, regression(&folder), short())).unwrap_err();
    assert!(
        matches!(
            error,
            Error::Task {
                kind: Kind::MlpClass
            }
        ),
        "{error:?}"
    );
    let regressor = chain(Kind::MlpReg, &[Layer::dense(Op::Relu, 4)]);
    let training = TrainingSpec {
        augment: toml::from_str("flip = true").unwrap(),
        ..short()
    };
    let error = train(&job(regressor, regression(&folder), training)).unwrap_err();
    assert!(
        matches!(
            error,
            Error::Training {
                field: "augment",
                ..
            }
        ),
        "{error:?}"
    );
}

#[test]
fn a_final_training_uses_the_validation_data_and_is_scored_on_the_test_data() {
    let _alone = alone(1);
    let folder = tempfile::tempdir().unwrap();
    // Class = sign of x, but the validation rows' labels are turned round and the test rows are all of class 1. Rows in
    // the order of the file: 60 to train, 240 to validate, 100 to test.
    let row = |i: u32| {
        let x = f64::from(i * 37 % 101) / 50.0 - 1.005;
        let class = i32::from(x > 0.0);
        match i {
            0..60 => format!("{x},{class}\n"),
            60..300 => format!("{x},{}\n", 1 - class),
            _ => format!("{},1\n", -x.abs()),
        }
    };
    let mut task = DataSpec::new(
        write(&folder, "signs.csv", (0..400).map(row).collect::<String>()),
        Task::Class,
    );
    task.split =
        toml::from_str("train = 0.15\nvalidation = 0.6\ntest = 0.25\nshuffle = false").unwrap();
    let network = chain(Kind::MlpClass, &[Layer::dense(Op::Relu, 16)]);
    let training = TrainingSpec {
        epochs: 20,
        ..short()
    };
    let mut job = job(network, task, training);
    // Trained on 60 honest rows: negative x is class 0, wrong on every row that is turned round.
    let (_, score, _) = train(&job).unwrap();
    assert!(score < 0.1, "{score}");
    // Trained on all 300, four in five turned round: negative x is class 1, right on every test row.
    job.finally = Some(Final::default());
    let (_, score, _) = train(&job).unwrap();
    assert!(score > 0.95, "{score}");
}

#[test]
fn repeats_are_averaged_and_their_spread_is_reported() {
    let _alone = alone(1);
    let network = chain(Kind::MlpClass, &[Layer::dense(Op::Relu, 8)]);
    let mut job = job(network, digits(), short());
    let single: Vec<f64> = [7, 8, 9]
        .into_iter()
        .map(|seed| {
            train(&Job {
                seed,
                ..job.clone()
            })
            .unwrap()
            .1
        })
        .collect();
    job.training.repeats = 3;
    let (losses, score, metrics) = train(&job).unwrap();
    assert_eq!(losses.len(), 12);
    let mean = single.iter().sum::<f64>() / 3.0;
    let variance = single.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 2.0;
    assert!((score - mean).abs() < 1e-12, "{score}, {single:?}");
    assert!(
        (metrics["noise"] - variance.sqrt()).abs() < 1e-12 && variance > 0.0,
        "{metrics:?}, {single:?}"
    );
}

#[test]
fn patience_ends_a_training_and_returns_to_its_best_weights() {
    let _alone = alone(1);
    let network = chain(Kind::MlpClass, &[Layer::dense(Op::Relu, 32)]);
    let training = TrainingSpec {
        epochs: 200,
        patience: Some(3),
        schedule: Schedule::Constant,
        ..short()
    };
    let mut scores = Vec::new();
    let done = train::run(&job(network, digits(), training), &mut |event| {
        if let Event::Progress { score, .. } = event {
            scores.push(score.unwrap());
        }
    });
    let Event::Done { score, .. } = done.unwrap() else {
        panic!("a training ends with done");
    };
    let best = scores.iter().copied().fold(0.0, f64::max);
    assert!((score - best).abs() <= 0.0, "{score} of {scores:?}");
    assert!(scores.len() < 200);
    assert!(
        scores[scores.len() - 3..]
            .iter()
            .all(|score| *score <= best)
    );
}

#[test]
fn the_digits_are_learnt() {
    let _alone = alone(1);
    let network = for_digits();
    let training = TrainingSpec {
        epochs: 12,
        learning_rate: 0.1,
        ..short()
    };
    let folder = tempfile::tempdir().unwrap();
    let weights = folder.path().join("weights.safetensors");
    let job = Job {
        finally: Some(Final::default()),
        save: Some(weights.clone()),
        ..job(network, digits(), training)
    };
    let (_, score, metrics) = train(&job).unwrap();
    assert!(score >= 0.975, "{metrics:?}");
    assert!(weights.metadata().unwrap().len() > 20_000);
    // Beside the weights: a program that names them and holds what the data were standardised with, and an ONNX file.
    let program = std::fs::read_to_string(weights.with_extension("py")).unwrap();
    assert!(
        program.contains("WEIGHTS = \"weights.safetensors\""),
        "{program}"
    );
    assert!(
        program.contains("self.layer4 = Dense(32, 32, F.relu)"),
        "{program}"
    );
    let Input::Image { mean, .. } = data::load(&digits()).unwrap().preparation.input else {
        panic!("the digits are images");
    };
    assert!(
        program.contains(&format!(
            "MEAN = torch.tensor([{}]).view(-1, 1, 1)",
            mean[0]
        )),
        "{program}"
    );
    assert!(weights.with_extension("onnx").metadata().unwrap().len() > 20_000);
}

#[test]
fn streamed_examples_give_the_same_bits() {
    let _alone = alone(1);
    let network = chain(Kind::Cnn, &[Layer::conv(Op::Conv3, 8, 2)]);
    let mut augmented = job(network, digits(), short());
    augmented.training.augment = Augmentation {
        shift: 1,
        crop: 2,
        flip: true,
        cutout: 2,
        mix_up: 0.4,
    };
    let folder = tempfile::tempdir().unwrap();
    let perceptron = chain(Kind::MlpReg, &[Layer::dense(Op::Tanh, 8)]);
    let plain = job(perceptron, regression(&folder), short());
    for mut job in [augmented, plain] {
        for is_final in [false, true] {
            job.finally = is_final.then(Final::default);
            job.task.placement = Placement::Device;
            let here = train(&job).unwrap();
            job.task.placement = Placement::Stream;
            assert_eq!(train(&job).unwrap(), here);
        }
    }
}

#[test]
fn a_crop_must_leave_something_to_mirror() {
    let _alone = alone(1);
    let mut job = job(
        chain(Kind::Cnn, &[Layer::conv(Op::Conv3, 8, 2)]),
        digits(),
        short(),
    );
    job.training.augment.crop = 8;
    let error = train(&job).unwrap_err();
    assert!(
        error.to_string().contains("augment.crop must be smaller"),
        "{error}"
    );
    job.training.epochs = 1;
    job.training.augment.crop = 7;
    train(&job).unwrap();
}

#[test]
fn errors_are_told_in_the_units_of_the_target() {
    let _alone = alone(1);
    let folder = tempfile::tempdir().unwrap();
    let network = chain(Kind::MlpReg, &[Layer::dense(Op::Tanh, 8)]);
    let training = TrainingSpec {
        learning_rate: 0.005,
        ..short()
    };
    let mut job = job(network, regression(&folder), training);
    let (_, _, plain) = train(&job).unwrap();
    let Output::Value { std, .. } = data::load(&job.task).unwrap().preparation.output else {
        panic!("a regression has values");
    };
    // By definition: deviations are measured in standard deviations.
    let expected = std * plain["mse"].sqrt();
    assert!(
        (plain["rmse"] - expected).abs() < 1e-6 * expected,
        "{plain:?}"
    );
    assert!(
        plain["mae"] > 0.0 && plain["mae"] <= plain["rmse"],
        "{plain:?}"
    );
    // A network that learns nothing answers with the mean: that of the logarithms, undone, is the geometric mean.
    let path = folder.path().join("powers.csv");
    let rows: String = (0..100)
        .map(|i| format!("{},{}\n", i % 10, [1.0, 100.0][i % 2]))
        .collect();
    std::fs::write(&path, rows).unwrap();
    job.task = DataSpec {
        transform: Some(Transform::Log),
        ..DataSpec::new(path, Task::Reg)
    };
    job.training.learning_rate = 1e-12;
    job.training.weight_decay = 0.0;
    let (_, _, log) = train(&job).unwrap();
    assert!(log["rmse"] > 40.0 && log["rmse"] < 120.0, "{log:?}");
    assert!(
        (log["rmse"] - 2.3 * log["mse"].sqrt()).abs() > 20.0,
        "{log:?}"
    );
}
