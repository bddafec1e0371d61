//! Figures of predictions, against scikit-learn 1.9.1 and numpy on the same numbers.

use nn_train::data::{Metric, Output, Targets, Transform};
use nn_train::figures::{self, Breakdown, Confusion};

fn classes(n: usize) -> Output {
    Output::Classes {
        names: (0..n).map(|k| format!("c{k}")).collect(),
    }
}

/// Logarithms of the rows' shares.
fn logarithms(rows: &[Vec<f64>]) -> Vec<f64> {
    rows.iter()
        .flat_map(|row| {
            let sum: f64 = row.iter().sum();
            row.iter().map(move |x| (x / sum).ln())
        })
        .collect()
}

fn near(found: Option<f64>, expected: f64, what: impl std::fmt::Display) {
    let found = found.unwrap_or(f64::NAN);
    assert!(
        (found - expected).abs() < 1e-12,
        "{what}: {found}, not {expected}"
    );
}

#[test]
fn three_classes_with_many_equal_probabilities() {
    let rows: Vec<Vec<f64>> = (0..24)
        .map(|i| {
            [1 + i * 7 % 4, 1 + (i * 5 + 1) % 3, 1 + (i * 11 + 2) % 5]
                .map(f64::from)
                .to_vec()
        })
        .collect();
    let outputs = logarithms(&rows);
    let targets = Targets::Classes((0..24).map(|i| (i * 13 + i / 5) % 3).collect());
    let meaning = classes(3);
    // numpy's argmax takes the first of equals, as is done here; top_k_accuracy_score the last, so that it does not serve for ties: of
    // equals the earlier class comes first, as in the accuracy.
    for (metric, expected) in [
        (Metric::Accuracy, 0.416_666_666_666_666_7),
        (Metric::BalancedAccuracy, 0.5),
        (Metric::MacroF1, 0.375),
        (Metric::LogLoss, 1.176_360_914_746_862_3),
        (Metric::Auc, 0.586_036_851_387_728_5),
        (Metric::Top(1), 0.416_666_666_666_666_7),
        (Metric::Top(2), 0.666_666_666_666_666_6),
        (Metric::Top(3), 1.0),
    ] {
        near(
            figures::one(metric, &outputs, &targets, &meaning),
            expected,
            metric,
        );
    }
    let counts = vec![vec![5, 3, 2], vec![5, 0, 4], vec![0, 0, 5]];
    let Output::Classes { names } = &meaning else {
        panic!("classes have names");
    };
    let expected = Confusion {
        classes: names.clone(),
        counts,
    };
    assert_eq!(
        Breakdown::of(&outputs, &targets, &meaning),
        Some(Breakdown::Confusion(expected))
    );
    // Figures that cost little are all there, those of regressions are not.
    let all = figures::all(Metric::Top(2), &outputs, &targets, &meaning);
    let names: Vec<&str> = all.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "accuracy",
            "auc",
            "balanced-accuracy",
            "log-loss",
            "macro-f1",
            "top-2"
        ]
    );
    assert_eq!(
        figures::one(Metric::Rmse, &outputs, &targets, &meaning),
        None
    );
}

#[test]
fn the_first_few_of_four_classes() {
    let rows: Vec<Vec<f64>> = (0..30)
        .map(|i| {
            let numbers = [
                (i * 17 + 3) % 23,
                (i * 5 + 11) % 23,
                (i * 11 + 2) % 23,
                i * 7 % 23,
            ];
            let apart = [0.1, 0.2, 0.3, 0.4];
            numbers
                .iter()
                .zip(apart)
                .map(|(n, x)| f64::from(*n) + x)
                .collect()
        })
        .collect();
    let outputs = logarithms(&rows);
    let targets = Targets::Classes((0..30).map(|i| (i * 7 + i / 4) % 4).collect());
    for (metric, expected) in [
        (Metric::Top(1), 0.3),
        (Metric::Top(2), 0.6),
        (Metric::Top(3), 0.866_666_666_666_666_7),
        (Metric::Auc, 0.565_676_171_654_432_5),
        (Metric::MacroF1, 0.292_628_205_128_205_1),
    ] {
        near(
            figures::one(metric, &outputs, &targets, &classes(4)),
            expected,
            metric,
        );
    }
}

