//! The solver's public face: problems from plain slices, plans with everything in them.

use super::{Amount, Basis, Series, Terms, exponent, grid, scale};
use crate::Error;
use crate::lanes::{self, Instructions, Kernel, Lanes, Portable, padded};

/// A transport problem in which mass may stay unmatched: minimise
/// Σ cost(i, j)·x(i, j) + penalty·(unmatched supply + unmatched demand)
/// over x ≥ 0 with Σⱼ x(i, j) ≤ supply(i) and Σᵢ x(i, j) ≤ demand(j).
#[derive(Clone, Copy, Debug)]
pub struct Problem<'a> {
    /// Masses of the rows.
    pub supply: &'a [f64],
    /// Masses of the columns.
    pub demand: &'a [f64],
    /// Costs by row, then column; infinite where a match is forbidden.
    pub cost: &'a [f64],
    /// Cost of leaving a unit of mass unmatched, on either side.
    pub penalty: f64,
}

/// Mass of a row that is matched with a column.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Match {
    /// Row (supply).
    pub row: usize,
    /// Column (demand).
    pub column: usize,
    /// How much; positive.
    pub amount: f64,
}

/// An optimal plan, with the dual values that prove it optimal.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Plan {
    /// The optimum.
    pub value: f64,
    /// What was matched, by row, then column.
    pub matches: Vec<Match>,
    /// What stayed unmatched of each supply.
    pub unmatched_supply: Vec<f64>,
    /// What stayed unmatched of each demand.
    pub unmatched_demand: Vec<f64>,
    /// Dual value of each row: α(i) ≤ penalty and α(i) + β(j) ≤ cost(i, j).
    pub row_duals: Vec<f64>,
    /// Dual value of each column: β(j) ≤ penalty.
    pub column_duals: Vec<f64>,
}

/// Solves a transport problem exactly. O(pivots × (rows × columns)); pivots are about
/// rows + columns in practice.
///
/// ```
/// use otmann::transport::{Problem, certify, solve};
///
/// let problem = Problem {
///     supply: &[3.0, 1.0],
///     demand: &[2.0, 2.0],
///     cost: &[0.0, 0.5, f64::INFINITY, 0.25],
///     penalty: 1.0,
/// };
/// let plan = solve(&problem)?;
/// assert_eq!(plan.value, 0.75);
/// assert!(certify(&problem, &plan)?.error_bound() < 1e-12);
/// # Ok::<(), otmann::Error>(())
/// ```
///
/// # Errors
/// Masses that are negative or not finite, costs that are negative or not numbers, a penalty that
/// is not positive and finite, slices whose lengths do not fit.
pub fn solve(problem: &Problem<'_>) -> Result<Plan, Error> {
    problem.check()?;
    let total: f64 = problem.supply.iter().chain(problem.demand).sum();
    let (plan, quantum_error) = with::<i64>(problem, total);
    if quantum_error <= super::TOLERANCE * plan.value {
        return Ok(plan);
    }
    Ok(with::<i128>(problem, total).0)
}

impl Problem<'_> {
    pub(super) fn check(&self) -> Result<(), Error> {
        let (rows, columns) = (self.supply.len(), self.demand.len());
        super::check_size(rows, columns)?;
        if self.cost.len() != rows * columns {
            return Err(Error::Length {
                what: "the cost matrix",
                found: self.cost.len(),
                expected: rows * columns,
            });
        }
        for (what, masses) in [("supply", self.supply), ("demand", self.demand)] {
            for (index, &value) in masses.iter().enumerate() {
                if !value.is_finite() || value < 0.0 {
                    return Err(Error::Mass { what, index, value });
                }
            }
        }
        let total: f64 = self.supply.iter().chain(self.demand).sum();
        if !total.is_finite() {
            return Err(Error::TotalMass { total });
        }
        if let Some(k) = self.cost.iter().position(|c| c.is_nan() || *c < 0.0) {
            return Err(Error::Cost {
                row: k / columns,
                column: k % columns,
                value: self.cost[k],
            });
        }
        if !(self.penalty > 0.0 && self.penalty <= crate::metric::MAX_PENALTY) {
            return Err(Error::Setting {
                what: "the penalty",
                value: self.penalty,
                needed: "positive and at most 1e150",
            });
        }
        Ok(())
    }
}

