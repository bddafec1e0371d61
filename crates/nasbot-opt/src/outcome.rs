//! What an evaluation came to: scores, or a typed failure.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// How an evaluation ended. A failed training is an outcome, not an error.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Outcome {
    /// What was reached: the score, and the other figures that the search needs, see [`Aims`](crate::Aims).
    #[serde(rename = "score")]
    Scored(Scores),
    /// The evaluation failed. That candidate is not suggested again, and the failure never enters
    /// the surrogate as if it were a score. Where memory or time were lacking, or the shape was impossible, candidates that
    /// are likely to fail in the same way are put off.
    Failed(Failure),
    /// The evaluation was withdrawn (cancelled, pre-empted) and says nothing about the candidate,
    /// which may be suggested again.
    Withdrawn,
}

impl Outcome {
    /// A score alone; higher is better.
    #[must_use]
    pub fn scored(score: f64) -> Self {
        Self::Scored(Scores::one(score))
    }

    /// The score, when there is one.
    #[must_use]
    pub fn score(self) -> Option<f64> {
        self.scores().map(Scores::first)
    }

    /// The scores, when there are any.
    #[must_use]
    pub fn scores(self) -> Option<Scores> {
        match self {
            Self::Scored(scores) => Some(scores),
            Self::Failed(_) | Self::Withdrawn => None,
        }
    }
}

/// The figures that an evaluation measured, one to [`Scores::MOST`]: the score first, of which more is better, then others in their
/// own units. As JSON a single one is a number and several
/// are an array.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scores {
    /// Those from `len` on are 0.
    values: [f64; Self::MOST],
    len: usize,
}

impl Scores {
    /// The most figures of an evaluation.
    pub const MOST: usize = 4;

    /// The score alone.
    #[must_use]
    pub fn one(score: f64) -> Self {
        let mut values = [0.0; Self::MOST];
        values[0] = score;
        Self { values, len: 1 }
    }

    /// The score and further figures; `None` unless there are one to [`Scores::MOST`].
    #[must_use]
    pub fn several(scores: &[f64]) -> Option<Self> {
        let mut values = [0.0; Self::MOST];
        values.get_mut(..scores.len())?.copy_from_slice(scores);
        let len = scores.len();
        (len > 0).then_some(Self { values, len })
    }

    /// The score.
    #[must_use]
    pub fn first(self) -> f64 {
        self.values[0]
    }

    /// All of them, the score first.
    #[must_use]
    pub fn as_slice(&self) -> &[f64] {
        &self.values[..self.len]
    }
}

impl Serialize for Scores {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.as_slice() {
            [score] => serializer.serialize_f64(*score),
            scores => scores.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Scores {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            One(f64),
            Several(Vec<f64>),
        }
        match Written::deserialize(deserializer)? {
            Written::One(score) => Ok(Self::one(score)),
            Written::Several(scores) => Self::several(&scores).ok_or_else(|| {
                let (found, most) = (scores.len(), Self::MOST);
                D::Error::custom(format!(
                    "{found} scores: an evaluation has 1 to {most} figures"
                ))
            }),
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

impl Failure {
    /// Whether it lies in the network's size or shape, so that networks like it are likely to fail in the same way. A
    /// training that diverges may as well have been unlucky, and what crashed or is unknown says nothing about the network.
    #[must_use]
    pub(crate) fn is_of_the_network(self) -> bool {
        match self {
            Self::OutOfMemory | Self::TimedOut | Self::ImpossibleShape => true,
            Self::Diverged | Self::Crashed | Self::Other => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_score_is_written_as_a_number_and_several_as_an_array() {
        let two = Scores::several(&[0.5, -2.0]).unwrap();
        for (outcome, text) in [
            (Outcome::scored(0.1), r#"{"score":0.1}"#),
            (Outcome::Scored(two), r#"{"score":[0.5,-2.0]}"#),
            (
                Outcome::Failed(Failure::TimedOut),
                r#"{"failed":"timed-out"}"#,
            ),
            (Outcome::Withdrawn, r#""withdrawn""#),
        ] {
            assert_eq!(serde_json::to_string(&outcome).unwrap(), text);
            assert_eq!(serde_json::from_str::<Outcome>(text).unwrap(), outcome);
        }
        for wrong in [
            r#"{"score":[]}"#,
            r#"{"score":[1,2,3,4,5]}"#,
            r#"{"score":"1"}"#,
        ] {
            assert!(serde_json::from_str::<Outcome>(wrong).is_err(), "{wrong}");
        }
        assert_eq!((two.first(), two.as_slice().len()), (0.5, 2));
        assert_eq!(
            (Scores::several(&[]), Scores::several(&[0.0; 5])),
            (None, None)
        );
    }
}
