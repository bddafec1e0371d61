//! Examples: what one looks like, inputs and targets.

use std::ops::Range;

use super::spec::ImageShape;
use crate::Error;

/// What one example looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputShape {
    /// An image; values in the order channel, row, column.
    Image(ImageShape),
    /// A row of a table.
    Features(u32),
}

impl InputShape {
    /// Numbers in one example.
    #[must_use]
    pub fn len(self) -> usize {
        match self {
            Self::Image(image) => image.len(),
            Self::Features(n) => n as usize,
        }
    }

    /// Whether an example holds nothing. Never true of loaded data.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }
}

/// What is to be predicted, one entry an example.
#[derive(Clone, Debug, PartialEq)]
pub enum Targets {
    /// Classes, from 0.
    Classes(Vec<i64>),
    /// Numbers; standardised if the inputs are.
    Values(Vec<f32>),
}

impl Targets {
    /// Number of examples.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Classes(classes) => classes.len(),
            Self::Values(values) => values.len(),
        }
    }

    /// Whether there is no example.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Those of some rows that follow one another.
    ///
    /// # Panics
    /// There are fewer rows.
    #[must_use]
    pub fn run(&self, rows: Range<usize>) -> Self {
        match self {
            Self::Classes(classes) => Self::Classes(classes[rows].to_vec()),
            Self::Values(values) => Self::Values(values[rows].to_vec()),
        }
    }

    fn append(&mut self, other: &Self) -> Result<(), Error> {
        match (self, other) {
            (Self::Classes(a), Self::Classes(b)) => a.extend_from_slice(b),
            (Self::Values(a), Self::Values(b)) => a.extend_from_slice(b),
            (Self::Classes(_), Self::Values(_)) | (Self::Values(_), Self::Classes(_)) => {
                return Err(Error::Data {
                    field: "task",
                    problem: "has classes in one part of the data and numbers in another".into(),
                });
            }
        }
        Ok(())
    }
}

/// Examples that belong together: the training part, say.
#[derive(Clone, Debug, PartialEq)]
pub struct Examples {
    /// Inputs, one example after the other.
    pub inputs: Vec<f32>,
    /// Targets, one an example.
    pub targets: Targets,
}

impl Examples {
    /// Number of examples.
    #[must_use]
    pub fn len(&self) -> usize {
        self.targets.len()
    }

    /// Whether there is no example.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.targets.is_empty()
    }

    /// Some rows that follow one another.
    ///
    /// # Panics
    /// There are fewer rows.
    #[must_use]
    pub fn run(&self, rows: Range<usize>) -> Self {
        let width = self.inputs.len() / self.len().max(1);
        Self {
            inputs: self.inputs[rows.start * width..rows.end * width].to_vec(),
            targets: self.targets.run(rows),
        }
    }

    /// Appends the examples of another part of the same data set.
    ///
    /// # Errors
    /// The targets of one are classes and those of the other numbers; nothing is appended then.
    pub fn append(&mut self, other: &Self) -> Result<(), Error> {
        self.targets.append(&other.targets)?;
        self.inputs.extend_from_slice(&other.inputs);
        Ok(())
    }
}
