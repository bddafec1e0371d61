//! What a search is for, by the names of figures: objectives and bounds.

use std::collections::BTreeMap;

use nasbot_opt::{Aims as Checked, Figure, Goal, NetworkSpace, Outcome, Scores};
use nn_graph::Network;
use nn_train::latency::{BATCH_LATENCY, LATENCY};
use nn_train::plan::{Batches, Plan};
use nn_train::{Ends, TrainingSpec};
use serde::{Deserialize, Serialize};

use super::{Evaluator, Settings};
use crate::error::Error;

/// The figure that every evaluation has; higher is better.
pub const SCORE: &str = "score";

/// What is asked of figures besides a high score. Without an objective the score is the only one.
///
/// A figure is `score`; one that is known of a network before it is evaluated (`layers`, `edges` and `mass`, and where networks are trained on data
/// `parameters`, `flops` of one example forwards and `memory` of a training in bytes); or any other number that an evaluation returns
/// under this name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Aims {
    /// What is maximised or minimised, the first one first in reports.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub objectives: Vec<Objective>,
    /// Bounds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub constraints: Vec<Constraint>,
}

/// One figure that is maximised or minimised.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Objective {
    /// The figure's name.
    pub name: String,
    /// What is wanted of it.
    pub goal: Goal,
    /// The value from which on an improvement counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<f64>,
}

/// A bound on one figure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Constraint {
    /// The figure's name.
    pub name: String,
    /// Whether it is kept from above (minimise) or from below (maximise).
    pub goal: Goal,
    /// The last value that is allowed.
    pub bound: f64,
}

/// A figure that is known of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    Layers,
    Edges,
    Mass,
    Parameters,
    Flops,
    Memory,
}

impl Known {
    fn named(name: &str, trains: bool) -> Option<Self> {
        Some(match name {
            "layers" => Self::Layers,
            "edges" => Self::Edges,
            "mass" => Self::Mass,
            "parameters" if trains => Self::Parameters,
            "flops" if trains => Self::Flops,
            "memory" if trains => Self::Memory,
            _ => return None,
        })
    }

    fn needs_data(self) -> bool {
        matches!(self, Self::Parameters | Self::Flops | Self::Memory)
    }
}

/// What known figures are computed from.
#[derive(Clone, Debug)]
struct Computed {
    figures: Vec<Known>,
    ends: Option<Ends>,
    protocol: TrainingSpec,
    /// Examples of the data: there may be fewer than a batch has.
    examples: usize,
}

impl Computed {
    /// A network that cannot be applied to the data, which its evaluation will say, has no finite size: no bound from above allows it.
    fn of(&self, network: &Network) -> Vec<f64> {
        let plan = (self.figures.iter().any(|figure| figure.needs_data())).then(|| {
            self.ends
                .and_then(|ends| Plan::new(network, ends.input, ends.outputs).ok())
        });
        let planned = |figure: &dyn Fn(&Plan) -> u64| match plan.as_ref().and_then(Option::as_ref) {
            Some(plan) => figure(plan) as f64,
            None => f64::MAX,
        };
        let figure = |known: &Known| match known {
            Known::Layers => network.len() as f64,
            Known::Edges => network.edges().len() as f64,
            Known::Mass => network.total_mass(),
            Known::Parameters => planned(&Plan::trainable),
            Known::Flops => planned(&Plan::flops),
            Known::Memory => {
                let batches = Batches::of(&self.protocol, self.examples, self.examples);
                planned(&|plan| plan.memory(&self.protocol, batches))
            }
        };
        self.figures.iter().map(figure).collect()
    }
}

impl Aims {
    /// Whether nothing but a high score is asked.
    #[must_use]
    pub fn is_score_alone(&self) -> bool {
        self.constraints.is_empty()
            && match self.objectives.as_slice() {
                [] => true,
                [one] => one.name == SCORE && one.goal == Goal::Maximise,
                _ => false,
            }
    }

