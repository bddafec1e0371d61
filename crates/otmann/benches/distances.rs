//! Speed by size: a solve, a pair of an evolved pool, a cross matrix, a profile.
//!
//! Each iteration sweeps a whole set of distinct pairs: one repeated pair would train the branch
//! predictor and look twice as fast. `solve/25` is one of a pair's four solves, costs included;
//! criterion's throughput counts solves, pairs or profiles.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use nn_graph::Kind;
use otmann::{Metric, Profile, Scratch};

mod instances;
#[path = "instances/sets.rs"]
mod sets;
use sets::Set;

fn sweep(c: &mut Criterion, (group, name): (&str, &str), set: Set, solves_per_pair: u64) {
    let (networks, pairs) = set.pairs();
    let metric = Metric::for_kind(Kind::Cnn);
    let profiles: Vec<Profile> = (networks.iter())
        .filter_map(|network| metric.profile(network).ok())
        .collect();
    let mut group = c.benchmark_group(group);
    group.throughput(Throughput::Elements(pairs.len() as u64 * solves_per_pair));
    let mut scratch = Scratch::default();
    let (mut raw, mut normalised) = ([0.0; 4], [0.0; 4]);
    group.bench_function(name, |bencher| {
        bencher.iter(|| {
            for &(a, b) in &pairs {
                let (a, b) = (&profiles[a], &profiles[b]);
                let done = metric.distance_into(&mut scratch, a, b, &mut raw, &mut normalised);
                std::hint::black_box((done.is_ok(), &raw, &normalised));
            }
        });
    });
    group.finish();
}

fn solves(c: &mut Criterion) {
    sweep(c, ("solve", "25"), Set::Size(25), 4);
    sweep(c, ("solve", "50"), Set::Size(50), 4);
    sweep(c, ("solve", "100"), Set::Size(100), 4);
    sweep(c, ("pair", "pool"), Set::Pool, 1);
    sweep(c, ("matrix", "pool"), Set::Matrix, 4);
}

fn cross(c: &mut Criterion) {
    let metric = Metric::for_kind(Kind::Cnn);
    let profiles: Vec<Profile> = (instances::pool().iter())
        .filter_map(|network| metric.profile(network).ok())
        .collect();
    let rows: Vec<Profile> = profiles.iter().cycle().take(500).cloned().collect();
    let columns = &profiles[..200];
    c.bench_function("cross/500x200", |bencher| {
        bencher.iter(|| metric.cross(&rows, columns));
    });
}

fn profile(c: &mut Criterion) {
    let metric = Metric::for_kind(Kind::Cnn);
    let networks = sets::of_size(25, 50);
    let mut group = c.benchmark_group("profile");
    group.throughput(Throughput::Elements(networks.len() as u64));
    group.bench_function("25", |bencher| {
        bencher.iter(|| {
            for network in &networks {
                std::hint::black_box(metric.profile(network).is_ok());
            }
        });
    });
}

criterion_group!(benches, solves, cross, profile);
criterion_main!(benches);
