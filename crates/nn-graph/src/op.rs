//! The operations that a layer can carry: one table, read by everything else.
//!
//! Adding an operation means adding a variant to [`Op`] and one row to [`TABLE`].

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Error;

/// The family of networks that an architecture belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Convolutional networks that classify images.
    Cnn,
    /// Multi-layer perceptrons that classify.
    MlpClass,
    /// Multi-layer perceptrons that predict one number.
    MlpReg,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Cnn, Self::MlpClass, Self::MlpReg];

    /// The name used in JSON and TOML: `cnn`, `mlp-class` or `mlp-reg`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cnn => "cnn",
            Self::MlpClass => "mlp-class",
            Self::MlpReg => "mlp-reg",
        }
    }

    /// The operation of this kind's decision layers, the only ones that may feed the output.
    #[must_use]
    pub const fn decision(self) -> Op {
        match self {
            Self::Cnn | Self::MlpClass => Op::Softmax,
            Self::MlpReg => Op::Linear,
        }
    }

    /// The layer groups over which this kind's path lengths are counted (paper, section 3).
    #[must_use]
    pub const fn groups(self) -> &'static [Group] {
        match self {
            Self::Cnn => &[Group::All, Group::Conv, Group::Pool, Group::Fc],
            Self::MlpClass | Self::MlpReg => &[Group::All, Group::Rectifier, Group::Sigmoid],
        }
    }

    /// Every operation that a network of this kind may contain, in table order.
    pub fn ops(self) -> impl Iterator<Item = Op> {
        Op::ALL.into_iter().filter(move |op| op.is_allowed_in(self))
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Kind {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.name() == name)
            .ok_or_else(|| Error::UnknownKind { name: name.into() })
    }
}

/// A group of operations over which path lengths are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Group {
    /// Every layer.
    All,
    /// Convolutions, plain and residual.
    Conv,
    /// Pooling layers.
    Pool,
    /// Fully connected layers.
    Fc,
    /// Units that are linear for large inputs: relu, crelu, leaky-relu, softplus, elu.
    Rectifier,
    /// Units that saturate on both sides: logistic, tanh.
    Sigmoid,
    /// Input, output and decision layers: in no group but [`Group::All`].
    Terminal,
}

impl Group {
    /// The name used in path-length categories such as `conv-longest`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Conv => "conv",
            Self::Pool => "pool",
            Self::Fc => "fc",
            Self::Rectifier => "rectifier",
            Self::Sigmoid => "sigmoid",
            Self::Terminal => "terminal",
        }
    }

    /// Whether layers with operation `op` count towards this group.
    #[must_use]
    pub fn contains(self, op: Op) -> bool {
        self == Self::All || self == op.group()
    }
}

/// What a layer does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Op {
    /// The input; every network has exactly one.
    Ip,
    /// The output; every network has exactly one.
    Op,
    /// Decision layer of classifiers: linear to the classes, then soft-max.
    Softmax,
    /// Decision layer of regressors: linear to one number.
    Linear,
    /// Convolution with 3×3 filters.
    Conv3,
    /// Convolution with 5×5 filters.
    Conv5,
    /// Convolution with 7×7 filters.
    Conv7,
    /// Convolution with 9×9 filters.
    Conv9,
    /// Residual layer with 3×3 filters.
    Res3,
    /// Residual layer with 5×5 filters.
    Res5,
    /// Residual layer with 7×7 filters.
    Res7,
    /// Residual layer with 9×9 filters.
    Res9,
    /// 2×2 maximum pooling; halves the image.
    MaxPool,
    /// 2×2 average pooling; halves the image.
    AvgPool,
    /// Fully connected layer of a convolutional network; flattens the image.
    Fc,
    /// Linear layer, then max(x, 0).
    Relu,
    /// Linear layer, then the concatenation of max(x, 0) and max(−x, 0).
    Crelu,
    /// Linear layer, then x for x > 0 and a small multiple of x elsewhere.
    LeakyRelu,
    /// Linear layer, then log(1 + eˣ).
    Softplus,
    /// Linear layer, then x for x > 0 and eˣ − 1 elsewhere.
    Elu,
    /// Linear layer, then 1/(1 + e⁻ˣ).
    Logistic,
    /// Linear layer, then tanh x.
    Tanh,
}

/// One row of the operation table.
struct Row {
    op: Op,
    name: &'static str,
    group: Group,
    filter: Option<u32>,
    kinds: &'static [Kind],
}

const CNN: &[Kind] = &[Kind::Cnn];
const CLASS: &[Kind] = &[Kind::Cnn, Kind::MlpClass];
const REG: &[Kind] = &[Kind::MlpReg];
const MLP: &[Kind] = &[Kind::MlpClass, Kind::MlpReg];

