//! Whole matrices against single pairs.

use otmann::{Metric, Profile};

use crate::support::networks;

fn pool(take: usize) -> (Metric, Vec<Profile>) {
    let metric = Metric::for_kind(nn_graph::Kind::Cnn);
    let profiles = networks()
        .iter()
        .filter(|n| n.network.kind() == nn_graph::Kind::Cnn)
        .take(take)
        .map(|n| metric.profile(&n.network).unwrap())
        .collect();
    (metric, profiles)
}

#[test]
fn cross_holds_the_distances_of_single_pairs() {
    let (metric, profiles) = pool(20);
    let (rows, columns) = profiles.split_at(7);
    let distances = metric.cross(rows, columns).unwrap();
    assert_eq!((distances.rows(), distances.columns()), (7, 13));
    for (i, a) in rows.iter().enumerate() {
        for (j, b) in columns.iter().enumerate() {
            let one = metric.distance(a, b).unwrap();
            for k in 0..4 {
                assert_eq!(distances.raw[k][i * 13 + j].to_bits(), one.raw[k].to_bits());
                assert_eq!(
                    distances.normalised[k][i * 13 + j].to_bits(),
                    one.normalised[k].to_bits()
                );
            }
        }
    }
}

#[test]
fn pairwise_is_symmetric_and_has_a_zero_diagonal() {
    let (metric, profiles) = pool(20);
    let distances = metric.pairwise(&profiles).unwrap();
    for matrix in distances.raw.iter().chain(&distances.normalised) {
        for i in 0..20 {
            assert_eq!(matrix[i * 20 + i], 0.0);
            for j in 0..20 {
                assert_eq!(matrix[i * 20 + j].to_bits(), matrix[j * 20 + i].to_bits());
            }
        }
    }
}

#[test]
fn growing_gives_what_pairwise_gives() {
    let (metric, profiles) = pool(20);
    let whole = metric.pairwise(&profiles).unwrap();
    let mut grown = metric.pairwise(&profiles[..5]).unwrap();
    for (known, next) in [(5, 6), (6, 6), (6, 13), (13, 20)] {
        metric
            .grow(&mut grown, &profiles[..known], &profiles[known..next])
            .unwrap();
    }
    // A pair may have been solved the other way round: equal to rounding.
    assert_eq!((grown.rows(), grown.columns()), (20, 20));
    for (a, b) in grown.raw.iter().flatten().zip(whole.raw.iter().flatten()) {
        assert!((a - b).abs() <= 1e-14 * a.abs(), "{a} {b}");
    }
    assert!(
        metric
            .grow(&mut grown, &profiles[..5], &profiles[5..])
            .is_err()
    );
}
