//! Sets of pairs on which speed is measured.

use std::collections::BTreeSet;

use nn_graph::{Kind, Network};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

use crate::instances::{evolve, pool};

/// `count` networks of one size: convolutional, or every other one an MLP at 10 layers.
pub(crate) fn of_size(size: usize, count: usize) -> Vec<Network> {
    let mut rng = Pcg64::seed_from_u64(size as u64);
    (0..count)
        .map(|k| {
            let kind = if size == 10 && k >= count / 2 {
                Kind::MlpClass
            } else {
                Kind::Cnn
            };
            evolve(kind, size, &mut rng)
        })
        .collect()
}

/// A set of pairs on which both sides are measured.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Set {
    /// Networks of this many layers.
    Size(usize),
    /// Some pairs of the evolved pool.
    Pool,
    /// All pairs of the evolved pool.
    Matrix,
}

impl Set {
    /// The networks, and pairs (places) of different ones of the same kind, in the order in which
    /// a matrix of distances has them.
    pub(crate) fn pairs(self) -> (Vec<Network>, Vec<(usize, usize)>) {
        let (networks, count) = match self {
            Self::Size(10) => (of_size(10, 60), 600),
            Self::Size(25) => (of_size(25, 60), 500),
            Self::Size(50) => (of_size(50, 40), 250),
            Self::Size(size) => (of_size(size, 30), 100),
            Self::Pool => (pool(), 1500),
            Self::Matrix => {
                let networks = pool();
                let all = (0..networks.len()).flat_map(|a| (0..a).map(move |b| (a, b)));
                return (networks, all.collect());
            }
        };
        let mut rng = Pcg64::seed_from_u64(7);
        let mut pairs = BTreeSet::new();
        while pairs.len() < count {
            let a = rng.random_range(0..networks.len());
            let b = rng.random_range(0..networks.len());
            if networks[a] != networks[b] && networks[a].kind() == networks[b].kind() {
                pairs.insert((a, b));
            }
        }
        (networks, pairs.into_iter().collect())
    }
}
