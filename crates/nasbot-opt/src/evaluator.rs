//! What scores a candidate.

use crate::Outcome;

/// Scores candidates, one at a time. A search never calls it: loops that drive a search do.
pub trait Evaluator<C> {
    /// Evaluates `candidate`; all randomness of the evaluation follows from `seed`. Higher scores
    /// are better, and a failure is an [`Outcome`].
    fn evaluate(&self, candidate: &C, seed: u64) -> Outcome;
}

impl<C, F: Fn(&C, u64) -> Outcome> Evaluator<C> for F {
    fn evaluate(&self, candidate: &C, seed: u64) -> Outcome {
        self(candidate, seed)
    }
}
