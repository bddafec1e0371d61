//! Properties that hold for any distances and any data.

use gp::{
    Exponential, Form, Gp, Indefinite, Kernel, Options, log_marginal_likelihood,
    log_marginal_likelihood_gradient,
};
use ndarray::{Array2, Array3, s};
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

use crate::support::{Points, largest_difference};

fn form() -> impl Strategy<Value = Form> {
    prop::sample::select(Form::ALL.to_vec())
}

fn rule() -> impl Strategy<Value = Indefinite> {
    prop::sample::select(vec![Indefinite::Clip, Indefinite::Tolerate])
}

/// A kernel with random log-parameters, the noise first.
fn model(form: Form, pairs: usize, noise: f64, seed: u64) -> (Exponential, Vec<f64>) {
    let kernel = form.kernel(pairs);
    let mut rng = Pcg64::seed_from_u64(seed);
    let mut parameters = vec![noise.ln()];
    parameters.extend((0..kernel.num_parameters()).map(|_| rng.random_range(-1.5..1.0)));
    (kernel, parameters)
}

/// Symmetric distances that no Euclidean space has: kernels over them are usually indefinite.
fn arbitrary_distances(n: usize, depth: usize, seed: u64) -> Array3<f64> {
    let mut rng = Pcg64::seed_from_u64(seed);
    let half = Array3::from_shape_simple_fn((depth, n, n), || rng.random_range(0.0..3.0));
    Array3::from_shape_fn((depth, n, n), |(d, i, j)| match i.cmp(&j) {
        std::cmp::Ordering::Equal => 0.0,
        std::cmp::Ordering::Less => half[(d, i, j)],
        std::cmp::Ordering::Greater => half[(d, j, i)],
    })
}

