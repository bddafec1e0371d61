//! Sums of exponentials of weighted distances: the kernels of the paper.

use std::fmt;

use super::Kernel;
use super::exp::exp_of_negative;
use crate::error::Error;
use crate::prior::Prior;

/// Pairs are taken this many at a time, so that the working arrays stay in the first-level cache.
const BLOCK: usize = 512;

/// The kernels of the paper (§4; arXiv 1802.07191), for a stack of distances that alternates between a raw distance dᵢ and
/// its normalised form d̄ᵢ: raw₁, normalised₁, raw₂, normalised₂, …
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Form {
    /// α₁ exp(−Σ βᵢ dᵢ) + α₂ exp(−Σ β̄ᵢ d̄ᵢ²): the paper's choice.
    #[default]
    Sum,
    /// α exp(−Σ βᵢ dᵢ − Σ β̄ᵢ d̄ᵢ²).
    Product,
    /// α exp(−Σ βᵢ dᵢ).
    Raw,
    /// α exp(−Σ β̄ᵢ d̄ᵢ²).
    Normalised,
}

impl Form {
    /// Every form.
    pub const ALL: [Self; 4] = [Self::Sum, Self::Product, Self::Raw, Self::Normalised];

    /// Its name: `sum`, `product`, `raw`, `normalised`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sum => "sum",
            Self::Product => "product",
            Self::Raw => "raw",
            Self::Normalised => "normalised",
        }
    }

    /// The kernel of this form over `pairs` pairs of a raw and a normalised distance (so its depth is 2·`pairs`).
    ///
    /// Order of the parameters: log α (two for the sum), then log β in the order of the distances used.
    #[must_use]
    pub fn kernel(self, pairs: usize) -> Exponential {
        let distances = 0..2 * pairs;
        let power = |i: &usize| if i.is_multiple_of(2) { 1 } else { 2 };
        let factors = distances.map(|i| {
            let term = match self {
                Self::Sum => i % 2,
                _ => 0,
            };
            Factor {
                distance: i,
                power: power(&i),
                term,
            }
        });
        let kept = |f: &Factor| match self {
            Self::Sum | Self::Product => true,
            Self::Raw => f.power == 1,
            Self::Normalised => f.power == 2,
        };
        Exponential {
            depth: 2 * pairs,
            terms: if self == Self::Sum { 2 } else { 1 },
            factors: factors.filter(kept).collect(),
        }
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One distance inside one exponent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Factor {
    distance: usize,
    power: u32,
    term: usize,
}

/// k(d) = Σₜ αₜ exp(−Σᵢ βᵢ dᵢ^pᵢ), each distance in at most one term.
///
/// One exponential a term and pair, whatever the number of distances: O(pairs · (d + terms)).
///
/// ```
/// use gp::{Exponential, Form, Kernel};
///
/// // The paper's sum over two raw and two normalised distances …
/// let kernel = Form::Sum.kernel(2);
/// assert_eq!((kernel.depth(), kernel.num_parameters()), (4, 6));
/// // … and the same built by hand: two terms, each a list of (distance, power).
/// let by_hand = Exponential::new(4, &[&[(0, 1), (2, 1)], &[(1, 2), (3, 2)]])?;
/// assert_eq!(kernel, by_hand);
///
/// let parameters = [0.8, 0.5, 0.1, 0.3, 0.2, 0.6].map(f64::ln);
/// let mut k = [0.0];
/// kernel.evaluate(&parameters, &[&[1.0], &[0.5], &[2.0], &[0.1]], &mut k);
/// let expected = 0.8 * (-0.1 - 0.4f64).exp() + 0.5 * (-0.3 * 0.25 - 0.6 * 0.01f64).exp();
/// assert!((k[0] - expected).abs() < 1e-15);
/// # Ok::<(), gp::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exponential {
    depth: usize,
    terms: usize,
    /// In ascending order of the distances.
    factors: Vec<Factor>,
}

impl Exponential {
    /// A kernel over `depth` distances with the given terms, each a list of (distance, power).
    ///
    /// Order of the parameters: log α of every term, then log β in ascending order of the distances used.
    ///
    /// # Errors
    /// A distance is not below `depth` or appears twice, or a power is 0.
    pub fn new(depth: usize, terms: &[&[(usize, u32)]]) -> Result<Self, Error> {
        let mut factors: Vec<Factor> = terms
            .iter()
            .enumerate()
            .flat_map(|(term, list)| {
                list.iter().map(move |&(distance, power)| Factor {
                    distance,
                    power,
                    term,
                })
            })
            .collect();
        factors.sort_by_key(|f| f.distance);
        let wrong = |name, value: usize, expected| Error::Setting {
            name,
            value: value as f64,
            expected,
        };
        for (i, f) in factors.iter().enumerate() {
            if f.distance >= depth {
                return Err(wrong("distance", f.distance, "it must be below the depth"));
            }
            if i > 0 && factors[i - 1].distance == f.distance {
                return Err(wrong("distance", f.distance, "each may appear once only"));
            }
            if f.power == 0 {
                return Err(wrong("power", 0, "it must be at least 1"));
            }
        }
        Ok(Self {
            depth,
            terms: terms.len(),
            factors,
        })
    }

