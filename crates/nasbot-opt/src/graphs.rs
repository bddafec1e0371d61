//! What a space of labelled graphs needs besides the distance, from the same description of a graph: counts of its parts, and a hash.

use nn_graph::{Dag, weisfeiler_lehman};
use otmann::{Error as Refused, Graph};

use crate::{Counts, Error};

/// How often each Weisfeiler–Lehman label occurs in a graph: one [`Counts`] for each of `levels`, as [`Space::counts`] gives them. The label
/// of a node is its own at the first level, and at each further one what it is together with its parents' labels of the level before.
///
/// # Errors
///
/// [`Error::Distance`]: the edges are no directed acyclic graph, or there are not as many masses as labels.
///
/// [`Space::counts`]: crate::Space::counts
pub fn graph_counts(graph: &Graph<'_>, levels: usize) -> Result<Vec<Counts>, Error> {
    let (dag, labels) = ordered(graph, |node| graph.labels[node] as u64)?;
    let levels = weisfeiler_lehman(&labels, |node| dag.parents(node), levels);
    Ok(levels.into_iter().map(Counts::new).collect())
}

/// A hash that graphs share whose nodes have the same labels and masses and are joined in the same way, whatever their numbering; others
/// do not, in practice. The same on every platform and in every release, so that it may be stored.
///
/// It merges isomorphic graphs: right where an evaluation cannot tell them apart, wrong where it depends on the order of the nodes.
/// Then [`stable_hash`] of what the candidate consists of keeps them apart.
///
/// # Errors
///
/// As [`graph_counts`].
///
/// ```
/// use nasbot_opt::graph_hash;
/// use otmann::Graph;
///
/// let one = Graph { labels: &[0, 1, 2, 3], masses: &[1.0; 4], edges: &[(0, 1), (0, 2), (1, 3), (2, 3)] };
/// let same = Graph { labels: &[0, 2, 1, 3], masses: &[1.0; 4], edges: &[(0, 1), (0, 2), (1, 3), (2, 3)] };
/// assert_eq!(graph_hash(&one)?, graph_hash(&same)?);
/// let heavier = Graph { masses: &[1.0, 2.0, 1.0, 1.0], ..one };
/// assert_ne!(graph_hash(&one)?, graph_hash(&heavier)?);
/// # Ok::<(), nasbot_opt::Error>(())
/// ```
pub fn graph_hash(graph: &Graph<'_>) -> Result<u128, Error> {
    let look = |node: usize| {
        // Zero has two signs, which mean the same.
        let mass = graph.masses[node] + 0.0;
        let both = stable_hash([graph.labels[node] as u64, mass.to_bits()]);
        (both >> 64) as u64
    };
    let (dag, looks) = ordered(graph, look)?;
    Ok(dag.canonical_hash(&looks))
}

/// A hash of a sequence of numbers: the same on every platform and in every release, so that it may be stored. Sequences that differ,
/// also in their lengths alone, have different hashes in practice. A text's is that of its bytes.
///
/// For [`Space::hash`](crate::Space::hash) of candidates that are no graphs. The hashes of the standard library
/// may differ from release to release, and those of its hash maps from process to process.
///
/// ```
/// use nasbot_opt::stable_hash;
///
/// let text = |text: &str| stable_hash(text.bytes().map(u64::from));
/// assert_eq!(text("fold"), 0xdd29_c46a_82f7_f47d_86fb_5f2a_18e8_123c);
/// assert_ne!(text("fold"), text("folds"));
/// assert_ne!(stable_hash([]), stable_hash([0]));
/// ```
#[must_use]
pub fn stable_hash(numbers: impl IntoIterator<Item = u64>) -> u128 {
    let (mut high, mut low, mut count) = (0x243f_6a88_85a3_08d3_u64, 0x1319_8a2e_0370_7344_u64, 0);
    for number in numbers {
        high = mix(high ^ number);
        low = mix(low.rotate_left(23).wrapping_add(number));
        count += 1;
    }
    u128::from(mix(high ^ count)) << 64 | u128::from(mix(low ^ count))
}

