//! One table of checked numbers, whatever the format.

use std::path::Path;

use super::columns::{Described, Kind};
use super::examples::InputShape;
use super::labels;
use super::numbering;
use super::raw::{Keep, Raw};
use super::readers;
use super::spec::{DataSpec, OneOrMany, Task};
use super::values::Values;
use crate::Error;

/// Inputs and targets as they stand in the files, checked but not prepared.
#[derive(Debug)]
pub(super) struct Table {
    /// What one example looks like.
    pub(super) shape: InputShape,
    /// All inputs; none where labels alone were kept.
    pub(super) inputs: Values,
    /// All targets.
    pub(super) targets: Answers,
    /// The names of the classes; none for regression.
    pub(super) classes: Vec<String>,
    /// What else is known of a text table.
    pub(super) described: Option<Described>,
    /// What the split goes by, one entry an example, if it goes by a column or by folders.
    pub(super) marks: Vec<String>,
    /// What each example counts for in a training, if a column says it.
    pub(super) weights: Vec<f32>,
}

/// What is to be predicted, one entry an example.
#[derive(Debug, PartialEq)]
pub(super) enum Answers {
    /// Classes, from 0.
    Classes(Vec<i64>),
    /// Numbers, transformed if the specification says so.
    Values(Vec<f64>),
}

impl Answers {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Classes(classes) => classes.len(),
            Self::Values(values) => values.len(),
        }
    }
}

/// Reads files by a specification. A further file, such as the test file, has the classes and the columns of the main one.
pub(super) fn read(
    spec: &DataSpec,
    paths: &OneOrMany,
    labels: Option<&Path>,
    main: Option<&Table>,
    keep: Keep,
) -> Result<Table, Error> {
    let paths = paths.as_slice();
    let columns = main.and_then(|main| main.described.as_ref());
    let (raw, mut described) = readers::read(spec, paths, labels, columns, keep)?;
    if raw.labels.len() == 0 {
        return Err(Error::Format {
            // The specification was checked: there is at least one path.
            path: paths.first().cloned().unwrap_or_default(),
            message: "holds no example".into(),
        });
    }
    let shape = shape(spec, raw.shape)?;
    if let (InputShape::Image(_), Some(described)) = (shape, &described) {
        check_pixels(described, &raw)?;
    }
    let (targets, classes) = match spec.task {
        Task::Class => {
            let known = main.map(|main| main.classes.as_slice());
            let (classes, names) = labels::classes(spec, &raw, known)?;
            (Answers::Classes(classes), names)
        }
        Task::Reg => (Answers::Values(labels::values(spec, &raw)?), Vec::new()),
    };
    let inputs = raw.inputs.into_values();
    if let (None, Some(described)) = (main, &mut described) {
        described.numbering = numbering::columns(&described.columns, &inputs);
        let notes = described.numbering.iter().map(numbering::note);
        described.notes.extend(notes);
    }
    Ok(Table {
        shape,
        inputs,
        targets,
        classes,
        described,
        marks: raw.marks,
        weights: raw.weights,
    })
}

/// The shape that the specification asks for, if the file's numbers fit it.
fn shape(spec: &DataSpec, found: InputShape) -> Result<InputShape, Error> {
    match spec.image {
        None => Ok(found),
        Some(image) if image.len() == found.len() => Ok(InputShape::Image(image)),
        Some(image) => Err(Error::Data {
            field: "image",
            problem: format!(
                "needs {} numbers an example ({} × {} × {}), the file has {}",
                image.len(),
                image.channels,
                image.height,
                image.width,
                found.len()
            ),
        }),
    }
}

/// Checks that the cells of images are numbers, all there.
fn check_pixels(described: &Described, raw: &Raw) -> Result<(), Error> {
    let data = |problem: String| {
        Err(Error::Data {
            field: "image",
            problem,
        })
    };
    if let Some(column) = described
        .columns
        .iter()
        .find(|column| column.kind != Kind::Number)
    {
        return data(format!(
            "wants rows of pixels, but column '{}' holds cells of the kind {}: list it in `ignore`",
            column.name,
            column.kind.name()
        ));
    }
    let width = described.columns.len();
    match raw.inputs.first_gap() {
        None => Ok(()),
        Some(gap) => {
            let (path, row) = raw.place(gap / width);
            data(format!(
                "wants rows of pixels, but {}, row {row}, column '{}' is a gap: fill it in or remove the row",
                path.display(),
                described.columns[gap % width].name
            ))
        }
    }
}

/// Checks that the test file has the main file's shape.
pub(super) fn check_alike(main: &Table, test: &Table) -> Result<(), Error> {
    if main.shape == test.shape {
        return Ok(());
    }
    let (found, expected) = (test.shape.len(), main.shape.len());
    Err(Error::Data {
        field: "test",
        problem: format!("has {found} numbers an example, the main file has {expected}"),
    })
}
