//! A Gaussian process with given hyper-parameters, and the data behind it.

use ndarray::{Array3, ArrayView2, ArrayView3, NewAxis, s};

use crate::distances::Distances;
use crate::error::{Error, check_length, check_values};
use crate::kernel::Kernel;
use crate::likelihood::log_density;
use crate::posterior::{Joint, Options, Posterior, Prediction};

/// Exact Gaussian process regression: y = f + noise, f ~ GP(m, k), noise ~ N(0, σ²).
///
/// ```
/// use gp::{Distances, Form, Gp, Options};
/// use ndarray::{array, Array3};
///
/// // Three points on a line; one raw and one normalised distance between each two.
/// let x = [0.0f64, 1.0, 3.0];
/// let stack = Array3::from_shape_fn((2, 3, 3), |(d, i, j)| (x[i] - x[j]).abs() / [1.0, 4.0][d]);
/// let distances = Distances::from_stack(stack.view())?;
///
/// // Parameters: log σ², then those of the kernel: log α₁, log α₂, log β, log β̄.
/// let parameters = [1e-6f64, 0.5, 0.5, 0.3, 2.0].map(f64::ln);
/// let gp = Gp::fit(Form::Sum.kernel(1), &parameters, &distances, &[1.0, 2.0, 0.0], Options::default())?;
///
/// // Almost without noise it passes through the data: predict the second point again.
/// let cross = stack.slice(ndarray::s![.., 1..2, ..]);
/// let prediction = gp.predict(cross)?;
/// assert!((prediction.mean[0] - 2.0).abs() < 1e-4);
/// assert!(prediction.std[0] < 1e-2);
/// # Ok::<(), gp::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Gp<K> {
    posterior: Posterior<K>,
    /// y − m.
    residuals: Vec<f64>,
}

impl<K: Kernel> Gp<K> {
    /// Conditions the process on n observations. `parameters`: log σ², then the kernel's log-parameters. O(n³).
    ///
    /// # Errors
    /// Lengths do not match, a number is not finite, or the covariance cannot be factored.
    pub fn fit(
        kernel: K,
        parameters: &[f64],
        distances: &Distances,
        targets: &[f64],
        options: Options,
    ) -> Result<Self, Error> {
        let posterior = Posterior::new(kernel, parameters, distances, distances.len(), options)?;
        let mut gp = Self {
            posterior,
            residuals: Vec::new(),
        };
        gp.set_targets(targets, options.mean)?;
        Ok(gp)
    }

    /// Replaces targets and prior mean, keeping the factor. O(n²).
    ///
    /// # Errors
    /// There are not n targets, or one is not finite; nothing is changed then.
    pub fn set_targets(&mut self, targets: &[f64], mean: f64) -> Result<(), Error> {
        check_length("the targets", "values", self.posterior.len(), targets.len())?;
        check_values("the targets", targets, true)?;
        check_values("the prior mean", [&mean], true)?;
        self.residuals = targets.iter().map(|y| y - mean).collect();
        self.posterior.mean = mean;
        self.posterior.condition(&self.residuals);
        Ok(())
    }

    /// Adds one observation: its distances to the earlier ones, shape (d, n), and its target. O(n²), by a new row of the
    /// factor, unless negative eigenvalues have to be clipped.
    ///
    /// # Errors
    /// The shape is wrong, a number is not finite, or the covariance cannot be factored; the process is unchanged then.
    pub fn extend(&mut self, distances: ArrayView2<'_, f64>, target: f64) -> Result<(), Error> {
        check_values("the target", [&target], true)?;
        let cross = distances.slice(s![.., NewAxis, ..]);
        let itself = Array3::zeros((distances.nrows(), 1, 1));
        let extension = self.posterior.extension(cross, itself.view())?;
        self.posterior.covariance.extend(extension);
        self.residuals.push(target - self.posterior.mean);
        self.posterior.condition(&self.residuals);
        Ok(())
    }

    /// The log marginal likelihood log N(y; m, A) = −½ rᵀA⁻¹r − ½ log |A| − (n/2) log 2π.
    #[must_use]
    pub fn log_marginal_likelihood(&self) -> f64 {
        log_density(
            &self.residuals,
            &self.posterior.weights,
            self.posterior.covariance.half_log_determinant(),
        )
    }

    /// The posterior given the observations.
    #[must_use]
    pub fn posterior(&self) -> &Posterior<K> {
        &self.posterior
    }

    /// See [`Posterior::predict`].
    ///
    /// # Errors
    /// As there.
    pub fn predict(&self, cross: ArrayView3<'_, f64>) -> Result<Prediction, Error> {
        self.posterior.predict(cross)
    }

    /// See [`Posterior::predict_joint`].
    ///
    /// # Errors
    /// As there.
    pub fn predict_joint(
        &self,
        cross: ArrayView3<'_, f64>,
        among: ArrayView3<'_, f64>,
    ) -> Result<Joint, Error> {
        self.posterior.predict_joint(cross, among)
    }

    /// See [`Posterior::with_pending`].
    ///
    /// # Errors
    /// As there.
    pub fn with_pending(
        &self,
        cross: ArrayView3<'_, f64>,
        among: ArrayView3<'_, f64>,
    ) -> Result<Posterior<K>, Error>
    where
        K: Clone,
    {
        self.posterior.with_pending(cross, among)
    }
}
