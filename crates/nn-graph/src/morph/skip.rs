//! skip: an edge past some layers, with pooling where the image has shrunk between.

use rand::Rng;
use rand::seq::{IndexedRandom as _, SliceRandom as _};

use super::draft::Draft;
use super::starts::{draw, start_weights};
use super::{Refusal, first_within};
use crate::dag::End;
use crate::{Constraints, Layer, Network, Op};

/// Starts tried before giving up.
const STARTS: usize = 8;
/// Ends tried for each.
const ENDS: usize = 4;

/// Connects `from` with `to`, through as many layers of `pool` as the image has been halved
/// between them.
///
/// # Errors
/// A layer that does not exist, an edge that is there already, images that can't be made to
/// agree, or a result that is no network.
pub fn add_skip(network: &Network, from: usize, to: usize, pool: Op) -> Result<Network, Refusal> {
    for layer in [from, to] {
        let layers = network.len();
        if layer >= layers {
            return Err(Refusal::NoSuchLayer { layer, layers });
        }
    }
    if network.children(from).contains(&to) {
        return Err(Refusal::NoPlace);
    }
    let pools = halvings_between(network, from, to).ok_or(Refusal::NoPlace)?;
    let mut draft = Draft::of(network);
    let mut end = from;
    for _ in 0..pools {
        let next = draft.add(Layer::plain(pool));
        draft.connect(end, next);
        end = next;
    }
    draft.connect(end, to);
    draft.build()
}

/// How often an image that leaves `from` must be halved to be one that comes to `to`.
fn halvings_between(network: &Network, from: usize, to: usize) -> Option<u32> {
    match (network.shrinkage_out(from), network.shrinkage_in(to)) {
        (Some(before), Some(after)) => after.ilog2().checked_sub(before.ilog2()),
        (None, None) => Some(0),
        _ => None,
    }
}

/// Layers to which a skip from `from` can lead: at least two further from the input, computing
/// or deciding.
fn ends(network: &Network, from: usize, distances: &[u32]) -> Vec<usize> {
    (0..network.len())
        .filter(|&to| {
            let op = network.layers()[to].op;
            distances[to] > distances[from] + 1
                && (op.is_processing() || op.is_decision())
                && !network.children(from).contains(&to)
                && halvings_between(network, from, to).is_some()
        })
        .collect()
}

pub(super) fn skip<R: Rng + ?Sized>(
    network: &Network,
    constraints: &Constraints,
    rng: &mut R,
) -> Result<Network, Refusal> {
    let weights = start_weights(network);
    let distances = network.dag().lengths(End::Sources, |_| true).shortest;
    let mut pairs = Vec::new();
    for _ in 0..STARTS {
        let from = draw(&weights, rng).ok_or(Refusal::NoPlace)?;
        let mut ends = ends(network, from, &distances);
        ends.shuffle(rng);
        pairs.extend(ends.into_iter().take(ENDS).map(|to| (from, to)));
    }
    let skipped = pairs.into_iter().map(|(from, to)| {
        let pool = [Op::MaxPool, Op::AvgPool].choose(rng).copied();
        add_skip(network, from, to, pool.unwrap_or(Op::MaxPool))
    });
    first_within(constraints, skipped)
}
