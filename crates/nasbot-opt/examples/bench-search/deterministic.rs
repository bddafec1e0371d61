//! Queries of a table without noise: how many a search needs until it has evaluated the table's best cell.
//!
//! A query returns the mean validation accuracy of a cell over its trainings. The best cell is the one for which that mean is highest, and a
//! run is measured by the number of the query that returned it.

use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Context as _;
use nasbot_opt::{Evaluator, Failure, Outcome, Search, SearchConfig};

use crate::nb201::{Cell, Cells, Table};
use crate::run::{self, Run};

/// The numbers of queries at which runs are counted that have found the best cell.
pub(crate) const AT: [usize; 4] = [50, 96, 100, 150];

/// A table whose queries are counted until the best cell is among them.
struct Counted<'a> {
    table: &'a Table,
    best: f64,
    queries: AtomicUsize,
    /// The number of the first query that returned the best value; 0 while none did.
    found: AtomicUsize,
}

impl Evaluator<Cell> for Counted<'_> {
    fn evaluate(&self, cell: &Cell, _: u64) -> Outcome {
        let Some(score) = self.table.mean_validation(cell) else {
            return Outcome::Failed(Failure::Other);
        };
        let query = self.queries.fetch_add(1, Ordering::Relaxed) + 1;
        if score >= self.best && self.found.load(Ordering::Relaxed) == 0 {
            self.found.store(query, Ordering::Relaxed);
        }
        Outcome::scored(score)
    }
}

/// One run. The curve is what the best score lacks to the table's best, in points.
pub(crate) fn run(
    table: &Table,
    config: SearchConfig,
    workers: usize,
    evaluations: usize,
) -> anyhow::Result<Run> {
    let best = table.best_validation();
    let best = best.context("the table has no validation accuracy")?;
    let counted = Counted {
        table,
        best,
        queries: AtomicUsize::new(0),
        found: AtomicUsize::new(0),
    };
    let seed = config.seed;
    let search = Search::new(Cells::new()?, config.validated()?)?;
    let judge = |search: &mut Search<Cells>| {
        let score = search.best().and_then(nasbot_opt::Evaluation::score);
        Ok(score.map(|score| best - score))
    };
    let run = run::drive(search, &counted, judge, seed, workers, evaluations)?;
    let found = counted.found.into_inner();
    Ok(Run {
        found: (found > 0).then_some(found),
        ..run
    })
}
