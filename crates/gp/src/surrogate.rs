//! The model of a search: data that arrive one at a time, hyper-parameters that follow them, predictions in units of the scores.

use ndarray::{Array3, ArrayView2, ArrayView3, NewAxis, s};
use rand::Rng;
use rayon::prelude::*;

use crate::covariance::Indefinite;
use crate::distances::Distances;
use crate::ensemble::{Ensemble, Scaling};
use crate::error::{Error, check_length, check_values};
use crate::inference::{Inference, Target};
use crate::kernel::Kernel;
use crate::posterior::Options;
use crate::posterior::Posterior;
use crate::prior::Prior;
use crate::statistics;

/// How scores are brought to the scale that the priors expect: about 0, with a variance of about 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Standardise {
    /// Not at all: the prior mean is 0.
    Nothing,
    /// Centred at the mean, divided by the standard deviation.
    Mean,
    /// Centred at the median (the original's prior mean), divided by the root mean square deviation from it.
    #[default]
    Median,
}

impl Standardise {
    /// The map for these scores. Scores that are all the same are not stretched.
    #[must_use]
    pub fn scaling(self, scores: &[f64]) -> Scaling {
        let centre = match self {
            Self::Nothing => {
                return Scaling {
                    centre: 0.0,
                    scale: 1.0,
                };
            }
            Self::Mean => statistics::mean(scores),
            Self::Median => statistics::median(&mut scores.to_vec()).unwrap_or(0.0),
        };
        let spread = statistics::spread(scores, centre);
        let tiny = f64::EPSILON * centre.abs().max(f64::MIN_POSITIVE);
        let scale = if spread > tiny { spread } else { 1.0 };
        Scaling { centre, scale }
    }
}

/// Settings of a [`Surrogate`].
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// How hyper-parameters are chosen.
    pub inference: Inference,
    /// What to do when a Gram matrix has negative eigenvalues.
    pub indefinite: Indefinite,
    /// How scores are standardised.
    pub standardise: Standardise,
    /// The prior of the logarithm of the noise variance, in standardised units.
    pub noise: Prior,
    /// Hyper-parameters are inferred from at most this many observations, evenly spaced over the history; predictions
    /// always use all. At least 2.
    pub inference_points: usize,
}

impl Default for Settings {
    /// Eight posterior samples, median centring, a noise standard deviation of about 0.14 of the scores' (a variance of
    /// 0.02 within a factor e^1.5), hyper-parameters from at most 200 observations.
    fn default() -> Self {
        Self {
            inference: Inference::default(),
            indefinite: Indefinite::default(),
            standardise: Standardise::default(),
            noise: Prior::log_normal(0.02, 1.5),
            inference_points: 200,
        }
    }
}

/// A Gaussian process over the observations of a search.
///
/// Push observations as they arrive and refit when it pays: between refits, hyper-parameters stay and every new
/// observation costs O(S·n²) for S members, a new row of each factor. Refits start from the hyper-parameters of the last one.
///
/// ```
/// use gp::{Form, Settings, Surrogate};
/// use ndarray::{Array2, Array3};
/// use rand_pcg::{Pcg64, rand_core::SeedableRng};
///
/// // Points on a line; the raw distance, and a normalised one.
/// let f = |x: f64| (3.0 * x).sin() + 40.0;
/// let between = |a: f64, b: f64| [(a - b).abs(), (a - b).abs() / 2.0];
///
/// let mut rng = Pcg64::seed_from_u64(1);
/// let mut surrogate = Surrogate::new(Form::Sum.kernel(1), Settings::default())?;
/// let mut xs: Vec<f64> = Vec::new();
/// for i in 0..12 {
///     let x = f64::from(i) / 6.0;
///     let row = Array2::from_shape_fn((2, xs.len()), |(d, j)| between(x, xs[j])[d]);
///     surrogate.push(row.view(), f(x))?;
///     xs.push(x);
/// }
/// surrogate.refit(&mut rng)?;
///
/// // Two candidates, one of them near the data.
/// let candidates = [1.25, 9.0];
/// let cross = Array3::from_shape_fn((2, 2, 12), |(d, i, j)| between(candidates[i], xs[j])[d]);
/// let prediction = surrogate.ensemble()?.predict(cross.view())?.mixture();
/// assert!((prediction.mean[0] - f(1.25)).abs() < 0.1);
/// assert!(prediction.std[0] < 0.2 && prediction.std[1] > 0.4);
///
/// // Were the first candidate under evaluation, nothing could be learnt there any more.
/// let pending = cross.slice(ndarray::s![.., ..1, ..]);
/// let busy = surrogate.ensemble()?.with_pending(pending, Array3::zeros((2, 1, 1)).view())?;
/// assert_eq!(busy.len(), 13);
/// # Ok::<(), gp::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Surrogate<K> {
    kernel: K,
    settings: Settings,
    distances: Distances,
    scores: Vec<f64>,
    /// Hyper-parameters, one vector a member; empty before the first fit.
    parameters: Vec<Vec<f64>>,
    ensemble: Ensemble<K>,
}

