//! The ask/tell state of one search.

use crate::check;
use crate::earlier::First;
use crate::feasibility::Feasibility;
use crate::history::History;
use crate::limits;
use crate::model::Model;
use crate::proposals::Waiting;
use crate::strategy::{self, Choice, View};
use crate::stream::{self, Purpose};
use crate::{
    Aims, Error, Evaluation, Halving, Next, Origin, Outcome, Over, Rung, Scores, Space, State,
    Strategy, Suggestion, ValidConfig,
};

/// One search: where each evaluation stands, and the model. Owns no threads and runs no evaluation.
///
/// Any number of evaluations may be running; strategies take these into account. What [`Search::ask`] answers depends
/// only on the settings, the number of the suggestion and what was asked and told so far, so a search that is rebuilt
/// from its record with [`Search::restore`] and [`Search::tell`] goes on exactly as the uninterrupted one would have.
pub struct Search<S: Space> {
    pub(crate) space: S,
    pub(crate) config: ValidConfig,
    pub(crate) halving: Halving,
    budget: Option<u64>,
    pub(crate) history: History<S::Candidate>,
    /// Those that were proposed, in their order; some may have been evaluated since.
    pub(crate) proposals: Vec<Waiting<S::Candidate>>,
    pub(crate) initial: Vec<First<S::Candidate>>,
    /// Only of the strategy that has one.
    pub(crate) model: Option<Model<S::Point>>,
}

impl<S: Space> Search<S> {
    /// A new search of `space`.
    ///
    /// # Errors
    ///
    /// [`Error::EmptySpace`] when the space has no initial candidate; [`Error::Space`] when what it says of its initial
    /// candidates cannot be: distances that are negative or not finite, say.
    pub fn new(space: S, config: ValidConfig) -> Result<Self, Error> {
        Self::with_halving(space, config, Halving::off())
    }

    /// A new search of `space` by trainings that stop at rungs.
    ///
    /// # Errors
    ///
    /// As [`Search::new`].
    pub fn with_halving(space: S, config: ValidConfig, halving: Halving) -> Result<Self, Error> {
        Self::build(space, config, halving, Aims::default())
    }

    /// A new search of `space` for several objectives, or under constraints on figures.
    ///
    /// # Errors
    ///
    /// [`Error::Aims`] for an acquisition or a strategy that cannot have such aims; otherwise as [`Search::new`].
    pub fn with_aims(space: S, config: ValidConfig, aims: Aims) -> Result<Self, Error> {
        aims.check(&config)?;
        Self::build(space, config, Halving::off(), aims)
    }

    fn build(space: S, config: ValidConfig, halving: Halving, aims: Aims) -> Result<Self, Error> {
        let mut pool = space.initial(&mut stream::stream(config.seed, Purpose::Initial, 0));
        if aims.has_limits() && !pool.is_empty() {
            let mut rng = stream::stream(config.seed, Purpose::Initial, 1);
            pool = limits::within(&space, &aims, pool, &mut rng)?;
        }
        let limit = config.initial.unwrap_or(usize::MAX);
        let mut initial: Vec<First<S::Candidate>> = Vec::new();
        for candidate in &pool {
            let hash = space.hash(candidate);
            if initial.len() < limit && initial.iter().all(|first| first.hash != hash) {
                initial.push(First {
                    candidate: candidate.clone(),
                    hash,
                    origin: Origin::Initial,
                });
            }
        }
        let Some(example) = initial.first() else {
            return Err(Error::EmptySpace);
        };
        let example = &example.candidate;
        check::check(&space, &pool, aims.known(), config.seed)?;
        let last = halving.last();
        let model = match config.strategy {
            Strategy::Nasbot => Some(Model::new(
                &space,
                &config,
                example,
                last,
                &aims,
                Vec::new(),
            )?),
            _ => None,
        };
        Ok(Self {
            space,
            config,
            halving,
            budget: None,
            history: History::new(halving, aims),
            proposals: Vec::new(),
            initial,
            model,
        })
    }

