//! Checks of `[space]`: the kind, the bounds, the networks to start from.

use nasbot::settings::Description;
use nasbot_opt::NetworkSpace;
use nn_graph::{BoundProblem, Bounds, Constraints, Kind, pool};
use nn_train::Facts;
use nn_train::data::DataSpec;

use super::super::diagnostic::Problems;
use super::super::raw::Raw;
use crate::input;

pub(super) fn kind(raw: &Raw, problems: &mut Problems<'_>) -> Option<Kind> {
    match raw.space.kind.parse() {
        Ok(kind) => Some(kind),
        Err(error) => {
            let error: nn_graph::Error = error;
            problems.add("space.kind", error.to_string(), "");
            None
        }
    }
}

/// The bounds as constraints; `None` where no network can keep them, which is noted at each.
pub(super) fn constraints(bounds: Bounds, problems: &mut Problems<'_>) -> Option<Constraints> {
    match bounds.checked() {
        Ok(constraints) => Some(constraints),
        Err(nn_graph::Error::Bounds(wrong)) => {
            for BoundProblem {
                bound,
                problem,
                reason,
            } in wrong
            {
                problems.add(&format!("space.{bound}"), problem, reason);
            }
            None
        }
        Err(error) => {
            problems.add_first("space", error.to_string(), "");
            None
        }
    }
}

/// An image halves only so often before nothing is left of it: the bound follows from the data.
pub(super) fn halvings(
    data: &DataSpec,
    kind: Kind,
    bounds: &mut Bounds,
    problems: &mut Problems<'_>,
) {
    let Some(image) = data
        .image
        .filter(|image| kind == Kind::Cnn && !image.is_empty())
    else {
        return;
    };
    let most = image.height.min(image.width).ilog2();
    match bounds.max_halvings {
        None => bounds.max_halvings = Some(most),
        Some(asked) if asked > most => problems.add(
            "space.max-halvings",
            format!(
                "max-halvings is {asked}, but images of {}×{} can be halved {most} times only",
                image.height, image.width
            ),
            "leave the key out: the bound then follows from the data",
        ),
        Some(_) => {}
    }
}

/// The space within its bounds, with the user's own starting networks if there are any.
pub(super) fn space(
    raw: &Raw,
    source: &Description,
    kind: Kind,
    constraints: Constraints,
    facts: Option<Facts>,
    problems: &mut Problems<'_>,
) -> Option<NetworkSpace> {
    let Some(files) = &raw.space.pool else {
        let mut space = NetworkSpace::new(kind, constraints);
        if facts.is_some_and(|facts| !facts.images) {
            let modest = pool::modest(kind, &constraints);
            // Where the bounds leave none of these, the usual ones may still fit.
            if !modest.is_empty() {
                space = space.and_then(|space| space.with_pool(modest));
            }
        }
        return space
            .map_err(|error| problems.add_first("space", error.to_string(), ""))
            .ok();
    };
    let mut pool = Vec::new();
    for file in files {
        match input::network(&source.folder.join(file)) {
            Ok(network) => pool.push(network),
            Err(error) => problems.add("space.pool", error.to_string(), ""),
        }
    }
    if pool.len() < files.len() {
        return None;
    }
    let space = NetworkSpace::new(kind, constraints).and_then(|space| space.with_pool(pool));
    space
        .map_err(|error| problems.add("space.pool", error.to_string(), ""))
        .ok()
}
