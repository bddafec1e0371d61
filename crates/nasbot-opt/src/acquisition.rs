//! Acquisitions: how much an evaluation at a candidate is worth, given what the surrogate predicts
//! there.
//!
//! With μ and σ the mean and standard deviation of one member of the surrogate at a candidate, τ that
//! member's best mean over evaluated candidates, z = (μ − τ)/σ, and φ, Φ the standard normal density and
//! distribution:
//!
//! ```text
//! ei       σ h(z),   h(z) = φ(z) + z Φ(z)
//! log-ei   log of the same, finite wherever σ > 0
//! ucb      μ̄ + √(2 log(1 + t)) · s̄ / 2       of the mixture, t suggestions made
//! ts       a draw from the mixture, each candidate's on its own
//! ttei     ei with probability 1/2; else ei over the leader, the candidate of the best ei:
//!          √(σ² + σₗ²) h((μ − μₗ) / √(σ² + σₗ²))
//! ucb-pe   ucb while nothing is pending; else s̄ among candidates whose upper bound reaches the best
//!          lower bound
//! ```
//!
//! Expected improvements are averaged over the members. Improvement is over τ rather than over the best
//! score, which may owe its place to noise.

use gp::{Prediction, Predictions};
use rand::Rng;
use rand_distr::{Distribution as _, StandardNormal};

use crate::Acquisition;

/// 1/√(2π).
const DENSITY: f64 = 0.398_942_280_401_432_7;

/// φ(x).
fn normal_pdf(x: f64) -> f64 {
    DENSITY * (-0.5 * x * x).exp()
}

/// Φ(x).
pub(crate) fn normal_cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2)
}

/// log h(z) = log(φ(z) + z Φ(z)).
///
/// Above z = −1 as written. Below, φ(z) is taken out and the rest is 1 − |z|·M with the Mills ratio
/// M = Φ(z)/φ(z), which cancels as z falls: below −36 it is replaced by its asymptotic series
/// z⁻² − 3z⁻⁴ + 15z⁻⁶, whose relative error there is below 105·36⁻⁶ ≈ 5·10⁻⁸.
pub(crate) fn log_h(z: f64) -> f64 {
    if z > -1.0 {
        return (normal_pdf(z) + z * normal_cdf(z)).ln();
    }
    let log_density = DENSITY.ln() - 0.5 * z * z;
    let square = 1.0 / (z * z);
    let rest = if z > -36.0 {
        1.0 + z * normal_cdf(z) / normal_pdf(z)
    } else {
        square * (1.0 - square * (3.0 - 15.0 * square))
    };
    log_density + rest.max(f64::MIN_POSITIVE).ln()
}

/// How candidates are judged at one step; fixed before the first candidate is looked at.
#[derive(Clone, Debug)]
pub(crate) struct AcquisitionFunction {
    acquisition: Acquisition,
    /// Each member's best mean over evaluated candidates.
    best: Vec<f64>,
    /// Standard deviations above the mean of the confidence bound.
    width: f64,
    /// Each member's mean and standard deviation at the leader of `ttei`.
    leader: Option<Vec<(f64, f64)>>,
    exploring: bool,
}

impl AcquisitionFunction {
    /// `best` as above, `step` suggestions made, `pending` of them without an outcome.
    pub(crate) fn new(
        acquisition: Acquisition,
        best: Vec<f64>,
        step: usize,
        pending: usize,
    ) -> Self {
        Self {
            acquisition,
            best,
            width: 0.5 * (2.0 * (1.0 + step as f64).ln()).sqrt(),
            leader: None,
            exploring: acquisition == Acquisition::UcbPe && pending > 0,
        }
    }

    /// From now on, improvement is over the leader, at which the members predict this.
    pub(crate) fn follow(&mut self, predictions: &Predictions, index: usize) {
        let at = |p: &Prediction| (p.mean[index], p.std[index]);
        self.leader = Some(predictions.members.iter().map(at).collect());
    }

    /// The acquisition's values at all predicted candidates.
    pub(crate) fn values<R: Rng + ?Sized>(
        &self,
        predictions: &Predictions,
        rng: &mut R,
    ) -> Vec<f64> {
        let mixture = predictions.mixture();
        let count = mixture.mean.len();
        match self.acquisition {
            Acquisition::Ei | Acquisition::Ttei => (0..count)
                .map(|i| self.log_improvement(predictions, i).exp())
                .collect(),
            Acquisition::LogEi => (0..count)
                .map(|i| self.log_improvement(predictions, i))
                .collect(),
            Acquisition::Ts => (0..count)
                .map(|i| {
                    let normal: f64 = StandardNormal.sample(rng);
                    mixture.mean[i] + normal * mixture.std[i]
                })
                .collect(),
            Acquisition::UcbPe if self.exploring => self.explore(&mixture),
            Acquisition::Ucb | Acquisition::UcbPe => (0..count)
                .map(|i| mixture.mean[i] + self.width * mixture.std[i])
                .collect(),
        }
    }

