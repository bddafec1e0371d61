//! Directed acyclic graphs in topological order, and lengths of their paths.
//!
//! Knows nothing of layers, so that other programs can measure their own graphs.

use std::collections::VecDeque;

use crate::Error;

/// Neighbours of every node, in one array.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Adjacency {
    starts: Vec<usize>,
    ends: Vec<usize>,
}

impl Adjacency {
    /// From pairs (node, neighbour) that are sorted by node, then neighbour.
    fn new(nodes: usize, pairs: impl Iterator<Item = (usize, usize)>) -> Self {
        let mut starts = vec![0; nodes + 1];
        let mut ends = Vec::new();
        for (node, neighbour) in pairs {
            starts[node + 1] += 1;
            ends.push(neighbour);
        }
        for i in 0..nodes {
            starts[i + 1] += starts[i];
        }
        Self { starts, ends }
    }

    fn of(&self, node: usize) -> &[usize] {
        &self.ends[self.starts[node]..self.starts[node + 1]]
    }
}

/// A directed acyclic graph whose nodes are numbered in topological order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dag {
    nodes: usize,
    edges: Vec<(usize, usize)>,
    parents: Adjacency,
    children: Adjacency,
}

/// Lengths of the paths between each node and one end of the graph.
///
/// A length counts the nodes that belong to a group, the node itself included and the far end
/// (a source or a sink) excluded. All three are 0 at that end.
#[derive(Clone, Debug, PartialEq)]
pub struct Lengths {
    /// Over the shortest path.
    pub shortest: Vec<u32>,
    /// Over the longest path.
    pub longest: Vec<u32>,
    /// Expected over a random walk that picks each next edge with equal probability.
    pub random_walk: Vec<f64>,
}

/// The end of the graph to which paths are measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum End {
    /// Against the edges, to the nodes without parents.
    Sources,
    /// Along the edges, to the nodes without children.
    Sinks,
}

impl Dag {
    /// Sorts `nodes` nodes topologically: first in, first out from the sources, children in
    /// ascending order. Returns the graph in its new numbering and, for each new number, the
    /// old one. A graph that is in this order already keeps its numbers. O(n + m log m).
    ///
    /// # Errors
    /// An edge out of range, an edge listed twice, or a cycle.
    pub fn new(
        nodes: usize,
        edges: impl IntoIterator<Item = (usize, usize)>,
    ) -> Result<(Self, Vec<usize>), Error> {
        let mut edges: Vec<_> = edges.into_iter().collect();
        for &(from, to) in &edges {
            if from >= nodes || to >= nodes {
                return Err(Error::EdgeOutOfRange {
                    from,
                    to,
                    layers: nodes,
                });
            }
        }
        edges.sort_unstable();
        if let Some(pair) = edges.windows(2).find(|pair| pair[0] == pair[1]) {
            let (from, to) = pair[0];
            return Err(Error::DuplicateEdge { from, to });
        }
        let given = Self::assemble(nodes, edges);
        let order = given.kahn()?;
        if order.iter().enumerate().all(|(new, &old)| new == old) {
            return Ok((given, order));
        }
        let mut new_number = vec![0; nodes];
        for (new, &old) in order.iter().enumerate() {
            new_number[old] = new;
        }
        let mut edges: Vec<_> = (given.edges.iter())
            .map(|&(from, to)| (new_number[from], new_number[to]))
            .collect();
        edges.sort_unstable();
        Ok((Self::assemble(nodes, edges), order))
    }

    /// `edges` are sorted, distinct and in range.
    fn assemble(nodes: usize, edges: Vec<(usize, usize)>) -> Self {
        let mut reversed: Vec<_> = edges.iter().map(|&(from, to)| (to, from)).collect();
        reversed.sort_unstable();
        Self {
            nodes,
            children: Adjacency::new(nodes, edges.iter().copied()),
            parents: Adjacency::new(nodes, reversed.into_iter()),
            edges,
        }
    }

    fn kahn(&self) -> Result<Vec<usize>, Error> {
        let mut missing: Vec<usize> = (0..self.nodes).map(|i| self.parents(i).len()).collect();
        let mut queue: VecDeque<usize> = (0..self.nodes).filter(|&i| missing[i] == 0).collect();
        let mut order = Vec::with_capacity(self.nodes);
        while let Some(node) = queue.pop_front() {
            order.push(node);
            for &child in self.children(node) {
                missing[child] -= 1;
                if missing[child] == 0 {
                    queue.push_back(child);
                }
            }
        }
        if order.len() == self.nodes {
            Ok(order)
        } else {
            Err(Error::Cycle {
                layers: self.a_cycle(&missing),
            })
        }
    }

    /// One cycle among the nodes that Kahn's algorithm could not place (`missing` > 0). Each of
    /// them has such a parent, so that walking to parents must come back to a node already seen.
    fn a_cycle(&self, missing: &[usize]) -> Vec<usize> {
        let mut walk: Vec<usize> = Vec::new();
        let mut next = missing.iter().position(|&m| m > 0);
        while let Some(node) = next {
            if let Some(seen) = walk.iter().position(|&n| n == node) {
                walk.drain(..seen);
                walk.reverse();
                break;
            }
            walk.push(node);
            next = (self.parents(node).iter().copied()).find(|&parent| missing[parent] > 0);
        }
        walk
    }

    /// Number of nodes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes
    }

    /// Whether there are no nodes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes == 0
    }

    /// Edges (from, to), sorted.
    #[must_use]
    pub fn edges(&self) -> &[(usize, usize)] {
        &self.edges
    }

    /// The nodes with an edge to `node`, ascending.
    #[must_use]
    pub fn parents(&self, node: usize) -> &[usize] {
        self.parents.of(node)
    }

    /// The nodes with an edge from `node`, ascending.
    #[must_use]
    pub fn children(&self, node: usize) -> &[usize] {
        self.children.of(node)
    }

    /// Lengths of the paths between each node and `end`, counting the nodes for which
    /// `in_group` holds. With w(i) = 1 for those and 0 elsewhere, and N(i) the neighbours of
    /// i towards that end, the lengths follow
    /// shortest(i) = w(i) + min over N(i), longest(i) = w(i) + max over N(i) and
    /// random-walk(i) = w(i) + mean over N(i), or 0 where N(i) is empty. O(n + m).
    #[must_use]
    pub fn lengths(&self, end: End, in_group: impl Fn(usize) -> bool) -> Lengths {
        let mut out = Lengths {
            shortest: vec![0; self.nodes],
            longest: vec![0; self.nodes],
            random_walk: vec![0.0; self.nodes],
        };
        for step in 0..self.nodes {
            let (node, towards) = match end {
                End::Sources => (step, self.parents(step)),
                End::Sinks => {
                    let node = self.nodes - 1 - step;
                    (node, self.children(node))
                }
            };
            if towards.is_empty() {
                continue;
            }
            let (mut shortest, mut longest, mut sum) = (u32::MAX, 0, 0.0);
            for &next in towards {
                shortest = shortest.min(out.shortest[next]);
                longest = longest.max(out.longest[next]);
                sum += out.random_walk[next];
            }
            let own = u32::from(in_group(node));
            out.shortest[node] = own + shortest;
            out.longest[node] = own + longest;
            out.random_walk[node] = f64::from(own) + sum / towards.len() as f64;
        }
        out
    }
}