impl<K: Kernel + Clone + Send + Sync> Surrogate<K> {
    /// A model without observations.
    ///
    /// # Errors
    /// A setting is out of range.
    pub fn new(kernel: K, settings: Settings) -> Result<Self, Error> {
        settings.inference.check()?;
        if settings.inference_points < 2 {
            return Err(Error::Setting {
                name: "inference_points",
                value: settings.inference_points as f64,
                expected: "it must be at least 2",
            });
        }
        Ok(Self {
            distances: Distances::new(kernel.depth()),
            kernel,
            scores: Vec::new(),
            parameters: Vec::new(),
            ensemble: Ensemble {
                members: Vec::new(),
                scaling: settings.standardise.scaling(&[]),
            },
            settings,
        })
    }

    /// Number of observations, n.
    #[must_use]
    pub fn len(&self) -> usize {
        self.scores.len()
    }

    /// Whether there is no observation yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.scores.is_empty()
    }

    /// The scores in the order they came.
    #[must_use]
    pub fn scores(&self) -> &[f64] {
        &self.scores
    }

    /// The distances among the observations.
    #[must_use]
    pub fn distances(&self) -> &Distances {
        &self.distances
    }

    /// The hyper-parameters of every member (log σ² in standardised units, then the kernel's log-parameters); empty before
    /// the first fit.
    #[must_use]
    pub fn parameters(&self) -> &[Vec<f64>] {
        &self.parameters
    }

    /// Adds an observation: its distances to the earlier ones, shape (d, n), and its score. O(S·n²) once fitted.
    ///
    /// # Errors
    /// The shape is wrong, a number is not finite, or a covariance cannot be factored; nothing is changed then.
    pub fn push(&mut self, distances: ArrayView2<'_, f64>, score: f64) -> Result<(), Error> {
        check_values("the score", [&score], true)?;
        let itself = Array3::zeros((distances.nrows(), 1, 1));
        let cross = distances.slice(s![.., NewAxis, ..]);
        self.extend(cross, itself.view(), &[score])
    }

    /// Adds p observations: their distances to the n earlier ones, shape (d, p, n), and to each other, shape (d, p, p), of
    /// which the part below the diagonal is read, and their scores. The same as pushing one after the other, to the last
    /// bit, but quicker.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub fn extend(
        &mut self,
        cross: ArrayView3<'_, f64>,
        among: ArrayView3<'_, f64>,
        scores: &[f64],
    ) -> Result<(), Error> {
        check_values("the scores", scores, true)?;
        check_length("the scores", "values", cross.dim().1, scores.len())?;
        // Each member by itself on one thread, as when they are built.
        let extensions = self
            .ensemble
            .members
            .par_iter()
            .map(|member| member.extension(cross, among))
            .collect::<Result<Vec<_>, _>>()?;
        self.distances.extend(cross, among)?;
        for (member, extension) in self.ensemble.members.iter_mut().zip(extensions) {
            member.covariance.extend(extension);
        }
        self.scores.extend(scores);
        self.condition();
        Ok(())
    }

    /// Replaces all observations: distances (d, n, n) and n scores. Members and hyper-parameters stay as they are, but
    /// the members are rebuilt.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub fn set_observations(
        &mut self,
        distances: ArrayView3<'_, f64>,
        scores: &[f64],
    ) -> Result<(), Error> {
        check_length("the scores", "values", distances.dim().1, scores.len())?;
        check_values("the scores", scores, true)?;
        let distances = Distances::from_stack(distances)?;
        check_length(
            "the stack of distances",
            "distance functions",
            self.kernel.depth(),
            distances.depth(),
        )?;
        let members = self.build(&self.parameters, None, &distances)?;
        self.ensemble.members = members;
        self.distances = distances;
        self.scores = scores.to_vec();
        self.condition();
        Ok(())
    }

    /// Replaces the scores of the observations, in their order: for scores that are transformed anew as more come in.
    /// O(S·n²) once fitted.
    ///
    /// # Errors
    /// Another number of scores than observations, or one that is not finite; nothing is changed then.
    pub fn set_scores(&mut self, scores: &[f64]) -> Result<(), Error> {
        check_length("the scores", "values", self.len(), scores.len())?;
        check_values("the scores", scores, true)?;
        self.scores = scores.to_vec();
        self.condition();
        Ok(())
    }

    /// Chooses hyper-parameters anew, starting from the present ones, and rebuilds the members. For n ≤ `inference_points`
    /// about 100 likelihoods, each O(n³/3 + d·n²/2); then S factorisations.
    ///
    /// # Errors
    /// There is no observation, or a covariance cannot be factored.
    pub fn refit<R: Rng + ?Sized>(&mut self, rng: &mut R) -> Result<(), Error> {
        if self.is_empty() {
            return Err(Error::NoObservations {
                operation: "fitting",
            });
        }
        let scaling = self.settings.standardise.scaling(&self.scores);
        let n = self.len();
        let used = self.settings.inference_points.min(n);
        let indices: Vec<usize> = (0..used).map(|k| (k + 1) * n / used - 1).collect();
        let subset = if used < n {
            Some(self.distances.subset(&indices))
        } else {
            None
        };
        let distances = subset.as_ref().unwrap_or(&self.distances);
        let residuals: Vec<f64> = indices
            .iter()
            .map(|&i| (self.scores[i] - scaling.centre) / scaling.scale)
            .collect();
        let target = Target {
            kernel: &self.kernel,
            distances,
            residuals: &residuals,
            priors: &self.priors(distances),
            indefinite: self.settings.indefinite,
        };
        let parameters = self
            .settings
            .inference
            .run(&target, &self.parameters, rng)?;
        self.ensemble.members = self.build(&parameters, None, &self.distances)?;
        self.parameters = parameters;
        self.condition();
        Ok(())
    }

    /// Uses these hyper-parameters, one vector a member, instead of inferring them; rebuilds the members.
    ///
    /// # Errors
    /// There is none, one has the wrong length, or a covariance cannot be factored; nothing is changed then.
    pub fn set_parameters(&mut self, parameters: Vec<Vec<f64>>) -> Result<(), Error> {
        self.take_over(parameters, None)
    }

    /// The same, where each member's covariance was last factored as a whole at so many observations
    /// ([`factored`](Self::factored)): the surrogate that these figures were taken from, to the last bit. There a new
    /// observation can have had the whole covariance clipped anew, see [`Indefinite::Tolerate`]; here that is done once at most.
    ///
    /// # Errors
    /// As [`set_parameters`](Self::set_parameters), or there are fewer observations, or not one figure a member.
    pub fn restore(&mut self, parameters: Vec<Vec<f64>>, factored: &[usize]) -> Result<(), Error> {
        check_length(
            "where covariances were factored",
            "values",
            parameters.len(),
            factored.len(),
        )?;
        if let Some(&beyond) = factored.iter().find(|&&count| count > self.len()) {
            return Err(Error::Setting {
                name: "factored",
                value: beyond as f64,
                expected: "it must not exceed the number of observations",
            });
        }
        self.take_over(parameters, Some(factored))
    }

    /// For every member the number of observations when its whole covariance was last factored.
    #[must_use]
    pub fn factored(&self) -> Vec<usize> {
        (self.ensemble.members.iter())
            .map(Posterior::factored)
            .collect()
    }

    fn take_over(
        &mut self,
        parameters: Vec<Vec<f64>>,
        factored: Option<&[usize]>,
    ) -> Result<(), Error> {
        if parameters.is_empty() {
            return Err(Error::Setting {
                name: "parameters",
                value: 0.0,
                expected: "at least one vector of hyper-parameters is needed",
            });
        }
        self.ensemble.members = self.build(&parameters, factored, &self.distances)?;
        self.parameters = parameters;
        self.condition();
        Ok(())
    }

    /// The fitted posteriors.
    ///
    /// # Errors
    /// The model has never been fitted.
    pub fn ensemble(&self) -> Result<&Ensemble<K>, Error> {
        if self.ensemble.members.is_empty() {
            Err(Error::NotFitted)
        } else {
            Ok(&self.ensemble)
        }
    }

    /// The priors in use: of log σ², then of the kernel's log-parameters, for the present distances.
    #[must_use]
    pub fn priors(&self, distances: &Distances) -> Vec<Prior> {
        let mut priors = vec![self.settings.noise];
        priors.extend(self.kernel.prior(&distances.medians()));
        priors
    }

    fn build(
        &self,
        parameters: &[Vec<f64>],
        factored: Option<&[usize]>,
        distances: &Distances,
    ) -> Result<Vec<Posterior<K>>, Error> {
        let options = Options {
            mean: 0.0,
            indefinite: self.settings.indefinite,
        };
        // Each member by itself on one thread, so that the results do not depend on how many there are.
        parameters
            .par_iter()
            .enumerate()
            .map(|(i, p)| {
                let factored = factored.map_or(distances.len(), |factored| factored[i]);
                Posterior::new(self.kernel.clone(), p, distances, factored, options)
            })
            .collect()
    }

    /// Standardises the scores and conditions every member on them.
    fn condition(&mut self) {
        let scaling = self.settings.standardise.scaling(&self.scores);
        let residuals: Vec<f64> = self
            .scores
            .iter()
            .map(|score| (score - scaling.centre) / scaling.scale)
            .collect();
        self.ensemble.scaling = scaling;
        for member in &mut self.ensemble.members {
            member.condition(&residuals);
        }
    }
}
