//! The log marginal likelihood and its gradient by the logarithms of the hyper-parameters.
//!
//! With A = f(K) + σ²I, where f clips negative eigenvalues of K (or is the identity), and α = A⁻¹ r:
//!
//! ```text
//! L        = −½ rᵀα − ½ log |A| − (n/2) log 2π
//! G        = ∂L/∂A = ½ (α αᵀ − A⁻¹)
//! ∂L/∂log σ² = σ² tr G
//! ∂L/∂θ    = Σᵢⱼ Wᵢⱼ ∂Kᵢⱼ/∂θ
//! W        = G                              if nothing was clipped
//!          = V [Γ ∘ (Vᵀ G V)] Vᵀ            otherwise, K = V diag(λ) Vᵀ
//! Γᵢⱼ      = (f(λᵢ) − f(λⱼ)) / (λᵢ − λⱼ)    (1, 0, or λ₊ / (λ₊ − λ₋) for a pair of opposite signs)
//! ```
//!
//! The last is the derivative of a function of a symmetric matrix (Daleckii and Krein). Γ − 1 vanishes outside the rows and
//! columns of negative eigenvalues, so with q of those W costs O(n² q) on top of A⁻¹. References: Rasmussen and
//! Williams, Gaussian Processes for Machine Learning, §5.4.1; paper §4.

use ndarray::{Array1, Array2, Axis, s};

use crate::Triangle;
use crate::covariance::{Indefinite, Spectrum, factor};
use crate::distances::Distances;
use crate::error::{Error, check_length, check_values};
use crate::kernel::{Kernel, gram};
use crate::matrix;
use crate::parameters::{check_model, split};
use crate::statistics::dot;

const HALF_LOG_TWO_PI: f64 = 0.918_938_533_204_672_8;

/// −½ rᵀα − ½ log |A| − (n/2) log 2π.
pub(crate) fn log_density(residuals: &[f64], weights: &[f64], half_log_determinant: f64) -> f64 {
    -0.5 * dot(residuals, weights) - half_log_determinant - residuals.len() as f64 * HALF_LOG_TWO_PI
}

/// The log marginal likelihood of `residuals` (targets less the prior mean) for one vector of hyper-parameters: log σ²,
/// then the kernel's log-parameters. O(n³).
///
/// # Errors
/// Lengths do not match, a number is not finite, or the covariance cannot be factored.
pub fn log_marginal_likelihood<K: Kernel + ?Sized>(
    kernel: &K,
    parameters: &[f64],
    distances: &Distances,
    residuals: &[f64],
    indefinite: Indefinite,
) -> Result<f64, Error> {
    check(kernel, parameters, distances, residuals)?;
    let (log_noise, parameters) = split(parameters);
    let gram = gram(kernel, parameters, distances);
    let (upper, _) = factor(&gram, libm::exp(log_noise), indefinite)?;
    let whitened = whiten(&upper, residuals);
    let squares = whitened.iter().map(|x| x * x).sum::<f64>();
    let half_log_determinant: f64 = upper.diag().iter().map(|u| libm::log(*u)).sum();
    Ok(-0.5 * squares - half_log_determinant - residuals.len() as f64 * HALF_LOG_TWO_PI)
}

