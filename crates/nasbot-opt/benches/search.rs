//! What one suggestion costs: `RAYON_NUM_THREADS=1 cargo bench -p nasbot-opt`.
//!
//! `suggest-two/N` is the same with two measured objectives. `suggest/N` is one call of `ask` of the default strategy with N to 1.1 N scored convolutional networks behind it. Every
//! suggestion is evaluated before the next is asked for, so that refits fall where they do in a search, and those that
//! are due count; a search that has grown further is replaced. `resume/N` is the first suggestion of a search rebuilt from its record.
#![expect(
    clippy::expect_used,
    reason = "a benchmark that cannot be set up should stop"
)]

use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use nasbot_opt::{
    Aims, Evaluator as _, Figure, Goal, NetworkSpace, Next, Objective, Origin, Outcome, Scores,
    Search, SearchConfig, Space as _, Suggestion, Synthetic,
};
use nn_graph::{Bounds, Kind, Network};
use rand::SeedableRng as _;
use rand_pcg::Pcg64;

/// A search with `count` scored random networks, its model not yet fitted.
fn restored(count: usize, aims: &Aims) -> Search<NetworkSpace> {
    let constraints = Bounds {
        max_layers: Some(50),
        max_edges: Some(200),
        max_in_degree: Some(5),
        min_units: Some(8),
        max_units: Some(1024),
        ..Bounds::default()
    }
    .checked()
    .expect("these bounds can be kept");
    let space = NetworkSpace::new(Kind::Cnn, constraints).expect("a space with a pool");
    let mut rng = Pcg64::seed_from_u64(count as u64);
    let config = SearchConfig::default().validated().expect("valid settings");
    let mut candidates = space.initial(&mut rng);
    let mut seen: std::collections::BTreeSet<u128> =
        candidates.iter().map(|c| space.hash(c)).collect();
    while candidates.len() < count {
        let more = space.sample(&mut rng).expect("a network");
        if seen.insert(space.hash(&more)) {
            candidates.push(more);
        }
    }
    let mut search = Search::with_aims(space, config, aims.clone()).expect("a search");
    for (id, candidate) in candidates.into_iter().enumerate() {
        let id = id as u64;
        let outcome = evaluate(&candidate, aims);
        let suggestion = Suggestion {
            id,
            candidate,
            seed: 0,
            // So that the exploration at random counts as done.
            origin: Origin::Random,
        };
        search
            .restore(Next::Start(suggestion))
            .expect("the next number");
        search.tell(id, outcome).expect("a finite score");
    }
    search
}

/// The synthetic function, and with two objectives the network's mass.
fn evaluate(network: &Network, aims: &Aims) -> Outcome {
    let score = Synthetic.evaluate(network, 0).score().expect("a score");
    let figures = [score, network.total_mass()];
    Outcome::Scored(Scores::several(&figures[..aims.measured()]).expect("one or two figures"))
}

fn suggest(c: &mut Criterion) {
    measure(c, "suggest", &Aims::default());
}

fn suggest_two(c: &mut Criterion) {
    let objective = |place, goal| Objective {
        figure: Figure::Measured(place),
        goal,
        reference: None,
    };
    let two = vec![objective(0, Goal::Maximise), objective(1, Goal::Minimise)];
    let aims = Aims::new(two, Vec::new()).expect("two objectives");
    measure(c, "suggest-two", &aims);
}

fn measure(c: &mut Criterion, name: &str, aims: &Aims) {
    let mut group = c.benchmark_group(name);
    group.sample_size(10);
    for count in [100, 300, 1000] {
        let started = || {
            let mut search = restored(count, aims);
            let suggestion = search.suggest().expect("a suggestion");
            let outcome = evaluate(&suggestion.candidate, aims);
            search.tell(suggestion.id, outcome).expect("a finite score");
            search
        };
        let mut kept = None;
        group.bench_function(BenchmarkId::from_parameter(count), |b| {
            b.iter_custom(|times| {
                let mut spent = Duration::ZERO;
                for _ in 0..times {
                    let fresh = kept.take().filter(|search: &Search<NetworkSpace>| {
                        search.evaluations().len() <= count + count / 10
                    });
                    let mut search = fresh.unwrap_or_else(started);
                    let since = Instant::now();
                    let suggestion = search.suggest().expect("a suggestion");
                    spent += since.elapsed();
                    let outcome = evaluate(&suggestion.candidate, aims);
                    search.tell(suggestion.id, outcome).expect("a finite score");
                    kept = Some(search);
                }
                spent
            });
        });
    }
}

fn resume(c: &mut Criterion) {
    let mut group = c.benchmark_group("resume");
    group.sample_size(10);
    group.bench_function("300", |b| {
        b.iter_batched(
            || restored(300, &Aims::default()),
            |mut search| search.suggest(),
            criterion::BatchSize::PerIteration,
        );
    });
}

criterion_group!(benches, suggest, suggest_two, resume);
criterion_main!(benches);
