//! Which example belongs to which part.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_pcg::Pcg64;

use super::source::Table;
use super::spec::SplitSpec;
use crate::Error;

/// Rows of each part.
pub(super) struct Parts {
    pub(super) train: Vec<usize>,
    pub(super) validation: Vec<usize>,
    pub(super) test: Vec<usize>,
}

/// Deals the rows out: in random order (of a seed, the same on every machine), or as they stand.
pub(super) fn parts(spec: &SplitSpec, table: &Table, has_test_file: bool) -> Result<Parts, Error> {
    let shares = spec.shares(has_test_file)?;
    let n = table.targets.len();
    let mut rows: Vec<usize> = (0..n).collect();
    if spec.shuffle {
        rows.shuffle(&mut Pcg64::seed_from_u64(spec.seed));
    }
    // Rounded sums, so that shares that add up to 1 use every row.
    let end = |share: f64| ((share * n as f64).round() as usize).min(n);
    let first = end(shares[0]);
    let second = end(shares[0] + shares[1]);
    let third = end(shares.iter().sum());
    let parts = Parts {
        train: rows[..first].to_vec(),
        validation: rows[first..second].to_vec(),
        test: rows[second..third].to_vec(),
    };
    let least = |part: &[usize], share: f64| part.is_empty() && share > 0.0;
    if parts.train.len() < 2 || least(&parts.validation, shares[1]) || least(&parts.test, shares[2])
    {
        return Err(Error::Data {
            field: "split",
            problem: format!("leaves a part without examples: there are only {n}"),
        });
    }
    Ok(parts)
}
