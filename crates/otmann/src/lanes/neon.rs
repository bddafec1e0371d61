//! NEON: a vector is four registers, a mask has all bits of its lanes.

#![expect(
    unsafe_code,
    reason = "intrinsics: plain Rust leaves the choice of instructions to the compiler"
)]

use std::arch::aarch64::*;
use std::arch::is_aarch64_feature_detected;

use super::simd::intrinsics;
use super::{Kernel, LANES, Simd};

/// Proof that this machine has NEON.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Neon(());

impl Neon {
    pub(crate) fn new() -> Option<Self> {
        is_aarch64_feature_detected!("neon").then_some(Self(()))
    }
}

/// Two lanes each, from the first on.
type Four = [float64x2_t; 4];
/// All ones in the lanes that are true.
type Truth = [uint64x2_t; 4];

/// Each lane's bit.
const OWN: [u64; LANES] = [1, 2, 4, 8, 16, 32, 64, 128];

// SAFETY, for all of this module: instructions are available, because a value of `Neon` exists
// only where they are; loads and stores go to two elements of an array.

/// An intrinsic on the quarters of vectors.
macro_rules! each {
    ($intrinsic:expr, $($vector:ident),+) => {
        unsafe {
            [
                $intrinsic($($vector[0]),+),
                $intrinsic($($vector[1]),+),
                $intrinsic($($vector[2]),+),
                $intrinsic($($vector[3]),+),
            ]
        }
    };
}

impl Simd for Neon {
    type Doubles = Four;
    type Mask = Truth;

    const CHEAP_MASKS: bool = true;

    #[inline(always)]
    fn enter<K: Kernel>(self, kernel: K) -> K::Output {
        #[target_feature(enable = "neon")]
        fn inside<K: Kernel>(simd: Neon, kernel: K) -> K::Output {
            kernel.run(simd)
        }
        unsafe { inside(self, kernel) }
    }

    #[inline(always)]
    fn load(self, values: &[f64; LANES]) -> Four {
        let quarters = quarters(values);
        each!(vld1q_f64, quarters)
    }

    #[inline(always)]
    fn store(self, values: &mut [f64; LANES], vector: Four) {
        let pairs = values.as_chunks_mut::<2>().0;
        let mut k = 0;
        while k < vector.len() {
            unsafe { vst1q_f64(pairs[k].as_mut_ptr(), vector[k]) }
            k += 1;
        }
    }

    #[inline(always)]
    fn splat(self, value: f64) -> Four {
        [unsafe { vdupq_n_f64(value) }; 4]
    }

    intrinsics! { each:
        add(a, b) -> Doubles = vaddq_f64;
        sub(a, b) -> Doubles = vsubq_f64;
        mul(a, b) -> Doubles = vmulq_f64;
        max(a, b) -> Doubles = vmaxq_f64;
        abs(a) -> Doubles = vabsq_f64;
        greater(a, b) -> Mask = vcgtq_f64;
        equal(a, b) -> Mask = vceqq_f64;
    }

    #[inline(always)]
    fn largest_lane(self, a: Four) -> f64 {
        unsafe { vmaxvq_f64(vmaxq_f64(vmaxq_f64(a[0], a[1]), vmaxq_f64(a[2], a[3]))) }
    }

    #[inline(always)]
    fn any(self, mask: Truth) -> bool {
        unsafe { vmaxvq_u32(vreinterpretq_u32_u64(union(mask))) != 0 }
    }

    #[inline(always)]
    fn bits(self, mask: Truth) -> u64 {
        let own = load_words(&OWN);
        let bits = each!(vandq_u64, mask, own);
        unsafe { vaddvq_u64(union(bits)) }
    }

    #[inline(always)]
    fn mask(self, bits: u64) -> Truth {
        let (bits, own) = (splat_word(bits), load_words(&OWN));
        each!(vtstq_u64, bits, own)
    }

    #[inline(always)]
    fn select(self, mask: Truth, yes: Four, no: Four) -> Four {
        each!(vbslq_f64, mask, yes, no)
    }

    #[inline(always)]
    fn add_where(self, mask: Truth, a: Four, b: Four) -> Four {
        let b = each!(vreinterpretq_u64_f64, b);
        let b = each!(vandq_u64, mask, b);
        let b = each!(vreinterpretq_f64_u64, b);
        self.add(a, b)
    }

    #[inline(always)]
    fn byte_distances(self, x: &[[u64; LANES]], lane: usize, y: &[[u64; LANES]]) -> Four {
        let mut counts = splat_word(0);
        let mut k = 0;
        while k < x.len() {
            let (x, y) = (splat_word(x[k][lane]), load_words(&y[k]));
            let (x, y) = (
                each!(vreinterpretq_u8_u64, x),
                each!(vreinterpretq_u8_u64, y),
            );
            let distances = each!(vabdq_u8, x, y);
            let distances = each!(vpaddlq_u8, distances);
            let distances = each!(vpaddlq_u16, distances);
            counts = each!(vpadalq_u32, counts, distances);
            k += 1;
        }
        each!(vcvtq_f64_u64, counts)
    }

    #[inline(always)]
    fn containing(self, words: &[u64; LANES], bit: u32) -> u64 {
        let (words, bit) = (load_words(words), splat_word(1 << bit));
        self.bits(each!(vtstq_u64, words, bit))
    }
}

/// The lanes that are true in one of the quarters.
#[inline(always)]
fn union(mask: Truth) -> uint64x2_t {
    unsafe { vorrq_u64(vorrq_u64(mask[0], mask[1]), vorrq_u64(mask[2], mask[3])) }
}

#[inline(always)]
fn splat_word(word: u64) -> Truth {
    [unsafe { vdupq_n_u64(word) }; 4]
}

#[inline(always)]
fn load_words(words: &[u64; LANES]) -> Truth {
    let quarters = quarters(words);
    each!(vld1q_u64, quarters)
}

#[inline(always)]
fn quarters<T>(values: &[T; LANES]) -> [*const T; 4] {
    let pairs = values.as_chunks::<2>().0;
    [
        pairs[0].as_ptr(),
        pairs[1].as_ptr(),
        pairs[2].as_ptr(),
        pairs[3].as_ptr(),
    ]
}
