//! What a metric decides and what weights do, in real trainings.

use std::collections::BTreeMap;

use nn_graph::{Kind, Layer, Op};
use nn_train::data::{ClassWeights, Column, DataSpec, Metric, Rule, SplitSpec, Task};
use nn_train::figures::Breakdown;
use nn_train::job::{Event, FailureKind, Final, Job};
use nn_train::torch::loss::{Wanted, loss};
use nn_train::torch::train;
use nn_train::{Optimiser, Schedule, TrainingSpec};
use tch::Tensor;

use super::alone;
use super::training::{job, short};
use crate::support::{chain, write};

/// What a job came to, and the scores on the way.
fn done(job: &Job) -> (f64, BTreeMap<String, f64>, Option<Breakdown>, Vec<f64>) {
    let mut scores = Vec::new();
    let end = train::run(job, &mut |event| match event {
        Event::Progress { score, .. } => scores.extend(score),
        Event::Memory { .. } => {}
        other => panic!("unexpected {other:?}"),
    });
    match end.unwrap() {
        Event::Done {
            score,
            metrics,
            breakdown,
            ..
        } => (score, metrics, breakdown, scores),
        other => panic!("unexpected {other:?}"),
    }
}

/// 400 rows of two noisy columns of which one in ten is of class `rare`, among others that look alike.
fn imbalanced(folder: &tempfile::TempDir) -> DataSpec {
    let rows: String = (0..400)
        .map(|i| {
            let [a, b] = [37, 61].map(|p| f64::from(i * p % 101) / 50.0 - 1.0);
            // Of the corner where both are high, about half of the rows.
            let is_rare = a + b > 0.5 && i % 2 == 0;
            format!("{a},{b},{}\n", if is_rare { "rare" } else { "usual" })
        })
        .collect();
    DataSpec::new(write(folder, "rare.csv", rows), Task::Class)
}

fn perceptron(kind: Kind, units: u32) -> nn_graph::Network {
    chain(kind, &[Layer::dense(Op::Tanh, units)])
}

#[test]
fn weights_of_classes_change_what_is_learnt() {
    let _alone = alone(1);
    let folder = tempfile::tempdir().unwrap();
    let training = TrainingSpec {
        epochs: 40,
        ..short()
    };
    let mut job = job(perceptron(Kind::MlpClass, 8), imbalanced(&folder), training);
    job.finally = Some(Final::default());
    let recognised = |job: &Job| {
        let (_, metrics, breakdown, _) = done(job);
        let Some(Breakdown::Confusion(confusion)) = breakdown else {
            panic!("{breakdown:?}");
        };
        assert_eq!(confusion.classes, ["rare", "usual"]);
        let counts = &confusion.counts;
        let all: u64 = counts.iter().flatten().sum();
        let right = (counts[0][0] + counts[1][1]) as f64 / all as f64;
        assert!((metrics["test-rows"] - all as f64).abs() < 1e-9);
        assert!((metrics["accuracy"] - right).abs() < 1e-9);
        let share =
            |class: usize| counts[class][class] as f64 / counts[class].iter().sum::<u64>() as f64;
        assert!((metrics["balanced-accuracy"] - (share(0) + share(1)) / 2.0).abs() < 1e-9);
        (share(0), metrics)
    };
    let (plain, before) = recognised(&job);
    job.task.class_weights = Some(ClassWeights::Rule(Rule::Balanced));
    let (balanced, after) = recognised(&job);
    assert!(balanced > plain + 0.2, "{balanced} {plain}");
    assert!(after["balanced-accuracy"] > before["balanced-accuracy"]);
    // The other way round it is forgotten.
    let weights = [("usual".to_owned(), 20.0)].into();
    job.task.class_weights = Some(ClassWeights::Given(weights));
    assert!(recognised(&job).0 < 0.05);
}

