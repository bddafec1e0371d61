//! The usual way: block by block in 64-bit amounts, one solve for each structural coefficient.

use crate::lanes::{Aligned, Instructions, Kernel, Lanes, Simd, Terms, padded};
use crate::profile::Block;
use crate::transport::{self, Basis, Series, grid, scale};
use crate::{Metric, Profile};

/// Buffers that one thread reuses from pair to pair.
#[derive(Clone, Debug, Default)]
pub struct Scratch {
    pub(super) instructions: Option<Instructions>,
    basis: Basis<i64>,
    structure: Aligned<f64>,
    saving: Aligned<f64>,
    shifted: Vec<i64>,
    matched: Vec<i64>,
    cost: Vec<f64>,
    spokes: Vec<(f64, i64)>,
}

/// One pair in 64-bit amounts.
pub(super) struct Fast<'a> {
    pub(super) scratch: &'a mut Scratch,
    pub(super) metric: &'a Metric,
    pub(super) a: &'a Profile,
    pub(super) b: &'a Profile,
    pub(super) raw: &'a mut [f64],
}

impl Kernel for Fast<'_> {
    type Output = bool;

    #[inline(always)]
    fn run(self, lanes: impl Simd) -> bool {
        (self.scratch).fast(lanes, self.metric, self.a, self.b, self.raw)
    }
}

impl Scratch {
    /// Buffers for certain vector instructions, where this machine has them. Results do not
    /// depend on these.
    #[must_use]
    pub fn with_instructions(instructions: Instructions) -> Self {
        Self {
            instructions: Some(instructions),
            ..Self::default()
        }
    }

    /// Solves all blocks in 64-bit amounts. Returns whether rounding to these cannot show.
    #[inline(always)]
    fn fast(
        &mut self,
        lanes: impl Lanes,
        metric: &Metric,
        a: &Profile,
        b: &Profile,
        raw: &mut [f64],
    ) -> bool {
        let exponent = a.exponent.min(b.exponent);
        let mut shifted = std::mem::take(&mut self.shifted);
        let shift = a.exponent.abs_diff(b.exponent);
        let finer = if a.exponent > b.exponent { a } else { b };
        if shift > 0 && coarsen(finer, shift, &mut shifted).is_none() {
            self.shifted = shifted;
            return false;
        }
        let (supply, demand) = if shift == 0 {
            (a.amounts.as_slice(), b.amounts.as_slice())
        } else if std::ptr::eq(finer, a) {
            (shifted.as_slice(), b.amounts.as_slice())
        } else {
            (a.amounts.as_slice(), shifted.as_slice())
        };
        if a.least == 0 || b.least == 0 {
            self.shifted = shifted;
            return false;
        }

        let coefficients = metric.coefficients();
        self.matched.clear();
        self.matched.resize(coefficients.len(), 0);
        self.cost.clear();
        self.cost.resize(coefficients.len(), 0.0);
        for (x, y) in a.blocks.iter().zip(&b.blocks) {
            if x.len > 0 && y.len > 0 {
                self.block(lanes, metric, (a, *x, supply), (b, *y, demand));
            }
        }

        let total: i64 = supply.iter().sum::<i64>() + demand.iter().sum::<i64>();
        let penalty = metric.null_penalty();
        for (raw, (&matched, &cost)) in raw.iter_mut().zip(self.matched.iter().zip(&self.cost)) {
            let unmatched = (total - 2 * matched) as f64;
            *raw = scale(penalty * unmatched + cost, -exponent);
        }
        self.shifted = shifted;
        if a.exact && b.exact && shift == 0 {
            return true;
        }
        let rounding = scale(penalty * (a.slots() + b.slots()) as f64, -exponent);
        raw.iter()
            .all(|&raw| rounding <= transport::TOLERANCE * raw)
    }

    /// Adds one block's matched amounts and their costs to the sums.
    #[inline(always)]
    fn block(
        &mut self,
        lanes: impl Lanes,
        metric: &Metric,
        (a, x, supply): (&Profile, Block, &[i64]),
        (b, y, demand): (&Profile, Block, &[i64]),
    ) {
        let supply = &supply[x.first..][..x.len];
        let demand = &demand[y.first..][..y.len];
        let stride = padded(y.len);
        let (from, to) = (a.features(), b.features());
        self.structure.set_len(x.len * stride);
        let rows = x.first..x.first + x.len;
        lanes.structure(from, rows, to, y.first, stride, &mut self.structure);
        if x.len == 1 || y.len == 1 {
            self.star(metric, (a, x, supply), (b, y, demand));
            return;
        }

        self.saving.set_len(x.len * stride);
        self.basis.solve(
            lanes,
            supply,
            demand,
            Coefficients {
                lanes,
                metric,
                per_feature: 1.0 / metric.features() as f64,
                grid: grid(padded(x.len) + stride, 2.0 * metric.null_penalty()),
                members: &a.members[x.first..][..x.len],
                mismatch: &b.mismatch[y.mismatch..],
                stride,
                structure: &self.structure,
                saving: &mut self.saving,
                matched: &mut self.matched,
                cost: &mut self.cost,
            },
        );
    }

