//! Optimisers and schedules with settings of their own, and protocols by name beside them.

use nn_train::{Augmentation, Facts, Given, Optimiser, Precision, Preset, Schedule, TrainingSpec};

const FACTS: Facts = Facts {
    examples: 300,
    images: false,
    divisible: true,
};

fn on(text: &str, facts: Option<&Facts>) -> TrainingSpec {
    let given: Given = toml::from_str(text).unwrap();
    given.on(facts, false)
}

#[test]
fn settings_in_a_table_are_those_beside_the_name() {
    for (table, flat) in [
        (
            "optimiser = { name = \"sgd\", learning-rate = 0.3, momentum = 0.5, nesterov = false, weight-decay = 0.01 }",
            "optimiser = \"sgd\"\nlearning-rate = 0.3\nmomentum = 0.5\nnesterov = false\nweight-decay = 0.01",
        ),
        ("optimiser = { name = \"adamw\" }", "optimiser = \"adamw\""),
        (
            "schedule = { name = \"step\", warmup = 2.5, every = 4, factor = 0.5 }",
            "schedule = \"step\"\nwarmup = 2.5\nstep-epochs = 4\nstep-factor = 0.5",
        ),
    ] {
        for facts in [None, Some(&FACTS)] {
            assert_eq!(on(table, facts), on(flat, facts), "{table}");
        }
        assert_ne!(on(table, None), TrainingSpec::default(), "{table}");
    }
}

#[test]
fn protocols_by_name_are_what_they_were_in_earlier_versions() {
    let base = |preset| TrainingSpec {
        protocol: Some(preset),
        ..TrainingSpec::default()
    };
    let paper = |preset| TrainingSpec {
        schedule: Schedule::Constant,
        warmup: 0.0,
        nesterov: false,
        patience: Some(u32::MAX),
        ..base(preset)
    };
    assert_eq!(
        Preset::PaperMlp.spec(),
        TrainingSpec {
            steps: Some(20_000),
            batch: 256,
            learning_rate: 1e-5,
            momentum: 0.0,
            weight_decay: 0.0,
            ..paper(Preset::PaperMlp)
        }
    );
    assert_eq!(
        Preset::PaperCifar10.spec(),
        TrainingSpec {
            steps: Some(80_000),
            batch: 32,
            learning_rate: 0.005,
            weight_decay: 2e-4,
            evaluate_every: 3,
            augment: Augmentation {
                shift: 4,
                flip: true,
                ..Augmentation::default()
            },
            ..paper(Preset::PaperCifar10)
        }
    );
    assert_eq!(
        Preset::Fast.spec(),
        TrainingSpec {
            epochs: 10,
            batch: 64,
            learning_rate: 0.2,
            schedule: Schedule::OneCycle,
            warmup: 0.0,
            label_smoothing: 0.1,
            evaluate_every: 10,
            precision: Precision::Bf16,
            ..base(Preset::Fast)
        }
    );
    // Written down and read again, each is what it was.
    for preset in Preset::ALL {
        let text = serde_json::to_string(&preset.spec()).unwrap();
        let read: TrainingSpec = serde_json::from_str(&text).unwrap();
        assert_eq!(read, preset.spec());
    }
}

#[test]
fn another_optimiser_or_schedule_than_a_protocol_s_brings_its_own_settings() {
    let adamw = TrainingSpec {
        optimiser: Optimiser::Adamw,
        learning_rate: 0.001,
        nesterov: false,
        weight_decay: 0.1,
        ..Preset::Fast.spec()
    };
    assert_eq!(
        on("protocol = \"fast\"\noptimiser = \"adamw\"", Some(&FACTS)),
        adamw
    );
    let given = "protocol = \"fast\"\noptimiser = { name = \"adamw\", learning-rate = 0.01 }";
    let expected = TrainingSpec {
        learning_rate: 0.01,
        ..adamw
    };
    assert_eq!(on(given, Some(&FACTS)), expected);
    // The same optimiser keeps what the protocol says of it.
    let given = "protocol = \"fast\"\noptimiser = { name = \"sgd\", momentum = 0.8 }";
    let expected = TrainingSpec {
        momentum: 0.8,
        ..Preset::Fast.spec()
    };
    assert_eq!(on(given, None), expected);
    // One cycle has a rise of its own.
    let cycle = on("schedule = \"one-cycle\"", Some(&FACTS));
    assert!(cycle.warmup.abs() < 1e-12);
    cycle.validated().unwrap();
}
