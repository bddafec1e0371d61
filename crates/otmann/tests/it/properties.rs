//! Properties that hold for every input, and refusals of bad ones.

use otmann::transport::{Problem, solve};
use otmann::{Error, Graph, Measure, Metric, Mismatch, Profile};
use proptest::prelude::*;

use crate::instances::pool;

fn metric() -> Metric {
    let mismatch = Mismatch::new(["a", "b", "c", "d"])
        .and_then(|m| {
            m.with("a", "b", 0.3)?
                .with("b", "c", 0.4)?
                .with("a", "c", 0.5)
        })
        .unwrap();
    Metric::new(mismatch)
        .with_groups([vec!["a", "b", "c", "d"], vec!["a", "c"]])
        .unwrap()
}

prop_compose! {
    /// A labelled DAG of up to 12 nodes.
    fn graph()(n in 1_usize..12)(
        labels in prop::collection::vec(0_usize..4, n),
        masses in prop::collection::vec(prop_oneof![Just(1.0), 0.0..100.0_f64], n),
        edges in prop::collection::btree_set((0..n, 0..n), 0..3 * n),
    ) -> (Vec<usize>, Vec<f64>, Vec<(usize, usize)>) {
        let edges = edges.into_iter().filter(|(a, b)| a < b).collect();
        (labels, masses, edges)
    }
}

fn profile((labels, masses, edges): &(Vec<usize>, Vec<f64>, Vec<(usize, usize)>)) -> Profile {
    Profile::from_graph(
        &Graph {
            labels,
            masses,
            edges,
        },
        &metric(),
    )
    .unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_graph_is_at_distance_zero_of_itself(a in graph()) {
        let distance = metric().distance(&profile(&a), &profile(&a)).unwrap();
        prop_assert_eq!(distance.raw, vec![0.0; 4]);
    }

    #[test]
    fn distances_are_symmetric_and_bounded(a in graph(), b in graph()) {
        let (a, b) = (profile(&a), profile(&b));
        let one = metric().distance(&a, &b).unwrap();
        let other = metric().distance(&b, &a).unwrap();
        let total = a.total_mass() + b.total_mass();
        for k in 0..4 {
            prop_assert!((one.raw[k] - other.raw[k]).abs() <= 1e-13 * total);
            prop_assert!(one.raw[k] >= (a.total_mass() - b.total_mass()).abs() - 1e-12 * total);
            prop_assert!(one.normalised[k] <= 1.0 + 1e-14);
            // Costs rise with the coefficient, and so does the optimum.
            prop_assert!(k == 0 || one.raw[k] >= one.raw[k - 1] - 1e-13 * total);
        }
    }

    #[test]
    fn raw_obeys_the_triangle_inequality(a in graph(), b in graph(), c in graph()) {
        let (a, b, c) = (profile(&a), profile(&b), profile(&c));
        let raw = |x: &Profile, y: &Profile| metric().distance(x, y).unwrap().raw;
        let (ab, bc, ac) = (raw(&a, &b), raw(&b, &c), raw(&a, &c));
        for k in 0..4 {
            let slack = 1e-12 * (a.total_mass() + b.total_mass() + c.total_mass());
            prop_assert!(ac[k] <= ab[k] + bc[k] + slack, "{} > {} + {}", ac[k], ab[k], bc[k]);
        }
    }

    #[test]
    fn matchings_add_up(a in graph(), b in graph(), coefficient in 0.0..2.0_f64) {
        let (a, b) = (profile(&a), profile(&b));
        let matching = metric().matching(&a, &b, coefficient).unwrap();
        let costs = metric().costs(&a, &b, coefficient).unwrap();
        let mut first = matching.unmatched_first.clone();
        let mut second = matching.unmatched_second.clone();
        let mut value: f64 = first.iter().chain(&second).sum();
        for m in &matching.matches {
            prop_assert!(m.amount > 0.0);
            first[m.row] += m.amount;
            second[m.column] += m.amount;
            value += m.amount * costs[m.row * b.len() + m.column];
        }
        let total = a.total_mass() + b.total_mass();
        prop_assert!((value - matching.value).abs() <= 1e-13 * total);
        let masses = a.node_masses().into_iter().chain(b.node_masses());
        for (sum, mass) in first.into_iter().chain(second).zip(masses) {
            prop_assert!((sum - mass).abs() <= 1e-14 * total);
        }
    }
}

