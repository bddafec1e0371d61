//! A problem in exact amounts: its savings, its optimal basis, and the plan that this makes.

use super::{Amount, Basis, Match, Plan, Problem, Series, Terms, exponent, grid, scale};
use crate::lanes::{self, Instructions, Kernel, Portable, Simd, padded};

/// A problem in amounts of type `A`, without the rows and columns that have no mass.
pub(super) struct Quantised<'a, A> {
    problem: &'a Problem<'a>,
    rows: Side<A>,
    columns: Side<A>,
    /// Amounts are masses in quanta of 2^−exponent.
    exponent: i32,
}

/// The rows or the columns that have mass.
struct Side<A> {
    /// Their places in the problem.
    places: Vec<usize>,
    amounts: Vec<A>,
    /// Whether all amounts equal their masses.
    exact: bool,
}

impl<A: Amount> Side<A> {
    fn new(masses: &[f64], exponent: i32) -> Self {
        let mut side = Self {
            places: Vec::with_capacity(masses.len()),
            amounts: Vec::with_capacity(masses.len()),
            exact: true,
        };
        for (place, &mass) in masses.iter().enumerate() {
            let scaled = scale(mass, exponent);
            let amount = A::from_f64(scaled);
            side.exact &= (amount.to_f64() - scaled).abs() == 0.0 && (scaled > 0.0) == (mass > 0.0);
            if amount > A::default() {
                side.places.push(place);
                side.amounts.push(amount);
            }
        }
        side
    }

    fn len(&self) -> usize {
        self.places.len()
    }
}

impl<'a, A: Amount> Quantised<'a, A> {
    pub(super) fn new(problem: &'a Problem<'a>) -> Self {
        let exponent = exponent(problem.total(), A::BITS);
        Self {
            problem,
            rows: Side::new(problem.supply, exponent),
            columns: Side::new(problem.demand, exponent),
            exponent,
        }
    }

    /// Cost between a row and a column that have mass.
    fn cost(&self, row: usize, column: usize) -> f64 {
        let (row, column) = (self.rows.places[row], self.columns.places[column]);
        self.problem.cost[row * self.problem.demand.len() + column]
    }

    /// Savings by padded row, as `saving` makes them of costs.
    fn savings(&self, saving: impl Fn(f64) -> f64) -> Vec<f64> {
        let stride = padded(self.columns.len());
        let mut savings = vec![lanes::NEVER; self.rows.len() * stride];
        for row in 0..self.rows.len() {
            for column in 0..self.columns.len() {
                savings[row * stride + column] = saving(self.cost(row, column));
            }
        }
        savings
    }

    /// The optimal basis, with the duals of the savings as they are, not rounded to the grid.
    pub(super) fn optimal_basis(&self) -> Basis<A> {
        let ceiling = 2.0 * self.problem.penalty;
        let nodes = padded(self.rows.len()) + padded(self.columns.len());
        let terms = Terms {
            ceiling,
            slope: 0.0,
            grid: grid(nodes, ceiling),
        };
        let mut basis = Basis::default();
        lanes::run(
            Instructions::best(),
            Cold {
                basis: &mut basis,
                supply: &self.rows.amounts,
                demand: &self.columns.amounts,
                saving: &self.savings(|cost| terms.saving(cost, 0.0)),
            },
        );
        basis.reprice(Portable, &self.savings(|cost| ceiling - cost));
        basis
    }

