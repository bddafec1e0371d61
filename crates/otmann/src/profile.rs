//! What the distance needs of one graph, computed once.

use nn_graph::dag::{End, Lengths};
use nn_graph::{Dag, Network, Walk};

use crate::lanes::{Aligned, Features, LANES, padded};
use crate::transport::{exponent, scale};
use crate::{Error, Metric};

/// Bits for the total of one profile's amounts: two of them, and their sum, fit in an `i64`.
const AMOUNT_BITS: i32 = 61;

/// A labelled directed acyclic graph, as the input of [`Profile::from_graph`].
#[derive(Clone, Copy, Debug)]
pub struct Graph<'a> {
    /// Label of each node, as numbered by the metric's [`crate::Mismatch`].
    pub labels: &'a [usize],
    /// Mass of each node: how much there is to match.
    pub masses: &'a [f64],
    /// Directed edges (from, to).
    pub edges: &'a [(usize, usize)],
}

/// The slots of one block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Block {
    /// First slot, a multiple of the vector length.
    pub(crate) first: usize,
    /// Number of nodes.
    pub(crate) len: usize,
    /// Where its rows begin in the profile's mismatch costs.
    pub(crate) mismatch: usize,
}

/// What the distance needs of one graph: label indices, masses and path-length features, laid out
/// for vector instructions.
///
/// Nodes stand in slots, by block (the labels that can be matched with each other) and in their
/// own order inside a block; each block is padded to whole vectors. Nodes without mass have no
/// slot: they cost nothing. Built in O(groups × (nodes + edges)).
#[derive(Clone, Debug)]
pub struct Profile {
    pub(crate) blocks: Vec<Block>,
    /// Node in each slot; `None` in padding.
    pub(crate) nodes: Vec<Option<usize>>,
    /// By slot, the label's place among the labels of its block.
    pub(crate) members: Vec<usize>,
    /// Mass by slot; 0 in padding.
    pub(crate) masses: Vec<f64>,
    /// Sum of all masses.
    pub(crate) total: f64,
    /// Masses in quanta of 2^−exponent, by slot.
    pub(crate) amounts: Vec<i64>,
    /// Sum of the amounts.
    pub(crate) amount: i64,
    /// The smallest amount of a node.
    pub(crate) least: i64,
    pub(crate) exponent: i32,
    /// Whether amounts equal masses exactly.
    pub(crate) exact: bool,
    /// Features for each slot: words of counts, and reals.
    heights: (usize, usize),
    /// Counts, one byte each, eight features to a word, in tiles (see [`Features`]). Empty if
    /// `wide`.
    bytes: Aligned<u64>,
    /// Random-walk lengths in tiles; preceded by the counts if `wide`.
    reals: Aligned<f64>,
    /// Whether some count does not fit in a byte.
    pub(crate) wide: bool,
    /// For each block, for each label of the block, its mismatch with the block's slots.
    pub(crate) mismatch: Aligned<f64>,
    /// Nodes, those without mass included.
    len: usize,
    /// Labels, groups and walks of the metric, to recognise profiles of another one.
    shape: [usize; 3],
}

impl Profile {
    /// The profile of a network. O(groups × (layers + edges)).
    ///
    /// # Errors
    /// The metric was made for another kind of networks, or its labels are not the operations.
    pub fn new(network: &Network, metric: &Metric) -> Result<Self, Error> {
        if let Some(kind) = metric.kind()
            && kind.groups() != network.kind().groups()
        {
            return Err(Error::Kind {
                metric: kind,
                network: network.kind(),
            });
        }
        let labels: Vec<usize> = network.layers().iter().map(|l| l.op.index()).collect();
        Self::build(&labels, network.masses(), network.dag(), metric)
    }

