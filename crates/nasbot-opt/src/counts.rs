//! Sparse counts of a candidate's parts: what a surrogate may compare besides the distance.
//!
//! The parts of a labelled DAG are its Weisfeiler–Lehman labels (Shervashidze et al., *Weisfeiler–Lehman
//! Graph Kernels*, JMLR 2011; on architectures, Ru et al., *Interpretable Neural Architecture Search via
//! Bayesian Optimisation with Weisfeiler–Lehman Kernels*, ICLR 2021). At level 0 a node's label is its
//! own; at level h + 1 it is that of its own label together with the level-h labels of its parents,
//! so that it stands for everything that feeds the node within h + 1 steps.

/// How often each part occurs: keys ascending, one entry a key.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Counts(Vec<(u64, f64)>);

impl Counts {
    /// Counts keys.
    pub fn new(keys: impl IntoIterator<Item = u64>) -> Self {
        let mut keys: Vec<u64> = keys.into_iter().collect();
        keys.sort_unstable();
        let runs = keys.chunk_by(u64::eq);
        Self(runs.map(|run| (run[0], run.len() as f64)).collect())
    }

    /// Adds up the weights of each key.
    pub fn weighted(entries: impl IntoIterator<Item = (u64, f64)>) -> Self {
        let mut entries: Vec<(u64, f64)> = entries.into_iter().collect();
        entries.sort_by_key(|&(key, _)| key);
        entries.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            if same {
                kept.1 += next.1;
            }
            same
        });
        Self(entries)
    }

    /// Σ |difference of counts| over all keys; linear in the number of entries.
    #[must_use]
    pub fn distance(&self, other: &Self) -> f64 {
        let (mut a, mut b) = (self.0.as_slice(), other.0.as_slice());
        let mut sum = 0.0;
        while let (Some((x, rest_a)), Some((y, rest_b))) = (a.split_first(), b.split_first()) {
            match x.0.cmp(&y.0) {
                std::cmp::Ordering::Less => {
                    sum += x.1.abs();
                    a = rest_a;
                }
                std::cmp::Ordering::Greater => {
                    sum += y.1.abs();
                    b = rest_b;
                }
                std::cmp::Ordering::Equal => {
                    sum += (x.1 - y.1).abs();
                    (a, b) = (rest_a, rest_b);
                }
            }
        }
        sum + a.iter().chain(b).map(|(_, count)| count.abs()).sum::<f64>()
    }
}

/// The Weisfeiler–Lehman label counts of a DAG for the levels 0 to `levels` − 1, one [`Counts`] a
/// level. `labels` and `parents` are given by node; the order of the nodes does not matter.
///
/// O(levels · edges · log degree).
///
/// ```
/// use nasbot_opt::weisfeiler_lehman;
///
/// // The chains 7 → 8 → 9 and 7 → 9 → 8: the same labels, but other neighbours.
/// let parents = [vec![], vec![0], vec![1]];
/// let a = weisfeiler_lehman(&[7, 8, 9], |i| &parents[i], 2);
/// let b = weisfeiler_lehman(&[7, 9, 8], |i| &parents[i], 2);
/// assert_eq!(a[0].distance(&b[0]), 0.0);
/// assert_eq!(a[1].distance(&b[1]), 4.0);
/// ```
pub fn weisfeiler_lehman<'a>(
    labels: &[u64],
    parents: impl Fn(usize) -> &'a [usize],
    levels: usize,
) -> Vec<Counts> {
    let mut current = labels.to_vec();
    let mut out = Vec::with_capacity(levels);
    for level in 0..levels {
        if level > 0 {
            let mut above = Vec::new();
            current = (0..labels.len())
                .map(|node| {
                    above.clear();
                    above.extend(parents(node).iter().map(|&p| current[p]));
                    above.sort_unstable();
                    above.iter().fold(mix(labels[node]), |hash, &label| {
                        mix(mix(hash).wrapping_add(label))
                    })
                })
                .collect();
        }
        out.push(Counts::new(current.iter().copied()));
    }
    out
}

/// A bijection of 64 bits that mixes all of them (the finaliser of SplitMix64), not fixed at 0.
pub(crate) fn mix(z: u64) -> u64 {
    let z = z.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_is_the_sum_of_absolute_differences() {
        let a = Counts::new([3, 1, 3, 9]);
        let b = Counts::weighted([(1, 4.0), (3, 0.5), (7, 2.0), (3, 0.5)]);
        // |1 − 4| + |2 − 1| + |0 − 2| + |1 − 0|
        assert!((a.distance(&b) - 7.0).abs() < 1e-15);
        assert!((b.distance(&a) - 7.0).abs() < 1e-15);
        assert!(a.distance(&a).abs() < 1e-15);
        assert!((a.distance(&Counts::default()) - 4.0).abs() < 1e-15);
    }

    #[test]
    fn labels_do_not_depend_on_the_numbering() {
        // A diamond with unequal arms, numbered in two ways.
        let one = [vec![], vec![0], vec![0], vec![1, 2]];
        let two = [vec![2, 3], vec![], vec![1], vec![1]];
        let a = weisfeiler_lehman(&[1, 2, 3, 4], |i| &one[i], 4);
        let b = weisfeiler_lehman(&[4, 1, 3, 2], |i| &two[i], 4);
        assert_eq!(a, b);
    }
}
