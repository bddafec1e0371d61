//! Pareto fronts and the volumes that they dominate.
//!
//! Points are vectors of objectives, all of which are maximised; a figure that is minimised enters with its sign changed. A point
//! dominates another one if it is nowhere worse and somewhere better.

use std::cmp::Ordering;

/// Whether `a` is nowhere worse than `b` and somewhere better.
#[must_use]
pub fn dominates(a: &[f64], b: &[f64]) -> bool {
    let mut pairs = a.iter().zip(b);
    pairs.clone().all(|(a, b)| a >= b) && pairs.any(|(a, b)| a > b)
}

/// The places of the points that no other one dominates, in their order; equal points are all among them.
#[must_use]
pub fn front<P: AsRef<[f64]>>(points: &[P]) -> Vec<usize> {
    let is_free = |&place: &usize| {
        let point = points[place].as_ref();
        points.iter().all(|other| !dominates(other.as_ref(), point))
    };
    (0..points.len()).filter(is_free).collect()
}

/// The number of the front that each point is on: 0 for the Pareto front, 1 for that of what is left without it, and so on.
#[must_use]
pub fn layers<P: AsRef<[f64]>>(points: &[P]) -> Vec<usize> {
    let point = |place: usize| points[place].as_ref();
    // In descending order of the first objective that differs, a point is dominated by earlier ones only, and whatever dominates it on a
    // later layer is dominated on every earlier one.
    let mut order: Vec<usize> = (0..points.len()).collect();
    order.sort_by(|&a, &b| {
        let pairs = point(a).iter().zip(point(b));
        let mut orders = pairs.map(|(a, b)| descending(*a, *b));
        orders
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    });
    let mut found: Vec<Vec<usize>> = Vec::new();
    let mut layers = vec![0; points.len()];
    for place in order {
        let is_open = |on: &Vec<usize>| {
            !on.iter()
                .any(|&other| dominates(point(other), point(place)))
        };
        let layer = found.iter().position(is_open).unwrap_or(found.len());
        match found.get_mut(layer) {
            Some(on) => on.push(place),
            None => found.push(vec![place]),
        }
        layers[place] = layer;
    }
    layers
}

/// The volume of what lies between `reference` and at least one of the points, exactly; 0 where no point is better than the
/// reference in every objective. The unit is the product of those of the objectives.
///
/// The dominated region is cut along the last objective into slabs between neighbouring points; the section of each is a
/// region with one objective less. For n points this takes a time of the order n log n with two objectives, and of n times that
/// for every one more.
///
/// ```
/// // Accuracy, and latency with its sign changed.
/// let points = [[0.90, -2.0], [0.94, -5.0], [0.80, -3.0]];
/// let volume = nasbot_opt::pareto::hypervolume(&points, &[0.5, -6.0]);
/// assert!((volume - (0.40 * 4.0 + 0.04 * 1.0)).abs() < 1e-12);
/// ```
#[must_use]
pub fn hypervolume<P: AsRef<[f64]>>(points: &[P], reference: &[f64]) -> f64 {
    let inside = |point: &&[f64]| point.len() == reference.len() && is_above(point, reference);
    let inside: Vec<&[f64]> = points.iter().map(AsRef::as_ref).filter(inside).collect();
    volume(inside, reference)
}

fn is_above(point: &[f64], reference: &[f64]) -> bool {
    point.iter().zip(reference).all(|(p, r)| p > r)
}

fn volume(mut points: Vec<&[f64]>, reference: &[f64]) -> f64 {
    let Some((&floor, rest)) = reference.split_last() else {
        return 0.0;
    };
    let last = rest.len();
    points.sort_by(|a, b| descending(a[last], b[last]));
    if rest.is_empty() {
        return points.first().map_or(0.0, |best| best[0] - floor);
    }
    if let ([least], [_, _]) = (rest, reference) {
        // Two objectives: each point adds a rectangle beyond the best first objective before it.
        let (mut best, mut area) = (*least, 0.0);
        for point in points {
            area += (point[0] - best).max(0.0) * (point[1] - floor);
            best = best.max(point[0]);
        }
        return area;
    }
    let mut sum = 0.0;
    for (i, point) in points.iter().enumerate() {
        let bottom = points.get(i + 1).map_or(floor, |next| next[last]);
        if point[last] > bottom {
            let section = points[..=i].iter().map(|p| &p[..last]).collect();
            sum += (point[last] - bottom) * volume(section, rest);
        }
    }
    sum
}

fn descending(a: f64, b: f64) -> Ordering {
    b.total_cmp(&a)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// By inclusion and exclusion over all subsets: an independent formula.
    fn by_subsets(points: &[Vec<f64>], reference: &[f64]) -> f64 {
        let mut sum = 0.0;
        for subset in 1_u32..1 << points.len() {
            let members = || (0..points.len()).filter(|i| subset >> i & 1 == 1);
            let sides = (0..reference.len()).map(|k| {
                let least = members()
                    .map(|i| points[i][k])
                    .fold(f64::INFINITY, f64::min);
                (least - reference[k]).max(0.0)
            });
            let sign = if members().count() % 2 == 1 {
                1.0
            } else {
                -1.0
            };
            sum += sign * sides.product::<f64>();
        }
        sum
    }

    fn points(most: usize) -> impl Strategy<Value = (Vec<Vec<f64>>, Vec<f64>)> {
        (1_usize..=4).prop_flat_map(move |objectives| {
            // Few values, so that there are ties.
            let value = prop_oneof![(-3_i32..4).prop_map(f64::from), -3.0..4.0];
            let point = proptest::collection::vec(value, objectives);
            let reference = proptest::collection::vec(-2.0..1.0, objectives);
            (proptest::collection::vec(point, 0..=most), reference)
        })
    }

    proptest! {
        #[test]
        fn hypervolumes_agree_with_inclusion_and_exclusion((points, reference) in points(8)) {
            let (found, expected) = (hypervolume(&points, &reference), by_subsets(&points, &reference));
            prop_assert!((found - expected).abs() < 1e-9 * (1.0 + expected), "{found} {expected}");
        }

        #[test]
        fn the_front_alone_has_the_whole_volume((points, reference) in points(12)) {
            let on: Vec<&Vec<f64>> = front(&points).into_iter().map(|i| &points[i]).collect();
            let (all, alone) = (hypervolume(&points, &reference), hypervolume(&on, &reference));
            prop_assert!((all - alone).abs() < 1e-9 * (1.0 + all));
        }

        #[test]
        fn a_point_is_dominated_by_one_of_the_layer_before((points, _) in points(12)) {
            let layers = layers(&points);
            for (point, &layer) in points.iter().zip(&layers) {
                let dominating = |which: usize| (points.iter().zip(&layers))
                    .any(|(other, &l)| l == which && dominates(other, point));
                prop_assert!(!dominating(layer));
                prop_assert!(layer == 0 || dominating(layer - 1));
            }
        }
    }

    #[test]
    fn equal_points_share_the_front_and_count_once() {
        let points = [[1.0, 1.0], [1.0, 1.0], [0.0, 1.0]];
        assert_eq!(front(&points), [0, 1]);
        assert!((hypervolume(&points, &[0.0, 0.0]) - 1.0).abs() < 1e-15);
        assert!(hypervolume(&points, &[1.0, 0.0]).abs() < 1e-15);
        assert!(hypervolume::<Vec<f64>>(&[], &[0.0, 0.0]).abs() < 1e-15);
    }
}
