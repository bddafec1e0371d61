//! Successive halving: the rule of the paper, whatever the order and the scores.

use nasbot_opt::{Error, Halving, Next, Outcome, Over, Rung, Search, SearchConfig, Strategy};
use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64;

use crate::toy::Words;

/// A search without a surrogate, whose evaluations go on by the scores of their rungs.
fn search(rungs: usize, factor: usize, budget: usize) -> Search<Words> {
    let config = SearchConfig {
        strategy: Strategy::Random,
        ..SearchConfig::default()
    };
    let halving = Halving::new(rungs, factor).unwrap();
    let config = config.validated().unwrap();
    let mut search = Search::with_halving(Words::new(7), config, halving).unwrap();
    search.set_budget(Some(budget as u64));
    search
}

/// A search of trainings with these final scores, one at a time. Returns how many reached each rung, and which reached
/// the end.
fn run(rungs: usize, factor: usize, scores: &[f64]) -> (Vec<usize>, Vec<u64>) {
    let mut search = search(rungs, factor, scores.len());
    let mut counts = vec![0; rungs];
    let mut ended = Vec::new();
    loop {
        let (id, rung) = match search.ask().unwrap() {
            Next::Start(suggestion) => (suggestion.id, Rung::default()),
            Next::GoOn { id, rung } => (id, rung),
            Next::Wait => panic!("nothing runs"),
            Next::Over(over) => {
                assert_eq!(over, Over::Budget);
                return (counts, ended);
            }
        };
        counts[rung.index()] += 1;
        if rung == search.halving().last() {
            ended.push(id);
        }
        search
            .tell(id, Outcome::scored(scores[id as usize]))
            .unwrap();
    }
}

#[test]
fn of_rising_scores_each_new_one_is_the_best() {
    // By hand, η = 3: from the third arrival on, each is the best of its rung when it comes, and goes on.
    let scores: Vec<f64> = (0..9).map(f64::from).collect();
    assert_eq!(run(3, 3, &scores), (vec![9, 7, 5], vec![4, 5, 6, 7, 8]));
}

#[test]
fn of_falling_scores_the_first_ones_go_on() {
    // By hand: number 0 after the third arrival, 1 after the sixth, 2 after the ninth; then 0, the best of three.
    let scores: Vec<f64> = (0..9).map(|i| -f64::from(i)).collect();
    assert_eq!(run(3, 3, &scores), (vec![9, 3, 1], vec![0]));
}

#[test]
fn no_rung_passes_more_than_its_share_and_the_best_always_passes() {
    let mut rng = Pcg64::seed_from_u64(1);
    for _ in 0..500 {
        let factor = rng.random_range(2..6_usize);
        let n = rng.random_range(1..80_usize);
        let rungs = rng.random_range(2..5_usize);
        // Few values, so that ties are common.
        let scores: Vec<f64> = (0..n)
            .map(|_| f64::from(rng.random_range(0..8_u8)))
            .collect();
        let mut search = search(rungs, factor, n);
        let mut waiting: Vec<(u64, Rung)> = Vec::new();
        let mut reached: Vec<Vec<u64>> = vec![Vec::new(); rungs];
        let mut led = false;
        // Any number run at once and end in any order.
        loop {
            if waiting.is_empty() || rng.random_bool(0.6) {
                match search.ask().unwrap() {
                    Next::Start(suggestion) => waiting.push((suggestion.id, Rung::default())),
                    Next::GoOn { id, rung } => {
                        assert!(reached[rung.index() - 1].contains(&id));
                        // Only where nothing else is left to do does one go on beyond the share.
                        let begun = waiting.iter().filter(|&&(_, r)| r == rung).count();
                        let above = reached[rung.index()].len() + begun;
                        led |= waiting.is_empty()
                            && above + 1 > reached[rung.index() - 1].len() / factor;
                        waiting.push((id, rung));
                    }
                    Next::Wait => assert!(!waiting.is_empty()),
                    Next::Over(over) => {
                        assert_eq!((over, waiting.len()), (Over::Budget, 0));
                        break;
                    }
                }
            }
            if !waiting.is_empty() && rng.random_bool(0.6) {
                let (id, rung) = waiting.swap_remove(rng.random_range(0..waiting.len()));
                assert!(!reached[rung.index()].contains(&id), "{id} came twice");
                reached[rung.index()].push(id);
                search
                    .tell(id, Outcome::scored(scores[id as usize]))
                    .unwrap();
            }
        }
        let counts: Vec<usize> = reached.iter().map(Vec::len).collect();
        assert_eq!(counts[0], n);
        assert!(counts[rungs - 1] > 0, "one reaches the end");
        for (k, pair) in counts.windows(2).enumerate() {
            // Of a rung at least the share goes on; more only because the best of an earlier moment were others.
            assert!(pair[1] >= pair[0] / factor, "{counts:?}");
            let top = |ids: &[u64]| {
                ids.iter()
                    .map(|&id| scores[id as usize])
                    .fold(f64::MIN, f64::max)
            };
            if pair[0] >= factor || led {
                let (below, above) = (top(&reached[k]), top(&reached[k + 1]));
                assert!((below - above).abs() < 1e-12, "{counts:?}");
            }
        }
    }
}

