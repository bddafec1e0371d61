//! AVX-512 (F, BW, DQ): eight doubles at a time.

#![expect(
    unsafe_code,
    reason = "intrinsics: a solve takes 0.4 to 0.6 of the time of plain Rust (scripts/bench-otmann.sh)"
)]

use std::arch::x86_64::*;
use std::ops::Range;

use super::{Features, Kernel, LANES, Lanes, NEVER, Terms, Tiles};

/// Proof that this machine has AVX-512 F, BW and DQ.
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

/// [`Lanes::structure`] for tiles of known heights: the columns' features stay in registers.
#[inline(always)]
fn structure<const N: usize, const M: usize>(
    (x_bytes, x_reals): Tiles<'_, N, M>,
    rows: Range<usize>,
    (y_bytes, y_reals): Tiles<'_, N, M>,
    first: usize,
    stride: usize,
    out: &mut [f64],
) {
    let out = out.as_chunks_mut::<LANES>().0;
    let width = stride / LANES;
    for chunk in 0..width {
        let (y_bytes, y_reals) = (
            &y_bytes[first / LANES + chunk],
            &y_reals[first / LANES + chunk],
        );
        let mut at = chunk;
        for row in rows.clone() {
            let (x_bytes, x_reals) = (&x_bytes[row / LANES], &x_reals[row / LANES]);
            unsafe {
                let mut counts = _mm512_setzero_si512();
                let mut k = 0;
                while k < N {
                    let x = _mm512_set1_epi64(x_bytes[k][row % LANES] as i64);
                    let y = _mm512_loadu_si512(y_bytes[k].as_ptr().cast());
                    counts = _mm512_add_epi64(counts, _mm512_sad_epu8(x, y));
                    k += 1;
                }
                let mut sums = _mm512_cvtepu64_pd(counts);
                let mut k = 0;
                while k < M {
                    let difference =
                        _mm512_sub_pd(splat(x_reals[k][row % LANES]), load(&y_reals[k]));
                    sums = _mm512_add_pd(sums, _mm512_abs_pd(difference));
                    k += 1;
                }
                store(&mut out[at], sums);
            }
            at += width;
        }
    }
}

/// [`Lanes::accumulate`] for `N` vectors, whose bits begin at `bit`.
#[inline(always)]
fn accumulate<const N: usize>(
    values: &mut [[f64; LANES]],
    bit: usize,
    sets: &[u64],
    terms: &[(usize, f64)],
) {
    let mut sums = [splat(0.0); N];
    for &(node, term) in terms {
        let bits = sets[node] >> bit;
        let mut k = 0;
        while k < N {
            let mask = (bits >> (LANES * k)) as u8;
            sums[k] = unsafe { _mm512_mask_add_pd(sums[k], mask, sums[k], splat(term)) };
            k += 1;
        }
    }
    let mut k = 0;
    while k < N {
        store(&mut values[k], sums[k]);
        k += 1;
    }
}

impl Lanes for Avx512 {
    #[inline(always)]
    fn enter<K: Kernel>(self, kernel: K) -> K::Output {
        #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,bmi1,bmi2,lzcnt,popcnt")]
        fn inside<K: Kernel>(lanes: Avx512, kernel: K) -> K::Output {
            kernel.run(lanes)
        }
        unsafe { inside(self, kernel) }
    }

    #[inline(always)]
    fn structure(
        self,
        a: Features<'_>,
        rows: Range<usize>,
        b: Features<'_>,
        first: usize,
        stride: usize,
        out: &mut [f64],
    ) {
        match a.heights {
            // The paper's features: of convolutional networks, of others.
            (2, 8) => structure::<2, 8>(a.tiles(), rows, b.tiles(), first, stride, out),
            (2, 6) => structure::<2, 6>(a.tiles(), rows, b.tiles(), first, stride, out),
            _ => super::Portable.structure(a, rows, b, first, stride, out),
        }
    }

