//! Checks of `[fidelity]`: rungs below the training's end, and nothing that they can't be combined with.

use nasbot::settings::Fidelity;
use nn_train::TrainingSpec;

use super::super::diagnostic::Problems;
use super::super::raw::{Raw, RawBackend};

/// One in so many goes on, unless told otherwise: the paper's η is 4 or 3.
const FACTOR: usize = 3;

pub(super) fn fidelity(
    raw: &Raw,
    training: &TrainingSpec,
    problems: &mut Problems<'_>,
) -> Option<Fidelity> {
    let Some(fidelity) = raw.fidelity.as_ref() else {
        return Some(Fidelity::full());
    };
    let is_by_hand = raw.workers.backend == RawBackend::Hand;
    let epochs = match (raw.workers.trains(), fidelity.epochs) {
        (true, None) => training.epochs,
        (true, Some(_)) => {
            let message = "the key `epochs` is for backend = \"hand\" only";
            problems.add("fidelity.epochs", message, "give training.epochs");
            return None;
        }
        (false, Some(epochs)) if is_by_hand => epochs,
        (false, None) if is_by_hand => {
            let message =
                "with backend = \"hand\", [fidelity] needs the epochs of a whole training";
            problems.add("fidelity", message, "for example epochs = 9");
            return None;
        }
        (false, _) => {
            let message = "[fidelity] is for backend = \"local\" and \"hand\" only, and for queues without a command";
            problems.add(
                "fidelity",
                message,
                "remove the section, or change workers.backend",
            );
            return None;
        }
    };
    if !is_by_hand {
        check_training(training, problems);
    }
    let mut rungs = fidelity.rungs.clone();
    rungs.push(epochs);
    let checked = Fidelity::rungs(rungs, fidelity.factor.unwrap_or(FACTOR));
    let path = |error: &nasbot_opt::Error| match error {
        nasbot_opt::Error::Setting { name, .. } => format!("fidelity.{name}"),
        _ => "fidelity".to_owned(),
    };
    checked
        .map_err(|error| {
            let help = format!(
                "for example rungs = [1, 3] where a training has 9 epochs; here it has {epochs}"
            );
            problems.add(&path(&error), error.to_string(), &help);
        })
        .ok()
}

/// Finds what trainings that stop at rungs can't be combined with.
fn check_training(training: &TrainingSpec, problems: &mut Problems<'_>) {
    for (given, key, instead) in [
        (training.steps.is_some(), "steps", "give epochs"),
        (
            training.patience.is_some(),
            "patience",
            "rungs stop bad trainings",
        ),
        (training.repeats > 1, "repeats", "leave it at 1"),
        (training.folds.is_some(), "folds", "leave them out"),
    ] {
        if given {
            // A preset may have set it: then it does not stand in the file.
            let path = format!("training.{key}");
            let message = format!("training.{key} can't be combined with [fidelity]");
            problems.add(&path, message, instead);
        }
    }
}
