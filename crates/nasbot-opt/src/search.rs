//! The ask/tell state of one search.

use serde::{Deserialize, Serialize};

use crate::history::History;
use crate::model::Model;
use crate::strategy::{self, View};
use crate::stream::{self, Purpose};
use crate::{Error, Evaluation, Halving, Outcome, Promotion, Space, State, Strategy, ValidConfig};

/// Why a candidate was suggested, for reports.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Origin {
    /// One of the space's initial candidates.
    Initial,
    /// Given by hand.
    Given,
    /// Drawn at random.
    Random,
    /// A mutation of an evaluated candidate.
    Mutation {
        /// The evaluation whose candidate was mutated.
        parent: u64,
    },
    /// The best candidate found for an acquisition.
    Acquisition {
        /// The acquisition's value there.
        value: f64,
        /// The surrogate's mean there, in units of the score.
        mean: f64,
        /// The surrogate's standard deviation there, in units of the score.
        std: f64,
    },
}

/// A candidate to evaluate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Suggestion<C> {
    /// The number of this evaluation, counted from 0; to be told back with the outcome.
    pub id: u64,
    /// What to evaluate.
    pub candidate: C,
    /// A seed for the evaluation, a function of the search's seed and `id`.
    pub seed: u64,
    /// Why it was suggested.
    pub origin: Origin,
}

/// One search: its history and its model. Owns no threads and runs no evaluation.
///
/// Any number of suggestions may be outstanding; strategies take pending ones into account. What
/// [`Search::ask`] returns depends only on the settings, the number of the suggestion and the history so
/// far, so a search that is rebuilt from its record with [`Search::restore`] and [`Search::tell`]
/// goes on exactly as the uninterrupted one would have.
pub struct Search<S: Space> {
    space: S,
    config: ValidConfig,
    history: History<S::Candidate>,
    initial: Vec<(S::Candidate, u128)>,
    /// Only of the strategy that has one.
    model: Option<Model>,
    /// Rungs of a training, its end included.
    rungs: usize,
}

impl<S: Space> Search<S> {
    /// A new search of `space`.
    ///
    /// # Errors
    ///
    /// [`Error::EmptySpace`] when the space has no initial candidate.
    pub fn new(space: S, config: ValidConfig) -> Result<Self, Error> {
        Self::with_rungs(space, config, 1)
    }

    /// A new search of `space` by trainings that may stop at `rungs` rungs, their end included, where
    /// [`Search::reach`] tells their scores; at least 1.
    ///
    /// # Errors
    ///
    /// As [`Search::new`].
    pub fn with_rungs(space: S, config: ValidConfig, rungs: usize) -> Result<Self, Error> {
        let rungs = rungs.max(1);
        let pool = space.initial(&mut stream::stream(config.seed, Purpose::Initial, 0));
        let limit = config.initial.unwrap_or(usize::MAX);
        let mut initial: Vec<(S::Candidate, u128)> = Vec::new();
        for candidate in pool {
            let hash = space.hash(&candidate);
            if initial.len() < limit && initial.iter().all(|&(_, known)| known != hash) {
                initial.push((candidate, hash));
            }
        }
        if initial.is_empty() {
            return Err(Error::EmptySpace);
        }
        let model = match config.strategy {
            Strategy::Nasbot => Some(Model::new(&space, &config, &initial[0].0, rungs)?),
            _ => None,
        };
        Ok(Self {
            space,
            config,
            history: History::new(),
            initial,
            model,
            rungs,
        })
    }

    /// The space that is searched.
    pub fn space(&self) -> &S {
        &self.space
    }

    /// The settings.
    pub fn config(&self) -> &ValidConfig {
        &self.config
    }

    /// Everything suggested so far, by id.
    pub fn evaluations(&self) -> &[Evaluation<S::Candidate>] {
        self.history.evaluations()
    }

    /// The evaluation with the best score so far of those that came furthest, the earliest of equals.
    pub fn best(&self) -> Option<&Evaluation<S::Candidate>> {
        self.history.best()
    }

    /// The evaluation to recommend now: where the strategy has a surrogate, the one with the best
    /// posterior mean, so that a lucky noisy score is not mistaken for a good candidate; else the one with
    /// the best score. Where trainings stop at rungs, one of those that came furthest.
    ///
    /// # Errors
    ///
    /// The surrogate cannot be fitted.
    pub fn incumbent(&mut self) -> Result<Option<&Evaluation<S::Candidate>>, Error> {
        if let Some(model) = &mut self.model {
            model.catch_up(&self.space, &self.config, &self.history)?;
            if let Some(id) = model.best()? {
                return Ok(self.history.evaluations().get(id as usize));
            }
        }
        Ok(self.history.best())
    }

    /// The number of rungs of a training, its end included.
    pub fn rungs(&self) -> usize {
        self.rungs
    }

    /// The number of suggestions without an outcome.
    pub fn pending(&self) -> usize {
        self.history.pending().count()
    }

    /// The next candidate to evaluate: never one that is being or has been evaluated.
    ///
    /// # Errors
    ///
    /// [`Error::Exhausted`] when no new candidate could be found.
    pub fn ask(&mut self) -> Result<Suggestion<S::Candidate>, Error> {
        let id = self.next_id();
        let mut rng = stream::stream(self.config.seed, Purpose::Suggest, id);
        let fresh = self
            .initial
            .iter()
            .find(|&&(_, hash)| !self.history.contains(hash));
        let (candidate, hash, origin) = match fresh {
            Some((candidate, hash)) => (candidate.clone(), *hash, Origin::Initial),
            None => {
                if let Some(model) = &mut self.model {
                    model.catch_up(&self.space, &self.config, &self.history)?;
                }
                let view = View {
                    space: &self.space,
                    config: &self.config,
                    history: &self.history,
                };
                let choice = strategy::choose(&view, self.model.as_ref(), &mut rng)?;
                (choice.candidate, choice.hash, choice.origin)
            }
        };
        Ok(self.record(candidate, hash, origin))
    }

