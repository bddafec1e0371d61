//! The smallest and the largest network that bounds leave.

use super::families;
use crate::{Bounds, Constraints, Kind, Layer, Network, Op};

/// Hidden layers that are tried where only a bound on the mass limits them.
const MOST_HIDDEN: usize = 64;

/// Units that are tried where only a bound on the mass limits them.
const MOST_UNITS: u32 = 1 << 16;

/// Layers of a chain that are not hidden: input, decision, output.
const OTHERS: usize = 3;

/// A network of the fewest and narrowest layers that the bounds allow; `None` where no chain keeps them.
///
/// ```
/// use nn_graph::{Bounds, Kind, pool};
///
/// let bounds = Bounds { max_layers: Some(8), max_units: Some(128), ..Bounds::default() }.checked()?;
/// assert_eq!(pool::smallest(Kind::MlpReg, &bounds).map(|n| n.len()), Some(4));
/// assert_eq!(pool::largest(Kind::MlpReg, &bounds).map(|n| n.len()), Some(8));
/// // Nothing bounds the units: there is no largest one.
/// let bounds = Bounds { max_layers: Some(8), ..Bounds::default() }.checked()?;
/// assert_eq!(pool::largest(Kind::MlpReg, &bounds), None);
/// # Ok::<(), nn_graph::Error>(())
/// ```
#[must_use]
pub fn smallest(kind: Kind, constraints: &Constraints) -> Option<Network> {
    let bounds = constraints.bounds();
    let least = bounds.min_units.unwrap_or(1).max(1);
    let most = bounds.max_units.unwrap_or(MOST_UNITS).max(least);
    let op = if kind == Kind::Cnn {
        Op::Conv3
    } else {
        Op::Relu
    };
    let hidden = bounds
        .min_layers
        .map_or(1, |layers| layers.saturating_sub(OTHERS).max(1));
    let of = |hidden: usize, units: u32| {
        let network = chain(kind, op, hidden, units)?;
        constraints.check(&network).is_ok().then_some(network)
    };
    // Where the mass has a lower bound, the units rise with it; where the units end, further layers follow.
    let mut lengths = hidden..=most_hidden(bounds).max(hidden);
    lengths.find_map(|hidden| {
        let is_light = |units: u32| {
            let network = chain(kind, op, hidden, units);
            network.is_some_and(|n| bounds.min_mass.is_some_and(|least| n.total_mass() < least))
        };
        of(hidden, first_not(least, most, is_light))
    })
}

/// A network of the widest layers that the bounds allow, with as many edges as they allow; `None` where they leave layers or units
/// without an end. Without a bound on edges it is a chain.
#[must_use]
pub fn largest(kind: Kind, constraints: &Constraints) -> Option<Network> {
    let bounds = constraints.bounds();
    let is_long = bounds.max_layers.or(bounds.max_edges).is_some();
    let has_end = bounds.max_mass.is_some() || (is_long && bounds.max_units.is_some());
    if !has_end {
        return None;
    }
    let op = if kind == Kind::Cnn {
        Op::Res9
    } else {
        Op::Crelu
    };
    let least = bounds.min_units.unwrap_or(1).max(1);
    let most = bounds.max_units.unwrap_or(MOST_UNITS).max(least);
    let networks = (1..=most_hidden(bounds)).filter_map(|hidden| {
        let is_kept = |units: u32| {
            let network = chain(kind, op, hidden, units);
            network.is_some_and(|n| bounds.max_mass.is_none_or(|most| n.total_mass() <= most))
        };
        let units = first_not(least, most + 1, is_kept)
            .saturating_sub(1)
            .max(least);
        let network = chain(kind, op, hidden, units)?;
        constraints.check(&network).is_ok().then_some(network)
    });
    let heaviest = networks.max_by(|a, b| f64::total_cmp(&products(a), &products(b)))?;
    Some(joined(heaviest, constraints))
}

/// Hidden layers that bounds on layers and edges leave to a chain.
fn most_hidden(bounds: &Bounds) -> usize {
    let by_layers = bounds
        .max_layers
        .map(|layers| layers.saturating_sub(OTHERS));
    // A chain has one edge less than it has layers.
    let by_edges = bounds
        .max_edges
        .map(|edges| (edges + 1).saturating_sub(OTHERS));
    let most = [by_layers, by_edges].into_iter().flatten().min();
    most.unwrap_or(MOST_HIDDEN)
}

fn chain(kind: Kind, op: Op, hidden: usize, units: u32) -> Option<Network> {
    let layer = match kind {
        Kind::Cnn => Layer::conv(op, units, 1),
        Kind::MlpClass | Kind::MlpReg => Layer::dense(op, units),
    };
    families::chain(kind, vec![layer; hidden])
}

/// The first number from `from` on, before `to`, of which something that is true of the first ones is not; else `to`.
fn first_not(from: u32, to: u32, is: impl Fn(u32) -> bool) -> u32 {
    let (mut low, mut high) = (from, to);
    while low < high {
        let middle = low + (high - low) / 2;
        if is(middle) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

/// Products of what comes into layers and what leaves them: weights, but for the sizes of filters.
fn products(network: &Network) -> f64 {
    let layers = 0..network.len();
    layers
        .map(|i| f64::from(network.channels_in(i)) * f64::from(network.channels_out(i)))
        .sum()
}

/// The network with further edges between hidden layers, as far as a bound on edges leaves some.
fn joined(network: Network, constraints: &Constraints) -> Network {
    let Some(most) = constraints.bounds().max_edges else {
        return network;
    };
    let hidden = 1..network.len() - 2;
    let mut found = network;
    for from in hidden.clone() {
        for to in (from + 2)..hidden.end {
            if found.edges().len() >= most {
                return found;
            }
            let edges = found.edges().iter().copied().chain([(from, to)]);
            let wider = Network::new(found.kind(), found.layers().to_vec(), edges);
            if let Some(wider) = wider.ok().filter(|wider| constraints.check(wider).is_ok()) {
                found = wider;
            }
        }
    }
    found
}
