//! The basis of the simplex method: a spanning tree in flat arrays.
//!
//! Nodes are the rows 0, 1, …, then, from a multiple of the vector length on, the columns; the
//! root has no number but [`ROOT`]. Every node but the root stores its parent, the flow between
//! the two, its potential, and *the set of nodes that hang below it, itself included, as bits*.
//! These sets replace the depths and threads of textbook implementations:
//!
//! - "Is q below p?", asked on the way up to find where two paths meet, is one bit test.
//! - Moving a subtree's potentials is one masked vector addition, with no pointer to follow.
//! - When the tree is cut and re-hung, only nodes on the pivot's cycle change their sets, by
//!   one `and`, `or` or `and not` each.
//!
//! Flow runs from row to column, from row to root and from root to column only. The direction
//! of a tree arc therefore follows from its lower end: upwards from rows, downwards to columns.

use super::amount::Amount;
use crate::lanes::{Aligned, Lanes, padded};

/// The parent of the nodes at the top of the tree.
pub(super) const ROOT: u32 = u32::MAX;

/// A spanning tree with its flows and potentials. Buffers are reused from solve to solve.
#[derive(Clone, Debug, Default)]
pub(crate) struct Basis<A: Amount> {
    pub(super) rows: usize,
    pub(super) columns: usize,
    /// Node number of column 0.
    pub(super) first_column: usize,
    /// Number of nodes, padding included.
    pub(super) nodes: usize,
    pub(super) parent: Aligned<u32>,
    pub(super) flow: Aligned<A>,
    /// π of every node: u of rows, −v of columns (see [`super`]); 0 for padding.
    pub(super) potential: Aligned<f64>,
    /// Sets of nodes, as bits: below each node, and the node itself. By word, then node, so that
    /// one word of all sets is contiguous.
    pub(super) below: Aligned<u64>,
    /// Nodes that do not hang from the root directly: the lower ends of the matching arcs.
    pub(super) hung: Aligned<u64>,
    /// Buffer of `reprice`.
    pub(super) terms: Vec<(usize, f64)>,
}

/// A set of nodes, as bits.
pub(super) type Set<const W: usize> = [u64; W];

/// The members of a set, in order: word, bit and the node that they make.
#[inline(always)]
fn members<const W: usize>(set: Set<W>) -> Members<W> {
    Members { set, word: 0 }
}

/// See [`members`]. An iterator, because loops' bodies are inlined where they stand, with the
/// vector instructions of the caller; closures need not be.
struct Members<const W: usize> {
    set: Set<W>,
    word: usize,
}

impl<const W: usize> Iterator for Members<W> {
    type Item = (usize, u32, usize);

    #[inline(always)]
    fn next(&mut self) -> Option<Self::Item> {
        while self.word < W {
            let bits = self.set[self.word];
            if bits != 0 {
                self.set[self.word] = bits & (bits - 1);
                let bit = bits.trailing_zeros();
                return Some((self.word, bit, self.word * 64 + bit as usize));
            }
            self.word += 1;
        }
        None
    }
}

/// A set made word by word.
#[inline(always)]
fn set<const W: usize>(mut make: impl FnMut(usize) -> u64) -> Set<W> {
    let mut out = [0; W];
    let mut word = 0;
    while word < W {
        out[word] = make(word);
        word += 1;
    }
    out
}

impl<A: Amount> Basis<A> {
    /// The tree in which every node hangs from the root: nothing is matched.
    #[inline(always)]
    pub(super) fn reset<const W: usize>(&mut self, supply: &[A], demand: &[A]) {
        self.rows = supply.len();
        self.columns = demand.len();
        self.first_column = padded(self.rows);
        self.nodes = self.first_column + padded(self.columns);
        self.parent.set_len(self.nodes);
        self.parent.fill(ROOT);
        self.flow.set_len(self.nodes);
        self.flow[..self.rows].copy_from_slice(supply);
        self.flow[self.rows..self.first_column].fill(A::default());
        self.flow[self.first_column..][..self.columns].copy_from_slice(demand);
        self.flow[self.first_column + self.columns..].fill(A::default());
        self.potential.set_len(self.nodes);
        self.potential.fill(0.0);
        self.hung.set_len(W);
        self.hung.fill(0);
        self.below.set_len(self.nodes * W);
        self.below.fill(0);
        for node in 0..self.nodes {
            self.below[node / 64 * self.nodes + node] = 1 << (node % 64);
        }
    }

