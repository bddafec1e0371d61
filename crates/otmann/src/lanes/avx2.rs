//! AVX2: four doubles at a time.

#![expect(
    unsafe_code,
    reason = "intrinsics: a solve takes 0.5 to 0.6 of the time of plain Rust (scripts/bench-otmann.sh)"
)]

use std::arch::x86_64::*;

use super::{Kernel, Vector};

/// Doubles in one vector.
const FOUR: usize = 4;

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

// SAFETY, for all of this module: instructions are available, because a value of `Avx2` exists
// only where they are; loads and stores go through references to four elements.
impl Vector for Avx2 {
    const WIDTH: usize = FOUR;
    type Chunk = [f64; FOUR];
    type Words = [u64; FOUR];
    type Doubles = __m256d;
    type Counts = __m256i;
    type Mask = __m256d;

    #[inline(always)]
    fn enter<K: Kernel>(self, kernel: K) -> K::Output {
        #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
        fn inside<K: Kernel>(lanes: Avx2, kernel: K) -> K::Output {
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
    fn load(self, chunk: &Self::Chunk) -> __m256d {
        unsafe { _mm256_loadu_pd(chunk.as_ptr()) }
    }

    #[inline(always)]
    fn store(self, chunk: &mut Self::Chunk, vector: __m256d) {
        unsafe { _mm256_storeu_pd(chunk.as_mut_ptr(), vector) }
    }

    #[inline(always)]
    fn splat(self, value: f64) -> __m256d {
        unsafe { _mm256_set1_pd(value) }
    }

    #[inline(always)]
    fn add(self, a: __m256d, b: __m256d) -> __m256d {
        unsafe { _mm256_add_pd(a, b) }
    }

    #[inline(always)]
    fn sub(self, a: __m256d, b: __m256d) -> __m256d {
        unsafe { _mm256_sub_pd(a, b) }
    }

    #[inline(always)]
    fn mul(self, a: __m256d, b: __m256d) -> __m256d {
        unsafe { _mm256_mul_pd(a, b) }
    }

    #[inline(always)]
    fn max(self, a: __m256d, b: __m256d) -> __m256d {
        unsafe { _mm256_max_pd(a, b) }
    }

    #[inline(always)]
    fn abs(self, a: __m256d) -> __m256d {
        unsafe { _mm256_andnot_pd(_mm256_set1_pd(-0.0), a) }
    }

    #[inline(always)]
    fn largest_of(self, a: __m256d) -> f64 {
        unsafe {
            let a = _mm256_max_pd(a, _mm256_permute2f128_pd::<1>(a, a));
            _mm256_cvtsd_f64(_mm256_max_pd(a, _mm256_permute_pd::<0b0101>(a)))
        }
    }

    #[inline(always)]
    fn smallest_of(self, a: __m256d) -> f64 {
        unsafe {
            let a = _mm256_min_pd(a, _mm256_permute2f128_pd::<1>(a, a));
            _mm256_cvtsd_f64(_mm256_min_pd(a, _mm256_permute_pd::<0b0101>(a)))
        }
    }

    #[inline(always)]
    fn greater(self, a: __m256d, b: __m256d) -> __m256d {
        unsafe { _mm256_cmp_pd::<_CMP_GT_OQ>(a, b) }
    }

    #[inline(always)]
    fn at_least(self, a: __m256d, b: __m256d) -> __m256d {
        unsafe { _mm256_cmp_pd::<_CMP_GE_OQ>(a, b) }
    }

    #[inline(always)]
    fn equal(self, a: __m256d, b: __m256d) -> __m256d {
        unsafe { _mm256_cmp_pd::<_CMP_EQ_OQ>(a, b) }
    }

    #[inline(always)]
    fn bits(self, mask: __m256d) -> u64 {
        unsafe { _mm256_movemask_pd(mask) as u64 }
    }

    #[inline(always)]
    fn select(self, mask: __m256d, yes: __m256d, no: __m256d) -> __m256d {
        unsafe { _mm256_blendv_pd(no, yes, mask) }
    }

    #[inline(always)]
    fn add_where(self, bits: u64, to: __m256d, by: __m256d) -> __m256d {
        unsafe {
            let own = _mm256_set_epi64x(8, 4, 2, 1);
            let bits = _mm256_and_si256(_mm256_set1_epi64x(bits as i64), own);
            let mask = _mm256_castsi256_pd(_mm256_cmpeq_epi64(bits, own));
            _mm256_add_pd(to, _mm256_and_pd(by, mask))
        }
    }

    #[inline(always)]
    fn with_bit(self, words: &Self::Words, bit: u32) -> u64 {
        unsafe {
            // The wanted bit becomes the sign.
            let by = _mm_cvtsi32_si128(63 - bit as i32);
            let words = _mm256_loadu_si256(words.as_ptr().cast());
            let signs = _mm256_castsi256_pd(_mm256_sll_epi64(words, by));
            _mm256_movemask_pd(signs) as u64
        }
    }

    #[inline(always)]
    fn no_counts(self) -> __m256i {
        unsafe { _mm256_setzero_si256() }
    }

    #[inline(always)]
    fn add_byte_distances(self, to: __m256i, x: u64, y: &Self::Words) -> __m256i {
        unsafe {
            let y = _mm256_loadu_si256(y.as_ptr().cast());
            _mm256_add_epi64(to, _mm256_sad_epu8(_mm256_set1_epi64x(x as i64), y))
        }
    }

    #[inline(always)]
    fn doubles(self, counts: __m256i) -> __m256d {
        // 2^52: a count in the low bits of its mantissa makes the double 2^52 + count.
        const BIAS: f64 = 4_503_599_627_370_496.0;
        unsafe {
            let bias = _mm256_set1_pd(BIAS);
            let biased = _mm256_or_si256(counts, _mm256_castpd_si256(bias));
            _mm256_sub_pd(_mm256_castsi256_pd(biased), bias)
        }
    }
}
