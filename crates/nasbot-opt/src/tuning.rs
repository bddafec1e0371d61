//! Hyper-parameters that are searched together with the architecture: what they may be.

use rand::{Rng, RngExt as _};

use crate::Counts;

/// Standard deviation of a small step, as a share of a range.
const STEP: f64 = 0.15;

/// How often a step goes anywhere instead.
const LEAP: f64 = 0.2;

/// Steps from one end of a range to the other: trainings that differ by less would be one training twice.
const STEPS: f64 = 20.0;

/// Significant digits of a number in a range.
const DIGITS: i32 = 3;

/// One hyper-parameter.
#[derive(Clone, Debug, PartialEq)]
pub enum Parameter {
    /// A number from `low` to `high`, in twenty steps.
    Range {
        /// The least.
        low: f64,
        /// The greatest, above `low`.
        high: f64,
        /// Whether ratios matter and not differences: both ends are positive then.
        log: bool,
        /// Whether it is a whole number, as both ends are.
        whole: bool,
    },
    /// One of several numbers, in ascending order: neighbours are more alike.
    Ordered {
        /// How many there are, at least 2.
        count: usize,
    },
    /// One of several things, of which none is more like another.
    Named {
        /// How many there are, at least 2.
        count: usize,
    },
}

/// One value for each hyper-parameter: a number of its range, or the place of what was chosen, from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Setting(pub Vec<f64>);

impl Parameter {
    /// Where a value lies: from 0 to 1 for what is ordered.
    fn place(&self, value: f64) -> f64 {
        match *self {
            Self::Range { low, high, log, .. } => {
                let scale = |x: f64| if log { libm::log(x) } else { x };
                (scale(value) - scale(low)) / (scale(high) - scale(low))
            }
            Self::Ordered { count } => value / (count - 1) as f64,
            Self::Named { .. } => value,
        }
    }

    /// How far two values are from each other: from 0 to 1.
    #[must_use]
    pub fn distance(&self, a: f64, b: f64) -> f64 {
        match self {
            Self::Named { .. } => f64::from(u8::from(a.total_cmp(&b).is_ne())),
            _ => (self.place(a) - self.place(b)).abs(),
        }
    }

    /// Whether it can have this value.
    #[must_use]
    pub fn allows(&self, value: f64) -> bool {
        match *self {
            Self::Range {
                low, high, whole, ..
            } => (low..=high).contains(&value) && (!whole || value.fract().abs() < f64::EPSILON),
            Self::Ordered { count } | Self::Named { count } => {
                (0..count).any(|place| (place as f64).total_cmp(&value).is_eq())
            }
        }
    }

    /// The value at the step nearest to a place from 0 to 1: of a range; the place itself of all else.
    fn at(&self, place: f64) -> f64 {
        let Self::Range {
            low,
            high,
            log,
            whole,
        } = *self
        else {
            return place;
        };
        let place = (place.clamp(0.0, 1.0) * STEPS).round() / STEPS;
        let value = match log {
            true => libm::exp(libm::log(low) + place * (libm::log(high) - libm::log(low))),
            false => low + place * (high - low),
        };
        let value = if whole { value.round() } else { rounded(value) };
        value.clamp(low, high)
    }

    /// The value as counts, of which two are as far from each other as the values are.
    pub(crate) fn count(&self, value: f64) -> Counts {
        match self {
            // Two that differ have two parts that differ.
            Self::Named { .. } => Counts::weighted([(value as u64, 0.5)]),
            _ => Counts::weighted([(0, self.place(value))]),
        }
    }

    /// Any value, all alike.
    pub(crate) fn sample<R: Rng + ?Sized>(&self, rng: &mut R) -> f64 {
        match *self {
            Self::Range { .. } => self.at(rng.random::<f64>()),
            Self::Ordered { count } | Self::Named { count } => rng.random_range(0..count) as f64,
        }
    }

