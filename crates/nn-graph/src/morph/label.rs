//! swap_label: another operation in the place of one.

use rand::Rng;
use rand::seq::SliceRandom as _;

use super::draft::Draft;
use super::{Refusal, first_within, is_drawn, processing};
use crate::{Constraints, Layer, Network, Op};

/// Puts `replacement` in the place of layer `i`.
///
/// # Errors
/// A layer that does not exist or does not compute, or a result that is no network.
pub fn swap_label(network: &Network, i: usize, replacement: Layer) -> Result<Network, Refusal> {
    processing(network, i)?;
    let mut draft = Draft::of(network);
    draft.replace(i, replacement);
    draft.build()
}

/// What could stand in the place of layer `i`: convolutions and pooling for each other, halving
/// the image where the layer did if they can, and activations for each other.
fn replacements(network: &Network, i: usize) -> Vec<Layer> {
    let layer = network.layers()[i];
    let is_image = |op: Op| op.is_conv() || op.is_pool();
    let fits = |op: &Op| {
        let same_family =
            is_image(*op) == is_image(layer.op) && op.is_activation() == layer.op.is_activation();
        *op != layer.op && is_drawn(*op) && op.is_processing() && same_family
    };
    let stride = if layer.halves() { 2 } else { 1 };
    let units = layer.units.unwrap_or_else(|| network.channels_in(i));
    (network.kind().ops().filter(fits))
        .map(|op| Layer {
            op,
            units: op.has_units().then_some(units),
            stride: op.is_conv().then_some(stride),
        })
        .collect()
}

pub(super) fn swap<R: Rng + ?Sized>(
    network: &Network,
    constraints: &Constraints,
    rng: &mut R,
) -> Result<Network, Refusal> {
    let mut layers: Vec<usize> = (0..network.len()).collect();
    layers.shuffle(rng);
    let swapped = layers.into_iter().flat_map(|i| {
        let mut others = replacements(network, i);
        others.shuffle(rng);
        (others.into_iter()).map(move |layer| swap_label(network, i, layer))
    });
    first_within(constraints, swapped)
}
