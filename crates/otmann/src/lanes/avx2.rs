//! AVX2: four doubles at a time.

#![expect(
    unsafe_code,
    reason = "intrinsics: a solve takes 0.5 to 0.6 of the time of plain Rust (scripts/bench-otmann.sh)"
)]

use std::arch::x86_64::*;
use std::ops::Range;

use super::{Features, Kernel, LANES, Lanes, NEVER, Terms, Tiles};

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

#[inline(always)]
fn load(values: &[f64; FOUR]) -> __m256d {
    unsafe { _mm256_loadu_pd(values.as_ptr()) }
}

#[inline(always)]
fn store(values: &mut [f64; FOUR], vector: __m256d) {
    unsafe { _mm256_storeu_pd(values.as_mut_ptr(), vector) }
}

#[inline(always)]
fn splat(value: f64) -> __m256d {
    unsafe { _mm256_set1_pd(value) }
}

/// All ones in the lanes whose bit is 1.
#[inline(always)]
fn lanes_of(bits: u64) -> __m256d {
    unsafe {
        let own = _mm256_set_epi64x(8, 4, 2, 1);
        let bits = _mm256_and_si256(_mm256_set1_epi64x(bits as i64), own);
        _mm256_castsi256_pd(_mm256_cmpeq_epi64(bits, own))
    }
}

