//! Training protocols: what is refused, and the learning rate of every step.

use nn_train::{Augmentation, Error, Precision, Preset, Schedule, TrainingSpec};

fn rates(spec: TrainingSpec, per_epoch: u64, steps: impl IntoIterator<Item = u64>) -> Vec<f64> {
    let protocol = spec.validated().unwrap();
    steps
        .into_iter()
        .map(|step| protocol.learning_rate_at(step, per_epoch))
        .collect()
}

fn assert_close(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (a, b) in found.iter().zip(expected) {
        assert!(
            (a - b).abs() <= 1e-12 * b.abs().max(1e-3),
            "{found:?} against {expected:?}"
        );
    }
}

fn spec(schedule: Schedule) -> TrainingSpec {
    TrainingSpec {
        epochs: 10,
        learning_rate: 1.0,
        warmup: 0.0,
        schedule,
        ..TrainingSpec::default()
    }
}

#[test]
fn the_cosine_falls_from_the_peak_to_nothing() {
    // PyTorch 2.11, CosineAnnealingLR(T_max=100), steps 0, 25, 50, 75, 99.
    let expected = [
        1.0,
        0.853_553_390_593_273_7,
        0.5,
        0.146_446_609_406_726_27,
        0.000_246_719_817_134_2,
    ];
    assert_close(
        &rates(spec(Schedule::Cosine), 10, [0, 25, 50, 75, 99]),
        &expected,
    );
}

#[test]
fn one_cycle_is_pytorch_s() {
    // PyTorch 2.11, OneCycleLR(max_lr=1, total_steps=100), steps 0, 10, 29, 60, 99.
    let expected = [
        0.04,
        0.295_163_948_464_100_77,
        1.0,
        0.589_280_090_285_528_7,
        4e-6,
    ];
    assert_close(
        &rates(spec(Schedule::OneCycle), 10, [0, 10, 29, 60, 99]),
        &expected,
    );
}

#[test]
fn steps_drop_at_their_epochs() {
    let spec = TrainingSpec {
        step_epochs: 3,
        step_factor: 0.1,
        ..spec(Schedule::Step)
    };
    assert_close(
        &rates(spec, 5, [0, 14, 15, 29, 30, 49]),
        &[1.0, 1.0, 0.1, 0.1, 0.01, 0.001],
    );
}

#[test]
fn the_warm_up_rises_linearly_to_the_peak() {
    let spec = TrainingSpec {
        warmup: 0.8,
        ..spec(Schedule::Constant)
    };
    assert_close(
        &rates(spec, 5, [0, 1, 2, 3, 4, 49]),
        &[0.25, 0.5, 0.75, 1.0, 1.0, 1.0],
    );
}

#[test]
fn rates_are_never_negative_or_above_the_peak() {
    for schedule in [
        Schedule::Constant,
        Schedule::Cosine,
        Schedule::Step,
        Schedule::OneCycle,
    ] {
        for (epochs, per_epoch) in [(1, 1), (1, 2), (3, 1), (7, 13)] {
            let spec = TrainingSpec {
                epochs,
                ..spec(schedule)
            };
            let steps = u64::from(epochs) * per_epoch;
            let rates = rates(spec, per_epoch, 0..steps);
            assert!(
                rates.iter().all(|rate| (0.0..=1.0).contains(rate)),
                "{schedule:?} {epochs} {per_epoch}: {rates:?}"
            );
        }
    }
}

#[test]
fn fields_out_of_range_are_named() {
    let default = TrainingSpec::default;
    for (spec, field) in [
        (
            TrainingSpec {
                epochs: 0,
                warmup: 0.0,
                ..default()
            },
            "epochs",
        ),
        (
            TrainingSpec {
                batch: 1,
                ..default()
            },
            "batch",
        ),
        (
            TrainingSpec {
                learning_rate: 0.0,
                ..default()
            },
            "learning-rate",
        ),
        (
            TrainingSpec {
                learning_rate: f64::NAN,
                ..default()
            },
            "learning-rate",
        ),
        (
            TrainingSpec {
                momentum: 1.0,
                ..default()
            },
            "momentum",
        ),
        (
            TrainingSpec {
                momentum: 0.0,
                ..default()
            },
            "nesterov",
        ),
        (
            TrainingSpec {
                weight_decay: -1e-4,
                ..default()
            },
            "weight-decay",
        ),
        (
            TrainingSpec {
                warmup: 16.0,
                ..default()
            },
            "warmup",
        ),
        (
            TrainingSpec {
                schedule: Schedule::OneCycle,
                ..default()
            },
            "warmup",
        ),
        (
            TrainingSpec {
                step_epochs: 0,
                ..default()
            },
            "step-epochs",
        ),
        (
            TrainingSpec {
                step_factor: 1.5,
                ..default()
            },
            "step-factor",
        ),
        (
            TrainingSpec {
                label_smoothing: 1.0,
                ..default()
            },
            "label-smoothing",
        ),
        (
            TrainingSpec {
                clip: Some(0.0),
                ..default()
            },
            "clip",
        ),
        (
            TrainingSpec {
                evaluate_every: 0,
                ..default()
            },
            "evaluate-every",
        ),
        (
            TrainingSpec {
                patience: Some(0),
                ..default()
            },
            "patience",
        ),
        (
            TrainingSpec {
                repeats: 0,
                ..default()
            },
            "repeats",
        ),
        (
            TrainingSpec {
                steps: Some(0),
                ..default()
            },
            "steps",
        ),
        (
            TrainingSpec {
                time: Some(0.0),
                ..default()
            },
            "time",
        ),
    ] {
        let error = spec.validated();
        assert!(
            matches!(error, Err(Error::Training { field: found, .. }) if found == field),
            "{field}: {error:?}"
        );
    }
    default().validated().unwrap();
}

