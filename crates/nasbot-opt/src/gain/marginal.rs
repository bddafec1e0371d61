//! What is believed of one figure of one candidate: a number that is known, or a normal distribution.

use crate::acquisition::{log_h, normal_cdf};

/// What is believed of one figure, larger being better.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Marginal {
    /// It is known.
    Exact(f64),
    /// It is normal, in units of what the surrogate learns from.
    Normal {
        /// The mean.
        mean: f64,
        /// The standard deviation; not negative.
        std: f64,
    },
}

impl Marginal {
    /// Ψ(edge) = E max(u − edge, 0) of the figure u: of a normal one σ h((μ − edge)/σ), with h(z) = φ(z) + z Φ(z).
    pub(crate) fn beyond(self, edge: f64) -> f64 {
        match self {
            Self::Normal { mean, std } if std > 0.0 => std * log_h((mean - edge) / std).exp(),
            Self::Normal { mean: u, .. } | Self::Exact(u) => (u - edge).max(0.0),
        }
    }

    /// P(u ≥ least).
    pub(crate) fn at_least(self, least: f64) -> f64 {
        match self {
            Self::Normal { mean, std } if std > 0.0 => normal_cdf((mean - least) / std),
            Self::Normal { mean: u, .. } | Self::Exact(u) => f64::from(u8::from(u >= least)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_beyond_an_edge_is_the_integral_of_the_survival_function() {
        for (mean, std) in [(0.2, 0.7), (-3.0, 0.5), (1.4, 1.5), (0.9, 0.01)] {
            let marginal = Marginal::Normal { mean, std };
            for edge in [-2.0, 0.3, 1.0, 3.0] {
                // The midpoint rule, far into the tail.
                let step = 2e-4;
                let survival = |k: u32| marginal.at_least(edge + (f64::from(k) + 0.5) * step);
                let expected: f64 = (0..80_000).map(|k| step * survival(k)).sum();
                let found = marginal.beyond(edge);
                assert!(
                    (found - expected).abs() < 1e-6,
                    "{mean} {std} {edge}: {found} {expected}"
                );
            }
        }
    }

    #[test]
    fn certainty_is_the_limit_of_small_deviations() {
        for u in [-2.0, 0.0, 0.8, 2.0] {
            for std in [0.0, 1e-9] {
                let normal = Marginal::Normal { mean: u, std };
                for edge in [0.1, 2.4, -5.0] {
                    assert!((Marginal::Exact(u).beyond(edge) - normal.beyond(edge)).abs() < 1e-8);
                    let [a, b] = [Marginal::Exact(u), normal].map(|m| m.at_least(edge));
                    assert!((a - b).abs() < 1e-8);
                }
            }
        }
        assert!(Marginal::Exact(1.0).at_least(1.0) > 0.5);
    }
}
