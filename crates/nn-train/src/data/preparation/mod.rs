//! What is done to a raw example before a network sees it, and what the network's answer means: part of a model, which
//! leaves with it.
//!
//! Everything here follows from the training part alone. Where a formula has numbers, they are computed with 64 bits, and
//! the result is rounded to 32.

mod apply;
mod fit;
mod moments;
mod scaling;

use serde::{Deserialize, Serialize};

pub(super) use self::apply::Encoder;
pub(super) use self::fit::{Fitted, fit};
use super::columns::Kind;
use super::examples::InputShape;
use super::spec::{ImageShape, Transform};

/// How raw examples become inputs, and answers become values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Preparation {
    /// What a raw example is, and how it becomes what a network takes.
    pub input: Input,
    /// What a network's output means.
    pub output: Output,
}

/// What a raw example is, and how it becomes what a network takes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    tag = "kind",
    deny_unknown_fields,
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case"
)]
#[non_exhaustive]
pub enum Input {
    /// An image, channel by channel, row by row; x' = (x − mean)/std with a pair for each channel.
    Image {
        /// Its sides.
        shape: ImageShape,
        /// Means of the channels.
        mean: Vec<f32>,
        /// Standard deviations of the channels.
        std: Vec<f32>,
        /// The columns that hold the pixels, where the training data were rows of a table.
        columns: Vec<String>,
    },
    /// A row of a table.
    Table {
        /// The columns that are used, in the order in which a raw row has them.
        columns: Vec<Column>,
        /// Columns of the training data that are not used.
        left_out: Vec<LeftOut>,
        /// What stands for a gap besides an empty cell, if it was said.
        gaps: Option<Vec<String>>,
    },
}

/// A column of a table that a network gets to see.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Column {
    /// As in the header, or its number from 0.
    pub name: String,
    /// What its cells are.
    pub kind: Kind,
    /// How a cell becomes inputs.
    pub encoding: Encoding,
}

/// How a cell becomes inputs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    tag = "as",
    deny_unknown_fields,
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case"
)]
#[non_exhaustive]
pub enum Encoding {
    /// A number: z = (x − mean)/std; with a limit l, z/√(1 + (z/l)²); and 0 for a gap. Where the training part has gaps, a second
    /// input is 1 for a gap and else 0.
    Number {
        /// Subtracted: the mean, or the median where there is a limit.
        mean: f64,
        /// Divided by: the standard deviation, or that which the quartiles tell where there is a limit.
        std: f64,
        /// Where scaled numbers end, which keeps those of heavy tails in reach.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<f64>,
        /// Whether gaps have an input of their own.
        marks_gaps: bool,
    },
    /// An input for each word, 1 where the cell is that word and else 0. Then, where the training part has rare words, one
    /// for any other word; then, where it has gaps, one for a gap. What has no input is 0 everywhere.
    Words {
        /// The words that have an input, the most frequent first. A raw number of this column is a word's place here.
        words: Vec<String>,
        /// Whether other words have an input.
        marks_others: bool,
        /// Whether gaps have an input.
        marks_gaps: bool,
    },
}

impl Encoding {
    /// What a number becomes, which is no gap; a word's place as it is.
    #[must_use]
    pub fn scaled(&self, x: f64) -> f64 {
        let Self::Number {
            mean, std, limit, ..
        } = self
        else {
            return x;
        };
        let z = (x - mean) / std;
        match limit {
            None => z,
            // Also for a number whose square is beyond 64 bits.
            Some(limit) => z / (z / limit).hypot(1.0),
        }
    }

    /// Inputs that a cell becomes.
    #[must_use]
    pub fn width(&self) -> usize {
        match self {
            Self::Number { marks_gaps, .. } => 1 + usize::from(*marks_gaps),
            Self::Words {
                words,
                marks_others,
                marks_gaps,
            } => words.len() + usize::from(*marks_others) + usize::from(*marks_gaps),
        }
    }
}

/// A column that is not used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct LeftOut {
    /// As in the header, or its number from 0.
    pub name: String,
    /// Why: "is constant", say.
    pub reason: String,
}

/// What a network's output means.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    tag = "kind",
    deny_unknown_fields,
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case"
)]
#[non_exhaustive]
pub enum Output {
    /// The logarithm of a probability for each class.
    Classes {
        /// The classes' names, in the order of the outputs.
        names: Vec<String>,
    },
    /// A number y; the target is y·std + mean, and where it was transformed, that undone.
    Value {
        /// The target's name, if the data have one.
        name: Option<String>,
        /// Multiplied by.
        std: f64,
        /// Added.
        mean: f64,
        /// What was done to the target before.
        transform: Option<Transform>,
    },
}

impl Output {
    /// Outputs of a network: the classes, or one number.
    #[must_use]
    pub fn width(&self) -> u32 {
        match self {
            Self::Classes { names } => names.len() as u32,
            Self::Value { .. } => 1,
        }
    }

    /// The names of the classes; none for a regression.
    #[must_use]
    pub fn classes(&self) -> &[String] {
        match self {
            Self::Classes { names } => names,
            Self::Value { .. } => &[],
        }
    }

    /// A regression's output in the units of its target; an output of a classifier as it is.
    #[must_use]
    pub fn in_units(&self, output: f64) -> f64 {
        match self {
            Self::Classes { .. } => output,
            Self::Value {
                std,
                mean,
                transform,
                ..
            } => {
                let y = output * std + mean;
                match transform {
                    None => y,
                    Some(Transform::Log) => y.exp(),
                    Some(Transform::Log1p) => y.exp_m1(),
                }
            }
        }
    }
}

impl Preparation {
    /// What one example looks like to a network.
    #[must_use]
    pub fn shape(&self) -> InputShape {
        match &self.input {
            Input::Image { shape, .. } => InputShape::Image(*shape),
            Input::Table { columns, .. } => {
                let width: usize = columns.iter().map(|column| column.encoding.width()).sum();
                InputShape::Features(width as u32)
            }
        }
    }

    /// Columns of the training data that are not used, and why.
    #[must_use]
    pub fn left_out(&self) -> &[LeftOut] {
        match &self.input {
            Input::Image { .. } => &[],
            Input::Table { left_out, .. } => left_out,
        }
    }
}