    /// Potentials of the columns, padded.
    #[inline(always)]
    pub(super) fn column_potentials(&self) -> &[f64] {
        &self.potential[self.first_column..self.nodes]
    }

    /// Dual values of rows and of columns, without padding.
    pub(super) fn duals(
        &self,
    ) -> (
        impl Iterator<Item = f64> + '_,
        impl Iterator<Item = f64> + '_,
    ) {
        let rows = self.potential[..self.rows].iter().copied();
        let columns = &self.potential[self.first_column..][..self.columns];
        (rows, columns.iter().map(|potential| -potential))
    }

    #[inline(always)]
    pub(super) fn is_row(&self, node: usize) -> bool {
        node < self.first_column
    }

    /// Row and column of the arc between `node` and its parent, which is not the root.
    #[inline(always)]
    fn arc(&self, node: usize) -> (usize, usize) {
        let parent = self.parent[node] as usize;
        if self.is_row(node) {
            (node, parent - self.first_column)
        } else {
            (parent, node - self.first_column)
        }
    }

    /// Visits the matches: row, column, amount. Amounts of 0 occur (degenerate arcs).
    #[inline(always)]
    pub(crate) fn for_matches(&self, mut visit: impl FnMut(usize, usize, A)) {
        for (word, &set) in self.hung.iter().enumerate() {
            for (_, bit, _) in members([set]) {
                let node = word * 64 + bit as usize;
                let (row, column) = self.arc(node);
                visit(row, column, self.flow[node]);
            }
        }
    }

    /// The set of nodes below `node`, itself included; all of them for the root.
    #[inline(always)]
    fn below<const W: usize>(&self, node: usize) -> Set<W> {
        set(|word| self.below[word * self.nodes + node])
    }

    /// The nodes on the way from `node` up to the root, itself included; none for the root.
    #[inline(always)]
    fn above<const W: usize>(&self, lanes: impl Lanes, node: u32) -> Set<W> {
        if node == ROOT {
            return [0; W];
        }
        let word = node as usize / 64;
        let sets = &self.below[word * self.nodes..][..self.nodes];
        lanes.all_containing(sets, node % 64)
    }

    /// Computes all potentials anew, for this tree and these savings: u + v = saving along
    /// matching arcs, 0 at the top. The saving of an arc adds to every node below it, with the
    /// sign of its lower end.
    #[inline(always)]
    pub(super) fn reprice(&mut self, lanes: impl Lanes, saving: &[f64]) {
        let stride = padded(self.columns);
        let mut terms = std::mem::take(&mut self.terms);
        terms.clear();
        for (word, &set) in self.hung.iter().enumerate() {
            for (_, bit, _) in members([set]) {
                let node = word * 64 + bit as usize;
                let (row, column) = self.arc(node);
                let saving = saving[row * stride + column];
                terms.push((node, if self.is_row(node) { saving } else { -saving }));
            }
        }
        lanes.accumulate(&mut self.potential, &self.below, &terms);
        self.terms = terms;
    }

    /// Hangs `node`, at the top of the tree, and all below it from `parent`, which is at the top
    /// itself. For the start only.
    #[inline(always)]
    pub(super) fn hang<const W: usize>(&mut self, node: usize, parent: usize) {
        self.parent[node] = parent as u32;
        self.hung[node / 64] |= 1 << (node % 64);
        for word in 0..W {
            self.below[word * self.nodes + parent] |= self.below[word * self.nodes + node];
        }
    }