/// The mean squared error on validation rows after steps over all training rows at once: each row as often as `copies` says, or once
/// with that weight.
fn of_rows(
    folder: &tempfile::TempDir,
    kind: Kind,
    is_weighed: bool,
    classes: Option<ClassWeights>,
) -> BTreeMap<String, f64> {
    let copies = |i: i32| i % 3;
    let rows: String = (0..60)
        .map(|i| {
            let [a, b] = [37, 61].map(|p| f64::from(i * p % 101) / 50.0 - 1.0);
            let y = match kind {
                Kind::MlpReg => (2.0 * a - b * b).to_string(),
                _ => ["no", "yes"][usize::from(a + b * b > 0.2)].to_owned(),
            };
            let part = if i < 40 { "train" } else { "validation" };
            let row = |weight: i32| format!("{a},{b},{weight},{part},{y}\n");
            match (is_weighed, part) {
                (false, "train") => row(1).repeat(copies(i) as usize),
                _ => row(copies(i)),
            }
        })
        .collect();
    let task = if kind == Kind::MlpReg {
        Task::Reg
    } else {
        Task::Class
    };
    let path = write(folder, "rows.csv", format!("a,b,w,part,y\n{rows}"));
    let mut spec = DataSpec {
        standardise: false,
        class_weights: classes,
        split: SplitSpec {
            part: Some(Column::Name("part".into())),
            ..SplitSpec::default()
        },
        ..DataSpec::new(path, task)
    };
    if is_weighed {
        spec.weight = Some(Column::Name("w".into()));
    } else {
        spec.ignore = vec![Column::Name("w".into())];
    }
    let training = TrainingSpec {
        epochs: 30,
        batch: 1000,
        learning_rate: 0.1,
        optimiser: Optimiser::Sgd,
        schedule: Schedule::Constant,
        warmup: 0.0,
        label_smoothing: if task == Task::Class { 0.1 } else { 0.0 },
        ..TrainingSpec::default()
    };
    done(&job(perceptron(kind, 6), spec, training)).1
}

#[test]
fn a_weight_is_worth_as_many_copies_of_the_row() {
    let _alone = alone(1);
    let folder = tempfile::tempdir().unwrap();
    for (kind, figure) in [(Kind::MlpReg, "mse"), (Kind::MlpClass, "log-loss")] {
        let once = of_rows(&folder, kind, true, None);
        let copied = of_rows(&folder, kind, false, None);
        let (once, copied) = (once[figure], copied[figure]);
        assert!(
            (once - copied).abs() < 1e-4 * copied,
            "{kind}: {once} {copied}"
        );
    }
    // Weights of classes are times those of rows; with copies they are counted among these.
    let weights = || Some(ClassWeights::Given([("yes".to_owned(), 3.0)].into()));
    let once = of_rows(&folder, Kind::MlpClass, true, weights())["log-loss"];
    let copied = of_rows(&folder, Kind::MlpClass, false, weights())["log-loss"];
    let plain = of_rows(&folder, Kind::MlpClass, false, None)["log-loss"];
    assert!((once - copied).abs() < 1e-4 * copied, "{once} {copied}");
    assert!((once - plain).abs() > 1e-2 * plain, "{once} {plain}");
}

#[test]
fn losses_are_weighed_means() {
    let outputs = Tensor::from_slice(&[0.7_f64, 0.2, 0.1, 0.1, 0.3, 0.6, 0.25, 0.5, 0.25])
        .log()
        .view([3, 3]);
    let wanted = Wanted {
        targets: Tensor::from_slice(&[0_i64, 1, 2]),
        weights: Some(Tensor::from_slice(&[2.0_f64, 0.5, 1.5])),
    };
    // By numpy: mean(w·nll), and with smoothing mean(w·(0.9·nll − 0.1·mean(log p))).
    for (smoothing, expected) in [
        (0.0, 1.131_592_610_573_422_9),
        (0.1, 1.193_374_366_332_484_3),
    ] {
        let found = loss(&outputs, &wanted, smoothing)
            .unwrap()
            .double_value(&[]);
        assert!((found - expected).abs() < 1e-12, "{found}");
    }
    let wanted = Wanted {
        targets: Tensor::from_slice(&[1.0_f64, 2.0]).view([2, 1]),
        weights: Some(Tensor::from_slice(&[0.5_f64, 3.0])),
    };
    let outputs = Tensor::from_slice(&[0.0_f64, 4.0]).view([2, 1]);
    let found = loss(&outputs, &wanted, 0.0).unwrap().double_value(&[]);
    assert!(
        (found - (0.5 * 1.0 + 3.0 * 4.0) / 2.0).abs() < 1e-12,
        "{found}"
    );
}

