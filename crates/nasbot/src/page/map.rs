//! The map of evaluated networks: distances between architectures, laid out in the plane.
//!
//! Classical multidimensional scaling: of the matrix D of distances, B = −½ J D² J with J = I − 11ᵀ/n is centred, and the
//! coordinates are the eigenvectors of its two largest eigenvalues, each times the root of its eigenvalue. How much of the
//! distances the plane holds is the share of these two in the sum of all eigenvalues' sizes.

use faer::{Mat, Side};
use nn_graph::{Kind, Network};
use otmann::{Metric, Profile};
use rayon::prelude::*;
use serde::Serialize;

use super::chosen::chosen;
use super::fold::Folded;
use super::rounded::rounded;

/// The structural coefficient whose distance the map shows: the second of the four that the search's kernel takes together.
const COEFFICIENT: f64 = 0.25;

/// Places of networks in the plane.
#[derive(Clone, Debug, Serialize)]
pub struct Map {
    /// (evaluation, x, y), rising by evaluation.
    points: Vec<(u64, f64, f64)>,
    /// Of each of these but the first, the nearest one with a smaller number, and how far it is.
    nearest: Vec<(u64, f64)>,
    /// The plane's share of the distances, 0 to 1.
    share: f64,
    /// How many evaluations there are.
    of: usize,
}

impl Map {
    /// The map of at most `most` evaluations of a study; `None` where there are fewer than three networks, or they cannot be
    /// compared.
    #[must_use]
    pub fn new(folded: &Folded, most: usize) -> Option<Self> {
        let ledger = &folded.ledger;
        let ids = chosen(ledger, most);
        let networks: Vec<(u64, &Network)> = (ids.into_iter())
            .filter_map(|id| Some((id, ledger.record(id)?.suggestion.candidate.network().ok()?)))
            .collect();
        let &(_, first) = networks.first()?;
        let metric = metric(first.kind())?;
        let profiles: Vec<(u64, Profile)> = (networks.par_iter())
            .filter_map(|&(id, network)| Some((id, metric.profile(network).ok()?)))
            .collect();
        let (ids, profiles): (Vec<u64>, Vec<Profile>) = profiles.into_iter().unzip();
        if ids.len() < 3 {
            return None;
        }
        let distances = metric.pairwise(&profiles).ok()?.normalised.pop()?;
        let (points, share) = scaled(&distances, ids.len())?;
        Some(Self {
            nearest: nearest(&ids, &distances),
            points: (ids.iter().zip(points))
                .map(|(&id, (x, y))| (id, rounded(x), rounded(y)))
                .collect(),
            share,
            of: ledger.records.len(),
        })
    }
}

fn metric(kind: Kind) -> Option<Metric> {
    Metric::for_kind(kind).with_coefficients([COEFFICIENT]).ok()
}

/// Of each network but the first, the nearest one before it.
fn nearest(ids: &[u64], distances: &[f64]) -> Vec<(u64, f64)> {
    let n = ids.len();
    let before = |row: usize| {
        let row = distances[row * n..row * n + row].iter().enumerate();
        row.min_by(|a, b| a.1.total_cmp(b.1))
    };
    let found = (1..n).filter_map(before);
    found
        .map(|(place, &distance)| (ids[place], rounded(distance)))
        .collect()
}

/// Coordinates in the plane from the distances of `n` points, row by row, and the plane's share; `None` if the
/// decomposition does not converge.
fn scaled(distances: &[f64], n: usize) -> Option<(Vec<(f64, f64)>, f64)> {
    let square = |i: usize, j: usize| distances[i * n + j].powi(2);
    let means: Vec<f64> = (0..n)
        .map(|i| (0..n).map(|j| square(i, j)).sum::<f64>() / n as f64)
        .collect();
    let mean = means.iter().sum::<f64>() / n as f64;
    let centred = Mat::from_fn(n, n, |i, j| {
        -0.5 * (square(i, j) - means[i] - means[j] + mean)
    });
    let eigen = centred.self_adjoint_eigen(Side::Lower).ok()?;
    let (values, vectors) = (eigen.S().column_vector(), eigen.U());
    // Eigenvalues rise.
    let axis = |from_end: usize| {
        let place = n - from_end;
        let length = values[place].max(0.0).sqrt();
        // A vector's sign is arbitrary: the entry of the largest size is positive.
        let largest = (0..n)
            .map(|i| vectors[(i, place)])
            .max_by(|a, b| a.abs().total_cmp(&b.abs()));
        let sign = largest.map_or(1.0, f64::signum);
        (0..n).map(move |i| sign * length * vectors[(i, place)])
    };
    let total: f64 = (0..n).map(|i| values[i].abs()).sum();
    let plane = values[n - 1].max(0.0) + values[n - 2].max(0.0);
    // Networks that are all alike to the distance lie in one point, which holds all of it.
    let share = if total > 0.0 { plane / total } else { 1.0 };
    Some((axis(1).zip(axis(2)).collect(), share))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_of_the_plane_are_found_again_by_their_distances() {
        let points: [(f64, f64); 5] = [(0.0, 0.0), (3.0, 0.0), (3.0, 1.0), (0.0, 1.0), (1.0, 0.5)];
        let apart = |a: (f64, f64), b: (f64, f64)| (a.0 - b.0).hypot(a.1 - b.1);
        let all = |points: &[(f64, f64)]| -> Vec<f64> {
            let pairs = points
                .iter()
                .flat_map(|a| points.iter().map(|b| apart(*a, *b)));
            pairs.collect()
        };
        let distances = all(&points);
        let (found, share) = scaled(&distances, points.len()).unwrap();
        assert!((share - 1.0).abs() < 1e-9);
        for (a, b) in all(&found).iter().zip(&distances) {
            assert!((a - b).abs() < 1e-9);
        }
        assert_eq!(nearest(&[5, 6, 7, 8, 9], &distances)[1].0, 6);
    }

    #[test]
    fn equal_points_lie_in_one() {
        let (found, share) = scaled(&[0.0; 9], 3).unwrap();
        assert!(found.iter().all(|at| at.0.abs() + at.1.abs() < 1e-12));
        assert!((share - 1.0).abs() < 1e-12);
    }
}
