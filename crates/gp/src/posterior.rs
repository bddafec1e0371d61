//! Predictions: the posterior of a Gaussian process with given hyper-parameters, with or without pending points.
//!
//! The formulae are those of [`Posterior`].

use ndarray::{Array1, Array2, ArrayView3, Axis};
use rand::Rng;
use rand_distr::{Distribution, StandardNormal};

use crate::covariance::{Covariance, Extension, Indefinite, project};
use crate::distances::Distances;
use crate::error::{Error, check_length};
use crate::kernel::{Kernel, cross, gram};
use crate::matrix;
use crate::parameters::{check_model, split};
use crate::statistics::dot;

/// The floor of predicted variances, as a share of the noise variance.
const FLOOR: f64 = 0.05;

/// What a [`Gp`](crate::Gp) is besides its kernel and parameters.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Options {
    /// The constant prior mean m, in units of the targets.
    pub mean: f64,
    /// What to do when the Gram matrix has negative eigenvalues.
    pub indefinite: Indefinite,
}

/// Means and standard deviations of the noise-free function at m points, each on its own.
#[derive(Debug, Clone, PartialEq)]
pub struct Prediction {
    /// Posterior means, m of them.
    pub mean: Array1<f64>,
    /// Posterior standard deviations, m of them, without observation noise.
    pub std: Array1<f64>,
}

/// The joint normal distribution of the noise-free function at m points.
#[derive(Debug, Clone, PartialEq)]
pub struct Joint {
    /// Posterior means, m of them.
    pub mean: Array1<f64>,
    /// Posterior covariance, (m, m), positive definite.
    pub covariance: Array2<f64>,
}

impl Joint {
    /// Standard deviations of the m points.
    #[must_use]
    pub fn std(&self) -> Array1<f64> {
        self.covariance.diag().mapv(f64::sqrt)
    }

    /// Draws functions, `count` of them: a (count, m) matrix. O(m³ + count·m²).
    ///
    /// # Errors
    /// The covariance cannot be factored, which rounding alone does not bring about.
    pub fn sample<R: Rng + ?Sized>(&self, count: usize, rng: &mut R) -> Result<Array2<f64>, Error> {
        let m = self.mean.len();
        let upper =
            matrix::cholesky(self.covariance.clone()).ok_or(Error::NotPositiveDefinite {
                size: m,
                noise: 0.0,
            })?;
        let normal = Array2::from_shape_simple_fn((count, m), || StandardNormal.sample(rng));
        Ok(matrix::multiply(&normal, &upper) + &self.mean)
    }
}

/// A Gaussian process with given hyper-parameters, conditioned on observations and perhaps on pending points. Obtained from
/// a [`Gp`](crate::Gp) or an [`Ensemble`](crate::Ensemble).
///
/// With n observations, residuals r = y − m, A = K + σ²I (K clipped where needed, see [`Indefinite`](crate::Indefinite)), and
/// kernels k* (n, test points) and k** (test points, test points):
///
/// ```text
/// mean        μ = m + k*ᵀ A⁻¹ r
/// one by one  s² = max(k** − k*ᵀ A⁻¹ k*, σ²/20)                     for each point on its own
/// jointly     S = Σ max(λ, σ²/20) v vᵀ                              over the eigenpairs of k** − k*ᵀ A⁻¹ k*
/// ```
///
/// The floor σ²/20 is the original's: with an indefinite kernel the differences can come out negative. It acts on the
/// number, or on the whole matrix, so that a point's standard deviation can depend on what is predicted along with it.
/// These are standard deviations of the noise-free function.
///
/// **Pending points** (hallucinated observations, paper §3.3): evaluations under way shrink the variance as if they had been
/// observed, and leave the mean alone. Equivalently, each is taken to return exactly its predicted mean.
#[derive(Debug, Clone)]
pub struct Posterior<K> {
    pub(crate) kernel: K,
    /// Of the kernel; the noise is in `covariance`.
    pub(crate) parameters: Vec<f64>,
    pub(crate) mean: f64,
    pub(crate) covariance: Covariance,
    /// A⁻¹r for the observations, then a 0 for every pending point.
    pub(crate) weights: Vec<f64>,
}

impl<K: Kernel> Posterior<K> {
    /// Number of observations and pending points, n: the columns of the cross distances that predictions need.
    #[must_use]
    pub fn len(&self) -> usize {
        self.covariance.len()
    }

    /// Whether there are neither observations nor pending points.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The noise variance σ².
    #[must_use]
    pub fn noise(&self) -> f64 {
        self.covariance.noise()
    }

    /// The prior mean m.
    #[must_use]
    pub fn prior_mean(&self) -> f64 {
        self.mean
    }

    /// The prior variance: the kernel at distance 0.
    #[must_use]
    pub fn prior_variance(&self) -> f64 {
        self.kernel.variance(&self.parameters)
    }

    /// Whether the Gram matrix had negative eigenvalues that were clipped.
    #[must_use]
    pub fn is_clipped(&self) -> bool {
        self.covariance.is_clipped()
    }

    /// Number of points when the whole covariance was last factored; rows were added to that factor since.
    #[must_use]
    pub fn factored(&self) -> usize {
        self.covariance.factored()
    }

    /// The kernel's log-parameters.
    #[must_use]
    pub fn parameters(&self) -> &[f64] {
        &self.parameters
    }

