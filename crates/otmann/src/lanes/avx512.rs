//! AVX-512 (F, VL, BW, DQ): a vector is one register, a mask a byte.

#![expect(
    unsafe_code,
    reason = "intrinsics: a solve takes 0.4 to 0.6 of the time of plain Rust (scripts/bench-otmann.sh)"
)]

use std::arch::x86_64::*;

use super::simd::intrinsics;
use super::{Kernel, LANES, Simd};

/// Proof that this machine has AVX-512 F, VL, BW and DQ.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Avx512(());

impl Avx512 {
    pub(crate) fn new() -> Option<Self> {
        (super::avx2::Avx2::new().is_some()
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512dq"))
        .then_some(Self(()))
    }
}

// SAFETY, for all of this module: instructions are available, because a value of `Avx512` exists
// only where they are; loads and stores go to the eight elements of an array.

/// An intrinsic on the one register of vectors.
macro_rules! one {
    ($intrinsic:expr, $($vector:ident),+) => { unsafe { $intrinsic($($vector),+) } };
}

impl Simd for Avx512 {
    type Doubles = __m512d;
    type Mask = __mmask8;

    const CHEAP_MASKS: bool = true;

    #[inline(always)]
    fn enter<K: Kernel>(self, kernel: K) -> K::Output {
        #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,bmi1,bmi2,lzcnt,popcnt")]
        fn inside<K: Kernel>(simd: Avx512, kernel: K) -> K::Output {
            kernel.run(simd)
        }
        unsafe { inside(self, kernel) }
    }

    #[inline(always)]
    fn load(self, values: &[f64; LANES]) -> __m512d {
        unsafe { _mm512_loadu_pd(values.as_ptr()) }
    }

    #[inline(always)]
    fn store(self, values: &mut [f64; LANES], vector: __m512d) {
        unsafe { _mm512_storeu_pd(values.as_mut_ptr(), vector) }
    }

    #[inline(always)]
    fn splat(self, value: f64) -> __m512d {
        unsafe { _mm512_set1_pd(value) }
    }

    intrinsics! { one:
        add(a, b) -> Doubles = _mm512_add_pd;
        sub(a, b) -> Doubles = _mm512_sub_pd;
        mul(a, b) -> Doubles = _mm512_mul_pd;
        max(a, b) -> Doubles = _mm512_max_pd;
        abs(a) -> Doubles = _mm512_abs_pd;
        greater(a, b) -> Mask = _mm512_cmp_pd_mask::<_CMP_GT_OQ>;
        equal(a, b) -> Mask = _mm512_cmp_pd_mask::<_CMP_EQ_OQ>;
    }

    #[inline(always)]
    fn largest_lane(self, a: __m512d) -> f64 {
        unsafe { _mm512_reduce_max_pd(a) }
    }

    #[inline(always)]
    fn any(self, mask: __mmask8) -> bool {
        mask != 0
    }

    #[inline(always)]
    fn bits(self, mask: __mmask8) -> u64 {
        mask.into()
    }

    #[inline(always)]
    fn mask(self, bits: u64) -> __mmask8 {
        bits as u8
    }

    #[inline(always)]
    fn select(self, mask: __mmask8, yes: __m512d, no: __m512d) -> __m512d {
        unsafe { _mm512_mask_blend_pd(mask, no, yes) }
    }

    #[inline(always)]
    fn add_where(self, mask: __mmask8, a: __m512d, b: __m512d) -> __m512d {
        unsafe { _mm512_mask_add_pd(a, mask, a, b) }
    }

    #[inline(always)]
    fn byte_distances(self, x: &[[u64; LANES]], lane: usize, y: &[[u64; LANES]]) -> __m512d {
        unsafe {
            let mut counts = _mm512_setzero_si512();
            let mut k = 0;
            while k < x.len() {
                let x = _mm512_set1_epi64(x[k][lane] as i64);
                let y = _mm512_loadu_si512(y[k].as_ptr().cast());
                counts = _mm512_add_epi64(counts, _mm512_sad_epu8(x, y));
                k += 1;
            }
            _mm512_cvtepu64_pd(counts)
        }
    }

    #[inline(always)]
    fn containing(self, words: &[u64; LANES], bit: u32) -> u64 {
        unsafe {
            let words = _mm512_loadu_si512(words.as_ptr().cast());
            _mm512_test_epi64_mask(words, _mm512_set1_epi64(1 << bit)).into()
        }
    }
}
