//! Data sets: their declaration ([`DataSpec`]) and how they are read, split and standardised ([`load`]).
//!
//! Everything is checked while reading, and an error names the file and the row. What comes out are plain
//! `f32` vectors, so that this part needs no libtorch.

mod cache;
mod check;
mod cifar;
mod columns;
mod csv;
mod idx;
mod images;
mod npy;
mod scaling;
mod source;
mod spec;
mod split;

pub use scaling::Scaling;
pub use spec::{
    Cache, Column, DataSpec, Format, ImageShape, OneOrMany, Placement, SplitSpec, Task, TestSpec,
    Transform,
};

use crate::Error;
use source::Table;

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

    fn select(&self, rows: &[usize]) -> Self {
        match self {
            Self::Classes(classes) => Self::Classes(rows.iter().map(|&i| classes[i]).collect()),
            Self::Values(values) => Self::Values(rows.iter().map(|&i| values[i]).collect()),
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

/// A data set, ready to train on.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    /// What one input looks like.
    pub shape: InputShape,
    /// Number of classes; `None` for regression.
    pub classes: Option<u32>,
    /// The names of the classes where the file has names in place of numbers.
    pub class_names: Vec<String>,
    /// Trained on.
    pub train: Examples,
    /// Scored on during the search.
    pub validation: Examples,
    /// Scored on once, at the end.
    pub test: Examples,
    /// How inputs and targets were standardised.
    pub scaling: Scaling,
}

impl Dataset {
    /// Outputs that a network for this data has: the classes, or one number.
    #[must_use]
    pub fn outputs(&self) -> u32 {
        self.classes.unwrap_or(1)
    }
}

/// Reads a data set, splits it and standardises it with the training part's mean and deviation.
///
/// # Errors
/// Names the file and the row, or the field of `spec`, and what is wrong with it.
pub fn load(spec: &DataSpec) -> Result<Dataset, Error> {
    spec.check()?;
    let main = cache::read(spec, &spec.path, spec.labels.as_deref(), None)?;
    let given_test = match &spec.test {
        None => None,
        Some(test) => Some(cache::read(
            spec,
            &test.path,
            test.labels.as_deref(),
            Some(&main),
        )?),
    };
    if let Some(table) = &given_test {
        source::check_alike(&main, table)?;
    }
    let Table {
        shape,
        inputs,
        targets,
        classes,
        class_names,
    } = main;
    let all = Examples { inputs, targets };
    let [mut train, mut validation, mut test] =
        split::deal(&spec.split, all, given_test.is_some())?;
    if let Some(table) = given_test {
        test = Examples {
            inputs: table.inputs,
            targets: table.targets,
        };
    }
    let scaling = if spec.standardise {
        Scaling::fit(shape, &train)
    } else {
        Scaling::identity(shape)
    };
    for part in [&mut train, &mut validation, &mut test] {
        scaling.apply(part);
    }
    Ok(Dataset {
        shape,
        classes,
        class_names,
        train,
        validation,
        test,
        scaling,
    })
}
