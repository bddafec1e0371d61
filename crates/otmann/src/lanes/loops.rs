//! The inner loops, once, over any vector instructions.
//!
//! Loops count by hand: closures and iterators of the standard library are not inlined any more in functions as large as a
//! solve, and then are not compiled with the instructions of the vector.

use std::ops::Range;

use super::{Features, LANES, Lanes, NEVER, Terms, Vector};

/// Bits of a word.
const WORD: usize = u64::BITS as usize;

/// Numbers that are computed while they are compared.
trait Numbers<V: Vector> {
    /// How many chunks there are.
    fn count(&self) -> usize;
    /// One chunk of them.
    fn chunk(&self, lanes: V, k: usize) -> V::Doubles;
}

/// The numbers of a slice.
struct Plain<'a, V: Vector>(&'a [V::Chunk]);

impl<V: Vector> Numbers<V> for Plain<'_, V> {
    #[inline(always)]
    fn count(&self) -> usize {
        self.0.len()
    }

    #[inline(always)]
    fn chunk(&self, lanes: V, k: usize) -> V::Doubles {
        lanes.load(&self.0[k])
    }
}

/// 0 less the numbers of a slice.
struct Negated<'a, V: Vector>(&'a [V::Chunk]);

impl<V: Vector> Numbers<V> for Negated<'_, V> {
    #[inline(always)]
    fn count(&self) -> usize {
        self.0.len()
    }

    #[inline(always)]
    fn chunk(&self, lanes: V, k: usize) -> V::Doubles {
        lanes.sub(lanes.splat(0.0), lanes.load(&self.0[k]))
    }
}

/// The sums of two slices of the same length.
struct Sums<'a, V: Vector>(&'a [V::Chunk], &'a [V::Chunk]);

impl<V: Vector> Numbers<V> for Sums<'_, V> {
    #[inline(always)]
    fn count(&self) -> usize {
        self.0.len()
    }

    #[inline(always)]
    fn chunk(&self, lanes: V, k: usize) -> V::Doubles {
        lanes.add(lanes.load(&self.0[k]), lanes.load(&self.1[k]))
    }
}

/// The first of the largest numbers, if that exceeds `above`.
#[inline(always)]
fn argmax<V: Vector>(lanes: V, numbers: impl Numbers<V>, above: f64) -> Option<(usize, f64)> {
    let mut top = lanes.splat(f64::NEG_INFINITY);
    let mut k = 0;
    while k < numbers.count() {
        top = lanes.max(top, numbers.chunk(lanes, k));
        k += 1;
    }
    if lanes.bits(lanes.greater(top, lanes.splat(above))) == 0 {
        return None;
    }
    let best = lanes.largest_of(top);
    let mut k = 0;
    while k < numbers.count() {
        let hits = lanes.bits(lanes.equal(numbers.chunk(lanes, k), lanes.splat(best)));
        if hits != 0 {
            return Some((k * V::WIDTH + hits.trailing_zeros() as usize, best));
        }
        k += 1;
    }
    None
}

/// The heights of tiles: of words, of reals. The paper's are known when compiling, so that loops over them unroll and a
/// column's features stay in registers.
trait Heights: Copy {
    fn heights(self) -> (usize, usize);
}

/// Known when compiling.
#[derive(Clone, Copy)]
struct Known<const WORDS: usize, const REALS: usize>;

impl<const WORDS: usize, const REALS: usize> Heights for Known<WORDS, REALS> {
    #[inline(always)]
    fn heights(self) -> (usize, usize) {
        (WORDS, REALS)
    }
}

/// Known when running.
impl Heights for (usize, usize) {
    #[inline(always)]
    fn heights(self) -> (usize, usize) {
        self
    }
}

