//! A network being changed: layers and edges that need not make sense until they are built.

use std::collections::BTreeSet;

use super::Refusal;
use crate::{Kind, Layer, Network};

/// Layers keep their numbers while others come (at the end) and go; [`Draft::build`] closes the
/// gaps and sorts.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    kind: Kind,
    layers: Vec<Option<Layer>>,
    edges: BTreeSet<(usize, usize)>,
}

impl Draft {
    pub(super) fn of(network: &Network) -> Self {
        Self {
            kind: network.kind(),
            layers: network.layers().iter().copied().map(Some).collect(),
            edges: network.edges().iter().copied().collect(),
        }
    }

    /// Puts `layer` in the place of layer `i`.
    pub(super) fn replace(&mut self, i: usize, layer: Layer) {
        if let Some(place) = self.layers.get_mut(i) {
            *place = Some(layer);
        }
    }

    /// Adds a layer without edges and returns its number.
    pub(super) fn add(&mut self, layer: Layer) -> usize {
        self.layers.push(Some(layer));
        self.layers.len() - 1
    }

    /// Removes layer `i` and its edges.
    pub(super) fn remove(&mut self, i: usize) {
        if let Some(place) = self.layers.get_mut(i) {
            *place = None;
        }
        self.edges.retain(|&(from, to)| from != i && to != i);
    }

    /// Adds an edge, unless it is there.
    pub(super) fn connect(&mut self, from: usize, to: usize) {
        self.edges.insert((from, to));
    }

    pub(super) fn disconnect(&mut self, from: usize, to: usize) {
        self.edges.remove(&(from, to));
    }

    pub(super) fn build(self) -> Result<Network, Refusal> {
        let mut numbers = vec![0; self.layers.len()];
        let mut layers = Vec::with_capacity(self.layers.len());
        for (number, layer) in numbers.iter_mut().zip(self.layers) {
            *number = layers.len();
            layers.extend(layer);
        }
        let edges = (self.edges.into_iter()).map(|(from, to)| (numbers[from], numbers[to]));
        Network::new(self.kind, layers, edges).map_err(Refusal::Invalid)
    }
}