#[test]
fn presets_are_what_they_are_named_after() {
    for preset in Preset::ALL {
        preset.spec().validated().unwrap();
        let read: TrainingSpec =
            toml::from_str(&format!("protocol = \"{}\"", preset.name())).unwrap();
        assert_eq!(read, preset.spec());
    }
    // The settings of the paper's program.
    let mlp = Preset::PaperMlp.spec();
    assert_eq!((mlp.batch, mlp.steps), (256, Some(20_000)));
    assert!((mlp.learning_rate - 1e-5).abs() < 1e-18 && mlp.momentum.abs() < 1e-18);
    let cifar = Preset::PaperCifar10.spec();
    assert_eq!((cifar.batch, cifar.steps), (32, Some(80_000)));
    assert!((cifar.learning_rate - 0.005).abs() < 1e-18);
    assert!((cifar.weight_decay - 2e-4).abs() < 1e-18);
}

#[test]
fn every_key_of_a_preset_can_be_replaced() {
    let spec: TrainingSpec = toml::from_str(
        "protocol = \"paper-cifar10\"\nepochs = 3\nlearning-rate = 0.1\nprecision = \"tf32\"\naugment = { flip = true }\nchannels-last = false",
    )
    .unwrap();
    let expected = TrainingSpec {
        epochs: 3,
        steps: None,
        learning_rate: 0.1,
        precision: Precision::Tf32,
        channels_last: false,
        augment: Augmentation {
            flip: true,
            ..Augmentation::default()
        },
        ..Preset::PaperCifar10.spec()
    };
    assert_eq!(spec, expected);
    // A worker reads what was decided on, whatever the preset says.
    let text = serde_json::to_string(&spec).unwrap();
    assert_eq!(
        serde_json::from_str::<TrainingSpec>(&text).unwrap(),
        expected
    );
    let error = toml::from_str::<TrainingSpec>("protocol = \"slow\"").unwrap_err();
    assert!(error.message().contains("`paper-mlp`"), "{error}");
    let error = toml::from_str::<TrainingSpec>("protocl = \"fast\"").unwrap_err();
    assert!(error.message().contains("unknown field"), "{error}");
}

#[test]
fn steps_take_the_place_of_epochs() {
    let spec = TrainingSpec {
        steps: Some(25),
        ..spec(Schedule::Cosine)
    };
    let protocol = spec.clone().validated().unwrap();
    assert_eq!(
        (protocol.total_steps(10), protocol.total_epochs(10)),
        (25, 3)
    );
    // Half of the way is half of a cosine.
    let rates = rates(spec, 10, [0, 25]);
    assert!(
        (rates[0] - 1.0).abs() < 1e-12 && rates[1].abs() < 1e-12,
        "{rates:?}"
    );
}

#[test]
fn a_shorter_course_has_a_shorter_warm_up_and_shorter_steps() {
    let whole = TrainingSpec {
        epochs: 12,
        warmup: 3.0,
        step_epochs: 6,
        evaluate_every: 8,
        ..TrainingSpec::default()
    };
    let short = whole.shortened(4);
    assert_eq!(
        (short.epochs, short.step_epochs, short.evaluate_every),
        (4, 2, 4)
    );
    assert!((short.warmup - 1.0).abs() < 1e-12 && short.clone().validated().is_ok());
    assert_eq!(whole.shortened(12), whole);
    assert_eq!(whole.shortened(1).step_epochs, 1);
}
