//! What the model of a search costs, on one thread: `cargo bench -p gp`.
//!
//! Data are random points in four dimensions under eight distance functions, as many as the search over networks uses. The
//! number in an id is that of observations; after ×, that of candidates.
#![expect(
    clippy::expect_used,
    reason = "a benchmark that cannot be set up should stop"
)]

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use gp::{
    Distances, Form, Gp, Indefinite, Kernel, Options, Settings, Surrogate, log_marginal_likelihood,
    log_marginal_likelihood_gradient,
};
use ndarray::{Array2, Array3, s};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

const SIZES: [usize; 3] = [100, 300, 1000];
const CANDIDATES: usize = 200;

struct Problem {
    stack: Array3<f64>,
    cross: Array3<f64>,
    scores: Vec<f64>,
}

fn problem(n: usize) -> Problem {
    let mut rng = Pcg64::seed_from_u64(n as u64);
    let x: Array2<f64> =
        Array2::from_shape_simple_fn((n + CANDIDATES, 4), || rng.random_range(-2.0..2.0));
    let distance = |d: usize, i: usize, j: usize| -> f64 {
        let raw = f64::abs(x[(i, d / 2)] - x[(j, d / 2)]);
        if d.is_multiple_of(2) {
            raw
        } else {
            raw / (1.0 + raw)
        }
    };
    let noise: Vec<f64> = (0..n).map(|_| rng.random_range(-0.1..0.1)).collect();
    Problem {
        stack: Array3::from_shape_fn((8, n, n), |(d, i, j)| distance(d, i, j)),
        cross: Array3::from_shape_fn((8, CANDIDATES, n), |(d, i, j)| distance(d, n + i, j)),
        scores: (0..n)
            .map(|i| x.row(i).mapv(f64::sin).sum() + noise[i])
            .collect(),
    }
}

fn parameters() -> Vec<f64> {
    [0.01f64, 0.5, 0.5, 0.3, 1.0, 0.3, 1.0, 0.3, 1.0, 0.3, 1.0]
        .map(f64::ln)
        .to_vec()
}

/// One likelihood, with and without gradient: what fits consist of.
fn likelihood(c: &mut Criterion) {
    let kernel = Form::Sum.kernel(4);
    for n in SIZES {
        let p = problem(n);
        let distances = Distances::from_stack(p.stack.view()).expect("valid distances");
        for (name, rule) in [
            ("tolerate", Indefinite::Tolerate),
            ("clip", Indefinite::Clip),
        ] {
            c.bench_function(&format!("lml/{name}/{n}"), |b| {
                b.iter(|| {
                    log_marginal_likelihood(
                        &kernel,
                        black_box(&parameters()),
                        &distances,
                        &p.scores,
                        rule,
                    )
                });
            });
        }
        c.bench_function(&format!("lml-gradient/{n}"), |b| {
            let rule = Indefinite::Tolerate;
            b.iter(|| {
                let at = black_box(parameters());
                log_marginal_likelihood_gradient(&kernel, &at, &distances, &p.scores, rule)
            });
        });
        let triangles = distances.layers();
        let mut out = vec![0.0; n * (n + 1) / 2];
        c.bench_function(&format!("kernel/{n}"), |b| {
            b.iter(|| kernel.evaluate(black_box(&parameters()[1..]), &triangles, &mut out));
        });
    }
}

/// Predictions of one member, and growing it by one observation.
fn posterior(c: &mut Criterion) {
    for n in SIZES {
        let p = problem(n);
        let distances = Distances::from_stack(p.stack.view()).expect("valid distances");
        let kernel = Form::Sum.kernel(4);
        let gp = Gp::fit(
            kernel,
            &parameters(),
            &distances,
            &p.scores,
            Options::default(),
        )
        .expect("a positive definite covariance");
        c.bench_function(&format!("predict/{n}x{CANDIDATES}"), |b| {
            b.iter(|| gp.predict(black_box(p.cross.view())));
        });
        let row = p.cross.slice(s![.., 0, ..]);
        c.bench_function(&format!("extend/{n}"), |b| {
            b.iter_batched(
                || gp.clone(),
                |mut gp| gp.extend(black_box(row), 0.0).map(|()| gp),
                criterion::BatchSize::LargeInput,
            );
        });
    }
}

/// A refit of the whole surrogate from warm hyper-parameters, as a search does between suggestions.
fn surrogate(c: &mut Criterion) {
    let mut group = c.benchmark_group("surrogate");
    group.sample_size(10);
    for n in SIZES {
        let p = problem(n);
        let mut rng = Pcg64::seed_from_u64(1);
        let mut model =
            Surrogate::new(Form::Sum.kernel(4), Settings::default()).expect("valid settings");
        model
            .set_observations(p.stack.view(), &p.scores)
            .expect("valid data");
        group.bench_function(BenchmarkId::new("first-fit", n), |b| {
            b.iter(|| model.clone().refit(&mut Pcg64::seed_from_u64(1)));
        });
        model.refit(&mut rng).expect("a fit");
        group.bench_function(BenchmarkId::new("refit", n), |b| {
            b.iter(|| model.refit(&mut rng));
        });
        group.bench_function(BenchmarkId::new("push", n), |b| {
            let row = p.cross.slice(s![.., 0, ..]);
            b.iter_batched(
                || model.clone(),
                |mut model| model.push(row, 0.0).map(|()| model),
                criterion::BatchSize::LargeInput,
            );
        });
        group.bench_function(
            BenchmarkId::new("predict", format!("{n}x{CANDIDATES}")),
            |b| {
                let ensemble = model.ensemble().expect("fitted");
                b.iter(|| ensemble.predict(black_box(p.cross.view())));
            },
        );
    }
}

criterion_group!(benches, likelihood, posterior, surrogate);
criterion_main!(benches);
