//! Which evaluations have reached which rung, and which of them should go on.
//!
//! Which one goes on is decided by the scores of the rung ([`Ladder::best`]), or by a surrogate ([`Ladder::vacancy`]),
//! which also knows what became of those that went on.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::{Halving, Rung};

/// An `f64` in the order of `total_cmp`.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Ordered(f64);

impl Eq for Ordered {}

impl Ord for Ordered {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl PartialOrd for Ordered {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// The evaluations on one rung.
#[derive(Clone, Debug)]
struct Step {
    /// One in so many of them goes on.
    factor: usize,
    /// Each evaluation that has reached the rung and whether it has gone on: the best score first, of equals the earliest.
    ranked: BTreeMap<(Reverse<Ordered>, usize), (u64, bool)>,
    /// How many of these have gone on.
    gone_on: usize,
}

/// All rungs but the last, from which no evaluation goes on, and whether any has reached that one.
#[derive(Clone, Debug)]
pub(crate) struct Ladder {
    steps: Vec<Step>,
    /// Whether an evaluation has reached the last rung.
    is_topped: bool,
}

/// A place on a higher rung that is free.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Vacancy {
    /// The rung below it.
    pub(crate) from: Rung,
    /// The evaluations that stand on that rung and have not gone on, the best score first.
    pub(crate) candidates: Vec<u64>,
}

impl Ladder {
    pub(crate) fn new(halving: Halving) -> Self {
        let step = |number| Step {
            factor: halving.factor(Rung::new(number)),
            ranked: BTreeMap::new(),
            gone_on: 0,
        };
        Self {
            steps: (0..halving.last().number()).map(step).collect(),
            is_topped: false,
        }
    }

    /// Records that an evaluation has reached a rung.
    pub(crate) fn reach(&mut self, id: u64, rung: Rung, score: f64) {
        match self.steps.get_mut(rung.index()) {
            Some(step) => {
                let arrival = step.ranked.len();
                step.ranked
                    .insert((Reverse(Ordered(score)), arrival), (id, false));
            }
            None => self.is_topped = true,
        }
    }

    /// Records that an evaluation has gone on from a rung.
    pub(crate) fn go_on(&mut self, id: u64, from: Rung) {
        let Some(step) = self.steps.get_mut(from.index()) else {
            return;
        };
        let open = step
            .ranked
            .values_mut()
            .find(|entry| **entry == (id, false));
        if let Some((_, gone_on)) = open {
            *gone_on = true;
            step.gone_on += 1;
        }
    }

    /// The evaluation that should go on by the scores of its rung: of the highest rung that has one among its best
    /// 1/η, the best, with that rung.
    pub(crate) fn best(&self) -> Option<(u64, Rung)> {
        self.rungs().rev().find_map(|(rung, step)| {
            let share = step.share();
            let best = step.ranked.values().take(share);
            let open = best.filter(|(_, gone_on)| !gone_on);
            open.map(|&(id, _)| (id, rung)).next()
        })
    }

    /// The highest rung from which fewer than one in η of those that reached it have gone on.
    pub(crate) fn vacancy(&self) -> Option<Vacancy> {
        let (from, step) = self
            .rungs()
            .rev()
            .find(|(_, step)| step.gone_on < step.share())?;
        Some(Vacancy {
            from,
            candidates: step.open().collect(),
        })
    }

    /// The evaluation that goes on where no share is large enough yet but one must reach the end: the best of the
    /// highest rung that has any. `None` once one has reached the last rung, or while none has reached any.
    pub(crate) fn leader(&self) -> Option<(u64, Rung)> {
        if self.is_topped {
            return None;
        }
        let mut rungs = self.rungs().rev();
        rungs.find_map(|(rung, step)| step.open().next().map(|id| (id, rung)))
    }

    fn rungs(&self) -> impl DoubleEndedIterator<Item = (Rung, &Step)> {
        let steps = self.steps.iter().enumerate();
        // At most `Halving::MOST_RUNGS`.
        steps.map(|(number, step)| (Rung::new(number as u32), step))
    }
}

impl Step {
    /// How many may go on.
    fn share(&self) -> usize {
        self.ranked.len() / self.factor
    }

    /// The evaluations that have not gone on, the best score first.
    fn open(&self) -> impl Iterator<Item = u64> {
        let open = self.ranked.values().filter(|(_, gone_on)| !gone_on);
        open.map(|&(id, _)| id)
    }
}
