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

/// The bits of a mask of eight lanes.
const BITS: [u64; LANES] = [1, 2, 4, 8, 16, 32, 64, 128];

/// An intrinsic on the quarters of vectors.
macro_rules! each {
    ($intrinsic:expr, $($vector:ident),+) => {
        [
            $intrinsic($($vector[0]),+),
            $intrinsic($($vector[1]),+),
            $intrinsic($($vector[2]),+),
            $intrinsic($($vector[3]),+),
        ]
    };
}

// SAFETY, for all of this module: instructions are available, because a value of `Neon` exists
// only where they are; loads and stores go through references to two elements.
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
        let pairs = quarters(values);
        unsafe { each!(load_pair, pairs) }
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
    fn smallest_lane(self, a: Four) -> f64 {
        unsafe { vminvq_f64(vminq_f64(vminq_f64(a[0], a[1]), vminq_f64(a[2], a[3]))) }
    }

    #[inline(always)]
    fn any(self, mask: Truth) -> bool {
        unsafe { vmaxvq_u32(vreinterpretq_u32_u64(union(mask))) != 0 }
    }

    #[inline(always)]
    fn bits(self, mask: Truth) -> u64 {
        unsafe {
            let own = load_words(&BITS);
            vaddvq_u64(union(each!(vandq_u64, mask, own)))
        }
    }

    #[inline(always)]
    fn mask(self, bits: u64) -> Truth {
        unsafe {
            let bits = [vdupq_n_u64(bits); 4];
            let own = load_words(&BITS);
            each!(vtstq_u64, bits, own)
        }
    }

    #[inline(always)]
    fn select(self, mask: Truth, yes: Four, no: Four) -> Four {
        unsafe { each!(vbslq_f64, mask, yes, no) }
    }

    #[inline(always)]
    fn add_where(self, mask: Truth, a: Four, b: Four) -> Four {
        unsafe {
            let b = each!(vreinterpretq_u64_f64, b);
            let b = each!(vandq_u64, mask, b);
            let b = each!(vreinterpretq_f64_u64, b);
            each!(vaddq_f64, a, b)
        }
    }

    #[inline(always)]
    fn byte_distances(self, x: &[[u64; LANES]], lane: usize, y: &[[u64; LANES]]) -> Four {
        unsafe {
            let mut counts = [vdupq_n_u64(0); 4];
            let mut k = 0;
            while k < x.len() {
                let x = [vdupq_n_u64(x[k][lane]); 4];
                let y = load_words(&y[k]);
                counts = each!(add_distances, counts, x, y);
                k += 1;
            }
            each!(vcvtq_f64_u64, counts)
        }
    }

    #[inline(always)]
    fn containing(self, words: &[u64; LANES], bit: u32) -> u64 {
        unsafe {
            let words = load_words(words);
            let bit = [vdupq_n_u64(1 << bit); 4];
            self.bits(each!(vtstq_u64, words, bit))
        }
    }
}

/// counts + Σ |x − y| over the bytes of each word.
#[inline(always)]
unsafe fn add_distances(counts: uint64x2_t, x: uint64x2_t, y: uint64x2_t) -> uint64x2_t {
    unsafe {
        let bytes = vabdq_u8(vreinterpretq_u8_u64(x), vreinterpretq_u8_u64(y));
        vpadalq_u32(counts, vpaddlq_u16(vpaddlq_u8(bytes)))
    }
}

/// The lanes that are true in one of the quarters.
#[inline(always)]
unsafe fn union(mask: Truth) -> uint64x2_t {
    unsafe { vorrq_u64(vorrq_u64(mask[0], mask[1]), vorrq_u64(mask[2], mask[3])) }
}

#[inline(always)]
unsafe fn load_pair(pair: &[f64; 2]) -> float64x2_t {
    unsafe { vld1q_f64(pair.as_ptr()) }
}

#[inline(always)]
unsafe fn load_word_pair(pair: &[u64; 2]) -> uint64x2_t {
    unsafe { vld1q_u64(pair.as_ptr()) }
}

#[inline(always)]
unsafe fn load_words(words: &[u64; LANES]) -> Truth {
    let pairs = quarters(words);
    unsafe { each!(load_word_pair, pairs) }
}

#[inline(always)]
fn quarters<T>(values: &[T; LANES]) -> [&[T; 2]; 4] {
    let pairs = values.as_chunks().0;
    [&pairs[0], &pairs[1], &pairs[2], &pairs[3]]
}
