//! What holds for every network that morphs produce, whatever the seed and the bounds.

use std::collections::BTreeMap;

use nn_graph::{Bounds, Constraints, Kind, Morph, Network, Op, mutate, pool};
use proptest::prelude::*;
use rand::SeedableRng as _;
use rand::seq::IndexedRandom as _;
use rand_pcg::Pcg64;

use crate::golden;

/// No bounds, and bounds that bite.
fn spaces() -> [Constraints; 4] {
    let none = Constraints::default();
    [
        none,
        Bounds {
            max_layers: Some(20),
            max_mass: Some(60_000.0),
            min_units: Some(4),
            max_units: Some(96),
            max_halvings: Some(3),
            ..Bounds::default()
        }
        .checked()
        .unwrap(),
        Bounds {
            min_layers: Some(6),
            max_layers: Some(60),
            max_edges: Some(90),
            max_in_degree: Some(3),
            max_out_degree: Some(3),
            ..Bounds::default()
        }
        .checked()
        .unwrap(),
        Bounds {
            min_mass: Some(500.0),
            max_mass: Some(1e6),
            min_units: Some(8),
            max_units: Some(1024),
            max_in_degree: Some(5),
            max_out_degree: Some(5),
            max_edges: Some(200),
            ..Bounds::default()
        }
        .checked()
        .unwrap(),
    ]
}

/// Everything that must hold of a network within `bounds`.
fn assert_sound(network: &Network, bounds: &Constraints) {
    // From scratch: the same layers and edges are a network, and the same one, so that they
    // stood in topological order.
    let again = Network::new(
        network.kind(),
        network.layers().to_vec(),
        network.edges().iter().copied(),
    );
    assert_eq!(again.as_ref(), Ok(network));
    bounds.check(network).unwrap();
    assert_eq!(network.layers()[0].op, Op::Ip);
    assert_eq!(network.layers()[network.len() - 1].op, Op::Op);
    assert!(network.edges().iter().all(|(from, to)| from < to));
}

/// At least 100,000 applications, of every morph to networks of every kind: most start from what
/// the one before gave, so that networks far from the seeds are reached.
#[test]
fn morphs_give_only_networks_within_their_bounds() {
    const PER_MORPH_AND_WALK: usize = 930;
    let mut rng = Pcg64::seed_from_u64(1);
    let mut seeds: Vec<Network> = golden::networks().into_iter().map(|g| g.network).collect();
    seeds.extend(Kind::ALL.into_iter().flat_map(pool::examples));
    let mut tried = 0;
    let mut given: BTreeMap<(Morph, Kind), usize> = BTreeMap::new();
    for kind in Kind::ALL {
        for bounds in spaces() {
            let mut seeds: Vec<&Network> = (seeds.iter())
                .filter(|seed| seed.kind() == kind && bounds.check(seed).is_ok())
                .collect();
            let initial = pool::initial(kind, &bounds, &mut rng).unwrap();
            seeds.extend(&initial);
            let mut current = seeds[0].clone();
            for i in 0..9 * PER_MORPH_AND_WALK {
                if i % 40 == 0 {
                    current = (*seeds.choose(&mut rng).unwrap()).clone();
                }
                let morph = *Morph::ALL.choose(&mut rng).unwrap();
                tried += 1;
                if let Ok(next) = morph.apply(&current, &bounds, &mut rng) {
                    assert_sound(&next, &bounds);
                    assert_ne!(next, current, "{morph} changed nothing");
                    *given.entry((morph, kind)).or_default() += 1;
                    if next.len() <= 120 {
                        current = next;
                    }
                }
            }
        }
    }
    println!("{tried} applications; networks given: {given:?}");
    assert!(tried >= 100_000);
    // Every morph of every kind finds a place in most networks.
    for morph in Morph::ALL {
        for kind in Kind::ALL {
            let given = given.get(&(morph, kind)).copied().unwrap_or(0);
            assert!(given > tried / 27 / 2, "{morph} of {kind}: {given}");
        }
    }
}

