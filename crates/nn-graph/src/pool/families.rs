//! The families of networks that a search starts from, each with the sizes that can be varied.

use std::ops::RangeInclusive;

use crate::{Kind, Layer, Network, Op};

/// Units of the hidden layers of a perceptron, block by block; the last is repeated.
const MLP_UNITS: [u32; 4] = [64, 128, 256, 512];

/// A family of networks. Sizes are in [`Sizes`].
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Family {
    /// Blocks of convolutions, each closed by a pooling layer, then fully connected layers: VGG.
    Pooled,
    /// Convolutions, then blocks that begin with a stride of 2: ResNet with residual `op`.
    Strided {
        /// `conv3` or `res3`.
        op: Op,
        /// Blocks, of 64, 128, … units.
        blocks: u32,
        /// Units of the fully connected layer.
        dense_units: u32,
    },
    /// Branches of different depth that meet, and two decision layers.
    Branched,
    /// Blocks of hidden layers with one activation each.
    Perceptron {
        /// Their activations, in turn.
        activations: Vec<Op>,
    },
}

/// What can be varied within a family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sizes {
    /// Halvings of the image; for perceptrons the number of blocks.
    pub(super) stages: u32,
    /// Layers in a block.
    pub(super) repeats: u32,
    /// Fully connected layers.
    pub(super) dense: u32,
    /// Units are divided by 2 to the power of half of this …
    pub(super) narrowing: i32,
    /// … but at least this many …
    pub(super) least_units: u32,
    /// … and at most this many.
    pub(super) most_units: u32,
}

impl Sizes {
    fn units(self, units: u32) -> u32 {
        let scaled = f64::from(units) * 2_f64.powf(-0.5 * f64::from(self.narrowing));
        // Multiples of 4 once there are enough of them.
        let grain = if scaled < 8.0 { 1.0 } else { 4.0 };
        let units = ((scaled / grain).round() * grain) as u32; // saturates
        units.min(self.most_units).max(self.least_units)
    }
}

impl Family {
    /// The stages and the fully connected layers that its members have.
    pub(super) fn ranges(&self) -> (RangeInclusive<u32>, RangeInclusive<u32>) {
        match self {
            Self::Pooled => (0..=5, 0..=3),
            Self::Strided { blocks, .. } => (0..=blocks + 2, 1..=1),
            Self::Branched => (1..=2, 2..=2),
            Self::Perceptron { .. } => (0..=20, 0..=0),
        }
    }

    /// The member of this size, if the family has one.
    pub(super) fn member(&self, kind: Kind, sizes: Sizes) -> Option<Network> {
        let hidden = match self {
            Self::Pooled => pooled(sizes),
            Self::Strided {
                op,
                blocks,
                dense_units,
            } => strided(*op, *blocks, *dense_units, sizes),
            Self::Branched => return branched(sizes),
            Self::Perceptron { activations } => perceptron(activations, sizes),
        };
        chain(kind, hidden?)
    }
}

/// `hidden` layers one after the other.
pub(super) fn chain(kind: Kind, hidden: Vec<Layer>) -> Option<Network> {
    let mut layers = vec![Layer::plain(Op::Ip)];
    layers.extend(hidden);
    layers.push(Layer::plain(kind.decision()));
    layers.push(Layer::plain(Op::Op));
    let edges: Vec<_> = (1..layers.len()).map(|i| (i - 1, i)).collect();
    Network::new(kind, layers, edges).ok()
}

