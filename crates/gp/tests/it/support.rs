//! Distances for tests: random points in a few dimensions, so that every property has a known geometry behind it.

use gp::Distances;
use ndarray::{Array2, Array3, ArrayView2};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

/// Points, and the stack of distances between any two lists of them: for every coordinate the absolute difference, and the
/// same saturated below 1: 2·pairs distance functions, alternating as the kernels of the paper want them.
#[derive(Debug, Clone)]
pub(crate) struct Points(pub(crate) Array2<f64>);

impl Points {
    pub(crate) fn random(count: usize, pairs: usize, seed: u64) -> Self {
        let mut rng = Pcg64::seed_from_u64(seed);
        Self(Array2::from_shape_simple_fn((count, pairs), || {
            rng.random_range(-2.0..2.0)
        }))
    }

    pub(crate) fn pairs(&self) -> usize {
        self.0.ncols()
    }

    /// Shape (d, rows, columns).
    pub(crate) fn between(&self, rows: &[usize], columns: &[usize]) -> Array3<f64> {
        Array3::from_shape_fn(
            (2 * self.pairs(), rows.len(), columns.len()),
            |(d, i, j)| {
                let raw = (self.0[(rows[i], d / 2)] - self.0[(columns[j], d / 2)]).abs();
                if d % 2 == 0 { raw } else { raw / (1.0 + raw) }
            },
        )
    }

    pub(crate) fn distances(&self, of: &[usize]) -> Distances {
        Distances::from_stack(self.between(of, of).view()).unwrap()
    }

    /// A smooth function of the coordinates.
    pub(crate) fn values(&self, of: &[usize]) -> Vec<f64> {
        let value = |i: usize| -> f64 {
            let row = self.0.row(i);
            row.iter()
                .enumerate()
                .map(|(j, x)| (x * (1.0 + j as f64)).sin())
                .sum()
        };
        of.iter().map(|&i| value(i)).collect()
    }
}

pub(crate) fn largest_difference(a: ArrayView2<'_, f64>, b: ArrayView2<'_, f64>) -> f64 {
    assert_eq!(a.dim(), b.dim());
    (&a - &b).iter().fold(0.0, |m: f64, x| m.max(x.abs()))
}
