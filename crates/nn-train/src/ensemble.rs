//! Which evaluated networks make the best mean.
//!
//! Greedy selection with replacement (Caruana, Niculescu-Mizil, Crew and Ksikes, *Ensemble Selection from Libraries of
//! Models*, ICML 2004): beginning with none, the network joins with which the mean scores best on the validation data. A
//! network that joins again stands in the ensemble once more, trained from another seed.
//!
//! A metric that counts right and wrong examples takes few values on a small validation part, and a greedy choice that
//! compares up to eight means eight times finds the one that is ahead by chance. Where such a metric is the search's, the log
//! loss of the mean decides in its place, which every example's probability contributes to.

use crate::data::{Metric, Output, Targets};
use crate::figures;

/// Members of an ensemble, at most.
pub const MOST_MEMBERS: usize = 8;

/// Evaluated networks that an ensemble is chosen from, at most.
pub const MOST_CANDIDATES: usize = 8;

/// What a network says about the validation data.
#[derive(Clone, Debug, PartialEq)]
pub struct Opinion {
    /// Its outputs, example by example: log-probabilities of the classes, or a number.
    pub outputs: Vec<f32>,
    /// What it counts for in a mean: the number of its decision layers, of which a union's output is the mean.
    pub weight: f64,
}

/// Chooses up to `most` members by what their mean reaches on the validation data in [`chooser`] of `metric`, and among equals by
/// the loss of the mean: cross-entropy or mean squared error. The result is in the order of joining, and not empty where there are
/// opinions. The same goes to the earlier opinion, and nothing joins that makes the mean no better.
#[must_use]
pub fn choose(
    opinions: &[&Opinion],
    targets: &Targets,
    (metric, meaning): (Metric, &Output),
    most: usize,
) -> Vec<usize> {
    let mut chosen = Vec::new();
    let mut sum = Vec::new();
    let mut total = 0.0;
    let mut reached = None;
    let metric = chooser(metric);
    while chosen.len() < most {
        let mut best: Option<(usize, Vec<f64>, Height)> = None;
        for (i, opinion) in opinions.iter().enumerate() {
            let with = added(&sum, opinion, targets);
            let mean = mean(&with, total + opinion.weight, targets);
            let height = height(&mean, targets, metric, meaning);
            if (best.as_ref()).is_none_or(|(.., best)| height > *best) {
                best = Some((i, with, height));
            }
        }
        match best {
            Some((i, with, height)) if reached.is_none_or(|reached| height > reached) => {
                (sum, reached) = (with, Some(height));
                total += opinions[i].weight;
                chosen.push(i);
            }
            _ => break,
        }
    }
    chosen
}

/// What members are chosen by where `metric` is what a search goes by: the log loss where that counts examples, else the metric.
#[must_use]
pub const fn chooser(metric: Metric) -> Metric {
    match metric {
        Metric::Accuracy | Metric::BalancedAccuracy | Metric::MacroF1 | Metric::Top(_) => {
            Metric::LogLoss
        }
        Metric::Auc | Metric::LogLoss | Metric::R2 | Metric::Rmse | Metric::Mae | Metric::Mse => {
            metric
        }
    }
}

/// What is the higher the better: the score in a metric, and what tells equals apart.
type Height = (f64, f64);

fn height(outputs: &[f64], targets: &Targets, metric: Metric, meaning: &Output) -> Height {
    let figure = |metric| figures::one(metric, outputs, targets, meaning);
    let loss = match targets {
        Targets::Classes(_) => Metric::LogLoss,
        Targets::Values(_) => Metric::Mse,
    };
    // Where the metric says nothing, or is none of this task, the loss decides.
    let score = figure(metric).map_or(0.0, |figure| metric.score(figure));
    let loss = figure(loss).map_or(f64::NEG_INFINITY, |figure| -figure);
    (score, loss)
}

/// A sum of opinions with one more: of probabilities, or of numbers.
fn added(sum: &[f64], opinion: &Opinion, targets: &Targets) -> Vec<f64> {
    let value = |x: f32| match targets {
        Targets::Classes(_) => f64::from(x).exp(),
        Targets::Values(_) => f64::from(x),
    };
    (opinion.outputs.iter().enumerate())
        .map(|(i, &x)| sum.get(i).unwrap_or(&0.0) + opinion.weight * value(x))
        .collect()
}

