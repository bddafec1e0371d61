//! What every strategy must do, whatever it is.

use std::collections::HashSet;

use nasbot_opt::{
    Error, Evaluator as _, Failure, NetworkSpace, Outcome, Rung, Search, SearchConfig, Space,
    State, Strategy, Synthetic, Transform,
};
use nn_graph::{Bounds, Kind};
use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64;

use crate::toy::{Agreement, Edits, Word, Words, name, settings};

fn search(config: &SearchConfig, longest: usize) -> Search<Words> {
    Search::new(Words::new(longest), config.clone().validated().unwrap()).unwrap()
}

/// A search driven by `workers` asynchronous workers that finish in random order; every fifth
/// evaluation fails and every eleventh is withdrawn.
fn drive<S: Space<Candidate = Word>>(
    space: S,
    config: &SearchConfig,
    workers: usize,
    evaluations: usize,
) -> Vec<Word> {
    let mut search = Search::new(space, config.clone().validated().unwrap()).unwrap();
    let mut rng = Pcg64::seed_from_u64(99);
    let mut busy = Vec::new();
    let mut asked = Vec::new();
    while asked.len() < evaluations {
        while busy.len() < workers {
            let suggestion = search.suggest().unwrap();
            asked.push(suggestion.candidate.clone());
            busy.push(suggestion);
        }
        let suggestion = busy.swap_remove(rng.random_range(0..busy.len()));
        let outcome = match suggestion.id {
            id if id % 5 == 4 => Outcome::Failed(Failure::OutOfMemory),
            id if id % 11 == 10 => Outcome::Withdrawn,
            _ => Agreement.evaluate(&suggestion.candidate, suggestion.seed),
        };
        search.tell(suggestion.id, outcome).unwrap();
    }
    asked
}

#[test]
fn the_same_seed_and_order_give_the_same_suggestions() {
    for (config, other) in settings(3).iter().zip(settings(4)) {
        for workers in [1, 4] {
            let drive = |config| drive(Words::new(7), config, workers, 40);
            let first = drive(config);
            assert_eq!(first, drive(config), "{}", name(config));
            assert_ne!(first, drive(&other), "{}", name(config));
        }
    }
}

#[test]
fn a_space_needs_neither_transports_nor_counts() {
    for config in settings(3) {
        let drive = || drive(Edits(Words::new(7)), &config, 4, 40);
        let asked = drive();
        assert_eq!(asked, drive(), "{}", name(&config));
        assert!(asked.iter().all(|word| word.len() <= 7));
    }
    // What the model learns of edit distances is worth something: the mean of the best scores over seeds.
    let mean = |strategy| {
        let best = |seed| {
            let config = SearchConfig {
                seed,
                strategy,
                ..SearchConfig::default()
            };
            let asked = drive(Edits(Words::new(7)), &config, 1, 40);
            let scores = asked
                .iter()
                .map(|word| Agreement.evaluate(word, 0).score().unwrap());
            scores.fold(f64::NEG_INFINITY, f64::max)
        };
        (0..8).map(best).sum::<f64>() / 8.0
    };
    let (ours, random) = (mean(Strategy::Nasbot), mean(Strategy::Random));
    assert!(ours > random + 0.5, "nasbot {ours}, random {random}");
}

#[test]
fn nothing_evaluated_pending_or_failed_is_suggested_again() {
    for config in settings(5) {
        let mut search = search(&config, 7);
        let mut taken = HashSet::new();
        let mut busy = Vec::new();
        for step in 0..60_u64 {
            let suggestion = search.suggest().unwrap();
            assert_eq!(suggestion.id, step);
            let hash = search.space().hash(&suggestion.candidate);
            assert!(
                taken.insert(hash),
                "{}: {:?} again",
                name(&config),
                suggestion.candidate
            );
            busy.push(suggestion);
            if busy.len() == 3 {
                let suggestion = busy.remove((step % 3) as usize);
                let outcome = match step % 4 {
                    0 => Outcome::Failed(Failure::Diverged),
                    _ => Agreement.evaluate(&suggestion.candidate, 0),
                };
                search.tell(suggestion.id, outcome).unwrap();
            }
        }
        assert_eq!(search.running().len(), busy.len());
    }
}

#[test]
fn a_withdrawn_candidate_may_come_again() {
    let mut search = search(&SearchConfig::default(), 3);
    let first = search.suggest().unwrap();
    search.tell(first.id, Outcome::Withdrawn).unwrap();
    let again = search.suggest().unwrap();
    assert_eq!(again.candidate, first.candidate);
    assert_ne!(again.id, first.id);
}

#[test]
fn a_finite_space_is_searched_to_its_end_and_then_reported_as_exhausted() {
    for config in settings(6) {
        let mut search = search(&config, 2);
        let size = search.space().size();
        let mut best = f64::NEG_INFINITY;
        for _ in 0..size {
            let suggestion = search
                .suggest()
                .unwrap_or_else(|e| panic!("{}: {e}", name(&config)));
            let outcome = Agreement.evaluate(&suggestion.candidate, 0);
            best = best.max(outcome.score().unwrap());
            search.tell(suggestion.id, outcome).unwrap();
        }
        assert!(
            matches!(search.suggest(), Err(Error::Exhausted { suggested, .. }) if suggested == size)
        );
        assert_eq!(search.best().unwrap().score(), Some(best));
    }
}