const fn row(
    op: Op,
    name: &'static str,
    group: Group,
    filter: Option<u32>,
    kinds: &'static [Kind],
) -> Row {
    Row {
        op,
        name,
        group,
        filter,
        kinds,
    }
}

/// The rows stand in the order of the variants, so that a row is found by its variant's number.
const TABLE: [Row; 22] = [
    row(Op::Ip, "ip", Group::Terminal, None, &Kind::ALL),
    row(Op::Op, "op", Group::Terminal, None, &Kind::ALL),
    row(Op::Softmax, "softmax", Group::Terminal, None, CLASS),
    row(Op::Linear, "linear", Group::Terminal, None, REG),
    row(Op::Conv3, "conv3", Group::Conv, Some(3), CNN),
    row(Op::Conv5, "conv5", Group::Conv, Some(5), CNN),
    row(Op::Conv7, "conv7", Group::Conv, Some(7), CNN),
    row(Op::Conv9, "conv9", Group::Conv, Some(9), CNN),
    row(Op::Res3, "res3", Group::Conv, Some(3), CNN),
    row(Op::Res5, "res5", Group::Conv, Some(5), CNN),
    row(Op::Res7, "res7", Group::Conv, Some(7), CNN),
    row(Op::Res9, "res9", Group::Conv, Some(9), CNN),
    row(Op::MaxPool, "max-pool", Group::Pool, None, CNN),
    row(Op::AvgPool, "avg-pool", Group::Pool, None, CNN),
    row(Op::Fc, "fc", Group::Fc, None, CNN),
    row(Op::Relu, "relu", Group::Rectifier, None, MLP),
    row(Op::Crelu, "crelu", Group::Rectifier, None, MLP),
    row(Op::LeakyRelu, "leaky-relu", Group::Rectifier, None, MLP),
    row(Op::Softplus, "softplus", Group::Rectifier, None, MLP),
    row(Op::Elu, "elu", Group::Rectifier, None, MLP),
    row(Op::Logistic, "logistic", Group::Sigmoid, None, MLP),
    row(Op::Tanh, "tanh", Group::Sigmoid, None, MLP),
];

impl Op {
    /// Every operation, in table order; `ALL[op.index()] == op`.
    pub const ALL: [Self; TABLE.len()] = {
        let mut all = [Self::Ip; TABLE.len()];
        let mut i = 0;
        while i < TABLE.len() {
            assert!(TABLE[i].op as usize == i, "a row stands out of order");
            all[i] = TABLE[i].op;
            i += 1;
        }
        all
    };

    const fn row(self) -> &'static Row {
        &TABLE[self as usize]
    }

    /// This operation's place in [`Op::ALL`].
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The name used in JSON, as in the paper: `conv3`, `max-pool`, `leaky-relu`, …
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.row().name
    }

    /// The group whose path lengths count this operation.
    #[must_use]
    pub const fn group(self) -> Group {
        self.row().group
    }

    /// The side of the square filter of a convolution, plain or residual.
    #[must_use]
    pub const fn filter(self) -> Option<u32> {
        self.row().filter
    }

    /// Whether networks of `kind` may contain this operation.
    #[must_use]
    pub fn is_allowed_in(self, kind: Kind) -> bool {
        self.row().kinds.contains(&kind)
    }

    /// Convolutions, plain and residual: the layers that have a stride.
    #[must_use]
    pub fn is_conv(self) -> bool {
        self.group() == Group::Conv
    }

    /// Residual layers.
    #[must_use]
    pub const fn is_res(self) -> bool {
        matches!(self, Self::Res3 | Self::Res5 | Self::Res7 | Self::Res9)
    }

    /// Pooling layers.
    #[must_use]
    pub fn is_pool(self) -> bool {
        self.group() == Group::Pool
    }

    /// The activations of multi-layer perceptrons.
    #[must_use]
    pub fn is_activation(self) -> bool {
        matches!(self.group(), Group::Rectifier | Group::Sigmoid)
    }

    /// Decision layers: `softmax` and `linear`.
    #[must_use]
    pub const fn is_decision(self) -> bool {
        matches!(self, Self::Softmax | Self::Linear)
    }

    /// Layers that compute, and so can be changed by a morph: all but input, output, decision.
    #[must_use]
    pub fn is_processing(self) -> bool {
        self.group() != Group::Terminal
    }

    /// Layers that carry a number of units: convolutions, `fc` and activations.
    #[must_use]
    pub fn has_units(self) -> bool {
        self.is_processing() && !self.is_pool()
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Op {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        Self::ALL
            .into_iter()
            .find(|op| op.name() == name)
            .ok_or_else(|| Error::UnknownOp {
                layer: None,
                name: name.into(),
            })
    }
}
