//! Start, pricing and the main loop.

use super::amount::Amount;
use super::basis::{Basis, ROOT};
use crate::lanes::{Kernel, Lanes, NEVER, Portable, Simd, padded};

/// Words of the largest sets of nodes.
const MOST_WORDS: usize = 128;
/// The most nodes that one problem or one block of labels may have, rows and columns together,
/// each rounded up to a multiple of 8.
pub(super) const MOST_NODES: usize = 64 * MOST_WORDS;

/// Rows of which the best arc enters. More take fewer pivots, each after pricing more; measured
/// on evolved networks of 10 to 100 layers, 16 beat 2, 4 and 8 at all sizes.
const PRICED_AT_ONCE: usize = 16;

/// Problems with the same supplies and demands, solved one after the other.
pub(crate) trait Series<A: Amount> {
    /// Number of problems.
    fn len(&self) -> usize;
    /// Savings of problem `k`: for each supply a row of padded length, on the grid and pruned.
    fn savings(&mut self, k: usize) -> &[f64];
    /// Takes the optimal basis of problem `k`.
    fn solved(&mut self, k: usize, basis: &Basis<A>);
}

/// A solve whose sets of nodes take `W` words.
struct Sized<'a, const W: usize, A: Amount, S>(&'a mut Basis<A>, &'a [A], &'a [A], S);

impl<const W: usize, A: Amount, S: Series<A>> Kernel for Sized<'_, W, A, S> {
    type Output = ();

    #[inline(always)]
    fn run(self, lanes: impl Simd) {
        let Self(basis, supply, demand, series) = self;
        basis.run::<W>(lanes, supply, demand, series);
    }
}

impl<A: Amount> Basis<A> {
    /// Solves a series of problems that differ in their savings only, the first from scratch, each
    /// later one from the basis of the one before: maximises Σ saving × amount. Supplies and
    /// demands are positive.
    #[inline(always)]
    pub(crate) fn solve(
        &mut self,
        lanes: impl Lanes,
        supply: &[A],
        demand: &[A],
        series: impl Series<A>,
    ) {
        // Sets of nodes are arrays of words, so that the compiler can unroll.
        // One function for each size, which keeps each of them small enough to optimise well.
        // Large problems are rare: compiled once, without vector instructions.
        match (padded(supply.len()) + padded(demand.len())).div_ceil(64) {
            0..=1 => lanes.enter(Sized::<1, A, _>(self, supply, demand, series)),
            2 => lanes.enter(Sized::<2, A, _>(self, supply, demand, series)),
            3..=4 => lanes.enter(Sized::<4, A, _>(self, supply, demand, series)),
            5..=16 => Portable.enter(Sized::<16, A, _>(self, supply, demand, series)),
            _ => Portable.enter(Sized::<MOST_WORDS, A, _>(self, supply, demand, series)),
        }
    }

    #[inline(always)]
    fn run<const W: usize>(
        &mut self,
        lanes: impl Lanes,
        supply: &[A],
        demand: &[A],
        mut series: impl Series<A>,
    ) {
        self.reset::<W>(supply, demand);
        for k in 0..series.len() {
            let saving = series.savings(k);
            if k == 0 {
                self.greedy::<W>(lanes, saving);
            }
            self.reprice(lanes, saving);
            self.optimise::<W>(lanes, saving);
            series.solved(k, self);
        }
    }

    /// Each row in turn takes what it can of the columns that are not used up, the largest saving
    /// first.
    ///
    /// Whichever of the two is used up hangs from the other. A tie uses up the column, so that
    /// no column keeps an empty arc to the root: the basis is strongly feasible. Potentials serve
    /// as notes until [`Basis::reprice`] sets them: [`NEVER`] for columns that are used up.
    #[inline(always)]
    fn greedy<const W: usize>(&mut self, lanes: impl Lanes, saving: &[f64]) {
        let stride = padded(self.columns);
        for row in 0..self.rows {
            let saving = &saving[row * stride..][..stride];
            while let Some((column, _)) = lanes.best(saving, self.column_potentials(), 0.0) {
                let node = self.first_column + column;
                if self.flow[node] <= self.flow[row] {
                    let amount = self.flow[node];
                    self.flow[row] -= amount;
                    self.hang::<W>(node, row);
                    self.potential[node] = NEVER;
                    if self.flow[row] == A::default() {
                        break;
                    }
                } else {
                    let amount = self.flow[row];
                    self.flow[node] -= amount;
                    self.hang::<W>(row, node);
                    break;
                }
            }
        }
    }

    /// Pivots until no arc has a positive reduced saving.
    ///
    /// Arcs are priced a few rows at a time, going round; the best arc of these rows enters. Arcs
    /// of the root count as one more row.
    #[inline(always)]
    fn optimise<const W: usize>(&mut self, lanes: impl Lanes, saving: &[f64]) {
        if self.rows == 0 || self.columns == 0 {
            return;
        }
        let stride = padded(self.columns);
        let mut turn = 0;
        let mut quiet = 0;
        while quiet <= self.rows {
            let found = if turn == self.rows {
                turn = 0;
                quiet += 1;
                self.price_slacks(lanes)
            } else {
                let count = PRICED_AT_ONCE.min(self.rows - turn);
                let found = lanes.best_of_rows(
                    &saving[turn * stride..(turn + count) * stride],
                    self.column_potentials(),
                    &self.potential[turn..turn + count],
                );
                let found = found.map(|(row, column, gain)| {
                    (
                        (turn + row) as u32,
                        (self.first_column + column) as u32,
                        gain,
                    )
                });
                turn += count;
                quiet += count;
                found
            };
            if let Some((tail, head, gain)) = found {
                self.pivot::<W>(lanes, tail, head, gain);
                quiet = 0;
            }
        }
    }

    /// Arcs between the root and a row or a column.
    #[inline(always)]
    fn price_slacks(&self, lanes: impl Lanes) -> Option<(u32, u32, f64)> {
        if let Some((row, u)) = lanes.smallest(&self.potential[..self.first_column], 0.0) {
            return Some((row as u32, ROOT, -u));
        }
        let (column, v) = lanes.largest(self.column_potentials(), 0.0)?;
        Some((ROOT, (self.first_column + column) as u32, v))
    }
}
