//! Start, pricing and the main loop.

use super::amount::Amount;
use super::basis::{Basis, Fixed, ROOT, Wide, Width};
use crate::lanes::{LANES, Lanes, NEVER, padded};

/// Problems with the same supplies and demands, solved one after the other.
pub(crate) trait Series<A> {
    /// Number of problems.
    fn len(&self) -> usize;
    /// Savings of problem `k`: for each supply a row of padded length, on the grid and pruned.
    fn savings(&mut self, k: usize) -> &[f64];
    /// Takes the optimal basis of problem `k`.
    fn solved(&mut self, k: usize, basis: &Basis<A>);
}

impl<A: Amount> Basis<A> {
    /// Solves a series of problems that differ in their savings only, the first from scratch, each
    /// later one from the basis of the one before: maximises Σ saving × amount.
    ///
    /// `next` prepares the savings of problem k, one row of padded length for each supply, on the
    /// grid and pruned; `done` sees its basis. Supplies and demands are positive.
    #[inline(always)]
    pub(crate) fn solve(
        &mut self,
        lanes: impl Lanes,
        supply: &[A],
        demand: &[A],
        series: impl Series<A>,
    ) {
        self.reset(supply, demand);
        match self.nodes.div_ceil(64) {
            1 => self.run(lanes, Fixed::<1>, series),
            2 => self.run(lanes, Fixed::<2>, series),
            words => self.run(lanes, Wide(words), series),
        }
    }

    #[inline(always)]
    fn run(&mut self, lanes: impl Lanes, width: impl Width, mut series: impl Series<A>) {
        for k in 0..series.len() {
            let saving = series.savings(k);
            if k == 0 {
                self.greedy(lanes, width, saving);
            }
            self.reprice(lanes, width, saving);
            self.optimise(lanes, width, saving);
            series.solved(k, self);
        }
    }

    /// Every row in turn takes what it can of its best columns.
    ///
    /// Whichever of the two is used up hangs from the other. A tie uses up the column, so that
    /// no column keeps an empty arc to the root: the basis is strongly feasible.
    #[inline(always)]
    fn greedy(&mut self, lanes: impl Lanes, width: impl Width, saving: &[f64]) {
        let stride = padded(self.columns);
        for row in 0..self.rows {
            let saving = &saving[row * stride..][..stride];
            while let Some((column, _)) = lanes.best(saving, self.column_potentials(), 0.0) {
                let node = self.first_column + column;
                if self.flow[node] <= self.flow[row] {
                    let amount = self.flow[node];
                    self.flow[row] -= amount;
                    self.hang(width, node, row);
                    // Closed to later rows; `reprice` sets true potentials.
                    self.potential[node] = NEVER;
                } else {
                    let amount = self.flow[row];
                    self.flow[node] -= amount;
                    self.hang(width, row, node);
                    break;
                }
            }
        }
    }

    /// Pivots until no arc has a positive reduced saving.
    #[inline(always)]
    fn optimise(&mut self, lanes: impl Lanes, width: impl Width, saving: &[f64]) {
        let stride = padded(self.columns);
        let mut turn = 0;
        let mut quiet = 0;
        while quiet <= self.rows {
            let found = if turn == self.rows {
                self.price_slacks(lanes)
            } else {
                self.price_row(lanes, turn, &saving[turn * stride..][..stride])
            };
            match found {
                Some((tail, head, gain)) => {
                    self.pivot(lanes, width, tail, head, gain);
                    quiet = 0;
                }
                None => {
                    quiet += 1;
                    turn = if turn == self.rows { 0 } else { turn + 1 };
                }
            }
        }
    }

    #[inline(always)]
    fn price_row(&self, lanes: impl Lanes, row: usize, saving: &[f64]) -> Option<(u32, u32, f64)> {
        let own = self.potential[row];
        let (column, best) = lanes.best(saving, self.column_potentials(), own)?;
        Some((row as u32, (self.first_column + column) as u32, best - own))
    }

    /// Arcs between the root and a row or a column.
    #[inline(always)]
    fn price_slacks(&self, lanes: impl Lanes) -> Option<(u32, u32, f64)> {
        debug_assert_eq!(self.first_column % LANES, 0);
        if let Some((row, u)) = lanes.smallest(&self.potential[..self.first_column], 0.0) {
            return Some((row as u32, ROOT, -u));
        }
        let (column, v) = lanes.largest(self.column_potentials(), 0.0)?;
        Some((ROOT, (self.first_column + column) as u32, v))
    }
}
