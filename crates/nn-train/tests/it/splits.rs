//! Splits and standardisation.

use nn_train::Error;
use nn_train::data::{DataSpec, Dataset, Examples, SplitSpec, Targets, Task};

use crate::support::{digits, load, write};

/// A thousand rows whose first column is the row's number.
fn numbered(split: SplitSpec, standardise: bool) -> Result<Dataset, Error> {
    let folder = tempfile::tempdir().unwrap();
    let rows: String = (0..1000)
        .map(|i| format!("{i},5,{}\n", i * i % 97))
        .collect();
    load(&DataSpec {
        split,
        standardise,
        ..DataSpec::new(write(&folder, "t.csv", rows), Task::Reg)
    })
}

fn first_column(part: &Examples) -> Vec<u32> {
    part.inputs
        .chunks_exact(2)
        .map(|row| row[0] as u32)
        .collect()
}

#[test]
fn every_row_is_dealt_out_once() {
    let data = numbered(SplitSpec::default(), false).unwrap();
    assert_eq!(
        (data.train.len(), data.validation.len(), data.test.len()),
        (600, 200, 200)
    );
    let mut all = [&data.train, &data.validation, &data.test]
        .map(first_column)
        .concat();
    assert_ne!(all, (0..1000).collect::<Vec<_>>(), "shuffled");
    all.sort_unstable();
    assert_eq!(all, (0..1000).collect::<Vec<_>>());
}

#[test]
fn the_seed_alone_decides_who_goes_where() {
    let with = |seed| {
        first_column(
            &numbered(
                SplitSpec {
                    seed,
                    ..SplitSpec::default()
                },
                false,
            )
            .unwrap()
            .train,
        )
    };
    assert_eq!(with(1), with(1));
    assert_ne!(with(1), with(2));
    // Fixed for all time: a study must find its test data again.
    assert_eq!(with(1)[..8], FIRST_OF_SEED_1);
}

const FIRST_OF_SEED_1: [u32; 8] = [824, 513, 256, 681, 896, 65, 981, 899];

#[test]
fn without_shuffling_rows_keep_the_file_s_order() {
    let split = SplitSpec {
        shuffle: false,
        train: Some(0.3),
        validation: Some(0.1),
        test: Some(0.05),
        seed: 0,
    };
    let data = numbered(split, false).unwrap();
    assert_eq!(first_column(&data.train), (0..300).collect::<Vec<_>>());
    assert_eq!(
        first_column(&data.validation),
        (300..400).collect::<Vec<_>>()
    );
    assert_eq!(first_column(&data.test), (400..450).collect::<Vec<_>>());
}

#[test]
fn shares_that_make_no_sense_are_refused() {
    for (train, validation, test) in [
        (0.8, 0.2, 0.1),
        (1.0, 0.0, 0.0),
        (0.5, -0.1, 0.5),
        (f64::NAN, 0.2, 0.2),
        (0.5, 1e-5, 0.4),
    ] {
        let split = SplitSpec {
            train: Some(train),
            validation: Some(validation),
            test: Some(test),
            ..SplitSpec::default()
        };
        let error = numbered(split, false);
        assert!(
            matches!(error, Err(Error::Data { field: "split", .. })),
            "{train} {validation} {test}: {error:?}"
        );
    }
}

#[test]
fn standardisation_is_fitted_on_the_training_part_alone() {
    let raw = numbered(SplitSpec::default(), false).unwrap();
    let data = numbered(SplitSpec::default(), true).unwrap();
    let (mean, std) = moments(raw.train.inputs.iter().step_by(2));
    assert!((f64::from(data.scaling.mean[0]) - mean).abs() < 1e-4 * mean);
    assert!((f64::from(data.scaling.std[0]) - std).abs() < 1e-4 * std);
    let (mean, std) = moments(data.train.inputs.iter().step_by(2));
    assert!(
        mean.abs() < 1e-6 && (std - 1.0).abs() < 1e-6,
        "{mean} {std}"
    );
    // The other parts are moved by the same amounts, not their own.
    let expected = (raw.test.inputs[0] - data.scaling.mean[0]) / data.scaling.std[0];
    assert!((data.test.inputs[0] - expected).abs() <= 0.0);
    // A constant column becomes 0, not NaN.
    assert!(
        data.train
            .inputs
            .iter()
            .skip(1)
            .step_by(2)
            .all(|x| x.abs() <= 0.0)
    );
    let Targets::Values(targets) = &data.train.targets else {
        panic!("a regression has values");
    };
    let (mean, std) = moments(targets.iter());
    assert!(
        mean.abs() < 1e-6 && (std - 1.0).abs() < 1e-6,
        "{mean} {std}"
    );
}

#[test]
fn images_are_standardised_by_channel() {
    let data = load(&digits()).unwrap();
    assert_eq!(data.scaling.mean.len(), 1);
    let (mean, std) = moments(data.train.inputs.iter());
    assert!(
        mean.abs() < 1e-6 && (std - 1.0).abs() < 1e-6,
        "{mean} {std}"
    );
}

fn moments<'a>(values: impl Iterator<Item = &'a f32> + Clone) -> (f64, f64) {
    let n = values.clone().count() as f64;
    let mean = values.clone().map(|x| f64::from(*x)).sum::<f64>() / n;
    let variance = values.map(|x| (f64::from(*x) - mean).powi(2)).sum::<f64>() / n;
    (mean, variance.sqrt())
}
