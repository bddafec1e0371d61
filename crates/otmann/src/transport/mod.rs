//! Exact optimal transport in which mass may stay unmatched.
//!
//! # The problem
//!
//! Rows have masses a(i), columns b(j). Matching a unit of row i with one of column j costs
//! c(i, j) ≥ 0, perhaps infinite; leaving a unit unmatched costs p on either side:
//!
//! minimise Σ c(i, j)·x(i, j) + p·(Σ aᵢ − Σ x) + p·(Σ bⱼ − Σ x), with Σⱼ x(i, j) ≤ a(i),
//! Σᵢ x(i, j) ≤ b(j), x ≥ 0.
//!
//! The original (Kandasamy et al. 2018, arXiv 1802.07191, section 3) writes this as a balanced
//! transport with a null layer on each side that carries the other side's total mass.
//!
//! # Blocks
//!
//! If labels fall into groups between which costs are infinite, no x joins two groups, and the
//! objective is a sum over groups: each is a problem of its own. In the balanced form the null
//! layers tie groups together, but they can absorb any remainder, so that the tie never binds. A
//! network's groups are its convolutions, its pools, …. A block with one row or one column needs
//! no simplex: the cheapest of the others are served first, as in a fractional knapsack.
//!
//! # The root, and arcs that are never used
//!
//! A matched unit saves w = 2p − c against leaving both its ends unmatched. The problem is to
//! maximise Σ w(i, j)·x(i, j). Arcs with w ≤ 0 (c ≥ 2p: in the paper's units, a cost of 2) are
//! never needed and are pruned; infinite costs go the same way and need no big-M. What row i keeps
//! unmatched, a(i) − Σⱼ x(i, j), is flow on an arc from i to a *root*, what column j lacks is flow
//! from the root to j. Every basis of the simplex method is a spanning tree over rows, columns and
//! root, and the tree in which all hang from the root (nothing matched) is feasible.
//!
//! # Duals
//!
//! maximise Σ w·x has the dual: minimise Σ a·u + Σ b·v with u(i) + v(j) ≥ w(i, j), u, v ≥ 0. A
//! tree fixes u and v: w = u + v along its matching arcs, 0 at the arcs of the root. An arc whose
//! reduced saving w(i, j) − u(i) − v(j) is positive (for arcs of the root: −u(i) or −v(j)) enters;
//! flow is pushed around the cycle that it closes until an arc is empty, which leaves. When no
//! arc is left to enter, u and v are feasible, and by complementary slackness both are optimal.
//! [`certify`] checks this from a plan's own numbers.
//!
//! # Pricing and start
//!
//! Sixteen rows are priced at once, round and round, and the best arc of these enters: far fewer
//! pivots than the best arc of one row, and one branch that can't be foreseen for all of them.
//! The start is greedy: row after row takes what it can of the columns that save most. Taking the
//! largest saving of all rows each time instead saves pivots, but finding it costs more than they.
//!
//! # Several coefficients
//!
//! A pair is solved for several structural coefficients, which change costs but not masses. A
//! basis that is optimal for one stays feasible for the next: only potentials are computed anew.
//! From the largest coefficient down, each solve starts from the basis of the one before. The
//! largest leaves few useful arcs, so that it is cheap to solve from the greedy start.
//!
//! # Why it terminates, and why it is exact
//!
//! Masses are integers (see `amount`), and savings are rounded to a grid so fine that it does not
//! show and so coarse that the alternating sums that make potentials are exact in doubles. All
//! comparisons are therefore those of exact arithmetic. A basis is *strongly feasible* if every
//! empty tree arc points to the root, here: if every column's arc to its parent carries flow. The
//! start is, as masses are positive, and the rule for ties in `Basis::leaving` (the last blocking
//! arc on the cycle, seen from where its two sides meet) keeps it so. Then every pivot either
//! gains, or moves no flow: then only rows' arcs can block, the subtree that moves holds the tail,
//! and Σ u − Σ v strictly rises (Cunningham 1976). No basis comes back, and there are finitely
//! many. This holds for any order of pricing.
//!
//! The value is accumulated as flow × cost with the costs as given, not as total minus savings,
//! which would cancel. Rounding masses to 62 bits changes the optimum by at most p times the
//! quanta lost; where that could be seen ([`solve`] and [`crate::Metric::distance`] compare the
//! bound with the value) the problem is solved again with 126 bits.

mod amount;
mod basis;
mod certificate;
mod problem;
mod quantised;
mod simplex;
mod solve;

pub(crate) use amount::{Amount, exponent, scale};
pub(crate) use basis::Basis;
pub use certificate::{Certificate, certify};
pub use problem::{Match, Plan, Problem};
pub(crate) use simplex::Series;
pub use solve::solve;

use crate::Error;
use crate::lanes::{Terms, padded};

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

/// Refuses problems with more nodes than the sets of the basis can hold.
pub(crate) fn check_size(rows: usize, columns: usize) -> Result<(), Error> {
    if padded(rows) + padded(columns) > simplex::MOST_NODES {
        return Err(Error::TooLarge {
            rows,
            columns,
            most: simplex::MOST_NODES,
        });
    }
    Ok(())
}
