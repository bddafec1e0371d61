//! The region that no known point dominates, cut into boxes.

/// Boxes that together are the region above a reference that no point dominates, for any number of objectives, all maximised.
///
/// A box reaches in each objective from one edge to a later one; the last edge of an objective is at infinity. Edges are the
/// reference and the values of the points, so that whatever is asked of an edge is computed once for each objective, not once
/// for each box.
#[derive(Clone, Debug)]
pub(crate) struct Boxes {
    /// For each objective its finite edges, ascending: the reference first.
    edges: Vec<Vec<f64>>,
    /// For each box and objective, one box after another: the numbers of its lower and its upper edge.
    spans: Vec<(usize, usize)>,
}

impl Boxes {
    /// Cuts what no point dominates and is above the reference. Points that are not above it in every objective are left out.
    pub(crate) fn new(points: &[Vec<f64>], reference: &[f64]) -> Self {
        let inside: Vec<&[f64]> = points
            .iter()
            .map(Vec::as_slice)
            .filter(|point| point.iter().zip(reference).all(|(p, r)| p > r))
            .collect();
        let edges: Vec<Vec<f64>> = (0..reference.len())
            .map(|k| {
                let mut edges: Vec<f64> = inside.iter().map(|point| point[k]).collect();
                edges.push(reference[k]);
                edges.sort_by(f64::total_cmp);
                edges.dedup();
                edges
            })
            .collect();
        let place = |k: usize, value: f64| edges[k].partition_point(|&edge| edge < value);
        let corners: Vec<Vec<usize>> = inside
            .iter()
            .map(|point| (0..point.len()).map(|k| place(k, point[k])).collect())
            .collect();
        let counts: Vec<usize> = edges.iter().map(Vec::len).collect();
        let mut spans = Vec::new();
        cut(
            &corners.iter().map(Vec::as_slice).collect::<Vec<_>>(),
            &counts,
            &mut Vec::new(),
            &mut spans,
        );
        Self { edges, spans }
    }

    /// For each objective its finite edges, ascending.
    pub(crate) fn edges(&self) -> &[Vec<f64>] {
        &self.edges
    }

    /// The sum over the boxes of the product of what they hold in each objective, where `beyond[k][e]` is how much of objective
    /// k lies beyond its edge e; beyond infinity there is nothing.
    pub(crate) fn sum(&self, beyond: &[Vec<f64>]) -> f64 {
        let objectives = self.edges.len().max(1);
        let between = |k: usize, (low, high): (usize, usize)| {
            let upper = beyond[k].get(high).copied();
            // The last edge is at infinity.
            (beyond[k][low] - upper.unwrap_or(0.0)).max(0.0)
        };
        let boxes = self.spans.chunks_exact(objectives);
        boxes
            .map(|spans| {
                let sides = spans.iter().enumerate();
                sides.map(|(k, &span)| between(k, span)).product::<f64>()
            })
            .sum()
    }
}

/// Cuts along the last objective that is left into slabs in which the same points matter, and each slab's section along the rest.
/// `corners` are points by the numbers of their edges, `counts` how many finite edges there are, `outer` the spans of the
/// objectives that have been cut, the last one first.
fn cut(
    corners: &[&[usize]],
    counts: &[usize],
    outer: &mut Vec<(usize, usize)>,
    spans: &mut Vec<(usize, usize)>,
) {
    let Some((&count, rest)) = counts.split_last() else {
        // Every objective is cut. Where a point is left, it dominates this box.
        if corners.is_empty() {
            spans.extend(outer.iter().rev());
        }
        return;
    };
    let last = rest.len();
    // Where the set of points that reach at least this high changes; the lowest edge is 0.
    let mut levels: Vec<usize> = corners.iter().map(|corner| corner[last]).collect();
    levels.push(0);
    levels.sort_unstable();
    levels.dedup();
    for (i, &low) in levels.iter().enumerate() {
        let high = levels.get(i + 1).copied().unwrap_or(count);
        let reaching: Vec<&[usize]> = corners
            .iter()
            .copied()
            .filter(|corner| corner[last] >= high && high < count)
            .collect();
        outer.push((low, high));
        cut(&maximal(&reaching, last), rest, outer, spans);
        outer.pop();
    }
}

/// Those of the corners that no other one dominates in the first `objectives`, each once.
fn maximal<'a>(corners: &[&'a [usize]], objectives: usize) -> Vec<&'a [usize]> {
    let mut found: Vec<&[usize]> = Vec::new();
    for &corner in corners {
        let is_within = |a: &[usize], b: &[usize]| {
            let mut pairs = a[..objectives].iter().zip(&b[..objectives]);
            pairs.all(|(a, b)| a <= b)
        };
        if found.iter().any(|other| is_within(corner, other)) {
            continue;
        }
        found.retain(|other| !is_within(other, corner));
        found.push(corner);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pareto::hypervolume;
    use proptest::prelude::*;

    /// How much a point adds to the volume.
    fn improvement(points: &[Vec<f64>], reference: &[f64], new: &[f64]) -> f64 {
        let mut with = points.to_vec();
        with.push(new.to_vec());
        hypervolume(&with, reference) - hypervolume(points, reference)
    }

    fn problem() -> impl Strategy<Value = (Vec<Vec<f64>>, Vec<f64>, Vec<f64>)> {
        (1_usize..=3).prop_flat_map(|objectives| {
            let value = || prop_oneof![(-2_i32..4).prop_map(f64::from), -2.0..4.0];
            let point = proptest::collection::vec(value(), objectives);
            (
                proptest::collection::vec(point.clone(), 0..10),
                proptest::collection::vec(-1.5..0.5, objectives),
                point,
            )
        })
    }

    proptest! {
        #[test]
        fn the_boxes_hold_what_a_certain_point_adds((points, reference, new) in problem()) {
            let boxes = Boxes::new(&points, &reference);
            let beyond: Vec<Vec<f64>> = boxes.edges().iter().zip(&new)
                .map(|(edges, u)| edges.iter().map(|edge| (u - edge).max(0.0)).collect())
                .collect();
            let expected = improvement(&points, &reference, &new);
            prop_assert!((boxes.sum(&beyond) - expected).abs() < 1e-9, "{} {expected}", boxes.sum(&beyond));
        }
    }

    #[test]
    fn without_points_there_is_one_box() {
        let boxes = Boxes::new(&[vec![-1.0, 5.0]], &[0.0, 0.0]);
        assert_eq!(boxes.spans, [(0, 1), (0, 1)]);
    }
}