    /// Queues a candidate given by hand, as the next suggestion.
    ///
    /// # Errors
    ///
    /// [`Error::Duplicate`] when it is being or has been evaluated.
    pub fn give(&mut self, candidate: S::Candidate) -> Result<Suggestion<S::Candidate>, Error> {
        let hash = self.space.hash(&candidate);
        if let Some(id) = self.history.holder(hash) {
            return Err(Error::Duplicate { id });
        }
        Ok(self.record(candidate, hash, Origin::Given))
    }

    /// Takes over a suggestion that an earlier process made, in the order of ids. Its outcome, if
    /// there is one, is told with [`Search::tell`] as usual. Nothing is recomputed.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfOrder`] when `suggestion.id` is not the next id.
    pub fn restore(&mut self, suggestion: Suggestion<S::Candidate>) -> Result<(), Error> {
        let expected = self.next_id();
        if suggestion.id != expected {
            return Err(Error::OutOfOrder {
                id: suggestion.id,
                expected,
            });
        }
        let hash = self.space.hash(&suggestion.candidate);
        self.history.push(suggestion, hash);
        Ok(())
    }

    /// Tells what came of an evaluation.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownEvaluation`] when `id` was never suggested, [`Error::AlreadyTold`] when it
    /// has an outcome, and [`Error::NotFinite`] for a score that is NaN or infinite, in which case
    /// the evaluation stays pending.
    pub fn tell(&mut self, id: u64, outcome: Outcome) -> Result<(), Error> {
        match self.state(id)? {
            State::Done(_) => return Err(Error::AlreadyTold { id }),
            State::Pending => {}
        }
        if let Some(score) = outcome.score().filter(|s| !s.is_finite()) {
            return Err(Error::NotFinite { id, score });
        }
        self.history.finish(id, outcome);
        Ok(())
    }

    /// Tells the score of a training that has reached a rung, counted from 0: one that is pending, or that has a score of
    /// a lower rung. The last rung is the end of the training, as with [`Search::tell`].
    ///
    /// # Errors
    ///
    /// [`Error::UnknownEvaluation`], [`Error::AlreadyTold`] when it failed or was withdrawn, [`Error::Rung`] when there is no
    /// such rung or it is not above the last one told, and [`Error::NotFinite`].
    pub fn reach(&mut self, id: u64, rung: usize, score: f64) -> Result<(), Error> {
        match self.state(id)? {
            State::Done(Outcome::Score(_)) | State::Pending => {}
            State::Done(_) => return Err(Error::AlreadyTold { id }),
        }
        let last = self.rungs - 1;
        let below = last.checked_sub(rung);
        let below = below.filter(|&below| self.history.below(id).is_none_or(|known| below < known));
        let below = below.ok_or(Error::Rung { id, rung, last })?;
        if !score.is_finite() {
            return Err(Error::NotFinite { id, score });
        }
        self.history.reach(id, below, score);
        Ok(())
    }

    /// Whether a training is to go on now; which one is said by [`Search::promotion`]. This depends on who stands where
    /// alone, not on any score that the search may still have to be told.
    pub fn may_promote(&self, halving: &Halving) -> bool {
        match &self.model {
            Some(_) => halving.vacancy().is_some(),
            None => halving.next().is_some(),
        }
    }

    /// The training that should go on now. Where the strategy has a surrogate, the one of which it expects the best score
    /// at the end, as often as one in the halving's factor; else the one that the halving chooses by the scores of the rung.
    ///
    /// # Errors
    ///
    /// The surrogate cannot be fitted.
    pub fn promotion(&mut self, halving: &Halving) -> Result<Option<Promotion>, Error> {
        let Some(model) = &mut self.model else {
            return Ok(halving.next());
        };
        let Some(vacancy) = halving.vacancy() else {
            return Ok(None);
        };
        model.catch_up(&self.space, &self.config, &self.history)?;
        let candidates = vacancy.candidates;
        let promise = model.promise(&candidates)?;
        // Candidates come with the best score first, which wins a tie.
        let best = (0..candidates.len()).reduce(|a, b| if promise[b] > promise[a] { b } else { a });
        Ok(best.map(|place| Promotion {
            id: candidates[place],
            from: vacancy.from,
            until: vacancy.until,
        }))
    }

    /// Where an evaluation stands, if there is one with this id.
    fn state(&self, id: u64) -> Result<State, Error> {
        let evaluation = usize::try_from(id)
            .ok()
            .and_then(|i| self.evaluations().get(i));
        let evaluation = evaluation.ok_or(Error::UnknownEvaluation { id })?;
        Ok(evaluation.state)
    }

    fn next_id(&self) -> u64 {
        self.history.evaluations().len() as u64
    }

    fn record(
        &mut self,
        candidate: S::Candidate,
        hash: u128,
        origin: Origin,
    ) -> Suggestion<S::Candidate> {
        let id = self.next_id();
        let seed = stream::derive(self.config.seed, Purpose::Evaluate, id);
        let suggestion = Suggestion {
            id,
            candidate,
            seed,
            origin,
        };
        self.history.push(suggestion.clone(), hash);
        suggestion
    }
}