#[test]
fn ties_failures_and_extreme_scores_are_survived() {
    let scores: [fn(u64) -> Outcome; 5] = [
        |_| Outcome::scored(1.0),
        |_| Outcome::Failed(Failure::Crashed),
        |id| Outcome::scored(if id % 2 == 0 { 1e300 } else { -1e300 }),
        |id| Outcome::scored(1e-310 * id as f64),
        |id| {
            if id < 30 {
                Outcome::Failed(Failure::TimedOut)
            } else {
                Outcome::scored(id as f64)
            }
        },
    ];
    for mut config in settings(7) {
        for transform in Transform::ALL {
            config.transform = *transform;
            for (kind, score) in scores.iter().enumerate() {
                let mut search = search(&config, 6);
                for _ in 0..40 {
                    let suggestion = search
                        .suggest()
                        .unwrap_or_else(|e| panic!("{} {transform} {kind}: {e:?}", name(&config)));
                    search.tell(suggestion.id, score(suggestion.id)).unwrap();
                    search.incumbent().unwrap();
                }
            }
        }
    }
}

#[test]
fn outcomes_that_make_no_sense_are_refused() {
    for config in settings(8) {
        let mut search = search(&config, 5);
        let id = search.suggest().unwrap().id;
        for score in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let refused = search.tell(id, Outcome::scored(score));
            assert!(matches!(refused, Err(Error::NotFinite { id: 0, .. })));
        }
        assert_eq!(
            search.evaluations()[0].state,
            State::Running(Rung::default())
        );
        assert_eq!(
            search.tell(7, Outcome::scored(1.0)),
            Err(Error::UnknownEvaluation { id: 7 })
        );
        search.tell(id, Outcome::scored(1.0)).unwrap();
        assert_eq!(
            search.tell(id, Outcome::scored(2.0)),
            Err(Error::AlreadyTold { id })
        );
        assert_eq!(search.best().unwrap().score(), Some(1.0));
    }
}

#[test]
fn every_network_suggested_keeps_to_the_constraints() {
    let constraints = Bounds {
        max_layers: Some(14),
        max_units: Some(96),
        min_units: Some(8),
        max_in_degree: Some(3),
        max_edges: Some(24),
        max_mass: Some(60_000.0),
        ..Bounds::default()
    }
    .checked()
    .unwrap();
    for kind in [Kind::MlpReg, Kind::Cnn] {
        for config in settings(9) {
            let space = NetworkSpace::new(kind, constraints).unwrap();
            let mut search = Search::new(space, config.clone().validated().unwrap()).unwrap();
            for _ in 0..30 {
                let suggestion = search.suggest().unwrap();
                assert_eq!(suggestion.candidate.kind(), kind);
                constraints.check(&suggestion.candidate).unwrap();
                let outcome = Synthetic.evaluate(&suggestion.candidate, suggestion.seed);
                search.tell(suggestion.id, outcome).unwrap();
            }
        }
    }
}

#[test]
fn thousands_of_outcomes_are_taken() {
    for config in settings(10) {
        let mut search = search(&config, 9);
        if config.strategy == Strategy::Nasbot {
            continue;
        }
        for _ in 0..4_000 {
            let suggestion = search.suggest().unwrap();
            search
                .tell(suggestion.id, Agreement.evaluate(&suggestion.candidate, 0))
                .unwrap();
        }
        assert_eq!(search.evaluations().len(), 4_000);
    }
    // A surrogate's factors grow with the square: it takes some hundred here and thousands in the
    // benchmark.
    let config = SearchConfig {
        samples: 1,
        effort: 1,
        ..SearchConfig::default()
    };
    let mut search = search(&config, 9);
    for _ in 0..400 {
        let suggestion = search.give_or_ask();
        search
            .tell(suggestion.id, Agreement.evaluate(&suggestion.candidate, 0))
            .unwrap();
    }
    assert!(search.suggest().is_ok());
}

#[test]
fn strategies_that_learn_beat_chance() {
    // Mean over seeds of the best score after 80 evaluations. The paper's evolution draws parents so
    // evenly that it is no better than chance in a space this small.
    let mean = |config: &SearchConfig| {
        let best = (0..8).map(|seed| {
            let mut search = search(
                &SearchConfig {
                    seed,
                    ..config.clone()
                },
                10,
            );
            for _ in 0..80 {
                let suggestion = search.suggest().unwrap();
                search
                    .tell(suggestion.id, Agreement.evaluate(&suggestion.candidate, 0))
                    .unwrap();
            }
            search.best().unwrap().score().unwrap()
        });
        best.sum::<f64>() / 8.0
    };
    let all = settings(0);
    let chance = all
        .iter()
        .find(|c| c.strategy == Strategy::Random)
        .map(mean)
        .unwrap();
    let learning =
        |c: &&SearchConfig| !matches!(c.strategy, Strategy::Random | Strategy::Evolution);
    for config in all.iter().filter(learning) {
        assert!(
            mean(config) > chance,
            "{}: {} {chance}",
            name(config),
            mean(config)
        );
    }
}

/// Fills a history quickly.
trait GiveOrAsk {
    fn give_or_ask(&mut self) -> nasbot_opt::Suggestion<Word>;
}

impl GiveOrAsk for Search<Words> {
    /// A random candidate given by hand; asking only where that is known already.
    fn give_or_ask(&mut self) -> nasbot_opt::Suggestion<Word> {
        let number = self.evaluations().len() as u64;
        let mut rng = Pcg64::seed_from_u64(number);
        let word = self.space().sample(&mut rng).unwrap();
        self.give(word).or_else(|_| self.suggest()).unwrap()
    }
}
