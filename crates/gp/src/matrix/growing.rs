//! A triangular factor that grows by rows of the covariance, with room to spare.

use ndarray::{Array2, ArrayView2, s};

use super::{Upper, entries};

/// Rows beyond those in use that room is made for: an eighth, and at least this many.
const SPARE: usize = 32;

/// An upper triangular matrix `U` in the first n rows and columns of a larger square buffer, row-major, zeros below the
/// diagonal.
///
/// The room is a function of n alone, so that a factor which grew to a size is laid out like one that was made at that
/// size.
#[derive(Debug, Clone)]
pub(crate) struct Growing {
    len: usize,
    buffer: Array2<f64>,
}

impl Growing {
    pub(crate) fn new(upper: &Array2<f64>) -> Self {
        let len = upper.nrows();
        let mut buffer = Array2::zeros((room(len), room(len)));
        buffer.slice_mut(s![..len, ..len]).assign(upper);
        Self { len, buffer }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn view(&self) -> ArrayView2<'_, f64> {
        self.buffer.slice(s![..self.len, ..self.len])
    }

    pub(crate) fn diagonal(&self) -> impl Iterator<Item = f64> {
        self.view().into_diag().into_iter().copied()
    }

    /// Row i from its diagonal on.
    fn row(&self, i: usize) -> &[f64] {
        let begin = i * self.buffer.ncols();
        &entries(&self.buffer)[begin + i..begin + self.len]
    }

    /// The new rows of `L = Uᵀ` when the covariance grows by p rows: its entries with the n earlier points, (p, n), and
    /// among the new ones, (p, p), of which the lower triangle is read. `None` if the square of a pivot, one of the last p
    /// entries on the diagonal, is not at least `floor`.
    ///
    /// Row by row, forward substitution: `v ← c`, then for every k in turn `vₖ ← vₖ / Uₖₖ` and `v ← v − vₖ · (row k of U)`,
    /// and what is left of the diagonal entry is the square of the pivot. Every entry is computed by the same operations
    /// in the same order however the new points are divided into calls. O(p n² + p² n).
    pub(crate) fn new_rows(
        &self,
        cross: &Array2<f64>,
        among: &Array2<f64>,
        floor: f64,
    ) -> Option<Array2<f64>> {
        let (p, n) = cross.dim();
        let mut rows = Array2::zeros((p, n + p));
        for i in 0..p {
            let mut v: Vec<f64> = cross.row(i).iter().copied().collect();
            v.extend(among.slice(s![i, ..=i]));
            for k in 0..n {
                let upper = self.row(k);
                let x = v[k] / upper[0];
                v[k] = x;
                let rest = v[k + 1..n].iter_mut().zip(&upper[1..]);
                rest.for_each(|(v, u)| *v -= x * u);
                for (j, entry) in (0..i).zip(&mut v[n..]) {
                    *entry -= x * rows[(j, k)];
                }
                v[n + i] -= x * x;
            }
            for k in 0..i {
                let x = v[n + k] / rows[(k, n + k)];
                v[n + k] = x;
                for j in k + 1..i {
                    v[n + j] -= x * rows[(j, n + k)];
                }
                v[n + i] -= x * x;
            }
            let square = v[n + i];
            if square.is_nan() || square < floor || square <= 0.0 {
                return None;
            }
            v[n + i] = square.sqrt();
            rows.row_mut(i)
                .iter_mut()
                .zip(v)
                .for_each(|(row, v)| *row = v);
        }
        Some(rows)
    }

    /// Appends rows of `L` made by [`new_rows`](Self::new_rows): columns of `U`.
    pub(crate) fn append(&mut self, rows: &Array2<f64>) {
        let (n, total) = (self.len, self.len + rows.nrows());
        if room(total) != self.buffer.ncols() {
            let mut buffer = Array2::zeros((room(total), room(total)));
            buffer.slice_mut(s![..n, ..n]).assign(&self.view());
            self.buffer = buffer;
        }
        self.buffer
            .slice_mut(s![..total, n..total])
            .assign(&rows.t());
        self.len = total;
    }
}

impl<'a> From<&'a Growing> for Upper<'a> {
    fn from(factor: &'a Growing) -> Self {
        Self {
            data: entries(&factor.buffer),
            len: factor.len,
            stride: factor.buffer.ncols(),
        }
    }
}

/// Rows and columns of the buffer for n points: the first of a growing sequence that is not below n.
fn room(n: usize) -> usize {
    let mut size = 0;
    while size < n {
        size += (size / 8 / 8 * 8).max(SPARE);
    }
    size
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::cholesky;
    use rand::{RngExt, SeedableRng};
    use rand_pcg::Pcg64;

    fn definite(n: usize) -> Array2<f64> {
        let mut rng = Pcg64::seed_from_u64(n as u64);
        let x = Array2::from_shape_simple_fn((n, n), || rng.random_range(-1.0..1.0));
        x.dot(&x.t()) + Array2::<f64>::eye(n) * 0.1
    }

    fn grown(a: &Array2<f64>, steps: &[usize]) -> Growing {
        let mut n = steps[0];
        let first = cholesky(a.slice(s![..n, ..n]).to_owned()).unwrap();
        let mut factor = Growing::new(&first);
        for p in &steps[1..] {
            let cross = a.slice(s![n..n + p, ..n]).to_owned();
            let among = a.slice(s![n..n + p, n..n + p]).to_owned();
            let rows = factor.new_rows(&cross, &among, 1e-6).unwrap();
            factor.append(&rows);
            n += p;
        }
        factor
    }

    #[test]
    fn growing_is_the_same_as_factoring_and_does_not_depend_on_the_steps() {
        let a = definite(90);
        let ones = [&[20][..], &[1; 70]].concat();
        let factor = grown(&a, &ones);
        let difference = &factor.view().to_owned() - &cholesky(a.clone()).unwrap();
        assert!(difference.iter().all(|x| x.abs() < 1e-11));
        for steps in [&[20, 70][..], &[20, 13, 1, 40, 16]] {
            assert_eq!(grown(&a, steps).buffer, factor.buffer);
        }
        // From no point at all.
        let whole = grown(&a, &[0, 90]);
        let difference = &whole.view() - &factor.view();
        assert!(difference.iter().all(|x| x.abs() < 1e-11));
    }

    #[test]
    fn a_pivot_below_the_floor_is_refused() {
        let factor = Growing::new(&Array2::eye(1));
        let (cross, among) = (Array2::from_elem((1, 1), 0.8), Array2::eye(1));
        // The square of the pivot is 1 − 0.8² = 0.36.
        assert!(factor.new_rows(&cross, &among, 0.359).is_some());
        assert!(factor.new_rows(&cross, &among, 0.361).is_none());
    }

    #[test]
    fn room_is_enough_and_rarely_much_more() {
        for n in 0..3000 {
            assert!(room(n) >= n && room(n) <= n + (n / 8).max(SPARE));
        }
    }
}
