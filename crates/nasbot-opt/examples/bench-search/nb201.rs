//! The cells of NAS-Bench-201 (Dong and Yang, ICLR 2020) as a space, and the table of their
//! accuracies as an objective.
//!
//! A cell has four nodes and one of five operations on each of its six edges. Here operations are the
//! nodes of a labelled DAG, as networks have them: an operation on edge i → j feeds those on j → k.
//! Operations that no signal passes (behind a `none`, or leading nowhere) are not part of it.

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context as _, bail};
use nasbot_opt::{Counts, Distance, Error, Evaluator, Outcome, Space, optimal_transport};
use nn_graph::weisfeiler_lehman;
use otmann::{Graph, Metric, Mismatch, Profile};
use rand::{Rng, RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64;

/// The operations on the edges 1→2, 1→3, 2→3, 1→4, 2→4, 3→4: 0 none, 1 skip, 2 conv 1×1, 3 conv 3×3,
/// 4 average pooling 3×3.
pub(crate) type Cell = [u8; 6];

/// The nodes that each edge joins.
const EDGES: [(usize, usize); 6] = [(0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3)];

/// Labels of the DAG: the operations but `none`, which is absent, in its place the two ends.
const LABELS: [&str; 6] = ["ends", "skip", "conv1", "conv3", "pool", "output"];

/// Cells that a search starts from.
const INITIAL: usize = 2;

/// The DAG of the operations that matter: labels and parents by node; the input comes first, the
/// output last.
struct Parts {
    labels: Vec<usize>,
    parents: Vec<Vec<usize>>,
}

fn parts(cell: Cell) -> Parts {
    let present = |edge: usize| cell[edge] != 0;
    let mut reached = [true, false, false, false];
    for (edge, &(from, to)) in EDGES.iter().enumerate() {
        reached[to] |= present(edge) && reached[from];
    }
    let mut useful = [false, false, false, true];
    for (edge, &(from, to)) in EDGES.iter().enumerate().rev() {
        useful[from] |= present(edge) && useful[to];
    }
    let live: Vec<usize> = (0..6)
        .filter(|&edge| present(edge) && reached[EDGES[edge].0] && useful[EDGES[edge].1])
        .collect();
    let ending_at = |node: usize| -> Vec<usize> {
        let feeding = live
            .iter()
            .enumerate()
            .filter(|&(_, &edge)| EDGES[edge].1 == node);
        let feeding: Vec<usize> = feeding.map(|(place, _)| place + 1).collect();
        if node == 0 { vec![0] } else { feeding }
    };
    let mut labels = vec![0];
    let mut parents = vec![vec![]];
    for &edge in &live {
        labels.push(usize::from(cell[edge]));
        parents.push(ending_at(EDGES[edge].0));
    }
    labels.push(5);
    parents.push(ending_at(3));
    Parts { labels, parents }
}

/// What the cell computes, written so that cells that compute the same give the same: skips vanish
/// and the order of summands does not matter.
fn expression(cell: Cell) -> String {
    let mut nodes = ["x".to_owned(), String::new(), String::new(), String::new()];
    for node in 1..4 {
        let mut summands = Vec::new();
        for (edge, &(from, to)) in EDGES.iter().enumerate() {
            if to == node && cell[edge] != 0 && !nodes[from].is_empty() {
                match cell[edge] {
                    1 => summands.push(nodes[from].clone()),
                    op => summands.push(format!("{op}({})", nodes[from])),
                }
            }
        }
        summands.sort_unstable();
        nodes[node] = match summands.len() {
            1 => summands.remove(0),
            _ if summands.is_empty() => String::new(),
            _ => format!("[{}]", summands.join("+")),
        };
    }
    std::mem::take(&mut nodes[3])
}

/// FNV-1a over 128 bits.
fn fnv(text: &str) -> u128 {
    text.bytes()
        .fold(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d, |hash, byte| {
            (hash ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b)
        })
}

/// The space of all cells.
pub(crate) struct Cells {
    metric: Metric,
    /// Whether cells that compute the same are different candidates, as they are where they cost different amounts.
    apart: bool,
}

impl Cells {
    pub(crate) fn new() -> anyhow::Result<Self> {
        let mismatch = Mismatch::new(LABELS)?
            .with("conv1", "conv3", 0.2)?
            .with("skip", "pool", 0.5)?
            .with("skip", "conv1", 0.8)?
            .with("pool", "conv1", 0.8)?
            .with("pool", "conv3", 0.9)?
            .with("skip", "conv3", 0.9)?;
        Ok(Self {
            metric: Metric::new(mismatch),
            apart: false,
        })
    }

    /// The same, every cell a candidate of its own; what sits on each edge is counted too.
    pub(crate) fn apart() -> anyhow::Result<Self> {
        let cells = Self::new()?;
        Ok(Self {
            apart: true,
            ..cells
        })
    }
}

impl Space for Cells {
    type Candidate = Cell;
    type Point = Profile;

    fn initial<R: Rng + ?Sized>(&self, rng: &mut R) -> Vec<Cell> {
        let mut cells: Vec<Cell> = Vec::new();
        while cells.len() < INITIAL {
            let cell = std::array::from_fn(|_| rng.random_range(0..5));
            if cells
                .iter()
                .all(|&known| self.hash(&known) != self.hash(&cell))
            {
                cells.push(cell);
            }
        }
        cells
    }

    fn mutate<R: Rng + ?Sized>(&self, parent: &Cell, rng: &mut R) -> Option<Cell> {
        let mut cell = *parent;
        let edge = rng.random_range(0..6);
        cell[edge] = (cell[edge] + rng.random_range(1..5)) % 5;
        Some(cell)
    }

    fn hash(&self, cell: &Cell) -> u128 {
        match self.apart {
            true => cell.iter().fold(0, |code, &op| 5 * code + u128::from(op)),
            false => fnv(&expression(*cell)),
        }
    }

    fn point(&self, cell: &Cell) -> Result<Profile, Error> {
        let parts = parts(*cell);
        let edges: Vec<(usize, usize)> = (parts.parents.iter().enumerate())
            .flat_map(|(to, parents)| parents.iter().map(move |&from| (from, to)))
            .collect();
        let masses = vec![1.0; parts.labels.len()];
        let graph = Graph {
            labels: &parts.labels,
            masses: &masses,
            edges: &edges,
        };
        Ok(Profile::from_graph(&graph, &self.metric)?)
    }

    fn num_distances(&self) -> usize {
        self.metric.coefficients().len()
    }

    fn distances(
        &self,
        from: &Profile,
        to: &[&Profile],
        out: &mut [Distance],
    ) -> Result<(), Error> {
        optimal_transport(&self.metric, from, to, out)
    }

    fn counts(&self, cell: &Cell) -> Vec<Counts> {
        let parts = parts(*cell);
        let labels: Vec<u64> = parts.labels.iter().map(|&label| label as u64).collect();
        let levels = weisfeiler_lehman(&labels, |node| &parts.parents[node], 3);
        let mut counts: Vec<Counts> = levels.into_iter().map(Counts::new).collect();
        if self.apart {
            let placed = cell.iter().enumerate();
            counts.push(Counts::new(
                placed.map(|(edge, &op)| 8 * edge as u64 + u64::from(op)),
            ));
        }
        counts
    }

    fn sample<R: Rng + ?Sized>(&self, rng: &mut R) -> Option<Cell> {
        Some(std::array::from_fn(|_| rng.random_range(0..5)))
    }

    fn neighbours(&self, cell: &Cell) -> Option<Vec<Cell>> {
        let mut all = Vec::with_capacity(24);
        for edge in 0..6 {
            for step in 1..5 {
                let mut other = *cell;
                other[edge] = (other[edge] + step) % 5;
                all.push(other);
            }
        }
        Some(all)
    }
}

/// Accuracies of every cell on one data set, in percent.
pub(crate) struct Table {
    rows: HashMap<Cell, Row>,
}

struct Row {
    /// Validation accuracy by training seed.
    validation: Vec<f64>,
    /// Test accuracy, mean over the seeds.
    test: f64,
    /// Validation accuracy of a training of 12 epochs, and seconds of one of 200, where the table has them.
    short: Option<(f64, f64)>,
}

/// A gzip-compressed CSV file and its header.
pub(crate) fn open(
    path: &Path,
) -> anyhow::Result<(
    csv::Reader<flate2::read::GzDecoder<std::fs::File>>,
    csv::StringRecord,
)> {
    let file =
        std::fs::File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    let mut reader = csv::Reader::from_reader(flate2::read::GzDecoder::new(file));
    let headers = reader.headers();
    let headers =
        headers.with_context(|| format!("cannot read the header of {}", path.display()))?;
    let headers = headers.clone();
    Ok((reader, headers))
}

/// The place of a column that a file must have.
pub(crate) fn place(path: &Path, headers: &csv::StringRecord, name: &str) -> anyhow::Result<usize> {
    let place = headers.iter().position(|header| header == name);
    place.with_context(|| format!("{} has no column `{name}`", path.display()))
}

impl Table {
    /// Reads the columns `PREFIX_val_s0`, `_s1`, `_s2` (the last may be empty) and `PREFIX_test` of a
    /// gzip-compressed CSV file whose column `code` holds the six operations as digits.
    pub(crate) fn read(path: &Path, prefix: &str) -> anyhow::Result<Self> {
        let (mut reader, headers) = open(path)?;
        let column = |name: &str| headers.iter().position(|header| header == name);
        let need = |name: String| place(path, &headers, &name);
        let code = need("code".to_owned())?;
        let test = need(format!("{prefix}_test"))?;
        let short = column(&format!("{prefix}_val12")).zip(column(&format!("{prefix}_time")));
        let seeds: Vec<usize> = (0..3)
            .filter_map(|seed| column(&format!("{prefix}_val_s{seed}")))
            .collect();
        if seeds.is_empty() {
            bail!("{} has no column `{prefix}_val_s0`", path.display());
        }
        let mut rows = HashMap::new();
        for record in reader.records() {
            let record = record?;
            let digits: Vec<u8> = record[code]
                .bytes()
                .map(|byte| byte.wrapping_sub(b'0'))
                .collect();
            let cell: Cell = match digits.try_into() {
                Ok(cell) => cell,
                Err(_) => bail!("`{}` is not a code of six digits", &record[code]),
            };
            let validation: Vec<f64> = (seeds.iter().map(|&seed| &record[seed]))
                .filter(|text| !text.is_empty())
                .map(str::parse)
                .collect::<Result<_, _>>()?;
            rows.insert(
                cell,
                Row {
                    validation,
                    test: record[test].parse()?,
                    short: match short {
                        Some((score, time)) => {
                            Some((record[score].parse()?, record[time].parse()?))
                        }
                        None => None,
                    },
                },
            );
        }
        Ok(Self { rows })
    }

    /// Validation accuracy after 12 epochs, in percent, and seconds of a training of 200 epochs.
    pub(crate) fn short(&self, cell: &Cell) -> Option<(f64, f64)> {
        self.rows.get(cell).and_then(|row| row.short)
    }

    /// Mean seconds of a training of 200 epochs.
    pub(crate) fn mean_seconds(&self) -> Option<f64> {
        let times: Option<Vec<f64>> = self.rows.values().map(|row| Some(row.short?.1)).collect();
        let mut times = times?;
        // In a fixed order, so that the sum is the same on every run.
        times.sort_by(f64::total_cmp);
        Some(times.iter().sum::<f64>() / times.len().max(1) as f64)
    }

    /// Validation accuracy in percent, mean over the training seeds.
    pub(crate) fn mean_validation(&self, cell: &Cell) -> Option<f64> {
        let row = self
            .rows
            .get(cell)
            .filter(|row| !row.validation.is_empty())?;
        Some(row.validation.iter().sum::<f64>() / row.validation.len() as f64)
    }

    /// The highest of these means over all cells.
    pub(crate) fn best_validation(&self) -> Option<f64> {
        let means = self
            .rows
            .keys()
            .filter_map(|cell| self.mean_validation(cell));
        means.max_by(f64::total_cmp)
    }

    /// Test accuracy in percent: what a search is judged by and never sees.
    pub(crate) fn test(&self, cell: &Cell) -> Option<f64> {
        self.rows.get(cell).map(|row| row.test)
    }
}

impl Evaluator<Cell> for Table {
    /// The validation accuracy of one training, chosen by `seed`.
    fn evaluate(&self, cell: &Cell, seed: u64) -> Outcome {
        match self.rows.get(cell) {
            Some(row) if !row.validation.is_empty() => {
                let mut rng = Pcg64::seed_from_u64(seed);
                Outcome::scored(row.validation[rng.random_range(0..row.validation.len())])
            }
            _ => Outcome::Failed(nasbot_opt::Failure::Other),
        }
    }
}
