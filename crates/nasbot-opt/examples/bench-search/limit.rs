//! Hidden limits: networks that cannot be evaluated, a third of the space.
//!
//! The search is not told where the limit is. It lies at the second third of what 3,000 random networks of the space need, so
//! that one in three of them is forbidden; the best networks of the synthetic functions are large, and most of what a search
//! would visit is.

use clap::ValueEnum;
use nasbot_opt::{Evaluator, Failure, NetworkSpace, Outcome, Space as _, Synthetic};
use nn_graph::dag::End;
use nn_graph::{Group, Network};
use rand::SeedableRng as _;
use rand_pcg::Pcg64;

/// Random networks by which the limit is set.
const DRAWN: usize = 3_000;

/// The side of the images of which memory and time are computed, in pixels.
const SIDE: f64 = 32.0;

/// Examples in a batch.
const BATCH: f64 = 64.0;

/// What is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Limit {
    /// The number of weights.
    Weights,
    /// Numbers that a training holds: weights, gradients and two moments each, and the values of a batch.
    Memory,
    /// Seconds of a step, by a rough model: the multiplications of a batch at 10¹² a second, and 0.1 ms a layer.
    Time,
    /// The number of layers.
    Layers,
    /// The shortest way from input to output, as if deep networks diverged.
    Depth,
    /// One network in three, by chance: nothing can be learnt.
    Chance,
}

impl Limit {
    fn of(self, network: &Network) -> f64 {
        let sum = |each: &dyn Fn(usize) -> f64| (0..network.len()).map(each).sum::<f64>();
        let pixels = |layer| {
            let shrinkage = network.shrinkage_out(layer).map(f64::from);
            shrinkage.map_or(1.0, |shrinkage| (SIDE / shrinkage).powi(2))
        };
        let weights = |layer: usize| {
            let filter = network.layers()[layer].op.filter().map_or(1.0, f64::from);
            let (from, to) = (network.channels_in(layer), network.channels_out(layer));
            f64::from(from) * f64::from(to) * filter.powi(2)
        };
        let values = |layer| f64::from(network.channels_out(layer)) * pixels(layer);
        match self {
            Self::Weights => sum(&weights),
            Self::Memory => 4.0 * sum(&weights) + BATCH * sum(&values),
            Self::Time => sum(&|layer| BATCH * weights(layer) * pixels(layer) / 1e12 + 1e-4),
            Self::Layers => network.len() as f64,
            Self::Depth => {
                let layers = network.layers();
                let lengths = |i: usize| Group::All.contains(layers[i].op);
                let lengths = network.dag().lengths(End::Sources, lengths);
                f64::from(lengths.shortest[network.len() - 1])
            }
            Self::Chance => (network.canonical_hash() % 3_000) as f64,
        }
    }
}

/// The synthetic function, with a limit if there is one.
pub(crate) struct Limited {
    limit: Option<(Limit, f64)>,
    failure: Failure,
}

impl Limited {
    /// `failure` is what is reported of a network beyond the limit.
    pub(crate) fn new(space: &NetworkSpace, limit: Option<Limit>, failure: Failure) -> Self {
        let place = |limit: Limit| {
            let mut rng = Pcg64::seed_from_u64(0);
            let drawn = (0..DRAWN).filter_map(|_| space.sample(&mut rng));
            let mut needs: Vec<f64> = drawn.map(|network| limit.of(&network)).collect();
            needs.sort_by(f64::total_cmp);
            (limit, needs[2 * needs.len() / 3])
        };
        Self {
            limit: limit.map(place),
            failure,
        }
    }
}

impl Evaluator<Network> for Limited {
    fn evaluate(&self, network: &Network, seed: u64) -> Outcome {
        match self.limit {
            Some((limit, most)) if limit.of(network) > most => Outcome::Failed(self.failure),
            _ => Synthetic.evaluate(network, seed),
        }
    }
}
