//! Priors over hyper-parameters.
//!
//! Hyper-parameters are positive and are worked with by their logarithms, x. Each has a prior of its own: normal in x
//! (log-normal in the parameter) or flat, between hard bounds. Densities are over x, so no Jacobian is needed.

use rand::{Rng, RngExt};
use rand_distr::{Distribution, StandardNormal};

/// How many standard deviations a log-normal prior reaches to either side before its bounds.
const REACH: f64 = 4.0;

/// The prior of the logarithm x of one positive parameter.
///
/// ```
/// use gp::Prior;
///
/// let noise = Prior::log_normal(0.02, 1.5);
/// assert!((noise.mean() - 0.02f64.ln()).abs() < 1e-15);
/// assert!(noise.log_density(noise.mean()) > noise.log_density(noise.mean() + 1.0));
/// assert_eq!(noise.log_density(noise.high() + 1.0), f64::NEG_INFINITY);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prior {
    mean: f64,
    deviation: f64,
    low: f64,
    high: f64,
}

impl Prior {
    /// Log-normal with the given median and the standard deviation of the logarithm, cut off four deviations away.
    #[must_use]
    pub fn log_normal(median: f64, deviation: f64) -> Self {
        let mean = libm::log(median);
        Self {
            mean,
            deviation,
            low: mean - REACH * deviation,
            high: mean + REACH * deviation,
        }
    }

    /// Flat in x = log(parameter) between two bounds *of x*.
    #[must_use]
    pub fn flat(low: f64, high: f64) -> Self {
        Self {
            mean: 0.5 * (low + high),
            deviation: f64::INFINITY,
            low,
            high,
        }
    }

    /// The centre, in x.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.mean
    }

    /// The lower bound, in x.
    #[must_use]
    pub fn low(&self) -> f64 {
        self.low
    }

    /// The upper bound, in x.
    #[must_use]
    pub fn high(&self) -> f64 {
        self.high
    }

    /// A length to move by: the standard deviation, or an eighth of the range of a flat prior.
    #[must_use]
    pub(crate) fn step(&self) -> f64 {
        if self.deviation.is_finite() {
            self.deviation
        } else {
            (self.high - self.low) / 8.0
        }
    }

    /// The logarithm of the density at x, up to a constant; −∞ outside the bounds.
    #[must_use]
    pub fn log_density(&self, x: f64) -> f64 {
        if x < self.low || x > self.high || x.is_nan() {
            return f64::NEG_INFINITY;
        }
        // With an infinite deviation this is −0.
        let z = (x - self.mean) / self.deviation;
        -0.5 * z * z
    }

    /// Derivative of [`log_density`](Self::log_density) inside the bounds.
    #[must_use]
    pub fn slope(&self, x: f64) -> f64 {
        -((x - self.mean) / self.deviation) / self.deviation
    }

    /// A draw of x.
    pub fn sample<R: Rng + ?Sized>(&self, rng: &mut R) -> f64 {
        if self.deviation.is_finite() {
            let z: f64 = StandardNormal.sample(rng);
            (self.mean + self.deviation * z).clamp(self.low, self.high)
        } else {
            self.low + (self.high - self.low) * rng.random::<f64>()
        }
    }
}

/// The joint log-density of independent priors.
pub(crate) fn log_density(priors: &[Prior], x: &[f64]) -> f64 {
    priors.iter().zip(x).map(|(p, &x)| p.log_density(x)).sum()
}
