//! From a problem to its optimal plan.

use super::amount::Amount;
use super::problem::{Plan, Problem};
use super::quantised::Quantised;
use crate::Error;

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
    let (plan, quantum_error) = with::<i64>(problem);
    if quantum_error <= super::TOLERANCE * plan.value {
        return Ok(plan);
    }
    Ok(with::<i128>(problem).0)
}

/// Solves in amounts of type `A`; returns the plan and a bound on what rounding masses to
/// amounts can have changed in its value.
fn with<A: Amount>(problem: &Problem<'_>) -> (Plan, f64) {
    let quantised = Quantised::<A>::new(problem);
    let basis = quantised.optimal_basis();
    (quantised.plan(&basis), quantised.error_bound())
}
