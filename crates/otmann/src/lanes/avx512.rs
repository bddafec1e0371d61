//! AVX-512 (F, BW and DQ, with VL): eight doubles at a time.

#![expect(
    unsafe_code,
    reason = "intrinsics: a solve takes 0.4 to 0.6 of the time of plain Rust (scripts/bench-otmann.sh)"
)]

use std::arch::x86_64::*;

use super::avx2::Avx2;
use super::{Kernel, Vector};

/// Doubles in one vector.
const EIGHT: usize = 8;

/// Proof that this machine has AVX-512 F, BW, DQ and VL.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Avx512(());

impl Avx512 {
    pub(crate) fn new() -> Option<Self> {
        (Avx2::new().is_some()
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512dq"))
        .then_some(Self(()))
    }
}

// SAFETY, for all of this module: instructions are available, because a value of `Avx512` exists
// only where they are; loads and stores go through references to eight elements.
impl Vector for Avx512 {
    const WIDTH: usize = EIGHT;
    type Chunk = [f64; EIGHT];
    type Words = [u64; EIGHT];
    type Doubles = __m512d;
    type Counts = __m512i;
    type Mask = __mmask8;

    #[inline(always)]
    fn enter<K: Kernel>(self, kernel: K) -> K::Output {
        #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,bmi1,bmi2,lzcnt,popcnt")]
        fn inside<K: Kernel>(lanes: Avx512, kernel: K) -> K::Output {
            kernel.run(lanes)
        }
        unsafe { inside(self, kernel) }
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
    fn load(self, chunk: &Self::Chunk) -> __m512d {
        unsafe { _mm512_loadu_pd(chunk.as_ptr()) }
    }

    #[inline(always)]
    fn store(self, chunk: &mut Self::Chunk, vector: __m512d) {
        unsafe { _mm512_storeu_pd(chunk.as_mut_ptr(), vector) }
    }

    #[inline(always)]
    fn splat(self, value: f64) -> __m512d {
        unsafe { _mm512_set1_pd(value) }
    }

    #[inline(always)]
    fn add(self, a: __m512d, b: __m512d) -> __m512d {
        unsafe { _mm512_add_pd(a, b) }
    }

    #[inline(always)]
    fn sub(self, a: __m512d, b: __m512d) -> __m512d {
        unsafe { _mm512_sub_pd(a, b) }
    }

    #[inline(always)]
    fn mul(self, a: __m512d, b: __m512d) -> __m512d {
        unsafe { _mm512_mul_pd(a, b) }
    }

    #[inline(always)]
    fn max(self, a: __m512d, b: __m512d) -> __m512d {
        unsafe { _mm512_max_pd(a, b) }
    }

    #[inline(always)]
    fn abs(self, a: __m512d) -> __m512d {
        unsafe { _mm512_abs_pd(a) }
    }

    #[inline(always)]
    fn largest_of(self, a: __m512d) -> f64 {
        unsafe { _mm512_reduce_max_pd(a) }
    }

    #[inline(always)]
    fn smallest_of(self, a: __m512d) -> f64 {
        unsafe { _mm512_reduce_min_pd(a) }
    }

    #[inline(always)]
    fn greater(self, a: __m512d, b: __m512d) -> __mmask8 {
        unsafe { _mm512_cmp_pd_mask::<_CMP_GT_OQ>(a, b) }
    }

    #[inline(always)]
    fn at_least(self, a: __m512d, b: __m512d) -> __mmask8 {
        unsafe { _mm512_cmp_pd_mask::<_CMP_GE_OQ>(a, b) }
    }

    #[inline(always)]
    fn equal(self, a: __m512d, b: __m512d) -> __mmask8 {
        unsafe { _mm512_cmp_pd_mask::<_CMP_EQ_OQ>(a, b) }
    }

    #[inline(always)]
    fn bits(self, mask: __mmask8) -> u64 {
        u64::from(mask)
    }

    #[inline(always)]
    fn select(self, mask: __mmask8, yes: __m512d, no: __m512d) -> __m512d {
        unsafe { _mm512_mask_blend_pd(mask, no, yes) }
    }

    #[inline(always)]
    fn add_where(self, bits: u64, to: __m512d, by: __m512d) -> __m512d {
        unsafe { _mm512_mask_add_pd(to, bits as u8, to, by) }
    }

    #[inline(always)]
    fn with_bit(self, words: &Self::Words, bit: u32) -> u64 {
        let mask = unsafe {
            let words = _mm512_loadu_si512(words.as_ptr().cast());
            _mm512_test_epi64_mask(words, _mm512_set1_epi64(1 << bit))
        };
        u64::from(mask)
    }

    #[inline(always)]
    fn no_counts(self) -> __m512i {
        unsafe { _mm512_setzero_si512() }
    }

    #[inline(always)]
    fn add_byte_distances(self, to: __m512i, x: u64, y: &Self::Words) -> __m512i {
        unsafe {
            let y = _mm512_loadu_si512(y.as_ptr().cast());
            _mm512_add_epi64(to, _mm512_sad_epu8(_mm512_set1_epi64(x as i64), y))
        }
    }

    #[inline(always)]
    fn doubles(self, counts: __m512i) -> __m512d {
        unsafe { _mm512_cvtepu64_pd(counts) }
    }
}
