//! The architecture type: immutable and always valid.

use std::sync::Arc;

use crate::dag::Dag;
use crate::error::{Error, LayerRef};
use crate::measures::Measures;
use crate::path_lengths::PathLengths;
use crate::{Kind, Layer, validate};

/// A neural network's architecture: a DAG of layers from one input to one output.
///
/// Immutable and always valid: constructor, morphs and deserialisation all check. Layers stand
/// in topological order, the input first and the output last.
///
/// ```
/// use nn_graph::{Kind, Layer, Network, Op};
///
/// let layers = vec![
///     Layer::plain(Op::Ip),
///     Layer::conv(Op::Conv3, 16, 1),
///     Layer::plain(Op::MaxPool),
///     Layer::dense(Op::Fc, 32),
///     Layer::plain(Op::Softmax),
///     Layer::plain(Op::Op),
/// ];
/// let network = Network::new(Kind::Cnn, layers, (0..5).map(|i| (i, i + 1)))?;
/// assert_eq!(network.masses()[2], 16.0); // pooling weighs its input channels
/// # Ok::<(), nn_graph::Error>(())
/// ```
///
/// A copy costs nothing: copies share what they are made of.
#[derive(Clone, Debug, PartialEq)]
pub struct Network(Arc<Parts>);

/// What a network is made of.
#[derive(Debug, PartialEq)]
struct Parts {
    kind: Kind,
    layers: Vec<Layer>,
    dag: Dag,
    measures: Measures,
}

impl Network {
    /// Checks a description and puts its layers in topological order (first in, first out from
    /// the input, children in the order in which they are listed).
    ///
    /// # Errors
    /// Names the layer, by its place in `layers`, and what to do.
    pub fn new(
        kind: Kind,
        layers: Vec<Layer>,
        edges: impl IntoIterator<Item = (usize, usize)>,
    ) -> Result<Self, Error> {
        Ok(Self::ordered(kind, &layers, edges)?.0)
    }

    /// As [`Network::new`], with the place in `layers` of each layer of the network.
    pub(crate) fn ordered(
        kind: Kind,
        layers: &[Layer],
        edges: impl IntoIterator<Item = (usize, usize)>,
    ) -> Result<(Self, Vec<usize>), Error> {
        validate::layers(kind, layers)?;
        let (dag, order) = Dag::new(layers.len(), edges)?;
        let name = |i: usize| LayerRef {
            index: order[i],
            op: layers[order[i]].op,
        };
        let sorted: Vec<Layer> = order.iter().map(|&old| layers[old]).collect();
        validate::connections(kind, &sorted, &dag, name)?;
        let measures = Measures::new(kind, &sorted, &dag, name)?;
        let network = Self(Arc::new(Parts {
            kind,
            layers: sorted,
            dag,
            measures,
        }));
        Ok((network, order))
    }

    /// The family that the network belongs to.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// The layers in topological order.
    #[must_use]
    pub fn layers(&self) -> &[Layer] {
        &self.0.layers
    }

    /// Number of layers, input and output included.
    #[must_use]
    #[expect(
        clippy::len_without_is_empty,
        reason = "a network is never empty: it has an input and an output"
    )]
    pub fn len(&self) -> usize {
        self.0.layers.len()
    }

    /// The graph without its layers.
    #[must_use]
    pub fn dag(&self) -> &Dag {
        &self.0.dag
    }

    /// Edges (from, to), sorted.
    #[must_use]
    pub fn edges(&self) -> &[(usize, usize)] {
        self.0.dag.edges()
    }

    /// The layers that feed layer `i`, ascending.
    #[must_use]
    pub fn parents(&self, i: usize) -> &[usize] {
        self.0.dag.parents(i)
    }

    /// The layers that layer `i` feeds, ascending.
    #[must_use]
    pub fn children(&self, i: usize) -> &[usize] {
        self.0.dag.children(i)
    }

    /// The largest number of parents of a layer.
    #[must_use]
    pub fn max_in_degree(&self) -> usize {
        (0..self.len())
            .map(|i| self.parents(i).len())
            .max()
            .unwrap_or(0)
    }

    /// The largest number of children of a layer.
    #[must_use]
    pub fn max_out_degree(&self) -> usize {
        (0..self.len())
            .map(|i| self.children(i).len())
            .max()
            .unwrap_or(0)
    }

    /// Layer masses (paper, section 3), in topological order.
    #[must_use]
    pub fn masses(&self) -> &[f64] {
        &self.0.measures.masses
    }

    /// Sum of the layer masses.
    #[must_use]
    pub fn total_mass(&self) -> f64 {
        self.0.measures.total_mass
    }

    /// Channels that come into layer `i`: its parents', concatenated; 0 at the input and the
    /// output. The image's own channels are not known to an architecture: the input has one.
    #[must_use]
    pub fn channels_in(&self, i: usize) -> u32 {
        self.0.measures.channels_in[i]
    }

    /// Channels that leave layer `i`: its units, for pooling what comes in, 1 at the input, 0 at
    /// decision layers and the output.
    #[must_use]
    pub fn channels_out(&self, i: usize) -> u32 {
        self.0.measures.channels_out[i]
    }

    /// The factor by which the image has shrunk before layer `i` (1, 2, 4, …); `None` once it is
    /// flattened, and in multi-layer perceptrons.
    #[must_use]
    pub fn shrinkage_in(&self, i: usize) -> Option<u32> {
        self.0.measures.shrinkage_in[i]
    }

    /// The factor by which the image has shrunk after layer `i`, as [`Self::shrinkage_in`].
    #[must_use]
    pub fn shrinkage_out(&self, i: usize) -> Option<u32> {
        self.0.measures.shrinkage_out[i]
    }

    /// The largest number of halvings of the image on any path.
    #[must_use]
    pub fn halvings(&self) -> u32 {
        (self.0.measures.shrinkage_out.iter())
            .filter_map(|by| by.map(u32::ilog2))
            .max()
            .unwrap_or(0)
    }

    /// Path lengths of every category, computed anew at each call. O(categories × (n + m)).
    #[must_use]
    pub fn path_lengths(&self) -> PathLengths {
        PathLengths::new(self.kind(), self.layers(), self.dag())
    }
}
