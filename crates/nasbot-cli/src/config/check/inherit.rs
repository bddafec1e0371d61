//! Checks of `[inherit]`: numbers within their ranges, and nothing that it can't be combined with.

use nasbot::settings::{Fidelity, Inheritance};
use nn_train::TrainingSpec;

use super::super::diagnostic::Problems;
use super::super::raw::Raw;

/// One in so many is trained from nothing, unless told otherwise.
const FACTOR: usize = 4;
/// Bytes of weights that are kept, unless told otherwise.
const KEEP: u64 = 2_000_000_000;
/// The largest distance, unless told otherwise.
const NEAREST: f64 = 0.2;
/// A training that inherits has this part of the epochs, unless told otherwise.
const PART: u32 = 3;

/// `fidelity` with trainings that inherit, where there is a section for it.
pub(super) fn inherit(
    fidelity: Fidelity,
    raw: &Raw,
    training: &TrainingSpec,
    problems: &mut Problems<'_>,
) -> Option<Fidelity> {
    let Some(inherit) = raw.inherit.as_ref() else {
        return Some(fidelity);
    };
    if !raw.workers.trains() {
        problems.add(
            "inherit",
            "[inherit] is for backend = \"local\" only, and for queues without a command",
            "remove the section, or change workers.backend",
        );
        return None;
    }
    for (given, key, instead) in [
        (training.steps.is_some(), "steps", "give epochs"),
        (training.repeats > 1, "repeats", "leave it at 1"),
        (training.folds.is_some(), "folds", "leave them out"),
    ] {
        if given {
            // A preset may have set it: then it does not stand in the file.
            let path = format!("training.{key}");
            let message = format!("training.{key} can't be combined with [inherit]");
            problems.add(&path, message, instead);
        }
    }
    let first = fidelity.epochs(fidelity.halving().first());
    let rungs = first.filter(|_| fidelity.stops());
    let inheritance = Inheritance {
        epochs: (inherit.epochs)
            .or(rungs)
            .unwrap_or_else(|| (training.epochs / PART).max(1)),
        factor: inherit.factor.unwrap_or(FACTOR),
        keep: inherit.keep.map_or(KEEP, |keep| keep.0),
        nearest: inherit.nearest.unwrap_or(NEAREST),
    };
    let checked = fidelity.inheriting(training.epochs, inheritance);
    checked
        .map_err(|error| {
            let path = match &error {
                nasbot_opt::Error::Setting { name, .. } => format!("inherit.{name}"),
                _ => "inherit".to_owned(),
            };
            let help = format!("a whole training has {} epochs here", training.epochs);
            problems.add(&path, error.to_string(), &help);
        })
        .ok()
}
