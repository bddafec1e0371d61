//! wedge_layer: a new layer in the middle of an edge.

use rand::seq::{IndexedRandom as _, SliceRandom as _};
use rand::{Rng, RngExt as _};

use super::draft::Draft;
use super::{Refusal, first_within, is_drawn};
use crate::{Constraints, Kind, Layer, Network, Op};

/// Places tried before giving up.
const TRIES: usize = 32;
/// A wedged convolution halves the image as often as this.
const STRIDE_2_IN: u32 = 4;

/// Puts `layer` between the ends of `edge`.
///
/// # Errors
/// An edge that does not exist or leads to the output, or a result that is no network.
pub fn wedge_layer(
    network: &Network,
    edge: (usize, usize),
    layer: Layer,
) -> Result<Network, Refusal> {
    let (from, to) = edge;
    if network.edges().binary_search(&edge).is_err() {
        return Err(Refusal::NoSuchEdge { from, to });
    }
    if network.layers()[to].op == Op::Op {
        return Err(Refusal::NoPlace);
    }
    let mut draft = Draft::of(network);
    let new = draft.add(layer);
    draft.disconnect(from, to);
    draft.connect(from, new);
    draft.connect(new, to);
    draft.build()
}

/// Units for a layer wedged into an edge: the mean, rounded half up, of those at its ends that
/// have any; if none has, the channels that pass.
///
/// # Errors
/// A layer that does not exist.
pub fn wedge_units(network: &Network, (from, to): (usize, usize)) -> Result<u32, Refusal> {
    let at = |i: usize| {
        let layer = network.layers().get(i);
        layer.ok_or(Refusal::NoSuchLayer {
            layer: i,
            layers: network.len(),
        })
    };
    Ok(match (at(from)?.units, at(to)?.units) {
        (Some(a), Some(b)) => a.max(b) - a.abs_diff(b) / 2,
        (Some(units), None) | (None, Some(units)) => units,
        (None, None) => network.channels_out(from),
    })
}

/// A layer of random operation for an edge; a flattened image allows `fc` alone.
fn random_layer<R: Rng + ?Sized>(
    network: &Network,
    edge: (usize, usize),
    constraints: &Constraints,
    rng: &mut R,
) -> Result<Layer, Refusal> {
    let (from, to) = edge;
    let is_flat = network.kind() == Kind::Cnn && network.shrinkage_out(from).is_none();
    let to_flat =
        matches!(network.layers()[to].op, Op::Fc) || network.layers()[to].op.is_decision();
    let fits = |op: &Op| {
        let shape = if is_flat {
            *op == Op::Fc
        } else {
            *op != Op::Fc || to_flat
        };
        op.is_processing() && is_drawn(*op) && shape
    };
    let ops: Vec<Op> = network.kind().ops().filter(fits).collect();
    let &op = ops.choose(rng).ok_or(Refusal::NoPlace)?;
    let units = match op {
        Op::Fc => network.layers()[from]
            .units
            .unwrap_or(wedge_units(network, edge)?),
        _ => wedge_units(network, edge)?,
    };
    let units = units
        .min(constraints.bounds().max_units.unwrap_or(u32::MAX))
        .max(constraints.bounds().min_units.unwrap_or(1));
    let stride = if rng.random_ratio(1, STRIDE_2_IN) {
        2
    } else {
        1
    };
    Ok(Layer {
        op,
        units: op.has_units().then_some(units),
        stride: op.is_conv().then_some(stride),
    })
}

pub(super) fn wedge<R: Rng + ?Sized>(
    network: &Network,
    constraints: &Constraints,
    rng: &mut R,
) -> Result<Network, Refusal> {
    let mut edges = network.edges().to_vec();
    edges.shuffle(rng);
    let wedged = edges.into_iter().cycle().take(TRIES).map(|edge| {
        let layer = random_layer(network, edge, constraints, rng)?;
        wedge_layer(network, edge, layer)
    });
    first_within(constraints, wedged)
}
