//! Problems from plain slices, and plans with everything in them.

use crate::Error;

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
        self.check_masses()?;
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

    fn check_masses(&self) -> Result<(), Error> {
        for (what, masses) in [("supply", self.supply), ("demand", self.demand)] {
            for (index, &value) in masses.iter().enumerate() {
                if !value.is_finite() || value < 0.0 {
                    return Err(Error::Mass { what, index, value });
                }
            }
        }
        let total = self.total();
        if !total.is_finite() {
            return Err(Error::TotalMass { total });
        }
        Ok(())
    }

    /// Mass of both sides.
    pub(super) fn total(&self) -> f64 {
        self.supply.iter().chain(self.demand).sum()
    }
}
