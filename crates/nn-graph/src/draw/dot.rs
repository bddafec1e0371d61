//! DOT, for Graphviz.

use std::fmt::Write as _;

use super::{caption, fill, tooltip};
use crate::Network;

/// The network in DOT, layers from top to bottom: `dot -Tsvg` and its like draw it.
///
/// ```
/// let network = &nn_graph::pool::examples(nn_graph::Kind::MlpReg)[1];
/// let dot = nn_graph::draw::dot(network);
/// assert!(dot.starts_with("digraph network {"));
/// assert!(dot.contains(r#"1 [label="softplus, 16""#));
/// assert!(dot.contains("0 -> 1;"));
/// ```
#[must_use]
pub fn dot(network: &Network) -> String {
    let mut out = String::from("digraph network {\n");
    // Writing to a string can't fail.
    let _ = writeln!(out, "  label=\"{}\";", caption(network));
    out.push_str("  bgcolor=\"transparent\";\n  fontname=\"sans-serif\";\n");
    out.push_str("  node [shape=box, style=\"rounded,filled\", fontname=\"sans-serif\", ");
    out.push_str("fontsize=11, height=0.3, color=\"#55555580\"];\n");
    out.push_str("  edge [color=\"#808080\", arrowsize=0.6];\n");
    for (i, &layer) in network.layers().iter().enumerate() {
        let (fill, tooltip) = (fill(layer), tooltip(network, i));
        let _ = writeln!(
            out,
            "  {i} [label=\"{layer}\", fillcolor=\"{fill}\", tooltip=\"{tooltip}\"];"
        );
    }
    for (from, to) in network.edges() {
        let _ = writeln!(out, "  {from} -> {to};");
    }
    out.push_str("}\n");
    out
}