    /// Predicts m points, each on its own. `cross`: their distances to the n points behind this posterior, shape (d, m, n),
    /// observations first and pending points after. O(m (d·n + n²)).
    ///
    /// # Errors
    /// The shape is wrong, or a distance is negative or not finite.
    pub fn predict(&self, cross_distances: ArrayView3<'_, f64>) -> Result<Prediction, Error> {
        let mut rows = self.cross(cross_distances)?;
        let mean = self.means(&rows);
        matrix::solve_lower(self.covariance.upper(), &mut rows);
        let prior = self.prior_variance();
        let floor = FLOOR * self.noise();
        let std = rows
            .rows()
            .into_iter()
            .map(|v| {
                (prior - v.iter().map(|x| x * x).sum::<f64>())
                    .max(floor)
                    .sqrt()
            })
            .collect();
        Ok(Prediction { mean, std })
    }

    /// The means alone: O(m·d·n).
    ///
    /// # Errors
    /// As [`predict`](Self::predict).
    pub fn predict_mean(&self, cross_distances: ArrayView3<'_, f64>) -> Result<Array1<f64>, Error> {
        Ok(self.means(&self.cross(cross_distances)?))
    }

    /// Predicts m points jointly, given also the distances among them, shape (d, m, m). O(m (d·n + n²) + m³).
    ///
    /// # Errors
    /// As [`predict`](Self::predict), or the covariance cannot be projected.
    pub fn predict_joint(
        &self,
        cross_distances: ArrayView3<'_, f64>,
        among: ArrayView3<'_, f64>,
    ) -> Result<Joint, Error> {
        let mut rows = self.cross(cross_distances)?;
        let mean = self.means(&rows);
        let prior = self.among(among, rows.nrows())?;
        matrix::solve_lower(self.covariance.upper(), &mut rows);
        let raw = prior - &matrix::multiply_transposed(&rows, &rows);
        let covariance = project(raw, FLOOR * self.noise())?;
        Ok(Joint { mean, covariance })
    }

    /// This posterior with p pending points more: `cross`, their distances to the n points so far, shape (d, p, n), and
    /// `among`, their distances to each other, shape (d, p, p). O(p·n²).
    ///
    /// # Errors
    /// As [`predict`](Self::predict), or the extended covariance cannot be factored.
    pub fn with_pending(
        &self,
        cross_distances: ArrayView3<'_, f64>,
        among: ArrayView3<'_, f64>,
    ) -> Result<Self, Error>
    where
        K: Clone,
    {
        let extension = self.extension(cross_distances, among)?;
        let mut covariance = self.covariance.clone();
        covariance.extend(extension);
        let mut weights = self.weights.clone();
        weights.resize(covariance.len(), 0.0);
        Ok(Self {
            kernel: self.kernel.clone(),
            parameters: self.parameters.clone(),
            mean: self.mean,
            covariance,
            weights,
        })
    }

    /// The kernel between new points and those behind the posterior: (m, n).
    pub(crate) fn cross(&self, distances: ArrayView3<'_, f64>) -> Result<Array2<f64>, Error> {
        cross(&self.kernel, &self.parameters, distances, self.len())
    }

    /// The kernel among m new points: (m, m), exactly symmetric.
    fn among(&self, distances: ArrayView3<'_, f64>, m: usize) -> Result<Array2<f64>, Error> {
        check_length(
            "the distances among new points",
            "rows",
            m,
            distances.dim().1,
        )?;
        let k = cross(&self.kernel, &self.parameters, distances, m)?;
        let prior = self.prior_variance();
        let symmetric = |(i, j): (usize, usize)| match i.cmp(&j) {
            std::cmp::Ordering::Greater => k[(i, j)],
            std::cmp::Ordering::Less => k[(j, i)],
            std::cmp::Ordering::Equal => prior,
        };
        Ok(Array2::from_shape_fn((m, m), symmetric))
    }

    fn means(&self, kernels: &Array2<f64>) -> Array1<f64> {
        let row = |k: ndarray::ArrayView1<'_, f64>| match k.as_slice() {
            Some(k) => self.mean + dot(k, &self.weights),
            // Rows of a transposed array lie apart.
            None => self.mean + dot(&k.to_vec(), &self.weights),
        };
        kernels.rows().into_iter().map(row).collect()
    }
}

/// How a posterior comes about.
impl<K: Kernel> Posterior<K> {
    /// For the points of `distances`, not yet conditioned on any values. `parameters`: log σ², then the kernel's. The
    /// covariance of the first `factored` points is factored as a whole, the others are added. O(n³).
    pub(crate) fn new(
        kernel: K,
        parameters: &[f64],
        distances: &Distances,
        factored: usize,
        options: Options,
    ) -> Result<Self, Error> {
        check_model(&kernel, parameters, distances)?;
        let (log_noise, parameters) = split(parameters);
        let gram = gram(&kernel, parameters, distances);
        let covariance =
            Covariance::grown(&gram, factored, libm::exp(log_noise), options.indefinite)?;
        Ok(Self {
            kernel,
            parameters: parameters.to_vec(),
            mean: options.mean,
            covariance,
            weights: Vec::new(),
        })
    }

    /// What p points more add to the covariance, given their distances as
    /// [`with_pending`](Self::with_pending) takes them.
    pub(crate) fn extension(
        &self,
        cross_distances: ArrayView3<'_, f64>,
        among: ArrayView3<'_, f64>,
    ) -> Result<Extension, Error> {
        let cross = self.cross(cross_distances)?;
        let among = self.among(among, cross.nrows())?;
        self.covariance.extension(&cross, &among)
    }

    /// Conditions on the values at all n points, less the prior mean: weights A⁻¹r. O(n²).
    pub(crate) fn condition(&mut self, residuals: &[f64]) {
        let mut row = Array1::from(residuals.to_vec()).insert_axis(Axis(0));
        matrix::solve_lower(self.covariance.upper(), &mut row);
        matrix::solve_upper(self.covariance.upper(), &mut row);
        self.weights = row.into_raw_vec_and_offset().0;
    }
}
