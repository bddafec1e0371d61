//! A hash that isomorphic networks share, whatever the numbering of their layers.
//!
//! Every layer gets a colour from its operation, units and stride. Colours are refined by those
//! of parents and children until no class splits any more (Weisfeiler and Leman, one dimension);
//! the hash digests the multiset of colours. Nothing in it depends on numbers of layers, so that
//! isomorphic networks agree by construction.
//!
//! Networks that are not isomorphic differ unless 64-bit colours collide or refinement can't tell
//! them apart. The second is ruled out where the stable classes hang together as [`ties`] checks.
//! Where they do not, each tied layer is marked in turn, the colours are refined again, and what
//! comes out joins that layer's colour: this tells apart, for example, one ring of eight layers
//! from two of four. What remains (graphs made to defeat this) does not arise in a search.
//!
//! The mixing is fixed, so that hashes can be stored: they are the same on every platform
//! and in every release.

mod ties;

use crate::weisfeiler_lehman::mix;
use crate::{Dag, Network};

impl Network {
    /// A hash that isomorphic networks share and others do not, in practice: of networks with the
    /// same layers connected in the same way, whatever their numbering. The same on every
    /// platform. O(rounds × (n log n + m)), n times that where layers are tied in knots.
    ///
    /// ```
    /// use nn_graph::Network;
    ///
    /// let a: Network = r#"{"kind":"mlp-reg","edges":[[0,1],[0,2],[1,3],[2,3],[3,4]],"layers":
    ///     [{"op":"ip"},{"op":"relu","units":8},{"op":"tanh","units":8},{"op":"linear"},{"op":"op"}]}"#
    ///     .parse()?;
    /// let b: Network = r#"{"kind":"mlp-reg","edges":[[0,1],[0,2],[1,3],[2,3],[3,4]],"layers":
    ///     [{"op":"ip"},{"op":"tanh","units":8},{"op":"relu","units":8},{"op":"linear"},{"op":"op"}]}"#
    ///     .parse()?;
    /// assert_ne!(a, b); // listed otherwise
    /// assert_eq!(a.canonical_hash(), b.canonical_hash());
    /// # Ok::<(), nn_graph::Error>(())
    /// ```
    #[must_use]
    pub fn canonical_hash(&self) -> u128 {
        let colours = (self.layers().iter())
            .map(|layer| {
                let units = u64::from(layer.units.unwrap_or(0));
                let stride = u64::from(layer.stride.unwrap_or(0));
                let op = digest_bytes(layer.op.name().as_bytes());
                mix(mix(op ^ units) ^ stride)
            })
            .collect();
        digest(
            self.dag(),
            colours,
            digest_bytes(self.kind().name().as_bytes()),
        )
    }
}

impl Dag {
    /// A hash that isomorphic labelled graphs share and others do not, in practice: as [`Network::canonical_hash`], for nodes that look
    /// like `labels` say, one for each node. The same on every platform and in every release.
    ///
    /// # Panics
    ///
    /// There are fewer labels than nodes.
    ///
    /// ```
    /// use nn_graph::Dag;
    ///
    /// let (diamond, _) = Dag::new(4, [(0, 1), (0, 2), (1, 3), (2, 3)])?;
    /// assert_eq!(diamond.canonical_hash(&[1, 2, 3, 4]), diamond.canonical_hash(&[1, 3, 2, 4]));
    /// assert_ne!(diamond.canonical_hash(&[1, 2, 3, 4]), diamond.canonical_hash(&[1, 2, 2, 4]));
    /// # Ok::<(), nn_graph::Error>(())
    /// ```
    #[must_use]
    pub fn canonical_hash(&self, labels: &[u64]) -> u128 {
        let colours = (0..self.len()).map(|node| mix(labels[node])).collect();
        digest(self, colours, 0)
    }
}

/// Digests the multiset of colours once these are refined; `kind` is mixed in.
fn digest(dag: &Dag, mut colours: Vec<u64>, kind: u64) -> u128 {
    let mut classes = refine(dag, &mut colours);
    while classes < dag.len() && !ties::are_settled(dag, &colours) {
        mark_each_tied(dag, &mut colours);
        let finer = refine(dag, &mut colours);
        if finer == classes {
            break;
        }
        classes = finer;
    }
    colours.sort_unstable();
    let half = |seed: u64| {
        let start = mix(seed ^ kind);
        (colours.iter()).fold(start, |sum, &colour| mix(sum.wrapping_add(colour)))
    };
    u128::from(half(0x6a09_e667_f3bc_c908)) << 64 | u128::from(half(0xbb67_ae85_84ca_a73b))
}

/// Refines `colours` until no class splits, and returns the number of classes.
///
/// One round sweeps down the graph, c(v) ← H(c(v), {c(p): parents p}), then up it with the
/// children. A sweep uses colours that it has just set; these depend on the graph above or below
/// alone, not on the order of the sweep.
fn refine(dag: &Dag, colours: &mut [u64]) -> usize {
    let mut classes = 0;
    let mut sorted = Vec::with_capacity(colours.len());
    loop {
        for v in 0..dag.len() {
            colours[v] = join(colours[v], 1, dag.parents(v), colours);
        }
        for v in (0..dag.len()).rev() {
            colours[v] = join(colours[v], 2, dag.children(v), colours);
        }
        sorted.clear();
        sorted.extend_from_slice(colours);
        sorted.sort_unstable();
        sorted.dedup();
        // Where every class holds one layer, the colours after the way up name each layer's
        // children, and so the graph.
        if sorted.len() == classes || sorted.len() == dag.len() {
            return sorted.len();
        }
        classes = sorted.len();
    }
}

/// A colour together with the multiset of those of `neighbours`.
fn join(own: u64, direction: u64, neighbours: &[usize], colours: &[u64]) -> u64 {
    let sum = (neighbours.iter()).fold(direction, |sum, &n| {
        sum.wrapping_add(mix(colours[n] ^ direction))
    });
    mix(own.rotate_left(21).wrapping_add(mix(sum)))
}

/// Adds to the colour of each layer that shares it what refinement makes of the whole graph when
/// that layer alone is marked.
fn mark_each_tied(dag: &Dag, colours: &mut [u64]) {
    let tied = ties::tied(colours);
    let before = colours.to_vec();
    let mut marked = before.clone();
    for v in tied {
        marked.copy_from_slice(&before);
        marked[v] = mix(marked[v] ^ 3);
        refine(dag, &mut marked);
        let all = (marked.iter()).fold(0_u64, |sum, &colour| sum.wrapping_add(mix(colour)));
        colours[v] = mix(before[v] ^ mix(all));
    }
}

fn digest_bytes(bytes: &[u8]) -> u64 {
    (bytes.iter()).fold(0, |sum, &byte| mix(sum ^ u64::from(byte)))
}
