//! What is likely to be possible at all, learnt from evaluations that failed.
//!
//! Networks that lack memory or time are the large ones, so that few failures say much. A candidate is taken to be possible with
//! the probability p = 1 / (1 + exp(−w₀ − Σ wₖ xₖ)), a logistic regression over features xₖ, each standardised over the
//! evaluations that are learnt from:
//!
//! - where the space gives [`sizes`](Space::sizes), their logarithms: limits of memory and time are products of powers of these,
//!   or nearly so;
//! - where it gives none, (f − s) / (f + s) with the distances f and s to the nearest evaluation that failed and to the nearest
//!   one that did not, in the relative distances of the space, summed: a candidate near a failure is likely to fail too.
//!
//! The weights have the largest posterior density, under normal priors with a standard deviation of [`SPREAD`] about −2/K for each
//! of K sizes and 2 for the distance: without other evidence what is larger than a failure fails. The fit is made anew for each
//! suggestion, from the evaluations alone: nothing of it is stored, and a search that goes on finds the same.
//!
//! Candidates whose p is below [`LEAST`] of the mean p of the evaluations that did not fail come after all others, the most likely
//! first; the rest is left to the strategy. Where failures come by chance, p is low everywhere, and that puts no candidate off. This
//! is the constraint of Gelbart, Snoek and Adams, *Bayesian Optimization with Unknown Constraints*, UAI 2014, with a model that
//! costs hardly anything in place of their second Gaussian process.

use crate::history::History;
use crate::{Distance, Error, Space};

/// The share of the mean probability of what did not fail from which on a candidate counts as possible.
const LEAST: f64 = 0.9;

/// The latest failures that are learnt from, and the latest successes.
const MOST: usize = 200;

/// The same where distances are computed.
const MOST_BY_DISTANCE: usize = 60;

/// Standard deviation of the weights' prior, …
const SPREAD: f64 = 4.0;

/// … and of that of w₀.
const FREE: f64 = 10.0;

/// Newton's steps, each at most this long in any weight; a few are enough.
const STEPS: usize = 100;
const STRIDE: f64 = 2.0;

/// What was learnt.
pub(crate) struct Feasibility<P> {
    evidence: Evidence<P>,
    /// Mean and standard deviation of each feature.
    scaling: Vec<(f64, f64)>,
    /// w₀, then one for each feature.
    weights: Vec<f64>,
    /// The probability from which on a candidate counts as possible.
    least: f64,
}

/// What candidates are compared by.
enum Evidence<P> {
    Sizes,
    Distance { failed: Vec<P>, fine: Vec<P> },
}

impl<P> Feasibility<P> {
    /// What the history teaches; `None` while nothing failed for lack of memory or time, or for its shape.
    ///
    /// # Errors
    ///
    /// An evaluation's candidate does not belong to the space.
    pub(crate) fn learn<S: Space<Point = P>>(
        space: &S,
        history: &History<S::Candidate>,
    ) -> Result<Option<Self>, Error> {
        let Some(first) = history.impossible().next() else {
            return Ok(None);
        };
        let has_sizes = !space.sizes(&first.suggestion.candidate).is_empty();
        let most = if has_sizes { MOST } else { MOST_BY_DISTANCE };
        let failed: Vec<&S::Candidate> = (history.impossible().take(most))
            .map(|evaluation| &evaluation.suggestion.candidate)
            .collect();
        let fine: Vec<&S::Candidate> = (history.possible().take(most))
            .map(|evaluation| &evaluation.suggestion.candidate)
            .collect();
        let places = |candidates: &[&S::Candidate]| -> Result<Vec<P>, Error> {
            candidates.iter().map(|c| space.point(c)).collect()
        };
        let evidence = match has_sizes {
            true => Evidence::Sizes,
            false => Evidence::Distance {
                failed: places(&failed)?,
                fine: places(&fine)?,
            },
        };
        let mut rows = Vec::new();
        for (i, candidate) in failed.iter().enumerate() {
            rows.push(evidence.features(space, candidate, (Some(i), None))?);
        }
        for (i, candidate) in fine.iter().enumerate() {
            rows.push(evidence.features(space, candidate, (None, Some(i)))?);
        }
        let scaling = standardise(&mut rows);
        let centre = match evidence {
            Evidence::Sizes => -2.0 / scaling.len() as f64,
            Evidence::Distance { .. } => 2.0,
        };
        let weights = fit(&rows, failed.len(), centre);
        let of_fine = rows[failed.len()..]
            .iter()
            .map(|row| probability(&weights, row));
        // Where nothing has succeeded yet, nothing is known of what is likely.
        let mean = of_fine.sum::<f64>() / fine.len().max(1) as f64;
        let least = if fine.is_empty() { LEAST } else { LEAST * mean };
        Ok(Some(Self {
            evidence,
            scaling,
            weights,
            least,
        }))
    }

