//! Plain Rust, for any machine: arrays that the compiler can put into registers. A mask has all
//! bits of its lanes.

use super::{Kernel, LANES, Simd};

/// Plain Rust needs no proof.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Portable;

type Eight = [f64; LANES];
/// All ones in the lanes that are true.
type Truth = [u64; LANES];

/// An expression for each lane.
macro_rules! lanes {
    ($lane:ident => $value:expr) => {{
        let mut out = [Default::default(); LANES];
        let mut $lane = 0;
        while $lane < LANES {
            out[$lane] = $value;
            $lane += 1;
        }
        out
    }};
}

/// The low bytes of four 16-bit fields.
const LOW: u64 = 0x00ff_00ff_00ff_00ff;
/// 1 in each of four 16-bit fields.
const ONES: u64 = 0x0001_0001_0001_0001;

/// Σ |x − y| over the eight bytes of two words.
#[inline(always)]
pub(super) fn byte_distance(x: u64, y: u64) -> u64 {
    let even = field_distances(x & LOW, y & LOW);
    let odd = field_distances((x >> 8) & LOW, (y >> 8) & LOW);
    (even + odd).wrapping_mul(ONES) >> 48
}

/// |x − y| for each of four 16-bit fields, whose values are bytes.
#[inline(always)]
fn field_distances(x: u64, y: u64) -> u64 {
    const CARRY: u64 = ONES << 8;
    // 256 + x − y never borrows, and its bit 8 says that x ≥ y.
    let biased = (x | CARRY) - y;
    let negative = ((biased >> 8) & ONES) ^ ONES;
    let mask = (negative << 8) - negative;
    (((biased & LOW) ^ mask) + negative) & (LOW | CARRY)
}

impl Simd for Portable {
    type Doubles = Eight;
    type Mask = Truth;

    const CHEAP_MASKS: bool = false;

    #[inline(never)]
    fn enter<K: Kernel>(self, kernel: K) -> K::Output {
        kernel.run(self)
    }

    #[inline(always)]
    fn load(self, values: &[f64; LANES]) -> Eight {
        *values
    }

    #[inline(always)]
    fn store(self, values: &mut [f64; LANES], vector: Eight) {
        *values = vector;
    }

    #[inline(always)]
    fn splat(self, value: f64) -> Eight {
        [value; LANES]
    }

    #[inline(always)]
    fn add(self, a: Eight, b: Eight) -> Eight {
        lanes!(k => a[k] + b[k])
    }

    #[inline(always)]
    fn sub(self, a: Eight, b: Eight) -> Eight {
        lanes!(k => a[k] - b[k])
    }

    #[inline(always)]
    fn mul(self, a: Eight, b: Eight) -> Eight {
        lanes!(k => a[k] * b[k])
    }

    #[inline(always)]
    fn max(self, a: Eight, b: Eight) -> Eight {
        lanes!(k => if a[k] > b[k] { a[k] } else { b[k] })
    }

    #[inline(always)]
    fn abs(self, a: Eight) -> Eight {
        lanes!(k => a[k].abs())
    }

    #[inline(always)]
    fn largest_lane(self, a: Eight) -> f64 {
        let mut best = a[0];
        let mut k = 1;
        while k < LANES {
            best = if a[k] > best { a[k] } else { best };
            k += 1;
        }
        best
    }

    #[inline(always)]
    fn greater(self, a: Eight, b: Eight) -> Truth {
        lanes!(k => u64::from(a[k] > b[k]).wrapping_neg())
    }

    #[expect(
        clippy::float_cmp,
        reason = "what is asked: which lanes hold the number itself"
    )]
    #[inline(always)]
    fn equal(self, a: Eight, b: Eight) -> Truth {
        lanes!(k => u64::from(a[k] == b[k]).wrapping_neg())
    }

    #[inline(always)]
    fn any(self, mask: Truth) -> bool {
        let mut any = 0;
        let mut k = 0;
        while k < LANES {
            any |= mask[k];
            k += 1;
        }
        any != 0
    }

    #[inline(always)]
    fn bits(self, mask: Truth) -> u64 {
        let mut bits = 0;
        let mut k = 0;
        while k < LANES {
            bits |= mask[k] & (1 << k);
            k += 1;
        }
        bits
    }

    #[inline(always)]
    fn mask(self, bits: u64) -> Truth {
        lanes!(k => (bits >> k & 1).wrapping_neg())
    }

    #[inline(always)]
    fn select(self, mask: Truth, yes: Eight, no: Eight) -> Eight {
        lanes!(k => if mask[k] != 0 { yes[k] } else { no[k] })
    }

    #[inline(always)]
    fn add_where(self, mask: Truth, a: Eight, b: Eight) -> Eight {
        lanes!(k => a[k] + f64::from_bits(b[k].to_bits() & mask[k]))
    }

    #[inline(always)]
    fn byte_distances(self, x: &[[u64; LANES]], lane: usize, y: &[[u64; LANES]]) -> Eight {
        let mut counts = [0_u64; LANES];
        let mut word = 0;
        while word < x.len() {
            counts = lanes!(k => counts[k] + byte_distance(x[word][lane], y[word][k]));
            word += 1;
        }
        lanes!(k => counts[k] as f64)
    }

    #[inline(always)]
    fn containing(self, words: &[u64; LANES], bit: u32) -> u64 {
        let mut bits = 0;
        let mut k = 0;
        while k < LANES {
            bits |= (words[k] >> bit & 1) << k;
            k += 1;
        }
        bits
    }
}