/// The log marginal likelihood and its gradient by every log-parameter, the noise first. About four times the cost of
/// [`log_marginal_likelihood`].
///
/// ```
/// use gp::{log_marginal_likelihood, log_marginal_likelihood_gradient, Distances, Form, Indefinite};
/// use ndarray::Array3;
///
/// let x = [0.0f64, 0.4, 1.1, 2.0];
/// let stack = Array3::from_shape_fn((2, 4, 4), |(_, i, j)| (x[i] - x[j]).abs());
/// let distances = Distances::from_stack(stack.view())?;
/// let (kernel, y) = (Form::Product.kernel(1), [0.1, 0.3, -0.2, -0.5]);
/// let at = |p: &[f64]| log_marginal_likelihood(&kernel, p, &distances, &y, Indefinite::Clip);
///
/// let p = [-3.0, 0.1, -0.5, 0.2];
/// let (value, gradient) =
///     log_marginal_likelihood_gradient(&kernel, &p, &distances, &y, Indefinite::Clip)?;
/// assert!((value - at(&p)?).abs() < 1e-12);
/// let slope = (at(&[-3.0, 0.1, -0.5 + 1e-5, 0.2])? - at(&[-3.0, 0.1, -0.5 - 1e-5, 0.2])?) / 2e-5;
/// assert!((gradient[2] - slope).abs() < 1e-7);
/// # Ok::<(), gp::Error>(())
/// ```
///
/// # Errors
/// As [`log_marginal_likelihood`].
pub fn log_marginal_likelihood_gradient<K: Kernel + ?Sized>(
    kernel: &K,
    parameters: &[f64],
    distances: &Distances,
    residuals: &[f64],
    indefinite: Indefinite,
) -> Result<(f64, Vec<f64>), Error> {
    check(kernel, parameters, distances, residuals)?;
    let (log_noise, parameters) = split(parameters);
    let noise = libm::exp(log_noise);
    let gram = gram(kernel, parameters, distances);
    let (upper, spectrum) = factor(&gram, noise, indefinite)?;

    let mut weights = whiten(&upper, residuals);
    matrix::solve_upper(&upper, &mut weights);
    let weights = weights.index_axis_move(Axis(0), 0);
    let half_log_determinant: f64 = upper.diag().iter().map(|u| libm::log(*u)).sum();
    let value = log_density(residuals, &weights.to_vec(), half_log_determinant);

    // G, then W, in the place of A⁻¹.
    let mut g = matrix::invert(&upper);
    for (i, mut row) in g.rows_mut().into_iter().enumerate() {
        for (x, w) in row.iter_mut().zip(&weights) {
            *x = 0.5 * (weights[i] * w - *x);
        }
    }
    let mut gradient = vec![noise * g.diag().sum()];
    if let Some(spectrum) = &spectrum {
        g = through_clipping(&g, spectrum);
    }

    // Each pair of points stands once in the triangle, and twice in the sum.
    let mut pairs = Triangle::default();
    for (i, row) in g.rows().into_iter().enumerate() {
        pairs.push(row.iter().take(i).map(|w| 2.0 * w).chain([row[i]]));
    }
    gradient.resize(1 + parameters.len(), 0.0);
    kernel.add_gradient(
        parameters,
        &distances.layers(),
        pairs.as_slice(),
        &mut gradient[1..],
    );
    Ok((value, gradient))
}

fn check<K: Kernel + ?Sized>(
    kernel: &K,
    parameters: &[f64],
    distances: &Distances,
    residuals: &[f64],
) -> Result<(), Error> {
    check_model(kernel, parameters, distances)?;
    check_length("the residuals", "values", distances.len(), residuals.len())?;
    check_values("the residuals", residuals, true)
}

/// U⁻ᵀ r, as a matrix of one row.
fn whiten(upper: &Array2<f64>, residuals: &[f64]) -> Array2<f64> {
    let mut row = Array1::from(residuals.to_vec()).insert_axis(Axis(0));
    matrix::solve_lower(upper, &mut row);
    row
}

/// W from G. In the eigenbasis, W̃ = G̃ + C with C = (Γ − 1) ∘ G̃, whose non-zero rows and columns are those of the q
/// eigenvalues that were clipped (the first q, ascending). With B the first q rows of C where the leading block is halved,
/// W = G + XVᵀ + VXᵀ for X = V_q B, and only V_qᵀ G V is ever needed: O(n² q).
fn through_clipping(g: &Array2<f64>, (values, vectors): &Spectrum) -> Array2<f64> {
    let n = values.len();
    let q = values.iter().take_while(|v| **v < 0.0).count();
    let negative = vectors.slice(s![..q, ..]).to_owned();
    let mut b = matrix::multiply_transposed(&matrix::multiply(&negative, g), vectors);
    for i in 0..q {
        for j in 0..n {
            b[(i, j)] *= if j < q {
                -0.5
            } else {
                values[i] / (values[j] - values[i])
            };
        }
    }
    // Row i of BV: what eigenvector i is to be multiplied with.
    let bv = matrix::multiply(&b, vectors);
    let half = matrix::multiply(&negative.t().as_standard_layout().into_owned(), &bv);
    g + &half + half.t()
}
