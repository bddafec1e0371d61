//! What failures teach: a region in which evaluations lack memory is left, by sizes where the space gives them and by distances
//! where it does not.

use nasbot_opt::{
    Evaluator as _, Failure, NetworkSpace, Outcome, Search, SearchConfig, Space, Strategy,
    Synthetic,
};
use nn_graph::{Bounds, Kind, Network};

use rand::SeedableRng as _;
use rand_pcg::Pcg64;

use crate::toy::{Agreement, Edits, Word, Words, name, settings};

/// How many of the evaluations from number `learnt` on fail, of `evaluations`, with one worker; and all candidates' hashes.
fn failures<S: Space>(
    space: S,
    config: &SearchConfig,
    evaluations: u64,
    learnt: u64,
    evaluate: impl Fn(&S::Candidate) -> Outcome,
) -> (usize, Vec<u128>) {
    let mut search = Search::new(space, config.clone().validated().unwrap()).unwrap();
    let (mut failed, mut asked) = (0, Vec::new());
    for _ in 0..evaluations {
        let suggestion = search.suggest().unwrap();
        asked.push(search.space().hash(&suggestion.candidate));
        let outcome = evaluate(&suggestion.candidate);
        failed += usize::from(suggestion.id >= learnt && outcome.score().is_none());
        search.tell(suggestion.id, outcome).unwrap();
    }
    (failed, asked)
}

fn networks() -> NetworkSpace {
    let bounds = Bounds {
        min_layers: Some(5),
        max_layers: Some(50),
        max_in_degree: Some(5),
        max_edges: Some(200),
        min_units: Some(8),
        max_units: Some(1024),
        ..Bounds::default()
    };
    NetworkSpace::new(Kind::MlpReg, bounds.checked().unwrap()).unwrap()
}

/// A mass beyond which a third of the space's random networks lie; the best networks do too.
fn most() -> f64 {
    let (space, mut rng) = (networks(), Pcg64::seed_from_u64(0));
    let drawn = (0..300).filter_map(|_| space.sample(&mut rng));
    let mut masses: Vec<f64> = drawn.map(|network| network.total_mass()).collect();
    masses.sort_by(f64::total_cmp);
    masses[2 * masses.len() / 3]
}

#[test]
fn networks_like_those_that_lacked_memory_or_time_are_left_alone() {
    let most = most();
    // The search is not told of this limit.
    let limited = |network: &Network, failure| match network.total_mass() > most {
        true => Outcome::Failed(failure),
        false => Synthetic.evaluate(network, 0),
    };
    for strategy in [Strategy::Nasbot, Strategy::Random] {
        let (mut taught, mut untaught) = (0, 0);
        for seed in 1..=4 {
            let config = SearchConfig {
                seed,
                strategy,
                samples: 0,
                ..SearchConfig::default()
            };
            let run = |failure| failures(networks(), &config, 40, 20, |n| limited(n, failure));
            taught += run(Failure::OutOfMemory).0;
            untaught += run(Failure::Crashed).0;
        }
        println!("{strategy}: {taught} of 80, without being taught {untaught}");
        assert!(2 * taught < untaught, "{strategy}: {taught}, {untaught}");
    }
}

#[test]
fn the_kind_of_a_failure_decides_whether_it_teaches() {
    for strategy in Strategy::ALL {
        let config = SearchConfig {
            strategy: *strategy,
            samples: 0,
            ..SearchConfig::default()
        };
        let run = |failure| failures(Words::new(8), &config, 40, 20, |word| short(word, failure));
        let taught = run(Failure::OutOfMemory);
        assert_eq!(run(Failure::TimedOut), taught, "{strategy}");
        assert_eq!(run(Failure::ImpossibleShape), taught, "{strategy}");
        let untaught = run(Failure::Crashed);
        // A climb of local search may be over before a word is too long.
        if *strategy != Strategy::LocalSearch {
            assert_ne!(taught, untaught, "{strategy}");
        }
        assert_eq!(run(Failure::Other), untaught, "{strategy}");
        assert_eq!(run(Failure::Diverged), untaught, "{strategy}");
    }
}

/// Words of more than four letters are too long; the best ones are.
fn short(word: &Word, failure: Failure) -> Outcome {
    match word.len() > 4 {
        true => Outcome::Failed(failure),
        false => Agreement.evaluate(word, 0),
    }
}

#[test]
fn where_a_space_gives_no_sizes_its_distances_say_what_is_like_a_failure() {
    let is_ours = |config: &SearchConfig| config.strategy == Strategy::Nasbot;
    for config in settings(1).into_iter().filter(is_ours) {
        let run = |failure| {
            let edits = Edits(Words::new(8));
            failures(edits, &config, 60, 20, |word| short(word, failure)).0
        };
        let (taught, untaught) = (run(Failure::OutOfMemory), run(Failure::Crashed));
        let name = name(&config);
        println!("{name}: {taught} of 40, without being taught {untaught}");
        assert!(taught < untaught, "{name}: {taught}, {untaught}");
    }
}
