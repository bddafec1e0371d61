//! The golden constraint checks, each with the bound that it names.

use nn_graph::{Bound, Bounds, Constraints, Network};
use serde::Deserialize;

use crate::golden;

#[derive(Deserialize)]
struct Checks {
    constraints: Vec<Check>,
}

#[derive(Deserialize)]
struct Check {
    network: Network,
    bounds: Bounds,
    violation: String,
}

/// The original's name of a bound.
fn original_name(bound: Bound) -> &'static str {
    match bound {
        Bound::MaxLayers => "too_many_layers",
        Bound::MinLayers => "too_few_layers",
        Bound::MaxMass => "too_much_mass",
        Bound::MinMass => "too_little_mass",
        Bound::MaxInDegree => "large_max_in_degree",
        Bound::MaxOutDegree => "large_max_out_degree",
        Bound::MaxEdges => "too_many_edges",
        Bound::MaxUnits => "max_units_per_layer_exceeded",
        Bound::MinUnits => "min_units_per_layer_not_exceeded",
        Bound::MaxHalvings => "too_many_2strides",
    }
}

#[test]
fn the_same_bound_is_violated() {
    let checks = golden::read::<Checks>("invalid").constraints;
    assert_eq!(checks.len(), 46);
    for (i, check) in checks.iter().enumerate() {
        let ours = match check.bounds.violations(&check.network).next() {
            None => "",
            Some(violation) => original_name(violation.bound),
        };
        assert_eq!(ours, check.violation, "check {i}: {:?}", check.bounds);
    }
}

#[test]
fn a_violation_names_the_layer_and_the_figures() {
    let check = &golden::read::<Checks>("invalid").constraints[0];
    let says = |bounds: Constraints| bounds.check(&check.network).unwrap_err().to_string();
    let bounds = Bounds {
        max_layers: Some(14),
        ..Bounds::default()
    }
    .checked()
    .unwrap();
    assert_eq!(
        says(bounds),
        "the network has 15 layers, but max-layers is 14"
    );
    let bounds = Bounds {
        max_units: Some(100),
        ..Bounds::default()
    }
    .checked()
    .unwrap();
    let says = says(bounds);
    assert!(says.starts_with("layer "), "{says}");
    assert!(
        says.ends_with(" has 128 units, but max-units is 100"),
        "{says}"
    );
}

#[test]
fn a_misspelt_bound_is_refused() {
    let error = serde_json::from_str::<Constraints>(r#"{"max-layer": 3}"#).unwrap_err();
    assert!(error.to_string().contains("max-layer"), "{error}");
}

#[test]
fn bounds_that_no_network_can_keep_are_all_named() {
    let says = |bounds: Bounds| bounds.checked().unwrap_err().to_string();
    let none = Bounds::default();
    let bounds = Bounds {
        max_mass: Some(f64::NAN),
        max_layers: Some(3),
        min_units: Some(9),
        max_units: Some(8),
        ..none
    };
    assert_eq!(
        says(bounds),
        "max-mass must be a finite number of at least 0; \
         max-layers is 3, it must be at least 4 (input, output, a decision layer and one between); \
         min-units is 9, more than max-units = 8 (no network can satisfy both: swap or loosen them)"
    );
    for (bounds, name) in [
        (
            Bounds {
                max_edges: Some(2),
                ..none
            },
            "max-edges is 2",
        ),
        (
            Bounds {
                max_in_degree: Some(0),
                ..none
            },
            "max-in-degree is 0",
        ),
        (
            Bounds {
                max_out_degree: Some(0),
                ..none
            },
            "max-out-degree is 0",
        ),
        (
            Bounds {
                max_units: Some(0),
                ..none
            },
            "max-units is 0",
        ),
        (
            Bounds {
                min_mass: Some(-1.0),
                ..none
            },
            "min-mass must be",
        ),
        (
            Bounds {
                min_mass: Some(2.0),
                max_mass: Some(1.0),
                ..none
            },
            "min-mass is 2, more",
        ),
    ] {
        assert!(says(bounds).starts_with(name), "{}", says(bounds));
    }
    // JSON comes to constraints by the same way.
    let error = serde_json::from_str::<Constraints>(r#"{"max-layers": 3}"#).unwrap_err();
    assert!(error.to_string().contains("at least 4"), "{error}");
}
