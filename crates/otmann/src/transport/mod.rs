//! Exact optimal transport in which mass may stay unmatched.
//!
//! (derivation to come)

mod amount;
mod basis;
mod certificate;
mod problem;
mod simplex;

pub(crate) use amount::{Amount, exponent, scale};
pub(crate) use basis::Basis;
pub use certificate::{Certificate, certify};
pub(crate) use simplex::Series;
pub use problem::{Match, Plan, Problem, solve};

use crate::lanes::Terms;

/// Adding and subtracting this number rounds to a grid so fine that no bit of a saving up to
/// `ceiling` matters, and so coarse that sums of the savings along any path of a tree of `nodes`
/// nodes are exact.
pub(crate) fn grid(nodes: usize, ceiling: f64) -> f64 {
    // Potentials are alternating sums of at most `nodes` savings, reduced savings of two more.
    let bound = (nodes + 2) as f64 * ceiling;
    let power = ((bound.to_bits() >> 52) + 1) << 52;
    1.5 * f64::from_bits(power)
}

/// Amounts are refined when rounding masses to 62 bits may have changed a value by more than
/// this share of it.
pub(crate) const TOLERANCE: f64 = 2e-13;
