//! What a search does with thousands of networks: construct, hash, mutate, measure path lengths.
#![expect(
    clippy::expect_used,
    reason = "a benchmark that cannot be set up should stop"
)]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use nn_graph::{Bounds, Kind, Network, mutate, pool};
use rand::SeedableRng as _;
use rand_pcg::Pcg64;

/// A mutant of about this many layers, of constant seed.
fn grown(layers: usize) -> Network {
    let bounds = Bounds {
        max_layers: Some(layers),
        ..Bounds::default()
    }
    .checked()
    .expect("these bounds can be kept");
    let mut rng = Pcg64::seed_from_u64(1);
    let mut network = pool::examples(Kind::Cnn).swap_remove(0);
    for _ in 0..100 * layers {
        if network.len() == layers {
            break;
        }
        network = mutate(&network, &bounds, &mut rng).unwrap_or(network);
    }
    network
}

fn graph(criterion: &mut Criterion) {
    for layers in [10, 25, 50, 100] {
        let network = grown(layers);
        let n = network.len();
        let given = (network.layers().to_vec(), network.edges().to_vec());
        criterion.bench_function(&format!("construct/{n}"), |b| {
            b.iter(|| {
                let (layers, edges) = black_box(&given).clone();
                Network::new(Kind::Cnn, layers, edges)
            });
        });
        criterion.bench_function(&format!("hash/{n}"), |b| {
            b.iter(|| black_box(&network).canonical_hash());
        });
        criterion.bench_function(&format!("path-lengths/{n}"), |b| {
            b.iter(|| black_box(&network).path_lengths());
        });
        let mut rng = Pcg64::seed_from_u64(2);
        let bounds = Bounds {
            max_layers: Some(2 * n),
            ..Bounds::default()
        }
        .checked()
        .expect("these bounds can be kept");
        criterion.bench_function(&format!("mutate/{n}"), |b| {
            b.iter(|| mutate(black_box(&network), &bounds, &mut rng));
        });
    }
}

criterion_group!(benches, graph);
criterion_main!(benches);
