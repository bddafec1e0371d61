//! Maximisation in a box: projected limited-memory BFGS.
//!
//! Variables at a bound whose gradient points outwards are held there; the others move along the two-loop L-BFGS direction
//! (Nocedal and Wright, Numerical Optimization, algorithm 7.4), the trial point is clamped into the box, and the step is halved
//! until it gains enough (Armijo). A point where the objective is undefined counts as no gain.

use std::collections::VecDeque;

use crate::statistics::dot;

/// How many pairs of steps and gradient changes are remembered.
const MEMORY: usize = 8;
/// The share of the predicted gain that a step must bring.
const ARMIJO: f64 = 1e-4;
/// Step halvings before giving up.
const HALVINGS: usize = 25;

/// Where a maximisation ended.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Maximum {
    pub(crate) at: Vec<f64>,
    pub(crate) value: f64,
}

/// A step and the change of the *negative* gradient along it: positive curvature for a concave objective.
struct Pair {
    step: Vec<f64>,
    change: Vec<f64>,
    curvature: f64,
}

/// Climbs from `start` for at most `iterations` steps, or until no component of the projected gradient exceeds
/// `tolerance`. `objective` gives value and gradient, or `None` where it is undefined; `bounds` are (low, high).
/// Returns `None` if it is undefined at the start.
pub(crate) fn maximise(
    mut objective: impl FnMut(&[f64]) -> Option<(f64, Vec<f64>)>,
    start: &[f64],
    bounds: &[(f64, f64)],
    iterations: usize,
    tolerance: f64,
) -> Option<Maximum> {
    let clamp = |x: f64, i: usize| x.clamp(bounds[i].0, bounds[i].1);
    let mut x: Vec<f64> = start
        .iter()
        .enumerate()
        .map(|(i, &x)| clamp(x, i))
        .collect();
    let (mut value, mut gradient) = objective(&x)?;
    let mut pairs: VecDeque<Pair> = VecDeque::with_capacity(MEMORY);

    for _ in 0..iterations {
        let free: Vec<bool> = (0..x.len())
            .map(|i| {
                !(x[i] <= bounds[i].0 && gradient[i] < 0.0
                    || x[i] >= bounds[i].1 && gradient[i] > 0.0)
            })
            .collect();
        let masked = |v: &[f64]| -> Vec<f64> {
            v.iter()
                .zip(&free)
                .map(|(&v, &free)| if free { v } else { 0.0 })
                .collect()
        };
        let uphill = masked(&gradient);
        if uphill.iter().all(|g| g.abs() <= tolerance) {
            break;
        }
        let mut direction = masked(&two_loop(&uphill, &pairs));
        if dot(&direction, &uphill) <= 0.0 {
            pairs.clear();
            direction = masked(&two_loop(&uphill, &pairs));
        }

        // The first step of all has no curvature to go by: keep it short.
        let longest = direction.iter().fold(0.0, |m: f64, d| m.max(d.abs()));
        let mut length = if pairs.is_empty() {
            1.0f64.min(1.0 / longest)
        } else {
            1.0
        };
        let mut gained = None;
        for _ in 0..HALVINGS {
            let trial: Vec<f64> = (0..x.len())
                .map(|i| clamp(x[i] + length * direction[i], i))
                .collect();
            let step: Vec<f64> = trial.iter().zip(&x).map(|(t, x)| t - x).collect();
            if let Some((v, g)) = objective(&trial)
                && v >= value + ARMIJO * dot(&step, &uphill)
            {
                gained = Some((trial, step, v, g));
                break;
            }
            length *= 0.5;
        }
        let Some((trial, step, v, g)) = gained else {
            if pairs.is_empty() {
                break;
            }
            pairs.clear();
            continue;
        };
        let change: Vec<f64> = gradient
            .iter()
            .zip(&g)
            .map(|(old, new)| old - new)
            .collect();
        let curvature = dot(&step, &change);
        if curvature > 1e-10 * dot(&step, &step).sqrt() * dot(&change, &change).sqrt() {
            if pairs.len() == MEMORY {
                pairs.pop_front();
            }
            pairs.push_back(Pair {
                step,
                change,
                curvature,
            });
        }
        (x, value, gradient) = (trial, v, g);
    }
    Some(Maximum { at: x, value })
}

/// The inverse Hessian approximation times the gradient.
fn two_loop(gradient: &[f64], pairs: &VecDeque<Pair>) -> Vec<f64> {
    let mut q = gradient.to_vec();
    let add = |q: &mut [f64], factor: f64, v: &[f64]| {
        q.iter_mut().zip(v).for_each(|(q, v)| *q += factor * v);
    };
    let mut factors = Vec::with_capacity(pairs.len());
    for pair in pairs.iter().rev() {
        let factor = dot(&pair.step, &q) / pair.curvature;
        add(&mut q, -factor, &pair.change);
        factors.push(factor);
    }
    if let Some(last) = pairs.back() {
        let scale = last.curvature / dot(&last.change, &last.change);
        q.iter_mut().for_each(|q| *q *= scale);
    }
    for (pair, factor) in pairs.iter().zip(factors.into_iter().rev()) {
        let correction = factor - dot(&pair.change, &q) / pair.curvature;
        add(&mut q, correction, &pair.step);
    }
    q
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rosenbrock(x: &[f64]) -> Option<(f64, Vec<f64>)> {
        let (a, b) = (1.0 - x[0], x[1] - x[0] * x[0]);
        let gradient = vec![2.0 * a + 400.0 * b * x[0], -200.0 * b];
        Some((-(a * a + 100.0 * b * b), gradient))
    }

    #[test]
    fn finds_the_top_of_a_bent_ridge() {
        let top = maximise(rosenbrock, &[-1.2, 1.0], &[(-5.0, 5.0); 2], 200, 1e-9).unwrap();
        assert!(
            (top.at[0] - 1.0).abs() < 1e-6 && (top.at[1] - 1.0).abs() < 1e-6,
            "{top:?}"
        );
    }

    #[test]
    fn stops_on_the_bounds() {
        // With x₀ ≤ 0.5 the best is x₁ = x₀² there.
        let bounds = [(-5.0, 0.5), (-5.0, 5.0)];
        let top = maximise(rosenbrock, &[-1.2, 1.0], &bounds, 200, 1e-9).unwrap();
        assert!(
            (top.at[0] - 0.5).abs() < 1e-9 && (top.at[1] - 0.25).abs() < 1e-6,
            "{top:?}"
        );
    }

    #[test]
    fn backs_away_from_where_the_objective_is_undefined() {
        let f =
            |x: &[f64]| (x[0] < 1.0).then(|| (x[0] - 0.1 * x[0] * x[0], vec![1.0 - 0.2 * x[0]]));
        let top = maximise(f, &[-3.0], &[(-10.0, 10.0)], 300, 1e-9).unwrap();
        assert!(top.at[0] > 0.99 && top.at[0] < 1.0, "{top:?}");
        assert!(maximise(f, &[3.0], &[(-10.0, 10.0)], 10, 1e-9).is_none());
    }
}
