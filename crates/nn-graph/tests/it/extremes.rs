//! The smallest and the largest network of a space.

use nn_graph::{Bounds, Kind, pool};
use rand::SeedableRng as _;
use rand_pcg::Pcg64;

/// Bounds of several kinds, each with what keeps layers and units from growing without an end.
fn bounded() -> Vec<Bounds> {
    let none = Bounds::default();
    vec![
        Bounds {
            max_layers: Some(8),
            max_units: Some(64),
            max_edges: Some(12),
            ..none
        },
        Bounds {
            max_layers: Some(14),
            min_layers: Some(5),
            min_units: Some(8),
            max_units: Some(16),
            ..none
        },
        Bounds {
            max_mass: Some(5e3),
            ..none
        },
        Bounds {
            max_mass: Some(2e4),
            min_mass: Some(1e3),
            max_units: Some(32),
            max_edges: Some(20),
            max_in_degree: Some(2),
            ..none
        },
    ]
}

#[test]
fn extremes_keep_the_bounds_and_no_initial_network_lies_beyond_them() {
    for kind in [Kind::Cnn, Kind::MlpClass, Kind::MlpReg] {
        for bounds in bounded() {
            let constraints = bounds.checked().unwrap();
            let small = pool::smallest(kind, &constraints).unwrap();
            let large = pool::largest(kind, &constraints).unwrap();
            assert!(constraints.check(&small).is_ok() && constraints.check(&large).is_ok());
            let mut rng = Pcg64::seed_from_u64(1);
            let initial = pool::initial(kind, &constraints, &mut rng).unwrap_or_default();
            let usual = pool::modest(kind, &constraints).into_iter().chain(initial);
            for network in usual {
                assert!(small.len() <= network.len(), "{kind} {bounds:?}");
                assert!(
                    network.total_mass() <= 1.05 * large.total_mass(),
                    "{kind} {bounds:?}"
                );
            }
        }
    }
}

#[test]
fn a_bound_on_edges_is_used_up() {
    let bounds = Bounds {
        max_layers: Some(8),
        max_units: Some(64),
        max_edges: Some(12),
        ..Bounds::default()
    };
    let large = pool::largest(Kind::MlpReg, &bounds.checked().unwrap()).unwrap();
    assert_eq!((large.len(), large.edges().len()), (8, 12));
}

#[test]
fn there_is_no_largest_network_without_bounds_on_layers_and_units() {
    let none = Bounds::default();
    for bounds in [
        none,
        Bounds {
            max_layers: Some(9),
            ..none
        },
        Bounds {
            max_units: Some(9),
            ..none
        },
        Bounds {
            max_in_degree: Some(2),
            ..none
        },
    ] {
        let constraints = bounds.checked().unwrap();
        assert_eq!(pool::largest(Kind::Cnn, &constraints), None);
        assert_eq!(pool::smallest(Kind::Cnn, &constraints).unwrap().len(), 4);
    }
}
