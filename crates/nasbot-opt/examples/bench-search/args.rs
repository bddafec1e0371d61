//! What may be said on the command line.

use std::path::PathBuf;

use clap::Parser;
use nasbot_opt::{Acquisition, KernelKind, SearchConfig, Strategy, Transform};

use crate::limit::Limit;

/// Measures search strategies on problems with known answers.
#[derive(Parser, Debug, Clone)]
#[command(name = "bench-search")]
pub(crate) struct Args {
    /// Problems: nb201-c100, nb201-c10, synthetic-cnn, synthetic-mlp, table; all but the last when
    /// absent. May be repeated.
    #[arg(long = "problem")]
    pub(crate) problems: Vec<String>,
    /// Strategies: nasbot, evolution, regularised-evolution, local-search, random; all when absent. May
    /// be repeated.
    #[arg(long = "strategy")]
    pub(crate) strategies: Vec<Strategy>,
    /// Runs of each, with seeds one after the other.
    #[arg(long, default_value_t = 20)]
    pub(crate) runs: u64,
    /// The seed of the first run.
    #[arg(long, default_value_t = 1)]
    pub(crate) first_seed: u64,
    /// Evaluations a run: 150 for tables, 100 for synthetic functions when absent.
    #[arg(long)]
    pub(crate) evaluations: Option<usize>,
    /// Simulated workers with random durations.
    #[arg(long, default_value_t = 1)]
    pub(crate) workers: usize,
    /// Forbid a third of the space of a synthetic function, without telling the search where the limit is.
    #[arg(long)]
    pub(crate) limit: Option<Limit>,
    /// With --limit: report that forbidden networks crash, from which a search learns nothing, in place of running out of memory.
    #[arg(long)]
    pub(crate) untaught: bool,
    /// Compare full trainings with successive halving (12 of 200 epochs first) by simulated training time.
    #[arg(long)]
    pub(crate) fidelity: bool,
    /// With --fidelity: one in so many goes on.
    #[arg(long, default_value_t = 8)]
    pub(crate) factor: usize,
    /// Queries of a table return the mean accuracy over seeds; measured by how many find the table's best cell.
    #[arg(long, conflicts_with_all = ["fidelity", "objectives", "within", "prior"])]
    pub(crate) deterministic: bool,
    /// Two objectives on a table: accuracy (mean over seeds) against a cost, judged by hypervolume. Needs --costs.
    #[arg(long)]
    pub(crate) objectives: bool,
    /// One objective on a table: accuracy (mean over seeds), where the cost is at most this quantile of the table's costs, 0 to 1; judged
    /// by the points that are missing to the best such cell. Needs --costs.
    #[arg(long, conflicts_with = "objectives")]
    pub(crate) within: Option<f64>,
    /// The costs of the table's cells: a gzip-compressed CSV file with a column `code`.
    #[arg(long)]
    pub(crate) costs: Option<PathBuf>,
    /// The column of --costs.
    #[arg(long, default_value = "edgegpu_latency_ms")]
    pub(crate) cost: String,
    /// Searches know an earlier one of 100 evaluations: for synthetic functions `shifted` (each best value is 0.8 of what it is),
    /// `unrelated` (random numbers) or `opposite` (the function's negative); for a table the prefix of other columns of it.
    #[arg(long)]
    pub(crate) prior: Option<String>,
    /// The table of NAS-Bench-201, or another of the same layout.
    #[arg(long)]
    pub(crate) table: Option<PathBuf>,
    /// The prefix of the table's columns, for the problem `table`.
    #[arg(long)]
    pub(crate) column: Option<String>,
    /// Where JSON lines go: a file, or - for standard output (and then nothing else goes there).
    #[arg(long)]
    pub(crate) json: Option<String>,
    /// Where to draw the curves.
    #[arg(long)]
    pub(crate) svg: Option<PathBuf>,
    /// A directory that keeps finished runs, so that an interrupted measurement goes on.
    #[arg(long)]
    pub(crate) state: Option<PathBuf>,
    /// Cores to use: runs go side by side.
    #[arg(long, default_value_t = 1)]
    pub(crate) threads: usize,
    #[command(flatten)]
    pub(crate) settings: Settings,
}

/// Settings of the nasbot strategy that may be changed for a measurement.
#[derive(Parser, Debug, Clone)]
pub(crate) struct Settings {
    /// The acquisition.
    #[arg(long)]
    pub(crate) acquisition: Option<Acquisition>,
    /// The kernel.
    #[arg(long)]
    pub(crate) kernel: Option<KernelKind>,
    /// Random candidates after the initial ones.
    #[arg(long)]
    pub(crate) explore: Option<usize>,
    /// The transform of the scores.
    #[arg(long)]
    pub(crate) transform: Option<Transform>,
    /// Whether counts of parts are kernel terms.
    #[arg(long)]
    pub(crate) counts: Option<bool>,
    /// Vectors of hyper-parameters.
    #[arg(long)]
    pub(crate) samples: Option<usize>,
    /// Effort of the maximisation.
    #[arg(long)]
    pub(crate) effort: Option<usize>,
}

impl Settings {
    pub(crate) fn config(&self, strategy: Strategy, seed: u64) -> SearchConfig {
        let default = SearchConfig::default();
        SearchConfig {
            seed,
            strategy,
            acquisition: self.acquisition.unwrap_or(default.acquisition),
            kernel: self.kernel.unwrap_or(default.kernel),
            explore: self.explore.unwrap_or(default.explore),
            transform: self.transform.unwrap_or(default.transform),
            counts: self.counts.unwrap_or(default.counts),
            samples: self.samples.unwrap_or(default.samples),
            effort: self.effort.unwrap_or(default.effort),
            ..default
        }
    }
}
