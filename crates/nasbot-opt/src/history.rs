//! What has been suggested so far, where each evaluation stands and what came of it.

use std::collections::{BTreeSet, HashMap};

use crate::ladder::Ladder;
use crate::{Aims, Halving, Outcome, Rung, Scores, Suggestion, pareto};

/// Where an evaluation stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum State {
    /// It is on its way to this rung: no result has been told yet.
    Running(Rung),
    /// It has a score of this rung, which is not the last one, and may go on.
    Paused(Rung),
    /// It is over: it has the score of the last rung, failed, or was withdrawn.
    Done(Outcome),
}

/// One evaluation: what was suggested and where it stands.
#[derive(Clone, Debug)]
pub struct Evaluation<C> {
    /// The suggestion as it was made.
    pub suggestion: Suggestion<C>,
    /// Where it stands.
    pub state: State,
    /// The first rung that it was on its way to.
    pub first: Rung,
    /// Its scores, one for each rung that it has reached, from the first one on.
    pub scores: Vec<f64>,
    /// All figures that were told last, the score first; empty while none were.
    pub measured: Vec<f64>,
    /// What the space knows of its candidate, see [`Space::known`](crate::Space::known).
    pub known: Vec<f64>,
}

impl<C> Evaluation<C> {
    /// The score of the highest rung that it has reached.
    #[must_use]
    pub fn score(&self) -> Option<f64> {
        self.scores.last().copied()
    }

    /// The highest rung that it has reached.
    #[must_use]
    pub fn reached(&self) -> Option<Rung> {
        let count = u32::try_from(self.scores.len()).ok()?;
        let above = count.checked_sub(1)?;
        Some(Rung::new(self.first.number() + above))
    }
}

/// A score as it was told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Arrival {
    pub(crate) id: u64,
    pub(crate) rung: Rung,
    pub(crate) score: f64,
    /// All figures that were told, the score first.
    pub(crate) scores: Scores,
}

/// The best one so far.
#[derive(Clone, Copy, Debug)]
struct Best {
    id: u64,
    /// Whether it keeps to the bounds, how far it came, and its first objective such that more is better.
    merit: (bool, Rung, f64),
}

/// All evaluations of a search, by id, with the order in which scores arrived.
#[derive(Clone, Debug)]
pub(crate) struct History<C> {
    last: Rung,
    aims: Aims,
    evaluations: Vec<Evaluation<C>>,
    hashes: Vec<u128>,
    /// Which evaluation holds a candidate, by hash. Only ever looked up, never iterated.
    known: HashMap<u128, u64>,
    running: BTreeSet<u64>,
    withdrawn: u64,
    /// Ids with a score, in the order in which their first scores were told.
    scored: Vec<u64>,
    /// Ids of those that failed for lack of memory or time, or for their shape, in the order in which that was told.
    impossible: Vec<u64>,
    /// Every score in the order in which it was told: of one evaluation as many as the rungs that it reached.
    arrivals: Vec<Arrival>,
    /// Of those that keep to the bounds, or of all while none does, the best first objective of the highest rung that was reached,
    /// the earliest of equals.
    best: Option<Best>,
    pub(crate) ladder: Ladder,
}

impl<C> History<C> {
    pub(crate) fn new(halving: Halving, aims: Aims) -> Self {
        Self {
            last: halving.last(),
            aims,
            evaluations: Vec::new(),
            hashes: Vec::new(),
            known: HashMap::new(),
            running: BTreeSet::new(),
            withdrawn: 0,
            scored: Vec::new(),
            impossible: Vec::new(),
            arrivals: Vec::new(),
            best: None,
            ladder: Ladder::new(halving),
        }
    }

    /// What the search is for.
    pub(crate) fn aims(&self) -> &Aims {
        &self.aims
    }

    pub(crate) fn evaluations(&self) -> &[Evaluation<C>] {
        &self.evaluations
    }

    pub(crate) fn get(&self, id: u64) -> Option<&Evaluation<C>> {
        self.evaluations.get(usize::try_from(id).ok()?)
    }

    /// The evaluation that already has a candidate with this hash.
    pub(crate) fn holder(&self, hash: u128) -> Option<u64> {
        self.known.get(&hash).copied()
    }

    pub(crate) fn contains(&self, hash: u128) -> bool {
        self.known.contains_key(&hash)
    }

    /// Evaluations with a score, in the order in which their first scores were told.
    pub(crate) fn scored(&self) -> impl ExactSizeIterator<Item = (&Evaluation<C>, f64)> + Clone {
        self.scored.iter().map(|&id| {
            let evaluation = &self.evaluations[id as usize];
            (evaluation, evaluation.scores[evaluation.scores.len() - 1])
        })
    }

    /// Evaluations that failed for lack of memory or time, or for their shape, the latest first.
    pub(crate) fn impossible(&self) -> impl Iterator<Item = &Evaluation<C>> {
        let ids = self.impossible.iter().rev();
        ids.map(|&id| &self.evaluations[id as usize])
    }

    /// Evaluations that have a score and did not fail so at a later rung, those with the latest first scores first.
    pub(crate) fn possible(&self) -> impl Iterator<Item = &Evaluation<C>> {
        let ids = self.scored.iter().rev();
        let scored = ids.map(|&id| &self.evaluations[id as usize]);
        scored.filter(|evaluation| !is_impossible(evaluation.state))
    }

