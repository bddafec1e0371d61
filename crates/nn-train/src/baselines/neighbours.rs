//! The nearest rows by Euclidean distance.

use super::rows::Rows;

/// Numbers of neighbours to choose from.
pub(super) const COUNTS: [f64; 6] = [1.0, 3.0, 5.0, 10.0, 20.0, 40.0];
/// Scored rows whose distances are computed at a time.
const PIECE: usize = 64;

/// So many rows take a few seconds for `scored` rows.
pub(super) fn most_rows(width: usize, scored: usize) -> usize {
    (10_000_000_000 / (width.max(1) * scored.max(1))).clamp(500, 20_000)
}

/// The logarithms of the classes' shares, to which one example more is spread over all classes so that none is impossible; or the
/// mean.
pub(super) fn consensus(targets: &[f64], classes: Option<usize>) -> Vec<f64> {
    let n = targets.len() as f64;
    let Some(classes) = classes else {
        return vec![targets.iter().sum::<f64>() / n];
    };
    let mut votes = vec![1.0 / classes as f64; classes];
    for target in targets {
        votes[*target as usize] += 1.0;
    }
    votes.iter().map(|votes| (votes / (n + 1.0)).ln()).collect()
}

/// What each number of neighbours predicts, as [`consensus`] has it.
pub(super) fn predict(
    fitted: &Rows,
    scored: &Rows,
    classes: Option<usize>,
    counts: &[f64],
) -> Vec<Vec<f64>> {
    let n = fitted.inputs.len();
    let counts: Vec<usize> = counts.iter().map(|&k| (k as usize).min(n)).collect();
    let most = counts.iter().copied().max().map_or(1, |most| most.max(1));
    let matrix = fitted.matrix(0, n, 0);
    let squares: Vec<f64> = (0..n)
        .map(|i| fitted.inputs[i].iter().map(|&x| f64::from(x).powi(2)).sum())
        .collect();
    let mut out = vec![Vec::with_capacity(scored.inputs.len()); counts.len()];
    for (from, to) in scored.pieces(PIECE) {
        // One column a scored row.
        let products = &matrix * scored.matrix(from, to, 0).transpose();
        for products in products.col_iter() {
            // The scored row's own square is the same for all.
            let mut order: Vec<(f64, usize)> = (products.iter().zip(&squares).enumerate())
                .map(|(i, (product, square))| (square - 2.0 * product, i))
                .collect();
            let by_distance =
                |a: &(f64, usize), b: &(f64, usize)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
            if most < n {
                order.select_nth_unstable_by(most, by_distance);
                order.truncate(most);
            }
            order.sort_unstable_by(by_distance);
            let near: Vec<f64> = order.iter().map(|&(_, i)| fitted.targets[i]).collect();
            for (out, &count) in out.iter_mut().zip(&counts) {
                out.extend(consensus(&near[..count], classes));
            }
        }
    }
    out
}
