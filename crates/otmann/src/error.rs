//! What can go wrong, in one enum.

/// Why a metric, a profile or a transport problem was refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A mass is negative, infinite or not a number.
    #[error("the mass of {what} {index} is {value}; masses must be finite and not negative")]
    Mass {
        /// What carries the mass: `node`, `supply` or `demand`.
        what: &'static str,
        /// Its place.
        index: usize,
        /// The mass.
        value: f64,
    },
    /// The masses are finite but their sum is not.
    #[error("the masses add up to {total}; scale them down")]
    TotalMass {
        /// The sum.
        total: f64,
    },
    /// A cost is negative or not a number (infinite costs are fine: they forbid the arc).
    #[error("the cost from {row} to {column} is {value}; costs must be at least 0 (or infinite)")]
    Cost {
        /// Supply that the cost leads from.
        row: usize,
        /// Demand that it leads to.
        column: usize,
        /// The cost.
        value: f64,
    },
    /// Two arrays that belong together differ in length.
    #[error("{what} has {found} values where {expected} are needed")]
    Length {
        /// The array.
        what: &'static str,
        /// Its length.
        found: usize,
        /// The length that the rest of the input implies.
        expected: usize,
    },
    /// A setting of a metric or a transport problem is out of range.
    #[error("{what} is {value}; it must be {needed}")]
    Setting {
        /// The setting.
        what: &'static str,
        /// Its value.
        value: f64,
        /// The values allowed.
        needed: &'static str,
    },
    /// A metric without one of its parts.
    #[error("a metric needs at least one {what}")]
    Empty {
        /// The missing part.
        what: &'static str,
    },
    /// A label that the metric's mismatch table does not have.
    #[error("node {node} has label {label}, but the mismatch table knows labels 0 to {last} only", last = labels - 1)]
    Label {
        /// The node.
        node: usize,
        /// Its label.
        label: usize,
        /// Number of labels in the table.
        labels: usize,
    },
    /// A label name that the mismatch table does not have.
    #[error("the mismatch table has no label {name:?}; add it or rename the node")]
    LabelName {
        /// The name.
        name: String,
    },
    /// The edges do not form a directed acyclic graph over the nodes.
    #[error("the edges do not form a directed acyclic graph: {}", of_nodes(.0))]
    Graph(nn_graph::Error),
    /// A network whose kind differs from the metric's.
    #[error(
        "the metric was made for {metric} networks, this one is of kind {network}; use Metric::for_kind({network})"
    )]
    Kind {
        /// The metric's kind.
        metric: nn_graph::Kind,
        /// The network's kind.
        network: nn_graph::Kind,
    },
    /// A profile that was built for another metric.
    #[error(
        "this profile was built for a metric with other labels or path-length categories; build both profiles with this metric"
    )]
    ForeignProfile,
    /// A problem, or the nodes of one block of labels, too many for the solver.
    #[error(
        "a transport of {rows} × {columns} is too large; rows and columns together may be {most}"
    )]
    TooLarge {
        /// Supplies.
        rows: usize,
        /// Demands.
        columns: usize,
        /// The most that rows and columns, each rounded up to a multiple of 8, may be together.
        most: usize,
    },
}

/// What is wrong with the edges of a graph that need not be a network, whose errors speak of layers.
fn of_nodes(error: &nn_graph::Error) -> String {
    match error {
        nn_graph::Error::EdgeOutOfRange { from, to, layers } => format!(
            "edge ({from}, {to}) names a node that does not exist: there are {layers} nodes, numbered from 0"
        ),
        nn_graph::Error::Cycle { layers } => {
            let nodes: Vec<String> = layers.iter().map(ToString::to_string).collect();
            format!("they close a cycle through the nodes {}", nodes.join(", "))
        }
        other => other.to_string(),
    }
}
