//! The loops worth vectorising: written once, compiled for each set of vector instructions.
//!
//! [`Lanes`] has the loops, for any [`Simd`]; each set of instructions implements that in a module
//! of its own. All give the same bits: each lane does the same operations in the same order, there
//! is no fused multiplication, and ties go to the lowest index.

mod aligned;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod dispatch;
#[cfg(target_arch = "aarch64")]
mod neon;
mod operations;
mod portable;
mod simd;
#[cfg(test)]
mod tests;

pub(crate) use aligned::Aligned;
pub use dispatch::Instructions;
pub(crate) use dispatch::run;
pub(crate) use operations::Lanes;
pub(crate) use portable::Portable;
pub(crate) use simd::{Kernel, Simd};

/// Doubles in one vector; rows are padded to a multiple of this. It is what the widest registers
/// hold; narrower ones share a vector.
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
