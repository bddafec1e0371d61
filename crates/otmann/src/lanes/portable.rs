//! Plain Rust, for any machine.

use std::ops::Range;

use super::{Features, Kernel, LANES, Lanes, Terms};

/// Plain Rust in chunks that the compiler can vectorise.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Portable;

/// Σ |x − y| over the eight bytes of two words.
#[inline(always)]
fn byte_distance(x: u64, y: u64) -> u64 {
    const EVEN: u64 = 0x00ff_00ff_00ff_00ff;
    const BORROW: u64 = 0x0100_0100_0100_0100;
    const ONES: u64 = 0x0001_0001_0001_0001;
    // Four 16-bit fields at a time: 256 + x − y never borrows, and its bit 8 says that x ≥ y.
    let distance = |x: u64, y: u64| {
        let biased = (x | BORROW) - y;
        let negative = ((biased >> 8) & ONES) ^ ONES;
        let mask = (negative << 8) - negative;
        (((biased & EVEN) ^ mask) + negative) & (EVEN | BORROW)
    };
    let sum = distance(x & EVEN, y & EVEN) + distance((x >> 8) & EVEN, (y >> 8) & EVEN);
    sum.wrapping_mul(ONES) >> 48
}

#[inline(always)]
fn argmax(len: usize, value: impl Fn(usize) -> f64, above: f64) -> Option<(usize, f64)> {
    let mut top = [f64::NEG_INFINITY; LANES];
    for start in (0..len).step_by(LANES) {
        for (lane, top) in top.iter_mut().enumerate() {
            let value = value(start + lane);
            *top = if value > *top { value } else { *top };
        }
    }
    let mut best = top[0];
    for &top in &top[1..] {
        best = if top > best { top } else { best };
    }
    if best > above {
        let at = (0..len).find(|&k| value(k) >= best)?;
        return Some((at, best));
    }
    None
}

impl Lanes for Portable {
    #[inline(never)]
    fn enter<K: Kernel>(self, kernel: K) -> K::Output {
        kernel.run(self)
    }

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
        let (words, reals) = a.heights;
        for (row, out) in rows.zip(out.chunks_exact_mut(stride)) {
            let (own, lane) = (row / LANES, row % LANES);
            for (tile, out) in (first / LANES..).zip(out.as_chunks_mut::<LANES>().0) {
                let mut counts = [0_u64; LANES];
                for word in 0..words {
                    let x = a.bytes[own * words + word][lane];
                    for (count, &y) in counts.iter_mut().zip(&b.bytes[tile * words + word]) {
                        *count += byte_distance(x, y);
                    }
                }
                let mut sums = counts.map(|count| count as f64);
                for real in 0..reals {
                    let x = a.reals[own * reals + real][lane];
                    for (sum, &y) in sums.iter_mut().zip(&b.reals[tile * reals + real]) {
                        *sum += (x - y).abs();
                    }
                }
                *out = sums;
            }
        }
    }

    #[inline(always)]
    fn savings(self, terms: Terms, mismatch: &[f64], structure: &[f64], out: &mut [f64]) {
        for ((out, &mismatch), &structure) in out.iter_mut().zip(mismatch).zip(structure) {
            *out = terms.saving(mismatch, structure);
        }
    }

    #[inline(always)]
    fn best(self, saving: &[f64], potential: &[f64], above: f64) -> Option<(usize, f64)> {
        let potential = &potential[..saving.len()];
        argmax(saving.len(), |k| saving[k] + potential[k], above)
    }

    #[inline(always)]
    fn best_of_rows(
        self,
        saving: &[f64],
        columns: &[f64],
        rows: &[f64],
    ) -> Option<(usize, usize, f64)> {
        let mut found = None;
        let mut most = 0.0;
        for (row, (saving, &own)) in saving.chunks_exact(columns.len()).zip(rows).enumerate() {
            if let Some((column, best)) = self.best(saving, columns, own + most) {
                most = best - own;
                found = Some((row, column, most));
            }
        }
        found
    }

    #[inline(always)]
    fn largest(self, values: &[f64], above: f64) -> Option<(usize, f64)> {
        argmax(values.len(), |k| values[k], above)
    }

    #[inline(always)]
    fn smallest(self, values: &[f64], below: f64) -> Option<(usize, f64)> {
        argmax(values.len(), |k| -values[k], -below).map(|(at, value)| (at, -value))
    }

    #[inline(always)]
    fn containing<const W: usize>(self, words: &[u64], bit: u32) -> [u64; W] {
        let mut out = [0; W];
        for (out, words) in out.iter_mut().zip(words.chunks(64)) {
            for (k, word) in words.iter().enumerate() {
                *out |= (word >> bit & 1) << k;
            }
        }
        out
    }

    #[inline(always)]
    fn accumulate(self, values: &mut [f64], sets: &[u64], terms: &[(usize, f64)]) {
        let nodes = values.len();
        values.fill(0.0);
        for (values, sets) in values.chunks_mut(64).zip(sets.chunks(nodes.max(1))) {
            for &(node, term) in terms {
                let mut bits = sets[node];
                while bits != 0 {
                    values[bits.trailing_zeros() as usize] += term;
                    bits &= bits - 1;
                }
            }
        }
    }

    #[inline(always)]
    fn shift(self, values: &mut [f64], set: &[u64], by: f64) {
        for (values, &set) in values.chunks_mut(64).zip(set) {
            for (bit, value) in values.iter_mut().enumerate() {
                *value += if set >> bit & 1 == 1 { by } else { 0.0 };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::byte_distance;

    #[test]
    fn byte_distance_is_the_sum_of_absolute_differences() {
        let mut state = 1_u64;
        let mut next = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            state ^ (state >> 29)
        };
        for round in 0..10_000 {
            let (x, y) = match round {
                0 => (0, u64::MAX),
                1 => (u64::MAX, 0),
                2 => (u64::MAX, u64::MAX),
                _ => (next(), next()),
            };
            let slow: u64 = x
                .to_le_bytes()
                .iter()
                .zip(y.to_le_bytes())
                .map(|(&x, y)| u64::from(x.abs_diff(y)))
                .sum();
            assert_eq!(byte_distance(x, y), slow, "{x:x} {y:x}");
        }
    }
}
