//! Small statistics: medians, means and spreads.

/// The median (mean of the two middle values for an even count); reorders `values`; `None` if there are none. O(n).
pub(crate) fn median(values: &mut [f64]) -> Option<f64> {
    let half = values.len() / 2;
    if values.is_empty() {
        return None;
    }
    let even = values.len().is_multiple_of(2);
    let (below, &mut middle, _) = values.select_nth_unstable_by(half, f64::total_cmp);
    if even {
        let lower = below.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        Some(0.5 * (lower + middle))
    } else {
        Some(middle)
    }
}

/// The arithmetic mean; 0 for an empty slice.
pub(crate) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// Root mean square of the deviations from `centre`; 0 for an empty slice.
pub(crate) fn spread(values: &[f64], centre: f64) -> f64 {
    let squares: f64 = values.iter().map(|v| (v - centre) * (v - centre)).sum();
    (squares / values.len().max(1) as f64).sqrt()
}

/// The dot product. Eight running sums, so that it can be vectorised and still adds in a fixed order.
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let (a_blocks, a_rest) = a.as_chunks::<8>();
    let (b_blocks, b_rest) = b.as_chunks::<8>();
    let mut sums = [0.0; 8];
    for (x, y) in a_blocks.iter().zip(b_blocks) {
        for lane in 0..8 {
            sums[lane] += x[lane] * y[lane];
        }
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(x, y)| x * y).sum();
    sums.iter().sum::<f64>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_of_odd_even_and_no_values() {
        assert_eq!(median(&mut []), None);
        assert_eq!(median(&mut [4.0]), Some(4.0));
        assert_eq!(median(&mut [9.0, 1.0, 5.0]), Some(5.0));
        assert_eq!(median(&mut [9.0, 1.0, 5.0, 6.0]), Some(5.5));
    }

    #[test]
    fn spread_is_about_the_given_centre() {
        assert!((mean(&[1.0, 3.0]) - 2.0).abs() < 1e-15);
        assert!((spread(&[1.0, 3.0], 2.0) - 1.0).abs() < 1e-15);
        assert!(spread(&[], 2.0).abs() < 1e-15);
    }
}