    /// The profile of any labelled directed acyclic graph.
    ///
    /// # Errors
    /// Unequal lengths, an unknown label, a negative or infinite mass, edges that are out of
    /// range, listed twice or form a cycle.
    pub fn from_graph(graph: &Graph<'_>, metric: &Metric) -> Result<Self, Error> {
        let n = graph.labels.len();
        if graph.masses.len() != n {
            return Err(Error::Length {
                what: "the list of masses",
                found: graph.masses.len(),
                expected: n,
            });
        }
        check(graph.labels, graph.masses, metric)?;
        let (dag, order) = Dag::new(n, graph.edges.iter().copied()).map_err(Error::Graph)?;
        let labels: Vec<usize> = order.iter().map(|&old| graph.labels[old]).collect();
        let masses: Vec<f64> = order.iter().map(|&old| graph.masses[old]).collect();
        let mut profile = Self::build(&labels, &masses, &dag, metric)?;
        for node in profile.nodes.iter_mut().flatten() {
            *node = order[*node];
        }
        Ok(profile)
    }

    /// Number of nodes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no nodes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Sum of the masses.
    #[must_use]
    pub fn total_mass(&self) -> f64 {
        self.total
    }

    /// Mass of each node, in the nodes' own order.
    #[must_use]
    pub fn node_masses(&self) -> Vec<f64> {
        let mut masses = vec![0.0; self.len];
        for (node, &mass) in self.nodes.iter().zip(&self.masses) {
            if let &Some(node) = node {
                masses[node] = mass;
            }
        }
        masses
    }

    /// Checks that this profile was built for a metric like `metric`.
    pub(crate) fn check_for(&self, metric: &Metric) -> Result<(), Error> {
        if self.shape == metric.shape() {
            Ok(())
        } else {
            Err(Error::ForeignProfile)
        }
    }

    pub(crate) fn slots(&self) -> usize {
        self.nodes.len()
    }

