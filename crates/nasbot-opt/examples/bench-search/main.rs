//! Measures search strategies on problems with known answers: the paper's synthetic functions on
//! networks, and NAS-Bench-201. Started by `scripts/bench-search.sh`.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program that reports"
)]

mod args;
mod deterministic;
mod fidelity;
mod limit;
mod nb201;
mod objectives;
mod prior;
mod report;
mod run;

use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, bail};
use clap::Parser as _;
use nasbot_opt::{Failure, NetworkSpace, SearchConfig, Strategy};
use nn_graph::{Bounds, Kind, Network};
use rayon::prelude::*;

use crate::args::Args;
use crate::limit::Limited;
use crate::prior::Prior;
use crate::report::Summary;
use crate::run::Run;

/// Problems that are measured when none is named.
const PROBLEMS: [&str; 4] = ["nb201-c100", "nb201-c10", "synthetic-cnn", "synthetic-mlp"];

/// A problem, ready to run.
enum Problem {
    /// With the table of an earlier search, where there was one.
    Table(nb201::Table, Option<nb201::Table>),
    Deterministic(nb201::Table),
    Costed(objectives::Costed),
    Synthetic(Box<NetworkSpace>, Limited, Option<Prior>),
}

impl Problem {
    fn new(name: &str, args: &Args) -> anyhow::Result<Self> {
        let column = match name {
            "synthetic-cnn" => return synthetic(Kind::Cnn, args),
            "synthetic-mlp" => return synthetic(Kind::MlpReg, args),
            "nb201-c100" => "c100",
            "nb201-c10" => "c10",
            "table" | "nb201" => args
                .column
                .as_deref()
                .context("the problem `table` needs --column")?,
            _ => bail!(
                "unknown problem `{name}`: expected one of {}, table",
                PROBLEMS.join(", ")
            ),
        };
        let path = args
            .table
            .as_deref()
            .context("give the table of NAS-Bench-201 with --table")?;
        let table = nb201::Table::read(path, column)?;
        if args.deterministic {
            return Ok(Self::Deterministic(table));
        }
        if !args.objectives && args.within.is_none() {
            let prior = args.prior.as_deref();
            let prior = prior.map(|prior| nb201::Table::read(path, prior));
            return Ok(Self::Table(table, prior.transpose()?));
        }
        let costs = args.costs.as_deref();
        let costs = costs.context("give what the cells cost with --costs")?;
        let costed = objectives::Costed::read(&table, costs, &args.cost, args.within)?;
        Ok(Self::Costed(costed))
    }

    fn evaluations(&self) -> usize {
        match self {
            Self::Table(..) | Self::Deterministic(_) => 150,
            Self::Costed(_) => 100,
            Self::Synthetic(..) => 100,
        }
    }

    fn run(&self, config: SearchConfig, workers: usize, evaluations: usize) -> anyhow::Result<Run> {
        match self {
            Self::Table(table, prior) => {
                let test = |cell: &nb201::Cell, _| table.test(cell).unwrap_or(f64::NAN);
                let earlier = prior.iter().map(|table| prior::of_table(table, &config));
                let earlier: Vec<_> = earlier.collect::<anyhow::Result<_>>()?;
                let size = (workers, evaluations);
                run::run(nb201::Cells::new()?, table, test, config, &earlier, size)
            }
            Self::Deterministic(table) => deterministic::run(table, config, workers, evaluations),
            Self::Costed(costed) => costed.run(config, workers, evaluations),
            Self::Synthetic(space, evaluator, prior) => {
                let score = |_: &Network, score| score;
                let earlier = prior.iter().map(|prior| prior.study(space, &config));
                let earlier: Vec<_> = earlier.collect::<anyhow::Result<_>>()?;
                let (space, size) = (NetworkSpace::clone(space), (workers, evaluations));
                run::run(space, evaluator, score, config, &earlier, size)
            }
        }
    }
}