#[test]
fn the_metric_decides_which_weights_are_the_best() {
    let _alone = alone(1);
    let folder = tempfile::tempdir().unwrap();
    let training = TrainingSpec {
        epochs: 40,
        patience: Some(100),
        learning_rate: 0.2,
        ..short()
    };
    let mut job = job(
        perceptron(Kind::MlpClass, 32),
        imbalanced(&folder),
        training,
    );
    let mut best = Vec::new();
    for metric in [
        Metric::Accuracy,
        Metric::LogLoss,
        Metric::BalancedAccuracy,
        Metric::Auc,
    ] {
        job.task.metric = Some(metric);
        let (score, metrics, _, scores) = done(&job);
        let highest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        assert!(
            (score - highest).abs() < 1e-12,
            "{metric}: {score} {scores:?}"
        );
        let epoch = metrics["epochs"] as usize;
        assert!((scores[epoch - 1] - score).abs() < 1e-12, "{metric}");
        let figure = metrics[&metric.to_string()];
        assert!((metric.figure(score) - figure).abs() < 1e-12 && figure > 0.0);
        assert_eq!(score < 0.0, metric.is_loss(), "{metric}");
        best.push(epoch);
    }
    // The trainings are the same, the epochs that they return to are not.
    best.sort_unstable();
    best.dedup();
    assert!(best.len() > 1, "{best:?}");
}

#[test]
fn a_regression_is_scored_in_the_units_of_its_target_and_tells_its_residuals() {
    let _alone = alone(1);
    let folder = tempfile::tempdir().unwrap();
    let rows: String = (0..200)
        .map(|i| {
            let [a, b] = [37, 61].map(|p| f64::from(i * p % 101) / 50.0 - 1.0);
            format!("{a},{b},{}\n", 1000.0 + 200.0 * a - 50.0 * a * b)
        })
        .collect();
    let spec = DataSpec::new(write(&folder, "units.csv", rows), Task::Reg);
    let training = TrainingSpec {
        learning_rate: 0.02,
        epochs: 20,
        ..short()
    };
    let mut job = job(perceptron(Kind::MlpReg, 8), spec, training);
    job.finally = Some(Final::default());
    for metric in [Metric::Rmse, Metric::Mae, Metric::R2] {
        job.task.metric = Some(metric);
        let (score, metrics, breakdown, _) = done(&job);
        let figure = metrics[&metric.to_string()];
        assert!((metric.figure(score) - figure).abs() < 1e-9, "{metric}");
        if metric.is_loss() {
            // Standardised, a useless network would have 1; in units it has 120.
            assert!(score < -1.0 && score > -120.0, "{metric}: {score}");
        }
        let Some(Breakdown::Residuals(residuals)) = breakdown else {
            panic!("{breakdown:?}");
        };
        assert!((metrics["test-rows"] - residuals.rows as f64).abs() < 1e-9);
        let largest = residuals.quantiles[6].1.max(-residuals.quantiles[0].1);
        assert!(largest >= metrics["mae"] && largest >= metrics["rmse"]);
        assert!(residuals.mean.abs() <= metrics["mae"]);
    }
}

#[test]
fn of_folds_of_one_class_there_is_no_curve() {
    let _alone = alone(1);
    let folder = tempfile::tempdir().unwrap();
    let mut spec = imbalanced(&folder);
    spec.metric = Some(Metric::Auc);
    let training = TrainingSpec {
        folds: Some(4),
        epochs: 1,
        ..short()
    };
    let mut job = job(perceptron(Kind::MlpClass, 4), spec, training);
    let (score, metrics, ..) = done(&job);
    assert!((score - metrics["auc"]).abs() < 1e-12);
    // Three rare rows among 300 at most, in the order of the file: some fold has none.
    let rows: String = (0..300)
        .map(|i| {
            format!(
                "{i},{}\n",
                if [5, 20, 280].contains(&i) {
                    "rare"
                } else {
                    "usual"
                }
            )
        })
        .collect();
    job.task.path = write(&folder, "few.csv", rows).into();
    job.task.split = SplitSpec {
        train: Some(0.5),
        validation: Some(0.5),
        test: Some(0.0),
        shuffle: false,
        ..SplitSpec::default()
    };
    let error = train::run(&job, &mut |_| {}).unwrap_err();
    assert_eq!(error.failure(), FailureKind::BadData);
    assert!(
        error
            .to_string()
            .contains("all examples of fold 2 of 4 are of one class"),
        "{error}"
    );
}