    /// Features, counts as bytes. Not for wide profiles.
    #[inline(always)]
    pub(crate) fn features(&self) -> Features<'_> {
        Features {
            heights: self.heights,
            bytes: self.bytes.as_chunks().0,
            reals: self.reals.as_chunks().0,
        }
    }

    /// All features of one slot as reals, counts first, for any profile.
    pub(crate) fn all_features(&self, slot: usize) -> Vec<f64> {
        let (words, reals) = self.heights;
        let [_, groups, walks] = self.shape;
        let counts = 2 * groups * walks.count_ones() as usize - reals;
        let mut all = Vec::with_capacity(counts + reals);
        for feature in 0..counts {
            let word = self.bytes[place(words, feature / 8, slot)];
            all.push(f64::from(word.to_le_bytes()[feature % 8]));
        }
        all.extend((0..reals).map(|real| self.reals[place(reals, real, slot)]));
        all
    }

    fn build(labels: &[usize], masses: &[f64], dag: &Dag, metric: &Metric) -> Result<Self, Error> {
        check(labels, masses, metric)?;
        let total: f64 = masses.iter().sum();
        if !total.is_finite() {
            return Err(Error::TotalMass { total });
        }
        let mut profile = Self {
            blocks: vec![Block::default(); metric.members().len()],
            nodes: Vec::new(),
            members: Vec::new(),
            masses: Vec::new(),
            total,
            amounts: Vec::new(),
            amount: 0,
            least: i64::MAX,
            exponent: exponent(total, AMOUNT_BITS),
            exact: true,
            heights: (0, 0),
            bytes: Aligned::default(),
            reals: Aligned::default(),
            wide: false,
            mismatch: Aligned::default(),
            len: labels.len(),
            shape: metric.shape(),
        };
        profile.place(labels, masses, metric);
        profile.measure(labels, dag, metric);
        profile.expand_mismatch(metric);
        Ok(profile)
    }

    /// Gives every node with mass its slot.
    fn place(&mut self, labels: &[usize], masses: &[f64], metric: &Metric) {
        for (&label, &mass) in labels.iter().zip(masses) {
            if mass > 0.0 {
                self.blocks[metric.block_of(label)].len += 1;
            }
        }
        let mut slots = 0;
        for block in &mut self.blocks {
            block.first = slots;
            slots += padded(block.len);
        }
        self.nodes = vec![None; slots];
        self.members = vec![0; slots];
        self.masses = vec![0.0; slots];
        self.amounts = vec![0; slots];
        let mut next: Vec<usize> = self.blocks.iter().map(|block| block.first).collect();
        for (node, (&label, &mass)) in labels.iter().zip(masses).enumerate() {
            if mass > 0.0 {
                let slot = &mut next[metric.block_of(label)];
                self.nodes[*slot] = Some(node);
                self.members[*slot] = metric.member_of(label);
                self.masses[*slot] = mass;
                let scaled = scale(mass, self.exponent);
                let amount = scaled.round_ties_even();
                self.exact &= (amount - scaled).abs() == 0.0;
                let amount = amount as i64;
                self.amounts[*slot] = amount;
                self.amount += amount;
                self.least = self.least.min(amount);
                *slot += 1;
            }
        }
    }

    /// Path-length features of every slot.
    fn measure(&mut self, labels: &[usize], dag: &Dag, metric: &Metric) {
        let slots = self.slots();
        let walks = metric.walks();
        let directions: Vec<Lengths> = [End::Sources, End::Sinks]
            .into_iter()
            .flat_map(|end| {
                (metric.groups().iter()).map(move |group| dag.lengths(end, |i| group[labels[i]]))
            })
            .collect();
        let mut counts: Vec<&[u32]> = Vec::with_capacity(2 * directions.len());
        for lengths in &directions {
            if walks.contains(&Walk::Shortest) {
                counts.push(&lengths.shortest);
            }
            if walks.contains(&Walk::Longest) {
                counts.push(&lengths.longest);
            }
        }
        self.wide = counts.iter().any(|counts| counts.iter().any(|&c| c > 255));
        let walks: Vec<&[f64]> = (directions.iter())
            .filter(|_| walks.contains(&Walk::RandomWalk))
            .map(|lengths| &lengths.random_walk[..])
            .collect();
        let (words, wide) = if self.wide {
            (0, counts.len())
        } else {
            (counts.len().div_ceil(8), 0)
        };
        self.heights = (words, wide + walks.len());
        let mut bytes = vec![0_u64; slots * words];
        let mut reals = vec![0.0; slots * (wide + walks.len())];
        for (slot, node) in self.nodes.iter().enumerate() {
            let &Some(node) = node else { continue };
            let word = |k| place(words, k, slot);
            let real = |k| place(wide + walks.len(), k, slot);
            for (k, counts) in counts.iter().enumerate() {
                if self.wide {
                    reals[real(k)] = f64::from(counts[node]);
                } else {
                    bytes[word(k / 8)] |= u64::from(counts[node]) << (8 * (k % 8));
                }
            }
            for (k, lengths) in walks.iter().enumerate() {
                reals[real(wide + k)] = lengths[node];
            }
        }
        self.bytes = Aligned::from(&bytes[..]);
        self.reals = Aligned::from(&reals[..]);
    }

    /// The mismatch of each label of a block with every slot of the block; infinite for padding.
    fn expand_mismatch(&mut self, metric: &Metric) {
        let mut costs = Vec::new();
        for (block, members) in self.blocks.iter_mut().zip(metric.members()) {
            block.mismatch = costs.len();
            if block.len == 0 {
                continue;
            }
            for &from in members {
                let start = costs.len();
                costs.resize(start + padded(block.len), f64::INFINITY);
                for k in 0..block.len {
                    let to = members[self.members[block.first + k]];
                    costs[start + k] = metric.mismatch().cost(from, to);
                }
            }
        }
        self.mismatch = Aligned::from(&costs[..]);
    }
}

/// Where a slot's feature `k` stands in tiles of this height.
fn place(height: usize, k: usize, slot: usize) -> usize {
    (slot / LANES * height + k) * LANES + slot % LANES
}

fn check(labels: &[usize], masses: &[f64], metric: &Metric) -> Result<(), Error> {
    for (node, &label) in labels.iter().enumerate() {
        if label >= metric.mismatch().len() {
            return Err(Error::Label {
                node,
                label,
                labels: metric.mismatch().len(),
            });
        }
    }
    for (index, &value) in masses.iter().enumerate() {
        if !value.is_finite() || value < 0.0 {
            return Err(Error::Mass {
                what: "node",
                index,
                value,
            });
        }
    }
    Ok(())
}
