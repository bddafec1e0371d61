//! What every back-end must satisfy.

use ndarray::{Array2, s};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

use super::*;

fn random(rows: usize, columns: usize, seed: u64) -> Array2<f64> {
    let mut rng = Pcg64::seed_from_u64(seed);
    Array2::from_shape_fn((rows, columns), |_| rng.random_range(-1.0..1.0))
}

/// `XXᵀ + I/10`.
fn definite(n: usize) -> Array2<f64> {
    let x = random(n, n, n as u64);
    x.dot(&x.t()) + Array2::<f64>::eye(n) * 0.1
}

fn assert_close(a: &Array2<f64>, b: &Array2<f64>, tolerance: f64) {
    assert_eq!(a.dim(), b.dim());
    let largest = (a - b).iter().fold(0.0, |m: f64, x| m.max(x.abs()));
    assert!(largest <= tolerance, "largest difference {largest:e}");
}

#[test]
fn cholesky_reproduces_its_matrix() {
    for n in [0, 1, 2, 7, 64, 130] {
        let a = definite(n);
        let u = cholesky(a.clone()).unwrap();
        assert!(u.indexed_iter().all(|((i, j), x)| i <= j || x.abs() == 0.0));
        assert_close(&u.t().dot(&u), &a, 1e-11);
    }
}

#[test]
fn cholesky_refuses_an_indefinite_matrix() {
    let mut a = definite(20);
    a[(13, 13)] = -1.0;
    assert!(cholesky(a).is_none());
}

#[test]
fn triangular_solves_undo_products() {
    for (n, m) in [(1, 1), (5, 3), (80, 41), (3, 0)] {
        let u = cholesky(definite(n)).unwrap();
        let x = random(m, n, 9);
        // Rows are right-hand sides: (Uᵀ xᵀ)ᵀ = x U and (U xᵀ)ᵀ = x Uᵀ.
        let mut b = x.dot(&u);
        solve_lower(&u, &mut b);
        assert_close(&b, &x, 1e-9);
        let mut b = x.dot(&u.t());
        solve_upper(&u, &mut b);
        assert_close(&b, &x, 1e-9);
    }
}

#[test]
fn inverse_is_an_inverse_and_symmetric() {
    for n in [1, 6, 90] {
        let a = definite(n);
        let inverse = invert(&cholesky(a.clone()).unwrap());
        assert_close(&a.dot(&inverse), &Array2::eye(n), 1e-9);
        assert_close(&inverse.t().to_owned(), &inverse, 1e-12);
    }
}

#[test]
fn eigenvectors_are_rows_and_rebuild_the_matrix() {
    for n in [1, 2, 17, 100] {
        let x = random(n, n, 3);
        let a = &x + &x.t();
        let (values, vectors) = symmetric_eigen(&a).unwrap();
        assert!(values.windows(2).into_iter().all(|w| w[0] <= w[1]));
        assert_close(&vectors.dot(&vectors.t()), &Array2::eye(n), 1e-12);
        let scaled = Array2::from_shape_fn((n, n), |(i, j)| vectors[(i, j)] * values[i]);
        assert_close(&vectors.t().dot(&scaled), &a, 1e-11);
        assert_close(
            &multiply(&vectors.slice(s![.., ..]).to_owned(), &a),
            &scaled,
            1e-11,
        );
    }
}

#[test]
fn products_match_those_of_ndarray() {
    let (a, b) = (random(13, 21, 1), random(21, 8, 2));
    assert_close(&multiply(&a, &b), &a.dot(&b), 1e-13);
    let c = random(9, 21, 3);
    assert_close(&multiply_transposed(&a, &c), &a.dot(&c.t()), 1e-13);
}
