//! Two objectives on a table: the mean validation accuracy of a cell against what it costs, and the accuracy under a limit of the cost.
//!
//! Queries are deterministic. With two objectives a run is judged by the hypervolume that its front dominates, with the worst values
//! of the table as the reference, which the search is not told, as a share of that of the whole table's front. Under a limit it is judged by how
//! many points of accuracy the best cell that keeps to the limit lacks of the best such cell of the table.

use std::path::Path;

use anyhow::bail;
use nasbot_opt::{
    Aims, Constraint, Evaluator, Failure, Figure, Goal, Objective, Outcome, Scores, Search,
    SearchConfig,
};

use crate::nb201::{Cell, Cells, Table, open, place};
use crate::run::{self, Run};

/// Accuracy and cost of every cell.
pub(crate) struct Costed {
    cells: std::collections::HashMap<Cell, (f64, f64)>,
    worst: [f64; 2],
    aims: Aims,
    goal: Judged,
}

/// How a run is judged.
enum Judged {
    /// By the hypervolume, of which the whole table has this much.
    Volume(f64),
    /// By what is missing to this accuracy.
    Gap(f64),
}

const SCORE: Objective = Objective {
    figure: Figure::Measured(0),
    goal: Goal::Maximise,
    reference: None,
};

const COST: Objective = Objective {
    figure: Figure::Measured(1),
    goal: Goal::Minimise,
    reference: None,
};

impl Costed {
    /// The accuracies of `table` and the column `name` of the file `path`, which has a column `code` too. With `quantile` the cost is
    /// limited to that quantile of the table's costs; else it is the second objective.
    pub(crate) fn read(
        table: &Table,
        path: &Path,
        name: &str,
        quantile: Option<f64>,
    ) -> anyhow::Result<Self> {
        let costs = costs(path, name)?;
        let mut cells = std::collections::HashMap::new();
        for (cell, cost) in costs {
            if let Some(accuracy) = table.mean_validation(&cell) {
                cells.insert(cell, (accuracy, cost));
            }
        }
        if cells.is_empty() {
            bail!("no cell of {} is in the table", path.display());
        }
        let worst = cells
            .values()
            .fold([f64::INFINITY, f64::NEG_INFINITY], |w, v| {
                [w[0].min(v.0), w[1].max(v.1)]
            });
        let (aims, goal) = match quantile {
            None => {
                let aims = Aims::new(vec![SCORE, COST], Vec::new())?;
                let all: Vec<Vec<f64>> = cells.values().map(|&(a, c)| vec![a, c]).collect();
                let volume = aims.hypervolume(&all, &worst);
                (aims, Judged::Volume(volume))
            }
            Some(share) => {
                let mut sorted: Vec<f64> = cells.values().map(|value| value.1).collect();
                sorted.sort_by(f64::total_cmp);
                let place = (share.clamp(0.0, 1.0) * (sorted.len() - 1) as f64) as usize;
                let bound = sorted[place];
                let limit = Constraint {
                    figure: Figure::Measured(1),
                    goal: Goal::Minimise,
                    bound,
                };
                let within = cells.values().filter(|value| value.1 <= bound);
                let best = within
                    .map(|value| value.0)
                    .fold(f64::NEG_INFINITY, f64::max);
                (Aims::new(vec![SCORE], vec![limit])?, Judged::Gap(best))
            }
        };
        Ok(Self {
            cells,
            worst,
            aims,
            goal,
        })
    }

    pub(crate) fn run(
        &self,
        config: SearchConfig,
        workers: usize,
        evaluations: usize,
    ) -> anyhow::Result<Run> {
        let seed = config.seed;
        let search = Search::with_aims(Cells::apart()?, config.validated()?, self.aims.clone())?;
        let judge = |search: &mut Search<Cells>| {
            let front = search.front().into_iter();
            let values: Vec<Vec<f64>> = front
                .filter_map(|e| search.aims().values(&e.measured, &e.known))
                .collect();
            Ok(match self.goal {
                Judged::Volume(whole) => {
                    Some(search.aims().hypervolume(&values, &self.worst) / whole)
                }
                Judged::Gap(best) => values.first().map(|found| best - found[0]),
            })
        };
        run::drive(search, self, judge, seed, workers, evaluations)
    }
}

impl Evaluator<Cell> for Costed {
    fn evaluate(&self, cell: &Cell, _: u64) -> Outcome {
        let scores = self.cells.get(cell).map(|&(a, c)| Scores::several(&[a, c]));
        match scores.flatten() {
            Some(scores) => Outcome::Scored(scores),
            None => Outcome::Failed(Failure::Other),
        }
    }
}

fn costs(path: &Path, name: &str) -> anyhow::Result<Vec<(Cell, f64)>> {
    let (mut reader, headers) = open(path)?;
    let column = |name: &str| place(path, &headers, name);
    let (code, cost) = (column("code")?, column(name)?);
    let mut costs = Vec::new();
    for record in reader.records() {
        let record = record?;
        let digits: Vec<u8> = record[code]
            .bytes()
            .map(|byte| byte.wrapping_sub(b'0'))
            .collect();
        let Ok(cell) = digits.try_into() else {
            bail!("`{}` is not a code of six digits", &record[code]);
        };
        costs.push((cell, record[cost].parse()?));
    }
    Ok(costs)
}