    /// [`Self::block`] for one in which one node, the hub, faces all others. `supply` and `demand`
    /// are the block's own.
    #[inline(always)]
    fn star(
        &mut self,
        metric: &Metric,
        (a, x, supply): (&Profile, Block, &[i64]),
        (b, y, demand): (&Profile, Block, &[i64]),
    ) {
        let stride = padded(y.len);
        let ceiling = 2.0 * metric.null_penalty();
        let per_feature = 1.0 / metric.features() as f64;
        let hub = if x.len == 1 { supply[0] } else { demand[0] };
        for (k, &coefficient) in metric.coefficients().iter().enumerate() {
            let slope = coefficient * per_feature;
            self.spokes.clear();
            for (row, &own) in supply.iter().enumerate() {
                let start = y.mismatch + a.members[x.first + row] * stride;
                let mismatch = &b.mismatch[start..][..stride];
                let structure = &self.structure[row * stride..][..stride];
                for (column, &other) in demand.iter().enumerate() {
                    let cost = mismatch[column] + slope * structure[column];
                    if cost < ceiling {
                        let spoke = if x.len == 1 { other } else { own };
                        self.spokes.push((cost, spoke));
                    }
                }
            }
            let (matched, cost) = serve(hub, &mut self.spokes);
            self.matched[k] += matched;
            self.cost[k] += cost;
        }
    }
}

/// The optimum of a star: the cheapest spokes are served first, as long as the hub lasts. Amount
/// matched, and its cost.
#[inline(always)]
fn serve(hub: i64, spokes: &mut [(f64, i64)]) -> (i64, f64) {
    spokes.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let (mut left, mut total) = (hub, 0.0);
    for &(cost, amount) in &*spokes {
        let taken = amount.min(left);
        left -= taken;
        total += taken as f64 * cost;
    }
    (hub - left, total)
}

/// One block's problems, from the largest structural coefficient down.
struct Coefficients<'a, L> {
    lanes: L,
    metric: &'a Metric,
    per_feature: f64,
    grid: f64,
    /// Label of each row, by its place in the block.
    members: &'a [usize],
    /// For each label of the block, its mismatch with every column.
    mismatch: &'a [f64],
    stride: usize,
    structure: &'a [f64],
    saving: &'a mut [f64],
    /// Sums over blocks, for each coefficient: amount matched, and its cost.
    matched: &'a mut [i64],
    cost: &'a mut [f64],
}

impl<L: Lanes> Series<i64> for Coefficients<'_, L> {
    #[inline(always)]
    fn len(&self) -> usize {
        self.metric.descending().len()
    }

    #[inline(always)]
    fn savings(&mut self, k: usize) -> &[f64] {
        let coefficient = self.metric.coefficients()[self.metric.descending()[k]];
        let terms = Terms {
            ceiling: 2.0 * self.metric.null_penalty(),
            slope: coefficient * self.per_feature,
            grid: self.grid,
        };
        let stride = self.stride;
        for row in 0..self.members.len() {
            let mismatch = &self.mismatch[self.members[row] * stride..][..stride];
            let structure = &self.structure[row * stride..][..stride];
            let saving = &mut self.saving[row * stride..][..stride];
            self.lanes.savings(terms, mismatch, structure, saving);
        }
        self.saving
    }

    #[inline(always)]
    fn solved(&mut self, k: usize, basis: &Basis<i64>) {
        let k = self.metric.descending()[k];
        let slope = self.metric.coefficients()[k] * self.per_feature;
        let (mut matched, mut total) = (0, 0.0);
        basis.for_matches(|row, column, amount| {
            let structure = self.structure[row * self.stride + column];
            let mismatch = self.mismatch[self.members[row] * self.stride + column];
            let cost = mismatch + slope * structure;
            matched += amount;
            total += amount as f64 * cost;
        });
        self.matched[k] += matched;
        self.cost[k] += total;
    }
}

/// Amounts of `profile` in quanta that are 2^shift times as large; `None` if one becomes 0.
fn coarsen(profile: &Profile, shift: u32, out: &mut Vec<i64>) -> Option<()> {
    let round = |amount: i64| (amount + (1 << (shift - 1))) >> shift;
    out.clear();
    if profile.slots() == 0 {
        return Some(());
    }
    if shift > 60 || round(profile.least) == 0 {
        return None;
    }
    out.extend(profile.amounts.iter().map(|&amount| round(amount)));
    Some(())
}