    #[inline(always)]
    fn savings(self, terms: Terms, mismatch: &[f64], structure: &[f64], out: &mut [f64]) {
        let out = out.as_chunks_mut::<LANES>().0;
        let mismatch = &mismatch.as_chunks::<LANES>().0[..out.len()];
        let structure = &structure.as_chunks::<LANES>().0[..out.len()];
        let mut k = 0;
        while k < out.len() {
            unsafe {
                let scaled = _mm512_mul_pd(splat(terms.slope), load(&structure[k]));
                let saving = _mm512_sub_pd(splat(terms.ceiling), scaled);
                let saving = _mm512_sub_pd(saving, load(&mismatch[k]));
                let grid = splat(terms.grid);
                let saving = _mm512_sub_pd(_mm512_add_pd(saving, grid), grid);
                let positive = _mm512_cmp_pd_mask::<_CMP_GT_OQ>(saving, _mm512_setzero_pd());
                store(
                    &mut out[k],
                    _mm512_mask_blend_pd(positive, splat(NEVER), saving),
                );
            }
            k += 1;
        }
    }

    #[inline(always)]
    fn best(self, saving: &[f64], potential: &[f64], above: f64) -> Option<(usize, f64)> {
        let saving = saving.as_chunks::<LANES>().0;
        let potential = &potential.as_chunks::<LANES>().0[..saving.len()];
        let sum = |k: usize| unsafe { _mm512_add_pd(load(&saving[k]), load(&potential[k])) };
        argmax(saving.len(), sum, above)
    }

    #[inline(always)]
    fn best_of_rows(
        self,
        saving: &[f64],
        columns: &[f64],
        rows: &[f64],
    ) -> Option<(usize, usize, f64)> {
        let columns = columns.as_chunks::<LANES>().0;
        let saving = &saving.as_chunks::<LANES>().0[..rows.len() * columns.len()];
        unsafe {
            let mut top = _mm512_setzero_pd();
            let mut at = _mm512_setzero_si512();
            let mut row = 0;
            let mut start = 0;
            while row < rows.len() {
                let mut best = _mm512_add_pd(load(&saving[start]), load(&columns[0]));
                let mut k = 1;
                while k < columns.len() {
                    best = _mm512_max_pd(
                        best,
                        _mm512_add_pd(load(&saving[start + k]), load(&columns[k])),
                    );
                    k += 1;
                }
                let gain = _mm512_sub_pd(best, splat(rows[row]));
                let better = _mm512_cmp_pd_mask::<_CMP_GT_OQ>(gain, top);
                top = _mm512_mask_mov_pd(top, better, gain);
                at = _mm512_mask_mov_epi64(at, better, _mm512_set1_epi64(row as i64));
                row += 1;
                start += columns.len();
            }
            if _mm512_cmp_pd_mask::<_CMP_GT_OQ>(top, _mm512_setzero_pd()) == 0 {
                return None;
            }
            let gain = _mm512_reduce_max_pd(top);
            let ties = _mm512_cmp_pd_mask::<_CMP_EQ_OQ>(top, splat(gain));
            let row = _mm512_mask_reduce_min_epu64(ties, at) as usize;
            let target = splat(gain + rows[row]);
            let mut k = 0;
            while k < columns.len() {
                let sum = _mm512_add_pd(load(&saving[row * columns.len() + k]), load(&columns[k]));
                let hits = _mm512_cmp_pd_mask::<_CMP_GE_OQ>(sum, target);
                if hits != 0 {
                    return Some((row, k * LANES + hits.trailing_zeros() as usize, gain));
                }
                k += 1;
            }
            None
        }
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
    fn containing<const W: usize>(self, words: &[u64], bit: u32) -> [u64; W] {
        let words = words.as_chunks::<LANES>().0;
        let mut out = [0; W];
        unsafe {
            let bit = _mm512_set1_epi64(1 << bit);
            let mut k = 0;
            while k < words.len() {
                let word = _mm512_loadu_si512(words[k].as_ptr().cast());
                out[k / 8] |= u64::from(_mm512_test_epi64_mask(word, bit)) << (LANES * (k % 8));
                k += 1;
            }
        }
        out
    }

    #[inline(always)]
    fn accumulate(self, values: &mut [f64], sets: &[u64], terms: &[(usize, f64)]) {
        let nodes = values.len();
        // Four sums at a time: an addition waits for the one before it in the same sum only.
        for (word, values) in values.chunks_mut(64).enumerate() {
            let sets = &sets[word * nodes..][..nodes];
            let values = values.as_chunks_mut::<LANES>().0;
            let count = values.len();
            let mut k = 0;
            while k + 4 <= count {
                accumulate::<4>(&mut values[k..k + 4], LANES * k, sets, terms);
                k += 4;
            }
            while k < count {
                accumulate::<1>(&mut values[k..=k], LANES * k, sets, terms);
                k += 1;
            }
        }
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
