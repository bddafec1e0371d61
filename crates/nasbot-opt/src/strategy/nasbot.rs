//! Bayesian optimisation over architectures (the paper, section 4): the candidate that maximises an
//! acquisition under the surrogate, found by an evolutionary algorithm over mutations.
//!
//! Where the original starts every maximisation from its hand-made pool, here the first parents are the
//! evaluated candidates, drawn in favour of high scores, and a share of fresh random candidates; in
//! later rounds parents are drawn in favour of a high acquisition among all candidates of this step.
//! The number of candidates grows as the square root of the step. They are predicted a round at a
//! time, so that distances are computed on all cores and factors are used for many at once.

use std::collections::HashSet;

use gp::{Ensemble, Exponential};
use rand::RngExt as _;
use rand_pcg::Pcg64;

use super::evolution::Wheel;
use super::{Choice, View};
use crate::acquisition::Judge;
use crate::model::{Model, Point};
use crate::{Acquisition, Error, Origin, Space};

/// Rounds of one maximisation.
const ROUNDS: usize = 5;

/// Standard deviations by which a parent gets e times as likely: of scores, …
const SCORE_SCALE: f64 = 0.5;

/// … and of ranks among a step's candidates.
const RANK_SCALE: f64 = 0.3;

/// Share of the first round that is drawn at random from the whole space.
const RANDOM_SHARE: f64 = 0.1;

/// How many mutations are tried for each candidate wanted.
const ATTEMPTS: usize = 5;

/// A candidate of this step.
struct Scored<C> {
    candidate: C,
    hash: u128,
    value: f64,
    mean: f64,
    std: f64,
}

/// One maximisation under way.
struct Maximiser<'a, S: Space> {
    view: &'a View<'a, S>,
    model: &'a Model,
    posterior: Ensemble<Exponential>,
    pending: Vec<&'a Point>,
    judge: Judge,
    seen: HashSet<u128>,
    pool: Vec<Scored<S::Candidate>>,
}

/// `None` while there is no model to speak of.
pub(crate) fn choose<S: Space>(
    view: &View<'_, S>,
    model: &Model,
    rng: &mut Pcg64,
) -> Result<Option<Choice<S::Candidate>>, Error> {
    if !model.is_ready() {
        return Ok(None);
    }
    let pending: Vec<Point> = (view.history.pending())
        .map(|e| Point::new(view.space, &e.suggestion.candidate))
        .collect::<Result<_, _>>()?;
    let pending: Vec<&Point> = pending.iter().collect();
    let (_, means) = model.contenders()?;
    let best = (means.rows().into_iter())
        .map(|row| row.iter().copied().fold(f64::NEG_INFINITY, f64::max))
        .collect();
    let step = view.history.evaluations().len();
    let judge = Judge::new(view.config.acquisition, best, step, pending.len());
    let posterior = model.posterior(view.space, &pending)?;
    let mut maximiser = Maximiser {
        view,
        model,
        posterior,
        pending,
        judge,
        seen: HashSet::new(),
        pool: Vec::new(),
    };
    maximiser.run(step, rng)
}

