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
use crate::lanes::{Lanes, padded};

/// The parent of the nodes at the top of the tree.
pub(super) const ROOT: u32 = u32::MAX;

/// How many 64-bit words hold a set of nodes. Fixed sizes let the compiler unroll.
pub(super) trait Width: Copy {
    fn words(self) -> usize;
}

/// A width known when compiling.
#[derive(Clone, Copy)]
pub(super) struct Fixed<const WORDS: usize>;

impl<const WORDS: usize> Width for Fixed<WORDS> {
    #[inline(always)]
    fn words(self) -> usize {
        WORDS
    }
}

/// Any other width.
#[derive(Clone, Copy)]
pub(super) struct Wide(pub(super) usize);

impl Width for Wide {
    #[inline(always)]
    fn words(self) -> usize {
        self.0
    }
}

/// A spanning tree with its flows and potentials. Buffers are reused from solve to solve.
#[derive(Clone, Debug, Default)]
pub(crate) struct Basis<A> {
    pub(super) rows: usize,
    pub(super) columns: usize,
    /// Node number of column 0.
    pub(super) first_column: usize,
    /// Number of nodes, padding included.
    pub(super) nodes: usize,
    pub(super) parent: Vec<u32>,
    pub(super) flow: Vec<A>,
    /// π of every node: u of rows, −v of columns (see [`super`]); 0 for padding.
    pub(super) potential: Vec<f64>,
    /// `words` words a node: the nodes below it and itself.
    pub(super) below: Vec<u64>,
}

