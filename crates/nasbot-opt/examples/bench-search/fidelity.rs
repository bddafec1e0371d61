//! What successive halving saves: the same search with full trainings alone, and with trainings that stop after 12 of
//! 200 epochs unless they are among the best, against a simulated clock.
//!
//! The table's 12 epochs are a training of their own, with its own schedule of the learning rate. So an evaluation that goes on is
//! charged for 200 epochs more, not 188.

use std::time::Instant;

use anyhow::Context as _;
use nasbot_opt::{Evaluator as _, Halving, Next, Outcome, Rung, Search, SearchConfig, Strategy};

use crate::args::Args;
use crate::nb201::{Cells, Table};
use crate::run::{Run, thread_seconds};

/// Epochs of the two rungs of the table.
const RUNGS: [u32; 2] = [12, 200];
/// The length of a run with full trainings, in mean full trainings; a point of the curve each.
const LENGTH: usize = 100;
/// The length of a run with halving, which has many more evaluations in the same time.
const HALVED: usize = 40;

/// Measures strategies with and without halving, and says what it saves: a table, or JSON lines with `--json -`.
pub(crate) fn compare(
    name: &str,
    table: &Table,
    strategies: &[Strategy],
    args: &Args,
) -> anyhow::Result<()> {
    let quiet = args.json.as_deref() == Some("-");
    if !quiet {
        println!(
            "{name}: test accuracy after the time of so many mean full trainings, {} runs, {} of {} epochs first, one in {} goes on",
            args.runs, RUNGS[0], RUNGS[1], args.factor
        );
        println!("{:<34}{:>16}{:>16}{:>16}{:>16}", "", 10, 20, HALVED, LENGTH);
    }
    for &strategy in strategies {
        let measure = |factor: Option<usize>| -> anyhow::Result<Vec<Run>> {
            let one = |seed| run(table, args.settings.config(strategy, seed), factor);
            (1..=args.runs).map(one).collect()
        };
        let full = measure(None)?;
        let halved = measure(Some(args.factor))?;
        for (what, runs) in [("full trainings", &full), ("halving", &halved)] {
            if quiet {
                let at: serde_json::Map<String, serde_json::Value> = (1..=runs[0].curve.len())
                    .map(|k| (k.to_string(), serde_json::json!(mean(runs, k - 1))))
                    .collect();
                let seconds = runs.iter().map(|run| run.seconds).sum::<f64>() / runs.len() as f64;
                println!(
                    "{}",
                    serde_json::json!({ "problem": name, "strategy": strategy.name(), "trainings": what,
                        "runs": runs.len(), "at": at, "seconds_per_run": seconds })
                );
            } else {
                print!("{:<34}", format!("{strategy}, {what}"));
                let shown = [10, 20, HALVED, LENGTH];
                for k in shown.into_iter().filter(|&k| k <= runs[0].curve.len()) {
                    let (mean, error) = mean(runs, k - 1);
                    print!("{:>16}", format!("{mean:.3} ± {error:.3}"));
                }
                println!();
            }
        }
        let saving = saving(&full, &halved);
        if quiet {
            println!(
                "{}",
                serde_json::json!({ "problem": name, "strategy": strategy.name(),
                    "saves": saving.map(|(_, times)| times) })
            );
        } else if let Some((time, times)) = saving {
            println!("  as good as {LENGTH} after {time}: {times:.1}× less training time");
        } else {
            println!("  not as good as {LENGTH} full trainings within {HALVED}");
        }
    }
    Ok(())
}

/// Mean and standard error at one point of the curve.
fn mean(runs: &[Run], k: usize) -> (f64, f64) {
    let count = runs.len() as f64;
    let mean = runs.iter().map(|run| run.curve[k].1).sum::<f64>() / count;
    let squares: f64 = runs.iter().map(|run| (run.curve[k].1 - mean).powi(2)).sum();
    let error = if runs.len() > 1 {
        (squares / (count - 1.0) / count).sqrt()
    } else {
        0.0
    };
    (mean, error)
}

/// Runs one search for the time of [`LENGTH`] mean full trainings, one at a time; with a `factor`, by halving, for that
/// of [`HALVED`]. The curve is the test accuracy of the incumbent by time, in mean full trainings.
fn run(table: &Table, config: SearchConfig, factor: Option<usize>) -> anyhow::Result<Run> {
    let needs = "the table has no columns _val12 and _time";
    let unit = table.mean_seconds().context(needs)?;
    let (seed, started, cpu) = (config.seed, Instant::now(), thread_seconds());
    let halving = match factor {
        Some(factor) => Halving::new(RUNGS.len(), factor)?,
        None => Halving::off(),
    };
    let mut search = Search::with_halving(Cells::new()?, config.validated()?, halving)?;
    let length = if factor.is_some() { HALVED } else { LENGTH };
    let mut clock = 0.0;
    let mut curve: Vec<(usize, f64)> = Vec::new();
    loop {
        // One training, or a part of one.
        let (id, rung) = match search.ask()? {
            Next::Start(suggestion) => (suggestion.id, Rung::default()),
            Next::GoOn { id, rung } => (id, rung),
            Next::Wait | Next::Over(_) => anyhow::bail!("the space is exhausted"),
        };
        let suggestion = &search.evaluations()[id as usize].suggestion;
        let (short, seconds) = table.short(&suggestion.candidate).context(needs)?;
        let (cost, score) = if rung < halving.last() {
            let share = f64::from(RUNGS[0]) / f64::from(RUNGS[1]);
            (share * seconds, short)
        } else {
            let score = table
                .evaluate(&suggestion.candidate, suggestion.seed)
                .score();
            (seconds, score.context("the table has no such cell")?)
        };
        // Until this training is over, the incumbent is what it was.
        let now = clock + cost / unit;
        let incumbent = match search.best().is_some() {
            true => search.incumbent()?.map(|e| e.suggestion.candidate),
            false => None,
        };
        while curve.len() < length && ((curve.len() + 1) as f64) < now {
            let test = incumbent.and_then(|cell| table.test(&cell)).unwrap_or(0.0);
            curve.push((curve.len() + 1, test));
        }
        if curve.len() == length {
            break;
        }
        clock = now;
        search.tell(id, Outcome::scored(score))?;
    }
    Ok(Run {
        seed,
        failed: 0,
        found: None,
        curve,
        seconds: started.elapsed().as_secs_f64(),
        cpu: thread_seconds() - cpu,
    })
}

/// The first time at which one mean curve has reached the last value of another, in mean full trainings, and how many
/// times less that is.
fn saving(full: &[Run], halved: &[Run]) -> Option<(usize, f64)> {
    let (goal, _) = mean(full, LENGTH - 1);
    let first = (0..HALVED).find(|&k| mean(halved, k).0 >= goal)?;
    Some((first + 1, LENGTH as f64 / (first + 1) as f64))
}
