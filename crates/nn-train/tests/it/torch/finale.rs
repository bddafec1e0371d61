//! The last training: when it stops, what it is scored on, and ensembles.

use std::collections::BTreeMap;
use std::path::Path;

use nn_graph::{Kind, Layer, Network, Op};
use nn_train::TrainingSpec;
use nn_train::data::{DataSpec, Metric, SplitSpec, Task};
use nn_train::job::{Candidate, Event, Final, Job};
use nn_train::torch::predict::predict;
use nn_train::torch::train;

use super::alone;
use super::training::{job, short};
use crate::support::{chain, write};

/// Three classes of points in the plane that overlap a little, 300 rows as they stand.
fn points(folder: &tempfile::TempDir) -> DataSpec {
    let rows: String = (0..300)
        .map(|i| {
            let [a, b] = [37, 61].map(|p| f64::from(i * p % 101) / 50.0 - 1.0);
            let noise = f64::from(i * 83 % 29) / 29.0 - 0.5;
            let class = match a * a + b + noise {
                x if x < -0.1 => "low",
                x if x < 0.6 => "middle",
                _ => "high",
            };
            format!("{a},{b},{class}\n")
        })
        .collect();
    DataSpec {
        split: SplitSpec {
            shuffle: false,
            ..SplitSpec::default()
        },
        ..DataSpec::new(write(folder, "points.csv", rows), Task::Class)
    }
}

/// A protocol that returns to its best weights, long before its end.
fn patient() -> TrainingSpec {
    TrainingSpec {
        epochs: 60,
        patience: Some(3),
        learning_rate: 0.1,
        ..short()
    }
}

fn perceptron(units: u32) -> Network {
    chain(Kind::MlpClass, &[Layer::dense(Op::Tanh, units)])
}

/// What a job came to, and the epochs of its progress.
fn done(job: &Job) -> (Event, Vec<(u32, Option<f64>)>) {
    let mut epochs = Vec::new();
    let end = train::run(job, &mut |event| match event {
        Event::Progress { epoch, score, .. } => epochs.push((epoch, score)),
        Event::Memory { .. } => {}
        other => panic!("unexpected {other:?}"),
    });
    (end.unwrap(), epochs)
}

