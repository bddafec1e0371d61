//! Splits and standardisation.

use nn_train::Error;
use nn_train::data::{Column, DataSpec, Dataset, Examples, InputShape, SplitSpec, Targets, Task};

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
    part.inputs()
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
        ..SplitSpec::default()
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
fn shares_that_are_not_given_follow_from_those_that_are() {
    let parts = |train, validation, test| {
        let split = SplitSpec {
            train,
            validation,
            test,
            ..SplitSpec::default()
        };
        let data = numbered(split, false).unwrap();
        [&data.train, &data.validation, &data.test].map(Examples::len)
    };
    assert_eq!(parts(None, None, None), [600, 200, 200]);
    assert_eq!(parts(None, Some(0.5), None), [300, 500, 200]);
    assert_eq!(parts(Some(0.8), Some(0.2), None), [800, 200, 0]);
    assert_eq!(parts(Some(0.5), None, None), [500, 200, 200]);
    assert_eq!(parts(Some(0.9), None, None), [900, 100, 0]);
    assert_eq!(parts(None, None, Some(0.0)), [800, 200, 0]);
}

#[test]
fn standardisation_is_fitted_on_the_training_part_alone() {
    let raw = numbered(SplitSpec::default(), false).unwrap();
    let data = numbered(SplitSpec::default(), true).unwrap();
    let (raw_mean, raw_std) = moments(raw.train.inputs().iter().step_by(2));
    // The constant column is left out.
    assert_eq!(data.shape, InputShape::Features(1));
    assert_eq!(data.preparation.left_out()[0].name, "1");
    let (mean, std) = moments(data.train.inputs().iter());
    assert!(
        mean.abs() < 1e-6 && (std - 1.0).abs() < 1e-6,
        "{mean} {std}"
    );
    // The other parts are moved by the same amounts, not their own.
    let expected = (f64::from(raw.test.inputs()[0]) - raw_mean) / raw_std;
    assert!((f64::from(data.test.inputs()[0]) - expected).abs() < 1e-6);
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
    let (mean, std) = moments(data.train.inputs().iter());
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

/// Rows x, y, mark.
fn marked(
    mark: impl Fn(usize) -> String,
    change: impl FnOnce(&mut SplitSpec),
) -> Result<Dataset, Error> {
    let folder = tempfile::tempdir().unwrap();
    let rows: String = (0..100)
        .map(|i| format!("{i},{},{}\n", i % 7, mark(i)))
        .collect();
    let mut spec = DataSpec::new(write(&folder, "t.csv", format!("x,y,m\n{rows}")), Task::Reg);
    spec.label = Column::Name("y".into());
    spec.standardise = false;
    change(&mut spec.split);
    load(&spec)
}

fn rows(part: &Examples) -> Vec<usize> {
    part.inputs().iter().map(|x| *x as usize).collect()
}

#[test]
fn a_column_gives_the_parts() {
    let part = |i: usize| ["train", "val", "test", "train"][i % 4].to_owned();
    let column = Some(Column::Name("m".into()));
    let data = marked(part, |split| split.part = column.clone()).unwrap();
    assert!(rows(&data.validation).iter().all(|i| i % 4 == 1));
    assert!(rows(&data.test).iter().all(|i| i % 4 == 2));
    assert_eq!(
        [data.train.len(), data.validation.len(), data.test.len()],
        [50, 25, 25]
    );
    let error = marked(|i| format!("part {i}"), |split| split.part = column).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("goes by a column that says 'part 0'"),
        "{error}"
    );
}

#[test]
fn rows_of_a_group_stay_together() {
    let group = |i: usize| format!("patient {}", i / 5);
    let data = marked(group, |split| split.group = Some(Column::Name("m".into()))).unwrap();
    let parts = [&data.train, &data.validation, &data.test].map(rows);
    assert_eq!(parts.each_ref().map(Vec::len), [60, 20, 20]);
    for (i, one) in parts.iter().enumerate() {
        for other in &parts[i + 1..] {
            assert!(!one.iter().any(|a| other.iter().any(|b| a / 5 == b / 5)));
        }
    }
}

#[test]
fn rows_are_ordered_in_time() {
    let day = |i: usize| {
        format!(
            "2024-{:02}-{:02}",
            1 + i * 37 % 100 / 28,
            1 + i * 37 % 100 % 28
        )
    };
    let data = marked(day, |split| split.order = Some(Column::Name("m".into()))).unwrap();
    let time = |part: &Examples| rows(part).iter().map(|i| i * 37 % 100).collect::<Vec<_>>();
    assert_eq!(time(&data.train), (0..60).collect::<Vec<_>>());
    assert_eq!(time(&data.test), (80..100).collect::<Vec<_>>());
}

#[test]
fn parts_have_the_same_share_of_each_class() {
    let folder = tempfile::tempdir().unwrap();
    let table: String = (0..1000)
        .map(|i| format!("{i},{}\n", u8::from(i % 50 == 0)))
        .collect();
    let mut spec = DataSpec::new(write(&folder, "t.csv", table), Task::Class);
    let rare = |part: &Examples| match &part.targets {
        Targets::Classes(classes) => classes.iter().filter(|class| **class == 1).count(),
        Targets::Values(_) => 0,
    };
    let counts = |data: &Dataset| [&data.train, &data.validation, &data.test].map(rare);
    assert_eq!(counts(&load(&spec).unwrap()), [12, 4, 4]);
    spec.split.stratify = Some(false);
    let by_chance = |seed| {
        spec.split.seed = seed;
        counts(&load(&spec).unwrap())
    };
    assert!((0..9).map(by_chance).any(|counts| counts != [12, 4, 4]));
}