/// The space in which the original was measured on its synthetic functions.
fn synthetic(kind: Kind, args: &Args) -> anyhow::Result<Problem> {
    let constraints = Bounds {
        min_layers: Some(5),
        max_layers: Some(50),
        max_in_degree: Some(5),
        max_out_degree: Some(55),
        max_edges: Some(200),
        min_units: Some(8),
        max_units: Some(1024),
        ..Bounds::default()
    }
    .checked()?;
    let space = NetworkSpace::new(kind, constraints)?;
    let failure = match args.untaught {
        true => Failure::Crashed,
        false => Failure::OutOfMemory,
    };
    let evaluator = Limited::new(&space, args.limit, failure);
    let prior = args.prior.as_deref().map(Prior::named).transpose()?;
    Ok(Problem::Synthetic(Box::new(space), evaluator, prior))
}

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    rayon::ThreadPoolBuilder::new()
        .num_threads(args.threads)
        .build_global()?;
    let problems: Vec<String> = match args.problems.as_slice() {
        [] if args.deterministic => vec!["nb201-c10".to_owned()],
        [] if args.objectives || args.within.is_some() => vec!["nb201-c100".to_owned()],
        [] => PROBLEMS.map(str::to_owned).to_vec(),
        some => some.to_vec(),
    };
    let is_costed = args.objectives || args.within.is_some();
    let strategies = match args.strategies.as_slice() {
        // Those that know several figures.
        [] if is_costed => vec![Strategy::Nasbot, Strategy::Evolution, Strategy::Random],
        [] => Strategy::ALL.to_vec(),
        some => some.to_vec(),
    };
    if args.deterministic && problems.iter().any(|name| name.starts_with("synthetic")) {
        bail!("--deterministic needs tables: the synthetic functions have no noise as it is");
    }
    let quiet = args.json.as_deref() == Some("-");
    let mut summaries = Vec::new();
    let mut lines = String::new();
    for name in &problems {
        let problem = Problem::new(name, &args)?;
        if args.fidelity {
            let Problem::Table(table, _) = &problem else {
                bail!("--fidelity needs a table: `{name}` has no training times");
            };
            fidelity::compare(name, table, &strategies, &args)?;
            continue;
        }
        let evaluations = args.evaluations.unwrap_or(problem.evaluations());
        for &strategy in &strategies {
            let runs = measure(name, &problem, strategy, evaluations, &args)?;
            let title = match name.as_str() {
                "table" | "nb201" => args.column.clone().unwrap_or_default(),
                _ => name.clone(),
            };
            let title = match args.deterministic {
                true => format!("{title} gap"),
                false => title,
            };
            let title = match (args.objectives, args.within) {
                (true, _) => format!("{title} volume"),
                (_, Some(share)) => format!("{title} gap at {share}"),
                _ => title,
            };
            let title = match &args.prior {
                Some(prior) => format!("{title} after {prior}"),
                None => title,
            };
            let summary = Summary::new(
                title,
                strategy.name(),
                args.workers,
                &runs,
                args.deterministic,
            );
            if quiet {
                println!("{}", summary.json());
            }
            lines.push_str(&summary.json());
            lines.push('\n');
            summaries.push(summary);
        }
    }
    match args.json.as_deref() {
        None | Some("-") => {}
        Some(file) => {
            std::fs::write(file, lines).with_context(|| format!("cannot write {file}"))?
        }
    }
    if !quiet {
        print!("{}", report::table(&summaries));
    }
    if let Some(file) = &args.svg {
        std::fs::write(file, report::svg(&summaries))
            .with_context(|| format!("cannot write {}", file.display()))?;
        eprintln!("curves: {}", file.display());
    }
    Ok(())
}

/// The runs of one strategy on one problem: those that are kept, and the rest now.
fn measure(
    name: &str,
    problem: &Problem,
    strategy: Strategy,
    evaluations: usize,
    args: &Args,
) -> anyhow::Result<Vec<Run>> {
    let config = args.settings.config(strategy, 0);
    let settings = serde_json::to_string(&config)?;
    let source = (name.starts_with("nb201") || name == "table").then_some(&args.table);
    let key = format!(
        "{name} {source:?} {:?} {evaluations} {} {:?} {} {} {:?} {:?} {:?} {} {:?} {settings}",
        args.column,
        args.workers,
        args.limit,
        args.untaught,
        args.deterministic,
        args.objectives,
        args.within,
        args.costs,
        args.cost,
        args.prior
    );
    let kept = args
        .state
        .as_deref()
        .map(|directory| Kept::open(directory, name, key.as_bytes()));
    let kept = kept.transpose()?;
    let mut runs: Vec<Run> = kept.as_ref().map(Kept::runs).unwrap_or_default();
    let seeds = args.first_seed..args.first_seed.saturating_add(args.runs);
    runs.retain(|run| seeds.contains(&run.seed));
    let missing: Vec<u64> = seeds
        .filter(|&seed| runs.iter().all(|run| run.seed != seed))
        .collect();
    if !missing.is_empty() {
        eprintln!(
            "{name}, {strategy}: {} of {} runs to do",
            missing.len(),
            args.runs
        );
    }
    let one = |&seed: &u64| -> anyhow::Result<Run> {
        let config = SearchConfig {
            seed,
            ..config.clone()
        };
        let run = problem.run(config, args.workers, evaluations)?;
        if let Some(kept) = &kept {
            kept.add(&run)?;
        }
        Ok(run)
    };
    // On a thread of the pool even if there is only one: a run's own parallel parts then stay on it.
    let fresh: Vec<Run> = missing.par_iter().map(one).collect::<anyhow::Result<_>>()?;
    runs.extend(fresh);
    runs.sort_by_key(|run| run.seed);
    Ok(runs)
}

/// Finished runs of one measurement, a JSON line each.
struct Kept {
    path: std::path::PathBuf,
    file: std::sync::Mutex<std::fs::File>,
}

impl Kept {
    fn open(directory: &Path, name: &str, key: &[u8]) -> anyhow::Result<Self> {
        std::fs::create_dir_all(directory)
            .with_context(|| format!("cannot create {}", directory.display()))?;
        // Another setting is another measurement, in another file; so is another program, which may search differently.
        let program = std::env::current_exe().and_then(std::fs::read)?;
        let hash = (key.iter().chain(&program)).fold(0xcbf2_9ce4_8422_2325_u64, |hash, &byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        let path = directory.join(format!("{name}-{hash:016x}.jsonl"));
        let file = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path);
        let mut file = file.with_context(|| format!("cannot write {}", path.display()))?;
        // A line that was cut off must not spoil the next.
        if !std::fs::read(&path)?.ends_with(b"\n") {
            file.write_all(b"\n")?;
        }
        Ok(Self {
            path,
            file: std::sync::Mutex::new(file),
        })
    }

    /// A line that was cut off is not a run.
    fn runs(&self) -> Vec<Run> {
        let text = std::fs::read_to_string(&self.path).unwrap_or_default();
        text.lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect()
    }

    fn add(&self, run: &Run) -> anyhow::Result<()> {
        let line = format!("{}\n", serde_json::to_string(run)?);
        let mut file = self
            .file
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        Ok(file.write_all(line.as_bytes())?)
    }
}
