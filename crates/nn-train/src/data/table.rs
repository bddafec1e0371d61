//! One table of checked numbers, whatever the format.

use std::path::Path;

use super::examples::{InputShape, Targets};
use super::labels::{self, Classes};
use super::raw::Keep;
use super::readers;
use super::spec::{DataSpec, OneOrMany, Task};
use crate::Error;

/// Inputs and targets as they stand in the files, checked but not standardised.
pub(super) struct Table {
    /// What one example looks like.
    pub(super) shape: InputShape,
    /// All inputs; none where labels alone were kept.
    pub(super) inputs: Vec<f32>,
    /// All targets.
    pub(super) targets: Targets,
    /// The classes.
    pub(super) classes: Classes,
}

/// Reads files by a specification; `main` are the main file's classes when the test file is read.
pub(super) fn read(
    spec: &DataSpec,
    paths: &OneOrMany,
    labels: Option<&Path>,
    main: Option<&Classes>,
    keep: Keep,
) -> Result<Table, Error> {
    let paths = paths.as_slice();
    let raw = readers::read(spec, paths, labels, keep)?;
    if raw.labels.len() == 0 {
        return Err(Error::Format {
            // The specification was checked: there is at least one path.
            path: paths.first().cloned().unwrap_or_default(),
            message: "holds no example".into(),
        });
    }
    let shape = shape(spec, raw.shape)?;
    let (targets, classes) = match spec.task {
        Task::Class => labels::classes(spec, &raw, main)?,
        Task::Reg => (labels::values(spec, &raw)?, Classes::default()),
    };
    Ok(Table {
        shape,
        inputs: raw.inputs.into_values(),
        targets,
        classes,
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
