//! What the loops ask of a set of vector instructions.

use super::LANES;

/// Methods of [`Simd`] that are one intrinsic: `each` applies it to the registers of vectors.
macro_rules! intrinsics {
    ($each:ident: $($name:ident($($vector:ident),+) -> $out:ident = $intrinsic:expr;)+) => {
        $(
            #[inline(always)]
            fn $name(self, $($vector: Self::Doubles),+) -> Self::$out {
                $each!($intrinsic, $($vector),+)
            }
        )+
    };
}
pub(super) use intrinsics;

/// A set of vector instructions. A value of the type proves that this machine has them, which is
/// why no method is `unsafe`.
///
/// A vector is [`LANES`] doubles, in as many registers as these take. All sets thus do the same
/// operations in the same lanes, whatever their registers' width. Methods are
/// `#[inline(always)]`, so that they are compiled with the instructions of [`Simd::enter`].
pub(crate) trait Simd: Copy {
    /// One vector.
    type Doubles: Copy;
    /// A truth value for each lane.
    type Mask: Copy;

    /// Whether [`Simd::mask`] is cheap enough to add under masks in which few lanes are true.
    const CHEAP_MASKS: bool;

    /// Runs `kernel` in a function of its own that is compiled with these instructions.
    fn enter<K: Kernel>(self, kernel: K) -> K::Output;

    fn load(self, values: &[f64; LANES]) -> Self::Doubles;
    fn store(self, values: &mut [f64; LANES], vector: Self::Doubles);
    fn splat(self, value: f64) -> Self::Doubles;

    fn add(self, a: Self::Doubles, b: Self::Doubles) -> Self::Doubles;
    fn sub(self, a: Self::Doubles, b: Self::Doubles) -> Self::Doubles;
    fn mul(self, a: Self::Doubles, b: Self::Doubles) -> Self::Doubles;
    fn max(self, a: Self::Doubles, b: Self::Doubles) -> Self::Doubles;
    fn abs(self, a: Self::Doubles) -> Self::Doubles;

    /// The largest lane.
    fn largest_lane(self, a: Self::Doubles) -> f64;

    /// a > b.
    fn greater(self, a: Self::Doubles, b: Self::Doubles) -> Self::Mask;
    /// a = b.
    fn equal(self, a: Self::Doubles, b: Self::Doubles) -> Self::Mask;
    /// Whether a lane is true.
    fn any(self, mask: Self::Mask) -> bool;
    /// One bit for each lane, the first lane's the lowest.
    fn bits(self, mask: Self::Mask) -> u64;
    /// The mask with the lowest [`LANES`] bits of `bits`; the others may be anything.
    fn mask(self, bits: u64) -> Self::Mask;
    /// `yes` in the lanes that are true, else `no`.
    fn select(self, mask: Self::Mask, yes: Self::Doubles, no: Self::Doubles) -> Self::Doubles;
    /// a + b in the lanes that are true, else a, which is not −0.0.
    fn add_where(self, mask: Self::Mask, a: Self::Doubles, b: Self::Doubles) -> Self::Doubles;

    /// Σ |x − y| over the bytes of lane `lane` of all x and those of each lane of y.
    fn byte_distances(self, x: &[[u64; LANES]], lane: usize, y: &[[u64; LANES]]) -> Self::Doubles;
    /// One bit for each word: whether it contains `bit`.
    fn containing(self, words: &[u64; LANES], bit: u32) -> u64;
}

/// Work that is compiled once for each set of instructions.
pub(crate) trait Kernel {
    type Output;

    /// Does the work. Implementations are `#[inline(always)]`, and so is all that they call, so
    /// that it is compiled with these instructions.
    fn run(self, lanes: impl Simd) -> Self::Output;
}
