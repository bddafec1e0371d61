//! To petgraph, for its algorithms.

use petgraph::graph::{DiGraph, NodeIndex};

use crate::{Layer, Network};

/// Nodes are numbered as the network's layers; edges carry nothing.
impl From<&Network> for DiGraph<Layer, ()> {
    fn from(network: &Network) -> Self {
        let mut graph = Self::with_capacity(network.len(), network.edges().len());
        for &layer in network.layers() {
            graph.add_node(layer);
        }
        for &(from, to) in network.edges() {
            graph.add_edge(NodeIndex::new(from), NodeIndex::new(to), ());
        }
        graph
    }
}
