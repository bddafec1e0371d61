//! Evolved networks of wanted sizes, from fixed seeds: what benchmarks, `bench-otmann.sh` and the
//! tests of exactness use.

use nn_graph::{Bounds, Kind, Network, morph, pool};
use rand::seq::IndexedRandom as _;
use rand::{Rng, RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64;

/// Mutations after which a walk that has not met the wanted size starts anew.
const PATIENCE: usize = 2000;

/// A network of `size` layers: random morphs from one of the hand-made examples, under a bound on
/// the number of layers, until there are exactly that many.
pub(crate) fn evolve(kind: Kind, size: usize, rng: &mut impl Rng) -> Network {
    let examples = pool::examples(kind);
    loop {
        let Some(mut network) = examples.choose(rng).cloned() else {
            continue;
        };
        for _ in 0..PATIENCE {
            if network.len() == size {
                return network;
            }
            let bounds = Bounds {
                max_layers: Some(size.max(network.len())),
                ..Bounds::default()
            };
            if let Ok(bounds) = bounds.checked()
                && let Ok(mutant) = morph::mutate(&network, &bounds, rng)
            {
                network = mutant;
            }
        }
    }
}

/// 214 convolutional networks of 8 to 66 layers, 25 on average.
pub(crate) fn pool() -> Vec<Network> {
    let mut rng = Pcg64::seed_from_u64(214);
    (0..214)
        .map(|_| {
            let u: f64 = rng.random();
            let size = (8.0 + 58.0 * u.powf(2.4)) as usize;
            evolve(Kind::Cnn, size.max(8), &mut rng)
        })
        .collect()
}