/// The first lane with the largest of `count` vectors, if that exceeds `above`.
#[inline(always)]
fn argmax(count: usize, vector: impl Fn(usize) -> __m256d, above: f64) -> Option<(usize, f64)> {
    unsafe {
        let mut top = splat(f64::NEG_INFINITY);
        let mut k = 0;
        while k < count {
            top = _mm256_max_pd(top, vector(k));
            k += 1;
        }
        let exceeding = _mm256_cmp_pd::<_CMP_GT_OQ>(top, splat(above));
        if _mm256_movemask_pd(exceeding) == 0 {
            return None;
        }
        let top = _mm256_max_pd(top, _mm256_permute2f128_pd::<1>(top, top));
        let top = _mm256_max_pd(top, _mm256_permute_pd::<0b0101>(top));
        let mut k = 0;
        while k < count {
            let hits = _mm256_movemask_pd(_mm256_cmp_pd::<_CMP_EQ_OQ>(vector(k), top));
            if hits != 0 {
                let at = k * FOUR + hits.trailing_zeros() as usize;
                return Some((at, _mm256_cvtsd_f64(top)));
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
    // 2^52: a count in the low bits of its mantissa makes the double 2^52 + count.
    const BIAS: f64 = 4_503_599_627_370_496.0;
    let out = out.as_chunks_mut::<FOUR>().0;
    let width = stride / FOUR;
    for chunk in 0..width {
        let tile = first / LANES + chunk / 2;
        let half = chunk % 2;
        let (y_bytes, y_reals) = (&y_bytes[tile], &y_reals[tile]);
        let mut at = chunk;
        for row in rows.clone() {
            let (x_bytes, x_reals) = (&x_bytes[row / LANES], &x_reals[row / LANES]);
            unsafe {
                let mut counts = _mm256_setzero_si256();
                let mut k = 0;
                while k < N {
                    let x = _mm256_set1_epi64x(x_bytes[k][row % LANES] as i64);
                    let y = &y_bytes[k].as_chunks::<FOUR>().0[half];
                    let y = _mm256_loadu_si256(y.as_ptr().cast());
                    counts = _mm256_add_epi64(counts, _mm256_sad_epu8(x, y));
                    k += 1;
                }
                let biased = _mm256_or_si256(counts, _mm256_castpd_si256(splat(BIAS)));
                let mut sums = _mm256_sub_pd(_mm256_castsi256_pd(biased), splat(BIAS));
                let mut k = 0;
                while k < M {
                    let y = load(&y_reals[k].as_chunks::<FOUR>().0[half]);
                    let difference = _mm256_sub_pd(splat(x_reals[k][row % LANES]), y);
                    sums = _mm256_add_pd(sums, _mm256_andnot_pd(splat(-0.0), difference));
                    k += 1;
                }
                store(&mut out[at], sums);
            }
            at += width;
        }
    }
}

impl Lanes for Avx2 {
    #[inline(always)]
    fn enter<K: Kernel>(self, kernel: K) -> K::Output {
        #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
        fn inside<K: Kernel>(lanes: Avx2, kernel: K) -> K::Output {
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
        let out = out.as_chunks_mut::<FOUR>().0;
        let mismatch = &mismatch.as_chunks::<FOUR>().0[..out.len()];
        let structure = &structure.as_chunks::<FOUR>().0[..out.len()];
        let mut k = 0;
        while k < out.len() {
            unsafe {
                let scaled = _mm256_mul_pd(splat(terms.slope), load(&structure[k]));
                let saving = _mm256_sub_pd(splat(terms.ceiling), scaled);
                let saving = _mm256_sub_pd(saving, load(&mismatch[k]));
                let grid = splat(terms.grid);
                let saving = _mm256_sub_pd(_mm256_add_pd(saving, grid), grid);
                let positive = _mm256_cmp_pd::<_CMP_GT_OQ>(saving, _mm256_setzero_pd());
                store(
                    &mut out[k],
                    _mm256_blendv_pd(splat(NEVER), saving, positive),
                );
            }
            k += 1;
        }
    }

    #[inline(always)]
    fn best(self, saving: &[f64], potential: &[f64], above: f64) -> Option<(usize, f64)> {
        let saving = saving.as_chunks::<FOUR>().0;
        let potential = &potential.as_chunks::<FOUR>().0[..saving.len()];
        let sum = |k: usize| unsafe { _mm256_add_pd(load(&saving[k]), load(&potential[k])) };
        argmax(saving.len(), sum, above)
    }

    #[inline(always)]
    fn best_of_rows(
        self,
        saving: &[f64],
        columns: &[f64],
        rows: &[f64],
    ) -> Option<(usize, usize, f64)> {
        let columns = columns.as_chunks::<FOUR>().0;
        let saving = &saving.as_chunks::<FOUR>().0[..rows.len() * columns.len()];
        unsafe {
            let mut top = _mm256_setzero_pd();
            let mut at = _mm256_setzero_pd();
            let mut row = 0;
            let mut start = 0;
            while row < rows.len() {
                let mut best = _mm256_add_pd(load(&saving[start]), load(&columns[0]));
                let mut k = 1;
                while k < columns.len() {
                    best = _mm256_max_pd(
                        best,
                        _mm256_add_pd(load(&saving[start + k]), load(&columns[k])),
                    );
                    k += 1;
                }
                let gain = _mm256_sub_pd(best, splat(rows[row]));
                let better = _mm256_cmp_pd::<_CMP_GT_OQ>(gain, top);
                top = _mm256_blendv_pd(top, gain, better);
                at = _mm256_blendv_pd(at, splat(row as f64), better);
                row += 1;
                start += columns.len();
            }
            if _mm256_movemask_pd(_mm256_cmp_pd::<_CMP_GT_OQ>(top, _mm256_setzero_pd())) == 0 {
                return None;
            }
            let swapped = _mm256_max_pd(top, _mm256_permute2f128_pd::<1>(top, top));
            let best = _mm256_max_pd(swapped, _mm256_permute_pd::<0b0101>(swapped));
            let ties = _mm256_cmp_pd::<_CMP_EQ_OQ>(top, best);
            let ties = _mm256_blendv_pd(splat(f64::INFINITY), at, ties);
            let lower = _mm256_min_pd(ties, _mm256_permute2f128_pd::<1>(ties, ties));
            let lower = _mm256_min_pd(lower, _mm256_permute_pd::<0b0101>(lower));
            let row = _mm256_cvtsd_f64(lower) as usize;
            let gain = _mm256_cvtsd_f64(best);
            let target = splat(gain + rows[row]);
            let mut k = 0;
            while k < columns.len() {
                let sum = _mm256_add_pd(load(&saving[row * columns.len() + k]), load(&columns[k]));
                let hits = _mm256_movemask_pd(_mm256_cmp_pd::<_CMP_GE_OQ>(sum, target));
                if hits != 0 {
                    return Some((row, k * FOUR + hits.trailing_zeros() as usize, gain));
                }
                k += 1;
            }
            None
        }
    }

    #[inline(always)]
    fn largest(self, values: &[f64], above: f64) -> Option<(usize, f64)> {
        let values = values.as_chunks::<FOUR>().0;
        argmax(values.len(), |k| load(&values[k]), above)
    }

    #[inline(always)]
    fn smallest(self, values: &[f64], below: f64) -> Option<(usize, f64)> {
        let values = values.as_chunks::<FOUR>().0;
        let negated = |k: usize| unsafe { _mm256_sub_pd(_mm256_setzero_pd(), load(&values[k])) };
        argmax(values.len(), negated, -below).map(|(at, value)| (at, -value))
    }

    #[inline(always)]
    fn containing<const W: usize>(self, words: &[u64], bit: u32) -> [u64; W] {
        let words = words.as_chunks::<FOUR>().0;
        let mut out = [0; W];
        unsafe {
            // The wanted bit becomes the sign.
            let by = _mm_cvtsi32_si128(63 - bit as i32);
            let mut k = 0;
            while k < words.len() {
                let word = _mm256_loadu_si256(words[k].as_ptr().cast());
                let signs = _mm256_castsi256_pd(_mm256_sll_epi64(word, by));
                out[k / 16] |= (_mm256_movemask_pd(signs) as u64) << (FOUR * (k % 16));
                k += 1;
            }
        }
        out
    }

    #[inline(always)]
    fn accumulate(self, values: &mut [f64], sets: &[u64], terms: &[(usize, f64)]) {
        let nodes = values.len();
        let values = values.as_chunks_mut::<FOUR>().0;
        let mut k = 0;
        while k < values.len() {
            let sets = &sets[k / 16 * nodes..][..nodes];
            let mut sum = splat(0.0);
            for &(node, term) in terms {
                unsafe {
                    let term =
                        _mm256_and_pd(splat(term), lanes_of(sets[node] >> (FOUR * (k % 16))));
                    sum = _mm256_add_pd(sum, term);
                }
            }
            store(&mut values[k], sum);
            k += 1;
        }
    }

    #[inline(always)]
    fn shift(self, values: &mut [f64], set: &[u64], by: f64) {
        let by = splat(by);
        let values = values.as_chunks_mut::<FOUR>().0;
        let mut k = 0;
        while k < values.len() {
            unsafe {
                let by = _mm256_and_pd(by, lanes_of(set[k / 16] >> (FOUR * (k % 16))));
                let new = _mm256_add_pd(load(&values[k]), by);
                store(&mut values[k], new);
            }
            k += 1;
        }
    }
}