/// [`Lanes::structure`] for tiles of these heights.
#[inline(always)]
fn structure<V: Vector>(
    lanes: V,
    heights: impl Heights,
    (a, rows): (Features<'_>, Range<usize>),
    (b, first): (Features<'_>, usize),
    stride: usize,
    out: &mut [f64],
) {
    let (words, reals) = heights.heights();
    let parts = LANES / V::WIDTH;
    let out = V::chunks_mut(out);
    let width = stride / V::WIDTH;
    let mut chunk = 0;
    while chunk < width {
        let (tile, part) = (first / LANES + chunk / parts, chunk % parts);
        let y_bytes = &b.bytes[tile * words..][..words];
        let y_reals = &b.reals[tile * reals..][..reals];
        let mut at = chunk;
        let mut row = rows.start;
        while row < rows.end {
            let (tile, place) = (row / LANES, row % LANES);
            let x_bytes = &a.bytes[tile * words..][..words];
            let x_reals = &a.reals[tile * reals..][..reals];
            let mut counts = lanes.no_counts();
            let mut k = 0;
            while k < words {
                let y = &V::words(&y_bytes[k])[part];
                counts = lanes.add_byte_distances(counts, x_bytes[k][place], y);
                k += 1;
            }
            let mut sums = lanes.doubles(counts);
            let mut k = 0;
            while k < reals {
                let y = lanes.load(&V::chunks(&y_reals[k])[part]);
                let difference = lanes.sub(lanes.splat(x_reals[k][place]), y);
                sums = lanes.add(sums, lanes.abs(difference));
                k += 1;
            }
            lanes.store(&mut out[at], sums);
            at += width;
            row += 1;
        }
        chunk += 1;
    }
}

/// [`Lanes::accumulate`] for `N` vectors, whose bits begin at `bit`.
#[inline(always)]
fn accumulate<V: Vector, const N: usize>(
    lanes: V,
    values: &mut [V::Chunk],
    bit: usize,
    sets: &[u64],
    terms: &[(usize, f64)],
) {
    let mut sums = [lanes.splat(0.0); N];
    for &(node, term) in terms {
        let bits = sets[node] >> bit;
        let mut k = 0;
        while k < N {
            sums[k] = lanes.add_where(bits >> (V::WIDTH * k), sums[k], lanes.splat(term));
            k += 1;
        }
    }
    let mut k = 0;
    while k < N {
        lanes.store(&mut values[k], sums[k]);
        k += 1;
    }
}

impl<V: Vector> Lanes for V {
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
        match a.heights {
            // The paper's features: of convolutional networks, of others.
            (2, 8) => structure(self, Known::<2, 8>, (a, rows), (b, first), stride, out),
            (2, 6) => structure(self, Known::<2, 6>, (a, rows), (b, first), stride, out),
            heights => structure(self, heights, (a, rows), (b, first), stride, out),
        }
    }

    #[inline(always)]
    fn savings(self, terms: Terms, mismatch: &[f64], structure: &[f64], out: &mut [f64]) {
        let out = V::chunks_mut(out);
        let mismatch = &V::chunks(mismatch)[..out.len()];
        let structure = &V::chunks(structure)[..out.len()];
        let grid = self.splat(terms.grid);
        let mut k = 0;
        while k < out.len() {
            let scaled = self.mul(self.splat(terms.slope), self.load(&structure[k]));
            let saving = self.sub(self.splat(terms.ceiling), scaled);
            let saving = self.sub(saving, self.load(&mismatch[k]));
            let saving = self.sub(self.add(saving, grid), grid);
            let is_positive = self.greater(saving, self.splat(0.0));
            self.store(
                &mut out[k],
                self.select(is_positive, saving, self.splat(NEVER)),
            );
            k += 1;
        }
    }

    #[inline(always)]
    fn best(self, saving: &[f64], potential: &[f64], above: f64) -> Option<(usize, f64)> {
        let saving = V::chunks(saving);
        let potential = &V::chunks(potential)[..saving.len()];
        argmax(self, Sums(saving, potential), above)
    }

    #[inline(always)]
    fn best_of_rows(
        self,
        saving: &[f64],
        columns: &[f64],
        rows: &[f64],
    ) -> Option<(usize, usize, f64)> {
        let columns = V::chunks(columns);
        let saving = &V::chunks(saving)[..rows.len() * columns.len()];
        // In each lane the largest gain and the first row that has it.
        let mut top = self.splat(0.0);
        let mut at = self.splat(0.0);
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
            let is_better = self.greater(gain, top);
            top = self.select(is_better, gain, top);
            at = self.select(is_better, self.splat(row as f64), at);
            row += 1;
            start += columns.len();
        }
        if self.bits(self.greater(top, self.splat(0.0))) == 0 {
            return None;
        }
        let gain = self.largest_of(top);
        let ties = self.equal(top, self.splat(gain));
        let first = self.smallest_of(self.select(ties, at, self.splat(f64::INFINITY)));
        let row = first as usize;
        let target = self.splat(gain + rows[row]);
        let mut k = 0;
        while k < columns.len() {
            let saving = self.load(&saving[row * columns.len() + k]);
            let sum = self.add(saving, self.load(&columns[k]));
            let hits = self.bits(self.at_least(sum, target));
            if hits != 0 {
                return Some((row, k * V::WIDTH + hits.trailing_zeros() as usize, gain));
            }
            k += 1;
        }
        None
    }

    #[inline(always)]
    fn largest(self, values: &[f64], above: f64) -> Option<(usize, f64)> {
        argmax(self, Plain(V::chunks(values)), above)
    }

    #[inline(always)]
    fn smallest(self, values: &[f64], below: f64) -> Option<(usize, f64)> {
        argmax(self, Negated(V::chunks(values)), -below).map(|(at, value)| (at, -value))
    }

    #[inline(always)]
    fn containing<const W: usize>(self, words: &[u64], bit: u32) -> [u64; W] {
        let words = V::words(words);
        let chunks = WORD / V::WIDTH;
        let mut out = [0; W];
        let mut k = 0;
        while k < words.len() {
            out[k / chunks] |= self.with_bit(&words[k], bit) << (V::WIDTH * (k % chunks));
            k += 1;
        }
        out
    }

    #[inline(always)]
    fn accumulate(self, values: &mut [f64], sets: &[u64], terms: &[(usize, f64)]) {
        let nodes = values.len();
        let values = V::chunks_mut(values);
        let chunks = WORD / V::WIDTH;
        let mut k = 0;
        // Four sums at a time: an addition waits for the one before it in the same sum only.
        while k + 4 <= values.len() {
            let sets = &sets[k / chunks * nodes..][..nodes];
            let bit = V::WIDTH * (k % chunks);
            accumulate::<V, 4>(self, &mut values[k..k + 4], bit, sets, terms);
            k += 4;
        }
        while k < values.len() {
            let sets = &sets[k / chunks * nodes..][..nodes];
            let bit = V::WIDTH * (k % chunks);
            accumulate::<V, 1>(self, &mut values[k..=k], bit, sets, terms);
            k += 1;
        }
    }

    #[inline(always)]
    fn shift(self, values: &mut [f64], set: &[u64], by: f64) {
        let by = self.splat(by);
        let values = V::chunks_mut(values);
        let chunks = WORD / V::WIDTH;
        let mut k = 0;
        while k < values.len() {
            let bits = set[k / chunks] >> (V::WIDTH * (k % chunks));
            let new = self.add_where(bits, self.load(&values[k]), by);
            self.store(&mut values[k], new);
            k += 1;
        }
    }
}
