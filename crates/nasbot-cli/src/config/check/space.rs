//! Checks of `[space]`: the kind, the bounds, the networks to start from.

use nasbot::settings::Description;
use nasbot_opt::NetworkSpace;
use nn_graph::{Constraints, Kind};
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

pub(super) fn bounds(bounds: &Constraints, problems: &mut Problems<'_>) {
    let number = |n: usize| n as f64;
    let pairs = [
        (
            "layers",
            bounds.min_layers.map(number),
            bounds.max_layers.map(number),
        ),
        ("mass", bounds.min_mass, bounds.max_mass),
        (
            "units",
            bounds.min_units.map(f64::from),
            bounds.max_units.map(f64::from),
        ),
    ];
    for (what, least, most) in pairs {
        for (end, value) in [("min", least), ("max", most)] {
            if value.is_some_and(|value| !value.is_finite() || value < 0.0) {
                let path = format!("space.{end}-{what}");
                problems.add(
                    &path,
                    format!("{end}-{what} must be a finite number of at least 0"),
                    "",
                );
            }
        }
        if let (Some(least), Some(most)) = (least, most)
            && least > most
        {
            problems.add(
                &format!("space.min-{what}"),
                format!("min-{what} is {least}, more than max-{what} = {most}"),
                "no network can satisfy both: swap or loosen them",
            );
        }
    }
    let least = [
        (
            "max-layers",
            bounds.max_layers,
            4,
            "input, output, a decision layer and one between",
        ),
        (
            "max-edges",
            bounds.max_edges,
            3,
            "the shortest network has three edges",
        ),
        (
            "max-in-degree",
            bounds.max_in_degree,
            1,
            "every layer but the input has a parent",
        ),
        (
            "max-out-degree",
            bounds.max_out_degree,
            1,
            "every layer but the output has a child",
        ),
        (
            "max-units",
            bounds.max_units.map(|u| u as usize),
            1,
            "a layer has at least one unit",
        ),
    ];
    for (what, value, needed, why) in least {
        if let Some(value) = value.filter(|&value| value < needed) {
            let message = format!("{what} is {value}, it must be at least {needed}");
            problems.add(&format!("space.{what}"), message, why);
        }
    }
}

/// An image halves only so often before nothing is left of it: the bound follows from the data.
pub(super) fn halvings(
    data: &DataSpec,
    kind: Kind,
    bounds: &mut Constraints,
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
    bounds: Constraints,
    problems: &mut Problems<'_>,
) -> Option<NetworkSpace> {
    let Some(files) = &raw.space.pool else {
        // Contradictory bounds have been noted; no network satisfying them would be one problem more.
        let space = NetworkSpace::new(kind, bounds);
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
    let space = NetworkSpace::new(kind, bounds).and_then(|space| space.with_pool(pool));
    space
        .map_err(|error| problems.add("space.pool", error.to_string(), ""))
        .ok()
}
