//! AVX2: a vector is two registers, a mask has all bits of its lanes.

#![expect(
    unsafe_code,
    reason = "intrinsics: a solve takes 0.5 to 0.6 of the time of plain Rust (scripts/bench-otmann.sh)"
)]

use std::arch::x86_64::*;

use super::simd::intrinsics;
use super::{Kernel, LANES, Simd};

/// Proof that this machine has AVX2.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Avx2(());

impl Avx2 {
    pub(crate) fn new() -> Option<Self> {
        let bits = is_x86_feature_detected!("bmi1")
            && is_x86_feature_detected!("bmi2")
            && is_x86_feature_detected!("lzcnt")
            && is_x86_feature_detected!("popcnt");
        (bits && is_x86_feature_detected!("avx2")).then_some(Self(()))
    }
}

/// The lower four lanes, and the upper.
type Pair = [__m256d; 2];
type Words = [__m256i; 2];

/// Each lane's bit.
const OWN: [u64; LANES] = [1, 2, 4, 8, 16, 32, 64, 128];

// SAFETY, for all of this module: instructions are available, because a value of `Avx2` exists
// only where they are; loads and stores go to four elements of an array.

/// An intrinsic on the halves of vectors.
macro_rules! both {
    ($intrinsic:expr, $($vector:ident),+) => {
        unsafe { [$intrinsic($($vector[0]),+), $intrinsic($($vector[1]),+)] }
    };
}

impl Simd for Avx2 {
    type Doubles = Pair;
    type Mask = Pair;

    const CHEAP_MASKS: bool = true;

    #[inline(always)]
    fn enter<K: Kernel>(self, kernel: K) -> K::Output {
        #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
        fn inside<K: Kernel>(simd: Avx2, kernel: K) -> K::Output {
            kernel.run(simd)
        }
        unsafe { inside(self, kernel) }
    }

    #[inline(always)]
    fn load(self, values: &[f64; LANES]) -> Pair {
        let halves = [values[..4].as_ptr(), values[4..].as_ptr()];
        both!(_mm256_loadu_pd, halves)
    }

    #[inline(always)]
    fn store(self, values: &mut [f64; LANES], vector: Pair) {
        let (low, high) = values.split_at_mut(4);
        let halves = [low.as_mut_ptr(), high.as_mut_ptr()];
        let [(), ()] = both!(_mm256_storeu_pd, halves, vector);
    }

    #[inline(always)]
    fn splat(self, value: f64) -> Pair {
        [unsafe { _mm256_set1_pd(value) }; 2]
    }

    intrinsics! { both:
        add(a, b) -> Doubles = _mm256_add_pd;
        sub(a, b) -> Doubles = _mm256_sub_pd;
        mul(a, b) -> Doubles = _mm256_mul_pd;
        max(a, b) -> Doubles = _mm256_max_pd;
        greater(a, b) -> Mask = _mm256_cmp_pd::<_CMP_GT_OQ>;
        equal(a, b) -> Mask = _mm256_cmp_pd::<_CMP_EQ_OQ>;
    }

    #[inline(always)]
    fn abs(self, a: Pair) -> Pair {
        let sign = self.splat(-0.0);
        both!(_mm256_andnot_pd, sign, a)
    }

    #[inline(always)]
    fn largest_lane(self, a: Pair) -> f64 {
        unsafe {
            let top = _mm256_max_pd(a[0], a[1]);
            let top = _mm256_max_pd(top, _mm256_permute2f128_pd::<1>(top, top));
            _mm256_cvtsd_f64(_mm256_max_pd(top, _mm256_permute_pd::<0b0101>(top)))
        }
    }

    #[inline(always)]
    fn any(self, mask: Pair) -> bool {
        unsafe { _mm256_movemask_pd(_mm256_or_pd(mask[0], mask[1])) != 0 }
    }

    #[inline(always)]
    fn bits(self, mask: Pair) -> u64 {
        unsafe { (_mm256_movemask_pd(mask[0]) | _mm256_movemask_pd(mask[1]) << 4) as u64 }
    }

    #[inline(always)]
    fn mask(self, bits: u64) -> Pair {
        let (bits, own) = (splat_word(bits), load_words(&OWN));
        let bits = both!(_mm256_and_si256, bits, own);
        let mask = both!(_mm256_cmpeq_epi64, bits, own);
        both!(_mm256_castsi256_pd, mask)
    }

    #[inline(always)]
    fn select(self, mask: Pair, yes: Pair, no: Pair) -> Pair {
        both!(_mm256_blendv_pd, no, yes, mask)
    }

    #[inline(always)]
    fn add_where(self, mask: Pair, a: Pair, b: Pair) -> Pair {
        self.add(a, both!(_mm256_and_pd, mask, b))
    }

    #[inline(always)]
    fn byte_distances(self, x: &[[u64; LANES]], lane: usize, y: &[[u64; LANES]]) -> Pair {
        let mut counts = splat_word(0);
        let mut k = 0;
        while k < x.len() {
            let (x, y) = (splat_word(x[k][lane]), load_words(&y[k]));
            let distances = both!(_mm256_sad_epu8, x, y);
            counts = both!(_mm256_add_epi64, counts, distances);
            k += 1;
        }
        // 2^52: a count in the low bits of its mantissa makes the double 2^52 + count.
        let bias = self.splat(4_503_599_627_370_496.0);
        let counts = both!(_mm256_castsi256_pd, counts);
        let biased = both!(_mm256_or_pd, counts, bias);
        self.sub(biased, bias)
    }

    #[inline(always)]
    fn containing(self, words: &[u64; LANES], bit: u32) -> u64 {
        // The wanted bit becomes the sign, which is all that `bits` looks at.
        let by = [unsafe { _mm_cvtsi32_si128(63 - bit as i32) }; 2];
        let words = load_words(words);
        let signs = both!(_mm256_sll_epi64, words, by);
        self.bits(both!(_mm256_castsi256_pd, signs))
    }
}

#[inline(always)]
fn load_words(words: &[u64; LANES]) -> Words {
    let halves = [words[..4].as_ptr().cast(), words[4..].as_ptr().cast()];
    both!(_mm256_loadu_si256, halves)
}

#[inline(always)]
fn splat_word(word: u64) -> Words {
    [unsafe { _mm256_set1_epi64x(word as i64) }; 2]
}