/// Solves in amounts of type `A`; returns the plan and a bound on what rounding masses to
/// amounts can have changed in its value.
fn with<A: Amount>(problem: &Problem<'_>, total: f64) -> (Plan, f64) {
    let exponent = exponent(total, A::BITS);
    let mut exact = true;
    let mut quantise = |masses: &[f64]| -> (Vec<usize>, Vec<A>) {
        let mut places = Vec::with_capacity(masses.len());
        let mut amounts = Vec::with_capacity(masses.len());
        for (place, &mass) in masses.iter().enumerate() {
            let scaled = scale(mass, exponent);
            let amount = A::from_f64(scaled);
            exact &= (amount.to_f64() - scaled).abs() == 0.0 && (scaled > 0.0) == (mass > 0.0);
            if amount > A::default() {
                places.push(place);
                amounts.push(amount);
            }
        }
        (places, amounts)
    };
    let (rows, supply) = quantise(problem.supply);
    let (columns, demand) = quantise(problem.demand);
    let columns_total = problem.demand.len();
    let cost =
        |row: usize, column: usize| problem.cost[rows[row] * columns_total + columns[column]];

    let stride = padded(columns.len());
    let terms = Terms {
        ceiling: 2.0 * problem.penalty,
        slope: 0.0,
        grid: grid(padded(rows.len()) + stride, 2.0 * problem.penalty),
    };
    let mut saving = vec![lanes::NEVER; rows.len() * stride];
    for row in 0..rows.len() {
        for column in 0..columns.len() {
            saving[row * stride + column] = terms.saving(cost(row, column), 0.0);
        }
    }
    let mut basis = Basis::<A>::default();
    lanes::run(
        Instructions::best(),
        Cold {
            basis: &mut basis,
            supply: &supply,
            demand: &demand,
            saving: &saving,
        },
    );

    // The duals of this basis for the savings as they are, not rounded to the grid.
    for row in 0..rows.len() {
        for column in 0..columns.len() {
            saving[row * stride + column] = terms.ceiling - cost(row, column);
        }
    }
    basis.reprice(Portable, &saving);

    let mut unmatched_supply = vec![0.0; problem.supply.len()];
    let mut unmatched_demand = vec![0.0; problem.demand.len()];
    let mut matches = Vec::new();
    let mut left_rows = supply.clone();
    let mut left_columns = demand.clone();
    let mut matching_cost = 0.0;
    basis.for_matches(|row, column, amount| {
        if amount > A::default() {
            left_rows[row] -= amount;
            left_columns[column] -= amount;
            let amount = amount.to_f64();
            matching_cost += amount * cost(row, column);
            matches.push(Match {
                row: rows[row],
                column: columns[column],
                amount: scale(amount, -exponent),
            });
        }
    });
    matches.sort_unstable_by_key(|m| (m.row, m.column));
    let mut unmatched = A::default();
    for (&left, &row) in left_rows.iter().zip(&rows) {
        unmatched += left;
        unmatched_supply[row] = scale(left.to_f64(), -exponent);
    }
    for (&left, &column) in left_columns.iter().zip(&columns) {
        unmatched += left;
        unmatched_demand[column] = scale(left.to_f64(), -exponent);
    }
    let value = scale(
        problem.penalty * unmatched.to_f64() + matching_cost,
        -exponent,
    );
    let (row_duals, column_duals) = duals(problem, &basis, &rows, &columns);
    let quantum_error = if exact {
        0.0
    } else {
        let masses = (problem.supply.len() + problem.demand.len()) as f64;
        scale(masses * problem.penalty, -exponent)
    };
    let plan = Plan {
        value,
        matches,
        unmatched_supply,
        unmatched_demand,
        row_duals,
        column_duals,
    };
    (plan, quantum_error)
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
    fn run(self, lanes: impl Lanes) {
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

/// Duals in terms of costs: α = penalty − u and β = penalty − v. Rows and columns without mass
/// were left out of the solve and get the largest values that are feasible.
fn duals<A: Amount>(
    problem: &Problem<'_>,
    basis: &Basis<A>,
    rows: &[usize],
    columns: &[usize],
) -> (Vec<f64>, Vec<f64>) {
    let width = problem.demand.len();
    let mut alpha = vec![f64::NAN; problem.supply.len()];
    let mut beta = vec![f64::NAN; width];
    let (u, v) = basis.duals();
    for (&row, u) in rows.iter().zip(u) {
        alpha[row] = problem.penalty - u;
    }
    for (&column, v) in columns.iter().zip(v) {
        beta[column] = problem.penalty - v;
    }
    for (row, alpha) in alpha.iter_mut().enumerate() {
        if alpha.is_nan() {
            *alpha = (columns.iter())
                .map(|&column| problem.cost[row * width + column] - beta[column])
                .fold(problem.penalty, f64::min);
        }
    }
    for (column, beta) in beta.iter_mut().enumerate() {
        if beta.is_nan() {
            *beta = (alpha.iter().enumerate())
                .map(|(row, alpha)| problem.cost[row * width + column] - alpha)
                .fold(problem.penalty, f64::min);
        }
    }
    (alpha, beta)
}
