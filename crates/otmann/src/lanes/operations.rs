//! The loops, once for all sets of vector instructions.
//!
//! They run on indices: the functions that they are inlined into are so large that the compiler
//! leaves closures and the standard iterators' methods as calls, without vector instructions.

use std::ops::Range;

use super::{Features, LANES, NEVER, Simd, Terms};

/// The operations of a solve, for any set of vector instructions.
///
/// Lengths of slices are multiples of [`LANES`]. Numbers are finite, and none is −0.0.
pub(crate) trait Lanes: Simd {
    /// Σ over features of |a's − b's| for a's layers `rows` against b's layers from `first`: one
    /// row of `stride` elements of `out` for each. Bytes first, then reals in order. `first` and
    /// `stride` are whole vectors.
    #[inline(always)]
    fn structure(
        self,
        a: Features<'_>,
        rows: Range<usize>,
        b: Features<'_>,
        first: usize,
        stride: usize,
        out: &mut [f64],
    ) {
        // The paper's features, of convolutional networks and of others: where heights are
        // constants, the columns' features stay in registers.
        match a.heights {
            (2, 8) => structure(self, (2, 8), a, rows, b, first, stride, out),
            (2, 6) => structure(self, (2, 6), a, rows, b, first, stride, out),
            heights => structure(self, heights, a, rows, b, first, stride, out),
        }
    }

    /// Savings of one row's arcs.
    #[inline(always)]
    fn savings(self, terms: Terms, mismatch: &[f64], structure: &[f64], out: &mut [f64]) {
        let out = out.as_chunks_mut::<LANES>().0;
        let mismatch = &mismatch.as_chunks::<LANES>().0[..out.len()];
        let structure = &structure.as_chunks::<LANES>().0[..out.len()];
        let (ceiling, slope) = (self.splat(terms.ceiling), self.splat(terms.slope));
        let (grid, never) = (self.splat(terms.grid), self.splat(NEVER));
        let mut k = 0;
        while k < out.len() {
            let scaled = self.mul(slope, self.load(&structure[k]));
            let saving = self.sub(self.sub(ceiling, scaled), self.load(&mismatch[k]));
            let saving = self.sub(self.add(saving, grid), grid);
            let positive = self.greater(saving, self.splat(0.0));
            self.store(&mut out[k], self.select(positive, saving, never));
            k += 1;
        }
    }

    /// The column with the largest saving + potential, if that exceeds `above`.
    #[inline(always)]
    fn best(self, saving: &[f64], potential: &[f64], above: f64) -> Option<(usize, f64)> {
        let saving = saving.as_chunks::<LANES>().0;
        let potential = &potential.as_chunks::<LANES>().0[..saving.len()];
        let sum = |k: usize| self.add(self.load(&saving[k]), self.load(&potential[k]));
        argmax(self, saving.len(), sum, above)
    }

    /// The largest saving + column − row among rows of savings, one for each value of `rows`, if
    /// it is positive: row, column and that value.
    #[inline(always)]
    fn best_of_rows(
        self,
        saving: &[f64],
        columns: &[f64],
        rows: &[f64],
    ) -> Option<(usize, usize, f64)> {
        let columns = columns.as_chunks::<LANES>().0;
        let saving = &saving.as_chunks::<LANES>().0[..rows.len() * columns.len()];
        if columns.is_empty() {
            return None;
        }
        // Each lane's largest, and minus the first row that has it.
        let mut top = self.splat(0.0);
        let mut at = self.splat(0.0);
        let mut minus_row = self.splat(0.0);
        let mut row = 0;
        let mut start = 0;
        while row < rows.len() {
            let mut best = self.add(self.load(&saving[start]), self.load(&columns[0]));
            let mut k = 1;
            while k < columns.len() {
                let sum = self.add(self.load(&saving[start + k]), self.load(&columns[k]));
                best = self.max(best, sum);
                k += 1;
            }
            let gain = self.sub(best, self.splat(rows[row]));
            let better = self.greater(gain, top);
            top = self.select(better, gain, top);
            at = self.select(better, minus_row, at);
            minus_row = self.sub(minus_row, self.splat(1.0));
            row += 1;
            start += columns.len();
        }
        if !self.any(self.greater(top, self.splat(0.0))) {
            return None;
        }
        let gain = self.largest_lane(top);
        let ties = self.equal(top, self.splat(gain));
        let rows_of_ties = self.select(ties, at, self.splat(f64::NEG_INFINITY));
        let row = -self.largest_lane(rows_of_ties) as usize;
        let own = self.splat(rows[row]);
        let mut k = 0;
        while k < columns.len() {
            let saving = self.load(&saving[row * columns.len() + k]);
            let sum = self.add(saving, self.load(&columns[k]));
            let hits = self.equal(self.sub(sum, own), self.splat(gain));
            if self.any(hits) {
                return Some((row, self.first(k, hits), gain));
            }
            k += 1;
        }
        None
    }

    /// The largest value, if it exceeds `above`.
    #[inline(always)]
    fn largest(self, values: &[f64], above: f64) -> Option<(usize, f64)> {
        let values = values.as_chunks::<LANES>().0;
        argmax(self, values.len(), |k| self.load(&values[k]), above)
    }

    /// The smallest value, if it is below `below`.
    #[inline(always)]
    fn smallest(self, values: &[f64], below: f64) -> Option<(usize, f64)> {
        let values = values.as_chunks::<LANES>().0;
        let negated = |k: usize| self.sub(self.splat(0.0), self.load(&values[k]));
        argmax(self, values.len(), negated, -below).map(|(at, value)| (at, -value))
    }

