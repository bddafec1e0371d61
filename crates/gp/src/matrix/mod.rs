//! Dense linear algebra: the few operations that the crate needs, and the one place that knows which library does them.
//!
//! The back-end is pure Rust (`faer`), or LAPACK when the feature `lapack` is on. Both offer the same functions and pass the
//! same tests, those of this module among them.
//!
//! Conventions. All arrays are row-major. A positive definite `A` is held by the *upper* triangular `U` with `A = UᵀU`
//! (so `U = Lᵀ` of the usual lower factor `L`): row-major, that is the memory layout of a column-major `L`, which is what
//! the back-ends are fast at. A batch of right-hand sides is a matrix whose *rows* are the right-hand sides. Eigenvectors are rows too.

#[cfg_attr(feature = "lapack", path = "lapack.rs")]
#[cfg_attr(not(feature = "lapack"), path = "pure.rs")]
mod backend;
mod growing;

pub(crate) use growing::Growing;

pub(crate) use backend::{
    cholesky, invert, multiply, multiply_transposed, solve_lower, solve_upper, symmetric_eigen,
};

use ndarray::Array2;

/// An upper triangular factor, row-major, in a slice where rows may be further apart than they are long.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Upper<'a> {
    /// From the first entry on.
    data: &'a [f64],
    len: usize,
    /// From the beginning of a row to that of the next.
    stride: usize,
}

impl<'a> From<&'a Array2<f64>> for Upper<'a> {
    fn from(upper: &'a Array2<f64>) -> Self {
        Self {
            data: entries(upper),
            len: upper.nrows(),
            stride: upper.nrows(),
        }
    }
}

/// The entries of an array, row by row.
#[expect(
    clippy::expect_used,
    reason = "all arrays that come here were made by this crate, in standard layout"
)]
fn entries(a: &Array2<f64>) -> &[f64] {
    a.as_slice()
        .expect("an array of this crate in standard layout")
}

#[cfg(test)]
mod tests;
