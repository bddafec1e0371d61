//! Ridge regression.

use faer::linalg::solvers::Solve as _;
use faer::{Mat, Side};

use super::rows::Rows;

/// Penalties to choose from, in units of a squared weight against the sum of the squared errors.
pub(super) const PENALTIES: [f64; 7] = [1e4, 1e3, 100.0, 10.0, 1.0, 0.1, 0.01];
/// Rows that are in memory as 64-bit floats at a time.
const PIECE: usize = 1024;

/// So many rows take about a second.
pub(super) fn most_rows(width: usize) -> usize {
    20_000_000_000 / width.max(1).pow(2)
}

/// What each penalty predicts. The mean is not penalised.
pub(super) fn predict(fitted: &Rows, scored: &Rows, penalties: &[f64]) -> Option<Vec<Vec<f64>>> {
    let width = fitted.width;
    let n = fitted.inputs.len() as f64;
    let mut means = vec![0.0; width];
    for row in &fitted.inputs {
        for (mean, x) in means.iter_mut().zip(row.iter()) {
            *mean += f64::from(*x) / n;
        }
    }
    let mean = fitted.targets.iter().sum::<f64>() / n;
    let centred = |rows: &Rows, from: usize, to: usize| {
        let mut matrix = rows.matrix(from, to, 0);
        for (j, mean) in means.iter().enumerate() {
            (matrix.col_mut(j).iter_mut()).for_each(|x| *x -= mean);
        }
        matrix
    };
    let mut squares = Mat::<f64>::zeros(width, width);
    let mut products = Mat::<f64>::zeros(width, 1);
    for (from, to) in fitted.pieces(PIECE) {
        let inputs = centred(fitted, from, to);
        let targets = Mat::from_fn(to - from, 1, |i, _| fitted.targets[from + i] - mean);
        squares += inputs.transpose() * &inputs;
        products += inputs.transpose() * &targets;
    }
    let mut weights = Mat::<f64>::zeros(width, penalties.len());
    for (k, penalty) in penalties.iter().enumerate() {
        let mut penalised = squares.clone();
        for j in 0..width {
            penalised[(j, j)] += penalty;
        }
        let solution = penalised.llt(Side::Lower).ok()?.solve(&products);
        weights.col_mut(k).copy_from(solution.col(0));
    }
    let mut out = vec![Vec::with_capacity(scored.inputs.len()); penalties.len()];
    for (from, to) in scored.pieces(PIECE) {
        let predicted = centred(scored, from, to) * &weights;
        for (k, out) in out.iter_mut().enumerate() {
            out.extend(predicted.col(k).iter().map(|x| x + mean));
        }
    }
    Some(out)
}
