//! Values of the original NASBOT implementation, and exact optima (HiGHS) of the same problems.

use otmann::{Metric, Mismatch};
use serde_json::Value;

use crate::support::{find, floats, networks, profile, read, strings};

/// The worst relative difference of two lists; differences below `floor` count as 0.
fn worst(ours: &[f64], golden: &[f64], floor: f64) -> f64 {
    assert_eq!(ours.len(), golden.len());
    (ours.iter().zip(golden))
        .map(|(a, b)| {
            if (a - b).abs() <= floor {
                0.0
            } else {
                (a - b).abs() / b.abs()
            }
        })
        .fold(0.0, f64::max)
}

#[test]
fn distances_are_those_of_the_original() {
    let networks = networks();
    let golden = read("tests/golden/distances.json.gz");
    let pairs = golden["pairs"].as_array().unwrap();
    assert_eq!(pairs.len(), 325);
    let mut largest = 0.0_f64;
    for pair in pairs {
        let (metric, a) = profile(find(&networks, pair["a"].as_str().unwrap()));
        let (_, b) = profile(find(&networks, pair["b"].as_str().unwrap()));
        let distance = metric.distance(&a, &b).unwrap();
        // The original gives up to 1e-9 for identical networks, where we give 0.
        let floor = 1e-15 * (a.total_mass() + b.total_mass());
        let raw = worst(&distance.raw, &floats(&pair["lp"]), floor);
        let normalised = worst(&distance.normalised, &floats(&pair["emd"]), 1e-15);
        assert!(raw < 1e-12 && normalised < 1e-12, "{pair}: {distance:?}");
        largest = largest.max(raw).max(normalised);
    }
    println!("largest relative difference: {largest:e}");
}

#[test]
fn identical_networks_have_distance_zero() {
    for golden in networks() {
        let (metric, a) = profile(&golden);
        let distance = metric.distance(&a, &a.clone()).unwrap();
        assert_eq!(distance.raw, [0.0; 4], "{}", golden.id);
        assert_eq!(distance.normalised, [0.0; 4], "{}", golden.id);
    }
}

#[test]
fn exact_optima_are_reached() {
    let networks = networks();
    let golden = read("tests/golden/exact_lp.json.gz");
    for pair in golden["pairs"].as_array().unwrap() {
        let (metric, a) = profile(find(&networks, pair["a"].as_str().unwrap()));
        let (_, b) = profile(find(&networks, pair["b"].as_str().unwrap()));
        let distance = metric.distance(&a, &b).unwrap();
        for optimum in ["highs_lp", "dual_lower_bound"] {
            let difference = worst(&distance.raw, &floats(&pair[optimum]), 0.0);
            assert!(difference < 2e-14, "{optimum} of {pair}: {difference:e}");
        }
    }
}

#[test]
fn mismatch_costs_are_those_of_the_original() {
    let golden = read("tests/golden/distances.json.gz");
    let table = Mismatch::networks();
    for penalties in golden["label_penalties"].as_object().unwrap().values() {
        let labels = strings(&penalties["labels"]);
        for (i, a) in labels.iter().enumerate() {
            for (j, b) in labels.iter().enumerate() {
                let cost = table.cost(table.label(a).unwrap(), table.label(b).unwrap());
                match penalties["penalty"][i][j].as_f64() {
                    Some(golden) => assert!((cost - golden).abs() < 1e-15, "{a} {b}: {cost}"),
                    None => assert_eq!(cost, f64::INFINITY, "{a} {b}"),
                }
            }
        }
    }
}

#[test]
fn cost_matrices_are_those_of_the_original() {
    let networks = networks();
    let golden = read("tests/golden/cost_matrices.json.gz");
    let mut compared = 0;
    for pair in golden["pairs"].as_array().unwrap() {
        let a = find(&networks, pair["a"].as_str().unwrap());
        let b = find(&networks, pair["b"].as_str().unwrap());
        for (coefficient, with_structure) in [(0.0, false), (1.0, true)] {
            let metric = Metric::for_kind(a.network.kind())
                .with_coefficients([coefficient])
                .unwrap();
            let (x, y) = (
                metric.profile(&a.network).unwrap(),
                metric.profile(&b.network).unwrap(),
            );
            let costs = metric.costs(&x, &y, coefficient).unwrap();
            for i in 0..a.network.len() {
                for j in 0..b.network.len() {
                    let at = |matrix: &Value| matrix[a.order[i]][b.order[j]].as_f64();
                    let ours = costs[i * b.network.len() + j];
                    match at(&pair["mislabel"]) {
                        None => assert_eq!(ours, f64::INFINITY),
                        Some(mislabel) => {
                            let structure = at(&pair["struct"]).unwrap();
                            let cost = if with_structure {
                                mislabel + structure
                            } else {
                                mislabel
                            };
                            assert!((ours - cost).abs() < 2e-14, "{ours} {cost}");
                            compared += 1;
                        }
                    }
                }
            }
        }
    }
    assert!(compared > 1000);
}
