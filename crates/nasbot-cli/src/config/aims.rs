//! `[[objective]]` and `[[constraint]]` as they stand in a file.

use std::fmt;
use std::marker::PhantomData;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};

/// A section that may stand in a file several times, as `[[objective]]`, or once, as `[objective]`.
#[derive(Debug, JsonSchema)]
#[serde(untagged)]
pub(super) enum Repeated<T> {
    One(T),
    Several(Vec<T>),
}

impl<T> Repeated<T> {
    pub(super) fn all(&self) -> &[T] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Several(several) => several,
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Repeated<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OneOrSeveral(PhantomData))
    }
}

struct OneOrSeveral<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for OneOrSeveral<T> {
    type Value = Repeated<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a section in double brackets, as [[objective]]")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Repeated::One)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Self::Value, A::Error> {
        let mut several = Vec::new();
        while let Some(one) = sequence.next_element()? {
            several.push(one);
        }
        Ok(Repeated::Several(several))
    }
}

/// `[[objective]]`: one figure that is maximised or minimised.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawObjective {
    /// The figure: `score`; `layers`, `edges` or `mass`, and where networks are trained on data `parameters`, `flops` of one example
    /// forwards or `memory` of a training in bytes, which are known of every network; or any number that an evaluation returns under
    /// this name beside its score.
    ///
    /// Example: `"latency-ms"`.
    pub(super) name: String,
    /// What is wanted of it.
    ///
    /// Default: `"maximise"` of the score, `"minimise"` of all else.
    /// Example: `"minimise"`.
    pub(super) goal: Option<RawGoal>,
    /// The value from which on an improvement counts, in units of the figure.
    ///
    /// Default: the worst value so far.
    /// Example: `50.0`.
    pub(super) reference: Option<f64>,
}

/// `objective.goal`.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum RawGoal {
    /// A higher value is better.
    Maximise,
    /// A lower value is better.
    Minimise,
}

/// `[[constraint]]`: a bound on one figure.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawConstraint {
    /// The figure, as for an objective.
    ///
    /// Example: `"latency-ms"`.
    pub(super) name: String,
    /// The highest value that is allowed.
    ///
    /// Default: none; either this or `at-least` is given.
    /// Example: `2.0`.
    pub(super) at_most: Option<f64>,
    /// The lowest value that is allowed.
    ///
    /// Default: none.
    /// Example: `0.9`.
    pub(super) at_least: Option<f64>,
}
