//! The pure Rust back-end. Everything runs on the calling thread, so that results do not depend on how many there are.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::{cholesky::llt, evd, matmul, triangular_solve};
use faer::{Accum, MatMut, MatRef, Par, Spec};
use ndarray::{Array1, Array2};

use super::{Upper, entries};

/// A view of a row-major array. Every array here is made by this crate in standard layout.
fn view(a: &Array2<f64>) -> MatRef<'_, f64> {
    let (rows, columns) = a.dim();
    MatRef::from_row_major_slice(entries(a), rows, columns)
}

fn triangle(upper: Upper<'_>) -> MatRef<'_, f64> {
    MatRef::from_row_major_slice_with_stride(upper.data, upper.len, upper.len, upper.stride)
}

#[expect(
    clippy::expect_used,
    reason = "all arrays that come here were made by this crate, in standard layout"
)]
fn view_mut(a: &mut Array2<f64>) -> MatMut<'_, f64> {
    let (rows, columns) = a.dim();
    let entries = a
        .as_slice_mut()
        .expect("an array of this crate in standard layout");
    MatMut::from_row_major_slice_mut(entries, rows, columns)
}

/// Factors the symmetric `a` as `UᵀU`; `None` if a pivot is not positive. Reads and overwrites `a`. O(n³/3).
pub(crate) fn cholesky(mut a: Array2<f64>) -> Option<Array2<f64>> {
    let n = a.nrows();
    let mut memory = MemBuffer::new(llt::factor::cholesky_in_place_scratch::<f64>(
        n,
        Par::Seq,
        Spec::default(),
    ));
    llt::factor::cholesky_in_place(
        view_mut(&mut a).transpose_mut(),
        llt::factor::LltRegularization::default(),
        Par::Seq,
        MemStack::new(&mut memory),
        Spec::default(),
    )
    .ok()?;
    clear_below(&mut a);
    Some(a)
}

/// Zeroes what lies under the diagonal.
fn clear_below(a: &mut Array2<f64>) {
    for (i, mut row) in a.rows_mut().into_iter().enumerate() {
        row.iter_mut().take(i).for_each(|x| *x = 0.0);
    }
}

/// `b ← U⁻ᵀ b` for every row `b` of `rows`; O(n²) a row.
pub(crate) fn solve_lower<'a>(upper: impl Into<Upper<'a>>, rows: &mut Array2<f64>) {
    triangular_solve::solve_lower_triangular_in_place(
        triangle(upper.into()).transpose(),
        view_mut(rows).transpose_mut(),
        Par::Seq,
    );
}

/// `b ← U⁻¹ b` for every row `b` of `rows`; O(n²) a row.
pub(crate) fn solve_upper<'a>(upper: impl Into<Upper<'a>>, rows: &mut Array2<f64>) {
    triangular_solve::solve_upper_triangular_in_place(
        triangle(upper.into()),
        view_mut(rows).transpose_mut(),
        Par::Seq,
    );
}

/// `(UᵀU)⁻¹`, both triangles; O(2n³/3).
pub(crate) fn invert(upper: &Array2<f64>) -> Array2<f64> {
    let n = upper.nrows();
    let mut memory = MemBuffer::new(llt::inverse::inverse_scratch::<f64>(n, Par::Seq));
    let mut inverse = Array2::zeros((n, n));
    // Fills the lower triangle of the transpose: the upper one of `inverse`.
    llt::inverse::inverse(
        view_mut(&mut inverse).transpose_mut(),
        view(upper).transpose(),
        Par::Seq,
        MemStack::new(&mut memory),
    );
    for i in 0..n {
        for j in 0..i {
            inverse[(i, j)] = inverse[(j, i)];
        }
    }
    inverse
}

/// Eigenvalues in ascending order and eigenvectors (as rows) of the symmetric `a`; `None` if it does not converge.
pub(crate) fn symmetric_eigen(a: &Array2<f64>) -> Option<(Array1<f64>, Array2<f64>)> {
    let n = a.nrows();
    let mut memory = MemBuffer::new(evd::self_adjoint_evd_scratch::<f64>(
        n,
        evd::ComputeEigenvectors::Yes,
        Par::Seq,
        Spec::default(),
    ));
    let mut values = faer::diag::Diag::zeros(n);
    let mut vectors = Array2::zeros((n, n));
    evd::self_adjoint_evd(
        view(a),
        values.as_mut(),
        Some(view_mut(&mut vectors).transpose_mut()),
        Par::Seq,
        MemStack::new(&mut memory),
        Spec::default(),
    )
    .ok()?;
    let values = values.column_vector().iter().copied().collect();
    Some((values, vectors))
}

/// `a b`.
pub(crate) fn multiply(a: &Array2<f64>, b: &Array2<f64>) -> Array2<f64> {
    product(view(a), view(b))
}

/// `a bᵀ`: the dot products of the rows of `a` with the rows of `b`.
pub(crate) fn multiply_transposed(a: &Array2<f64>, b: &Array2<f64>) -> Array2<f64> {
    product(view(a), view(b).transpose())
}

fn product(a: MatRef<'_, f64>, b: MatRef<'_, f64>) -> Array2<f64> {
    let mut out = Array2::zeros((a.nrows(), b.ncols()));
    matmul::matmul(view_mut(&mut out), Accum::Replace, a, b, 1.0, Par::Seq);
    out
}