#[test]
fn mutation_is_determined_by_the_seed() {
    let bounds = Constraints::default();
    let network = &pool::examples(Kind::Cnn)[3];
    let walk = |seed| {
        let mut rng = Pcg64::seed_from_u64(seed);
        let mut network = network.clone();
        for _ in 0..50 {
            network = mutate(&network, &bounds, &mut rng).unwrap();
        }
        network
    };
    assert_eq!(walk(7), walk(7));
    assert_ne!(walk(7), walk(8));
}

#[test]
fn a_network_outside_the_bounds_gives_only_ones_inside() {
    let mut rng = Pcg64::seed_from_u64(4);
    let network = &pool::examples(Kind::Cnn)[0]; // nine layers
    let bounds = Bounds {
        max_layers: Some(8),
        ..Bounds::default()
    }
    .checked()
    .unwrap();
    for _ in 0..100 {
        let shorter = mutate(network, &bounds, &mut rng).unwrap();
        assert!(shorter.len() <= 8);
    }
    let bounds = Bounds {
        max_mass: Some(0.5),
        ..Bounds::default()
    }
    .checked()
    .unwrap();
    let refusal = mutate(network, &bounds, &mut rng).unwrap_err();
    assert!(!refusal.to_string().is_empty());
}

/// A random network: some mutations from one of the pool's.
fn mutant(kind: Kind, seed: u64) -> Network {
    let mut rng = Pcg64::seed_from_u64(seed);
    let bounds = Bounds {
        max_layers: Some(40),
        ..Bounds::default()
    }
    .checked()
    .unwrap();
    let pool = pool::initial(kind, &bounds, &mut rng).unwrap();
    let mut network = pool.choose(&mut rng).unwrap().clone();
    for _ in 0..rng.random_range(0..15) {
        network = mutate(&network, &bounds, &mut rng).unwrap_or(network);
    }
    network
}

fn kinds() -> impl Strategy<Value = Kind> {
    prop::sample::select(Kind::ALL.to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn json_round_trip(kind in kinds(), seed: u64) {
        let network = mutant(kind, seed);
        let json = network.to_json();
        let again = json.parse::<Network>();
        prop_assert_eq!(again.as_ref(), Ok(&network));
        prop_assert_eq!(json.parse::<Network>().unwrap().to_json(), json);
    }

    /// Any listing of the layers gives a network in topological order, isomorphic to the first.
    #[test]
    fn order_and_hash_of_a_renumbered_network(kind in kinds(), seed: u64, shuffle: u64) {
        let network = mutant(kind, seed);
        let other = crate::hash::renumbered(&network, &mut Pcg64::seed_from_u64(shuffle));
        assert_sound(&other, &Constraints::default());
        prop_assert_eq!(network.canonical_hash(), other.canonical_hash());
        prop_assert!(crate::hash::are_isomorphic(&network, &other));
        prop_assert!((network.total_mass() - other.total_mass()).abs() < 1e-6);
    }

    /// Every step of a mutation either changes the hash or gives an isomorphic network.
    #[test]
    fn mutants_share_a_hash_only_where_isomorphic(kind in kinds(), seed: u64) {
        let network = mutant(kind, seed);
        let mut rng = Pcg64::seed_from_u64(seed ^ 1);
        let bounds = Constraints::default();
        for morph in Morph::ALL {
            if let Ok(other) = morph.apply(&network, &bounds, &mut rng) {
                let same = network.canonical_hash() == other.canonical_hash();
                prop_assert_eq!(same, crate::hash::are_isomorphic(&network, &other));
            }
        }
    }

    /// Words that are no network never make the reader panic.
    #[test]
    fn any_description_is_a_network_or_an_error(
        kind in kinds(),
        ops in prop::collection::vec(0..Op::ALL.len(), 0..8),
        numbers in prop::collection::vec((0_u32..3, 0_u8..4), 8),
        edges in prop::collection::vec((0_usize..9, 0_usize..9), 0..14),
    ) {
        let layers = ops.iter().zip(&numbers).map(|(&op, &(units, stride))| nn_graph::Layer {
            op: Op::ALL[op],
            units: (units > 0).then_some(units),
            stride: (stride > 0).then_some(stride),
        });
        match Network::new(kind, layers.collect(), edges) {
            Ok(network) => assert_sound(&network, &Constraints::default()),
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
    }
}