impl<S: Space> Maximiser<'_, S> {
    fn run(&mut self, step: usize, rng: &mut Pcg64) -> Result<Option<Choice<S::Candidate>>, Error> {
        let effort = self.view.config.effort as f64;
        let budget = (effort * (step as f64).sqrt()).max(8.0 * effort) as usize;
        let each = budget.div_ceil(ROUNDS);
        self.first_round(each, rng)?;
        if self.view.config.acquisition == Acquisition::Ttei && rng.random_bool(0.5) {
            self.follow_leader(rng)?;
        }
        for _ in 1..ROUNDS {
            self.next_round(each, rng)?;
        }
        // The first of equals, so that the order of candidates decides and not chance.
        let best = self
            .pool
            .drain(..)
            .reduce(|a, b| if b.value > a.value { b } else { a });
        Ok(best.map(|found| Choice {
            candidate: found.candidate,
            hash: found.hash,
            origin: Origin::Acquisition {
                value: found.value,
                mean: found.mean,
                std: found.std,
            },
        }))
    }

    /// Mutations of evaluated candidates, and some of the space at large.
    fn first_round(&mut self, count: usize, rng: &mut Pcg64) -> Result<(), Error> {
        let space = self.view.space;
        let Some(wheel) = Wheel::new(self.model.scores(), SCORE_SCALE) else {
            return Ok(());
        };
        let mut fresh = Vec::with_capacity(count);
        for _ in 0..count * ATTEMPTS {
            if fresh.len() == count {
                break;
            }
            let child = if rng.random_bool(RANDOM_SHARE) {
                space.sample(rng)
            } else {
                let parent = self.view.history.scored().nth(wheel.draw(rng));
                parent.and_then(|(e, _)| space.mutate(&e.suggestion.candidate, rng))
            };
            self.admit(child, &mut fresh);
        }
        self.predict(fresh, rng)
    }

    /// Mutations of this step's best candidates.
    fn next_round(&mut self, count: usize, rng: &mut Pcg64) -> Result<(), Error> {
        let mut order: Vec<usize> = (0..self.pool.len()).collect();
        order.sort_by(|&a, &b| self.pool[b].value.total_cmp(&self.pool[a].value));
        let ranks: Vec<f64> = (0..order.len()).map(|rank| -(rank as f64)).collect();
        let Some(wheel) = Wheel::new(&ranks, RANK_SCALE) else {
            return Ok(());
        };
        let mut fresh = Vec::with_capacity(count);
        for _ in 0..count * ATTEMPTS {
            if fresh.len() == count {
                break;
            }
            let parent = &self.pool[order[wheel.draw(rng)]].candidate;
            let child = self.view.space.mutate(parent, rng);
            self.admit(child, &mut fresh);
        }
        self.predict(fresh, rng)
    }

    fn admit(&mut self, child: Option<S::Candidate>, fresh: &mut Vec<(S::Candidate, u128)>) {
        if let Some(child) = child {
            let hash = self.view.space.hash(&child);
            if !self.view.history.contains(hash) && self.seen.insert(hash) {
                fresh.push((child, hash));
            }
        }
    }

    fn predict(&mut self, fresh: Vec<(S::Candidate, u128)>, rng: &mut Pcg64) -> Result<(), Error> {
        if fresh.is_empty() {
            return Ok(());
        }
        let points: Vec<Point> = (fresh.iter())
            .map(|(candidate, _)| Point::new(self.view.space, candidate))
            .collect::<Result<_, _>>()?;
        let rows: Vec<&Point> = points.iter().collect();
        let cross = self.model.cross(self.view.space, &rows, &self.pending)?;
        let predictions = self.posterior.predict(cross.view())?;
        let values = self.judge.values(&predictions, rng);
        let mixture = predictions.mixture();
        for (i, (candidate, hash)) in fresh.into_iter().enumerate() {
            let value = if values[i].is_nan() {
                f64::NEG_INFINITY
            } else {
                values[i]
            };
            let (mean, std) = (mixture.mean[i], mixture.std[i]);
            self.pool.push(Scored {
                candidate,
                hash,
                value,
                mean,
                std,
            });
        }
        Ok(())
    }

    /// Makes the best candidate so far the one to beat, and judges all anew.
    fn follow_leader(&mut self, rng: &mut Pcg64) -> Result<(), Error> {
        let pool = std::mem::take(&mut self.pool);
        let leader =
            pool.iter().enumerate().fold(
                0,
                |best, (i, s)| {
                    if s.value > pool[best].value { i } else { best }
                },
            );
        let Some(found) = pool.get(leader) else {
            return Ok(());
        };
        let point = Point::new(self.view.space, &found.candidate)?;
        let cross = self
            .model
            .cross(self.view.space, &[&point], &self.pending)?;
        let predictions = self.posterior.predict(cross.view())?;
        self.judge.follow(&predictions, 0);
        let others = pool.into_iter().enumerate().filter(|&(i, _)| i != leader);
        self.predict(others.map(|(_, s)| (s.candidate, s.hash)).collect(), rng)
    }
}
