//! A data set as a training takes it: read, split and standardised.

use std::path::Path;
use std::sync::Arc;

use super::cache;
use super::dealing::Dealing;
use super::examples::{Examples, InputShape, Inputs, Pixels, Scale, Targets};
use super::preparation::{Encoder, Fitted, Input, Output, Preparation, fit};
use super::raw::Keep;
use super::readers::images::{self, Sizes};
use super::spec::{DataSpec, Format, Metric, OneOrMany};
use super::split::Parts;
use super::split_file;
use super::table::{self, Answers, Table};
use super::values::Values;
use super::weights::Weights;
use crate::Error;

/// A data set, ready to train on.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    /// What one input looks like to a network.
    pub shape: InputShape,
    /// Number of classes; `None` for regression.
    pub classes: Option<u32>,
    /// What networks are scored by.
    pub metric: Metric,
    /// Trained on.
    pub train: Examples,
    /// Scored on during the search.
    pub validation: Examples,
    /// Scored on once, at the end.
    pub test: Examples,
    /// What was done to raw examples, and what outputs mean.
    pub preparation: Preparation,
    /// How examples came to training and validation.
    pub dealing: Dealing,
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
    let (mut main, given_test) = tables(spec, |paths, labels, main| {
        cache::read(spec, paths, labels, main)
    })?;
    let parts = split_file::divide(spec, &main, given_test.is_some())?;
    let dealing = Dealing::of(&main.targets, &parts);
    let fitted = fit(spec, &main, &parts.train)?;
    let weights = Weights::of(spec, &main, &parts.train)?;
    check_metric(spec, (&main, &parts), given_test.as_ref())?;
    let bytes = shared(&fitted, &mut main);
    let weighed = |table: &Table, bytes: Option<&Arc<Vec<u8>>>, rows: Vec<usize>| {
        let weights = weights
            .as_ref()
            .map(|weights| weights.rows(table, &rows).collect());
        Examples {
            weights,
            ..examples(&fitted, table, bytes, rows)
        }
    };
    let examples = |rows: Vec<usize>| weighed(&main, bytes.as_ref(), rows);
    let (train, validation) = (examples(parts.train), examples(parts.validation));
    let test = match given_test {
        Some(mut table) => {
            let all = (0..table.targets.len()).collect();
            let bytes = shared(&fitted, &mut table);
            weighed(&table, bytes.as_ref(), all)
        }
        None => examples(parts.test),
    };
    let preparation = fitted.preparation;
    let names = preparation.output.classes().len() as u32;
    Ok(Dataset {
        shape: preparation.shape(),
        classes: (names > 0).then_some(names),
        metric: spec.metric(),
        train,
        validation,
        test,
        preparation,
        dealing,
        notes: main
            .described
            .map_or_else(Vec::new, |described| described.notes),
    })
}

/// Checks that the metric says something of the parts to be scored on.
fn check_metric(
    spec: &DataSpec,
    (main, parts): (&Table, &Parts),
    test: Option<&Table>,
) -> Result<(), Error> {
    let Answers::Classes(classes) = &main.targets else {
        return Ok(());
    };
    let metric = spec.metric();
    let is_mute = |rows: &[usize]| metric.is_mute(rows.iter().map(|row| &classes[*row]));
    let is_test_mute = match test.map(|test| &test.targets) {
        Some(Answers::Classes(classes)) => metric.is_mute(classes.iter()),
        _ => !parts.test.is_empty() && is_mute(&parts.test),
    };
    if is_mute(&parts.validation) {
        return Err(metric.mute("the validation part"));
    }
    if is_test_mute {
        return Err(metric.mute("the test part"));
    }
    Ok(())
}

/// The pictures of a table, taken from it, where they are bytes: the parts have them in common, and they stay bytes until a batch
/// of them is made.
fn shared(fitted: &Fitted, table: &mut Table) -> Option<Arc<Vec<u8>>> {
    match (&fitted.preparation.input, &mut table.inputs) {
        (Input::Image { .. }, Values::Bytes(bytes)) => Some(Arc::new(std::mem::take(bytes))),
        _ => None,
    }
}

/// Some rows of a table, prepared, without their weights; of `bytes` if its pictures are there.
fn examples(
    fitted: &Fitted,
    table: &Table,
    bytes: Option<&Arc<Vec<u8>>>,
    rows: Vec<usize>,
) -> Examples {
    let preparation = &fitted.preparation;
    let columns = (table.described.as_ref()).map(|described| described.columns.as_slice());
    let size = table.shape.len();
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
    let encoder = Encoder::new(preparation, &fitted.sources, columns, size);
    let inputs = match (&preparation.input, encoder, bytes) {
        (_, Some(encoder), _) => Inputs::Ready(encoder.rows(&table.inputs, &rows)),
        (Input::Image { mean, std, .. }, None, Some(all)) => Inputs::Pixels(Pixels {
            all: Arc::clone(all),
            rows,
            size,
            scale: Scale {
                mean: mean.clone(),
                std: std.clone(),
            },
        }),
        (Input::Image { mean, std, .. }, None, None) => {
            Inputs::Ready(pixels(&table.inputs, size, &rows, mean, std))
        }
        // A table has an encoder.
        (Input::Table { .. }, None, _) => Inputs::Ready(Vec::new()),
    };
    Examples {
        inputs,
        targets,
        weights: None,
    }
}

