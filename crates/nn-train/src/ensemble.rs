//! Which evaluated networks make the best mean.
//!
//! Greedy selection with replacement (Caruana, Niculescu-Mizil, Crew and Ksikes, *Ensemble Selection from Libraries of
//! Models*, ICML 2004): beginning with none, the network joins that makes the loss of the mean on the validation data least. A
//! network that joins again stands in the ensemble once more, trained from another seed.

use crate::data::Targets;

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

/// Chooses up to `most` members by the loss of their mean on the validation data: cross-entropy or mean squared error. The result
/// is in the order of joining, and not empty where there are opinions. The same loss goes to the earlier opinion, and nothing
/// joins that makes the mean no better.
#[must_use]
pub fn choose(opinions: &[&Opinion], targets: &Targets, most: usize) -> Vec<usize> {
    let mut chosen = Vec::new();
    let mut sum = Vec::new();
    let mut total = 0.0;
    let mut least = f64::INFINITY;
    while chosen.len() < most {
        let mut best: Option<(usize, Vec<f64>, f64)> = None;
        for (i, opinion) in opinions.iter().enumerate() {
            let with = added(&sum, opinion, targets);
            let loss = loss(&with, total + opinion.weight, targets);
            let is_better = (best.as_ref()).is_none_or(|(.., least)| loss < *least);
            if is_better {
                best = Some((i, with, loss));
            }
        }
        match best {
            Some((i, with, loss)) if loss < least || chosen.is_empty() => {
                (sum, least) = (with, loss);
                total += opinions[i].weight;
                chosen.push(i);
            }
            _ => break,
        }
    }
    chosen
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

/// The mean loss of the outputs `sum / total`.
fn loss(sum: &[f64], total: f64, targets: &Targets) -> f64 {
    let n = targets.len().max(1);
    let width = sum.len() / n;
    let losses: f64 = match targets {
        Targets::Classes(classes) => (classes.iter().zip(sum.chunks_exact(width.max(1))))
            .map(|(&class, row)| -(row[class as usize] / total).max(f64::MIN_POSITIVE).ln())
            .sum(),
        Targets::Values(values) => (values.iter().zip(sum))
            .map(|(&y, x)| (x / total - f64::from(y)).powi(2))
            .sum(),
    };
    losses / n as f64
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

    #[test]
    fn opposite_errors_make_a_better_mean_than_either_alone() {
        let targets = Targets::Values(vec![0.0, 0.0]);
        // Losses 1, 1 and 0.81; the first two cancel out.
        let opinions = [[1.0, -1.0], [-1.0, 1.0], [0.9, 0.9]].map(|x| opinion(&x, 1.0));
        let opinions: Vec<&Opinion> = opinions.iter().collect();
        // 0.81 first; with the first: (0.95² + 0.05²)/2 = 0.4525; then the second: (0.3² + 0.3²)/2 = 0.09; then the first or the
        // second again: (0.475² + 0.025²)/2 = 0.113, which is no better, and stops.
        assert_eq!(choose(&opinions, &targets, 8), [2, 0, 1]);
        assert_eq!(choose(&opinions, &targets, 2), [2, 0]);
        assert_eq!(choose(&opinions[..1], &targets, 8), [0]);
        assert_eq!(choose(&[], &targets, 8), [] as [usize; 0]);
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
        assert_eq!(choose(&opinions, &targets, 8), [1, 0]);
    }
}
