//! Everything that can be wrong with a description of a network or of a space.

use crate::nearest::instead;
use crate::{Bound, BoundProblem, Kind, Morph, Op};

/// A layer as named in a message: its place in the listing that was given, and its operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LayerRef {
    /// Place in the listing as it was given, from 0.
    pub index: usize,
    /// The layer's operation.
    pub op: Op,
}

impl std::fmt::Display for LayerRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "layer {} ({})", self.index, self.op)
    }
}

/// Why a description is not a network, or a space has none to start from. Layers are numbered from 0 as they were listed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No operation has this name.
    #[error("{}unknown operation '{name}': {}", .layer.map_or(String::new(), |i| format!("layer {i}: ")), instead(.name, Op::ALL.iter().map(|op| op.name())))]
    UnknownOp {
        /// The layer that names it, where it is known.
        layer: Option<usize>,
        /// The name as given.
        name: String,
    },
    /// No kind has this name.
    #[error("unknown kind '{name}': {}", instead(.name, Kind::ALL.iter().map(|kind| kind.name())))]
    UnknownKind {
        /// The name as given.
        name: String,
    },
    /// No morph has this name.
    #[error("unknown morph '{name}': {}", instead(.name, Morph::ALL.iter().map(|morph| morph.name())))]
    UnknownMorph {
        /// The name as given.
        name: String,
    },
    /// The operation exists, but not in networks of this kind.
    #[error("{layer} does not belong in a network of kind {kind}: use one of {}", names(kind.ops().map(Op::name)))]
    OpNotInKind {
        /// The layer.
        layer: LayerRef,
        /// The network's kind.
        kind: Kind,
    },
    /// A layer that needs units has none.
    #[error("{layer} has no units: give it a whole number of at least 1")]
    MissingUnits {
        /// The layer.
        layer: LayerRef,
    },
    /// Units that are no whole number of at least 1.
    #[error(
        "{layer} has {units} units: give it a whole number of at least 1, at most {}",
        u32::MAX
    )]
    BadUnits {
        /// The layer.
        layer: LayerRef,
        /// The number as given.
        units: f64,
    },
    /// Units on a layer that has none.
    #[error(
        "{layer} carries units: input, output, decision and pooling layers have none, remove them"
    )]
    UnexpectedUnits {
        /// The layer.
        layer: LayerRef,
    },
    /// A convolution without a stride.
    #[error("{layer} has no stride: convolutions need \"stride\": 1 or 2")]
    MissingStride {
        /// The layer.
        layer: LayerRef,
    },
    /// A stride other than 1 or 2.
    #[error("{layer} has stride {stride}: use 1 or 2")]
    BadStride {
        /// The layer.
        layer: LayerRef,
        /// The stride as given.
        stride: f64,
    },
    /// A stride on a layer that is no convolution.
    #[error("{layer} carries a stride: only convolutions have one, remove it")]
    UnexpectedStride {
        /// The layer.
        layer: LayerRef,
    },
    /// No layer is the input or the output.
    #[error("no layer is '{op}': a network needs exactly one input 'ip' and one output 'op'")]
    MissingTerminal {
        /// The operation that is missing.
        op: Op,
    },
    /// Two layers are the input or the output.
    #[error("layers {first} and {second} are both '{op}': a network has exactly one")]
    RepeatedTerminal {
        /// The operation that stands twice.
        op: Op,
        /// The first such layer.
        first: usize,
        /// The next such layer.
        second: usize,
    },
    /// An edge names a layer that does not exist.
    #[error(
        "edge [{from}, {to}] names a layer that does not exist: there are {layers} layers, numbered from 0"
    )]
    EdgeOutOfRange {
        /// Where the edge starts.
        from: usize,
        /// Where the edge ends.
        to: usize,
        /// Number of layers.
        layers: usize,
    },
    /// An edge is listed twice.
    #[error("edge [{from}, {to}] is listed twice: remove one")]
    DuplicateEdge {
        /// Where the edge starts.
        from: usize,
        /// Where the edge ends.
        to: usize,
    },
    /// The edges close a cycle.
    #[error("the edges close a cycle through layers {}: a network must be acyclic", names(.layers.iter().map(|i| i.to_string())))]
    Cycle {
        /// The layers of one cycle, in the direction of its edges.
        layers: Vec<usize>,
    },
    /// Bounds that no network can keep.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Bounds(Vec<BoundProblem>),
    /// A layer that the input does not reach.
    #[error("{layer} can't be reached from the input: connect it or remove it")]
    Unreachable {
        /// The layer.
        layer: LayerRef,
    },
    /// A layer from which the output can't be reached.
    #[error("{layer} does not lead to the output: connect it or remove it")]
    DeadEnd {
        /// The layer.
        layer: LayerRef,
    },
    /// An edge into the input.
    #[error("{layer} feeds the input: nothing may, remove the edge")]
    EdgeIntoInput {
        /// The layer that feeds it.
        layer: LayerRef,
    },
    /// An edge out of the output.
    #[error("{layer} takes from the output: nothing may, remove the edge")]
    EdgeOutOfOutput {
        /// The layer that takes from it.
        layer: LayerRef,
    },
    /// The output's parents must be decision layers.
    #[error("{layer} feeds the output: only decision layers ({decision}) may, put one between")]
    NotADecision {
        /// The layer that feeds it.
        layer: LayerRef,
        /// This kind's decision operation.
        decision: Op,
    },
    /// A decision layer feeds something other than the output.
    #[error("{layer} is a decision layer but feeds {child}: it may feed the output only")]
    DecisionNotLast {
        /// The decision layer.
        layer: LayerRef,
        /// The layer that it feeds.
        child: LayerRef,
    },
    /// The input of a convolutional network feeds something other than a convolution.
    #[error(
        "{layer} takes from the input but is no convolution: the first layers of a cnn must be"
    )]
    NotConvAfterInput {
        /// The layer that takes from the input.
        layer: LayerRef,
    },
    /// A layer's parents have images of different sizes.
    #[error("{layer} takes images of different sizes: {}; the parents' numbers of halvings must agree", names(.parents.iter().map(|(p, s)| format!("{} from {p}", size(*s)))))]
    ImageSizeMismatch {
        /// The layer.
        layer: LayerRef,
        /// Each parent with the factor by which its image has shrunk; `None`: flattened.
        parents: Vec<(LayerRef, Option<u32>)>,
    },
    /// A layer that needs an image takes a flattened one.
    #[error(
        "{layer} needs an image but {parent} has flattened it: put it before the fully connected layers"
    )]
    ImageIsFlat {
        /// The layer.
        layer: LayerRef,
        /// Its parent that has flattened the image.
        parent: LayerRef,
    },
    /// Channels or image sizes too large to count.
    #[error(
        "{layer} has more input channels or halvings than can be counted: make the network smaller"
    )]
    TooLarge {
        /// The layer.
        layer: LayerRef,
    },
    /// No network to start a search from keeps these bounds together.
    #[error("no network of kind {kind} to start from keeps {}: relax {}", names(.bounds.iter().map(|(bound, limit)| format!("{bound} = {limit}"))), if .bounds.len() == 1 { "it" } else { "one of them" })]
    NoPool {
        /// The networks' kind.
        kind: Kind,
        /// Bounds of which none can be left out, with their values.
        bounds: Vec<(Bound, f64)>,
    },
    /// The description is no JSON object of the expected shape.
    #[error("{message}")]
    Json {
        /// What the JSON reader says, with line and column.
        message: String,
    },
}

fn names(items: impl Iterator<Item = impl AsRef<str>>) -> String {
    let mut out = String::new();
    for item in items {
        if !out.is_empty() {
            out.push_str(", ");
        }
        out.push_str(item.as_ref());
    }
    out
}

fn size(shrinkage: Option<u32>) -> String {
    match shrinkage {
        Some(1) => "full size".into(),
        Some(by) => format!("1/{by}"),
        None => "flattened".into(),
    }
}
