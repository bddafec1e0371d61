//! dup_path: a second copy of a path beside it, with some of its layers left out.

use rand::seq::IndexedRandom as _;
use rand::{Rng, RngExt as _};

use super::draft::Draft;
use super::starts::{draw, start_weights};
use super::{Refusal, first_within};
use crate::{Constraints, Network, Op};

/// Paths tried before giving up.
const TRIES: usize = 16;
/// A layer that need not be copied is copied with this probability.
const KEEP: f64 = 0.5;
/// A start that was drawn in vain gets this much of its weight.
const DECAY: f64 = 0.9;
/// A path has at least this many layers, its ends included, unless it comes to the output before.
const SHORTEST: usize = 4;
/// Then it ends with this probability at each layer.
const ENDS: f64 = 0.3;

/// Copies the layers between the ends of `path` and connects the copies from its first layer to
/// its last. Layers that change the image's size, the first behind the input, and decision
/// layers are always copied; of the others those for which `keep` holds. If none would be, the
/// last is. A path of two layers changes nothing.
///
/// # Errors
/// Fewer than two layers, two in a row without an edge, or a result that is no network.
pub fn duplicate_path(
    network: &Network,
    path: &[usize],
    mut keep: impl FnMut(usize) -> bool,
) -> Result<Network, Refusal> {
    for pair in path.windows(2) {
        let (from, to) = (pair[0], pair[1]);
        if network.edges().binary_search(&(from, to)).is_err() {
            return Err(Refusal::NoSuchEdge { from, to });
        }
    }
    let [first, between @ .., last] = path else {
        return Err(Refusal::NoPlace);
    };
    let is_needed = |i: usize| {
        network.shrinkage_in(i) != network.shrinkage_out(i)
            || (network.layers()[*first].op == Op::Ip && between.first() == Some(&i))
            || network.layers()[i].op.is_decision()
    };
    let mut kept: Vec<usize> = (between.iter().copied())
        .filter(|&i| is_needed(i) || keep(i))
        .collect();
    if kept.is_empty() {
        kept.extend(between.last());
    }
    let mut draft = Draft::of(network);
    let mut end = *first;
    for i in kept {
        let copy = draft.add(network.layers()[i]);
        draft.connect(end, copy);
        end = copy;
    }
    draft.connect(end, *last);
    draft.build()
}

/// A path from `start` along random edges.
fn random_path<R: Rng + ?Sized>(network: &Network, start: usize, rng: &mut R) -> Vec<usize> {
    let mut path = vec![start];
    let mut at = start;
    while let Some(&next) = network.children(at).choose(rng) {
        path.push(next);
        at = next;
        if path.len() >= SHORTEST && rng.random_bool(ENDS) {
            break;
        }
    }
    path
}

pub(super) fn duplicate<R: Rng + ?Sized>(
    network: &Network,
    constraints: &Constraints,
    rng: &mut R,
) -> Result<Network, Refusal> {
    let mut weights = start_weights(network);
    let duplicated = (0..TRIES).map(|_| {
        let start = draw(&weights, rng).ok_or(Refusal::NoPlace)?;
        weights[start] *= DECAY;
        let path = random_path(network, start, rng);
        if path.len() < 3 {
            return Err(Refusal::NoPlace);
        }
        duplicate_path(network, &path, |_| rng.random_bool(KEEP))
    });
    first_within(constraints, duplicated)
}
