//! Bayesian optimisation over architectures (the paper, section 4): the candidate that maximises an
//! acquisition under the surrogate, found by an evolutionary algorithm over mutations.
//!
//! Where the original starts every maximisation from its hand-made pool, here the first parents are the
//! evaluated candidates, drawn in favour of high scores, and a share of fresh random candidates; in
//! later rounds parents are drawn in favour of a high acquisition among all candidates of this step.
//! The number of candidates grows as the square root of the step. They are predicted a round at a
//! time, so that distances are computed on all cores and factors are used for many at once.
//!
//! Distances take most of the time. Where the space has counts, several times as many candidates as are
//! wanted pass first before the process over counts alone; only those with the best expected improvement
//! there are compared in full.

use std::collections::HashSet;

use gp::Predictions;
use ndarray::Array3;
use rand::RngExt as _;
use rand_pcg::Pcg64;

use super::evolution::Roulette;
use super::{Choice, View};
use crate::acquisition::AcquisitionFunction;
use crate::gain::Gain;
use crate::model::{Model, Pending, Point, Posteriors, Sketch};
use crate::proposals;
use crate::{Acquisition, Error, Origin, Space};

/// Rounds of one maximisation.
const ROUNDS: usize = 5;

/// Standard deviations by which a parent gets e times as likely: of scores, …
const SCORE_SCALE: f64 = 0.5;

/// … and of ranks among a step's candidates.
const RANK_SCALE: f64 = 0.3;

/// Share of the first round that is drawn at random from the whole space.
const RANDOM_SHARE: f64 = 0.3;

/// How many mutations are tried for each candidate wanted.
const ATTEMPTS: usize = 5;

/// Candidates that are screened for each that is compared in full, …
const SCREENED: usize = 8;

/// … and where there are several objectives: what is wanted lies all along a front.
const SCREENED_FOR_SEVERAL: usize = 32;

/// Candidates proposed from outside that are compared in full at least, where more are screened.
const PROPOSED: usize = 64;

/// A candidate of this step.
struct Scored<C> {
    candidate: C,
    hash: u128,
    /// 1 unless it is likely to be impossible, see [`View::rank`]: a higher one goes before any value.
    rank: f64,
    value: f64,
    mean: f64,
    std: f64,
}

impl<C> Scored<C> {
    /// Whether it goes before another; of equals neither does.
    fn is_before(&self, other: &Self) -> bool {
        (self.rank, self.value) > (other.rank, other.value)
    }
}

/// Processes, one for each figure, and the acquisition function on them, as if all that is pending had come out as predicted.
struct Scoring<'a> {
    posteriors: Posteriors<'a>,
    function: Function,
}

/// What is computed of the predictions.
enum Function {
    /// Of the score alone.
    Score(AcquisitionFunction),
    /// Of several figures.
    Figures(Gain),
}

impl Scoring<'_> {
    /// What is predicted of each figure at candidates with these distances, and the acquisition's values there. `known` is what is known
    /// of each candidate.
    fn values(
        &self,
        cross: &Array3<f64>,
        known: &[Vec<f64>],
        rng: &mut Pcg64,
    ) -> Result<(Vec<Predictions>, Vec<f64>), Error> {
        let predictions = self.posteriors.iter().map(|p| p.predict(cross.view()));
        let predictions: Vec<Predictions> = predictions.collect::<Result<_, _>>()?;
        let values = match &self.function {
            Function::Score(function) => function.values(&predictions[0], rng),
            Function::Figures(gain) => gain.values(&predictions, known),
        };
        Ok((predictions, values))
    }
}

/// One maximisation under way.
struct Maximiser<'a, S: Space> {
    view: &'a View<'a, S>,
    model: &'a Model<S::Point>,
    pending: Vec<&'a Point<S::Point>>,
    full: Scoring<'a>,
    screen: Option<Scoring<'a>>,
    seen: HashSet<u128>,
    pool: Vec<Scored<S::Candidate>>,
}