/// The outputs of which `sum` is `total` times the mean: logarithms of probabilities, or numbers.
fn mean(sum: &[f64], total: f64, targets: &Targets) -> Vec<f64> {
    let output = |x: &f64| match targets {
        Targets::Classes(_) => (x / total).max(f64::MIN_POSITIVE).ln(),
        Targets::Values(_) => x / total,
    };
    sum.iter().map(output).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opinion(outputs: &[f32], weight: f64) -> Opinion {
        Opinion {
            outputs: outputs.to_vec(),
            weight,
        }
    }

    fn number() -> Output {
        Output::Value {
            name: None,
            std: 1.0,
            mean: 0.0,
            transform: None,
        }
    }

    fn classes() -> Output {
        Output::Classes {
            names: vec!["a".into(), "b".into()],
        }
    }

    #[test]
    fn opposite_errors_make_a_better_mean_than_either_alone() {
        let targets = Targets::Values(vec![0.0, 0.0]);
        // Losses 1, 1 and 0.81; the first two cancel out.
        let opinions = [[1.0, -1.0], [-1.0, 1.0], [0.9, 0.9]].map(|x| opinion(&x, 1.0));
        let opinions: Vec<&Opinion> = opinions.iter().collect();
        // 0.81 first; with the first: (0.95² + 0.05²)/2 = 0.4525; then the second: (0.3² + 0.3²)/2 = 0.09; then the first or the
        // second again: (0.475² + 0.025²)/2 = 0.113, which is no better, and stops.
        assert_eq!(
            choose(&opinions, &targets, (Metric::Mse, &number()), 8),
            [2, 0, 1]
        );
        assert_eq!(
            choose(&opinions, &targets, (Metric::Mse, &number()), 2),
            [2, 0]
        );
        assert_eq!(
            choose(&opinions[..1], &targets, (Metric::Mse, &number()), 8),
            [0]
        );
        assert_eq!(
            choose(&[], &targets, (Metric::Mse, &number()), 8),
            [] as [usize; 0]
        );
    }

    #[test]
    fn probabilities_are_averaged_by_weight_and_a_better_network_joins_again() {
        let targets = Targets::Classes(vec![0, 1]);
        let log = |p: [f64; 4]| p.map(|p| p.ln() as f32);
        let opinions = [
            opinion(&log([0.9, 0.1, 0.6, 0.4]), 1.0),
            opinion(&log([0.5, 0.5, 0.1, 0.9]), 2.0),
        ];
        let opinions: Vec<&Opinion> = opinions.iter().collect();
        // Losses: −(ln 0.9 + ln 0.4)/2 = 0.511, −(ln 0.5 + ln 0.9)/2 = 0.399; together, the second twice as much:
        // −(ln 0.6333 + ln 0.7333)/2 = 0.3834; the first again: −(ln 0.7 + ln 0.65)/2 = 0.3937, the second again:
        // −(ln 0.58 + ln 0.8)/2 = 0.3839. Neither is better.
        assert_eq!(
            choose(&opinions, &targets, (Metric::LogLoss, &classes()), 8),
            [1, 0]
        );
    }

    #[test]
    fn the_metric_decides_which_is_chosen() {
        let log = |p: [f64; 3]| {
            let rows = p.into_iter().flat_map(|p| [1.0 - p, p]);
            opinion(&rows.map(|p| p.ln() as f32).collect::<Vec<_>>(), 1.0)
        };
        let targets = Targets::Classes(vec![1, 1, 0]);
        // Probabilities of class 1. The first is right about all, only just: its loss is −ln 0.51. The second is wrong about the last
        // by a little and sure of the others: its loss is −(2 ln 0.99 + ln 0.45)/3 = 0.273. Both order the examples rightly.
        let opinions = [log([0.51, 0.51, 0.49]), log([0.99, 0.99, 0.55])];
        let opinions: Vec<&Opinion> = opinions.iter().collect();
        let first = |metric| choose(&opinions, &targets, (metric, &classes()), 1);
        for counted in [
            Metric::Accuracy,
            Metric::BalancedAccuracy,
            Metric::MacroF1,
            Metric::Top(1),
        ] {
            assert_eq!(first(counted), [1], "{counted}");
        }
        assert_eq!(first(Metric::LogLoss), [1]);
        // The loss tells equals apart.
        assert_eq!(first(Metric::Auc), [1]);
        // The first orders the examples rightly at a loss of −(2 ln 0.2 + ln 0.9)/3 = 1.108. The second orders one pair of two
        // rightly, at a loss of −(ln 0.99 + ln 0.5 + ln 0.4)/3 = 0.540.
        let opinions = [log([0.2, 0.2, 0.1]), log([0.99, 0.5, 0.6])];
        let opinions: Vec<&Opinion> = opinions.iter().collect();
        let first = |metric| choose(&opinions, &targets, (metric, &classes()), 1);
        assert_eq!(first(Metric::Auc), [0]);
        assert_eq!(first(Metric::LogLoss), [1]);
        // Errors of 3, 0, 0 and of 1.2 throughout: squares 3 and 1.44, sizes 1 and 1.2.
        let targets = Targets::Values(vec![0.0; 3]);
        let opinions = [opinion(&[3.0, 0.0, 0.0], 1.0), opinion(&[1.2; 3], 1.0)];
        let opinions: Vec<&Opinion> = opinions.iter().collect();
        let first = |metric| choose(&opinions, &targets, (metric, &number()), 1);
        assert_eq!(first(Metric::Mae), [0]);
        assert_eq!(first(Metric::Rmse), [1]);
    }
}
