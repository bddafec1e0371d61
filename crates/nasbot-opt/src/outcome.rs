//! What an evaluation came to: a score, or a typed failure.

use serde::{Deserialize, Serialize};

/// How an evaluation ended. A failed training is an outcome, not an error.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Outcome {
    /// The score; higher is better. Must be finite.
    Score(f64),
    /// The evaluation failed. That candidate is not suggested again, and the failure never enters
    /// the surrogate as if it were a score.
    Failed(Failure),
    /// The evaluation was withdrawn (cancelled, pre-empted) and says nothing about the candidate,
    /// which may be suggested again.
    Withdrawn,
}

impl Outcome {
    /// A score; higher is better.
    #[must_use]
    pub fn scored(score: f64) -> Self {
        Self::Score(score)
    }

    /// The score, when there is one.
    #[must_use]
    pub fn score(self) -> Option<f64> {
        match self {
            Self::Score(score) => Some(score),
            Self::Failed(_) | Self::Withdrawn => None,
        }
    }
}

/// Why an evaluation failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Failure {
    /// Training diverged: a loss or a score that is not finite.
    Diverged,
    /// The device or the process ran out of memory.
    OutOfMemory,
    /// The network cannot be applied to this data, for example because images get too small.
    ImpossibleShape,
    /// The evaluation exceeded its time limit.
    TimedOut,
    /// The worker died without an answer.
    Crashed,
    /// Anything else.
    Other,
}