    /// 1 for a candidate that counts as possible; the less, the less likely it is.
    ///
    /// # Errors
    ///
    /// The candidate does not belong to the space.
    pub(crate) fn rank<S: Space<Point = P>>(
        &self,
        space: &S,
        candidate: &S::Candidate,
    ) -> Result<f64, Error> {
        let mut features = self.evidence.features(space, candidate, (None, None))?;
        for (x, (mean, deviation)) in features.iter_mut().zip(&self.scaling) {
            *x = (*x - mean) / deviation;
        }
        Ok((probability(&self.weights, &features) / self.least).min(1.0))
    }
}

impl<P> Evidence<P> {
    /// A candidate's features. Of those that are learnt from, that at the place `except` is the candidate itself.
    fn features<S: Space<Point = P>>(
        &self,
        space: &S,
        candidate: &S::Candidate,
        except: (Option<usize>, Option<usize>),
    ) -> Result<Vec<f64>, Error> {
        let (failed, fine) = match self {
            Self::Sizes => {
                let sizes = space.sizes(candidate).into_iter();
                return Ok(sizes
                    .map(|size| libm::log(size.max(f64::MIN_POSITIVE)))
                    .collect());
            }
            Self::Distance { failed, fine } => (failed, fine),
        };
        let point = space.point(candidate)?;
        let failed = nearest(space, &point, failed, except.0)?;
        let fine = nearest(space, &point, fine, except.1)?;
        Ok(vec![match (failed, fine) {
            (Some(f), Some(s)) if f + s > 0.0 => (f - s) / (f + s),
            _ => 0.0,
        }])
    }
}

/// The distance to the nearest of `places`, the one at `except` left out; `None` where there is no other.
fn nearest<S: Space>(
    space: &S,
    point: &S::Point,
    places: &[S::Point],
    except: Option<usize>,
) -> Result<Option<f64>, Error> {
    let depth = space.num_distances();
    let to: Vec<&S::Point> = places.iter().collect();
    let mut distances = vec![Distance::default(); to.len() * depth];
    space.distances(point, &to, &mut distances)?;
    let sums = distances
        .chunks_exact(depth)
        .map(|all| all.iter().map(|d| d.normalised).sum::<f64>());
    let others = sums.enumerate().filter(|&(i, _)| Some(i) != except);
    Ok(others.map(|(_, distance)| distance).reduce(f64::min))
}

/// Brings each column to the mean 0 and the variance 1; one that does not vary is not stretched.
fn standardise(rows: &mut [Vec<f64>]) -> Vec<(f64, f64)> {
    let (count, width) = (rows.len() as f64, rows.first().map_or(0, Vec::len));
    let column = |rows: &[Vec<f64>], k: usize| -> Vec<f64> { rows.iter().map(|r| r[k]).collect() };
    let scaling = (0..width).map(|k| {
        let values = column(rows, k);
        let mean = values.iter().sum::<f64>() / count;
        let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count;
        let deviation = if variance > 1e-12 {
            variance.sqrt()
        } else {
            1.0
        };
        rows.iter_mut()
            .for_each(|row| row[k] = (row[k] - mean) / deviation);
        (mean, deviation)
    });
    scaling.collect()
}

fn probability(weights: &[f64], features: &[f64]) -> f64 {
    let terms = weights[1..].iter().zip(features).map(|(w, x)| w * x);
    1.0 / (1.0 + libm::exp(-weights[0] - terms.sum::<f64>()))
}