    /// Evaluations that come before the surrogate chooses one: the initial candidates, and those by which the space is
    /// explored at random. `None` for strategies without a surrogate.
    #[must_use]
    pub fn before_the_surrogate(&self) -> Option<usize> {
        (self.config.strategy == Strategy::Nasbot).then(|| self.initial.len() + self.config.explore)
    }

    /// The space that is searched.
    pub fn space(&self) -> &S {
        &self.space
    }

    /// The settings.
    pub fn config(&self) -> &ValidConfig {
        &self.config
    }

    /// The rungs of a training.
    pub fn halving(&self) -> Halving {
        self.halving
    }

    /// Limits how many evaluations are begun; those that were withdrawn do not count. No limit by default.
    pub fn set_budget(&mut self, evaluations: Option<u64>) {
        self.budget = evaluations;
    }

    /// Everything suggested so far, by id.
    pub fn evaluations(&self) -> &[Evaluation<S::Candidate>] {
        self.history.evaluations()
    }

    /// The evaluation with this id.
    pub fn evaluation(&self, id: u64) -> Option<&Evaluation<S::Candidate>> {
        self.history.get(id)
    }

    /// The evaluation that has the candidate with this hash, that of the space; `None` of candidates that may be suggested.
    pub fn holder(&self, hash: u128) -> Option<u64> {
        self.history.holder(hash)
    }

    /// The evaluations of which no result has been told, or none of the rung that they are on their way to; by id.
    pub fn running(&self) -> impl ExactSizeIterator<Item = &Evaluation<S::Candidate>> {
        self.history.running()
    }

    /// What the search is for.
    pub fn aims(&self) -> &Aims {
        self.history.aims()
    }

    /// The Pareto front of the evaluations, by id: those that keep to the constraints, and that no other one of these is better
    /// than in one objective without being worse in another. By the figures as they were told; with one objective the best
    /// evaluation and what is equal to it.
    pub fn front(&self) -> Vec<&Evaluation<S::Candidate>> {
        self.history.front()
    }

    /// The evaluation with the best score so far of those that came furthest, the earliest of equals: with several objectives, the
    /// best in the first one, and with constraints, among those that keep to them while there are any.
    pub fn best(&self) -> Option<&Evaluation<S::Candidate>> {
        self.history.best()
    }

    /// The evaluation to recommend now: where the strategy has a surrogate, the one with the best
    /// posterior mean, so that a lucky noisy score is not mistaken for a good candidate; else the one with
    /// the best score. Where trainings stop at rungs, one of those that came furthest. With several objectives or constraints, as
    /// [`Search::best`].
    ///
    /// # Errors
    ///
    /// The surrogate cannot be fitted.
    pub fn incumbent(&mut self) -> Result<Option<&Evaluation<S::Candidate>>, Error> {
        let is_modelled = self.aims().is_score_alone();
        if let Some(model) = self.model.as_mut().filter(|_| is_modelled) {
            model.catch_up(&self.space, &self.config, &self.history)?;
            if let Some(id) = model.best()? {
                return Ok(self.history.get(id));
            }
        }
        Ok(self.history.best())
    }

    /// What to do next. A candidate to start is never one that is being or has been evaluated.
    ///
    /// An evaluation that should go on comes before a new one. Where nothing else is left to do and no evaluation has
    /// reached the last rung, the best one goes on, so that every search that has a score has one of a whole training.
    ///
    /// # Errors
    ///
    /// The surrogate cannot be fitted, or a candidate cannot be compared with others.
    pub fn ask(&mut self) -> Result<Next<S::Candidate>, Error> {
        Ok(match self.decide()? {
            Decision::Start(choice) => Next::Start(self.record(choice)),
            Decision::GoOn { id, from } => {
                let rung = self.history.go_on(id, from);
                Next::GoOn { id, rung }
            }
            Decision::Wait => Next::Wait,
            Decision::Over(over) => Next::Over(over),
        })
    }

