//! NEON: two doubles at a time. Every aarch64 machine has it.

#![expect(unsafe_code, reason = "intrinsics")]

use std::arch::aarch64::*;

use super::{Kernel, Vector};

/// Doubles in one vector.
const TWO: usize = 2;

/// NEON, which needs no proof: it is part of aarch64.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Neon;

// SAFETY, for all of this module: instructions are available, because aarch64 has them; loads and
// stores go through references to two elements.
impl Vector for Neon {
    const WIDTH: usize = TWO;
    type Chunk = [f64; TWO];
    type Words = [u64; TWO];
    type Doubles = float64x2_t;
    type Counts = uint64x2_t;
    type Mask = uint64x2_t;

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
    fn load(self, chunk: &Self::Chunk) -> float64x2_t {
        unsafe { vld1q_f64(chunk.as_ptr()) }
    }

    #[inline(always)]
    fn store(self, chunk: &mut Self::Chunk, vector: float64x2_t) {
        unsafe { vst1q_f64(chunk.as_mut_ptr(), vector) }
    }

    #[inline(always)]
    fn splat(self, value: f64) -> float64x2_t {
        unsafe { vdupq_n_f64(value) }
    }

    #[inline(always)]
    fn add(self, a: float64x2_t, b: float64x2_t) -> float64x2_t {
        unsafe { vaddq_f64(a, b) }
    }

    #[inline(always)]
    fn sub(self, a: float64x2_t, b: float64x2_t) -> float64x2_t {
        unsafe { vsubq_f64(a, b) }
    }

    #[inline(always)]
    fn mul(self, a: float64x2_t, b: float64x2_t) -> float64x2_t {
        unsafe { vmulq_f64(a, b) }
    }

    #[inline(always)]
    fn max(self, a: float64x2_t, b: float64x2_t) -> float64x2_t {
        unsafe { vbslq_f64(vcgtq_f64(a, b), a, b) }
    }

    #[inline(always)]
    fn abs(self, a: float64x2_t) -> float64x2_t {
        unsafe { vabsq_f64(a) }
    }

    #[inline(always)]
    fn largest_of(self, a: float64x2_t) -> f64 {
        unsafe { vmaxvq_f64(a) }
    }

    #[inline(always)]
    fn smallest_of(self, a: float64x2_t) -> f64 {
        unsafe { vminvq_f64(a) }
    }

    #[inline(always)]
    fn greater(self, a: float64x2_t, b: float64x2_t) -> uint64x2_t {
        unsafe { vcgtq_f64(a, b) }
    }

    #[inline(always)]
    fn at_least(self, a: float64x2_t, b: float64x2_t) -> uint64x2_t {
        unsafe { vcgeq_f64(a, b) }
    }

    #[inline(always)]
    fn equal(self, a: float64x2_t, b: float64x2_t) -> uint64x2_t {
        unsafe { vceqq_f64(a, b) }
    }

    #[inline(always)]
    fn bits(self, mask: uint64x2_t) -> u64 {
        unsafe { (vgetq_lane_u64::<0>(mask) & 1) | (vgetq_lane_u64::<1>(mask) & 2) }
    }

    #[inline(always)]
    fn select(self, mask: uint64x2_t, yes: float64x2_t, no: float64x2_t) -> float64x2_t {
        unsafe { vbslq_f64(mask, yes, no) }
    }

    #[inline(always)]
    fn add_where(self, bits: u64, to: float64x2_t, by: float64x2_t) -> float64x2_t {
        unsafe {
            let own = vcombine_u64(vcreate_u64(1), vcreate_u64(2));
            let mask = vtstq_u64(vdupq_n_u64(bits), own);
            let by = vandq_u64(vreinterpretq_u64_f64(by), mask);
            vaddq_f64(to, vreinterpretq_f64_u64(by))
        }
    }

    #[inline(always)]
    fn with_bit(self, words: &Self::Words, bit: u32) -> u64 {
        unsafe {
            let words = vld1q_u64(words.as_ptr());
            self.bits(vtstq_u64(words, vdupq_n_u64(1 << bit)))
        }
    }

    #[inline(always)]
    fn no_counts(self) -> uint64x2_t {
        unsafe { vdupq_n_u64(0) }
    }

    #[inline(always)]
    fn add_byte_distances(self, to: uint64x2_t, x: u64, y: &Self::Words) -> uint64x2_t {
        unsafe {
            let y = vld1q_u64(y.as_ptr());
            let x = vreinterpretq_u8_u64(vdupq_n_u64(x));
            let distances = vabdq_u8(x, vreinterpretq_u8_u64(y));
            vaddq_u64(to, vpaddlq_u32(vpaddlq_u16(vpaddlq_u8(distances))))
        }
    }

    #[inline(always)]
    fn doubles(self, counts: uint64x2_t) -> float64x2_t {
        unsafe { vcvtq_f64_u64(counts) }
    }
}
