//! Drawings of networks: DOT for Graphviz and, behind the feature `draw`, SVG.
//!
//! Boxes are coloured by what layers do; their labels give operation, units and `/2` where a
//! convolution halves the image. Colours read on light and dark backgrounds.

mod dot;
#[cfg(feature = "draw")]
mod layout;
#[cfg(feature = "draw")]
mod matching;
#[cfg(feature = "draw")]
mod svg;

use std::fmt::Write as _;

use crate::{Group, Layer, Network};
pub use dot::dot;
#[cfg(feature = "draw")]
pub use layout::{BOX_HEIGHT, Layout};
#[cfg(feature = "draw")]
pub use matching::{Match, Titles, svg_matching};
#[cfg(feature = "draw")]
pub use svg::svg;

/// A box's fill, as `#rrggbb`: mid-tones that carry black text.
#[must_use]
pub fn fill(layer: Layer) -> &'static str {
    match layer.op.group() {
        Group::Conv if layer.op.is_res() => "#b9b4ee",
        Group::Conv => "#9cc3ee",
        Group::Pool => "#a3dcae",
        Group::Fc => "#f3c48b",
        Group::Rectifier => "#9cc3ee",
        Group::Sigmoid => "#f2a9b8",
        _ if layer.op.is_decision() => "#efe08e",
        _ => "#cfcfcf",
    }
}

/// Everything known of layer `i`, for a tooltip.
fn tooltip(network: &Network, i: usize) -> String {
    let layer = network.layers()[i];
    let mut text = format!("layer {i}: {}", layer.op);
    if let Some(units) = layer.units {
        let _ = write!(text, ", {units} units");
    }
    if let Some(stride) = layer.stride {
        let _ = write!(text, ", stride {stride}");
    }
    if let (Some(before), Some(after)) = (network.shrinkage_in(i), network.shrinkage_out(i)) {
        let size = |by: u32| {
            if by == 1 {
                "full size".into()
            } else {
                format!("1/{by}")
            }
        };
        let _ = write!(text, ", image {} to {}", size(before), size(after));
    }
    let _ = write!(text, ", mass {}", grouped(network.masses()[i]));
    text
}

/// One line about the whole network.
fn caption(network: &Network) -> String {
    let (layers, mass) = (network.len(), grouped(network.total_mass()));
    format!("{}, {layers} layers, mass {mass}", network.kind())
}

/// A mass, rounded, with its thousands apart.
fn grouped(mass: f64) -> String {
    let digits = format!("{mass:.0}");
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