impl<A: Amount> Basis<A> {
    /// The tree in which every node hangs from the root: nothing is matched.
    #[inline(always)]
    pub(super) fn reset(&mut self, supply: &[A], demand: &[A]) {
        self.rows = supply.len();
        self.columns = demand.len();
        self.first_column = padded(self.rows);
        self.nodes = self.first_column + padded(self.columns);
        let words = self.nodes.div_ceil(64);
        self.parent.clear();
        self.parent.resize(self.nodes, ROOT);
        self.flow.clear();
        self.flow.extend_from_slice(supply);
        self.flow.resize(self.first_column, A::default());
        self.flow.extend_from_slice(demand);
        self.flow.resize(self.nodes, A::default());
        self.potential.clear();
        self.potential.resize(self.nodes, 0.0);
        self.below.clear();
        self.below.resize(self.nodes * words, 0);
        for node in 0..self.nodes {
            self.below[node * words + node / 64] = 1 << (node % 64);
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

    /// Whether `node` is `above` or hangs below it; every node hangs below the root.
    #[inline(always)]
    fn is_below(&self, width: impl Width, node: u32, above: u32) -> bool {
        if above == ROOT {
            return true;
        }
        if node == ROOT {
            return false;
        }
        let word = self.below[above as usize * width.words() + node as usize / 64];
        word >> (node % 64) & 1 == 1
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
        for node in 0..self.nodes {
            if self.parent[node] != ROOT {
                let (row, column) = self.arc(node);
                visit(row, column, self.flow[node]);
            }
        }
    }

    /// Computes all potentials anew, for this tree and these savings: u + v = saving along
    /// matching arcs, 0 at the top. The saving of an arc adds to every node below it, with the
    /// sign of its lower end.
    #[inline(always)]
    pub(super) fn reprice(&mut self, lanes: impl Lanes, width: impl Width, saving: &[f64]) {
        let stride = padded(self.columns);
        self.potential.fill(0.0);
        for node in 0..self.nodes {
            if self.parent[node] == ROOT {
                continue;
            }
            let (row, column) = self.arc(node);
            let saving = saving[row * stride + column];
            let by = if self.is_row(node) { saving } else { -saving };
            let set = &self.below[node * width.words()..][..width.words()];
            lanes.shift(&mut self.potential, set, by);
        }
    }

    /// Hangs `node`, at the top of the tree, and all below it from `parent`, which is at the top
    /// itself. For the start only.
    #[inline(always)]
    pub(super) fn hang(&mut self, width: impl Width, node: usize, parent: usize) {
        self.parent[node] = parent as u32;
        for word in 0..width.words() {
            self.below[parent * width.words() + word] |= self.below[node * width.words() + word];
        }
    }

    /// Brings the arc from `tail` to `head` into the basis, whose reduced saving is `gain` > 0,
    /// pushes as much flow around the cycle as it can take and drops the arc that blocks.
    ///
    /// `tail` is a row or the root, `head` a column or the root.
    #[inline(always)]
    pub(super) fn pivot(
        &mut self,
        lanes: impl Lanes,
        width: impl Width,
        tail: u32,
        head: u32,
        gain: f64,
    ) {
        // Flow runs down from the meeting point to the tail, over the new arc, and up from the
        // head. It runs against rows' arcs on the tail's side and against columns' on the head's.
        // Of several blocking arcs, the last one in this direction leaves, which keeps the basis
        // strongly feasible: hence `<` here and `<=` on the head's side.
        let mut least: Option<A> = None;
        let mut leaving = (ROOT, true);
        let mut node = tail;
        while !self.is_below(width, head, node) {
            let at = node as usize;
            if self.is_row(at) && least.is_none_or(|least| self.flow[at] < least) {
                least = Some(self.flow[at]);
                leaving = (node, true);
            }
            node = self.parent[at];
        }
        let meeting = node;
        let mut node = head;
        while node != meeting {
            let at = node as usize;
            if !self.is_row(at) && least.is_none_or(|least| self.flow[at] <= least) {
                least = Some(self.flow[at]);
                leaving = (node, false);
            }
            node = self.parent[at];
        }
        let push = least.unwrap_or_default();
        let (cut, at_tail) = leaving;

        let mut node = tail;
        while node != meeting {
            let at = node as usize;
            if self.is_row(at) {
                self.flow[at] -= push;
            } else {
                self.flow[at] += push;
            }
            node = self.parent[at];
        }
        let mut node = head;
        while node != meeting {
            let at = node as usize;
            if self.is_row(at) {
                self.flow[at] += push;
            } else {
                self.flow[at] -= push;
            }
            node = self.parent[at];
        }

        let (end, other) = if at_tail { (tail, head) } else { (head, tail) };
        self.rehang(width, end, cut, other, meeting, push);
        let by = if at_tail { gain } else { -gain };
        let moved = end as usize * width.words();
        let set = &self.below[moved..moved + width.words()];
        lanes.shift(&mut self.potential, set, by);
    }

    /// Cuts the subtree below `cut` off and hangs it from `other` by its node `end`.
    #[inline(always)]
    fn rehang(&mut self, width: impl Width, end: u32, cut: u32, other: u32, meeting: u32, push: A) {
        let words = width.words();
        // Above the cut and above the new parent, up to where the two paths meet.
        let mut node = self.parent[cut as usize];
        while node != meeting {
            for word in 0..words {
                self.below[node as usize * words + word] &=
                    !self.below[cut as usize * words + word];
            }
            node = self.parent[node as usize];
        }
        let mut node = other;
        while node != meeting {
            for word in 0..words {
                self.below[node as usize * words + word] |= self.below[cut as usize * words + word];
            }
            node = self.parent[node as usize];
        }
        // From `end` up to `cut`, parents become children. The set of each becomes all that was
        // cut off but what hung below the node before it.
        for word in 0..words {
            let all = self.below[cut as usize * words + word];
            let mut before = 0;
            let mut node = end;
            loop {
                let own = &mut self.below[node as usize * words + word];
                let old = *own;
                *own = all & !before;
                before = old;
                if node == cut {
                    break;
                }
                node = self.parent[node as usize];
            }
        }
        let (mut node, mut parent, mut flow) = (end, other, push);
        loop {
            let at = node as usize;
            let next = self.parent[at];
            let old = self.flow[at];
            self.parent[at] = parent;
            self.flow[at] = flow;
            if node == cut {
                break;
            }
            (node, parent, flow) = (next, node, old);
        }
    }
}
