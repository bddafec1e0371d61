//! Weisfeiler–Lehman labels: what a node looks like together with what feeds it.
//!
//! Shervashidze et al., *Weisfeiler–Lehman Graph Kernels*, JMLR 2011; on architectures, Ru et al., *Interpretable Neural
//! Architecture Search via Bayesian Optimisation with Weisfeiler–Lehman Kernels*, ICLR 2021.
//!
//! The mixing is fixed here, for these labels and for [the hash of a network](crate::Network::canonical_hash), so that both
//! are the same on every platform and in every release.

/// The labels of a DAG's nodes at the levels 0 to `levels` − 1: for each level one label a node.
///
/// At level 0 a node's label is its own; at level h + 1 it is that of its own label together with the multiset of the level-h
/// labels of its parents, so that it stands for everything that feeds the node within h + 1 steps. `labels` and `parents` are
/// given by node; the order of the nodes does not matter.
///
/// O(levels · edges · log degree).
///
/// ```
/// use nn_graph::weisfeiler_lehman;
///
/// // The chains 7 → 8 → 9 and 7 → 9 → 8: the same labels, but other parents.
/// let parents = [vec![], vec![0], vec![1]];
/// let a = weisfeiler_lehman(&[7, 8, 9], |i| &parents[i], 2);
/// let b = weisfeiler_lehman(&[7, 9, 8], |i| &parents[i], 2);
/// assert_eq!(a[0], [7, 8, 9]);
/// assert_eq!(a[1][0], b[1][0]); // the first node has no parents in either
/// assert!(!a[1][1..].contains(&b[1][1]));
/// ```
#[must_use]
pub fn weisfeiler_lehman<'a>(
    labels: &[u64],
    parents: impl Fn(usize) -> &'a [usize],
    levels: usize,
) -> Vec<Vec<u64>> {
    let mut out: Vec<Vec<u64>> = Vec::with_capacity(levels);
    let mut above = Vec::new();
    for _ in 0..levels {
        let next = match out.last() {
            None => labels.to_vec(),
            Some(last) => (labels.iter().enumerate())
                .map(|(node, &label)| {
                    above.clear();
                    above.extend(parents(node).iter().map(|&parent| last[parent]));
                    above.sort_unstable();
                    (above.iter()).fold(mix(label), |hash, &label| {
                        mix(mix(hash).wrapping_add(label))
                    })
                })
                .collect(),
        };
        out.push(next);
    }
    out
}

/// Mixes all bits into all bits; one to one (the finaliser of SplitMix64), and not fixed at 0.
pub(crate) fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_do_not_depend_on_the_numbering() {
        // A diamond with unequal arms, numbered in two ways.
        let one = [vec![], vec![0], vec![0], vec![1, 2]];
        let two = [vec![2, 3], vec![], vec![1], vec![1]];
        let sorted = |mut levels: Vec<Vec<u64>>| {
            levels.iter_mut().for_each(|level| level.sort_unstable());
            levels
        };
        let a = sorted(weisfeiler_lehman(&[1, 2, 3, 4], |i| &one[i], 4));
        let b = sorted(weisfeiler_lehman(&[4, 1, 3, 2], |i| &two[i], 4));
        assert_eq!(a, b);
    }

    #[test]
    fn a_label_stands_for_what_is_within_its_level() {
        // A chain whose first node differs: level h of node h is the first to tell.
        let parents = [vec![], vec![0], vec![1], vec![2]];
        let a = weisfeiler_lehman(&[1, 5, 5, 5], |i| &parents[i], 4);
        let b = weisfeiler_lehman(&[2, 5, 5, 5], |i| &parents[i], 4);
        for (level, (a, b)) in a.iter().zip(&b).enumerate() {
            for node in 0..4 {
                assert_eq!(
                    a[node] == b[node],
                    node > level,
                    "level {level}, node {node}"
                );
            }
        }
    }
}
