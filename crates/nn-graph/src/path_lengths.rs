//! A network's path lengths by category (paper, section 3: the structural part of the distance).

use std::fmt;

use crate::dag::{Dag, End, Lengths};
use crate::{Group, Kind, Layer};

/// How a path between two layers is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Walk {
    /// The shortest path.
    Shortest,
    /// The longest path.
    Longest,
    /// The expectation over random walks.
    RandomWalk,
}

impl Walk {
    /// The three walks in the order of the categories.
    pub const ALL: [Self; 3] = [Self::Shortest, Self::Longest, Self::RandomWalk];
}

/// A path-length category: which layers are counted, over which path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Category {
    /// The layers that are counted.
    pub group: Group,
    /// The path over which they are counted.
    pub walk: Walk,
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let walk = match self.walk {
            Walk::Shortest => "shortest",
            Walk::Longest => "longest",
            Walk::RandomWalk => "rw",
        };
        write!(f, "{}-{walk}", self.group.name())
    }
}

/// Path lengths of every layer, by category, in the order of [`Kind::groups`](crate::Kind::groups)
/// and [`Walk::ALL`]. A length counts the layer itself, but not the input or output that it leads to.
#[derive(Clone, Debug, PartialEq)]
pub struct PathLengths {
    /// From each layer back to the input.
    pub to_input: Vec<(Category, Vec<f64>)>,
    /// From each layer on to the output.
    pub to_output: Vec<(Category, Vec<f64>)>,
}

impl PathLengths {
    pub(crate) fn new(kind: Kind, layers: &[Layer], dag: &Dag) -> Self {
        Self {
            to_input: towards(End::Sources, kind, layers, dag),
            to_output: towards(End::Sinks, kind, layers, dag),
        }
    }
}

fn towards(end: End, kind: Kind, layers: &[Layer], dag: &Dag) -> Vec<(Category, Vec<f64>)> {
    let mut out = Vec::with_capacity(3 * kind.groups().len());
    for &group in kind.groups() {
        let Lengths {
            shortest,
            longest,
            random_walk,
        } = dag.lengths(end, |i| group.contains(layers[i].op));
        let float = |counts: Vec<u32>| counts.into_iter().map(f64::from).collect();
        let columns = [float(shortest), float(longest), random_walk];
        for (walk, column) in Walk::ALL.into_iter().zip(columns) {
            out.push((Category { group, walk }, column));
        }
    }
    out
}
