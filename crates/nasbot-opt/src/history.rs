//! What has been suggested so far and what came of it.

use std::collections::HashMap;

use crate::{Outcome, Suggestion};

/// Where an evaluation stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum State {
    /// Suggested, and no outcome told yet.
    Pending,
    /// Its outcome has been told.
    Done(Outcome),
}

/// One evaluation: what was suggested and where it stands.
#[derive(Clone, Debug)]
pub struct Evaluation<C> {
    /// The suggestion as it was made.
    pub suggestion: Suggestion<C>,
    /// Where it stands.
    pub state: State,
}

impl<C> Evaluation<C> {
    /// The score, when one has been told.
    #[must_use]
    pub fn score(&self) -> Option<f64> {
        match self.state {
            State::Done(outcome) => outcome.score(),
            State::Pending => None,
        }
    }
}

/// All evaluations of a search, by id, with the order in which scores arrived.
#[derive(Clone, Debug)]
pub(crate) struct History<C> {
    evaluations: Vec<Evaluation<C>>,
    /// Ids with a score, in the order in which the scores were told.
    scored: Vec<u64>,
    /// Which evaluation holds a candidate, by hash. Only ever looked up, never iterated.
    known: HashMap<u128, u64>,
    hashes: Vec<u128>,
    /// Every score in the order in which they were told: of one evaluation as many as the rungs that it reached.
    arrivals: Vec<Arrival>,
}

/// A score as it was told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Arrival {
    pub(crate) id: u64,
    /// Rungs below the end of a training.
    pub(crate) below: usize,
    pub(crate) score: f64,
}

impl<C> History<C> {
    pub(crate) fn new() -> Self {
        Self {
            evaluations: Vec::new(),
            scored: Vec::new(),
            known: HashMap::new(),
            hashes: Vec::new(),
            arrivals: Vec::new(),
        }
    }

    pub(crate) fn evaluations(&self) -> &[Evaluation<C>] {
        &self.evaluations
    }

    /// The evaluation that already has a candidate with this hash.
    pub(crate) fn holder(&self, hash: u128) -> Option<u64> {
        self.known.get(&hash).copied()
    }

    pub(crate) fn contains(&self, hash: u128) -> bool {
        self.known.contains_key(&hash)
    }

    /// Evaluations with a score, in the order in which they were told.
    pub(crate) fn scored(&self) -> impl ExactSizeIterator<Item = (&Evaluation<C>, f64)> + Clone {
        self.scored.iter().map(|&id| {
            let evaluation = &self.evaluations[id as usize];
            (evaluation, evaluation.score().unwrap_or(f64::NAN))
        })
    }

    pub(crate) fn pending(&self) -> impl Iterator<Item = &Evaluation<C>> {
        self.evaluations
            .iter()
            .filter(|e| e.state == State::Pending)
    }

    /// Every score that was told, in their order, with its evaluation.
    pub(crate) fn arrivals(&self) -> impl Iterator<Item = (&Evaluation<C>, Arrival)> {
        let with = |&arrival: &Arrival| (&self.evaluations[arrival.id as usize], arrival);
        self.arrivals.iter().map(with)
    }

    /// Rungs below the end of an evaluation's last score, if it has one.
    pub(crate) fn below(&self, id: u64) -> Option<usize> {
        let last = self.arrivals.iter().rfind(|arrival| arrival.id == id);
        last.map(|arrival| arrival.below)
    }

    /// The best score of those that came furthest.
    pub(crate) fn best(&self) -> Option<&Evaluation<C>> {
        // The earliest of equals, so that a tie changes nothing.
        let mut best: Option<(&Evaluation<C>, f64)> = None;
        let least = self.arrivals.iter().map(|arrival| arrival.below).min();
        let furthest = (self.arrivals()).filter(|(_, arrival)| Some(arrival.below) == least);
        for (evaluation, Arrival { score, .. }) in furthest {
            if best.is_none_or(|(_, top)| score > top) {
                best = Some((evaluation, score));
            }
        }
        best.map(|(evaluation, _)| evaluation)
    }

    pub(crate) fn push(&mut self, suggestion: Suggestion<C>, hash: u128) {
        self.known.insert(hash, suggestion.id);
        self.hashes.push(hash);
        self.evaluations.push(Evaluation {
            suggestion,
            state: State::Pending,
        });
    }

    /// Records the outcome of a training that is over; the caller has checked that `id` is pending.
    pub(crate) fn finish(&mut self, id: u64, outcome: Outcome) {
        let index = id as usize;
        match outcome {
            Outcome::Score(score) => return self.reach(id, 0, score),
            Outcome::Withdrawn => {
                let hash = self.hashes[index];
                if self.known.get(&hash) == Some(&id) {
                    self.known.remove(&hash);
                }
            }
            Outcome::Failed(_) => {}
        }
        self.evaluations[index].state = State::Done(outcome);
    }

    /// Records a score so many rungs below the end; the caller has checked that `id` is pending, or has a score of a
    /// lower rung.
    pub(crate) fn reach(&mut self, id: u64, below: usize, score: f64) {
        let state = &mut self.evaluations[id as usize].state;
        if *state == State::Pending {
            self.scored.push(id);
        }
        *state = State::Done(Outcome::Score(score));
        self.arrivals.push(Arrival { id, below, score });
    }
}
