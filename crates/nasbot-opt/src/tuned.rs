//! A space whose candidates are those of another one, each with a setting of hyper-parameters.

use rand::{Rng, RngExt as _};

use crate::tuning::{Parameter, Setting};
use crate::{Counts, Distance, Error, Space};

/// How often a mutation leaves the setting as it is, …
const ARCHITECTURE: f64 = 0.5;

/// … and how often it leaves the architecture as it is; else both change.
const HYPER_PARAMETERS: f64 = 0.35;

/// A space `S` together with hyper-parameters of the evaluation: searched jointly, since another learning rate suits another network.
///
/// A candidate is one of `S` with a [`Setting`]. The distance has a function more for each hyper-parameter, and the counts a part for each,
/// so that the surrogate learns what each is worth, together with the architecture and by itself. Mutations touch either or both. The first
/// of the initial candidates have the usual setting and one drawn at random in turn.
///
/// Without hyper-parameters it is `S` itself: the same candidates in the same order.
#[derive(Clone, Debug)]
pub struct Tuned<S> {
    space: S,
    parameters: Vec<Parameter>,
    usual: Setting,
}

/// A candidate with the setting with which it is evaluated.
#[derive(Clone, Debug, PartialEq)]
pub struct Setup<C> {
    /// The candidate.
    pub candidate: C,
    /// One value for each hyper-parameter.
    pub setting: Setting,
}

/// A candidate with its setting, as a point.
#[derive(Clone, Debug)]
pub struct TunedPoint<P> {
    place: P,
    setting: Setting,
}

impl<S> Tuned<S> {
    /// A space with hyper-parameters, of which `usual` is the setting to begin with.
    ///
    /// # Errors
    ///
    /// [`Error::Space`] for hyper-parameters with nothing to choose, and for a setting that they do not allow.
    pub fn new(space: S, parameters: Vec<Parameter>, usual: Setting) -> Result<Self, Error> {
        let wrong = |problem: String| Err(Error::Space { problem });
        for (place, parameter) in parameters.iter().enumerate() {
            let is_empty = match *parameter {
                Parameter::Range { low, high, log, .. } => {
                    let is_finite = low.is_finite() && high.is_finite();
                    !(is_finite && low < high) || (log && low <= 0.0)
                }
                Parameter::Ordered { count } | Parameter::Named { count } => count < 2,
            };
            if is_empty {
                return wrong(format!(
                    "hyper-parameter {place} has nothing to choose: {parameter:?}"
                ));
            }
        }
        let space = Self {
            space,
            parameters,
            usual,
        };
        if !space.is_setting(&space.usual) {
            return wrong(format!(
                "the usual setting {:?} is none of the hyper-parameters'",
                space.usual.0
            ));
        }
        Ok(space)
    }

    /// The space without hyper-parameters.
    #[must_use]
    pub fn plain(space: S) -> Self {
        Self {
            space,
            parameters: Vec::new(),
            usual: Setting::default(),
        }
    }

    /// The space of the candidates without their settings.
    #[must_use]
    pub fn inner(&self) -> &S {
        &self.space
    }

    /// The setting to begin with.
    #[must_use]
    pub fn usual(&self) -> &Setting {
        &self.usual
    }

    /// A candidate with the usual setting.
    pub fn with_usual<C>(&self, candidate: C) -> Setup<C> {
        Setup {
            candidate,
            setting: self.usual.clone(),
        }
    }

    fn is_setting(&self, setting: &Setting) -> bool {
        setting.0.len() == self.parameters.len()
            && (self.parameters.iter().zip(&setting.0)).all(|(p, &value)| p.allows(value))
    }

    fn draw<R: Rng + ?Sized>(&self, rng: &mut R) -> Setting {
        let values = self.parameters.iter().map(|p| p.sample(rng));
        Setting(values.collect())
    }

    /// The setting with one hyper-parameter at another value.
    fn step<R: Rng + ?Sized>(&self, setting: &Setting, rng: &mut R) -> Setting {
        let mut setting = setting.clone();
        let which = rng.random_range(0..self.parameters.len());
        setting.0[which] = self.parameters[which].step(setting.0[which], rng);
        setting
    }
}

impl<S: Space> Space for Tuned<S> {
    type Candidate = Setup<S::Candidate>;
    type Point = TunedPoint<S::Point>;

    fn initial<R: Rng + ?Sized>(&self, rng: &mut R) -> Vec<Self::Candidate> {
        let candidates = self.space.initial(rng).into_iter().enumerate();
        let setups = candidates.map(|(place, candidate)| Setup {
            candidate,
            setting: match place % 2 {
                0 => self.usual.clone(),
                _ => self.draw(rng),
            },
        });
        setups.collect()
    }

