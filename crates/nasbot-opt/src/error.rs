//! What can go wrong in a search.

use crate::Rung;

/// Errors of this crate. Each names the thing at fault and says what to do about it.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting is outside its range.
    #[error("setting `{name}` is {value}, but {requirement}")]
    Setting {
        /// The setting's name, as written in a configuration.
        name: &'static str,
        /// The value that was given.
        value: String,
        /// What the value must satisfy.
        requirement: &'static str,
    },
    /// A name that is not one of a closed set.
    #[error("unknown {what} `{name}`: expected one of {expected}")]
    UnknownName {
        /// What was being named: a strategy, an acquisition, …
        what: &'static str,
        /// The name that was given.
        name: String,
        /// The names that exist, separated by commas.
        expected: String,
    },
    /// The space offers no candidate to start from.
    #[error(
        "the space has no initial candidate: `initial` must give at least one; of networks, loosen the bounds"
    )]
    EmptySpace,
    /// No candidate could be found that has not been suggested already.
    #[error(
        "no new candidate found in {attempts} draws after {suggested} suggestions: {}", why(*.attempts, *.none, *.known)
    )]
    Exhausted {
        /// How often [`Space::sample`](crate::Space::sample) was asked for a candidate.
        attempts: usize,
        /// How often it gave none.
        none: usize,
        /// How often it gave one that was suggested before, by its hash.
        known: usize,
        /// How many candidates had been suggested before.
        suggested: usize,
    },
    /// An outcome was told for an evaluation that was never asked for.
    #[error("evaluation {id} was never suggested: tell only the ids that ask returned")]
    UnknownEvaluation {
        /// The id that was told.
        id: u64,
    },
    /// An outcome was told for an evaluation that is paused or over.
    #[error("evaluation {id} is not running: tell each result once")]
    AlreadyTold {
        /// The id that was told.
        id: u64,
    },
    /// An evaluation that has not failed was to run once more.
    #[error("evaluation {id} has not failed: only a failed evaluation can run once more")]
    NotFailed {
        /// The id that was given.
        id: u64,
    },
    /// An evaluation was to go on to a rung that is not the next one.
    #[error("evaluation {id} cannot go on to rung {rung}: it is not paused on the rung below")]
    CannotGoOn {
        /// The evaluation.
        id: u64,
        /// The rung, counted from 0.
        rung: Rung,
    },
    /// A score is NaN or infinite.
    #[error(
        "the score of evaluation {id} is {score}: tell a failure instead of a score that is not finite"
    )]
    NotFinite {
        /// The id that was told.
        id: u64,
        /// The score that was told.
        score: f64,
    },
    /// An evaluation has another number of figures than the search needs.
    #[error(
        "evaluation {id} has {found} figures, but the search needs {expected}, the score first"
    )]
    Objectives {
        /// The id that was told.
        id: u64,
        /// How many were told.
        found: usize,
        /// How many the search needs.
        expected: usize,
    },
    /// Objectives or constraints that a search cannot have.
    #[error("the aims of the search are wrong: {problem}")]
    Aims {
        /// What is wrong, and what is asked.
        problem: String,
    },
    /// A restored suggestion does not continue the numbering.
    #[error(
        "restored evaluation {id} is out of order: expected {expected}; restore suggestions in the order of their ids"
    )]
    OutOfOrder {
        /// The id that was restored.
        id: u64,
        /// The id that should have come.
        expected: u64,
    },
    /// A candidate given by hand has been suggested before.
    #[error("this candidate is the same as that of evaluation {id}: it won't be evaluated twice")]
    Duplicate {
        /// The evaluation that already has this candidate.
        id: u64,
    },
    /// A space does not keep to what [`Space`](crate::Space) asks of it.
    #[error("the space is wrong: {problem}")]
    Space {
        /// What is wrong, and what is asked.
        problem: String,
    },
    /// An earlier study that nothing can be learnt from.
    #[error("earlier study {number} cannot be used: {problem}")]
    Earlier {
        /// Its place among those that were given, from 0.
        number: usize,
        /// What is wrong.
        problem: String,
    },
    /// A candidate does not belong to its space.
    #[error("a candidate does not belong to the space: {reason}")]
    Candidate {
        /// Why not.
        reason: String,
    },
    /// A network to start from does not belong to the space.
    #[error("initial network {index} does not belong to the space: {reason}")]
    Start {
        /// Its place in the pool that was given.
        index: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// The space of networks is empty, or a network is wrong.
    #[error(transparent)]
    Network(#[from] nn_graph::Error),
    /// A candidate cannot be compared with others.
    #[error("a candidate cannot be compared with others")]
    Distance(#[from] otmann::Error),
    /// The surrogate cannot be fitted.
    #[error("the surrogate cannot be fitted")]
    Surrogate(#[from] gp::Error),
}

/// Why no draw led to a new candidate.
fn why(attempts: usize, none: usize, known: usize) -> String {
    let refused = attempts.saturating_sub(none + known);
    if none == attempts {
        "`sample` of the space gave none at all".to_owned()
    } else if refused == 0 {
        format!(
            "{known} times it was one with the `hash` of an earlier suggestion, {none} times `sample` gave none; the space is exhausted, or \
             its bounds leave no room to move"
        )
    } else {
        format!(
            "{refused} times it broke a bound on what is known of it, {known} times it had the `hash` of an earlier suggestion, {none} times \
             `sample` gave none; loosen the bounds"
        )
    }
}