    /// Σᵢ βᵢ dᵢ^pᵢ of one term over one block of pairs, into `sum`; `scales` are the βᵢ.
    fn exponent(
        &self,
        term: usize,
        scales: &[f64],
        distances: &[&[f64]],
        from: usize,
        sum: &mut [f64],
    ) {
        sum.fill(0.0);
        let factors = self.factors.iter().zip(scales);
        for (factor, &scale) in factors.filter(|(f, _)| f.term == term) {
            let d = &distances[factor.distance][from..][..sum.len()];
            match factor.power {
                1 => sum.iter_mut().zip(d).for_each(|(s, d)| *s += scale * d),
                2 => sum.iter_mut().zip(d).for_each(|(s, d)| *s += scale * d * d),
                p => sum
                    .iter_mut()
                    .zip(d)
                    .for_each(|(s, d)| *s += scale * d.powi(p.cast_signed())),
            }
        }
    }
}

impl Kernel for Exponential {
    fn depth(&self) -> usize {
        self.depth
    }

    fn num_parameters(&self) -> usize {
        self.terms + self.factors.len()
    }

    fn evaluate(&self, parameters: &[f64], distances: &[&[f64]], out: &mut [f64]) {
        let positive: Vec<f64> = parameters.iter().copied().map(libm::exp).collect();
        let (alphas, betas) = positive.split_at(self.terms);
        let mut sum = [0.0; BLOCK];
        for (block, out) in out.chunks_mut(BLOCK).enumerate() {
            let sum = &mut sum[..out.len()];
            out.fill(0.0);
            for (term, &alpha) in alphas.iter().enumerate() {
                self.exponent(term, betas, distances, block * BLOCK, sum);
                for (k, s) in out.iter_mut().zip(&*sum) {
                    *k += alpha * exp_of_negative(*s);
                }
            }
        }
    }

    fn add_gradient(
        &self,
        parameters: &[f64],
        distances: &[&[f64]],
        weights: &[f64],
        gradient: &mut [f64],
    ) {
        let positive: Vec<f64> = parameters.iter().copied().map(libm::exp).collect();
        let (alphas, betas) = positive.split_at(self.terms);
        let mut weighted = [0.0; BLOCK];
        let mut powers = [0.0; BLOCK];
        for (block, weights) in weights.chunks(BLOCK).enumerate() {
            let weighted = &mut weighted[..weights.len()];
            let powers = &mut powers[..weights.len()];
            let from = block * BLOCK;
            for (term, &alpha) in alphas.iter().enumerate() {
                self.exponent(term, betas, distances, from, weighted);
                // From here on: weight × the term's value, which is also its derivative by log α.
                for (s, w) in weighted.iter_mut().zip(weights) {
                    *s = w * alpha * exp_of_negative(*s);
                }
                gradient[term] += weighted.iter().sum::<f64>();
                for (i, factor) in self.factors.iter().enumerate() {
                    if factor.term != term {
                        continue;
                    }
                    let d = &distances[factor.distance][from..][..weights.len()];
                    for (x, d) in powers.iter_mut().zip(d) {
                        *x = d.powi(factor.power.cast_signed());
                    }
                    gradient[self.terms + i] -= betas[i] * crate::statistics::dot(weighted, powers);
                }
            }
        }
    }

    /// α shares the unit variance among the terms, within a factor e (one standard deviation). β makes each distance of a
    /// term contribute its share of an exponent of 1/4 at the typical distance, within a factor e^1.5.
    fn prior(&self, typical: &[f64]) -> Vec<Prior> {
        let alphas = (0..self.terms).map(|_| Prior::log_normal(1.0 / self.terms as f64, 1.0));
        let betas = self.factors.iter().map(|f| {
            let share = self.factors.iter().filter(|g| g.term == f.term).count() as f64;
            let power = typical[f.distance].powi(f.power.cast_signed());
            // Every distance 0: the parameter has no effect, any scale will do.
            let power = if power > 0.0 { power } else { 1.0 };
            Prior::log_normal(0.25 / (share * power), 1.5)
        });
        alphas.chain(betas).collect()
    }
}
