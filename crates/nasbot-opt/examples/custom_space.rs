//! A search over graphs that are no networks: flows of steps that clean, split and join data, compared by optimal transport.
//!
//! `cargo run -p nasbot-opt --example custom_space`; the chapter docs/own-space.md goes through it.

use std::io::Write as _;

use nasbot_opt::otmann::{Graph, Metric, Mismatch, Profile};
use nasbot_opt::rand::{Rng, RngExt as _};
use nasbot_opt::{Counts, Distance, Error, Outcome, Search, SearchConfig, Space};
use nasbot_opt::{graph_counts, graph_hash, optimal_transport};

const STEPS: [&str; 5] = ["read", "clean", "enrich", "join", "write"];

/// Steps by their places in `STEPS`, what each costs, and which feeds which: the first reads, the last writes.
#[derive(Clone)]
struct Flow {
    steps: Vec<usize>,
    costs: Vec<f64>,
    edges: Vec<(usize, usize)>,
}

impl Flow {
    fn graph(&self) -> Graph<'_> {
        Graph {
            labels: &self.steps,
            masses: &self.costs,
            edges: &self.edges,
        }
    }
}

struct Flows(Metric);

impl Space for Flows {
    type Candidate = Flow;
    type Point = Profile;

    fn initial<R: Rng + ?Sized>(&self, _: &mut R) -> Vec<Flow> {
        let chain = |steps: &[usize]| Flow {
            steps: steps.to_vec(),
            costs: vec![1.0; steps.len()],
            edges: (1..steps.len()).map(|i| (i - 1, i)).collect(),
        };
        vec![chain(&[0, 4]), chain(&[0, 1, 4])]
    }

    fn mutate<R: Rng + ?Sized>(&self, parent: &Flow, rng: &mut R) -> Option<Flow> {
        let mut flow = parent.clone();
        let (from, to) = flow.edges[rng.random_range(0..flow.edges.len())];
        let step = rng.random_range(1..4);
        match rng.random_range(0..3) {
            // Another step in place of one, a new step on an edge, or one beside it.
            0 if to != 1 && flow.steps[to] != 4 => flow.steps[to] = step,
            kind => {
                let new = flow.steps.len();
                flow.steps.push(step);
                flow.costs.push(1.0);
                flow.edges.extend([(from, new), (new, to)]);
                flow.edges.retain(|&edge| kind == 2 || edge != (from, to));
            }
        }
        (flow.steps.len() <= 9).then_some(flow)
    }

    fn hash(&self, flow: &Flow) -> u128 {
        // What is no graph at all is said by `point`.
        graph_hash(&flow.graph()).unwrap_or(0)
    }

    fn point(&self, flow: &Flow) -> Result<Profile, Error> {
        Ok(Profile::from_graph(&flow.graph(), &self.0)?)
    }

    fn num_distances(&self) -> usize {
        self.0.coefficients().len()
    }

    fn distances(
        &self,
        from: &Profile,
        to: &[&Profile],
        out: &mut [Distance],
    ) -> Result<(), Error> {
        optimal_transport(&self.0, from, to, out)
    }

    fn counts(&self, flow: &Flow) -> Vec<Counts> {
        // Likewise.
        graph_counts(&flow.graph(), 3).unwrap_or_else(|_| vec![Counts::default(); 3])
    }
}

/// What you evaluate. Here each step that enriches what was just cleaned is worth one, each join of two such steps another, and each
/// step costs a fifth.
fn value(flow: &Flow) -> f64 {
    let is_good = |node: usize| {
        let cleaned = |&(from, to): &(usize, usize)| to == node && flow.steps[from] == 1;
        flow.steps[node] == 2 && flow.edges.iter().any(cleaned)
    };
    let good_parents = |node: usize| {
        let parents = flow
            .edges
            .iter()
            .filter(|&&(from, to)| to == node && is_good(from));
        parents.count()
    };
    let worth = |node: usize| match flow.steps[node] {
        2 => f64::from(u8::from(is_good(node))),
        3 => f64::from(u8::from(good_parents(node) > 1)),
        _ => 0.0,
    };
    (0..flow.steps.len()).map(|node| worth(node) - 0.2).sum()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // A step may be taken for another at this cost; pairs that are not named never match.
    let labels = Mismatch::new(STEPS)?
        .with("clean", "enrich", 0.5)?
        .with("enrich", "join", 0.8)?;
    let space = Flows(Metric::new(labels));
    let mut search = Search::new(space, SearchConfig::default().validated()?)?;
    for _ in 0..60 {
        let suggestion = search.suggest()?;
        search.tell(suggestion.id, Outcome::scored(value(&suggestion.candidate)))?;
    }
    if let Some(best) = search.best() {
        let flow = &best.suggestion.candidate;
        let steps: Vec<&str> = flow.steps.iter().map(|&step| STEPS[step]).collect();
        let mut out = std::io::stdout();
        writeln!(out, "{:.1} by {}", value(flow), steps.join(", "))?;
        writeln!(out, "edges {:?}", flow.edges)?;
    }
    Ok(())
}
