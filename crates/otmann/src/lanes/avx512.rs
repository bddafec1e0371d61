//! AVX-512 (F, BW, DQ): eight doubles at a time.

#![expect(
    unsafe_code,
    reason = "vector instructions: TODO"
)]

use std::arch::x86_64::*;

use super::{Features, LANES, Lanes, NEVER, Terms};

/// Proof that this machine has AVX-512 F, BW and DQ.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Avx512(());

impl Avx512 {
    pub(crate) fn new() -> Option<Self> {
        (is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512dq"))
        .then_some(Self(()))
    }
}

// SAFETY, for all of this module: instructions are available, because a value of `Avx512` exists
// only where they are; loads and stores go through references to eight elements.

#[inline(always)]
fn load(values: &[f64; LANES]) -> __m512d {
    unsafe { _mm512_loadu_pd(values.as_ptr()) }
}

#[inline(always)]
fn store(values: &mut [f64; LANES], vector: __m512d) {
    unsafe { _mm512_storeu_pd(values.as_mut_ptr(), vector) }
}

#[inline(always)]
fn splat(value: f64) -> __m512d {
    unsafe { _mm512_set1_pd(value) }
}

/// The first lane with the largest of `count` vectors, if that exceeds `above`.
#[inline(always)]
fn argmax(count: usize, vector: impl Fn(usize) -> __m512d, above: f64) -> Option<(usize, f64)> {
    unsafe {
        let mut top = splat(f64::NEG_INFINITY);
        let mut k = 0;
        while k < count {
            top = _mm512_max_pd(top, vector(k));
            k += 1;
        }
        if _mm512_cmp_pd_mask::<_CMP_GT_OQ>(top, splat(above)) == 0 {
            return None;
        }
        let best = _mm512_reduce_max_pd(top);
        let mut k = 0;
        while k < count {
            let hits = _mm512_cmp_pd_mask::<_CMP_EQ_OQ>(vector(k), splat(best));
            if hits != 0 {
                return Some((k * LANES + hits.trailing_zeros() as usize, best));
            }
            k += 1;
        }
        None
    }
}

impl Lanes for Avx512 {
    #[inline(always)]
    fn structure(self, a: Features<'_>, row: usize, b: Features<'_>, first: usize, out: &mut [f64]) {
        let out = out.as_chunks_mut::<LANES>().0;
        let words = a.bytes.len() / a.stride;
        let reals = a.reals.len() / a.stride;
        let mut chunk = 0;
        while chunk < out.len() {
            let column = first + chunk * LANES;
            unsafe {
                let mut counts = _mm512_setzero_si512();
                let mut word = 0;
                while word < words {
                    let x = _mm512_set1_epi64(a.bytes[word * a.stride + row] as i64);
                    let y = &b.bytes[word * b.stride + column..][..LANES];
                    let y = _mm512_loadu_si512(y.as_ptr().cast());
                    counts = _mm512_add_epi64(counts, _mm512_sad_epu8(x, y));
                    word += 1;
                }
                let mut sums = _mm512_cvtepu64_pd(counts);
                let mut real = 0;
                while real < reals {
                    let x = splat(a.reals[real * a.stride + row]);
                    let y = &b.reals[real * b.stride + column..][..LANES];
                    let difference = _mm512_sub_pd(x, _mm512_loadu_pd(y.as_ptr()));
                    sums = _mm512_add_pd(sums, _mm512_abs_pd(difference));
                    real += 1;
                }
                store(&mut out[chunk], sums);
            }
            chunk += 1;
        }
    }

    #[inline(always)]
    fn savings(self, terms: Terms, mismatch: &[f64], structure: &[f64], out: &mut [f64]) -> bool {
        let out = out.as_chunks_mut::<LANES>().0;
        let mismatch = &mismatch.as_chunks::<LANES>().0[..out.len()];
        let structure = &structure.as_chunks::<LANES>().0[..out.len()];
        let mut useful = 0;
        let mut k = 0;
        while k < out.len() {
            unsafe {
                let scaled = _mm512_mul_pd(splat(terms.slope), load(&structure[k]));
                let saving = _mm512_sub_pd(splat(terms.ceiling), scaled);
                let saving = _mm512_sub_pd(saving, load(&mismatch[k]));
                let grid = splat(terms.grid);
                let saving = _mm512_sub_pd(_mm512_add_pd(saving, grid), grid);
                let positive = _mm512_cmp_pd_mask::<_CMP_GT_OQ>(saving, _mm512_setzero_pd());
                store(&mut out[k], _mm512_mask_blend_pd(positive, splat(NEVER), saving));
                useful |= positive;
            }
            k += 1;
        }
        useful != 0
    }

    #[inline(always)]
    fn best(self, saving: &[f64], potential: &[f64], above: f64) -> Option<(usize, f64)> {
        let saving = saving.as_chunks::<LANES>().0;
        let potential = &potential.as_chunks::<LANES>().0[..saving.len()];
        let sum = |k: usize| unsafe { _mm512_add_pd(load(&saving[k]), load(&potential[k])) };
        argmax(saving.len(), sum, above)
    }

    #[inline(always)]
    fn largest(self, values: &[f64], above: f64) -> Option<(usize, f64)> {
        let values = values.as_chunks::<LANES>().0;
        argmax(values.len(), |k| load(&values[k]), above)
    }

    #[inline(always)]
    fn smallest(self, values: &[f64], below: f64) -> Option<(usize, f64)> {
        let values = values.as_chunks::<LANES>().0;
        let negated = |k: usize| unsafe { _mm512_sub_pd(_mm512_setzero_pd(), load(&values[k])) };
        argmax(values.len(), negated, -below).map(|(at, value)| (at, -value))
    }

    #[inline(always)]
    fn shift(self, values: &mut [f64], set: &[u64], by: f64) {
        let by = splat(by);
        let values = values.as_chunks_mut::<LANES>().0;
        let mut k = 0;
        while k < values.len() {
            let mask = (set[k / 8] >> (LANES * (k % 8))) as u8;
            unsafe {
                let old = load(&values[k]);
                store(&mut values[k], _mm512_mask_add_pd(old, mask, old, by));
            }
            k += 1;
        }
    }
}
