//! remove_layer: a layer goes, and its parents feed its children.

use rand::Rng;
use rand::seq::SliceRandom as _;

use super::draft::Draft;
use super::{Refusal, first_within, processing};
use crate::{Constraints, Network};

/// Removes layer `i` and connects each of its parents with each of its children. If the layer
/// halved the image, those of its children that are convolutions of stride 1 do it instead.
///
/// # Errors
/// A layer that does not exist or does not compute, or a result that is no network.
pub fn remove_layer(network: &Network, i: usize) -> Result<Network, Refusal> {
    let layer = processing(network, i)?;
    let mut draft = Draft::of(network);
    draft.remove(i);
    for &child in network.children(i) {
        for &parent in network.parents(i) {
            draft.connect(parent, child);
        }
        let mut child_layer = network.layers()[child];
        if layer.halves() && child_layer.stride == Some(1) {
            child_layer.stride = Some(2);
            draft.replace(child, child_layer);
        }
    }
    draft.build()
}

pub(super) fn remove<R: Rng + ?Sized>(
    network: &Network,
    constraints: &Constraints,
    rng: &mut R,
) -> Result<Network, Refusal> {
    let mut layers: Vec<usize> = (0..network.len()).collect();
    layers.shuffle(rng);
    let removed = layers.into_iter().map(|i| remove_layer(network, i));
    first_within(constraints, removed)
}
