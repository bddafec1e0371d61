//! The LAPACK back-end (system OpenBLAS, through `ndarray-linalg`).
//!
//! How many threads OpenBLAS uses is its own affair (`OPENBLAS_NUM_THREADS`); with one, results repeat bit for bit.

use ndarray::{Array1, Array2, ArrayView2, CowArray, Ix2, ShapeBuilder};
use ndarray_linalg::{
    Cholesky, CholeskyFactorized, Diag, Eigh, InverseC, SolveTriangularInplace, UPLO,
};

use super::Upper;

/// Factors the symmetric `a` as `UᵀU`; `None` if a pivot is not positive. O(n³/3).
pub(crate) fn cholesky(a: Array2<f64>) -> Option<Array2<f64>> {
    if a.is_empty() {
        return Some(a);
    }
    a.cholesky(UPLO::Upper).ok()
}

/// `b ← U⁻ᵀ b` for every row `b` of `rows`; O(n²) a row.
pub(crate) fn solve_lower<'a>(upper: impl Into<Upper<'a>>, rows: &mut Array2<f64>) {
    solve(triangle(upper.into()).t(), UPLO::Lower, rows);
}

/// `b ← U⁻¹ b` for every row `b` of `rows`; O(n²) a row.
pub(crate) fn solve_upper<'a>(upper: impl Into<Upper<'a>>, rows: &mut Array2<f64>) {
    solve(triangle(upper.into()).view(), UPLO::Upper, rows);
}

/// With rows next to each other, as `ndarray-linalg` wants them: copied where they are not.
fn triangle(upper: Upper<'_>) -> CowArray<'_, f64, Ix2> {
    let shape = (upper.len, upper.len).strides((upper.stride, 1));
    match ArrayView2::from_shape(shape, upper.data) {
        Ok(view) if upper.stride == upper.len => view.into(),
        Ok(view) => view.as_standard_layout().into_owned().into(),
        // Rows are at least as far apart as they are long, and the data reach to the last entry.
        Err(_) => Array2::from_elem((upper.len, upper.len), f64::NAN).into(),
    }
}

fn solve(factor: ArrayView2<'_, f64>, half: UPLO, rows: &mut Array2<f64>) {
    if rows.is_empty() {
        return;
    }
    // Right-hand sides as columns, without moving a number.
    let mut columns = std::mem::take(rows).reversed_axes();
    if factor
        .solve_triangular_inplace(half, Diag::NonUnit, &mut columns)
        .is_err()
    {
        // A zero on the diagonal: callers see numbers that are not finite, as they do from the other back-end.
        columns.fill(f64::NAN);
    }
    *rows = columns.reversed_axes();
}

/// `(UᵀU)⁻¹`, both triangles; O(2n³/3).
pub(crate) fn invert(upper: &Array2<f64>) -> Array2<f64> {
    let n = upper.nrows();
    if n == 0 {
        return Array2::zeros((0, 0));
    }
    CholeskyFactorized {
        factor: upper.clone(),
        uplo: UPLO::Upper,
    }
    .invc()
    .unwrap_or_else(|_| Array2::from_elem((n, n), f64::NAN))
}

/// Eigenvalues in ascending order and eigenvectors (as rows) of the symmetric `a`; `None` if it does not converge.
pub(crate) fn symmetric_eigen(a: &Array2<f64>) -> Option<(Array1<f64>, Array2<f64>)> {
    if a.is_empty() {
        return Some((Array1::zeros(0), Array2::zeros((0, 0))));
    }
    let (values, vectors) = a.eigh(UPLO::Lower).ok()?;
    Some((values, vectors.t().as_standard_layout().into_owned()))
}

/// `a b`.
pub(crate) fn multiply(a: &Array2<f64>, b: &Array2<f64>) -> Array2<f64> {
    a.dot(b)
}

/// `a bᵀ`: the dot products of the rows of `a` with the rows of `b`.
pub(crate) fn multiply_transposed(a: &Array2<f64>, b: &Array2<f64>) -> Array2<f64> {
    a.dot(&b.t())
}
