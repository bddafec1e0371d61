//! What the inner loops need of a set of vector instructions.

use super::Lanes;

/// Proof that this machine has a set of vector instructions, and what they do.
///
/// A chunk is as many numbers in memory as a vector holds; bit k of a mask stands for number k of a chunk. Every
/// implementation gives the same bits: no operation is fused with another one, and [`max`](Self::max) is `if a > b { a } else
/// { b }`, number by number.
pub(crate) trait Vector: Copy {
    /// Numbers in one vector; divides [`LANES`](super::LANES).
    const WIDTH: usize;

    /// `[f64; WIDTH]`.
    type Chunk;
    /// `[u64; WIDTH]`.
    type Words;
    /// A vector of doubles.
    type Doubles: Copy;
    /// A vector of counts, 64 bits each.
    type Counts: Copy;
    /// The result of a comparison.
    type Mask: Copy;

    /// Runs `kernel` in a function of its own that is compiled with these instructions.
    fn enter<K: Kernel>(self, kernel: K) -> K::Output;

    /// Whole chunks of a slice.
    fn chunks(values: &[f64]) -> &[Self::Chunk];
    /// Whole chunks of a slice, to be set.
    fn chunks_mut(values: &mut [f64]) -> &mut [Self::Chunk];
    /// Whole chunks of words.
    fn words(words: &[u64]) -> &[Self::Words];

    fn load(self, chunk: &Self::Chunk) -> Self::Doubles;
    fn store(self, chunk: &mut Self::Chunk, vector: Self::Doubles);
    fn splat(self, value: f64) -> Self::Doubles;
    fn add(self, a: Self::Doubles, b: Self::Doubles) -> Self::Doubles;
    fn sub(self, a: Self::Doubles, b: Self::Doubles) -> Self::Doubles;
    fn mul(self, a: Self::Doubles, b: Self::Doubles) -> Self::Doubles;
    fn max(self, a: Self::Doubles, b: Self::Doubles) -> Self::Doubles;
    fn abs(self, a: Self::Doubles) -> Self::Doubles;
    /// The largest number of a vector.
    fn largest_of(self, a: Self::Doubles) -> f64;
    /// The smallest number of a vector.
    fn smallest_of(self, a: Self::Doubles) -> f64;

    /// a > b.
    fn greater(self, a: Self::Doubles, b: Self::Doubles) -> Self::Mask;
    /// a ≥ b.
    fn at_least(self, a: Self::Doubles, b: Self::Doubles) -> Self::Mask;
    /// a = b.
    fn equal(self, a: Self::Doubles, b: Self::Doubles) -> Self::Mask;
    /// A mask as bits.
    fn bits(self, mask: Self::Mask) -> u64;
    /// `yes` where the mask is set, else `no`.
    fn select(self, mask: Self::Mask, yes: Self::Doubles, no: Self::Doubles) -> Self::Doubles;
    /// Adds `by` where a bit of the lowest `WIDTH` ones is set.
    fn add_where(self, bits: u64, to: Self::Doubles, by: Self::Doubles) -> Self::Doubles;

    /// Which words contain `bit`, as bits.
    fn with_bit(self, words: &Self::Words, bit: u32) -> u64;
    /// Counts of 0.
    fn no_counts(self) -> Self::Counts;
    /// Adds to each count Σ |x − y| over the eight bytes of `x` and of its word of `y`.
    fn add_byte_distances(self, to: Self::Counts, x: u64, y: &Self::Words) -> Self::Counts;
    /// Counts, less than 2⁵², as doubles.
    fn doubles(self, counts: Self::Counts) -> Self::Doubles;
}

/// Work that is compiled once for each set of instructions.
pub(crate) trait Kernel {
    type Output;

    /// Does the work. Implementations are `#[inline(always)]`, and so is all that they call, so
    /// that it is compiled with the instructions of `lanes`.
    fn run(self, lanes: impl Lanes) -> Self::Output;
}
