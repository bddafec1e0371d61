//! A data set as a training takes it: read, split and standardised.

use std::path::Path;

use super::examples::{Examples, InputShape};
use super::labels::Classes;
use super::raw::Keep;
use super::scaling::Scaling;
use super::spec::{DataSpec, OneOrMany};
use super::table::{self, Table};
use super::{cache, split};
use crate::Error;

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
    let (main, given_test) = tables(spec, |paths, labels, main| {
        cache::read(spec, paths, labels, main)
    })?;
    let Table {
        shape,
        inputs,
        targets,
        classes,
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
        classes: classes.count,
        class_names: classes.names,
        train,
        validation,
        test,
        scaling,
    })
}

/// What is in a data set, without its numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Contents {
    /// What one input looks like.
    pub shape: InputShape,
    /// Number of classes; `None` for regression.
    pub classes: Option<u32>,
    /// The names of the classes where the file has names in place of numbers.
    pub class_names: Vec<String>,
    /// How many examples there are to train on, to score on during the search, and to score on at the end.
    pub parts: [usize; 3],
}

/// Finds out what [`load`] would read, with the same checks, and keeps no input: one pass over text and binary files, and of
/// a folder of images the names and the first image alone, so that a broken one among the others is found by [`load`].
/// Takes the memory of the labels.
///
/// # Errors
/// As [`load`].
pub fn describe(spec: &DataSpec) -> Result<Contents, Error> {
    spec.check()?;
    let (main, test) = tables(spec, |paths, labels, main| {
        table::read(spec, paths, labels, main, Keep::Labels)
    })?;
    let mut parts = split::sizes(&spec.split, main.targets.len(), test.is_some())?;
    if let Some(test) = test {
        parts[2] = test.targets.len();
    }
    Ok(Contents {
        shape: main.shape,
        classes: main.classes.count,
        class_names: main.classes.names,
        parts,
    })
}

/// The main file's table and that of the test file, if there is one: it has the main file's classes and its shape. `read` takes
/// paths, labels and the classes that are known.
fn tables(
    spec: &DataSpec,
    read: impl Fn(&OneOrMany, Option<&Path>, Option<&Classes>) -> Result<Table, Error>,
) -> Result<(Table, Option<Table>), Error> {
    let main = read(&spec.path, spec.labels.as_deref(), None)?;
    let Some(test) = &spec.test else {
        return Ok((main, None));
    };
    let test = read(&test.path, test.labels.as_deref(), Some(&main.classes))?;
    table::check_alike(&main, &test)?;
    Ok((main, Some(test)))
}