    /// Another value, most often one nearby; the same where that draw led nowhere.
    pub(crate) fn step<R: Rng + ?Sized>(&self, value: f64, rng: &mut R) -> f64 {
        let leaps = rng.random_bool(LEAP);
        match *self {
            Self::Range { .. } if !leaps => {
                // Twelve uniform numbers add up to nearly a normal one.
                let normal = (0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0;
                self.at(self.place(value) + STEP * normal)
            }
            Self::Ordered { count } if !leaps => {
                let by = if rng.random_bool(0.5) { 1.0 } else { -1.0 };
                (value + by).clamp(0.0, (count - 1) as f64)
            }
            _ => self.sample(rng),
        }
    }

    /// The nearest other values, where they can be listed.
    pub(crate) fn neighbours(&self, value: f64) -> Vec<f64> {
        let others: Vec<f64> = match *self {
            Self::Range { .. } => {
                let place = self.place(value);
                [place - STEP, place + STEP].map(|p| self.at(p)).to_vec()
            }
            Self::Ordered { count } => {
                let last = (count - 1) as f64;
                [value - 1.0, value + 1.0]
                    .map(|v| v.clamp(0.0, last))
                    .to_vec()
            }
            Self::Named { count } => (0..count).map(|place| place as f64).collect(),
        };
        let is_other = |other: &f64| other.total_cmp(&value).is_ne();
        others.into_iter().filter(is_other).collect()
    }
}

/// In three significant digits.
fn rounded(value: f64) -> f64 {
    if value.abs() < f64::MIN_POSITIVE {
        return 0.0;
    }
    let digits = DIGITS - 1 - libm::floor(libm::log10(value.abs())) as i32;
    // By division where the power is negative, so that 0.0132 is the number that is written so.
    match digits {
        0.. => {
            let power = 10_f64.powi(digits);
            (value * power).round() / power
        }
        _ => {
            let power = 10_f64.powi(-digits);
            (value / power).round() * power
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng as _;
    use rand_pcg::Pcg64;

    fn parameters() -> Vec<Parameter> {
        let range = |low, high, log, whole| Parameter::Range {
            low,
            high,
            log,
            whole,
        };
        vec![
            range(1e-3, 0.3, true, false),
            range(0.0, 0.9, false, false),
            range(16.0, 512.0, true, true),
            Parameter::Ordered { count: 3 },
            Parameter::Named { count: 4 },
        ]
    }

    #[test]
    fn draws_and_steps_stay_within_and_reach_everything() {
        let mut rng = Pcg64::seed_from_u64(1);
        for parameter in parameters() {
            let mut value = parameter.sample(&mut rng);
            let mut far = 0.0_f64;
            let from = value;
            let mut moved = 0;
            for _ in 0..2000 {
                let next = parameter.step(value, &mut rng);
                assert!(parameter.allows(next), "{parameter:?}: {next}");
                assert!(parameter.allows(parameter.sample(&mut rng)));
                moved += usize::from(next.total_cmp(&value).is_ne());
                for other in parameter.neighbours(next) {
                    assert!(parameter.allows(other) && other.total_cmp(&next).is_ne());
                }
                value = next;
                far = far.max(parameter.distance(from, value));
            }
            assert!(moved > 900, "{parameter:?}: {moved}");
            assert!(far > 0.45, "{parameter:?}: {far}");
        }
    }

    #[test]
    fn distances_are_shares_of_the_range() {
        let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-12, "{a} {b}");
        let all = parameters();
        near(all[0].distance(1e-3, 0.3), 1.0);
        near(all[0].distance(0.003, 0.03), 10_f64.ln() / 300_f64.ln());
        near(all[1].distance(0.9, 0.45), 0.5);
        near(all[3].distance(0.0, 1.0), 0.5);
        near(all[4].distance(0.0, 3.0), 1.0);
        near(all[4].distance(2.0, 2.0), 0.0);
        assert!(!all[0].allows(0.31) && !all[2].allows(16.5) && !all[3].allows(0.5));
    }

    #[test]
    fn numbers_have_three_digits() {
        for (value, expected) in [
            (0.013_249, 0.0132),
            (0.000_999_6, 0.001),
            (123_456.0, 123_000.0),
            (0.0, 0.0),
            (2.5, 2.5),
        ] {
            assert_eq!(rounded(value).to_string(), expected.to_string());
        }
    }
}
