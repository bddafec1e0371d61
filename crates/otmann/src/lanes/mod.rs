//! The loops worth vectorising: written once, over any vector instructions.
//!
//! [`Vector`] is what they need of instructions; its implementations are thin. [`Lanes`] is what a solver calls, and `loops`
//! implements it for every [`Vector`]. All give the same bits: each lane does the same operations in the same order, there is
//! no fused multiplication, and ties go to the lowest index. Slices have lengths that are multiples of [`LANES`].

use std::ops::Range;

mod aligned;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod dispatch;
mod loops;
#[cfg(target_arch = "aarch64")]
mod neon;
mod portable;
mod vector;

pub(crate) use aligned::Aligned;
pub use dispatch::Instructions;
pub(crate) use dispatch::run;
pub(crate) use portable::Portable;
pub(crate) use vector::{Kernel, Vector};

/// Doubles in the widest vector; rows are padded to a multiple of this.
pub(crate) const LANES: usize = 8;

/// A length rounded up to whole vectors.
pub(crate) const fn padded(len: usize) -> usize {
    len.next_multiple_of(LANES)
}

/// The saving of an arc that must never be used.
pub(crate) const NEVER: f64 = -1e300;

/// How savings follow from mismatch M and structural sum S: ceiling − slope·S − M, rounded to a
/// grid and pruned (see [`crate::transport`]).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    /// Cost of leaving both ends unmatched: twice the null penalty.
    pub(crate) ceiling: f64,
    /// Structural coefficient over the number of path-length features.
    pub(crate) slope: f64,
    /// Adding and subtracting this rounds to the grid.
    pub(crate) grid: f64,
}

impl Terms {
    /// Saving of one arc: positive, on the grid, or [`NEVER`].
    #[inline(always)]
    pub(crate) fn saving(self, mismatch: f64, structure: f64) -> f64 {
        let saving = self.ceiling - self.slope * structure - mismatch;
        let saving = (saving + self.grid) - self.grid;
        if saving > 0.0 { saving } else { NEVER }
    }
}

/// Path-length features of one profile's layers in tiles: for eight layers at a time, for each
/// feature, the values of these eight.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Features<'a> {
    /// Tiles' height in `bytes` and in `reals`.
    pub(crate) heights: (usize, usize),
    /// Counts, one byte each, eight features to a word.
    pub(crate) bytes: &'a [[u64; LANES]],
    /// Random-walk lengths.
    pub(crate) reals: &'a [[f64; LANES]],
}

/// The inner loops.
pub(crate) trait Lanes: Vector {
    /// Σ over features of |a's − b's| for a's layers `rows` against b's layers from `first`: one
    /// row of `stride` elements of `out` for each. Bytes first, then reals in order. `first` and
    /// `stride` are whole vectors.
    fn structure(
        self,
        a: Features<'_>,
        rows: Range<usize>,
        b: Features<'_>,
        first: usize,
        stride: usize,
        out: &mut [f64],
    );

    /// Savings of one row's arcs.
    fn savings(self, terms: Terms, mismatch: &[f64], structure: &[f64], out: &mut [f64]);

    /// The column with the largest saving + potential, if that exceeds `above`.
    fn best(self, saving: &[f64], potential: &[f64], above: f64) -> Option<(usize, f64)>;

    /// The largest saving + column − row among rows of savings, one for each value of `rows`, if
    /// it is positive: row, column and that value.
    fn best_of_rows(
        self,
        saving: &[f64],
        columns: &[f64],
        rows: &[f64],
    ) -> Option<(usize, usize, f64)>;

    /// The largest value, if it exceeds `above`.
    fn largest(self, values: &[f64], above: f64) -> Option<(usize, f64)>;

    /// The smallest value, if it is below `below`.
    fn smallest(self, values: &[f64], below: f64) -> Option<(usize, f64)>;

    /// The places of the words that contain `bit`, as bits.
    fn containing<const W: usize>(self, words: &[u64], bit: u32) -> [u64; W];

    /// Sets each value to the sum of the terms (node, x) for which the node's set contains the
    /// value's place. The sets are stored by word, then node.
    fn accumulate(self, values: &mut [f64], sets: &[u64], terms: &[(usize, f64)]);

    /// Adds `by` to the values whose bit in `set` is 1.
    fn shift(self, values: &mut [f64], set: &[u64], by: f64);
}

#[cfg(test)]
mod tests;
