//! What is believed of one figure of one candidate: a number that is known, or a normal distribution seen through a
//! transform.

use crate::acquisition::{log_h, normal_cdf};

/// The map from what a process predicts to the figure, larger being better: piecewise linear and increasing.
#[derive(Clone, Debug)]
pub(crate) struct Warp {
    /// (predicted, figure), both ascending; at least one.
    knots: Vec<(f64, f64)>,
    /// Slopes below the first and above the last knot, positive.
    ends: (f64, f64),
}

impl Warp {
    /// A process that predicts the figure itself.
    pub(crate) fn identity() -> Self {
        Self {
            knots: vec![(0.0, 0.0)],
            ends: (1.0, 1.0),
        }
    }

    /// Through these points, beyond which it goes on with the slopes `ends`. Points that do not ascend in both are left out.
    pub(crate) fn new(mut knots: Vec<(f64, f64)>, ends: (f64, f64)) -> Self {
        knots.sort_by(|a, b| a.0.total_cmp(&b.0));
        knots.dedup_by(|next, kept| next.0 <= kept.0 || next.1 <= kept.1);
        let is_slope = |slope: f64| slope.is_finite() && slope > 0.0;
        if knots.is_empty() || !is_slope(ends.0) || !is_slope(ends.1) {
            return Self::identity();
        }
        Self { knots, ends }
    }

    /// The figure for what was predicted.
    pub(crate) fn figure(&self, predicted: f64) -> f64 {
        let after = self.knots.partition_point(|knot| knot.0 <= predicted);
        let (at, slope) = self.piece(after);
        at.1 + slope * (predicted - at.0)
    }

    /// What is predicted of a figure.
    pub(crate) fn predicted(&self, figure: f64) -> f64 {
        let after = self.knots.partition_point(|knot| knot.1 <= figure);
        let (at, slope) = self.piece(after);
        at.0 + (figure - at.1) / slope
    }

    /// A knot of the piece before knot `after`, and its slope.
    fn piece(&self, after: usize) -> ((f64, f64), f64) {
        if after == 0 {
            return (self.knots[0], self.ends.0);
        }
        let low = self.knots[after - 1];
        match self.knots.get(after) {
            Some(high) => (low, (high.1 - low.1) / (high.0 - low.0)),
            None => (low, self.ends.1),
        }
    }
}

/// What is believed of one figure, larger being better.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Marginal<'a> {
    /// It is known.
    Exact(f64),
    /// g(z) with z normal.
    Normal {
        /// Mean of z.
        mean: f64,
        /// Standard deviation of z; not negative.
        std: f64,
        /// g.
        warp: &'a Warp,
    },
}

impl Marginal<'_> {
    /// E max(u − e, 0) of the figure u for each of the edges e, which ascend: the integral of P(u > s) over s > e.
    ///
    /// With ψ(t) = E max(z − t, 0) = σ h((μ − t)/σ), the share of a piece of g between z = a and z = b with slope m is
    /// m (ψ(a) − ψ(b)); pieces are summed from the top.
    pub(crate) fn beyond(&self, edges: &[f64]) -> Vec<f64> {
        let (mean, std, warp) = match *self {
            Self::Exact(u) => return edges.iter().map(|edge| (u - edge).max(0.0)).collect(),
            Self::Normal { mean, std, warp } => (mean, std, warp),
        };
        let excess = |t: f64| excess(mean, std, t);
        let mut out = vec![0.0; edges.len()];
        let mut knot = warp.knots.len();
        // What lies beyond the knot `knot`, and ψ there.
        let (mut above, mut psi) = (0.0, 0.0);
        for (edge, out) in edges.iter().zip(&mut out).rev() {
            while let Some(below) = knot.checked_sub(1).filter(|&k| warp.knots[k].1 > *edge) {
                let here = excess(warp.knots[below].0);
                above += warp.piece(knot).1 * (here - psi);
                (knot, psi) = (below, here);
            }
            let (at, slope) = warp.piece(knot);
            let here = excess(at.0 + (edge - at.1) / slope);
            *out = above + slope * (here - psi).max(0.0);
        }
        out
    }

    /// P(u ≥ least).
    pub(crate) fn at_least(&self, least: f64) -> f64 {
        match *self {
            Self::Exact(u) => f64::from(u8::from(u >= least)),
            Self::Normal { mean, std, warp } => {
                let z = warp.predicted(least);
                if std > 0.0 {
                    normal_cdf((mean - z) / std)
                } else {
                    f64::from(u8::from(mean >= z))
                }
            }
        }
    }
}

/// E max(z − t, 0) of a normal z.
fn excess(mean: f64, std: f64, t: f64) -> f64 {
    if std > 0.0 {
        std * log_h((mean - t) / std).exp()
    } else {
        (mean - t).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bent() -> Warp {
        let knots = vec![(-1.0, 2.0), (0.5, 2.5), (1.0, 6.0)];
        Warp::new(knots, (3.0, 0.5))
    }

    #[test]
    fn a_warp_and_its_inverse_agree() {
        let warp = bent();
        for (predicted, figure) in [
            (-2.0, -1.0),
            (-1.0, 2.0),
            (0.75, 4.25),
            (1.0, 6.0),
            (3.0, 7.0),
        ] {
            assert!((warp.figure(predicted) - figure).abs() < 1e-12);
            assert!((warp.predicted(figure) - predicted).abs() < 1e-12);
        }
        assert_eq!(Warp::identity().figure(-3.5), -3.5);
    }

    #[test]
    fn what_lies_beyond_an_edge_is_the_integral_of_the_survival_function() {
        let warp = bent();
        let edges = [-2.0, 1.0, 2.0, 2.2, 3.0, 6.0, 6.5, 9.0];
        for (mean, std) in [(0.2, 0.7), (-3.0, 0.5), (1.4, 1.5), (0.9, 0.01)] {
            let marginal = Marginal::Normal {
                mean,
                std,
                warp: &warp,
            };
            let found = marginal.beyond(&edges);
            for (edge, found) in edges.iter().zip(found) {
                // The midpoint rule, far into the tail.
                let step = 2e-4;
                let survival = |k: u32| marginal.at_least(edge + (f64::from(k) + 0.5) * step);
                let expected: f64 = (0..100_000).map(|k| step * survival(k)).sum();
                assert!(
                    (found - expected).abs() < 1e-5,
                    "{mean} {std} {edge}: {found} {expected}"
                );
            }
        }
    }

    #[test]
    fn certainty_is_the_limit_of_small_deviations() {
        let warp = bent();
        for mean in [-2.0, 0.0, 0.8, 2.0] {
            let exact = Marginal::Exact(warp.figure(mean));
            for std in [0.0, 1e-9] {
                let normal = Marginal::Normal {
                    mean,
                    std,
                    warp: &warp,
                };
                for (a, b) in exact
                    .beyond(&[0.0, 2.4, 5.0])
                    .iter()
                    .zip(normal.beyond(&[0.0, 2.4, 5.0]))
                {
                    assert!((a - b).abs() < 1e-7);
                }
            }
            assert_eq!(
                exact.at_least(3.0),
                f64::from(u8::from(warp.figure(mean) >= 3.0))
            );
        }
    }
}
