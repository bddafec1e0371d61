//! Scores of trainings that stopped early, as observations of what the surrogate is asked about: the score at the end.
//!
//! A score of a rung differs from that of the end in three ways. Its scale is another one: it is brought to that of the
//! end by an increasing map ([`comparable`]). What it says about the end is less than everything: the kernel has a correlation
//! between rungs ([`Layers`](super::Layers)). And it is not asked for its own sake: predictions, values to beat and
//! the incumbent are those of the end ([`at_end`]).

use std::collections::BTreeMap;

use gp::Distances;
use ndarray::Array3;

use crate::Rung;

/// `scores`, each of one of the `rungs` and of the evaluation `ids`, brought to the scale of the end.
///
/// From each rung to the next by the evaluations that have scores of both: the k-th lowest of their lower scores becomes
/// the k-th lowest of their higher ones, in between linearly, and beyond by the shift of the nearest. So the order within a
/// rung stays, and those that went on are on both rungs the same distance apart, which were chosen for their lower scores.
/// Scores stay as they are while no evaluation has both.
pub(super) fn comparable(scores: &[f64], rungs: &[Rung], ids: &[u64]) -> Vec<f64> {
    let mut out = scores.to_vec();
    let first = rungs.iter().min().map_or(0, |rung| rung.number());
    let last = rungs.iter().max().map_or(0, |rung| rung.number());
    for rung in (first..last).map(Rung::new) {
        let at = |rung| -> BTreeMap<u64, f64> {
            let all = scores.iter().zip(rungs).zip(ids);
            let here = all.filter(|((_, at), _)| **at == rung);
            here.map(|((&score, _), &id)| (id, score)).collect()
        };
        let (lower, higher) = (at(rung), at(rung.next()));
        let both = lower.keys().filter(|id| higher.contains_key(id));
        let (mut from, mut to): (Vec<f64>, Vec<f64>) =
            both.map(|id| (lower[id], higher[id])).unzip();
        from.sort_by(f64::total_cmp);
        to.sort_by(f64::total_cmp);
        for (score, _) in out.iter_mut().zip(rungs).filter(|(_, at)| **at <= rung) {
            *score = map(*score, &from, &to);
        }
    }
    out
}

/// The increasing, piecewise linear map that takes `from` to `to`, both ascending.
fn map(x: f64, from: &[f64], to: &[f64]) -> f64 {
    let (Some(&first), Some(&last)) = (from.first(), from.last()) else {
        return x;
    };
    let after = from.partition_point(|&f| f <= x);
    let mapped = if after == 0 {
        to[0] + (x - first)
    } else if after == from.len() {
        to[after - 1] + (x - last)
    } else {
        // Halves, so that no difference of finite numbers overflows.
        let (low, high) = (0.5 * from[after - 1], 0.5 * from[after]);
        let share = (0.5 * x - low) / (high - low);
        (1.0 - share) * to[after - 1] + share * to[after]
    };
    mapped.clamp(f64::MIN, f64::MAX)
}

/// Where the last entry of each id stands, in the order of their first ones.
pub(super) fn last_places(ids: &[u64]) -> Vec<usize> {
    let mut order: BTreeMap<u64, usize> = BTreeMap::new();
    let mut places = Vec::new();
    for (place, &id) in ids.iter().enumerate() {
        let number = *order.entry(id).or_insert(places.len());
        match places.get_mut(number) {
            Some(known) => *known = place,
            None => places.push(place),
        }
    }
    places
}

/// Distances of some of a process's own points to all of them, shape (depth, places, n), as if the former had been scored at
/// the end, which lies `to_end` rungs above each of the latter. The layers of rungs begin with `first`.
pub(super) fn at_end(
    distances: &Distances,
    to_end: &[f64],
    places: &[usize],
    first: usize,
) -> Array3<f64> {
    let triangles = distances.triangles();
    let shape = (triangles.len(), places.len(), to_end.len());
    Array3::from_shape_fn(shape, |(layer, row, column)| {
        if layer >= first {
            return to_end[column];
        }
        triangles[layer].get(places[row], column)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evaluations_with_both_scores_say_what_a_lower_one_is_worth() {
        // Evaluations 1 and 3 went on; their ranks are swapped at the end.
        let scores = [10.0, 20.0, 30.0, 40.0, 90.0, 70.0, 50.0];
        let ids = [0, 1, 2, 3, 1, 3, 4];
        let rungs = [0, 0, 0, 0, 1, 1, 0].map(Rung::new);
        let expected = [60.0, 70.0, 80.0, 90.0, 90.0, 70.0, 100.0];
        assert_eq!(comparable(&scores, &rungs, &ids), expected);
        assert_eq!(last_places(&ids), [0, 4, 2, 5, 6]);
    }

    #[test]
    fn maps_follow_one_another_and_keep_the_order_within_a_rung() {
        // Rung 0 → 1 adds 1, rung 1 → 2 doubles between 2 and 4.
        let scores = [1.0, 3.0, 2.0, 2.0, 4.0, 4.0, 8.0, 0.5];
        let ids = [0, 1, 2, 0, 1, 0, 1, 3];
        let rungs = [0, 0, 0, 1, 1, 2, 2, 0].map(Rung::new);
        let expected = [4.0, 8.0, 6.0, 4.0, 8.0, 4.0, 8.0, 3.5];
        assert_eq!(comparable(&scores, &rungs, &ids), expected);
    }

    #[test]
    fn equal_and_extreme_scores_stay_finite_and_without_pairs_nothing_changes() {
        let rungs = [0, 0, 1, 1].map(Rung::new);
        for scores in [[2.0; 4], [f64::MAX, f64::MIN, f64::MIN, f64::MAX]] {
            let mapped = comparable(&scores, &rungs, &[0, 1, 0, 1]);
            assert!(mapped.iter().all(|score| score.is_finite()), "{mapped:?}");
            assert_eq!(comparable(&scores, &rungs, &[0, 1, 2, 3]), scores);
        }
    }
}
