//! Predictions averaged over several hyper-parameter vectors.
//!
//! With members s = 1 … S, equally weighted draws from the posterior of the hyper-parameters, the prediction at a point is the
//! mixture of their normals:
//!
//! ```text
//! mean       μ̄ = (1/S) Σ μₛ
//! variance   s̄² = (1/S) Σ (sₛ² + μₛ²) − μ̄²
//! ```
//!
//! An acquisition that is not linear in these should be averaged over the members instead, so both are offered.

use ndarray::{Array1, ArrayView3};

use crate::error::Error;
use crate::kernel::Kernel;
use crate::posterior::{Joint, Posterior, Prediction};

/// The affine map between scores and the units the processes work in: score = centre + scale · y.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scaling {
    /// The score that becomes 0.
    pub centre: f64,
    /// The difference of scores that becomes 1; positive.
    pub scale: f64,
}

/// The posteriors of several hyper-parameter vectors, in units of the scores.
#[derive(Debug, Clone)]
pub struct Ensemble<K> {
    pub(crate) members: Vec<Posterior<K>>,
    pub(crate) scaling: Scaling,
}

/// What every member of an ensemble predicts at the same m points, in units of the scores.
#[derive(Debug, Clone, PartialEq)]
pub struct Predictions {
    /// One prediction a member; never empty.
    pub members: Vec<Prediction>,
}

impl Predictions {
    /// Mean and standard deviation of the mixture of the members.
    #[must_use]
    pub fn mixture(&self) -> Prediction {
        let count = self.members.len() as f64;
        let points = self.members.first().map_or(0, |p| p.mean.len());
        let mut mean = Array1::zeros(points);
        for member in &self.members {
            mean += &member.mean;
        }
        mean /= count;
        let mut variance = Array1::<f64>::zeros(points);
        for member in &self.members {
            // (μₛ − μ̄)² rather than μₛ² − μ̄²: no cancellation.
            let deviation = &member.mean - &mean;
            variance += &(&member.std * &member.std + &deviation * &deviation);
        }
        Prediction {
            mean,
            std: (variance / count).mapv(f64::sqrt),
        }
    }
}

impl<K: Kernel> Ensemble<K> {
    /// The members, in the units of the processes.
    #[must_use]
    pub fn members(&self) -> &[Posterior<K>] {
        &self.members
    }

    /// The map from those units to scores.
    #[must_use]
    pub fn scaling(&self) -> Scaling {
        self.scaling
    }

    /// Number of observations and pending points, n.
    #[must_use]
    pub fn len(&self) -> usize {
        self.members.first().map_or(0, Posterior::len)
    }

    /// Whether there are neither observations nor pending points.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The noise's standard deviation in units of the scores: root mean square over the members.
    #[must_use]
    pub fn noise_std(&self) -> f64 {
        let total: f64 = self.members.iter().map(Posterior::noise).sum();
        self.scaling.scale * (total / self.members.len() as f64).sqrt()
    }

    /// See [`Posterior::predict`]; `cross` has the shape (d, m, n).
    ///
    /// # Errors
    /// As there.
    pub fn predict(&self, cross: ArrayView3<'_, f64>) -> Result<Predictions, Error> {
        let predict = |member: &Posterior<K>| {
            let p = member.predict(cross)?;
            Ok(Prediction {
                mean: self.to_scores(p.mean),
                std: p.std * self.scaling.scale,
            })
        };
        let members = self
            .members
            .iter()
            .map(predict)
            .collect::<Result<_, Error>>()?;
        Ok(Predictions { members })
    }

    /// See [`Posterior::predict_joint`]; one joint distribution a member.
    ///
    /// # Errors
    /// As there.
    pub fn predict_joint(
        &self,
        cross: ArrayView3<'_, f64>,
        among: ArrayView3<'_, f64>,
    ) -> Result<Vec<Joint>, Error> {
        let scale = self.scaling.scale;
        let predict = |member: &Posterior<K>| {
            let joint = member.predict_joint(cross, among)?;
            Ok(Joint {
                mean: self.to_scores(joint.mean),
                covariance: joint.covariance * (scale * scale),
            })
        };
        self.members.iter().map(predict).collect()
    }

    /// See [`Posterior::with_pending`]: every member with the same pending points.
    ///
    /// # Errors
    /// As there.
    pub fn with_pending(
        &self,
        cross: ArrayView3<'_, f64>,
        among: ArrayView3<'_, f64>,
    ) -> Result<Self, Error>
    where
        K: Clone,
    {
        let members = self
            .members
            .iter()
            .map(|member| member.with_pending(cross, among))
            .collect::<Result<_, Error>>()?;
        Ok(Self {
            members,
            scaling: self.scaling,
        })
    }

    fn to_scores(&self, mean: Array1<f64>) -> Array1<f64> {
        mean * self.scaling.scale + self.scaling.centre
    }
}