    /// The names of all figures that are asked for, the score left out, each once.
    fn names(&self) -> Vec<&str> {
        let objectives = self.objectives.iter().map(|o| o.name.as_str());
        let mut names: Vec<&str> = Vec::new();
        for name in objectives.chain(self.constraints.iter().map(|c| c.name.as_str())) {
            if name != SCORE && !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    /// Whether one of the figures is asked for that a worker measures of a network: how long it takes to be applied.
    #[must_use]
    pub fn ask_for_latency(&self) -> bool {
        (self.names().iter()).any(|name| [LATENCY, BATCH_LATENCY].contains(name))
    }

    /// The names of the figures that evaluations have to return, the score left out, in the order in which a search is told them.
    #[must_use]
    pub fn measured(&self, evaluator: &Evaluator) -> Vec<&str> {
        let trains = matches!(evaluator, Evaluator::Local(_));
        let mut names = self.names();
        names.retain(|name| Known::named(name, trains).is_none());
        names
    }

    fn known(&self, evaluator: &Evaluator) -> Vec<(&str, Known)> {
        let trains = matches!(evaluator, Evaluator::Local(_));
        let names = self.names().into_iter();
        names
            .filter_map(|name| Some((name, Known::named(name, trains)?)))
            .collect()
    }

    /// The aims as a search has them.
    ///
    /// # Errors
    ///
    /// [`nasbot_opt::Error::Aims`].
    pub fn checked(&self, evaluator: &Evaluator) -> Result<Checked, nasbot_opt::Error> {
        let (measured, known) = (self.measured(evaluator), self.known(evaluator));
        let figure = |name: &str| {
            let known = known.iter().position(|(other, _)| *other == name);
            let measured = measured.iter().position(|other| *other == name);
            match (known, measured) {
                (Some(place), _) => Figure::Known(place),
                (None, Some(place)) => Figure::Measured(place + 1),
                (None, None) => Figure::Measured(0),
            }
        };
        let mut objectives: Vec<nasbot_opt::Objective> = (self.objectives.iter())
            .map(|objective| nasbot_opt::Objective {
                figure: figure(&objective.name),
                goal: objective.goal,
                reference: objective.reference,
            })
            .collect();
        if objectives.is_empty() {
            objectives.extend(Checked::default().objectives());
        }
        let constraints = self
            .constraints
            .iter()
            .map(|constraint| nasbot_opt::Constraint {
                figure: figure(&constraint.name),
                goal: constraint.goal,
                bound: constraint.bound,
            });
        Checked::new(objectives, constraints.collect())
    }

    /// The objectives' values, in their order, from a score and the figures of an evaluation; `None` where one is missing.
    #[must_use]
    pub fn values(&self, score: f64, figures: &BTreeMap<String, f64>) -> Option<Vec<f64>> {
        let values = self.objectives.iter();
        values
            .map(|objective| value(&objective.name, score, figures))
            .collect()
    }

    /// Whether every bound is kept; where a figure is missing it is not.
    #[must_use]
    pub fn allow(&self, score: f64, figures: &BTreeMap<String, f64>) -> bool {
        self.constraints.iter().all(|constraint| {
            value(&constraint.name, score, figures).is_some_and(|found| constraint.allows(found))
        })
    }

    /// Objectives such that more is better.
    #[must_use]
    pub fn orient(&self, values: &[f64]) -> Vec<f64> {
        let pairs = self.objectives.iter().zip(values);
        let orient = |(objective, &value): (&Objective, &f64)| match objective.goal {
            Goal::Maximise => value,
            Goal::Minimise => -value,
        };
        pairs.map(orient).collect()
    }
}

impl Constraint {
    /// Whether a value of the figure keeps to the bound.
    #[must_use]
    pub fn allows(&self, value: f64) -> bool {
        match self.goal {
            Goal::Minimise => value <= self.bound,
            Goal::Maximise => value >= self.bound,
        }
    }
}

fn value(name: &str, score: f64, figures: &BTreeMap<String, f64>) -> Option<f64> {
    match name {
        SCORE => Some(score),
        name => figures.get(name).copied(),
    }
}

impl Settings {
    /// The space, with what is known of its networks as far as it is asked for.
    ///
    /// # Errors
    ///
    /// [`Error::NoFigure`] where the data would have to be known and are not.
    pub fn space_with_known(&self) -> Result<NetworkSpace, Error> {
        match self.computed()? {
            Some(computed) => Ok(self
                .space
                .clone()
                .with_known(move |network| computed.of(network))),
            None => Ok(self.space.clone()),
        }
    }

    fn computed(&self) -> Result<Option<Computed>, Error> {
        let known = self.aims.known(&self.evaluator);
        if known.is_empty() {
            return Ok(None);
        }
        let ends = self.facts.and_then(|facts| facts.ends);
        let missing = known
            .iter()
            .find(|(_, figure)| figure.needs_data() && ends.is_none());
        if let Some((name, _)) = missing {
            let message = "the study does not say what its data look like, from which it follows: begin a new study";
            return Err(Error::NoFigure {
                name: (*name).to_owned(),
                message: message.to_owned(),
            });
        }
        let protocol = match &self.evaluator {
            Evaluator::Local(training) => self.tuning.largest(training.protocol.clone()),
            // No other back-end knows of memory.
            _ => TrainingSpec::default(),
        };
        Ok(Some(Computed {
            figures: known.into_iter().map(|(_, figure)| figure).collect(),
            ends,
            protocol,
            examples: self.facts.map_or(usize::MAX, |facts| facts.examples),
        }))
    }

    /// What came of an evaluation of `network` as the search and the study have it: with all figures that are asked for, of which those
    /// that are known join the `metrics` that the evaluation returned. What is no score stays as it is.
    ///
    /// # Errors
    ///
    /// [`Error::NoFigure`] where the evaluation did not return one.
    pub fn complete(
        &self,
        network: &Network,
        outcome: Outcome,
        metrics: &mut BTreeMap<String, f64>,
    ) -> Result<Outcome, Error> {
        let Some(score) = outcome.score().filter(|_| !self.aims.is_score_alone()) else {
            return Ok(outcome);
        };
        let mut figures = vec![score];
        for name in self.aims.measured(&self.evaluator) {
            match metrics.get(name) {
                Some(&figure) => figures.push(figure),
                None => {
                    return Err(Error::NoFigure {
                        name: name.to_owned(),
                        message: "an objective or a constraint needs it beside the score, as {\"score\":0.93,\"NAME\":1.2} has it"
                            .to_owned(),
                    });
                }
            }
        }
        if let Some(computed) = self.computed()? {
            let known = self.aims.known(&self.evaluator);
            for ((name, _), figure) in known.iter().zip(computed.of(network)) {
                metrics.insert((*name).to_owned(), figure);
            }
        }
        // There are as many as the search was made for.
        let scores = Scores::several(&figures).unwrap_or_else(|| Scores::one(score));
        Ok(Outcome::Scored(scores))
    }
}