    /// Brings the arc from `tail` to `head` into the basis, whose reduced saving is `gain` > 0,
    /// pushes as much flow around the cycle as it can take and drops the arc that blocks.
    ///
    /// `tail` is a row or the root, `head` a column or the root.
    #[inline(always)]
    pub(super) fn pivot<const W: usize>(
        &mut self,
        lanes: impl Lanes,
        tail: u32,
        head: u32,
        gain: f64,
    ) {
        // The cycle runs down from where the two ways up meet to the tail, over the new arc, and
        // up from the head. Flow runs against the arcs of rows on the tail's side and against
        // those of columns on the head's: these can block.
        let (above_tail, above_head) = (self.above::<W>(lanes, tail), self.above::<W>(lanes, head));
        let rows: Set<W> = set(|word| {
            let bits = self.first_column.saturating_sub(word * 64);
            if bits >= 64 {
                u64::MAX
            } else {
                (1 << bits) - 1
            }
        });
        let on_tail: Set<W> = set(|w| above_tail[w] & !above_head[w]);
        let on_head: Set<W> = set(|w| above_head[w] & !above_tail[w]);
        let blocking: Set<W> = set(|w| on_tail[w] & rows[w] | on_head[w] & !rows[w]);
        let (cut, push) = self.leaving(blocking, on_head);
        let at_tail = on_tail[cut / 64] >> (cut % 64) & 1 == 1;
        let (end, other) = if at_tail { (tail, head) } else { (head, tail) };

        // Between the cut and the meeting, nodes lose what moves; on the other side they gain it.
        let moved = self.below::<W>(cut);
        let gain_all = if at_tail { on_head } else { on_tail };
        let cycle: Set<W> = set(|w| on_tail[w] | on_head[w]);
        for (word, bit, node) in members(cycle) {
            let flow = self.flow[node];
            let blocks = blocking[word] >> bit & 1 == 1;
            self.flow[node] = if blocks { flow - push } else { flow + push };
            let gains = (gain_all[word] >> bit & 1).wrapping_neg();
            // Those that move themselves are turned round below.
            let loses = ((gain_all[word] | moved[word]) >> bit & 1).wrapping_sub(1);
            for (word, moved) in moved.iter().enumerate() {
                let own = &mut self.below[word * self.nodes + node];
                *own = *own & !(moved & loses) | moved & gains;
            }
        }
        self.turn(end, cut, other, push, moved);
        lanes.shift(
            &mut self.potential,
            &moved,
            if at_tail { gain } else { -gain },
        );
    }

    /// The arc that leaves, by its lower end, and its flow: of those that block with the least
    /// flow the last one on the cycle. That is the one nearest to the meeting on the head's side,
    /// else the one nearest to the tail.
    #[inline(always)]
    fn leaving<const W: usize>(&self, blocking: Set<W>, on_head: Set<W>) -> (usize, A) {
        let mut least: Option<A> = None;
        let mut cut = 0;
        let mut tied = false;
        for (_, _, node) in members(blocking) {
            let flow = self.flow[node];
            let less = least.is_none_or(|least| flow < least);
            tied = !less && (tied || least == Some(flow));
            if less {
                least = Some(flow);
                cut = node;
            }
        }
        // On every cycle some arc blocks: otherwise the optimum would be unbounded.
        let least = least.unwrap_or_default();
        if tied {
            let mut last = None;
            for (word, bit, node) in members(blocking) {
                if self.flow[node] == least {
                    let size: u32 = self.below::<W>(node).iter().map(|w| w.count_ones()).sum();
                    let heads = on_head[word] >> bit & 1 == 1;
                    // On the head's side the largest subtree, else the smallest.
                    let rank = (heads, if heads { size } else { u32::MAX - size });
                    if last.is_none_or(|last| rank > last) {
                        last = Some(rank);
                        cut = node;
                    }
                }
            }
        }
        (cut, least)
    }

    /// Hangs what is cut off (`moved`) from `other` by its node `end`: from there up to `cut`,
    /// parents become children, and the set of each becomes all that moves but what hung below
    /// the node before it.
    #[inline(always)]
    fn turn<const W: usize>(&mut self, end: u32, cut: usize, other: u32, push: A, moved: Set<W>) {
        let mut before = [0_u64; W];
        let (mut node, mut parent, mut flow) = (end as usize, other, push);
        loop {
            for (word, before) in before.iter_mut().enumerate() {
                let own = &mut self.below[word * self.nodes + node];
                let old = std::mem::replace(own, moved[word] & !*before);
                *before = old;
            }
            self.hung[node / 64] |= 1 << (node % 64);
            let next = std::mem::replace(&mut self.parent[node], parent);
            let old_flow = std::mem::replace(&mut self.flow[node], flow);
            if node == cut {
                break;
            }
            (parent, flow) = (node as u32, old_flow);
            node = next as usize;
        }
        if other == ROOT {
            self.hung[end as usize / 64] &= !(1 << (end % 64));
        }
    }
}
