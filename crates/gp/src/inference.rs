//! Choosing hyper-parameters: the maximum of their posterior density, or draws from it.

use rand::Rng;

use crate::covariance::Indefinite;
use crate::distances::Distances;
use crate::error::Error;
use crate::kernel::Kernel;
use crate::likelihood::{log_marginal_likelihood, log_marginal_likelihood_gradient};
use crate::maximise::{Maximum, maximise};
use crate::prior::{Prior, log_density};
use crate::sample::{Particle, sweep};

/// How hyper-parameters follow from the data. The density that is maximised or sampled is
/// marginal likelihood × prior, over the logarithms of the parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Inference {
    /// One vector: the largest density found by gradient ascent from the last fit (or the priors' centre), and from
    /// `restarts` draws from the prior.
    Maximise {
        /// Starting points besides the first.
        restarts: usize,
    },
    /// A population of `members` draws, each moved `sweeps` times a fit by slice sampling; the first fit starts around the
    /// maximum and makes four times as many. Between fits the population stays, so that draws of successive
    /// fits form one long chain.
    Sample {
        /// Number of draws: predictions cost this many times as much as with one.
        members: usize,
        /// Moves of every draw at each fit.
        sweeps: usize,
    },
}

impl Default for Inference {
    /// Eight draws, four moves: the original averages over draws too. At held-out networks and with the default priors
    /// of the kernels, the largest density predicts as well (`nasbot-opt`'s calibration test prints both).
    fn default() -> Self {
        Self::Sample {
            members: 8,
            sweeps: 4,
        }
    }
}

/// Steps of an ascent.
const STEPS: usize = 30;
/// The gradient (log-density per unit of a log-parameter) at which an ascent ends.
const TOLERANCE: f64 = 5e-2;
/// How many times as many sweeps the first fit makes.
const BURN_IN: usize = 4;

/// The density to climb or to sample.
pub(crate) struct Target<'a, K> {
    pub(crate) kernel: &'a K,
    pub(crate) distances: &'a Distances,
    pub(crate) residuals: &'a [f64],
    pub(crate) priors: &'a [Prior],
    pub(crate) indefinite: Indefinite,
}

impl<K: Kernel> Target<'_, K> {
    /// The log-density; −∞ where the covariance cannot be factored or a bound is crossed.
    fn log_density(&self, x: &[f64]) -> f64 {
        let prior = log_density(self.priors, x);
        if prior.is_infinite() {
            return prior;
        }
        log_marginal_likelihood(
            self.kernel,
            x,
            self.distances,
            self.residuals,
            self.indefinite,
        )
        .ok()
        .filter(|l| l.is_finite())
        .map_or(f64::NEG_INFINITY, |l| l + prior)
    }

    fn gradient(&self, x: &[f64]) -> Option<(f64, Vec<f64>)> {
        let (value, mut gradient) = log_marginal_likelihood_gradient(
            self.kernel,
            x,
            self.distances,
            self.residuals,
            self.indefinite,
        )
        .ok()?;
        for ((g, prior), &x) in gradient.iter_mut().zip(self.priors).zip(x) {
            *g += prior.slope(x);
        }
        let value = value + log_density(self.priors, x);
        (value.is_finite() && gradient.iter().all(|g| g.is_finite())).then_some((value, gradient))
    }

    fn climb(&self, start: &[f64]) -> Option<Maximum> {
        let bounds: Vec<_> = self.priors.iter().map(|p| (p.low(), p.high())).collect();
        maximise(|x| self.gradient(x), start, &bounds, STEPS, TOLERANCE)
    }

    fn centre(&self) -> Vec<f64> {
        self.priors.iter().map(Prior::mean).collect()
    }

    /// The best of several ascents.
    fn maximum<'b>(&self, starts: impl IntoIterator<Item = &'b Vec<f64>>) -> Option<Maximum> {
        starts
            .into_iter()
            .filter_map(|start| self.climb(start))
            .reduce(|best, other| {
                if other.value > best.value {
                    other
                } else {
                    best
                }
            })
    }
}

impl Inference {
    pub(crate) fn check(self) -> Result<(), Error> {
        match self {
            Self::Sample { members: 0, .. } => Err(Error::Setting {
                name: "members",
                value: 0.0,
                expected: "at least one member is needed",
            }),
            _ => Ok(()),
        }
    }

    /// Vectors of hyper-parameters, given those of the last fit (none at the first).
    pub(crate) fn run<K: Kernel, R: Rng + ?Sized>(
        self,
        target: &Target<'_, K>,
        last: &[Vec<f64>],
        rng: &mut R,
    ) -> Result<Vec<Vec<f64>>, Error> {
        let failure = || Error::NotPositiveDefinite {
            size: target.residuals.len(),
            noise: libm::exp(target.priors[0].mean()),
        };
        match self {
            Self::Maximise { restarts } => {
                let mut starts = vec![last.first().cloned().unwrap_or_else(|| target.centre())];
                for _ in 0..restarts {
                    starts.push(target.priors.iter().map(|p| p.sample(rng)).collect());
                }
                let best = target.maximum(&starts).ok_or_else(failure)?;
                Ok(vec![best.at])
            }
            Self::Sample { members, sweeps } => {
                let mut log_density = |x: &[f64]| target.log_density(x);
                let (mut population, sweeps) = if last.len() == members {
                    let at = last.iter().map(|x| clamp(target.priors, x));
                    (particles(at, &mut log_density), sweeps)
                } else {
                    let best = target.maximum([&target.centre()]).ok_or_else(failure)?;
                    (around(&best, members, target, rng), BURN_IN * sweeps)
                };
                let scales: Vec<f64> = target.priors.iter().map(Prior::step).collect();
                for step in 0..sweeps {
                    sweep(
                        &mut log_density,
                        &mut population,
                        &scales,
                        step % 2 == 1,
                        rng,
                    );
                }
                Ok(population.into_iter().map(|p| p.at).collect())
            }
        }
    }
}

/// A population near a maximum: a tenth of the priors' widths away, where the density is defined.
fn around<K: Kernel, R: Rng + ?Sized>(
    best: &Maximum,
    members: usize,
    target: &Target<'_, K>,
    rng: &mut R,
) -> Vec<Particle> {
    let at: Vec<Vec<f64>> = (0..members)
        .map(|_| {
            let moved = |(p, x): (&Prior, &f64)| {
                (x + 0.1 * (p.sample(rng) - p.mean())).clamp(p.low(), p.high())
            };
            target.priors.iter().zip(&best.at).map(moved).collect()
        })
        .collect();
    particles(at, &mut |x| target.log_density(x))
        .into_iter()
        .map(|p| {
            if p.log_density.is_finite() {
                p
            } else {
                Particle {
                    at: best.at.clone(),
                    log_density: best.value,
                }
            }
        })
        .collect()
}

/// The bounds follow the data, so that a particle may have come to lie outside.
fn clamp(priors: &[Prior], x: &[f64]) -> Vec<f64> {
    priors
        .iter()
        .zip(x)
        .map(|(p, x)| x.clamp(p.low(), p.high()))
        .collect()
}

fn particles(
    at: impl IntoIterator<Item = Vec<f64>>,
    log_density: &mut impl FnMut(&[f64]) -> f64,
) -> Vec<Particle> {
    at.into_iter()
        .map(|at| Particle {
            log_density: log_density(&at),
            at,
        })
        .collect()
}
