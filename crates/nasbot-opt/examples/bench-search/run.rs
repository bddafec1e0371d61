//! One run of one strategy on one problem, against a simulated clock.

use std::time::Instant;

use nasbot_opt::{EarlierStudy, Evaluator, Search, SearchConfig, Space};
use rand::SeedableRng as _;
use rand_distr::{Distribution as _, Exp1};
use rand_pcg::Pcg64;
use serde::{Deserialize, Serialize};

/// Every how many evaluations a run is judged.
pub(crate) const EVERY: usize = 5;

/// After so many evaluations a search should know what is impossible.
pub(crate) const LEARNT: u64 = 20;

/// What came of one run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Run {
    /// The search's seed.
    pub(crate) seed: u64,
    /// (evaluations, value of the incumbent).
    pub(crate) curve: Vec<(usize, f64)>,
    /// How many of the evaluations after the first [`LEARNT`] were suggested and failed.
    #[serde(default)]
    pub(crate) failed: usize,
    /// With `--deterministic`, the number of the query that returned the best value of the table; nothing if none did.
    #[serde(default)]
    pub(crate) found: Option<usize>,
    /// Seconds that the search took, evaluations included.
    pub(crate) seconds: f64,
    /// Seconds that its thread ran, which other programs on the machine hardly change; 0 where the
    /// system does not say.
    #[serde(default)]
    pub(crate) cpu: f64,
}

/// Runs a search until `evaluations` have come in. `workers` work side by side; each evaluation takes a
/// random time, half of it fixed and half exponential. `value` judges the incumbent; the search learns from `earlier` studies.
pub(crate) fn run<S: Space>(
    space: S,
    evaluator: &impl Evaluator<S::Candidate>,
    value: impl Fn(&S::Candidate, f64) -> f64,
    config: SearchConfig,
    earlier: &[EarlierStudy<S::Candidate>],
    (workers, evaluations): (usize, usize),
) -> anyhow::Result<Run> {
    let seed = config.seed;
    let search = Search::new(space, config.validated()?)?.with_earlier(earlier)?;
    let judge = |search: &mut Search<S>| {
        Ok(search.incumbent()?.map(|incumbent| {
            let score = incumbent.score().unwrap_or(f64::NAN);
            value(&incumbent.suggestion.candidate, score)
        }))
    };
    drive(search, evaluator, judge, seed, workers, evaluations)
}

/// As [`run`], of a search that has been set up, which `judge` values.
pub(crate) fn drive<S: Space>(
    mut search: Search<S>,
    evaluator: &impl Evaluator<S::Candidate>,
    judge: impl Fn(&mut Search<S>) -> anyhow::Result<Option<f64>>,
    seed: u64,
    workers: usize,
    evaluations: usize,
) -> anyhow::Result<Run> {
    let (started, cpu) = (Instant::now(), thread_seconds());
    let mut clock_rng = Pcg64::seed_from_u64(seed ^ 0x5eed);
    // (time of the end, suggestion): few enough to look through.
    let mut busy: Vec<(f64, u64, u64, S::Candidate)> = Vec::new();
    let mut now = 0.0;
    let mut curve = Vec::new();
    let (mut done, mut failed) = (0, 0);
    while done < evaluations {
        while busy.len() < workers {
            let suggestion = search.suggest()?;
            let waiting: f64 = Exp1.sample(&mut clock_rng);
            let end = now + 0.5 + 0.5 * waiting;
            busy.push((end, suggestion.id, suggestion.seed, suggestion.candidate));
        }
        let first = (0..busy.len()).fold(0, |a, b| if busy[b].0 < busy[a].0 { b } else { a });
        let (end, id, evaluation_seed, candidate) = busy.swap_remove(first);
        now = end;
        let outcome = evaluator.evaluate(&candidate, evaluation_seed);
        failed += usize::from(id >= LEARNT && outcome.score().is_none());
        search.tell(id, outcome)?;
        done += 1;
        if done % EVERY == 0
            && let Some(value) = judge(&mut search)?
        {
            curve.push((done, value));
        }
    }
    Ok(Run {
        seed,
        curve,
        failed,
        found: None,
        seconds: started.elapsed().as_secs_f64(),
        cpu: thread_seconds() - cpu,
    })
}

/// Seconds that the calling thread has run (Linux: `/proc/thread-self/schedstat`, in nanoseconds).
pub(crate) fn thread_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = text
        .split(' ')
        .next()
        .and_then(|first| first.parse::<f64>().ok());
    nanoseconds.unwrap_or(0.0) * 1e-9
}