/// The first two blocks of larger members always have two convolutions, the others `repeats`.
fn pooled(sizes: Sizes) -> Option<Vec<Layer>> {
    const UNITS: [u32; 5] = [64, 128, 128, 256, 512];
    const DENSE: [u32; 3] = [128, 256, 512];
    let mut layers = Vec::new();
    for (block, &units) in UNITS
        .get(..sizes.stages.max(1) as usize)?
        .iter()
        .enumerate()
    {
        let repeats = if block < 2 && sizes.stages > 2 {
            2
        } else {
            sizes.repeats
        };
        let layer = Layer::conv(Op::Conv3, sizes.units(units), 1);
        layers.extend(std::iter::repeat_n(layer, repeats as usize));
        if sizes.stages > 0 {
            layers.push(Layer::plain(Op::MaxPool));
        }
    }
    let dense = DENSE.get(..sizes.dense as usize)?;
    layers.extend(
        dense
            .iter()
            .map(|&units| Layer::dense(Op::Fc, sizes.units(units))),
    );
    Some(layers)
}

/// Where there are fewer halvings than the family has, those near the input go first.
fn strided(op: Op, blocks: u32, dense_units: u32, sizes: Sizes) -> Option<Vec<Layer>> {
    let mut spared = (blocks + 2).checked_sub(sizes.stages)?;
    let mut halves = || {
        let spare = spared > 0;
        spared -= u32::from(spare);
        !spare
    };
    let mut layers = vec![Layer::conv(Op::Conv7, sizes.units(64), 1)];
    if halves() {
        layers.push(Layer::plain(Op::MaxPool));
    }
    for block in 0..blocks {
        let units = sizes.units(64 << block);
        let stride = if halves() { 2 } else { 1 };
        layers.push(Layer::conv(op, units, stride));
        let rest = (sizes.repeats as usize).checked_sub(1)?;
        layers.extend(std::iter::repeat_n(Layer::conv(op, units, 1), rest));
    }
    if halves() {
        layers.push(Layer::plain(Op::AvgPool));
    }
    layers.push(Layer::dense(Op::Fc, sizes.units(dense_units)));
    Some(layers)
}

/// With one halving only, no branch strides and the third does not pool a second time.
fn branched(sizes: Sizes) -> Option<Network> {
    if sizes.repeats != 1 {
        return None;
    }
    let stride = if sizes.stages == 2 { 2 } else { 1 };
    let conv = |op, units, stride| Layer::conv(op, sizes.units(units), stride);
    let mut layers = vec![
        Layer::plain(Op::Ip),
        conv(Op::Conv7, 64, 1),
        conv(Op::Conv5, 128, stride),
        conv(Op::Conv3, 64, stride),
        conv(Op::Conv3, 64, 1),
        Layer::plain(Op::AvgPool),
        Layer::plain(Op::MaxPool),
        Layer::plain(Op::MaxPool),
        Layer::dense(Op::Fc, sizes.units(64)),
        conv(Op::Conv3, 128, 1),
        Layer::plain(Op::Softmax),
        Layer::dense(Op::Fc, sizes.units(64)),
        Layer::plain(Op::Softmax),
        Layer::plain(Op::Op),
    ];
    let mut edges = vec![
        (0, 1),
        (1, 2),
        (1, 3),
        (1, 4),
        (2, 5),
        (2, 6),
        (3, 6),
        (4, 7),
    ];
    edges.extend([
        (5, 8),
        (6, 11),
        (7, 9),
        (8, 10),
        (10, 13),
        (11, 12),
        (12, 13),
    ]);
    if sizes.stages == 2 {
        layers.push(Layer::plain(Op::MaxPool));
        edges.extend([(9, 14), (14, 11)]);
    } else {
        edges.push((9, 11));
    }
    Network::new(Kind::Cnn, layers, edges).ok()
}

fn perceptron(activations: &[Op], sizes: Sizes) -> Option<Vec<Layer>> {
    let mut layers = Vec::new();
    for (block, &op) in (0..sizes.stages as usize).zip(activations.iter().cycle()) {
        let units = sizes.units(MLP_UNITS[block.min(MLP_UNITS.len() - 1)]);
        layers.extend(std::iter::repeat_n(
            Layer::dense(op, units),
            sizes.repeats as usize,
        ));
    }
    Some(layers)
}
