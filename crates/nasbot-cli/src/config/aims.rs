//! `[[objective]]` and `[[constraint]]`: what is wanted besides a high score.

use std::fmt;
use std::marker::PhantomData;

use nasbot::settings::{Aims, Constraint, Objective, SCORE};
use nasbot_opt::{Goal, ValidConfig};
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};

use super::diagnostic::Problems;
use super::raw::Raw;

/// A section that may stand in a file several times, as `[[objective]]`, or once, as `[objective]`.
#[derive(Debug, JsonSchema)]
#[serde(untagged)]
pub(super) enum Repeated<T> {
    One(T),
    Several(Vec<T>),
}

impl<T> Repeated<T> {
    fn all(&self) -> &[T] {
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
    name: String,
    /// What is wanted of it.
    ///
    /// Default: `"maximise"` of the score, `"minimise"` of all else.
    /// Example: `"minimise"`.
    goal: Option<RawGoal>,
    /// The value from which on an improvement counts, in units of the figure.
    ///
    /// Default: the worst value so far.
    /// Example: `50.0`.
    reference: Option<f64>,
}

/// `objective.goal`.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum RawGoal {
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
    name: String,
    /// The highest value that is allowed.
    ///
    /// Default: none; either this or `at-least` is given.
    /// Example: `2.0`.
    at_most: Option<f64>,
    /// The lowest value that is allowed.
    ///
    /// Default: none.
    /// Example: `0.9`.
    at_least: Option<f64>,
}

/// Checks objectives and constraints, and the bounds of `[space]` on what is known of a network.
pub(super) fn aims(
    raw: &Raw,
    search: Option<&ValidConfig>,
    problems: &mut Problems<'_>,
) -> Option<Aims> {
    let mut found = Aims::default();
    for objective in raw.objective.iter().flat_map(Repeated::all) {
        let is_score = objective.name == SCORE;
        let goal = match objective.goal {
            Some(RawGoal::Maximise) => Goal::Maximise,
            Some(RawGoal::Minimise) => Goal::Minimise,
            None if is_score => Goal::Maximise,
            None => Goal::Minimise,
        };
        found.objectives.push(Objective {
            name: objective.name.clone(),
            goal,
            reference: objective.reference,
        });
    }
    let mut is_fine = true;
    for constraint in raw.constraint.iter().flat_map(Repeated::all) {
        let bounds = [
            (constraint.at_most, Goal::Minimise),
            (constraint.at_least, Goal::Maximise),
        ];
        let given = bounds
            .into_iter()
            .filter_map(|(bound, goal)| Some((bound?, goal)));
        let before = found.constraints.len();
        found
            .constraints
            .extend(given.map(|(bound, goal)| Constraint {
                name: constraint.name.clone(),
                goal,
                bound,
            }));
        if found.constraints.len() == before {
            let message = format!("the constraint on `{}` has no bound", constraint.name);
            problems.add("constraint", message, "add at-most or at-least");
            is_fine = false;
        }
    }
    for (key, name, bound) in [
        ("max-parameters", "parameters", raw.space.max_parameters),
        ("max-flops", "flops", raw.space.max_flops),
        ("max-memory", "memory", raw.space.max_memory),
    ] {
        let Some(bound) = bound else { continue };
        if !raw.workers.trains() {
            let message =
                format!("{key} follows from the data, and nothing is trained on data here");
            let help = "give max-mass or max-layers, or a [[constraint]] on a number that the program returns";
            problems.add(&format!("space.{key}"), message, help);
            is_fine = false;
        }
        found.constraints.push(Constraint {
            name: name.to_owned(),
            goal: Goal::Minimise,
            bound,
        });
    }
    if found.is_score_alone() {
        return is_fine.then_some(found);
    }
    let section = if raw.objective.is_some() {
        "objective"
    } else {
        "constraint"
    };
    let section = if problems.has(section) {
        section
    } else {
        "space"
    };
    if raw.fidelity.is_some() {
        problems.add(
            "fidelity",
            "trainings that stop at rungs have one objective and no constraints",
            "remove [fidelity], or the objectives, the constraints and the bounds on parameters, flops and memory",
        );
        is_fine = false;
    }
    // Whether a network is trained decides which figures are known; the check is the same for both.
    let evaluator = nasbot::settings::Evaluator::Own;
    let checked = found.checked(&evaluator).and_then(|aims| match search {
        Some(search) => aims.check(search),
        None => Ok(()),
    });
    if let Err(error) = checked {
        problems.add(section, error.to_string(), "");
        is_fine = false;
    }
    is_fine.then_some(found)
}
