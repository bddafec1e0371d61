//! What is to be predicted, what a prediction is scored by, and what examples count for in a training.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Error;

/// What is to be predicted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Task {
    /// One of several classes.
    Class,
    /// A number.
    Reg,
}

/// What a network is scored by, by its name in TOML. Every example of the scored part counts the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(!try_from, !into, rename_all = "kebab-case"))]
#[serde(try_from = "String", into = "String")]
#[non_exhaustive]
pub enum Metric {
    /// The share of examples whose class is right, 0 to 1.
    Accuracy,
    /// The mean over the classes that occur of the share of a class's examples that are recognised, 0 to 1.
    BalancedAccuracy,
    /// The mean over the classes that occur or are predicted of F1 = 2·TP/(2·TP + FP + FN), 0 to 1.
    MacroF1,
    /// The area under the receiver operating characteristic: how often an example of a class gets a higher probability of it than
    /// one of another class, where equal probabilities count half. Of more than two classes the mean over those that occur, each
    /// against all others.
    Auc,
    /// The mean of −ln p, p being the probability of the right class. A loss.
    LogLoss,
    /// Of numbers: 1 less the squared errors' share of the targets' variance, in the target's units.
    R2,
    /// The root of the mean squared error, in the target's units. A loss.
    Rmse,
    /// The mean absolute error, in the target's units. A loss.
    Mae,
    /// The mean squared error of what a network learns: the target transformed and standardised, as far as it is. A loss.
    Mse,
    /// The share of examples whose class is among so many with the highest probabilities, 0 to 1: `"top-5"`, or another
    /// number below that of the classes.
    #[cfg_attr(feature = "schema", schemars(untagged, with = "TopName"))]
    Top(u32),
}

/// How [`Metric::Top`] is written.
#[cfg(feature = "schema")]
struct TopName;

#[cfg(feature = "schema")]
impl schemars::JsonSchema for TopName {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "TopName".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^top-[1-9][0-9]*$", "examples": ["top-5"] })
    }
}

impl Metric {
    /// Those that a figure needs no number for.
    pub const NAMED: [Self; 9] = [
        Self::Accuracy,
        Self::BalancedAccuracy,
        Self::MacroF1,
        Self::Auc,
        Self::LogLoss,
        Self::Mse,
        Self::R2,
        Self::Rmse,
        Self::Mae,
    ];

    /// The one that holds where none is given.
    #[must_use]
    pub const fn of(task: Task) -> Self {
        match task {
            Task::Class => Self::Accuracy,
            Task::Reg => Self::Mse,
        }
    }

    /// What it measures.
    #[must_use]
    pub const fn task(self) -> Task {
        match self {
            Self::R2 | Self::Rmse | Self::Mae | Self::Mse => Task::Reg,
            _ => Task::Class,
        }
    }

    /// Whether less is better.
    #[must_use]
    pub const fn is_loss(self) -> bool {
        matches!(self, Self::LogLoss | Self::Rmse | Self::Mae | Self::Mse)
    }

    /// What a search maximises for a figure: the figure, or a loss with its sign changed.
    #[must_use]
    pub fn score(self, figure: f64) -> f64 {
        if self.is_loss() { -figure } else { figure }
    }

    /// The figure of a score; the inverse of [`score`](Self::score).
    #[must_use]
    pub fn figure(self, score: f64) -> f64 {
        self.score(score)
    }

    /// The score of figures by the names of their metrics, if they have that of this one.
    #[must_use]
    pub fn score_of(self, figures: &BTreeMap<String, f64>) -> Option<f64> {
        let figure = figures.get(&self.to_string())?;
        Some(self.score(*figure))
    }

    /// `maximise`, or `minimise` for a loss.
    #[must_use]
    pub const fn direction(self) -> &'static str {
        if self.is_loss() {
            "minimise"
        } else {
            "maximise"
        }
    }

    /// Whether it says nothing of examples of these classes, whatever is predicted: an area under a curve where all are of one.
    #[must_use]
    pub fn is_mute<'a>(self, mut classes: impl Iterator<Item = &'a i64>) -> bool {
        let first = classes.next();
        self == Self::Auc && classes.all(|class| Some(class) == first)
    }

    /// What is wrong with a part of the data of which it says nothing.
    pub(crate) fn mute(self, part: &str) -> Error {
        Error::Data {
            field: "metric",
            problem: format!(
                "can't be {self}, since all examples of {part} are of one class: give another metric, or divide the data otherwise"
            ),
        }
    }

    /// The name for people.
    #[must_use]
    pub fn title(self) -> String {
        match self {
            Self::Accuracy => "accuracy".into(),
            Self::BalancedAccuracy => "balanced accuracy".into(),
            Self::MacroF1 => "macro F1".into(),
            Self::Auc => "AUC".into(),
            Self::LogLoss => "log loss".into(),
            Self::Top(k) => format!("top-{k} accuracy"),
            Self::R2 => "R²".into(),
            Self::Rmse => "RMSE".into(),
            Self::Mae => "MAE".into(),
            Self::Mse => "standardised MSE".into(),
        }
    }
}

