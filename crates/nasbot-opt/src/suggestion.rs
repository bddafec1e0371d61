//! What a search answers: a candidate to start, an evaluation to go on with, or nothing now.

use serde::{Deserialize, Serialize};

use crate::Rung;

/// Why a candidate was suggested, for reports.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Origin {
    /// One of the space's initial candidates.
    Initial,
    /// One of the best of an earlier study.
    Earlier,
    /// Given by hand.
    Given,
    /// Proposed from outside, and taken by the strategy.
    Proposed {
        /// The acquisition's value there; nothing of strategies without a surrogate.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        value: Option<f64>,
        /// The surrogate's mean there, in units of the score; likewise.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        mean: Option<f64>,
        /// The surrogate's standard deviation there, in units of the score; likewise.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        std: Option<f64>,
    },
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

/// What to do next: the one answer of [`Search::ask`](crate::Search::ask).
#[derive(Clone, Debug, PartialEq)]
pub enum Next<C> {
    /// Evaluate this candidate, up to the first rung.
    Start(Suggestion<C>),
    /// Let this evaluation go on from the rung on which it is paused to the next one.
    GoOn {
        /// The evaluation.
        id: u64,
        /// The rung to which it goes on.
        rung: Rung,
    },
    /// Nothing before the result of a running evaluation has been told.
    Wait,
    /// Nothing any more.
    Over(Over),
}

impl<C> Next<C> {
    /// The suggestion, when there is one to start.
    #[must_use]
    pub fn start(self) -> Option<Suggestion<C>> {
        match self {
            Self::Start(suggestion) => Some(suggestion),
            _ => None,
        }
    }
}

/// Why nothing is left to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// As many evaluations as were asked for have been made.
    Budget,
    /// No candidate could be found that has not been suggested before.
    Exhausted,
}