/// The largest difference between a gradient and central differences of `f`, relative to the larger of the two and 1.
fn gradient_error(f: impl Fn(&[f64]) -> f64, at: &[f64], gradient: &[f64]) -> f64 {
    let step = 1e-5;
    (0..at.len())
        .map(|i| {
            let moved = |by: f64| {
                let mut x = at.to_vec();
                x[i] += by;
                f(&x)
            };
            // Fourth order: errors of 1e-20 in the step, 1e-11 by rounding.
            let slope = (8.0 * (moved(step) - moved(-step))
                - (moved(2.0 * step) - moved(-2.0 * step)))
                / (12.0 * step);
            (slope - gradient[i]).abs() / slope.abs().max(gradient[i].abs()).max(1.0)
        })
        .fold(0.0, f64::max)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn kernel_gradients_are_slopes(form in form(), pairs in 1usize..5, seed: u64, count in 1usize..700) {
        let (kernel, parameters) = model(form, pairs, 1.0, seed);
        let mut rng = Pcg64::seed_from_u64(seed);
        let distances = Array2::from_shape_simple_fn((2 * pairs, count), || rng.random_range(0.0..2.0));
        let weights: Vec<f64> = (0..count).map(|_| rng.random_range(-1.0..1.0)).collect();
        let slices: Vec<&[f64]> = distances.rows().into_iter().map(|r| r.to_slice().unwrap()).collect();
        let weighted_sum = |x: &[f64]| {
            let mut k = vec![0.0; count];
            kernel.evaluate(x, &slices, &mut k);
            k.iter().zip(&weights).map(|(k, w)| k * w).sum::<f64>()
        };
        let mut gradient = vec![0.0; kernel.num_parameters()];
        kernel.add_gradient(&parameters[1..], &slices, &weights, &mut gradient);
        let error = gradient_error(weighted_sum, &parameters[1..], &gradient);
        prop_assert!(error < 1e-8, "{error:e}");
    }

    #[test]
    fn likelihood_gradients_are_slopes(
        form in form(), rule in rule(), n in 1usize..25, noise in 0.05f64..0.5, seed: u64
    ) {
        let points = Points::random(n, 2, seed);
        let of: Vec<usize> = (0..n).collect();
        let (distances, y) = (points.distances(&of), points.values(&of));
        let (kernel, parameters) = model(form, 2, noise, seed);
        let value = |x: &[f64]| log_marginal_likelihood(&kernel, x, &distances, &y, rule).unwrap();
        let (at, gradient) =
            log_marginal_likelihood_gradient(&kernel, &parameters, &distances, &y, rule).unwrap();
        prop_assert!((at - value(&parameters)).abs() < 1e-9 * at.abs().max(1.0));
        let error = gradient_error(value, &parameters, &gradient);
        prop_assert!(error < 1e-6, "{error:e}");
    }

    #[test]
    fn likelihood_gradients_are_slopes_through_clipped_eigenvalues(
        form in form(), n in 3usize..20, noise in 0.05f64..0.5, seed: u64
    ) {
        let stack = arbitrary_distances(n, 4, seed);
        let distances = gp::Distances::from_stack(stack.view()).unwrap();
        let mut rng = Pcg64::seed_from_u64(seed);
        let y: Vec<f64> = (0..n).map(|_| rng.random_range(-1.0..1.0)).collect();
        let (kernel, parameters) = model(form, 2, noise, seed);
        let rule = Indefinite::Clip;
        let value = |x: &[f64]| log_marginal_likelihood(&kernel, x, &distances, &y, rule).unwrap();
        let (_, gradient) =
            log_marginal_likelihood_gradient(&kernel, &parameters, &distances, &y, rule).unwrap();
        let error = gradient_error(value, &parameters, &gradient);
        // The likelihood has a kink where an eigenvalue crosses 0; at random parameters that is 1e-5 away at most rarely.
        prop_assert!(error < 1e-5, "{error:e}");
    }

    #[test]
    fn variances_stay_between_the_floor_and_the_prior(
        form in form(), rule in rule(), euclidean: bool, noise in 1e-4f64..0.5, seed: u64
    ) {
        let stack = if euclidean {
            let points = Points::random(25, 2, seed);
            let all: Vec<usize> = (0..25).collect();
            points.between(&all, &all)
        } else {
            arbitrary_distances(25, 4, seed)
        };
        let known = gp::Distances::from_stack(stack.slice(s![.., ..15, ..15])).unwrap();
        let (kernel, parameters) = model(form, 2, noise, seed);
        let y: Vec<f64> = (0..15).map(f64::from).collect();
        let options = Options { mean: 7.0, indefinite: rule };
        let gp = Gp::fit(kernel, &parameters, &known, &y, options).unwrap();
        let cross = stack.slice(s![.., 15.., ..15]);
        let prior = gp.posterior().prior_variance();
        let floor = 0.05 * noise;
        let single = gp.predict(cross).unwrap();
        let bounds = floor * (1.0 - 1e-9)..=prior.max(floor) * (1.0 + 1e-9);
        for std in &single.std {
            prop_assert!(bounds.contains(&(std * std)), "{std}");
        }
        // Jointly: symmetric, and no eigenvalue below the floor (Cholesky of what lies above it).
        let joint = gp.predict_joint(cross, stack.slice(s![.., 15.., 15..])).unwrap();
        prop_assert!(joint.sample(1, &mut Pcg64::seed_from_u64(1)).is_ok());
        prop_assert!(largest_difference(joint.covariance.view(), joint.covariance.t()) < 1e-12);
        let shortfall = joint.covariance.diag().iter().fold(f64::INFINITY, |m, v| m.min(v - floor));
        prop_assert!(shortfall > -1e-9 * prior, "{shortfall:e}");
    }

    #[test]
    fn extending_is_refitting(form in form(), rule in rule(), euclidean: bool, noise in 1e-3f64..0.5, seed: u64) {
        let n = 18;
        let all: Vec<usize> = (0..n + 5).collect();
        let stack = if euclidean {
            Points::random(n + 5, 2, seed).between(&all, &all)
        } else {
            arbitrary_distances(n + 5, 4, seed)
        };
        let (kernel, parameters) = model(form, 2, noise, seed);
        let y: Vec<f64> = (0..n).map(|i| (i as f64).sin()).collect();
        let options = Options { mean: 0.2, indefinite: rule };
        let fit = |count: usize| {
            let known = gp::Distances::from_stack(stack.slice(s![.., ..count, ..count])).unwrap();
            Gp::fit(kernel.clone(), &parameters, &known, &y[..count], options).unwrap()
        };
        let mut grown = fit(3);
        for (i, y) in y.iter().enumerate().skip(3) {
            grown.extend(stack.slice(s![.., i, ..i]), *y).unwrap();
        }
        let whole = fit(n);
        // What was clipped stays as it was while later pivots are safe: see the next test.
        prop_assume!(rule == Indefinite::Clip || !grown.posterior().is_clipped());
        prop_assert_eq!(grown.posterior().is_clipped(), whole.posterior().is_clipped());
        let (a, b) = (grown.log_marginal_likelihood(), whole.log_marginal_likelihood());
        prop_assert!((a - b).abs() < 1e-8 * b.abs().max(1.0), "{a} {b}");
        let cross = stack.slice(s![.., n.., ..n]);
        let (a, b) = (grown.predict(cross).unwrap(), whole.predict(cross).unwrap());
        prop_assert!(a.mean.iter().zip(&b.mean).all(|(a, b)| (a - b).abs() < 1e-7));
        prop_assert!(a.std.iter().zip(&b.std).all(|(a, b)| (a - b).abs() < 1e-7));
    }

    /// Whatever the distances, and whatever had to be clipped on the way: the points may come in any portions.
    #[test]
    fn portions_make_no_difference(
        form in form(), rule in rule(), noise in 1e-3f64..0.5, seed: u64, first in 2usize..10, second in 1usize..8
    ) {
        let (n, m) = (24, 4);
        let stack = arbitrary_distances(n + m, 4, seed);
        let (kernel, parameters) = model(form, 2, noise, seed);
        let known = gp::Distances::from_stack(stack.slice(s![.., ..first, ..first])).unwrap();
        let options = Options { mean: 0.0, indefinite: rule };
        let start = Gp::fit(kernel, &parameters, &known, &vec![1.0; first], options).unwrap();
        let add = |to: &gp::Posterior<_>, r: std::ops::Range<usize>| {
            let cross = stack.slice(s![.., r.clone(), ..r.start]);
            to.with_pending(cross, stack.slice(s![.., r.clone(), r])).unwrap()
        };
        let (mut singly, mut in_portions) = (start.posterior().clone(), start.posterior().clone());
        for i in first..n {
            singly = add(&singly, i..i + 1);
        }
        for from in (first..n).step_by(second) {
            in_portions = add(&in_portions, from..(from + second).min(n));
        }
        let cross = stack.slice(s![.., n.., ..n]);
        let (a, b) = (singly.predict(cross).unwrap(), in_portions.predict(cross).unwrap());
        prop_assert_eq!(singly.is_clipped(), in_portions.is_clipped());
        prop_assert_eq!(a, b);
    }

    /// Conditioning the joint prior of all points on noisy observations of the known and the pending ones, by hand.
    #[test]
    fn pending_points_agree_with_the_joint_distribution(
        form in form(), noise in 1e-2f64..0.5, seed: u64, p in 1usize..4
    ) {
        let (n, m) = (15, 6);
        let all: Vec<usize> = (0..n + p + m).collect();
        let stack = Points::random(n + p + m, 2, seed).between(&all, &all);
        let (kernel, parameters) = model(form, 2, noise, seed);
        let known = gp::Distances::from_stack(stack.slice(s![.., ..n, ..n])).unwrap();
        let y: Vec<f64> = (0..n).map(|i| (i as f64).cos()).collect();
        let gp = Gp::fit(kernel.clone(), &parameters, &known, &y, Options::default()).unwrap();
        prop_assume!(!gp.posterior().is_clipped());
        let before = gp.predict(stack.slice(s![.., n + p.., ..n])).unwrap();

        // All at once, and one after another.
        let among = |r: std::ops::Range<usize>| stack.slice(s![.., r.clone(), r]);
        let at_once = gp.with_pending(stack.slice(s![.., n..n + p, ..n]), among(n..n + p)).unwrap();
        let mut in_turn = gp.posterior().clone();
        for i in n..n + p {
            in_turn = in_turn.with_pending(stack.slice(s![.., i..=i, ..i]), among(i..i + 1)).unwrap();
        }
        let slices: Vec<&[f64]> = stack.as_slice().unwrap().chunks(all.len().pow(2)).collect();
        let mut prior = Array2::zeros((all.len(), all.len()));
        kernel.evaluate(&parameters[1..], &slices, prior.as_slice_mut().unwrap());
        for after in [at_once, in_turn] {
            let single = after.predict(stack.slice(s![.., n + p.., ..n + p])).unwrap();
            for t in 0..m {
                let mut who = all[..n + p].to_vec();
                who.push(n + p + t);
                let covariance = Array2::from_shape_fn((who.len(), who.len()), |(i, j)| prior[(who[i], who[j])]);
                let expected = conditional_variance(&covariance, noise).max(0.05 * noise).sqrt();
                prop_assert!((single.std[t] - expected).abs() < 1e-7, "{} {expected}", single.std[t]);
                prop_assert!((single.mean[t] - before.mean[t]).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn without_noise_it_passes_through_the_data(seed: u64, n in 2usize..20) {
        let points = Points::random(n, 2, seed);
        let of: Vec<usize> = (0..n).collect();
        // exp(−|x|) per coordinate is positive definite, whatever the points.
        let (kernel, parameters) = model(Form::Raw, 2, 1e-10, seed);
        let (distances, y) = (points.distances(&of), points.values(&of));
        let gp = Gp::fit(kernel, &parameters, &distances, &y, Options::default()).unwrap();
        let at_data = gp.predict(points.between(&of, &of).view()).unwrap();
        for (found, expected) in at_data.mean.iter().zip(&y) {
            prop_assert!((found - expected).abs() < 1e-3, "{found} {expected}");
        }
        prop_assert!(at_data.std.iter().all(|s| *s < 1e-3));
    }

    #[test]
    fn far_away_the_prior_returns(form in form(), seed: u64) {
        let points = Points::random(10, 2, seed);
        let of: Vec<usize> = (0..10).collect();
        let (kernel, parameters) = model(form, 2, 0.1, seed);
        let options = Options { mean: 3.0, ..Options::default() };
        let gp = Gp::fit(kernel, &parameters, &points.distances(&of), &points.values(&of), options).unwrap();
        let far = gp.predict(Array3::from_elem((4, 1, 10), 1e4).view()).unwrap();
        prop_assert!((far.mean[0] - 3.0).abs() < 1e-9);
        let prior = gp.posterior().prior_variance();
        prop_assert!((far.std[0].powi(2) - prior).abs() < 1e-9 * prior);
    }

    #[test]
    fn the_order_of_the_observations_does_not_matter(form in form(), seed: u64) {
        let n = 12;
        let points = Points::random(n + 3, 2, seed);
        let forwards: Vec<usize> = (0..n).collect();
        let backwards: Vec<usize> = (0..n).rev().collect();
        let new: Vec<usize> = (n..n + 3).collect();
        let (kernel, parameters) = model(form, 2, 0.05, seed);
        let options = Options { mean: 0.0, indefinite: Indefinite::Clip };
        let [a, b] = [&forwards, &backwards].map(|of| {
            let (distances, y) = (points.distances(of), points.values(of));
            let gp = Gp::fit(kernel.clone(), &parameters, &distances, &y, options).unwrap();
            (gp.log_marginal_likelihood(), gp.predict(points.between(&new, of).view()).unwrap())
        });
        prop_assert!((a.0 - b.0).abs() < 1e-8 * a.0.abs().max(1.0));
        prop_assert!(a.1.mean.iter().zip(&b.1.mean).all(|(x, y)| (x - y).abs() < 1e-8));
        prop_assert!(a.1.std.iter().zip(&b.1.std).all(|(x, y)| (x - y).abs() < 1e-8));
    }
}

/// Variance of the last variable given noisy observations of all others, by Gaussian elimination.
fn conditional_variance(covariance: &Array2<f64>, noise: f64) -> f64 {
    let n = covariance.nrows();
    let mut a = covariance.clone();
    for i in 0..n - 1 {
        a[(i, i)] += noise;
    }
    for k in 0..n - 1 {
        for i in k + 1..n {
            let factor = a[(i, k)] / a[(k, k)];
            for j in k..n {
                a[(i, j)] -= factor * a[(k, j)];
            }
        }
    }
    a[(n - 1, n - 1)]
}

#[test]
fn drawn_functions_have_the_joint_moments() {
    let points = Points::random(12, 2, 5);
    let known: Vec<usize> = (0..8).collect();
    let new: Vec<usize> = (8..12).collect();
    let (kernel, parameters) = model(Form::Sum, 2, 0.05, 3);
    let distances = points.distances(&known);
    let gp = Gp::fit(
        kernel,
        &parameters,
        &distances,
        &points.values(&known),
        Options::default(),
    )
    .unwrap();
    let joint = gp
        .predict_joint(
            points.between(&new, &known).view(),
            points.between(&new, &new).view(),
        )
        .unwrap();
    let count = 40_000;
    let draws = joint.sample(count, &mut Pcg64::seed_from_u64(1)).unwrap();
    let deviations = &draws - &joint.mean;
    let covariance = deviations.t().dot(&deviations) / count as f64;
    // Standard errors: about √2/√40000 = 0.7 % of the product of two standard deviations.
    for ((i, j), found) in covariance.indexed_iter() {
        let scale = joint.std()[i] * joint.std()[j];
        assert!((found - joint.covariance[(i, j)]).abs() < 0.03 * scale);
    }
}