/// The name in TOML and in JSON, under which figures are listed.
impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Accuracy => "accuracy",
            Self::BalancedAccuracy => "balanced-accuracy",
            Self::MacroF1 => "macro-f1",
            Self::Auc => "auc",
            Self::LogLoss => "log-loss",
            Self::Top(k) => return write!(f, "top-{k}"),
            Self::R2 => "r2",
            Self::Rmse => "rmse",
            Self::Mae => "mae",
            Self::Mse => "mse",
        })
    }
}

impl FromStr for Metric {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        let top = || {
            let k = name.strip_prefix("top-")?.parse().ok()?;
            (k > 0).then_some(Self::Top(k))
        };
        let mut named = Self::NAMED.into_iter();
        named
            .find(|metric| metric.to_string() == name)
            .or_else(top)
            .ok_or_else(|| Error::Data {
                field: "metric",
                problem: format!(
                    "can't be '{name}': give accuracy, balanced-accuracy, macro-f1, auc, log-loss or top-5 (or another number) for classes, mse, r2, rmse or mae for numbers"
                ),
            })
    }
}

impl TryFrom<String> for Metric {
    type Error = Error;

    fn try_from(name: String) -> Result<Self, Error> {
        name.parse()
    }
}

impl From<Metric> for String {
    fn from(metric: Metric) -> Self {
        metric.to_string()
    }
}

/// What the examples of a class count for in the loss of a training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(
    untagged,
    expecting = "expected \"balanced\" or weights by the names of classes, such as { cat = 2, dog = 1 }"
)]
pub enum ClassWeights {
    /// By a rule: all classes count the same together.
    Rule(Rule),
    /// By the classes' names; 1 for those that are not named.
    Given(BTreeMap<String, f64>),
}

/// Rules for weights of classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Rule {
    /// All classes count the same together: an example counts n/(classes·examples of its class), of the n training examples.
    Balanced,
}

impl ClassWeights {
    /// What one example of each class counts for; `counts` are those of the training part. A class that has none there counts 1.
    #[must_use]
    pub(super) fn of(&self, names: &[String], counts: &[usize]) -> Vec<f64> {
        match self {
            Self::Given(weights) => (names.iter())
                .map(|name| weights.get(name).copied().unwrap_or(1.0))
                .collect(),
            Self::Rule(Rule::Balanced) => {
                let occurring = counts.iter().filter(|count| **count > 0).count();
                let n: usize = counts.iter().sum();
                let weight = |count: &usize| match count {
                    0 => 1.0,
                    count => n as f64 / (occurring * count) as f64,
                };
                counts.iter().map(weight).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_that_of_one_metric() {
        for metric in Metric::NAMED.into_iter().chain([Metric::Top(5)]) {
            assert_eq!(metric.to_string().parse::<Metric>().unwrap(), metric);
            assert!((metric.figure(metric.score(0.25)) - 0.25).abs() < 1e-15);
        }
        for wrong in ["top-0", "top-", "top--1", "Accuracy", "f1", ""] {
            let message = wrong.parse::<Metric>().unwrap_err().to_string();
            assert!(message.contains("balanced-accuracy"), "{message}");
        }
    }

    #[test]
    fn balanced_weights_are_those_of_another_program() {
        // sklearn.utils.class_weight.compute_class_weight("balanced", classes=[0, 1, 2], y=[0]*6 + [1]*3 + [2]).
        let names = ["a", "b", "c"].map(str::to_owned);
        let found = ClassWeights::Rule(Rule::Balanced).of(&names, &[6, 3, 1]);
        let expected = [
            0.555_555_555_555_555_6,
            1.111_111_111_111_111_2,
            3.333_333_333_333_333_5,
        ];
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        }
        let given = ClassWeights::Given([("b".to_owned(), 2.5)].into());
        assert_eq!(given.of(&names, &[6, 3, 1]), [1.0, 2.5, 1.0]);
    }
}