/// `None` while there is no model to speak of, and while the space is being explored at random.
pub(crate) fn choose<S: Space>(
    view: &View<'_, S>,
    model: &Model<S::Point>,
    rng: &mut Pcg64,
) -> Result<Option<Choice<S::Candidate>>, Error> {
    let random = view
        .history
        .evaluations()
        .iter()
        .filter(|e| e.suggestion.origin == Origin::Random);
    if !model.is_ready() || random.count() < view.config.explore {
        return Ok(None);
    }
    let running = view.history.running().map(|e| &e.suggestion.candidate);
    let pending = model.points(view.space, running)?;
    let pending: Vec<&Point<S::Point>> = pending.iter().collect();
    let step = view.history.evaluations().len();
    let function =
        |acquisition, targets| AcquisitionFunction::new(acquisition, targets, step, pending.len());
    let is_score_alone = view.history.aims().is_score_alone();
    let running = view.history.running().zip(&pending);
    let believed: Vec<Pending<'_, S::Point>> = running
        .map(|(e, &point)| Pending {
            point,
            known: &e.known,
        })
        .collect();
    let full = Scoring {
        posteriors: model.posteriors(view.space, &pending)?,
        function: match is_score_alone {
            true => Function::Score(function(view.config.acquisition, model.targets()?)),
            false => Function::Figures(model.gain(view.space, view.history, &believed)?),
        },
    };
    let sketches: Vec<&Sketch> = pending.iter().map(|point| &point.sketch).collect();
    let screen = match model.screens(&sketches)? {
        Some(posteriors) => Some(Scoring {
            posteriors,
            function: match is_score_alone {
                true => Function::Score(function(Acquisition::LogEi, model.screen_targets()?)),
                false => Function::Figures(model.screen_gain(view.history, &believed)?),
            },
        }),
        None => None,
    };
    let (seen, pool) = (HashSet::new(), Vec::new());
    let maximiser = Maximiser {
        view,
        model,
        pending,
        full,
        screen,
        seen,
        pool,
    };
    maximiser.run(step, rng)
}

