//! The paper's evolutionary baseline: parents are drawn from all scored candidates with
//! probabilities in proportion to their exponentiated scores, and mutated.
//!
//! The probability of a parent with score y is proportional to exp((y − ȳ) / (2σ)), where ȳ and σ are
//! the mean and standard deviation of all scores; where all scores are equal it is uniform. With several objectives or bounds, parents are
//! drawn evenly from the Pareto front.

use rand::RngExt as _;
use rand_pcg::Pcg64;

use super::{Choice, View};
use crate::model::fitness;
use crate::{Error, Evaluation, Origin, Space};

/// How many mutations are tried before the choice is left to chance.
const ATTEMPTS: usize = 200;

/// Standard deviations of the score by which a parent gets e times as likely.
const SCALE: f64 = 2.0;

pub(crate) fn choose<S: Space>(
    view: &View<'_, S>,
    rng: &mut Pcg64,
) -> Result<Option<Choice<S::Candidate>>, Error> {
    let history = view.history;
    let (parents, fitness): (Vec<&Evaluation<S::Candidate>>, Vec<f64>) =
        match (history.aims().is_score_alone(), history.front()) {
            (true, _) => history.scored().unzip(),
            (false, front) if front.is_empty() => {
                let all: Vec<_> = history.scored().map(|(evaluation, _)| evaluation).collect();
                let fitness = fitness(history, all.iter().copied());
                (all, fitness)
            }
            (false, front) => {
                let even = vec![0.0; front.len()];
                (front, even)
            }
        };
    let Some(roulette) = Roulette::new(&fitness, SCALE) else {
        return Ok(None);
    };
    for _ in 0..ATTEMPTS {
        let parent = &parents[roulette.draw(rng)].suggestion;
        if let Some(child) = view.space.mutate(&parent.candidate, rng) {
            let choice = view.fresh(child, Origin::Mutation { parent: parent.id })?;
            if choice.is_some() {
                return Ok(choice);
            }
        }
    }
    Ok(None)
}

/// Draws indices with probabilities in proportion to exponentiated fitness.
pub(crate) struct Roulette {
    /// Running sums of the weights.
    cumulative: Vec<f64>,
}

impl Roulette {
    /// Weights exp((f − max f) / (scale·σ)); uniform when all are equal. `None` of nothing.
    pub(crate) fn new(fitness: &[f64], scale: f64) -> Option<Self> {
        if fitness.is_empty() {
            return None;
        }
        let count = fitness.len() as f64;
        let top = fitness.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        // Relative to the maximum, so that neither huge scores nor huge spreads overflow.
        let mean = fitness.iter().map(|f| (f - top) / count).sum::<f64>();
        let spread = (fitness
            .iter()
            .map(|f| (f - top - mean).powi(2) / count)
            .sum::<f64>())
        .sqrt();
        let mut sum = 0.0;
        let cumulative = fitness
            .iter()
            .map(|f| {
                let weight = ((f - top) / (scale * spread)).exp();
                sum += if spread > 0.0 && weight.is_finite() {
                    weight
                } else {
                    1.0
                };
                sum
            })
            .collect();
        Some(Self { cumulative })
    }

    pub(crate) fn draw(&self, rng: &mut Pcg64) -> usize {
        let total = self.cumulative.last().copied().unwrap_or(1.0);
        let at = rng.random::<f64>() * total;
        self.cumulative
            .partition_point(|&sum| sum <= at)
            .min(self.cumulative.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng as _;

    fn frequencies(fitness: &[f64]) -> Vec<f64> {
        let roulette = Roulette::new(fitness, SCALE).unwrap();
        let mut rng = Pcg64::seed_from_u64(5);
        let mut counts = vec![0.0; fitness.len()];
        for _ in 0..40_000 {
            counts[roulette.draw(&mut rng)] += 1.0 / 40_000.0;
        }
        counts
    }

    #[test]
    fn weights_are_the_papers() {
        // mean 1, standard deviation sqrt(2/3)
        let fitness = [0.0, 1.0, 2.0];
        let weights: Vec<f64> = fitness
            .iter()
            .map(|f| ((f - 1.0) / (2.0 * (2.0_f64 / 3.0).sqrt())).exp())
            .collect();
        let total: f64 = weights.iter().sum();
        for (found, weight) in frequencies(&fitness).iter().zip(&weights) {
            assert!((found - weight / total).abs() < 0.01, "{found} {weight}");
        }
    }

    #[test]
    fn ties_and_extreme_scores_leave_every_index_possible() {
        for fitness in [
            [3.0; 4],
            [1e300, -1e300, 0.0, 1e300],
            [1e-320, 0.0, 0.0, 0.0],
        ] {
            assert!(
                frequencies(&fitness).iter().all(|&f| f > 0.05),
                "{fitness:?}"
            );
        }
        assert!(Roulette::new(&[], SCALE).is_none());
    }
}