/// The pixels of some images, channel by channel: (x − mean)/std in 32 bits.
pub(super) fn pixels(
    values: &Values,
    size: usize,
    rows: &[usize],
    mean: &[f32],
    std: &[f32],
) -> Vec<f32> {
    let scale = Scale {
        mean: mean.to_vec(),
        std: std.to_vec(),
    };
    let mut out = Vec::with_capacity(rows.len() * size);
    for row in rows {
        let place = row * size..(row + 1) * size;
        match values {
            Values::Bytes(values) => scale.append(&values[place], f32::from, &mut out),
            Values::Singles(values) => scale.append(&values[place], |x| x, &mut out),
            Values::Doubles(values) => scale.append(&values[place], |x| x as f32, &mut out),
        }
    }
    out
}

/// What is in a data set, without its numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Contents {
    /// What one input looks like to a network.
    pub shape: InputShape,
    /// The name of the column of labels or targets, where the file names its columns.
    pub label: Option<String>,
    /// The classes and how many examples each has, test file left out; none for regression.
    pub classes: Vec<(String, usize)>,
    /// How many examples there are to train on, to score on during the search, and to score on at the end.
    pub parts: [usize; 3],
    /// How examples came to training and validation.
    pub dealing: Dealing,
    /// What is done to the rows of a text table; `None` for other formats, of which inputs are not looked at.
    pub preparation: Option<Preparation>,
    /// What a person should know of how the files were read.
    pub notes: Vec<String>,
    /// The names of inputs that number the rows.
    pub numbering: Vec<String>,
    /// The sizes of pictures of a folder, where they have several and none was asked for; `shape` is then the first one's.
    pub sizes: Option<Sizes>,
}

/// Finds out what [`load`] would read, with the same checks. Of other formats than text tables no input is kept: one pass over
/// binary files, and of a folder of images the names, the headers where no size is asked for, and the first image alone, so that a
/// broken one among the others is found by [`load`].
///
/// # Errors
/// As [`load`].
pub fn describe(spec: &DataSpec) -> Result<Contents, Error> {
    let contents = survey(spec)?;
    match contents.sizes {
        Some(Sizes { odd, problem, .. }) => Err(Error::Format {
            path: odd,
            message: problem,
        }),
        None => Ok(contents),
    }
}

/// As [`describe`], and also of a folder of pictures that [`load`] would refuse because they have several sizes.
///
/// # Errors
/// As [`load`].
pub fn survey(spec: &DataSpec) -> Result<Contents, Error> {
    spec.check()?;
    let sizes = match (spec.format(), spec.image) {
        (Some(Format::Images), None) => images::sizes(spec.path.as_slice())?,
        _ => None,
    };
    let (main, test) = tables(spec, |paths, labels, main| {
        table::read(spec, paths, labels, main, Keep::Labels)
    })?;
    let parts = split_file::divide(spec, &main, test.is_some())?;
    let dealing = Dealing::of(&main.targets, &parts);
    Weights::of(spec, &main, &parts.train)?;
    check_metric(spec, (&main, &parts), test.as_ref())?;
    let Parts {
        train,
        validation,
        test: dealt,
        ..
    } = parts;
    let preparation = match spec.format() {
        Some(format) if format.is_table() => Some(fit(spec, &main, &train)?.preparation),
        _ => None,
    };
    let mut counts = vec![0; main.classes.len()];
    if let Answers::Classes(classes) = &main.targets {
        classes
            .iter()
            .for_each(|class| counts[*class as usize] += 1);
    }
    let tested = test.map_or(dealt.len(), |test| test.targets.len());
    let layout = main.described.as_ref().map(|described| &described.layout);
    let label = layout.and_then(|layout| layout.header.as_ref()?.get(layout.label?).cloned());
    let (notes, numbering) = match main.described {
        Some(described) => (described.notes, described.numbering),
        None => (Vec::new(), Vec::new()),
    };
    Ok(Contents {
        shape: (preparation.as_ref()).map_or(main.shape, Preparation::shape),
        label,
        classes: main.classes.into_iter().zip(counts).collect(),
        parts: [train.len(), validation.len(), tested],
        dealing,
        preparation,
        notes,
        numbering,
        sizes,
    })
}

/// How the examples of a data set are divided, as a file says it that [`SplitSpec::file`](super::SplitSpec::file) may name: a line for
/// each example of the main file, training first, each part in the order of dealing. Inputs of other formats than text tables are not
/// kept.
///
/// # Errors
/// As [`load`].
pub fn split(spec: &DataSpec) -> Result<String, Error> {
    spec.check()?;
    let (main, test) = tables(spec, |paths, labels, main| {
        table::read(spec, paths, labels, main, Keep::Labels)
    })?;
    let parts = split_file::divide(spec, &main, test.is_some())?;
    split_file::text(spec, &parts, main.targets.len())
}

/// The main file's table and that of the test file, if there is one: it has the main file's classes, columns and shape. `read`
/// takes paths, labels and the main file's table if it is known.
fn tables(
    spec: &DataSpec,
    read: impl Fn(&OneOrMany, Option<&Path>, Option<&Table>) -> Result<Table, Error>,
) -> Result<(Table, Option<Table>), Error> {
    let main = read(&spec.path, spec.labels.as_deref(), None)?;
    spec.check_classes(&main.classes)?;
    let Some(test) = &spec.test else {
        return Ok((main, None));
    };
    let test = read(&test.path, test.labels.as_deref(), Some(&main))?;
    table::check_alike(&main, &test)?;
    Ok((main, Some(test)))
}
