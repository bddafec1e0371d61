//! Rungs: the places at which a training may stop, and how many trainings go on from each.
//!
//! Li, Jamieson, Rostamizadeh, Gonina, Hardt, Recht and Talwalkar, *A System for Massively Parallel Hyperparameter
//! Tuning* (2020, arXiv 1810.05934), algorithm 2, asynchronous successive halving: a training stops at each rung, and
//! the best 1/η of those that have reached a rung go on to the next one, as soon as that is so. No training waits for a
//! rung to fill.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Error;

/// A rung of a training, counted from 0, the first one at which it stops. The last rung is the end of the training.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Rung(u32);

impl Rung {
    /// The rung with this number, counted from 0.
    #[must_use]
    pub fn new(number: u32) -> Self {
        Self(number)
    }

    /// Its number, counted from 0.
    #[must_use]
    pub fn number(self) -> u32 {
        self.0
    }

    /// Its number as an index.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }

    /// The rung after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Rung {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How many rungs a training has, and which share of the trainings on a rung goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Halving {
    last: Rung,
    factor: usize,
    /// Of how many that have reached the rung of those that inherit one goes on, where there is such a rung.
    inheriting: Option<usize>,
}

impl Halving {
    /// The most rungs that a training may have.
    pub const MOST_RUNGS: usize = 64;

    /// Trainings with one rung, their end: none stops early.
    #[must_use]
    pub fn off() -> Self {
        Self {
            last: Rung(0),
            factor: 2,
            inheriting: None,
        }
    }

    /// Trainings that stop at `rungs` rungs, their end included; one in `factor` (η) goes on from each.
    ///
    /// # Errors
    ///
    /// [`Error::Setting`] unless there are two to [`Halving::MOST_RUNGS`] rungs and `factor` is at least 2.
    pub fn new(rungs: usize, factor: usize) -> Result<Self, Error> {
        let last = u32::try_from(rungs).ok().and_then(|n| n.checked_sub(1));
        let last = last.filter(|&last| last > 0 && rungs <= Self::MOST_RUNGS);
        let last = last.ok_or_else(|| Error::Setting {
            name: "rungs",
            value: rungs.to_string(),
            requirement: "a training that stops early has two to 64 rungs, its end included",
        })?;
        if factor < 2 {
            return Err(Error::Setting {
                name: "factor",
                value: factor.to_string(),
                requirement: "it must be at least 2",
            });
        }
        Ok(Self {
            last: Rung(last),
            factor,
            inheriting: None,
        })
    }

    /// These rungs, and one before the first of them: that of a short training which begins with what another one has learnt. It says
    /// less of the end than a training from nothing does, and is the cheaper for it; one in `factor` is followed by a training from
    /// nothing, to the next rung. What has nothing to inherit begins there ([`Search::begin_at`](crate::Search::begin_at)).
    ///
    /// # Errors
    ///
    /// [`Error::Setting`] unless `factor` is at least 2, and there are at most [`Halving::MOST_RUNGS`] rungs then.
    pub fn inheriting(self, factor: usize) -> Result<Self, Error> {
        let requirement = match (self.inheriting, self.rungs() < Self::MOST_RUNGS) {
            (None, true) if factor >= 2 => {
                return Ok(Self {
                    last: self.last.next(),
                    inheriting: Some(factor),
                    ..self
                });
            }
            (None, true) => "it must be at least 2",
            _ => "there are at most 64 rungs, and one at the most for trainings that inherit",
        };
        Err(Error::Setting {
            name: "factor",
            value: factor.to_string(),
            requirement,
        })
    }

    /// The first rung of a training from nothing.
    #[must_use]
    pub fn first(self) -> Rung {
        match self.inheriting {
            Some(_) => Rung(1),
            None => Rung(0),
        }
    }

    /// The last rung, the end of a training.
    #[must_use]
    pub fn last(self) -> Rung {
        self.last
    }

    /// The number of rungs, the end of a training included.
    #[must_use]
    pub fn rungs(self) -> usize {
        self.last.index() + 1
    }

    /// One training in so many goes on from a rung.
    #[must_use]
    pub fn factor(self, rung: Rung) -> usize {
        (self.inheriting)
            .filter(|_| rung < self.first())
            .unwrap_or(self.factor)
    }
}