#[test]
fn two_classes_have_one_curve_and_equal_scores_count_half() {
    let outputs: Vec<f64> = (0..40)
        .flat_map(|i| {
            let p = f64::from(i * 7 % 10) / 10.0 + 0.05;
            [(1.0 - p).ln(), p.ln()]
        })
        .collect();
    let targets = (0..40)
        .map(|i| i64::from(i * 7 % 10 + i * 3 % 7 > 8))
        .collect();
    let area = figures::one(
        Metric::Auc,
        &outputs,
        &Targets::Classes(targets),
        &classes(2),
    );
    near(area, 0.885_416_666_666_666_6, "auc");
    // Who says the same of all says nothing of the order.
    let same = [0.5_f32.ln(); 8];
    let targets = Targets::Classes(vec![0, 1, 1, 0]);
    near(
        figures::one(Metric::Auc, &same, &targets, &classes(2)),
        0.5,
        "ties",
    );
}

#[test]
fn classes_that_do_not_occur_are_left_out() {
    // Of four classes 0 and 3 occur, 1 is predicted once, 2 never.
    let predicted = [0, 1, 0, 3, 0, 0, 3, 3];
    let rows: Vec<Vec<f64>> = (predicted.iter().enumerate())
        .map(|(i, class)| {
            let mut row = vec![0.1; 4];
            row[*class] = 0.7 - 0.01 * i as f64;
            row
        })
        .collect();
    let outputs = logarithms(&rows);
    let targets = Targets::Classes(vec![0, 0, 0, 3, 3, 0, 3, 0]);
    for (metric, expected) in [
        (Metric::Accuracy, 0.625),
        (Metric::BalancedAccuracy, 0.633_333_333_333_333_3),
        (Metric::MacroF1, 0.444_444_444_444_444_4),
        // The mean over the two that occur.
        (Metric::Auc, 0.766_666_666_666_666_7),
        (Metric::LogLoss, 1.080_045_831_616_799_1),
    ] {
        near(
            figures::one(metric, &outputs, &targets, &classes(4)),
            expected,
            metric,
        );
    }
}

#[test]
fn of_one_class_there_is_no_curve() {
    let outputs = [0.6_f32.ln(), 0.4_f32.ln(), 0.2_f32.ln(), 0.8_f32.ln()];
    let targets = Targets::Classes(vec![1, 1]);
    assert_eq!(
        figures::one(Metric::Auc, &outputs, &targets, &classes(2)),
        None
    );
    let all = figures::all(Metric::Accuracy, &outputs, &targets, &classes(2));
    assert!(!all.contains_key("auc"), "{all:?}");
    near(all.get("accuracy").copied(), 0.5, "accuracy");
    // By definition: one class occurs, half of it is recognised; of the other one example is predicted, wrongly.
    near(
        all.get("balanced-accuracy").copied(),
        0.5,
        "balanced accuracy",
    );
    near(
        all.get("macro-f1").copied(),
        (2.0 / 3.0 + 0.0) / 2.0,
        "macro F1",
    );
    for metric in [Metric::Accuracy, Metric::Auc] {
        let none = Targets::Classes(Vec::new());
        assert_eq!(
            figures::one(metric, &[] as &[f32], &none, &classes(2)),
            None
        );
    }
}

/// A regression whose target is what is learnt times `std` plus `mean`, and that transformed back.
fn value(mean: f64, std: f64, transform: Option<Transform>) -> Output {
    Output::Value {
        name: None,
        std,
        mean,
        transform,
    }
}

fn actual() -> impl Iterator<Item = f64> {
    (0..31).map(|i| f64::from(i * 29 % 31) / 3.0 + 1.0)
}

fn wrong_by(parts: f64) -> impl Iterator<Item = f64> {
    (0..31).map(move |i| (f64::from(i * 17 % 13) - 5.0) / parts)
}

/// Targets are 32-bit floats.
fn about(found: Option<f64>, expected: f64, what: Metric) {
    let found = found.unwrap_or(f64::NAN);
    assert!(
        (found - expected).abs() < 1e-5 * expected.abs(),
        "{what}: {found}, not {expected}"
    );
}

