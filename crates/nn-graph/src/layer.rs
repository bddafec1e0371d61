//! One layer: an operation with its units and stride.

use std::fmt;

use crate::Op;

/// One layer of a network.
///
/// `units` are the filters of a convolution and the neurons of `fc` and activations; `stride`
/// (1 or 2) belongs to convolutions alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Layer {
    /// What the layer does.
    pub op: Op,
    /// Output channels; `None` for pooling, decision, input and output layers.
    pub units: Option<u32>,
    /// Step of the filters in both directions; `None` but for convolutions.
    pub stride: Option<u8>,
}

impl Layer {
    /// A layer without units or stride: input, output, decision or pooling.
    #[must_use]
    pub const fn plain(op: Op) -> Self {
        Self {
            op,
            units: None,
            stride: None,
        }
    }

    /// A layer with units and no stride: `fc` or an activation.
    #[must_use]
    pub const fn dense(op: Op, units: u32) -> Self {
        Self {
            op,
            units: Some(units),
            stride: None,
        }
    }

    /// A convolution, plain or residual.
    #[must_use]
    pub const fn conv(op: Op, units: u32, stride: u8) -> Self {
        Self {
            op,
            units: Some(units),
            stride: Some(stride),
        }
    }

    /// Whether the layer halves the image: pooling, or a convolution with stride 2.
    #[must_use]
    pub fn halves(&self) -> bool {
        self.op.is_pool() || self.stride == Some(2)
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.op.name())?;
        if let Some(units) = self.units {
            write!(f, ", {units}")?;
        }
        if self.stride == Some(2) {
            f.write_str(", /2")?;
        }
        Ok(())
    }
}