impl<S: Space> Maximiser<'_, S> {
    fn run(mut self, step: usize, rng: &mut Pcg64) -> Result<Option<Choice<S::Candidate>>, Error> {
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
        self.proposed(each, rng)?;
        // The first of equals, so that the order of candidates decides and not chance.
        let best = self
            .pool
            .into_iter()
            .reduce(|a, b| if b.is_before(&a) { b } else { a })
            .filter(|best| best.rank >= 0.0);
        let proposals = self.view.proposals;
        Ok(best.map(|found| {
            let value = found.value;
            let (mean, std) = (self.model).in_scores(self.view.config, found.mean, found.std);
            let is_proposed = proposals.iter().any(|&(_, hash)| hash == found.hash);
            Choice {
                candidate: found.candidate,
                hash: found.hash,
                origin: match is_proposed {
                    false => Origin::Acquisition { value, mean, std },
                    true => Origin::Proposed {
                        value: Some(value),
                        mean: Some(mean),
                        std: Some(std),
                    },
                },
            }
        }))
    }

    /// What was proposed from outside and waits: it competes with what was found. It comes last, for of its mutations some would nearly always
    /// have a little more to gain, and it would be evaluated never.
    fn proposed(&mut self, count: usize, rng: &mut Pcg64) -> Result<(), Error> {
        let waiting = proposals::waiting(self.view.proposals, self.view.history);
        let waiting: Vec<(S::Candidate, u128)> = waiting.cloned().collect();
        if waiting.is_empty() {
            return Ok(());
        }
        self.round(waiting, count.max(PROPOSED), rng)
    }

    /// Mutations of evaluated candidates, and some of the space at large.
    fn first_round(&mut self, count: usize, rng: &mut Pcg64) -> Result<(), Error> {
        let (view, model) = (self.view, self.model);
        let fitness = match view.history.aims().is_score_alone() {
            true => model.scores().to_vec(),
            false => model.fitness(view.history),
        };
        let Some(roulette) = Roulette::new(&fitness, SCORE_SCALE) else {
            return Ok(());
        };
        let parents: Vec<&S::Candidate> = view
            .history
            .scored()
            .map(|(e, _)| &e.suggestion.candidate)
            .collect();
        let fresh = self.gather(count, rng, |rng| {
            if rng.random_bool(RANDOM_SHARE) {
                view.space.sample(rng)
            } else {
                view.space.mutate(parents.get(roulette.draw(rng))?, rng)
            }
        });
        self.round(fresh, count, rng)
    }

    /// Mutations of this step's best candidates.
    fn next_round(&mut self, count: usize, rng: &mut Pcg64) -> Result<(), Error> {
        (self.pool).sort_by(|a, b| (b.rank.total_cmp(&a.rank)).then(b.value.total_cmp(&a.value)));
        let ranks: Vec<f64> = (0..self.pool.len()).map(|rank| -(rank as f64)).collect();
        let Some(roulette) = Roulette::new(&ranks, RANK_SCALE) else {
            return Ok(());
        };
        let pool = std::mem::take(&mut self.pool);
        let space = self.view.space;
        let fresh = self.gather(count, rng, |rng| {
            space.mutate(&pool[roulette.draw(rng)].candidate, rng)
        });
        self.pool = pool;
        self.round(fresh, count, rng)
    }

    /// Draws candidates that neither the history nor this step knows: as many as will be screened.
    fn gather(
        &mut self,
        count: usize,
        rng: &mut Pcg64,
        mut draw: impl FnMut(&mut Pcg64) -> Option<S::Candidate>,
    ) -> Vec<(S::Candidate, u128)> {
        let is_one = self.view.history.aims().objectives().len() == 1;
        let wanted = match (&self.screen, is_one) {
            (None, _) => count,
            (Some(_), true) => count * SCREENED,
            (Some(_), false) => count * SCREENED_FOR_SEVERAL,
        };
        let mut fresh = Vec::with_capacity(wanted);
        for _ in 0..wanted * ATTEMPTS {
            if fresh.len() == wanted {
                break;
            }
            if let Some(child) = draw(rng) {
                let hash = self.view.space.hash(&child);
                if !self.view.history.contains(hash) && self.seen.insert(hash) {
                    fresh.push((child, hash));
                }
            }
        }
        fresh
    }

    /// Screens candidates and takes the `count` best into the pool.
    fn round(
        &mut self,
        fresh: Vec<(S::Candidate, u128)>,
        count: usize,
        rng: &mut Pcg64,
    ) -> Result<(), Error> {
        let Some(screen) = &self.screen else {
            return self.admit(fresh, rng);
        };
        if fresh.len() <= count {
            return self.admit(fresh, rng);
        }
        let candidates = fresh.iter().map(|(candidate, _)| candidate);
        let sketches = self.model.sketches(self.view.space, candidates)?;
        let rows: Vec<&Sketch> = sketches.iter().collect();
        let pending: Vec<&Sketch> = self.pending.iter().map(|p| &p.sketch).collect();
        let cross = self.model.count_cross(&rows, &pending)?;
        let (_, values) = screen.values(&cross, &self.known(&fresh), rng)?;
        let ranks = self.ranks(&fresh)?;
        let mut order: Vec<usize> = (0..fresh.len()).collect();
        order.sort_by(|&a, &b| {
            (ranks[b].total_cmp(&ranks[a])).then(values[b].total_cmp(&values[a]))
        });
        order.truncate(count);
        let mut keep = vec![false; fresh.len()];
        order.iter().for_each(|&i| keep[i] = true);
        let kept = fresh
            .into_iter()
            .zip(keep)
            .filter_map(|(c, keep)| keep.then_some(c))
            .collect();
        self.admit(kept, rng)
    }

    /// Computes the acquisition of candidates in full and takes them into the pool.
    fn admit(&mut self, fresh: Vec<(S::Candidate, u128)>, rng: &mut Pcg64) -> Result<(), Error> {
        if fresh.is_empty() {
            return Ok(());
        }
        let candidates = fresh.iter().map(|(candidate, _)| candidate);
        let points = self.model.points(self.view.space, candidates)?;
        let rows: Vec<&Point<S::Point>> = points.iter().collect();
        let cross = self.model.cross(self.view.space, &rows, &self.pending)?;
        let (predictions, values) = self.full.values(&cross, &self.known(&fresh), rng)?;
        let mixture = predictions[0].mixture();
        let ranks = self.ranks(&fresh)?;
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
                rank: ranks[i],
                value,
                mean,
                std,
            });
        }
        Ok(())
    }

    fn known(&self, candidates: &[(S::Candidate, u128)]) -> Vec<Vec<f64>> {
        let candidates = candidates.iter();
        (candidates.map(|(candidate, _)| self.view.space.known(candidate))).collect()
    }

    fn ranks(&self, candidates: &[(S::Candidate, u128)]) -> Result<Vec<f64>, Error> {
        let candidates = candidates.iter();
        (candidates.map(|(candidate, _)| self.view.rank(candidate))).collect()
    }

    /// Makes the best candidate so far the one to beat, and computes the acquisition of the others anew.
    fn follow_leader(&mut self, rng: &mut Pcg64) -> Result<(), Error> {
        let Function::Score(function) = &mut self.full.function else {
            return Ok(());
        };
        let mut pool = std::mem::take(&mut self.pool);
        let leader = (0..pool.len()).reduce(|a, b| if pool[b].is_before(&pool[a]) { b } else { a });
        let Some(leader) = leader else { return Ok(()) };
        let leader = pool.swap_remove(leader).candidate;
        let points = self.model.points(self.view.space, [&leader].into_iter())?;
        let rows: Vec<&Point<S::Point>> = points.iter().collect();
        let cross = self.model.cross(self.view.space, &rows, &self.pending)?;
        let predictions = self.full.posteriors[0].predict(cross.view())?;
        function.follow(&predictions, 0);
        self.admit(
            pool.into_iter().map(|s| (s.candidate, s.hash)).collect(),
            rng,
        )
    }
}
