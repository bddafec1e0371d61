//! Proof of a plan's optimality, from its own dual values and nothing else.

use super::{Plan, Problem};
use crate::Error;

/// How far a plan may be from feasible and from optimal, found without solving anything.
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use]
pub struct Certificate {
    /// Value of the plan, computed anew from its amounts.
    pub value: f64,
    /// Difference between the plan's value and that of the duals, as the sum of
    /// amount × reduced cost over everything that the plan uses. 0 for an optimum.
    pub gap: f64,
    /// The most by which the duals break a constraint: α + β − cost, α − penalty, β − penalty.
    pub violation: f64,
    /// The most by which amounts fail to add up to the masses, or are negative.
    pub imbalance: f64,
    /// The most mass that can be moved: the total of both sides.
    pub mass: f64,
}

impl Certificate {
    /// An upper bound on value − optimum for a plan without imbalance: lowering all duals by
    /// half the violation makes them feasible and costs at most violation × mass.
    #[must_use]
    pub fn error_bound(&self) -> f64 {
        self.gap.abs() + self.violation * self.mass
    }
}

/// Checks a plan against its problem.
///
/// By linear programming duality, any α, β with α(i) + β(j) ≤ cost(i, j), α ≤ penalty and
/// β ≤ penalty give a lower bound Σ supply·α + Σ demand·β on the value of every plan. For a plan
/// that adds up to the masses, the difference to this bound is Σ x(i, j)·(cost − α(i) − β(j)) +
/// Σ unmatched(i)·(penalty − α(i)) + Σ unmatched(j)·(penalty − β(j)), which is computed here
/// without cancellation. O(rows × columns).
///
/// # Errors
/// The problem is invalid, or lengths of the plan do not fit it.
pub fn certify(problem: &Problem<'_>, plan: &Plan) -> Result<Certificate, Error> {
    problem.check()?;
    let (rows, columns) = (problem.supply.len(), problem.demand.len());
    for (what, found, expected) in [
        (
            "the list of unmatched supplies",
            plan.unmatched_supply.len(),
            rows,
        ),
        (
            "the list of unmatched demands",
            plan.unmatched_demand.len(),
            columns,
        ),
        ("the list of row duals", plan.row_duals.len(), rows),
        ("the list of column duals", plan.column_duals.len(), columns),
    ] {
        if found != expected {
            return Err(Error::Length {
                what,
                found,
                expected,
            });
        }
    }
    let penalty = problem.penalty;
    let mut out = Certificate {
        value: 0.0,
        gap: 0.0,
        violation: 0.0,
        imbalance: 0.0,
        mass: problem.supply.iter().chain(problem.demand).sum(),
    };
    let mut row_sums = plan.unmatched_supply.clone();
    let mut column_sums = plan.unmatched_demand.clone();
    for m in &plan.matches {
        if m.row >= rows || m.column >= columns {
            return Err(Error::Length {
                what: "a match of the plan",
                found: m.row.max(m.column),
                expected: rows.min(columns),
            });
        }
        let cost = problem.cost[m.row * columns + m.column];
        out.value += m.amount * cost;
        out.gap += m.amount * (cost - plan.row_duals[m.row] - plan.column_duals[m.column]);
        out.imbalance = out.imbalance.max(-m.amount);
        row_sums[m.row] += m.amount;
        column_sums[m.column] += m.amount;
    }
    let sides = [
        (
            &plan.unmatched_supply,
            &plan.row_duals,
            &row_sums,
            problem.supply,
        ),
        (
            &plan.unmatched_demand,
            &plan.column_duals,
            &column_sums,
            problem.demand,
        ),
    ];
    for (unmatched, duals, sums, masses) in sides {
        for (k, &amount) in unmatched.iter().enumerate() {
            out.value += penalty * amount;
            out.gap += amount * (penalty - duals[k]);
            out.violation = out.violation.max(duals[k] - penalty);
            let imbalance = (sums[k] - masses[k]).abs().max(-amount);
            out.imbalance = out.imbalance.max(imbalance);
        }
    }
    for (row, &alpha) in plan.row_duals.iter().enumerate() {
        let costs = &problem.cost[row * columns..][..columns];
        for (&cost, &beta) in costs.iter().zip(&plan.column_duals) {
            out.violation = out.violation.max(alpha + beta - cost);
        }
    }
    Ok(out)
}
