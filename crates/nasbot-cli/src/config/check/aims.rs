//! Objectives and constraints: what is wanted besides a high score.

use nasbot::settings::{Aims, Constraint, Objective, SCORE};
use nasbot_opt::{Goal, ValidConfig};

use crate::config::aims::{RawGoal, Repeated};
use crate::config::diagnostic::Problems;
use crate::config::raw::Raw;

/// Checks objectives and constraints, and the bounds of `[space]` on what is known of a network.
pub(super) fn aims(
    raw: &Raw,
    search: Option<&ValidConfig>,
    problems: &mut Problems<'_>,
) -> Option<Aims> {
    let mut found = Aims::default();
    for objective in raw.objective.iter().flat_map(Repeated::all) {
        let is_score = objective.name == SCORE;
        let goal = match objective.goal {
            Some(RawGoal::Maximise) => Goal::Maximise,
            Some(RawGoal::Minimise) => Goal::Minimise,
            None if is_score => Goal::Maximise,
            None => Goal::Minimise,
        };
        found.objectives.push(Objective {
            name: objective.name.clone(),
            goal,
            reference: objective.reference,
        });
    }
    let mut is_fine = true;
    for constraint in raw.constraint.iter().flat_map(Repeated::all) {
        let bounds = [
            (constraint.at_most, Goal::Minimise),
            (constraint.at_least, Goal::Maximise),
        ];
        let given = bounds
            .into_iter()
            .filter_map(|(bound, goal)| Some((bound?, goal)));
        let before = found.constraints.len();
        found
            .constraints
            .extend(given.map(|(bound, goal)| Constraint {
                name: constraint.name.clone(),
                goal,
                bound,
            }));
        if found.constraints.len() == before {
            let message = format!("the constraint on `{}` has no bound", constraint.name);
            problems.add("constraint", message, "add at-most or at-least");
            is_fine = false;
        }
    }
    for (key, name, bound) in [
        ("max-parameters", "parameters", raw.space.max_parameters),
        ("max-flops", "flops", raw.space.max_flops),
        ("max-memory", "memory", raw.space.max_memory),
    ] {
        let Some(bound) = bound else { continue };
        if !raw.workers.trains() {
            let message =
                format!("{key} follows from the data, and nothing is trained on data here");
            let help = "give max-mass or max-layers, or a [[constraint]] on a number that the program returns";
            problems.add(&format!("space.{key}"), message, help);
            is_fine = false;
        }
        found.constraints.push(Constraint {
            name: name.to_owned(),
            goal: Goal::Minimise,
            bound,
        });
    }
    if found.is_score_alone() {
        return is_fine.then_some(found);
    }
    let section = if raw.objective.is_some() {
        "objective"
    } else {
        "constraint"
    };
    let section = if problems.has(section) {
        section
    } else {
        "space"
    };
    if raw.fidelity.is_some() {
        problems.add(
            "fidelity",
            "trainings that stop at rungs have one objective and no constraints",
            "remove [fidelity], or the objectives, the constraints and the bounds on parameters, flops and memory",
        );
        is_fine = false;
    }
    if raw.inherit.is_some() {
        problems.add(
            "inherit",
            "trainings that inherit have one objective and no constraints",
            "remove [inherit], or the objectives, the constraints and the bounds on parameters, flops and memory",
        );
        is_fine = false;
    }
    // Whether a network is trained decides which figures are known; the check is the same for both.
    let evaluator = nasbot::settings::Evaluator::Own;
    let checked = found.checked(&evaluator).and_then(|aims| match search {
        Some(search) => aims.check(search),
        None => Ok(()),
    });
    if let Err(error) = checked {
        problems.add(section, error.to_string(), "");
        is_fine = false;
    }
    is_fine.then_some(found)
}