    /// Evaluations that are on their way to a rung, by id.
    pub(crate) fn running(&self) -> impl ExactSizeIterator<Item = &Evaluation<C>> {
        self.running
            .iter()
            .map(|&id| &self.evaluations[id as usize])
    }

    /// How many evaluations have been suggested, those that were withdrawn left out.
    pub(crate) fn begun(&self) -> u64 {
        self.evaluations.len() as u64 - self.withdrawn
    }

    /// Every score that was told, in their order, with its evaluation.
    pub(crate) fn arrivals(&self) -> impl ExactSizeIterator<Item = (&Evaluation<C>, Arrival)> {
        let with = |&arrival: &Arrival| (&self.evaluations[arrival.id as usize], arrival);
        self.arrivals.iter().map(with)
    }

    /// The evaluation with the best score of those that came furthest; where there are bounds, among those that keep to them.
    pub(crate) fn best(&self) -> Option<&Evaluation<C>> {
        self.get(self.best?.id)
    }

    /// The evaluations that keep to the bounds and that no other one of these dominates, by id.
    pub(crate) fn front(&self) -> Vec<&Evaluation<C>> {
        let mut points: Vec<Vec<f64>> = Vec::new();
        let mut allowed: Vec<&Evaluation<C>> = Vec::new();
        for evaluation in self.evaluations.iter().filter(|e| !e.measured.is_empty()) {
            let (measured, known) = (&evaluation.measured, &evaluation.known);
            if self.aims.allow(measured, known) == Some(true)
                && let Some(values) = self.aims.values(measured, known)
            {
                points.push(self.aims.orient(&values));
                allowed.push(evaluation);
            }
        }
        let front = pareto::front(&points).into_iter();
        front.map(|place| allowed[place]).collect()
    }

    /// Adds a suggestion, which is on its way to the first rung from now on.
    /// `known` is what the space knows of its candidate.
    pub(crate) fn push(&mut self, suggestion: Suggestion<C>, hash: u128, known: Vec<f64>) {
        let id = suggestion.id;
        self.known.insert(hash, id);
        self.hashes.push(hash);
        self.running.insert(id);
        self.evaluations.push(Evaluation {
            suggestion,
            state: State::Running(Rung::default()),
            first: Rung::default(),
            scores: Vec::new(),
            measured: Vec::new(),
            known,
        });
    }

    /// Sets the first rung of an evaluation that has no score yet.
    pub(crate) fn begin_at(&mut self, id: u64, rung: Rung) {
        let evaluation = &mut self.evaluations[id as usize];
        evaluation.first = rung;
        evaluation.state = State::Running(rung);
    }

    /// Lets an evaluation go on from the rung on which it is paused, and returns the next one.
    pub(crate) fn go_on(&mut self, id: u64, from: Rung) -> Rung {
        self.ladder.go_on(id, from);
        self.running.insert(id);
        self.evaluations[id as usize].state = State::Running(from.next());
        from.next()
    }

    /// Runs an evaluation that failed once more, to the rung at which it failed.
    pub(crate) fn retry(&mut self, id: u64) -> Rung {
        let evaluation = &mut self.evaluations[id as usize];
        let rung = evaluation.reached().map_or(evaluation.first, Rung::next);
        evaluation.state = State::Running(rung);
        self.impossible.retain(|&failed| failed != id);
        self.running.insert(id);
        rung
    }

    /// Records what came of an evaluation that was on its way to `rung`; the caller has checked that it was.
    pub(crate) fn finish(&mut self, id: u64, rung: Rung, outcome: Outcome) {
        self.running.remove(&id);
        let evaluation = &mut self.evaluations[id as usize];
        evaluation.state = State::Done(outcome);
        match outcome {
            Outcome::Scored(scores) => {
                let score = scores.first();
                if rung < self.last {
                    evaluation.state = State::Paused(rung);
                }
                if evaluation.scores.is_empty() {
                    self.scored.push(id);
                }
                evaluation.scores.push(score);
                self.ladder.reach(id, rung, score);
                evaluation.measured = scores.as_slice().to_vec();
                self.arrivals.push(Arrival {
                    id,
                    rung,
                    score,
                    scores,
                });
                let (measured, known) = (&evaluation.measured, &evaluation.known);
                let first = self
                    .aims
                    .values(measured, known)
                    .map(|v| self.aims.orient(&v)[0]);
                let is_allowed = self.aims.allow(measured, known) == Some(true);
                // The search has checked that no figure is missing.
                let merit = (is_allowed, rung, first.unwrap_or(score));
                if self.best.is_none_or(|best| merit > best.merit) {
                    self.best = Some(Best { id, merit });
                }
            }
            Outcome::Withdrawn => {
                self.withdrawn += 1;
                let hash = self.hashes[id as usize];
                if evaluation.scores.is_empty() && self.known.get(&hash) == Some(&id) {
                    self.known.remove(&hash);
                }
            }
            Outcome::Failed(_) if is_impossible(evaluation.state) => self.impossible.push(id),
            Outcome::Failed(_) => {}
        }
    }
}

/// Whether it failed for lack of memory or time, or for its shape.
fn is_impossible(state: State) -> bool {
    matches!(state, State::Done(Outcome::Failed(failure)) if failure.is_of_the_network())
}
