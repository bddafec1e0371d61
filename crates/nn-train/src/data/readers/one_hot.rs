//! Labels of binary files: one number an example, or as many as there are classes, with a one at the example's own.

use std::path::Path;

use crate::Error;
use crate::data::raw::Labels;
use crate::data::spec::{DataSpec, Task};

/// The labels of `n` examples from an array of sizes `sizes`. `is_main` tells whether every class must occur.
pub(super) fn labels(
    spec: &DataSpec,
    path: &Path,
    sizes: &[usize],
    numbers: Vec<f64>,
    n: usize,
    is_main: bool,
) -> Result<Labels, Error> {
    let refuse = |message: String| Error::Format {
        path: path.into(),
        message,
    };
    match (sizes, spec.task) {
        (&[found] | &[found, 1], _) if found == n => Ok(Labels::Numbers(numbers)),
        (&[found, classes], Task::Class) if found == n => {
            one_hot(spec, path, &numbers, classes, is_main).map(Labels::Numbers)
        }
        (&[found, targets], Task::Reg) if found == n => Err(refuse(format!(
            "holds {targets} targets an example, and one can be predicted: save the column that is meant"
        ))),
        _ => Err(refuse(format!(
            "holds labels of sizes {sizes:?}, but there are {n} examples: save one label an example, in the same order"
        ))),
    }
}

/// The classes that rows of `classes` numbers name.
fn one_hot(
    spec: &DataSpec,
    path: &Path,
    numbers: &[f64],
    classes: usize,
    is_main: bool,
) -> Result<Vec<f64>, Error> {
    let is = |x: f64, value: f64| (x - value).abs() <= 0.0;
    let mut seen = vec![false; classes];
    let mut found = Vec::with_capacity(numbers.len() / classes);
    for (i, row) in numbers.chunks_exact(classes).enumerate() {
        let ones = row.iter().filter(|x| is(**x, 1.0)).count();
        let zeros = row.iter().filter(|x| is(**x, 0.0)).count();
        let at = row.iter().position(|x| is(*x, 1.0));
        let Some(at) = at.filter(|_| ones == 1 && zeros == classes - 1) else {
            return Err(Error::Format {
                path: path.into(),
                message: format!(
                    "has {classes} numbers an example, but those of example {} are not one 1 and else 0, which would name its class: save one label an example, such as y.argmax(axis=1)",
                    i + 1
                ),
            });
        };
        seen[at] = true;
        found.push(at as f64);
    }
    // The classes are counted from their numbers, and the last of them would be lost.
    match seen.iter().position(|seen| !seen) {
        Some(absent) if is_main && spec.classes.is_none() => Err(Error::Data {
            field: "classes",
            problem: format!(
                "can't be counted: the labels have {classes} columns ({}), but none is of class {absent}; check the labels or give classes = {classes}",
                path.display()
            ),
        }),
        _ => Ok(found),
    }
}