fn figures(event: &Event) -> (f64, &BTreeMap<String, f64>) {
    match event {
        Event::Done { score, metrics, .. } => (*score, metrics),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_last_training_ends_where_the_evaluation_was_best() {
    let _alone = alone(1);
    let folder = tempfile::tempdir().unwrap();
    let mut job = job(perceptron(16), points(&folder), patient());
    let (evaluated, epochs) = done(&job);
    let (score, metrics) = figures(&evaluated);
    // The epoch with the best score on the way is the one that is told.
    let best = epochs.iter().position(|(_, s)| *s == Some(score)).unwrap() as u32 + 1;
    assert!((metrics["epochs"] - f64::from(best)).abs() < 1e-9);
    assert_eq!(epochs.len() as u32, best + 3, "patience is 3");
    job.finally = Some(Final {
        epochs: Some(best),
        ..Final::default()
    });
    let (known, epochs) = done(&job);
    assert_eq!(epochs.len() as u32, best);
    assert!(epochs.iter().all(|(_, score)| score.is_none()));
    // Where it is not known, the evaluation is repeated first, and the rest is the same.
    job.finally = Some(Final::default());
    let (found, epochs) = done(&job);
    assert_eq!(epochs.len() as u32, 2 * best + 3);
    assert_eq!(figures(&known), figures(&found));
    assert!((figures(&known).1["test-rows"] - 60.0).abs() < 1e-9);
}

#[test]
fn without_a_test_part_the_score_is_that_of_the_evaluation() {
    let _alone = alone(1);
    let folder = tempfile::tempdir().unwrap();
    let mut job = job(perceptron(16), points(&folder), patient());
    let (evaluated, _) = done(&job);
    // On all rows …
    job.finally = Some(Final {
        all: true,
        ..Final::default()
    });
    let (all, _) = done(&job);
    assert!((figures(&all).0 - figures(&evaluated).0).abs() < 1e-12);
    assert!(figures(&all).1["test-rows"].abs() < 1e-9);
    // … and where there are no others.
    job.task.split = SplitSpec {
        train: Some(0.8),
        validation: Some(0.2),
        test: Some(0.0),
        ..job.task.split
    };
    job.finally = None;
    let (evaluated, _) = done(&job);
    job.finally = Some(Final::default());
    let (last, _) = done(&job);
    assert!((figures(&last).0 - figures(&evaluated).0).abs() < 1e-12);
}

#[test]
fn with_folds_the_score_is_the_mean_over_them_and_the_spread_is_told() {
    let _alone = alone(1);
    let folder = tempfile::tempdir().unwrap();
    let training = TrainingSpec {
        folds: Some(4),
        ..short()
    };
    let job = job(perceptron(16), points(&folder), training);
    let (event, epochs) = done(&job);
    let (score, metrics) = figures(&event);
    assert_eq!(epochs.len(), 16, "four folds of four epochs");
    let last: Vec<f64> = epochs.chunks(4).map(|fold| fold[3].1.unwrap()).collect();
    let mean = last.iter().sum::<f64>() / 4.0;
    let variance = last.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 3.0;
    assert!((score - mean).abs() < 1e-12, "{score} {last:?}");
    assert!((metrics["noise"] - variance.sqrt()).abs() < 1e-12 && variance > 0.0);
    // Of 240 rows each fold holds out 60, so that every score is a number of sixtieths.
    assert!(
        last.iter()
            .all(|x| (60.0 * x).fract().min(1.0 - (60.0 * x).fract()) < 1e-9)
    );
}

/// The probabilities that a model gives the first rows of the data.
fn probabilities(weights: &Path, rows: &Path) -> Vec<f64> {
    let mut out = Vec::new();
    predict(weights, rows, &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    (text.lines().skip(1))
        .flat_map(|line| {
            line.split(',')
                .skip(1)
                .map(|p| p.parse().unwrap())
                .collect::<Vec<f64>>()
        })
        .collect()
}

#[test]
fn an_ensemble_is_the_mean_of_its_members_trained_alone() {
    let _alone = alone(1);
    let folder = tempfile::tempdir().unwrap();
    let spec = DataSpec {
        metric: Some(Metric::MacroF1),
        ..points(&folder)
    };
    let rows = folder.path().join("points.csv");
    let candidates: Vec<Candidate> = (0..3)
        .map(|i| Candidate {
            evaluation: 10 + i,
            network: perceptron(10 + 2 * i as u32),
            seed: 100 + i,
            keys: BTreeMap::new(),
        })
        .collect();
    let together = folder.path().join("together.safetensors");
    let mut ensemble = job(perceptron(4), spec.clone(), patient());
    ensemble.save = Some(together.clone());
    ensemble.finally = Some(Final {
        candidates: candidates.clone(),
        ..Final::default()
    });
    let (end, _) = done(&ensemble);
    let Event::Done {
        members,
        parameters,
        ..
    } = end
    else {
        panic!("{end:?}");
    };
    assert!(members.len() > 1, "{members:?}");
    let mut sum: Vec<f64> = Vec::new();
    let mut count = 0;
    for (at, member) in members.iter().enumerate() {
        let candidate = &candidates[*member as usize - 10];
        let copies = members[..at].iter().filter(|m| *m == member).count() as u64;
        // As long as its evaluation says, from its seed, or another one for a second copy.
        let mut alone = job(candidate.network.clone(), spec.clone(), patient());
        alone.seed = candidate.seed;
        let epochs = figures(&done(&alone).0).1["epochs"] as u32;
        let weights = folder.path().join("alone.safetensors");
        alone.save = Some(weights.clone());
        alone.seed = candidate
            .seed
            .wrapping_add(copies.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        alone.finally = Some(Final {
            epochs: Some(epochs),
            ..Final::default()
        });
        let Event::Done { parameters, .. } = done(&alone).0 else {
            panic!("it ends with done");
        };
        count += parameters;
        let said = probabilities(&weights, &rows);
        sum.resize(said.len(), 0.0);
        sum.iter_mut().zip(said).for_each(|(sum, p)| *sum += p);
    }
    assert_eq!(parameters, count);
    let said = probabilities(&together, &rows);
    assert_eq!(said.len(), sum.len());
    for (mean, sum) in said.iter().zip(&sum) {
        assert!(
            (mean - sum / members.len() as f64).abs() < 1e-6,
            "{mean} {sum}"
        );
    }
}
