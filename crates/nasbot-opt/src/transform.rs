//! What the surrogate learns from: scores, or an increasing function of them.
//!
//! A search cares for the top of the scale, while raw scores often have a long tail below (networks that
//! barely train). Transforms here keep the order of the scores.

use crate::Transform;

/// The transformed scores, in the same order.
pub(crate) fn apply(transform: Transform, scores: &[f64]) -> Vec<f64> {
    match transform {
        Transform::Nothing => scores.to_vec(),
        Transform::Rank => ranks(scores),
    }
}

/// Φ⁻¹((r − ½)/n) for the score of rank r of n; ties share their mean rank.
fn ranks(scores: &[f64]) -> Vec<f64> {
    let count = scores.len();
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by(|&a, &b| scores[a].total_cmp(&scores[b]));
    let mut out = vec![0.0; count];
    let mut start = 0;
    while start < count {
        let tied = order[start..]
            .iter()
            .take_while(|&&i| scores[i] <= scores[order[start]])
            .count();
        let rank = start as f64 + 0.5 * tied as f64;
        let quantile = normal_quantile(rank / count as f64);
        for &index in &order[start..start + tied] {
            out[index] = quantile;
        }
        start += tied;
    }
    out
}

/// Φ⁻¹(p) for p in (0, 1), by bisection of Φ to full precision.
fn normal_quantile(p: f64) -> f64 {
    let (mut low, mut high) = (-40.0_f64, 40.0_f64);
    for _ in 0..100 {
        let middle = 0.5 * (low + high);
        if crate::acquisition::normal_cdf(middle) < p {
            low = middle
        } else {
            high = middle
        }
    }
    0.5 * (low + high)
}

/// The score at which the transform would be `value`: linear between the scores seen, and beyond them
/// with the slope of the whole range, so that predictions can be told in units of the score.
pub(crate) fn invert(transform: Transform, scores: &[f64], value: f64) -> f64 {
    if transform == Transform::Nothing {
        return value;
    }
    let mut seen: Vec<(f64, f64)> = (apply(transform, scores).into_iter())
        .zip(scores.iter().copied())
        .collect();
    seen.sort_by(|a, b| a.0.total_cmp(&b.0));
    seen.dedup_by(|a, b| a.0.total_cmp(&b.0).is_eq());
    let (Some(&first), Some(&last)) = (seen.first(), seen.last()) else {
        return value;
    };
    let between = |a: (f64, f64), b: (f64, f64)| {
        let width = b.0 - a.0;
        if width > 0.0 {
            (b.1 - a.1) / width
        } else {
            0.0
        }
    };
    let after = seen.partition_point(|&(x, _)| x <= value);
    match (after.checked_sub(1).map(|i| seen[i]), seen.get(after)) {
        (Some(low), Some(&high)) => low.1 + between(low, high) * (value - low.0),
        (Some(low), None) => low.1 + between(first, last) * (value - low.0),
        (None, _) => first.1 + between(first, last) * (value - first.0),
    }
}

/// What a score that need not have been seen becomes: the inverse of [`invert`].
pub(crate) fn forward(transform: Transform, scores: &[f64], score: f64) -> f64 {
    if transform == Transform::Nothing {
        return score;
    }
    let mut seen: Vec<(f64, f64)> = (scores.iter().copied())
        .zip(apply(transform, scores))
        .collect();
    seen.sort_by(|a, b| a.0.total_cmp(&b.0));
    seen.dedup_by(|a, b| a.0.total_cmp(&b.0).is_eq());
    let (Some(&first), Some(&last)) = (seen.first(), seen.last()) else {
        return score;
    };
    let after = seen.partition_point(|&(x, _)| x <= score);
    let (low, from, to) = match (after.checked_sub(1).map(|i| seen[i]), seen.get(after)) {
        (Some(low), Some(&high)) => (low, low, high),
        (Some(low), None) => (low, first, last),
        (None, _) => (first, first, last),
    };
    if to.0 > from.0 {
        low.1 + (to.1 - from.1) / (to.0 - from.0) * (score - low.0)
    } else {
        low.1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_inverse_leads_back_to_each_score_and_keeps_order() {
        let scores = [0.91, 0.15, 0.97, 0.975, 0.97, 0.88];
        for transform in [Transform::Nothing, Transform::Rank] {
            for (score, value) in scores.iter().zip(apply(transform, &scores)) {
                assert!((invert(transform, &scores, value) - score).abs() < 1e-12);
            }
            for score in [-1.0, 0.15, 0.5, 0.96, 0.975, 1.2] {
                let there = forward(transform, &scores, score);
                assert!((invert(transform, &scores, there) - score).abs() < 1e-12);
            }
            let path: Vec<f64> = (-40..40)
                .map(|i| invert(transform, &scores, 0.1 * f64::from(i)))
                .collect();
            assert!(path.windows(2).all(|pair| pair[0] < pair[1]), "{transform}");
        }
    }

    #[test]
    fn quantiles_are_those_of_the_normal_distribution() {
        for (p, z) in [
            (0.5, 0.0),
            (0.975, 1.959_963_984_540_054),
            (0.01, -2.326_347_874_040_841),
        ] {
            assert!((normal_quantile(p) - z).abs() < 1e-12);
        }
    }

    #[test]
    fn order_is_kept_and_ties_stay_ties() {
        let scores = [3.0, -50.0, 3.0, 7.5, 2.9, 3.1, 1e6];
        for transform in [Transform::Nothing, Transform::Rank] {
            let out = apply(transform, &scores);
            for (a, x) in scores.iter().zip(&out) {
                for (b, y) in scores.iter().zip(&out) {
                    assert_eq!(a.total_cmp(b), x.total_cmp(y), "{transform}: {a} {b}");
                }
            }
        }
    }

    #[test]
    fn equal_scores_and_few_scores_pass() {
        for transform in [Transform::Nothing, Transform::Rank] {
            for scores in [&[][..], &[4.0], &[2.0; 5], &[0.0, 0.0]] {
                let out = apply(transform, scores);
                assert_eq!(out.len(), scores.len());
                assert!(out.iter().all(|y| y.is_finite()));
            }
        }
    }
}