    /// log of the expected improvement at candidate `index`, averaged over members.
    fn log_improvement(&self, predictions: &Predictions, index: usize) -> f64 {
        let logs = predictions.members.iter().enumerate().map(|(m, p)| {
            let (mut target, mut std) = (self.best[m], p.std[index]);
            if let Some(leader) = &self.leader {
                target = leader[m].0;
                std = std.hypot(leader[m].1);
            }
            std.ln() + log_h((p.mean[index] - target) / std)
        });
        let top = logs.clone().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = logs.map(|log| (log - top).exp()).sum();
        top + (sum / predictions.members.len() as f64).ln()
    }

    /// Standard deviations; candidates that cannot be best any more come after all others.
    fn explore(&self, mixture: &Prediction) -> Vec<f64> {
        let bounds = |sign: f64| &mixture.mean + &(&mixture.std * (sign * self.width));
        let floor = bounds(-1.0)
            .iter()
            .copied()
            .fold(f64::NEG_INFINITY, f64::max);
        let best = self.best.iter().sum::<f64>() / self.best.len() as f64;
        let floor = floor.max(best);
        (bounds(1.0).iter().zip(&mixture.std))
            .map(|(&upper, &std)| if upper >= floor { std } else { upper - floor })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    /// h by adaptive-free quadrature: ∫ max(z + x, 0) φ(x) dx.
    fn h_by_quadrature(z: f64) -> f64 {
        // x = −z + u, u ≥ 0, midpoint rule on a fine grid.
        let step = 1e-4;
        (0..400_000)
            .map(|k| (f64::from(k) + 0.5) * step)
            .map(|u| u * normal_pdf(u - z) * step)
            .sum()
    }

    #[test]
    fn log_improvement_agrees_with_quadrature_on_every_branch() {
        for z in [-8.0, -5.0, -2.0, -1.0, -0.999, 0.0, 0.5, 3.0] {
            let expected = h_by_quadrature(z).ln();
            assert!(
                (log_h(z) - expected).abs() < 1e-6,
                "{z}: {} {expected}",
                log_h(z)
            );
        }
    }

    #[test]
    fn log_improvement_rises_and_has_no_jump_between_branches() {
        let mut last = f64::NEG_INFINITY;
        for k in -60_000..5_000 {
            let log = log_h(f64::from(k) * 1e-3);
            assert!(log.is_finite() && log > last, "{k}");
            assert!(last.is_infinite() || log - last < 0.07, "{k}");
            last = log;
        }
    }

    fn two_members() -> Predictions {
        let member = |mean, std| Prediction { mean, std };
        Predictions {
            members: vec![
                member(array![1.0, 2.0, 0.0], array![0.5, 0.1, 2.0]),
                member(array![0.8, 2.2, 0.1], array![0.4, 0.2, 1.0]),
            ],
        }
    }

    #[test]
    fn ei_is_the_mean_over_members_and_log_ei_its_logarithm() {
        use rand::SeedableRng as _;
        let rng = &mut rand_pcg::Pcg64::seed_from_u64(0);
        let function = |acquisition| AcquisitionFunction::new(acquisition, vec![1.5, 1.9], 10, 0);
        let ei = function(Acquisition::Ei).values(&two_members(), rng);
        let log = function(Acquisition::LogEi).values(&two_members(), rng);
        for (i, (ei, log)) in ei.iter().zip(log).enumerate() {
            let expected: f64 = (two_members().members.iter().zip([1.5, 1.9]))
                .map(|(p, best)| 0.5 * p.std[i] * h_by_quadrature((p.mean[i] - best) / p.std[i]))
                .sum();
            assert!((ei - expected).abs() < 1e-7);
            assert!((ei.ln() - log).abs() < 1e-12);
        }
    }

    #[test]
    fn exploration_keeps_to_candidates_that_may_be_best() {
        let prediction = Prediction {
            mean: array![5.0, 0.0, 4.9],
            std: array![0.1, 0.5, 0.3],
        };
        let one = Predictions {
            members: vec![prediction],
        };
        use rand::SeedableRng as _;
        let rng = &mut rand_pcg::Pcg64::seed_from_u64(0);
        let values =
            AcquisitionFunction::new(Acquisition::UcbPe, vec![4.0], 20, 1).values(&one, rng);
        assert!(values[2] > values[0] && values[0] > values[1]);
        let values =
            AcquisitionFunction::new(Acquisition::UcbPe, vec![4.0], 20, 0).values(&one, rng);
        assert!(values[2] > values[1]);
    }
}
