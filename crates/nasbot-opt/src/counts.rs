//! Sparse counts of a candidate's parts: what a surrogate may compare besides the distance.
//!
//! The parts of a labelled DAG may be its Weisfeiler–Lehman labels ([`nn_graph::weisfeiler_lehman`]), one [`Counts`] a level.

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
}