    fn mutate<R: Rng + ?Sized>(
        &self,
        parent: &Self::Candidate,
        rng: &mut R,
    ) -> Option<Self::Candidate> {
        let kind = match self.parameters.is_empty() {
            true => 0.0,
            false => rng.random::<f64>(),
        };
        let moves_setting = kind >= ARCHITECTURE;
        let moves_candidate = !(ARCHITECTURE..ARCHITECTURE + HYPER_PARAMETERS).contains(&kind);
        Some(Setup {
            candidate: match moves_candidate {
                true => self.space.mutate(&parent.candidate, rng)?,
                false => parent.candidate.clone(),
            },
            setting: match moves_setting {
                true => self.step(&parent.setting, rng),
                false => parent.setting.clone(),
            },
        })
    }

    /// That of the candidate alone where there are no hyper-parameters.
    fn hash(&self, setup: &Self::Candidate) -> u128 {
        let hash = self.space.hash(&setup.candidate);
        setup.setting.0.iter().fold(hash, |hash, value| {
            // The multiplier of a 128-bit FNV hash.
            (hash ^ u128::from(value.to_bits())).wrapping_mul(0x0100_0000_0000_0000_0000_013b)
        })
    }

    fn allows(&self, setup: &Self::Candidate) -> bool {
        self.is_setting(&setup.setting) && self.space.allows(&setup.candidate)
    }

    fn point(&self, setup: &Self::Candidate) -> Result<Self::Point, Error> {
        if setup.setting.0.len() != self.parameters.len() {
            return Err(Error::Candidate {
                reason: format!(
                    "its setting has {} values for {} hyper-parameters",
                    setup.setting.0.len(),
                    self.parameters.len()
                ),
            });
        }
        Ok(TunedPoint {
            place: self.space.point(&setup.candidate)?,
            setting: setup.setting.clone(),
        })
    }

    fn num_distances(&self) -> usize {
        self.space.num_distances() + self.parameters.len()
    }

    fn distances(
        &self,
        from: &Self::Point,
        to: &[&Self::Point],
        out: &mut [Distance],
    ) -> Result<(), Error> {
        let places: Vec<&S::Point> = to.iter().map(|point| &point.place).collect();
        if self.parameters.is_empty() {
            return self.space.distances(&from.place, &places, out);
        }
        let own = self.space.num_distances();
        let mut distances = vec![Distance::default(); own * to.len()];
        self.space.distances(&from.place, &places, &mut distances)?;
        let rows = out.chunks_exact_mut(self.num_distances());
        for ((out, distances), to) in rows.zip(distances.chunks_exact(own)).zip(to) {
            let (first, rest) = out.split_at_mut(own);
            first.copy_from_slice(distances);
            let values = from.setting.0.iter().zip(&to.setting.0);
            for ((out, (&a, &b)), parameter) in rest.iter_mut().zip(values).zip(&self.parameters) {
                let raw = parameter.distance(a, b);
                *out = Distance {
                    raw,
                    normalised: raw,
                };
            }
        }
        Ok(())
    }

    fn counts(&self, setup: &Self::Candidate) -> Vec<Counts> {
        let mut counts = self.space.counts(&setup.candidate);
        if !counts.is_empty() {
            counts.extend(
                (self.parameters.iter().zip(&setup.setting.0)).map(|(p, &value)| p.count(value)),
            );
        }
        counts
    }

    fn sizes(&self, setup: &Self::Candidate) -> Vec<f64> {
        self.space.sizes(&setup.candidate)
    }

    fn known(&self, setup: &Self::Candidate) -> Vec<f64> {
        self.space.known(&setup.candidate)
    }

    fn sample<R: Rng + ?Sized>(&self, rng: &mut R) -> Option<Self::Candidate> {
        Some(Setup {
            candidate: self.space.sample(rng)?,
            setting: self.draw(rng),
        })
    }

    fn neighbours(&self, setup: &Self::Candidate) -> Option<Vec<Self::Candidate>> {
        let others = self.space.neighbours(&setup.candidate)?.into_iter();
        let mut all: Vec<Self::Candidate> = others
            .map(|candidate| Setup {
                candidate,
                setting: setup.setting.clone(),
            })
            .collect();
        for (which, parameter) in self.parameters.iter().enumerate() {
            for value in parameter.neighbours(setup.setting.0[which]) {
                let mut other = setup.clone();
                other.setting.0[which] = value;
                all.push(other);
            }
        }
        Some(all)
    }
}
