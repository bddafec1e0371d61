//! Plain Rust, for any machine.

use std::array;
use std::cmp::Ordering;

use super::{Kernel, Vector};

/// Numbers in one vector: as many as the compiler keeps in the registers of a machine without wider ones.
const WIDE: usize = 4;

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

/// What `of` makes of each pair of numbers.
#[inline(always)]
fn each<A: Copy, B: Copy, C>(a: [A; WIDE], b: [B; WIDE], of: impl Fn(A, B) -> C) -> [C; WIDE] {
    array::from_fn(|k| of(a[k], b[k]))
}

impl Vector for Portable {
    const WIDTH: usize = WIDE;
    type Chunk = [f64; WIDE];
    type Words = [u64; WIDE];
    type Doubles = [f64; WIDE];
    type Counts = [u64; WIDE];
    type Mask = [bool; WIDE];

    #[inline(never)]
    fn enter<K: Kernel>(self, kernel: K) -> K::Output {
        kernel.run(self)
    }

    #[inline(always)]
    fn chunks(values: &[f64]) -> &[Self::Chunk] {
        values.as_chunks().0
    }

    #[inline(always)]
    fn chunks_mut(values: &mut [f64]) -> &mut [Self::Chunk] {
        values.as_chunks_mut().0
    }

    #[inline(always)]
    fn words(words: &[u64]) -> &[Self::Words] {
        words.as_chunks().0
    }

    #[inline(always)]
    fn load(self, chunk: &Self::Chunk) -> Self::Doubles {
        *chunk
    }

    #[inline(always)]
    fn store(self, chunk: &mut Self::Chunk, vector: Self::Doubles) {
        *chunk = vector;
    }

    #[inline(always)]
    fn splat(self, value: f64) -> Self::Doubles {
        [value; WIDE]
    }

    #[inline(always)]
    fn add(self, a: Self::Doubles, b: Self::Doubles) -> Self::Doubles {
        each(a, b, |a, b| a + b)
    }

    #[inline(always)]
    fn sub(self, a: Self::Doubles, b: Self::Doubles) -> Self::Doubles {
        each(a, b, |a, b| a - b)
    }

    #[inline(always)]
    fn mul(self, a: Self::Doubles, b: Self::Doubles) -> Self::Doubles {
        each(a, b, |a, b| a * b)
    }

    #[inline(always)]
    fn max(self, a: Self::Doubles, b: Self::Doubles) -> Self::Doubles {
        each(a, b, |a, b| if a > b { a } else { b })
    }

    #[inline(always)]
    fn abs(self, a: Self::Doubles) -> Self::Doubles {
        a.map(f64::abs)
    }

    #[inline(always)]
    fn largest_of(self, a: Self::Doubles) -> f64 {
        a.into_iter()
            .fold(f64::NEG_INFINITY, |a, b| if b > a { b } else { a })
    }

    #[inline(always)]
    fn smallest_of(self, a: Self::Doubles) -> f64 {
        a.into_iter()
            .fold(f64::INFINITY, |a, b| if b < a { b } else { a })
    }

    #[inline(always)]
    fn greater(self, a: Self::Doubles, b: Self::Doubles) -> Self::Mask {
        each(a, b, |a, b| a > b)
    }

    #[inline(always)]
    fn at_least(self, a: Self::Doubles, b: Self::Doubles) -> Self::Mask {
        each(a, b, |a, b| a >= b)
    }

    #[inline(always)]
    fn equal(self, a: Self::Doubles, b: Self::Doubles) -> Self::Mask {
        each(a, b, |a, b| a.partial_cmp(&b) == Some(Ordering::Equal))
    }

    #[inline(always)]
    fn bits(self, mask: Self::Mask) -> u64 {
        let mut bits = 0;
        for (k, is_set) in mask.into_iter().enumerate() {
            bits |= u64::from(is_set) << k;
        }
        bits
    }

    #[inline(always)]
    fn select(self, mask: Self::Mask, yes: Self::Doubles, no: Self::Doubles) -> Self::Doubles {
        array::from_fn(|k| if mask[k] { yes[k] } else { no[k] })
    }

    #[inline(always)]
    fn add_where(self, bits: u64, to: Self::Doubles, by: Self::Doubles) -> Self::Doubles {
        array::from_fn(|k| to[k] + if bits >> k & 1 == 1 { by[k] } else { 0.0 })
    }

    #[inline(always)]
    fn with_bit(self, words: &Self::Words, bit: u32) -> u64 {
        let mut bits = 0;
        for (k, word) in words.iter().enumerate() {
            bits |= (word >> bit & 1) << k;
        }
        bits
    }

    #[inline(always)]
    fn no_counts(self) -> Self::Counts {
        [0; WIDE]
    }

    #[inline(always)]
    fn add_byte_distances(self, to: Self::Counts, x: u64, y: &Self::Words) -> Self::Counts {
        each(to, *y, |to, y| to + byte_distance(x, y))
    }

    #[inline(always)]
    fn doubles(self, counts: Self::Counts) -> Self::Doubles {
        counts.map(|count| count as f64)
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
