//! A data set as a training takes it: read, split and standardised.

use std::path::Path;

use super::cache;
use super::columns::Described;
use super::examples::{Examples, InputShape, Targets};
use super::preparation::{Encoder, Fitted, Input, Output, Preparation, fit};
use super::raw::Keep;
use super::spec::{DataSpec, Format, OneOrMany};
use super::split::{self, Parts};
use super::table::{self, Answers, Table};
use super::values::Values;
use crate::Error;

/// A data set, ready to train on.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    /// What one input looks like to a network.
    pub shape: InputShape,
    /// Number of classes; `None` for regression.
    pub classes: Option<u32>,
    /// Trained on.
    pub train: Examples,
    /// Scored on during the search.
    pub validation: Examples,
    /// Scored on once, at the end.
    pub test: Examples,
    /// What was done to raw examples, and what outputs mean.
    pub preparation: Preparation,
    /// What a person should know of how the files were read.
    pub notes: Vec<String>,
}

impl Dataset {
    /// Outputs that a network for this data has: the classes, or one number.
    #[must_use]
    pub fn outputs(&self) -> u32 {
        self.classes.unwrap_or(1)
    }

    /// The names of the classes, in the order of their numbers; none for regression.
    #[must_use]
    pub fn class_names(&self) -> &[String] {
        self.preparation.output.classes()
    }
}

/// Reads a data set, splits it and prepares it by what its training part shows.
///
/// # Errors
/// Names the file, the row and the column, or the field of `spec`, and what is wrong with it; several things where several are
/// wrong.
pub fn load(spec: &DataSpec) -> Result<Dataset, Error> {
    spec.check()?;
    let (main, given_test) = tables(spec, |paths, labels, main| {
        cache::read(spec, paths, labels, main)
    })?;
    let parts = split::deal(&spec.split, &main, given_test.is_some())?;
    let fitted = fit(spec, &main, &parts.train)?;
    let examples = |table: &Table, rows: &[usize]| examples(&fitted, table, rows);
    let (train, validation) = (
        examples(&main, &parts.train),
        examples(&main, &parts.validation),
    );
    let test = match given_test {
        Some(table) => {
            let all: Vec<usize> = (0..table.targets.len()).collect();
            examples(&table, &all)
        }
        None => examples(&main, &parts.test),
    };
    let preparation = fitted.preparation;
    let names = preparation.output.classes().len() as u32;
    Ok(Dataset {
        shape: preparation.shape(),
        classes: (names > 0).then_some(names),
        train,
        validation,
        test,
        preparation,
        notes: main
            .described
            .map_or_else(Vec::new, |described| described.notes),
    })
}

/// Some rows of a table, prepared.
fn examples(fitted: &Fitted, table: &Table, rows: &[usize]) -> Examples {
    let preparation = &fitted.preparation;
    let columns = (table.described.as_ref()).map(|described| described.columns.as_slice());
    let width = table.shape.len();
    let inputs = match (
        &preparation.input,
        Encoder::new(preparation, &fitted.sources, columns, width),
    ) {
        (_, Some(encoder)) => encoder.rows(&table.inputs, rows),
        (Input::Image { mean, std, .. }, None) => pixels(&table.inputs, width, rows, mean, std),
        // A table has an encoder.
        (Input::Table { .. }, None) => Vec::new(),
    };
    let targets = match (&table.targets, &preparation.output) {
        (Answers::Values(values), Output::Value { mean, std, .. }) => {
            let standardised = rows.iter().map(|&row| ((values[row] - mean) / std) as f32);
            Targets::Values(standardised.collect())
        }
        (Answers::Values(values), Output::Classes { .. }) => {
            Targets::Values(rows.iter().map(|&row| values[row] as f32).collect())
        }
        (Answers::Classes(classes), _) => {
            Targets::Classes(rows.iter().map(|&row| classes[row]).collect())
        }
    };
    Examples { inputs, targets }
}

/// The pixels of some images, channel by channel: (x − mean)/std in 32 bits.
pub(super) fn pixels(
    values: &Values,
    size: usize,
    rows: &[usize],
    mean: &[f32],
    std: &[f32],
) -> Vec<f32> {
    let plane = size / mean.len().max(1);
    let mut out = Vec::with_capacity(rows.len() * size);
    for row in rows {
        for (channel, (mean, std)) in mean.iter().zip(std).enumerate() {
            let start = row * size + channel * plane;
            let scaled = |x: f32| (x - mean) / std;
            match values {
                Values::Bytes(values) => out.extend(
                    (values[start..start + plane].iter()).map(|byte| scaled(f32::from(*byte))),
                ),
                Values::Singles(values) => {
                    out.extend(values[start..start + plane].iter().map(|x| scaled(*x)));
                }
                Values::Doubles(values) => {
                    out.extend(
                        values[start..start + plane]
                            .iter()
                            .map(|x| scaled(*x as f32)),
                    );
                }
            }
        }
    }
    out
}

/// What is in a data set, without its numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Contents {
    /// What one input looks like to a network.
    pub shape: InputShape,
    /// The classes and how many examples each has, test file left out; none for regression.
    pub classes: Vec<(String, usize)>,
    /// How many examples there are to train on, to score on during the search, and to score on at the end.
    pub parts: [usize; 3],
    /// Whether examples were dealt out to the parts one by one, not by folders or files that say where they belong.
    pub is_dealt: bool,
    /// What is done to the rows of a text table; `None` for other formats, of which inputs are not looked at.
    pub preparation: Option<Preparation>,
    /// What a person should know of how the files were read.
    pub notes: Vec<String>,
}

/// Finds out what [`load`] would read, with the same checks. Of other formats than text tables no input is kept: one pass over
/// binary files, and of a folder of images the names and the first image alone, so that a broken one among the others is
/// found by [`load`].
///
/// # Errors
/// As [`load`].
pub fn describe(spec: &DataSpec) -> Result<Contents, Error> {
    spec.check()?;
    let (main, test) = tables(spec, |paths, labels, main| {
        table::read(spec, paths, labels, main, Keep::Labels)
    })?;
    let Parts {
        train,
        validation,
        test: dealt,
    } = split::deal(&spec.split, &main, test.is_some())?;
    let preparation = match spec.format() {
        Some(Format::Csv) => Some(fit(spec, &main, &train)?.preparation),
        _ => None,
    };
    let mut counts = vec![0; main.classes.len()];
    if let Answers::Classes(classes) = &main.targets {
        classes
            .iter()
            .for_each(|class| counts[*class as usize] += 1);
    }
    let tested = test.map_or(dealt.len(), |test| test.targets.len());
    Ok(Contents {
        shape: (preparation.as_ref()).map_or(main.shape, Preparation::shape),
        classes: main.classes.into_iter().zip(counts).collect(),
        parts: [train.len(), validation.len(), tested],
        is_dealt: main.marks.is_empty(),
        preparation,
        notes: main
            .described
            .map_or_else(Vec::new, |Described { notes, .. }| notes),
    })
}

/// The main file's table and that of the test file, if there is one: it has the main file's classes, columns and shape. `read`
/// takes paths, labels and the main file's table if it is known.
fn tables(
    spec: &DataSpec,
    read: impl Fn(&OneOrMany, Option<&Path>, Option<&Table>) -> Result<Table, Error>,
) -> Result<(Table, Option<Table>), Error> {
    let main = read(&spec.path, spec.labels.as_deref(), None)?;
    let Some(test) = &spec.test else {
        return Ok((main, None));
    };
    let test = read(&test.path, test.labels.as_deref(), Some(&main))?;
    table::check_alike(&main, &test)?;
    Ok((main, Some(test)))
}
