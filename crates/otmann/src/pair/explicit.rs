//! The other way: by explicit cost matrices, which also show what is matched at what cost.

use crate::lanes::{LANES, padded};
use crate::profile::Block;
use crate::transport::{self, Problem};
use crate::{Error, Metric, Profile};

impl Metric {
    /// The cost matrix of two profiles at one structural coefficient: cost of matching each node
    /// of `a` (rows) with each of `b` (columns), in the nodes' own order; infinite where their
    /// labels can't be matched. A node without mass has infinite costs.
    ///
    /// # Errors
    /// A profile was built for a metric with other labels or features.
    pub fn costs(&self, a: &Profile, b: &Profile, coefficient: f64) -> Result<Vec<f64>, Error> {
        a.check_for(self)?;
        b.check_for(self)?;
        let mut out = vec![f64::INFINITY; a.len() * b.len()];
        for (&x, &y) in a.blocks.iter().zip(&b.blocks) {
            let block = costs(self, coefficient, (a, x), (b, y));
            for (row, costs) in block.chunks(y.len.max(1)).enumerate() {
                for (column, &cost) in costs.iter().enumerate() {
                    if let (Some(i), Some(j)) = (a.nodes[x.first + row], b.nodes[y.first + column])
                    {
                        out[i * b.len() + j] = cost;
                    }
                }
            }
        }
        Ok(out)
    }
}

/// The cost matrix of one block, rows by columns without padding.
pub(crate) fn costs(
    metric: &Metric,
    coefficient: f64,
    (a, x): (&Profile, Block),
    (b, y): (&Profile, Block),
) -> Vec<f64> {
    let slope = coefficient / metric.features() as f64;
    let stride = padded(y.len);
    let columns: Vec<Vec<f64>> = (y.first..y.first + y.len)
        .map(|slot| b.all_features(slot))
        .collect();
    let mut out = Vec::with_capacity(x.len * y.len);
    for row in x.first..x.first + x.len {
        let features = a.all_features(row);
        let mismatch = &b.mismatch[y.mismatch + a.members[row] * stride..];
        for (column, &mismatch) in columns.iter().zip(mismatch) {
            let structure: f64 = (features.iter().zip(column))
                .map(|(x, y)| (x - y).abs())
                .sum();
            out.push(mismatch + slope * structure);
        }
    }
    out
}

/// Solves all blocks by way of explicit cost matrices: for path lengths that do not fit in a byte
/// and for masses so unequal that 62 bits do not hold them.
pub(super) fn careful(
    metric: &Metric,
    a: &Profile,
    b: &Profile,
    raw: &mut [f64],
) -> Result<(), Error> {
    debug_assert_eq!(a.slots() % LANES, 0);
    for (raw, &coefficient) in raw.iter_mut().zip(metric.coefficients()) {
        *raw = 0.0;
        for (&x, &y) in a.blocks.iter().zip(&b.blocks) {
            let plan = transport::solve(&Problem {
                supply: &a.masses[x.first..][..x.len],
                demand: &b.masses[y.first..][..y.len],
                cost: &costs(metric, coefficient, (a, x), (b, y)),
                penalty: metric.null_penalty(),
            })?;
            *raw += plan.value;
        }
    }
    Ok(())
}