    /// The plan of an optimal basis.
    pub(super) fn plan(&self, basis: &Basis<A>) -> Plan {
        let mut matches = Vec::new();
        let mut left_rows = self.rows.amounts.clone();
        let mut left_columns = self.columns.amounts.clone();
        let mut matching_cost = 0.0;
        basis.for_matches(|row, column, amount| {
            if amount > A::default() {
                left_rows[row] -= amount;
                left_columns[column] -= amount;
                matching_cost += amount.to_f64() * self.cost(row, column);
                matches.push(Match {
                    row: self.rows.places[row],
                    column: self.columns.places[column],
                    amount: self.mass(amount.to_f64()),
                });
            }
        });
        matches.sort_unstable_by_key(|m| (m.row, m.column));
        let mut unmatched = A::default();
        for &left in left_rows.iter().chain(&left_columns) {
            unmatched += left;
        }
        let (row_duals, column_duals) = self.duals(basis);
        Plan {
            value: self.mass(self.problem.penalty * unmatched.to_f64() + matching_cost),
            matches,
            unmatched_supply: self.unmatched(&self.rows, &left_rows, self.problem.supply.len()),
            unmatched_demand: self.unmatched(
                &self.columns,
                &left_columns,
                self.problem.demand.len(),
            ),
            row_duals,
            column_duals,
        }
    }

    /// Quanta as mass.
    fn mass(&self, quanta: f64) -> f64 {
        scale(quanta, -self.exponent)
    }

    /// Masses of what is left of the amounts of a side, for all of its `len` places.
    fn unmatched(&self, side: &Side<A>, left: &[A], len: usize) -> Vec<f64> {
        let mut unmatched = vec![0.0; len];
        for (&place, left) in side.places.iter().zip(left) {
            unmatched[place] = self.mass(left.to_f64());
        }
        unmatched
    }

    /// What rounding masses to amounts can have changed in the optimum, at most.
    pub(super) fn error_bound(&self) -> f64 {
        if self.rows.exact && self.columns.exact {
            return 0.0;
        }
        let masses = (self.problem.supply.len() + self.problem.demand.len()) as f64;
        self.mass(masses * self.problem.penalty)
    }

    /// Duals in terms of costs: α = penalty − u and β = penalty − v. Rows and columns without mass
    /// were left out of the solve and get the largest values that are feasible.
    fn duals(&self, basis: &Basis<A>) -> (Vec<f64>, Vec<f64>) {
        let Problem {
            supply,
            demand,
            cost,
            penalty,
        } = *self.problem;
        let width = demand.len();
        let mut alpha = vec![f64::NAN; supply.len()];
        let mut beta = vec![f64::NAN; width];
        let (u, v) = basis.duals();
        for (&row, u) in self.rows.places.iter().zip(u) {
            alpha[row] = penalty - u;
        }
        for (&column, v) in self.columns.places.iter().zip(v) {
            beta[column] = penalty - v;
        }
        for (row, alpha) in alpha.iter_mut().enumerate() {
            if alpha.is_nan() {
                *alpha = (self.columns.places.iter())
                    .map(|&column| cost[row * width + column] - beta[column])
                    .fold(penalty, f64::min);
            }
        }
        for (column, beta) in beta.iter_mut().enumerate() {
            if beta.is_nan() {
                *beta = (alpha.iter().enumerate())
                    .map(|(row, alpha)| cost[row * width + column] - alpha)
                    .fold(penalty, f64::min);
            }
        }
        (alpha, beta)
    }
}

/// One solve from scratch.
struct Cold<'a, A: Amount> {
    basis: &'a mut Basis<A>,
    supply: &'a [A],
    demand: &'a [A],
    saving: &'a [f64],
}

impl<A: Amount> Kernel for Cold<'_, A> {
    type Output = ();

    #[inline(always)]
    fn run(self, lanes: impl Simd) {
        (self.basis).solve(lanes, self.supply, self.demand, One(self.saving));
    }
}

/// A series of one problem.
struct One<'a>(&'a [f64]);

impl<A: Amount> Series<A> for One<'_> {
    #[inline(always)]
    fn len(&self) -> usize {
        1
    }

    #[inline(always)]
    fn savings(&mut self, _: usize) -> &[f64] {
        self.0
    }

    #[inline(always)]
    fn solved(&mut self, _: usize, _: &Basis<A>) {}
}
