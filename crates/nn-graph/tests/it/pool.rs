//! The initial pools and examples: as the golden ones, and inside bounds that exclude those.

use std::collections::BTreeSet;

use nn_graph::{Bounds, Constraints, Error, Group, Kind, Network, Op, pool};
use proptest::prelude::*;
use rand::SeedableRng as _;
use rand_pcg::Pcg64;

use crate::golden;

fn golden_of(origin: &str) -> Vec<Network> {
    let is_wanted = |id: &str| {
        id.strip_prefix(origin)
            .is_some_and(|n| n.parse::<u32>().is_ok())
    };
    (golden::networks().into_iter())
        .filter(|g| is_wanted(&g.id))
        .map(|g| g.network)
        .collect()
}

fn initial(kind: Kind, constraints: &Constraints, seed: u64) -> Vec<Network> {
    pool::initial(kind, constraints, &mut Pcg64::seed_from_u64(seed)).unwrap()
}

#[test]
fn convolutional_pool_and_examples_are_the_golden_ones() {
    let pool = golden_of("cnn-pool-");
    assert_eq!(pool.len(), 12);
    assert_eq!(initial(Kind::Cnn, &Constraints::default(), 1), pool);
    let examples = golden_of("cnn-arch-");
    assert_eq!(examples.len(), 14);
    assert_eq!(pool::examples(Kind::Cnn), examples);
}

/// Lengths of the runs of equal operations and of equal units, of layers with units.
fn blocks(network: &Network) -> (Vec<usize>, Vec<(u32, usize)>) {
    let hidden: Vec<_> = (network.layers().iter())
        .filter(|l| l.units.is_some())
        .collect();
    let ops = hidden.chunk_by(|a, b| a.op == b.op).map(<[_]>::len);
    let units = (hidden.chunk_by(|a, b| a.units == b.units))
        .map(|block| (block[0].units.unwrap_or(0), block.len()));
    (ops.collect(), units.collect())
}

#[test]
fn perceptron_pools_have_the_golden_blocks_with_the_units_that_were_meant() {
    for (kind, name) in [
        (Kind::MlpReg, "mlp-reg-pool-"),
        (Kind::MlpClass, "mlp-class-pool-"),
    ] {
        let golden = golden_of(name);
        let ours = initial(kind, &Constraints::default(), 1);
        assert_eq!((ours.len(), golden.len()), (10, 10));
        for (ours, golden) in ours.iter().zip(&golden) {
            let (ops, units) = blocks(ours);
            assert_eq!(ops, blocks(golden).0);
            // Blocks of 64, 128, 256, then 512 units, as long as the blocks of operations.
            let per_block = ops[0];
            let last = (ops.len() - 3) * per_block;
            let mut meant = vec![(64, per_block), (128, per_block), (256, per_block)];
            if last > 0 {
                meant.push((512, last));
            }
            assert_eq!(units, meant);
            // Rectifiers and sigmoids in turn, as in golden.
            let groups = |network: &Network| -> Vec<Group> {
                network.layers().iter().map(|l| l.op.group()).collect()
            };
            assert_eq!(groups(ours), groups(golden));
        }
    }
}

#[test]
fn perceptron_examples_are_the_golden_ones() {
    for (kind, name) in [
        (Kind::MlpReg, "mlp-reg-arch-"),
        (Kind::MlpClass, "mlp-class-arch-"),
    ] {
        let golden = golden_of(name);
        let ours = pool::examples(kind);
        assert_eq!((ours.len(), golden.len()), (8, 8));
        for (i, (ours, golden)) in ours.iter().zip(&golden).enumerate() {
            // The fifth and sixth come from the code that shifts units and draws activations.
            if matches!(i, 4 | 5) {
                assert_eq!(blocks(ours).0, blocks(golden).0);
            } else {
                assert_eq!(ours, golden);
            }
        }
    }
}

#[test]
fn a_seed_repeats_the_pool_and_another_changes_activations() {
    let bounds = Constraints::default();
    assert_eq!(
        initial(Kind::MlpReg, &bounds, 5),
        initial(Kind::MlpReg, &bounds, 5)
    );
    assert_ne!(
        initial(Kind::MlpReg, &bounds, 5),
        initial(Kind::MlpReg, &bounds, 6)
    );
}

fn small_images() -> Constraints {
    Bounds {
        max_layers: Some(18),
        max_mass: Some(40_000.0),
        max_units: Some(64),
        min_units: Some(4),
        max_halvings: Some(3),
        ..Bounds::default()
    }
    .checked()
    .unwrap()
}