    /// What [`Search::ask`] would answer now. The answer is not taken: the search stands where it stood, and answers the same
    /// until it is told something or takes over an answer with [`Search::restore`].
    ///
    /// # Errors
    ///
    /// As [`Search::ask`].
    pub fn peek(&mut self) -> Result<Next<S::Candidate>, Error> {
        Ok(match self.decide()? {
            Decision::Start(choice) => Next::Start(self.suggestion(choice).0),
            Decision::GoOn { id, from } => Next::GoOn {
                id,
                rung: from.next(),
            },
            Decision::Wait => Next::Wait,
            Decision::Over(over) => Next::Over(over),
        })
    }

    /// A candidate to start, whatever the rungs and the budget: never one that is being or has been evaluated.
    ///
    /// # Errors
    ///
    /// [`Error::Exhausted`] when no new candidate could be found; otherwise as [`Search::ask`].
    pub fn suggest(&mut self) -> Result<Suggestion<S::Candidate>, Error> {
        let choice = self.choose()?;
        Ok(self.record(choice))
    }

    fn decide(&mut self) -> Result<Decision<S::Candidate>, Error> {
        if let Some((id, from)) = self.promotion()? {
            return Ok(Decision::GoOn { id, from });
        }
        let is_spent = (self.budget).is_some_and(|budget| self.history.begun() >= budget);
        let over = if is_spent {
            Over::Budget
        } else {
            match self.choose() {
                Ok(choice) => return Ok(Decision::Start(choice)),
                Err(Error::Exhausted { .. }) => Over::Exhausted,
                Err(error) => return Err(error),
            }
        };
        if self.history.running().len() > 0 {
            return Ok(Decision::Wait);
        }
        Ok(match self.history.ladder.leader() {
            Some((id, from)) => Decision::GoOn { id, from },
            None => Decision::Over(over),
        })
    }

    /// Chooses the candidate of the next suggestion.
    fn choose(&mut self) -> Result<Choice<S::Candidate>, Error> {
        let mut rng = stream::stream(self.config.seed, Purpose::Suggest, self.next_id());
        let fresh = self
            .initial
            .iter()
            .find(|first| !self.history.contains(first.hash));
        if let Some(first) = fresh {
            return Ok(Choice {
                candidate: first.candidate.clone(),
                hash: first.hash,
                origin: first.origin,
            });
        }
        if let Some(model) = &mut self.model {
            model.catch_up(&self.space, &self.config, &self.history)?;
        }
        let view = View {
            space: &self.space,
            config: &self.config,
            history: &self.history,
            proposals: &self.proposals,
            feasibility: Feasibility::learn(&self.space, &self.history)?,
        };
        strategy::choose(&view, self.model.as_ref(), &mut rng)
    }

    /// Queues a candidate given by hand, as the next suggestion.
    ///
    /// # Errors
    ///
    /// [`Error::Duplicate`] when it is being or has been evaluated; the space's own error when it does not belong there.
    pub fn give(&mut self, candidate: S::Candidate) -> Result<Suggestion<S::Candidate>, Error> {
        self.space.point(&candidate)?;
        let hash = self.space.hash(&candidate);
        if let Some(id) = self.history.holder(hash) {
            return Err(Error::Duplicate { id });
        }
        Ok(self.record(Choice {
            candidate,
            hash,
            origin: Origin::Given,
        }))
    }

    /// Tells what came of an evaluation: the score of the rung that it was on its way to, or how it failed. With a score
    /// of a rung that is not the last one it is paused there and may go on.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownEvaluation`] when `id` was never suggested, [`Error::AlreadyTold`] when it is not running, and
    /// [`Error::NotFinite`] for a figure that is NaN or infinite and [`Error::Objectives`] for another number of figures than
    /// the search needs ([`Aims::measured`]), in which cases the evaluation goes on running.
    pub fn tell(&mut self, id: u64, outcome: Outcome) -> Result<(), Error> {
        let rung = match self.state(id)? {
            State::Running(rung) => rung,
            State::Paused(_) | State::Done(_) => return Err(Error::AlreadyTold { id }),
        };
        let scores = outcome.scores();
        let expected = self.history.aims().measured();
        if let Some(found) = scores
            .map(|s| s.as_slice().len())
            .filter(|&n| n != expected)
        {
            return Err(Error::Objectives {
                id,
                found,
                expected,
            });
        }
        let is_wrong = |score: &&f64| !score.is_finite();
        let told = scores.as_ref().map(Scores::as_slice);
        if let Some(&score) = told.and_then(|told| told.iter().find(is_wrong)) {
            return Err(Error::NotFinite { id, score });
        }
        self.history.finish(id, rung, outcome);
        Ok(())
    }