#[test]
fn errors_are_in_the_units_of_the_target() {
    // Learnt is (y − 6)/2.
    let learnt: Vec<f32> = actual().map(|y| ((y - 6.0) / 2.0) as f32).collect();
    let outputs: Vec<f64> = (actual().zip(wrong_by(7.0)))
        .map(|(y, error)| (y + error - 6.0) / 2.0)
        .collect();
    let meaning = value(6.0, 2.0, None);
    let targets = Targets::Values(learnt);
    for (metric, expected) in [
        (Metric::Mse, 0.314_680_710_994_075_1 / 4.0),
        (Metric::Rmse, 0.560_964_090_645_805_1),
        (Metric::Mae, 0.479_262_672_811_060_05),
        (Metric::R2, 0.964_598_420_013_166_5),
    ] {
        about(
            figures::one(metric, &outputs, &targets, &meaning),
            expected,
            metric,
        );
    }
    let Some(Breakdown::Residuals(residuals)) = Breakdown::of(&outputs, &targets, &meaning) else {
        panic!("a regression has residuals");
    };
    assert_eq!(residuals.rows, 31);
    assert!((residuals.mean - 0.129_032_258).abs() < 1e-5);
    let expected = [
        (0.0, -0.714_285_714),
        (0.05, -0.714_285_714),
        (0.25, -0.285_714_286),
        (0.5, 0.142_857_143),
        (0.75, 0.571_428_571),
        (0.95, 1.0),
        (1.0, 1.0),
    ];
    assert_eq!(residuals.quantiles.len(), expected.len());
    for ((share, found), (at, value)) in residuals.quantiles.iter().zip(expected) {
        assert!(
            (share - at).abs() < 1e-12 && (found - value).abs() < 1e-5,
            "{share} {found}"
        );
    }
}

#[test]
fn a_transformed_target_is_transformed_back() {
    // Learnt is (ln y − 1.5)/0.6.
    let learnt = || actual().map(|y| (y.ln() - 1.5) / 0.6);
    let targets = Targets::Values(learnt().map(|z| z as f32).collect());
    let outputs: Vec<f64> = learnt().zip(wrong_by(40.0)).map(|(z, e)| z + e).collect();
    let meaning = value(1.5, 0.6, Some(Transform::Log));
    for (metric, expected) in [
        (Metric::Mse, 0.009_637_096_774_193_549),
        (Metric::Rmse, 0.424_424_675_802_500_3),
        (Metric::Mae, 0.311_627_360_147_868_3),
        (Metric::R2, 0.979_734_665_639_118_5),
    ] {
        about(
            figures::one(metric, &outputs, &targets, &meaning),
            expected,
            metric,
        );
    }
}

#[test]
fn of_targets_that_are_all_the_same_nothing_is_explained() {
    // r2_score says 0, and 1 where all is right.
    let targets = Targets::Values(vec![2.0; 3]);
    let meaning = value(0.0, 1.0, None);
    let of = |outputs: [f32; 3]| figures::one(Metric::R2, &outputs, &targets, &meaning);
    assert_eq!(of([2.0, 2.0, 3.0]), Some(0.0));
    assert_eq!(of([2.0; 3]), Some(1.0));
}

#[test]
fn on_its_way_a_training_computes_what_it_goes_by_alone() {
    let rows: Vec<Vec<f64>> = (0..30)
        .map(|i| [1 + i * 7 % 4, 2 + i * 3 % 5].map(f64::from).to_vec())
        .collect();
    let outputs = logarithms(&rows);
    let targets = Targets::Classes((0..30).map(|i| i * 11 % 3 / 2).collect());
    let meaning = classes(2);
    for (metric, names) in [
        (Metric::Accuracy, &["accuracy", "log-loss"][..]),
        (Metric::Auc, &["auc", "log-loss"]),
        (Metric::LogLoss, &["log-loss"]),
    ] {
        let brief = figures::brief(metric, &outputs, &targets, &meaning);
        assert_eq!(brief.keys().map(String::as_str).collect::<Vec<_>>(), names);
        let all = figures::all(metric, &outputs, &targets, &meaning);
        assert!(
            brief
                .iter()
                .all(|(name, x)| all[name].to_bits() == x.to_bits())
        );
    }
    // All figures of values follow from the same errors.
    let values = Targets::Values((0..30_u8).map(f32::from).collect());
    let outputs: Vec<f64> = (0..30_u8).map(|i| f64::from(i) * 1.1).collect();
    let meaning = value(0.0, 1.0, None);
    assert_eq!(
        figures::brief(Metric::Mae, &outputs, &values, &meaning),
        figures::all(Metric::Mae, &outputs, &values, &meaning)
    );
    let none = Targets::Classes(Vec::new());
    assert!(figures::brief(Metric::Auc, &[] as &[f64], &none, &classes(2)).is_empty());
}
