//! Layers that share a colour after refinement, and whether that leaves doubt about the graph.
//!
//! Two graphs with the same stable colours are isomorphic if their classes connect simply enough.
//! No edge runs inside a class, since its layers have the same depth. Between two classes of more
//! than one layer, let the edges be
//!
//! - none or all: any bijection of the classes keeps them;
//! - a matching, or stars with their centres in the smaller class.
//!
//! Let the second sort of connections form a forest on the classes, and let every bundle of
//! classes that hang together by matchings have at most one connection to a smaller class. Then an isomorphism
//! can be put together class by class: choose any bijection on the smallest, carry it over along
//! matchings, and on to larger classes star by star; no class is reached twice. This covers what
//! morphs produce (copies of a branch side by side). A single layer connects to a class by all or
//! none of its layers. The full characterisation of what refinement identifies is that of Kiefer,
//! Schweitzer and Selman, *Graphs identified by logics with counting* (2015).

use crate::Dag;

/// The layers whose colour another layer has too, grouped by colour.
pub(super) fn tied(colours: &[u64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..colours.len()).collect();
    order.sort_unstable_by_key(|&v| colours[v]);
    (order.chunk_by(|&a, &b| colours[a] == colours[b]))
        .filter(|class| class.len() > 1)
        .flatten()
        .copied()
        .collect()
}

/// Edges from one class to another.
struct Connection {
    from: usize,
    to: usize,
    edges: usize,
}

/// Whether stable `colours` determine the graph, as the module describes.
pub(super) fn are_settled(dag: &Dag, colours: &[u64]) -> bool {
    let tied = tied(colours);
    let mut class_of = vec![usize::MAX; colours.len()];
    let mut sizes: Vec<usize> = Vec::new();
    for class in tied.chunk_by(|&a, &b| colours[a] == colours[b]) {
        for &v in class {
            class_of[v] = sizes.len();
        }
        sizes.push(class.len());
    }
    let mut between: Vec<(usize, usize)> = (dag.edges().iter())
        .map(|&(from, to)| (class_of[from], class_of[to]))
        .filter(|&(from, to)| from != usize::MAX && to != usize::MAX)
        .collect();
    between.sort_unstable();
    let connections: Vec<Connection> = (between.chunk_by(|a, b| a == b))
        .map(|same| Connection {
            from: same[0].0,
            to: same[0].1,
            edges: same.len(),
        })
        .filter(|c| c.edges != sizes[c.from] * sizes[c.to])
        .collect();
    // Each layer has equally many edges to the other class, so that as many edges as layers in
    // the larger class mean one edge for each of those.
    let are_stars = (connections.iter()).all(|c| c.edges == sizes[c.from].max(sizes[c.to]));
    are_stars && is_forest_of_bundles(&sizes, &connections)
}

fn is_forest_of_bundles(sizes: &[usize], connections: &[Connection]) -> bool {
    let (matchings, stars): (Vec<_>, Vec<_>) =
        (connections.iter()).partition(|c| sizes[c.from] == sizes[c.to]);
    let mut sets = Sets::new(sizes.len());
    if !matchings.iter().all(|c| sets.unite(c.from, c.to)) {
        return false;
    }
    let mut has_smaller = vec![false; sizes.len()];
    for c in &stars {
        let larger = if sizes[c.from] > sizes[c.to] {
            c.from
        } else {
            c.to
        };
        if std::mem::replace(&mut has_smaller[sets.find(larger)], true) {
            return false;
        }
    }
    stars.iter().all(|c| sets.unite(c.from, c.to))
}

/// Disjoint sets of classes.
struct Sets(Vec<usize>);

impl Sets {
    fn new(len: usize) -> Self {
        Self((0..len).collect())
    }

    fn find(&self, mut item: usize) -> usize {
        while self.0[item] != item {
            item = self.0[item];
        }
        item
    }

    /// Joins two sets; false if they were one already.
    fn unite(&mut self, a: usize, b: usize) -> bool {
        let (a, b) = (self.find(a), self.find(b));
        self.0[a] = b;
        a != b
    }
}