    /// The place of the first lane of the mask of vector `k` that is true.
    #[inline(always)]
    fn first(self, k: usize, mask: Self::Mask) -> usize {
        k * LANES + self.bits(mask).trailing_zeros() as usize
    }

    /// The places of the words that contain `bit`, as bits.
    #[inline(always)]
    fn all_containing<const W: usize>(self, words: &[u64], bit: u32) -> [u64; W] {
        let words = words.as_chunks::<LANES>().0;
        let mut out = [0; W];
        let mut k = 0;
        while k < words.len() {
            out[k / 8] |= self.containing(&words[k], bit) << (LANES * (k % 8));
            k += 1;
        }
        out
    }

    /// Sets each value to the sum of the terms (node, x) for which the node's set contains the
    /// value's place. The sets are stored by word, then node.
    #[inline(always)]
    fn accumulate(self, values: &mut [f64], sets: &[u64], terms: &[(usize, f64)]) {
        let nodes = values.len();
        for (word, values) in values.chunks_mut(64).enumerate() {
            let sets = &sets[word * nodes..][..nodes];
            if Self::CHEAP_MASKS {
                let values = values.as_chunks_mut::<LANES>().0;
                // Four sums at a time: an addition waits for the one before it in the same sum
                // only.
                let mut k = 0;
                while k + 4 <= values.len() {
                    sums::<Self, 4>(self, &mut values[k..k + 4], LANES * k, sets, terms);
                    k += 4;
                }
                while k < values.len() {
                    sums::<Self, 1>(self, &mut values[k..=k], LANES * k, sets, terms);
                    k += 1;
                }
            } else {
                scatter(values, sets, terms);
            }
        }
    }

    /// Adds `by` to the values whose bit in `set` is 1.
    #[inline(always)]
    fn shift(self, values: &mut [f64], set: &[u64], by: f64) {
        let by = self.splat(by);
        let values = values.as_chunks_mut::<LANES>().0;
        let mut k = 0;
        while k < values.len() {
            let mask = self.mask(set[k / 8] >> (LANES * (k % 8)));
            let new = self.add_where(mask, self.load(&values[k]), by);
            self.store(&mut values[k], new);
            k += 1;
        }
    }
}

impl<S: Simd> Lanes for S {}

/// [`Lanes::structure`] for tiles of these heights.
#[inline(always)]
#[expect(
    clippy::too_many_arguments,
    reason = "those of the method, and the heights"
)]
fn structure<S: Simd>(
    simd: S,
    (words, reals): (usize, usize),
    a: Features<'_>,
    rows: Range<usize>,
    b: Features<'_>,
    first: usize,
    stride: usize,
    out: &mut [f64],
) {
    let out = out.as_chunks_mut::<LANES>().0;
    let width = stride / LANES;
    let mut chunk = 0;
    while chunk < width {
        let tile = first / LANES + chunk;
        let y_bytes = &b.bytes[tile * words..][..words];
        let y_reals = &b.reals[tile * reals..][..reals];
        let mut at = chunk;
        let mut row = rows.start;
        while row < rows.end {
            let (tile, lane) = (row / LANES, row % LANES);
            let x_bytes = &a.bytes[tile * words..][..words];
            let x_reals = &a.reals[tile * reals..][..reals];
            let mut sum = simd.byte_distances(x_bytes, lane, y_bytes);
            let mut k = 0;
            while k < reals {
                let difference = simd.sub(simd.splat(x_reals[k][lane]), simd.load(&y_reals[k]));
                sum = simd.add(sum, simd.abs(difference));
                k += 1;
            }
            simd.store(&mut out[at], sum);
            at += width;
            row += 1;
        }
        chunk += 1;
    }
}

/// The first lane with the largest of `count` vectors, if that exceeds `above`.
#[inline(always)]
fn argmax<S: Simd>(
    simd: S,
    count: usize,
    vector: impl Fn(usize) -> S::Doubles,
    above: f64,
) -> Option<(usize, f64)> {
    let mut top = simd.splat(f64::NEG_INFINITY);
    let mut k = 0;
    while k < count {
        top = simd.max(top, vector(k));
        k += 1;
    }
    if !simd.any(simd.greater(top, simd.splat(above))) {
        return None;
    }
    let best = simd.largest_lane(top);
    let mut k = 0;
    while k < count {
        let hits = simd.equal(vector(k), simd.splat(best));
        if simd.any(hits) {
            return Some((simd.first(k, hits), best));
        }
        k += 1;
    }
    None
}

/// [`Lanes::accumulate`] for `N` vectors, whose bits begin at `bit` of one word.
#[inline(always)]
fn sums<S: Simd, const N: usize>(
    simd: S,
    values: &mut [[f64; LANES]],
    bit: usize,
    sets: &[u64],
    terms: &[(usize, f64)],
) {
    let mut sums = [simd.splat(0.0); N];
    for &(node, term) in terms {
        let bits = sets[node] >> bit;
        let mut k = 0;
        while k < N {
            let mask = simd.mask(bits >> (LANES * k));
            sums[k] = simd.add_where(mask, sums[k], simd.splat(term));
            k += 1;
        }
    }
    let mut k = 0;
    while k < N {
        simd.store(&mut values[k], sums[k]);
        k += 1;
    }
}

/// [`Lanes::accumulate`] for one word, member by member.
#[inline(always)]
fn scatter(values: &mut [f64], sets: &[u64], terms: &[(usize, f64)]) {
    values.fill(0.0);
    for &(node, term) in terms {
        let mut bits = sets[node];
        while bits != 0 {
            values[bits.trailing_zeros() as usize] += term;
            bits &= bits - 1;
        }
    }
}
