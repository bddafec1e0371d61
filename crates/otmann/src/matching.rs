//! The transport plan itself: which node was matched with which, and what stayed unmatched.

use crate::pair::costs;
use crate::transport::{self, Match, Problem};
use crate::{Error, Metric, Profile};

/// An optimal matching of two graphs at one structural coefficient, for reading and drawing.
#[derive(Clone, Debug, PartialEq)]
pub struct Matching {
    /// The raw distance.
    pub value: f64,
    /// Matched mass: `row` is a node of the first graph, `column` one of the second. Sorted.
    pub matches: Vec<Match>,
    /// Mass of each node of the first graph that stayed unmatched.
    pub unmatched_first: Vec<f64>,
    /// Mass of each node of the second graph that stayed unmatched.
    pub unmatched_second: Vec<f64>,
}

impl Metric {
    /// An optimal matching of `a` and `b`. One optimum of possibly many, the same on every run.
    ///
    /// # Errors
    /// A profile was built for a metric with other labels or features, or the coefficient is
    /// negative or not finite.
    pub fn matching(&self, a: &Profile, b: &Profile, coefficient: f64) -> Result<Matching, Error> {
        a.check_for(self)?;
        b.check_for(self)?;
        if !coefficient.is_finite() || coefficient < 0.0 {
            return Err(Error::Setting {
                what: "the structural coefficient",
                value: coefficient,
                needed: "finite and at least 0",
            });
        }
        let mut out = Matching {
            value: 0.0,
            matches: Vec::new(),
            unmatched_first: vec![0.0; a.len()],
            unmatched_second: vec![0.0; b.len()],
        };
        for (&x, &y) in a.blocks.iter().zip(&b.blocks) {
            let rows = &a.nodes[x.first..][..x.len];
            let columns = &b.nodes[y.first..][..y.len];
            let plan = transport::solve(&Problem {
                supply: &a.masses[x.first..][..x.len],
                demand: &b.masses[y.first..][..y.len],
                cost: &costs(self, coefficient, (a, x), (b, y)),
                penalty: self.null_penalty(),
            })?;
            out.value += plan.value;
            for m in &plan.matches {
                if let (Some(row), Some(column)) = (rows[m.row], columns[m.column]) {
                    out.matches.push(Match { row, column, ..*m });
                }
            }
            for (&node, &left) in rows.iter().zip(&plan.unmatched_supply) {
                if let Some(node) = node {
                    out.unmatched_first[node] = left;
                }
            }
            for (&node, &left) in columns.iter().zip(&plan.unmatched_demand) {
                if let Some(node) = node {
                    out.unmatched_second[node] = left;
                }
            }
        }
        out.matches.sort_unstable_by_key(|m| (m.row, m.column));
        Ok(out)
    }
}