#[test]
fn nearest_neighbours_are_those_of_a_full_sort() {
    let metric = Metric::for_kind(nn_graph::Kind::Cnn);
    let profiles: Vec<Profile> = pool().iter().map(|n| metric.profile(n).unwrap()).collect();
    let mut avoided = 0.0;
    for (query, measure) in [
        (0, Measure::Raw),
        (1, Measure::Normalised),
        (77, Measure::Raw),
    ] {
        for count in [0, 1, 5, 300] {
            let query = &profiles[query];
            let found = metric
                .nearest(query, &profiles, count, 0.25, measure)
                .unwrap();
            let mut all: Vec<(f64, usize)> = (profiles.iter().enumerate())
                .map(|(index, other)| {
                    let distance = metric.distance(query, other).unwrap();
                    match measure {
                        Measure::Raw => (distance.raw[1], index),
                        Measure::Normalised => (distance.normalised[1], index),
                    }
                })
                .collect();
            all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            all.truncate(count);
            assert_eq!(found.neighbours.len(), count.min(profiles.len()));
            for (found, (distance, index)) in found.neighbours.iter().zip(all) {
                assert!((found.distance - distance).abs() <= 1e-13 * distance);
                assert_eq!(found.index, index);
            }
            assert_eq!(found.solved + found.avoided, profiles.len());
            if count == 5 {
                avoided += found.share_avoided() / 3.0;
            }
        }
    }
    assert!(avoided > 0.3, "bounds avoided only {avoided} of all solves");
}

#[test]
fn bad_input_is_refused_by_name() {
    let metric = metric();
    let build = |labels: &[usize], masses: &[f64], edges: &[(usize, usize)]| {
        Profile::from_graph(
            &Graph {
                labels,
                masses,
                edges,
            },
            &metric,
        )
    };
    assert!(matches!(
        build(&[0], &[-1.0], &[]),
        Err(Error::Mass { index: 0, .. })
    ));
    assert!(matches!(
        build(&[0], &[f64::NAN], &[]),
        Err(Error::Mass { .. })
    ));
    assert!(matches!(
        build(&[0], &[f64::INFINITY], &[]),
        Err(Error::Mass { .. })
    ));
    assert!(matches!(
        build(&[0; 2], &[f64::MAX; 2], &[]),
        Err(Error::TotalMass { .. })
    ));
    assert!(matches!(
        build(&[4], &[1.0], &[]),
        Err(Error::Label { label: 4, .. })
    ));
    assert!(matches!(
        build(&[0, 1], &[1.0], &[]),
        Err(Error::Length { .. })
    ));
    assert!(matches!(
        build(&[0, 1], &[1.0; 2], &[(0, 1), (1, 0)]),
        Err(Error::Graph(_))
    ));
    assert!(matches!(
        build(&[0, 1], &[1.0; 2], &[(0, 2)]),
        Err(Error::Graph(_))
    ));

    let problem = Problem {
        supply: &[1.0],
        demand: &[1.0],
        cost: &[0.5],
        penalty: 1.0,
    };
    let refused = |problem: Problem<'_>| solve(&problem).unwrap_err();
    assert!(matches!(
        refused(Problem {
            cost: &[-0.5],
            ..problem
        }),
        Error::Cost { .. }
    ));
    assert!(matches!(
        refused(Problem {
            cost: &[f64::NAN],
            ..problem
        }),
        Error::Cost { .. }
    ));
    assert!(matches!(
        refused(Problem {
            cost: &[],
            ..problem
        }),
        Error::Length { .. }
    ));
    assert!(matches!(
        refused(Problem {
            supply: &[-1.0],
            ..problem
        }),
        Error::Mass { .. }
    ));
    assert!(matches!(
        refused(Problem {
            penalty: 0.0,
            ..problem
        }),
        Error::Setting { .. }
    ));
    let many = vec![1.0; 8200];
    let costs = vec![0.0; 8200];
    assert!(matches!(
        refused(Problem {
            supply: &many,
            cost: &costs,
            ..problem
        }),
        Error::TooLarge { .. }
    ));

    let default = || Metric::for_kind(nn_graph::Kind::Cnn);
    assert!(default().with_coefficients([f64::NAN]).is_err());
    assert!(default().with_coefficients([-1.0]).is_err());
    assert!(default().with_coefficients([]).is_err());
    assert!(default().with_null_penalty(0.0).is_err());
    assert!(default().with_groups([["no-such-label"]]).is_err());
    let a = build(&[0], &[1.0], &[]).unwrap();
    assert_eq!(default().distance(&a, &a), Err(Error::ForeignProfile));
    let mlp = pool()
        .pop()
        .map(|n| Metric::for_kind(nn_graph::Kind::MlpReg).profile(&n));
    assert!(matches!(mlp, Some(Err(Error::Kind { .. }))));
}

#[test]
fn empty_graphs_are_fine() {
    let metric = metric();
    let none = Graph {
        labels: &[],
        masses: &[],
        edges: &[],
    };
    let none = Profile::from_graph(&none, &metric).unwrap();
    let one = Graph {
        labels: &[0],
        masses: &[3.0],
        edges: &[],
    };
    let one = Profile::from_graph(&one, &metric).unwrap();
    assert_eq!(metric.distance(&none, &none).unwrap().normalised, [0.0; 4]);
    assert_eq!(metric.distance(&none, &one).unwrap().raw, [3.0; 4]);
}