#[test]
fn tighter_spaces_get_full_pools_of_different_networks() {
    let spaces = [
        small_images(),
        Bounds {
            max_halvings: Some(0),
            ..Bounds::default()
        }
        .checked()
        .unwrap(),
        Bounds {
            max_in_degree: Some(1),
            max_out_degree: Some(1),
            ..Bounds::default()
        }
        .checked()
        .unwrap(),
        Bounds {
            max_layers: Some(8),
            ..Bounds::default()
        }
        .checked()
        .unwrap(),
        Bounds {
            max_layers: Some(5),
            max_units: Some(32),
            ..Bounds::default()
        }
        .checked()
        .unwrap(),
        Bounds {
            max_edges: Some(9),
            max_mass: Some(3000.0),
            ..Bounds::default()
        }
        .checked()
        .unwrap(),
        Bounds {
            min_layers: Some(22),
            max_layers: Some(26),
            ..Bounds::default()
        }
        .checked()
        .unwrap(),
        Bounds {
            min_mass: Some(2e6),
            ..Bounds::default()
        }
        .checked()
        .unwrap(),
        Bounds {
            min_units: Some(100),
            max_units: Some(130),
            ..Bounds::default()
        }
        .checked()
        .unwrap(),
        Bounds {
            max_mass: Some(100_000.0),
            min_mass: Some(20_000.0),
            ..Bounds::default()
        }
        .checked()
        .unwrap(),
    ];
    for bounds in spaces {
        for (kind, full) in [(Kind::Cnn, 12), (Kind::MlpClass, 10), (Kind::MlpReg, 10)] {
            let pool = initial(kind, &bounds, 3);
            for network in &pool {
                bounds.check(network).unwrap();
            }
            let distinct: BTreeSet<u128> = pool.iter().map(Network::canonical_hash).collect();
            assert_eq!(distinct.len(), full, "{kind} {bounds:?}");
            assert_eq!(pool.len(), full);
        }
    }
}

#[test]
fn a_space_without_images_to_halve_has_no_halving() {
    let bounds = Bounds {
        max_halvings: Some(0),
        ..Bounds::default()
    }
    .checked()
    .unwrap();
    for network in initial(Kind::Cnn, &bounds, 1) {
        assert!(
            network
                .layers()
                .iter()
                .all(|l| l.op != Op::MaxPool && l.stride != Some(2))
        );
    }
}

#[test]
fn bounds_that_exclude_everything_are_named() {
    let says = |kind, bounds: Constraints| {
        let mut rng = Pcg64::seed_from_u64(1);
        pool::initial(kind, &bounds, &mut rng)
            .unwrap_err()
            .to_string()
    };
    let bounds = Bounds {
        max_layers: Some(4),
        min_mass: Some(1e12),
        ..Bounds::default()
    }
    .checked()
    .unwrap();
    // No number of layers makes so large a network.
    assert_eq!(
        says(Kind::Cnn, bounds),
        "no network of kind cnn to start from keeps min-mass = 1000000000000: relax it"
    );
    let bounds = Bounds {
        max_mass: Some(1000.0),
        min_units: Some(500),
        min_layers: Some(5),
        ..Bounds::default()
    }
    .checked()
    .unwrap();
    assert_eq!(
        says(Kind::MlpReg, bounds),
        "no network of kind mlp-reg to start from keeps min-layers = 5, max-mass = 1000, \
         min-units = 500: relax one of them"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Any bounds: a pool that keeps them, or an error that names some of them.
    #[test]
    fn every_space_has_a_pool_or_says_why_not(
        kind in prop::sample::select(Kind::ALL.to_vec()),
        seed: u64,
        layers in (0_usize..30, 0_usize..30),
        masses in (0.0..1e5, 0.0..1e6),
        units in (1_u32..80, 1_u32..600),
        degrees_edges_halvings in (0_usize..4, 0_usize..4, 2_usize..40, 0_u32..6),
        is_set in prop::array::uniform10(prop::bool::weighted(0.4)),
    ) {
        let (max_in, max_out, edges, halvings) = degrees_edges_halvings;
        let bounds = Bounds {
            min_layers: is_set[0].then_some(layers.0),
            max_layers: is_set[1].then_some(layers.1),
            min_mass: is_set[2].then_some(masses.0),
            max_mass: is_set[3].then_some(masses.1),
            min_units: is_set[4].then_some(units.0),
            max_units: is_set[5].then_some(units.1),
            max_in_degree: is_set[6].then_some(max_in),
            max_out_degree: is_set[7].then_some(max_out),
            max_edges: is_set[8].then_some(edges),
            max_halvings: is_set[9].then_some(halvings),
        };
        let bounds = match bounds.checked() {
            Ok(bounds) => bounds,
            Err(Error::Bounds(problems)) => {
                prop_assert!(!problems.is_empty());
                prop_assert!(problems.iter().all(|p| bounds.limit(p.bound).is_some()));
                return Ok(());
            }
            Err(other) => return Err(TestCaseError::fail(other.to_string())),
        };
        match pool::initial(kind, &bounds, &mut Pcg64::seed_from_u64(seed)) {
            Ok(pool) => {
                prop_assert!(!pool.is_empty());
                for network in &pool {
                    prop_assert_eq!(bounds.check(network), Ok(()));
                    prop_assert_eq!(network.kind(), kind);
                }
            }
            Err(Error::NoPool { bounds: named, .. }) => {
                prop_assert!(!named.is_empty());
                prop_assert!(named.iter().all(|&(bound, limit)| bounds.bounds().limit(bound) == Some(limit)));
            }
            Err(other) => prop_assert!(false, "{other}"),
        }
    }
}

#[test]
fn modest_perceptrons_differ_and_keep_bounds_by_having_fewer_units() {
    for most in [1, 40, 100_000] {
        let bounds = Bounds {
            max_units: Some(most),
            max_layers: Some(5),
            ..Bounds::default()
        };
        let bounds = bounds.checked().unwrap();
        let pool = pool::modest(Kind::MlpClass, &bounds);
        assert!(pool.len() >= 4, "{most}: {}", pool.len());
        for (i, network) in pool.iter().enumerate() {
            assert_eq!(bounds.check(network), Ok(()));
            assert!(!pool[..i].contains(network));
        }
    }
    assert!(pool::modest(Kind::Cnn, &Constraints::default()).is_empty());
}
