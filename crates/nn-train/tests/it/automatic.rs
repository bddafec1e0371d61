//! The protocol that follows from the data.

use nn_train::{Facts, Given, Last, Optimiser, Preset, TrainingSpec};

fn table(examples: usize) -> Facts {
    Facts {
        examples,
        images: false,
        divisible: true,
    }
}

fn given(text: &str) -> Given {
    toml::from_str(text).unwrap()
}

#[test]
fn every_amount_of_data_has_a_valid_protocol_of_bounded_length() {
    for images in [false, true] {
        for examples in [4, 100, 1_999, 2_000, 9_999, 50_000, 1_000_000] {
            let facts = Facts {
                examples,
                images,
                divisible: true,
            };
            let protocol = facts.protocol().validated().unwrap();
            let per_epoch = (examples as u64).div_ceil(protocol.batch.into());
            let steps = protocol.total_steps(per_epoch);
            // 20,000, or 10 epochs where there is more than that in them.
            assert!(
                steps <= 22_000.max(11 * per_epoch) || images,
                "{facts:?} {steps}"
            );
            assert_eq!(protocol.folds.is_some(), !images && examples < 2_000);
            facts.bounds().checked().unwrap();
        }
    }
}

#[test]
fn what_is_given_goes_first_and_the_rest_fits_it() {
    let facts = table(300);
    let automatic = given("").on(Some(&facts), false);
    assert_eq!(automatic.protocol, Some(Preset::Auto));
    assert_eq!(automatic.optimiser, Optimiser::Adamw);
    assert_eq!((automatic.folds, automatic.last), (Some(5), Last::Ensemble));
    let some = given("epochs = 7\nfinal = \"best\"\nlearning-rate = 0.5").on(Some(&facts), false);
    assert_eq!((some.epochs, some.last), (7, Last::Best));
    assert!((some.learning_rate - 0.5).abs() < 1e-12);
    assert_eq!(some.optimiser, Optimiser::Adamw);
    // Another optimiser needs another rate.
    let sgd = given("optimiser = \"sgd\"").on(Some(&facts), false);
    assert!((sgd.learning_rate - TrainingSpec::default().learning_rate).abs() < 1e-12);
    // Folds go with neither repeats nor rungs nor rows that belong together.
    assert_eq!(given("repeats = 3").on(Some(&facts), false).folds, None);
    let rungs = given("").on(Some(&facts), true);
    assert_eq!((rungs.folds, rungs.patience), (None, None));
    let kept = Facts {
        divisible: false,
        ..facts
    };
    assert_eq!(given("").on(Some(&kept), false).folds, None);
    for text in [
        "epochs = 1",
        "repeats = 2",
        "optimiser = \"sgd\"",
        "steps = 50",
    ] {
        given(text).on(Some(&facts), false).validated().unwrap();
    }
}

#[test]
fn without_facts_or_with_another_protocol_nothing_is_automatic() {
    assert_eq!(given("").on(None, false), TrainingSpec::default());
    let fast = given("protocol = \"fast\"").on(Some(&table(300)), false);
    assert_eq!(fast, Preset::Fast.spec());
}
