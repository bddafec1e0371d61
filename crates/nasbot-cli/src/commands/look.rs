//! What is in data of which only the place is known: for those who look at them, and for a description of a search on them.

use nn_train::data::{Contents, DataSpec, Format, Task};

use crate::error::Error;

/// More labels than these are taken for numbers if they are numbers and the task is not given.
const CLASSES: usize = 20;

/// What is in the data; where the task is not given, numbers are predicted if the labels are no classes, or many numbers. The
/// task that was found stands in `spec` then.
pub(super) fn survey(spec: &mut DataSpec, is_task_given: bool) -> Result<Contents, Error> {
    let found = nn_train::data::survey(spec);
    if is_task_given || spec.format() == Some(Format::Images) {
        return Ok(found?);
    }
    let are_few = |contents: &Contents| {
        let mut names = contents.classes.iter().map(|(name, _)| name);
        contents.classes.len() <= CLASSES || names.any(|name| name.parse::<f64>().is_err())
    };
    match found {
        Ok(contents) if are_few(&contents) => Ok(contents),
        found => {
            spec.task = Task::Reg;
            match nn_train::data::survey(spec) {
                Ok(contents) => Ok(contents),
                // Neither: what is wrong with them as classes is said.
                Err(_) => {
                    spec.task = Task::Class;
                    Ok(found?)
                }
            }
        }
    }
}