    /// Lets an evaluation that failed run once more, to the rung at which it failed, which is returned.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownEvaluation`] when `id` was never suggested, [`Error::NotFailed`] when it has not failed.
    pub fn retry(&mut self, id: u64) -> Result<Rung, Error> {
        match self.state(id)? {
            State::Done(Outcome::Failed(_)) => Ok(self.history.retry(id)),
            _ => Err(Error::NotFailed { id }),
        }
    }

    /// Lets an evaluation that was just suggested begin at a later rung than the first: one that inherits nothing, at the first one of
    /// a training from nothing ([`Halving::first`]).
    ///
    /// # Errors
    ///
    /// [`Error::UnknownEvaluation`] when `id` was never suggested, [`Error::CannotGoOn`] when it has a score or is over, or when there
    /// is no such rung.
    pub fn begin_at(&mut self, id: u64, rung: Rung) -> Result<(), Error> {
        let state = self.state(id)?;
        let evaluation = self.history.get(id).filter(|e| e.scores.is_empty());
        match (state, evaluation) {
            (State::Running(_), Some(_)) if rung <= self.halving.last() => {
                self.history.begin_at(id, rung);
                Ok(())
            }
            _ => Err(Error::CannotGoOn { id, rung }),
        }
    }

    /// The evaluation that should go on now, and the rung on which it is paused: where the strategy has a surrogate, the
    /// one of which it expects the best score at the end, as often as one in η; else the one that is best by the scores of
    /// its rung.
    fn promotion(&mut self) -> Result<Option<(u64, Rung)>, Error> {
        let Some(model) = &mut self.model else {
            return Ok(self.history.ladder.best());
        };
        let Some(vacancy) = self.history.ladder.vacancy() else {
            return Ok(None);
        };
        model.catch_up(&self.space, &self.config, &self.history)?;
        let candidates = vacancy.candidates;
        let means = model.means_at_end(&candidates)?;
        // Candidates come with the best score first, which wins a tie.
        let best = (0..candidates.len()).reduce(|a, b| if means[b] > means[a] { b } else { a });
        Ok(best.map(|place| (candidates[place], vacancy.from)))
    }

    /// Where an evaluation stands, if there is one with this id.
    pub(crate) fn state(&self, id: u64) -> Result<State, Error> {
        let evaluation = self.history.get(id);
        let evaluation = evaluation.ok_or(Error::UnknownEvaluation { id })?;
        Ok(evaluation.state)
    }

    pub(crate) fn next_id(&self) -> u64 {
        self.history.evaluations().len() as u64
    }

    /// The next suggestion, of this candidate, and its hash.
    fn suggestion(&self, choice: Choice<S::Candidate>) -> (Suggestion<S::Candidate>, u128) {
        let id = self.next_id();
        let suggestion = Suggestion {
            id,
            candidate: choice.candidate,
            seed: stream::derive(self.config.seed, Purpose::Evaluate, id),
            origin: choice.origin,
        };
        (suggestion, choice.hash)
    }

    fn record(&mut self, choice: Choice<S::Candidate>) -> Suggestion<S::Candidate> {
        let (suggestion, hash) = self.suggestion(choice);
        let known = self.space.known(&suggestion.candidate);
        self.history.push(suggestion.clone(), hash, known);
        suggestion
    }
}

/// What a search has decided to do next, and has not done yet.
enum Decision<C> {
    Start(Choice<C>),
    GoOn { id: u64, from: Rung },
    Wait,
    Over(Over),
}