/// The weights of the largest posterior density, by Newton's method, where the first `failed` rows failed and the others did
/// not; the prior means of all weights but w₀ are `centre`.
fn fit(rows: &[Vec<f64>], failed: usize, centre: f64) -> Vec<f64> {
    let width = 1 + rows.first().map_or(0, Vec::len);
    let prior = |k: usize| match k {
        0 => (0.0, FREE.powi(-2)),
        _ => (centre, SPREAD.powi(-2)),
    };
    let mut weights: Vec<f64> = (0..width).map(|k| prior(k).0).collect();
    for _ in 0..STEPS {
        // Gradient of the log density, and its second derivatives with their sign changed.
        let mut gradient: Vec<f64> = (0..width)
            .map(|k| prior(k).1 * (prior(k).0 - weights[k]))
            .collect();
        let mut curvature = vec![vec![0.0; width]; width];
        (0..width).for_each(|k| curvature[k][k] = prior(k).1);
        for (i, row) in rows.iter().enumerate() {
            let p = probability(&weights, row);
            let residual = if i < failed { -p } else { 1.0 - p };
            let x: Vec<f64> = std::iter::once(1.0).chain(row.iter().copied()).collect();
            for ((gradient, curvature), a) in gradient.iter_mut().zip(&mut curvature).zip(&x) {
                *gradient += residual * a;
                for (curvature, b) in curvature.iter_mut().zip(&x) {
                    *curvature += p * (1.0 - p) * a * b;
                }
            }
        }
        let step = solve(curvature, gradient);
        let longest = step.iter().fold(0.0_f64, |most, s| most.max(s.abs()));
        let share = (STRIDE / longest.max(STRIDE)).min(1.0);
        for (weight, step) in weights.iter_mut().zip(step) {
            *weight += share * step;
        }
        if longest < 1e-10 {
            break;
        }
    }
    weights
}

/// Solves a few linear equations with a symmetric, positive definite matrix by elimination, which then needs no pivots.
fn solve(mut matrix: Vec<Vec<f64>>, mut right: Vec<f64>) -> Vec<f64> {
    let n = right.len();
    for i in 0..n {
        let pivot = matrix[i].clone();
        for j in i + 1..n {
            let factor = matrix[j][i] / pivot[i];
            for (entry, above) in matrix[j][i..].iter_mut().zip(&pivot[i..]) {
                *entry -= factor * above;
            }
            right[j] -= factor * right[i];
        }
    }
    for i in (0..n).rev() {
        let known: f64 = (i + 1..n).map(|k| matrix[i][k] * right[k]).sum();
        right[i] = (right[i] - known) / matrix[i][i];
    }
    right
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The log density that `fit` maximises, written out.
    fn log_density(rows: &[Vec<f64>], failed: usize, centre: f64, weights: &[f64]) -> f64 {
        let prior = |(k, w): (usize, &f64)| match k {
            0 => -0.5 * (w / FREE).powi(2),
            _ => -0.5 * ((w - centre) / SPREAD).powi(2),
        };
        let likelihood = rows.iter().enumerate().map(|(i, row)| {
            let p = probability(weights, row);
            if i < failed { (1.0 - p).ln() } else { p.ln() }
        });
        weights.iter().enumerate().map(prior).sum::<f64>() + likelihood.sum::<f64>()
    }

    #[test]
    fn no_weights_near_the_fitted_ones_are_more_likely() {
        let rows = [
            [2.0, 1.0],
            [1.5, 0.2],
            [0.1, 1.9],
            [-0.5, -1.0],
            [-1.0, 0.4],
            [0.3, -0.8],
            [-2.0, -1.5],
        ]
        .map(Vec::from);
        for (failed, centre) in [(0, 2.0), (1, -1.0), (3, -1.0), (7, -2.0)] {
            let weights = fit(&rows, failed, centre);
            let top = log_density(&rows, failed, centre, &weights);
            for k in 0..weights.len() {
                for step in [-1e-3, 1e-3] {
                    let mut other = weights.clone();
                    other[k] += step;
                    assert!(
                        log_density(&rows, failed, centre, &other) < top,
                        "{failed} {k}"
                    );
                }
            }
        }
    }

    #[test]
    fn equations_are_solved() {
        let matrix = vec![
            vec![4.0, 1.0, 0.5],
            vec![1.0, 3.0, -1.0],
            vec![0.5, -1.0, 2.0],
        ];
        let x = [1.0, -2.0, 0.25];
        let right = matrix
            .iter()
            .map(|row| row.iter().zip(x).map(|(a, x)| a * x).sum());
        let found = solve(matrix.clone(), right.collect());
        for (found, x) in found.iter().zip(x) {
            assert!((found - x).abs() < 1e-12);
        }
    }
}
