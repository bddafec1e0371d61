//! Asynchronous successive halving: which trainings go on, and how far.
//!
//! Li, Jamieson, Rostamizadeh, Gonina, Hardt, Recht and Talwalkar, *A System for Massively Parallel Hyperparameter
//! Tuning* (2020, arXiv 1810.05934), algorithm 2: a training stops at each rung; whoever is among the best 1/η of those
//! that have reached a rung goes on to the next, as soon as that is so. Nobody waits for a rung to fill.
//!
//! Who is best is said by the scores of the rung ([`Halving::next`]), or by somebody who knows more than these
//! ([`Halving::vacancy`]): a search with a surrogate, which also sees who went on and what came of it.

use std::collections::BTreeSet;

use crate::Error;

/// The rungs of a search, and who stands where. Decisions are a function of what was recorded, in its order.
#[derive(Clone, Debug)]
pub struct Halving {
    /// One entry a rung, the last of which is the end of a training.
    rungs: Vec<Rung>,
    factor: usize,
}

#[derive(Clone, Debug)]
struct Rung {
    /// How far a training has come here: epochs.
    until: u32,
    /// Who has reached it, with its score there, in the order of arrival.
    reached: Vec<(u64, f64)>,
    /// Who of these has gone on.
    promoted: BTreeSet<u64>,
}

/// A training that goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Promotion {
    /// The evaluation.
    pub id: u64,
    /// The rung that it stands on.
    pub from: usize,
    /// Epochs done at the end of its next part.
    pub until: u32,
}

/// A place on a higher rung that somebody may choose whom to give to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vacancy {
    /// The rung below it.
    pub from: usize,
    /// Epochs done at the end of the next part.
    pub until: u32,
    /// Who stands on the rung below and has not gone on, the best score there first.
    pub candidates: Vec<u64>,
}

impl Halving {
    /// Trainings that stop after each of `rungs` epochs, the last being their end; the best 1/`factor` go on.
    ///
    /// # Errors
    ///
    /// [`Error::Setting`] unless `rungs` are at least two, rise, and begin above 0, and `factor` is at least 2.
    pub fn new(rungs: &[u32], factor: usize) -> Result<Self, Error> {
        let rise = rungs.windows(2).all(|pair| pair[0] < pair[1]);
        if rungs.len() < 2 || !rise || rungs[0] == 0 {
            return Err(Error::Setting {
                name: "rungs",
                value: format!("{rungs:?}"),
                requirement: "they must be rising numbers of epochs, the first at least 1 and the last below the training's",
            });
        }
        if factor < 2 {
            return Err(Error::Setting {
                name: "factor",
                value: factor.to_string(),
                requirement: "it must be at least 2",
            });
        }
        let rung = |&until: &u32| Rung {
            until,
            reached: Vec::new(),
            promoted: BTreeSet::new(),
        };
        Ok(Self {
            rungs: rungs.iter().map(rung).collect(),
            factor,
        })
    }

    /// Epochs done at the first rung, where every training stops.
    #[must_use]
    pub fn first(&self) -> u32 {
        self.rungs[0].until
    }

    /// Epochs done at the last rung, the end of a training.
    #[must_use]
    pub fn last(&self) -> u32 {
        self.rungs[self.rungs.len() - 1].until
    }

    /// The rung that a training of so many epochs has reached, counted from 0: the highest one at or below; 0 below the
    /// first.
    #[must_use]
    pub fn rung(&self, epochs: u32) -> usize {
        let reached = self.rungs.iter().filter(|rung| rung.until <= epochs);
        reached.count().saturating_sub(1)
    }

    /// How many rungs there are, the end of a training included.
    #[must_use]
    pub fn rungs(&self) -> usize {
        self.rungs.len()
    }

    /// Epochs done at the rung after the one of `until` epochs; `None` from the last one on.
    #[must_use]
    pub fn after(&self, until: u32) -> Option<u32> {
        let next = self.rungs.iter().find(|rung| rung.until > until);
        next.map(|rung| rung.until)
    }

    /// Records that `id` has come `until` epochs far, with this score. Higher is better; what is no rung counts as the
    /// highest one below.
    pub fn reach(&mut self, id: u64, until: u32, score: f64) {
        let rung = self.rungs.iter_mut().rev().find(|rung| rung.until <= until);
        if let Some(rung) = rung
            && rung.reached.iter().all(|&(known, _)| known != id)
        {
            rung.reached.push((id, score));
        }
    }

    /// Records that `id` has gone on from the rung of `until` epochs.
    pub fn promote(&mut self, id: u64, until: u32) {
        if let Some(rung) = self.rungs.iter_mut().find(|rung| rung.until == until) {
            rung.promoted.insert(id);
        }
    }

    /// The training that should go on now, from the highest rung that has one, and there the best. It goes on until
    /// [`Halving::promote`] says that it has.
    #[must_use]
    pub fn next(&self) -> Option<Promotion> {
        let rungs = self.rungs.iter().zip(&self.rungs[1..]).enumerate();
        rungs.rev().find_map(|(from, (rung, next))| {
            let share = rung.reached.len() / self.factor;
            let best = rung.ranked().into_iter().take(share);
            best.map(|(id, _)| id)
                .find(|id| !rung.promoted.contains(id))
                .map(|id| Promotion {
                    id,
                    from,
                    until: next.until,
                })
        })
    }

    /// The highest rung from which fewer than one in `factor` of those that reached it have gone on. Whoever is chosen,
    /// as many go on from each rung as its share.
    #[must_use]
    pub fn vacancy(&self) -> Option<Vacancy> {
        let rungs = self.rungs.iter().zip(&self.rungs[1..]).enumerate();
        let mut open = rungs
            .rev()
            .filter(|(_, (rung, _))| rung.promoted.len() < rung.reached.len() / self.factor);
        open.next().map(|(from, (rung, next))| Vacancy {
            from,
            until: next.until,
            candidates: (rung.ranked().into_iter())
                .map(|(id, _)| id)
                .filter(|id| !rung.promoted.contains(id))
                .collect(),
        })
    }

    /// Whom to let go on where no share is large enough yet but somebody must reach the end: the best of the highest
    /// rung that has anybody. `None` once somebody has reached the last rung, or nobody any.
    #[must_use]
    pub fn leader(&self) -> Option<Promotion> {
        let (last, below) = self.rungs.split_last()?;
        if !last.reached.is_empty() {
            return None;
        }
        let rungs = below.iter().enumerate().rev();
        let mut taken = rungs.map(|(from, rung)| {
            let open = rung.ranked().into_iter().map(|(id, _)| id);
            let id = open.into_iter().find(|id| !rung.promoted.contains(id));
            id.map(|id| (id, from))
        });
        taken.find_map(|place| {
            place.map(|(id, from)| Promotion {
                id,
                from,
                until: self.rungs[from + 1].until,
            })
        })
    }
}

impl Rung {
    /// Who has reached the rung, the best first and of equals the earliest.
    fn ranked(&self) -> Vec<(u64, f64)> {
        let mut ranked = self.reached.clone();
        ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
        ranked
    }
}
