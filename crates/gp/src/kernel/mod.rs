//! Kernels over distances.
//!
//! A kernel here sees two points only through the d distances between them, so it is a function of d numbers. It is
//! evaluated over whole slices of pairs at once: `distances[i][p]` is the i-th distance of pair p.
//!
//! Parameters are positive numbers given by their natural logarithms, so that a search over them is unconstrained and
//! scale-free.

mod exp;
mod exponential;

use ndarray::{Array2, ArrayView3};

pub use exponential::{Exponential, Form};

use crate::Triangle;
use crate::distances::Distances;
use crate::error::{Error, check_length, check_values};
use crate::prior::Prior;

/// A covariance function of a stack of distances and a vector of log-parameters.
///
/// It need not be positive definite: see [`Indefinite`](crate::Indefinite). Implementors may assume that lengths agree
/// and distances are finite and not negative; callers inside this crate check that.
///
/// ```
/// use gp::{Distances, Gp, Kernel, Options, Prior};
/// use ndarray::array;
///
/// /// Rational quadratic over one distance: (1 + d²/ℓ²)⁻¹.
/// #[derive(Clone)]
/// struct RationalQuadratic;
///
/// impl Kernel for RationalQuadratic {
///     fn depth(&self) -> usize { 1 }
///     fn num_parameters(&self) -> usize { 1 }
///     fn evaluate(&self, parameters: &[f64], distances: &[&[f64]], out: &mut [f64]) {
///         let scale = (-2.0 * parameters[0]).exp();
///         for (k, d) in out.iter_mut().zip(distances[0]) {
///             *k = 1.0 / (1.0 + scale * d * d);
///         }
///     }
///     fn add_gradient(&self, parameters: &[f64], distances: &[&[f64]], weights: &[f64], gradient: &mut [f64]) {
///         let scale = (-2.0 * parameters[0]).exp();
///         for (w, d) in weights.iter().zip(distances[0]) {
///             let k = 1.0 / (1.0 + scale * d * d);
///             gradient[0] += w * 2.0 * scale * d * d * k * k;
///         }
///     }
///     fn prior(&self, typical: &[f64]) -> Vec<Prior> {
///         vec![Prior::log_normal(typical[0], 1.0)]
///     }
/// }
///
/// let distances = Distances::from_stack(array![[[0.0, 1.0], [1.0, 0.0]]].view())?;
/// let gp = Gp::fit(RationalQuadratic, &[-4.0, 0.0], &distances, &[1.0, 2.0], Options::default())?;
/// assert!(gp.log_marginal_likelihood() < 0.0);
/// # Ok::<(), gp::Error>(())
/// ```
pub trait Kernel {
    /// Number of distance functions it wants, d.
    fn depth(&self) -> usize;

    /// Number of parameters, p.
    fn num_parameters(&self) -> usize;

    /// `out[j] ← k(distances[0][j], …, distances[d−1][j])`, for p log-parameters.
    fn evaluate(&self, parameters: &[f64], distances: &[&[f64]], out: &mut [f64]);

    /// `gradient[q] += Σⱼ weights[j] · ∂k(distances[·][j]) / ∂parameters[q]`.
    fn add_gradient(
        &self,
        parameters: &[f64],
        distances: &[&[f64]],
        weights: &[f64],
        gradient: &mut [f64],
    );

    /// One prior a parameter, for targets of unit variance and distances whose typical (median) values are `typical`.
    fn prior(&self, typical: &[f64]) -> Vec<Prior>;

    /// The prior variance: the kernel at distance 0.
    fn variance(&self, parameters: &[f64]) -> f64 {
        let mut out = [0.0];
        self.evaluate(parameters, &vec![[0.0].as_slice(); self.depth()], &mut out);
        out[0]
    }
}

/// The kernel between two sets of points, from their distances, shape (d, m, n): an (m, n) matrix.
///
/// # Errors
/// The shape is wrong, or a distance is negative or not finite.
#[expect(
    clippy::expect_used,
    reason = "both arrays are made here, in standard layout"
)]
pub(crate) fn cross<K: Kernel + ?Sized>(
    kernel: &K,
    parameters: &[f64],
    distances: ArrayView3<'_, f64>,
    columns: usize,
) -> Result<Array2<f64>, Error> {
    const WHAT: &str = "the stack of cross distances";
    let (depth, m, n) = distances.dim();
    check_length(WHAT, "distance functions", kernel.depth(), depth)?;
    check_length(WHAT, "columns", columns, n)?;
    check_values(WHAT, distances.iter(), false)?;
    let mut out = Array2::zeros((m, n));
    let standard = distances.as_standard_layout();
    // `chunks` does not take a length of 0.
    if !out.is_empty() {
        let all = standard.as_slice().expect("made in standard layout");
        let target = out.as_slice_mut().expect("made in standard layout");
        let slices: Vec<&[f64]> = all.chunks_exact(m * n).collect();
        kernel.evaluate(parameters, &slices, target);
    }
    Ok(out)
}

/// The Gram matrix (both triangles) of the points that `distances` describes.
pub(crate) fn gram<K: Kernel + ?Sized>(
    kernel: &K,
    parameters: &[f64],
    distances: &Distances,
) -> Array2<f64> {
    let mut triangle = Triangle::zeros(distances.len());
    kernel.evaluate(parameters, &distances.layers(), triangle.as_mut_slice());
    triangle.unpack()
}