/// Mixes all bits into all bits; one to one (the finaliser of SplitMix64), and not fixed at 0.
fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// The graph in topological order, and what its nodes look like in that order.
fn ordered(graph: &Graph<'_>, look: impl Fn(usize) -> u64) -> Result<(Dag, Vec<u64>), Error> {
    let nodes = graph.labels.len();
    if graph.masses.len() != nodes {
        return Err(Error::Distance(Refused::Length {
            what: "the list of masses",
            found: graph.masses.len(),
            expected: nodes,
        }));
    }
    let edges = graph.edges.iter().copied();
    let (dag, order) =
        Dag::new(nodes, edges).map_err(|error| Error::Distance(Refused::Graph(error)))?;
    let looks = order.iter().map(|&node| look(node)).collect();
    Ok((dag, looks))
}

#[cfg(test)]
mod tests {
    use super::*;
    use otmann::{Metric, Mismatch, Profile};
    use proptest::prelude::*;

    /// A graph with few labels, as upper triangle of an adjacency matrix, and a numbering of its nodes.
    fn graphs() -> impl Strategy<Value = (Vec<usize>, Vec<bool>, Vec<usize>)> {
        (2_usize..7).prop_flat_map(|n| {
            let labels = prop::collection::vec(0_usize..2, n);
            let edges = prop::collection::vec(any::<bool>(), n * n);
            (
                labels,
                edges,
                Just((0..n).collect::<Vec<_>>()).prop_shuffle(),
            )
        })
    }

    fn edges(n: usize, has: &[bool], number: &[usize]) -> Vec<(usize, usize)> {
        let pairs = (0..n).flat_map(|i| (i + 1..n).map(move |j| (i, j)));
        let joined = pairs.filter(|&(i, j)| has[i * n + j]);
        joined.map(|(i, j)| (number[i], number[j])).collect()
    }

    proptest! {
        /// The numbering of nodes changes neither hash nor counts, and a graph that is told apart by the distance has another hash.
        #[test]
        fn a_numbering_changes_nothing((labels, has, number) in graphs(), other in graphs()) {
            let n = labels.len();
            let same: Vec<usize> = (0..n).collect();
            let masses = vec![1.0; n];
            let mut renumbered = vec![0; n];
            number.iter().zip(&labels).for_each(|(&to, &label)| renumbered[to] = label);
            let (straight, shuffled) = (edges(n, &has, &same), edges(n, &has, &number));
            let a = Graph { labels: &labels, masses: &masses, edges: &straight };
            let b = Graph { labels: &renumbered, masses: &masses, edges: &shuffled };
            prop_assert_eq!(graph_hash(&a)?, graph_hash(&b)?);
            for (a, b) in graph_counts(&a, 3)?.iter().zip(&graph_counts(&b, 3)?) {
                prop_assert!(a.distance(b) < 1e-12);
            }
            let (labels, has, _) = other;
            let m = labels.len();
            let straight = edges(m, &has, &(0..m).collect::<Vec<_>>());
            let masses = vec![1.0; m];
            let c = Graph { labels: &labels, masses: &masses, edges: &straight };
            let metric = Metric::new(Mismatch::new(["a", "b"])?);
            let (p, q) = (Profile::from_graph(&a, &metric)?, Profile::from_graph(&c, &metric)?);
            if metric.distance(&p, &q)?.raw[3] > 1e-9 {
                prop_assert_ne!(graph_hash(&a)?, graph_hash(&c)?);
            }
        }
    }

    #[test]
    fn what_is_no_graph_is_refused_with_its_nodes() {
        let graph = |edges| Graph {
            labels: &[0, 1],
            masses: &[1.0, 1.0],
            edges,
        };
        let said = |edges| match graph_hash(&graph(edges)) {
            Err(Error::Distance(error)) => error.to_string(),
            other => format!("{other:?}"),
        };
        let cycle = said(&[(0, 1), (1, 0)]);
        assert!(
            cycle.contains("through the nodes 1, 0") && !cycle.contains("layer"),
            "{cycle}"
        );
        let missing = said(&[(0, 2)]);
        assert!(
            missing.contains("there are 2 nodes") && !missing.contains("layer"),
            "{missing}"
        );
        let few = Graph {
            masses: &[1.0],
            ..graph(&[])
        };
        assert!(matches!(
            graph_counts(&few, 2),
            Err(Error::Distance(Refused::Length { .. }))
        ));
    }
}
