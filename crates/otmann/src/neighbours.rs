//! Nearest neighbours in a pool, exact, with most solves avoided by lower bounds.
//!
//! Two bounds, for a null penalty p. Blocks of labels can't be matched with each other, so that
//! in each of them at least the difference of the two masses stays unmatched:
//! raw ≥ p·Σ |mass of A − mass of B|. And with savings w = 2p − cost, the duals u(i) = max w(i, j),
//! v = 0 are feasible, as are u = 0, v(j) = max w(i, j): a block saves at most Σ mass·u, and at
//! most Σ mass·v. The first bound costs next to nothing; the second costs the cost matrix, but no
//! pivots.

use crate::lanes::{self, Instructions, Kernel, Lanes as _, Simd, Terms, padded};
use crate::pair::{Scratch, normalise};
use crate::transport::grid;
use crate::{Error, Metric, Profile};

/// A share by which a bound must exceed a distance before it counts, for rounding.
const SLACK: f64 = 1e-12;

/// Which of the two distances to order by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Measure {
    /// Mass × cost.
    Raw,
    /// The same over the total mass of both graphs.
    Normalised,
}

/// One of the nearest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Neighbour {
    /// Place in the pool.
    pub index: usize,
    /// Its distance by the chosen measure.
    pub distance: f64,
}

/// The nearest neighbours of one graph, and what finding them took.
#[derive(Clone, Debug, PartialEq)]
pub struct Nearest {
    /// The neighbours, nearest first; ties by place in the pool.
    pub neighbours: Vec<Neighbour>,
    /// Pairs whose transport was solved.
    pub solved: usize,
    /// Pairs that a bound ruled out.
    pub avoided: usize,
}

impl Nearest {
    /// The share of pairs that a bound ruled out, from 0 to 1.
    #[must_use]
    pub fn share_avoided(&self) -> f64 {
        let all = self.solved + self.avoided;
        if all == 0 {
            0.0
        } else {
            self.avoided as f64 / all as f64
        }
    }
}

impl Metric {
    /// The `count` members of `pool` that are nearest to `query` at one structural coefficient:
    /// the same as sorting all distances, ties by place.
    ///
    /// # Errors
    /// A profile was built for a metric with other labels or features, or the coefficient is
    /// negative or not finite.
    pub fn nearest(
        &self,
        query: &Profile,
        pool: &[Profile],
        count: usize,
        coefficient: f64,
        measure: Measure,
    ) -> Result<Nearest, Error> {
        let metric = self.clone().with_coefficients([coefficient])?;
        let measured = |raw: f64, other: &Profile| match measure {
            Measure::Raw => raw,
            Measure::Normalised => normalise(raw, query, other),
        };
        let mut bounds = Vec::with_capacity(pool.len());
        for (index, other) in pool.iter().enumerate() {
            other.check_for(&metric)?;
            bounds.push((measured(metric.mass_bound(query, other), other), index));
        }
        bounds.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));

        let mut out = Nearest {
            neighbours: Vec::with_capacity(count + 1),
            solved: 0,
            avoided: 0,
        };
        let mut scratch = Scratch::default();
        let mut bounding = Bounding::default();
        for (place, &(bound, index)) in bounds.iter().enumerate() {
            let worst = match out.neighbours.last() {
                Some(last) if out.neighbours.len() >= count => last.distance,
                _ if count == 0 => f64::NEG_INFINITY,
                _ => f64::INFINITY,
            };
            if bound * (1.0 - SLACK) > worst || count == 0 {
                out.avoided += bounds.len() - place;
                break;
            }
            let other = &pool[index];
            if worst < f64::INFINITY {
                let bound = measured(bounding.dual_bound(&metric, query, other), other);
                if bound * (1.0 - SLACK) > worst {
                    out.avoided += 1;
                    continue;
                }
            }
            let mut raw = [0.0];
            metric.raw_into(&mut scratch, query, other, &mut raw)?;
            out.solved += 1;
            let distance = measured(raw[0], other);
            let found = Neighbour { index, distance };
            let at = out.neighbours.partition_point(|n| {
                n.distance
                    .total_cmp(&distance)
                    .then(n.index.cmp(&index))
                    .is_lt()
            });
            out.neighbours.insert(at, found);
            out.neighbours.truncate(count);
        }
        Ok(out)
    }

    /// p·Σ over blocks of |mass of a − mass of b|.
    fn mass_bound(&self, a: &Profile, b: &Profile) -> f64 {
        let mass = |p: &Profile, k: usize| -> f64 {
            p.masses[p.blocks[k].first..][..p.blocks[k].len]
                .iter()
                .sum()
        };
        let differences = (0..a.blocks.len()).map(|k| (mass(a, k) - mass(b, k)).abs());
        self.null_penalty() * differences.sum::<f64>()
    }
}

/// Buffers for the second bound.
#[derive(Default)]
struct Bounding {
    structure: Vec<f64>,
    saving: Vec<f64>,
    most: Vec<f64>,
}

impl Bounding {
    fn dual_bound(&mut self, metric: &Metric, a: &Profile, b: &Profile) -> f64 {
        if a.wide || b.wide {
            return 0.0;
        }
        let kernel = DualBound {
            buffers: self,
            metric,
            a,
            b,
        };
        lanes::run(Instructions::best(), kernel)
    }
}

struct DualBound<'a> {
    buffers: &'a mut Bounding,
    metric: &'a Metric,
    a: &'a Profile,
    b: &'a Profile,
}

impl Kernel for DualBound<'_> {
    type Output = f64;

    #[inline(always)]
    fn run(self, lanes: impl Simd) -> f64 {
        let Self {
            buffers,
            metric,
            a,
            b,
        } = self;
        let ceiling = 2.0 * metric.null_penalty();
        let slope = metric.coefficients()[0] / metric.features() as f64;
        let mut saved = 0.0;
        for (x, y) in a.blocks.iter().zip(&b.blocks) {
            if x.len == 0 || y.len == 0 {
                continue;
            }
            let stride = padded(y.len);
            let terms = Terms {
                ceiling,
                slope,
                grid: grid(padded(x.len) + stride, ceiling),
            };
            buffers.structure.resize(x.len * stride, 0.0);
            let rows = x.first..x.first + x.len;
            let out = &mut buffers.structure;
            lanes.structure(a.features(), rows, b.features(), y.first, stride, out);
            buffers.saving.resize(stride, 0.0);
            buffers.most.clear();
            buffers.most.resize(stride, 0.0);
            let mut by_rows = 0.0;
            for row in 0..x.len {
                let start = y.mismatch + a.members[x.first + row] * stride;
                let mismatch = &b.mismatch[start..][..stride];
                let structure = &buffers.structure[row * stride..][..stride];
                lanes.savings(terms, mismatch, structure, &mut buffers.saving);
                if let Some((_, best)) = lanes.largest(&buffers.saving, 0.0) {
                    by_rows += a.masses[x.first + row] * best;
                }
                for (most, &saving) in buffers.most.iter_mut().zip(&buffers.saving) {
                    *most = if saving > *most { saving } else { *most };
                }
            }
            let masses = &b.masses[y.first..][..y.len];
            let by_columns: f64 = masses.iter().zip(&buffers.most).map(|(m, w)| m * w).sum();
            saved += f64::min(by_rows, by_columns);
        }
        // Savings were rounded to the grid, which costs less than this.
        let total = a.total + b.total;
        metric.null_penalty() * total * (1.0 - SLACK) - saved
    }
}