#[test]
fn one_evaluation_reaches_the_end_even_of_a_small_search() {
    assert_eq!(run(3, 4, &[0.5, 0.9, 0.7]), (vec![3, 1, 1], vec![1]));
    // It does not where none has a score.
    let mut search = search(3, 4, 2);
    for _ in 0..2 {
        let id = search.ask().unwrap().start().unwrap().id;
        let failure = Outcome::Failed(nasbot_opt::Failure::Crashed);
        search.tell(id, failure).unwrap();
    }
    assert_eq!(search.ask().unwrap(), Next::Over(Over::Budget));
}

#[test]
fn rungs_and_factors_that_make_no_sense_are_refused() {
    for rungs in [0, 1, 65, usize::MAX] {
        let refused = Halving::new(rungs, 3);
        assert!(matches!(refused, Err(Error::Setting { name: "rungs", .. })));
    }
    let refused = Halving::new(2, 1);
    assert!(matches!(
        refused,
        Err(Error::Setting { name: "factor", .. })
    ));
    assert_eq!(Halving::new(64, 2).unwrap().last(), Rung::new(63));
    assert_eq!(Halving::off().rungs(), 1);
}

#[test]
fn trainings_that_inherit_have_a_rung_of_their_own_before_the_others() {
    let halving = Halving::new(2, 3).unwrap().inheriting(4).unwrap();
    assert_eq!((halving.rungs(), halving.first()), (3, Rung::new(1)));
    assert_eq!([0, 1].map(|rung| halving.factor(Rung::new(rung))), [4, 3]);
    assert_eq!(Halving::off().first(), Rung::default());
    let config = SearchConfig {
        strategy: Strategy::Random,
        ..SearchConfig::default()
    };
    let mut search =
        Search::with_halving(Words::new(7), config.validated().unwrap(), halving).unwrap();
    search.set_budget(Some(12));
    // Every third evaluation has nothing to inherit.
    let (mut counts, mut ended) = ([0; 3], Vec::new());
    loop {
        let (id, rung) = match search.ask().unwrap() {
            Next::Start(suggestion) if suggestion.id % 3 == 0 => {
                search.begin_at(suggestion.id, halving.first()).unwrap();
                (suggestion.id, halving.first())
            }
            Next::Start(suggestion) => (suggestion.id, Rung::default()),
            Next::GoOn { id, rung } => (id, rung),
            Next::Wait => panic!("nothing runs"),
            Next::Over(_) => break,
        };
        counts[rung.index()] += 1;
        search.tell(id, Outcome::scored(-(id as f64))).unwrap();
        assert_eq!(search.evaluation(id).unwrap().reached(), Some(rung));
        if rung == halving.last() {
            ended.push(id);
        }
    }
    // By hand: 8 inherit, of which 1 and 2 go on; with 0, 3, 6 and 9 they are six, of which 0 and 1 go on.
    assert_eq!((counts, ended), ([8, 6, 2], vec![0, 1]));

    let begun = search.begin_at(0, Rung::new(1));
    assert!(
        matches!(begun, Err(Error::CannotGoOn { id: 0, .. })),
        "{begun:?}"
    );
    let begun = search.begin_at(99, Rung::new(1));
    assert!(
        matches!(begun, Err(Error::UnknownEvaluation { id: 99 })),
        "{begun:?}"
    );
    for refused in [
        Halving::off().inheriting(1),
        halving.inheriting(3),
        Halving::new(64, 2).unwrap().inheriting(3),
    ] {
        assert!(
            matches!(refused, Err(Error::Setting { name: "factor", .. })),
            "{refused:?}"
        );
    }
}

#[test]
fn the_surrogate_learns_from_trainings_that_inherit() {
    let halving = Halving::off().inheriting(3).unwrap();
    let config = SearchConfig::default().validated().unwrap();
    let mut search = Search::with_halving(Words::new(7), config, halving).unwrap();
    search.set_budget(Some(30));
    let initial = search.before_the_surrogate().unwrap() as u64;
    let mut whole = 0;
    loop {
        let (id, rung) = match search.ask().unwrap() {
            Next::Start(suggestion) if suggestion.id < initial => {
                search.begin_at(suggestion.id, halving.first()).unwrap();
                (suggestion.id, halving.first())
            }
            Next::Start(suggestion) => (suggestion.id, Rung::default()),
            Next::GoOn { id, rung } => (id, rung),
            Next::Wait => panic!("nothing runs"),
            Next::Over(_) => break,
        };
        let candidate = &search.evaluation(id).unwrap().suggestion.candidate;
        // What is inherited flatters: ten more, and twice the differences.
        let score = candidate.iter().sum::<usize>() as f64;
        let told = if rung == halving.last() {
            score
        } else {
            10.0 + 2.0 * score
        };
        whole += u64::from(rung == halving.last());
        search.tell(id, Outcome::scored(told)).unwrap();
    }
    assert!(whole >= initial && whole < 30, "{whole} of 30 from nothing");
    // The best is one of those that were trained from nothing, not one whose score flatters.
    let best = search.incumbent().unwrap().unwrap();
    assert_eq!(best.reached(), Some(halving.last()));
}
