//! Trainings that stop at rungs: what a search makes of scores of different rungs, and which it lets go on.

use nasbot_opt::{
    Error, Failure, Halving, Next, Outcome, Rung, Search, SearchConfig, State, Strategy,
};
use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64;

use crate::toy::{Word, Words, name, settings};

fn search(config: SearchConfig, rungs: usize, factor: usize) -> Search<Words> {
    let halving = Halving::new(rungs, factor).unwrap();
    Search::with_halving(Words::new(7), config.validated().unwrap(), halving).unwrap()
}

/// What is asked for, as an evaluation and a rung.
fn ask(search: &mut Search<Words>) -> (u64, Rung) {
    match search.ask().unwrap() {
        Next::Start(suggestion) => (suggestion.id, Rung::default()),
        Next::GoOn { id, rung } => (id, rung),
        other => panic!("{other:?}"),
    }
}

fn word(search: &Search<Words>, id: u64) -> Word {
    search.evaluation(id).unwrap().suggestion.candidate.clone()
}

/// The share of this letter.
fn share(word: &Word, letter: usize) -> f64 {
    word.iter().filter(|&&l| l == letter).count() as f64 / word.len() as f64
}

/// Twenty words of a family: three to seven times one letter, and one or two others behind.
fn family(letter: usize) -> Vec<Word> {
    let tails: [&[usize]; 4] = [&[1], &[2], &[1, 2], &[2, 1]];
    let words = (3..8).flat_map(|length| tails.map(|tail| (length, tail)));
    let word = |(length, tail): (usize, &[usize])| [vec![letter; length], tail.to_vec()].concat();
    words.map(word).collect()
}

#[test]
fn an_evaluation_lives_from_rung_to_rung() {
    for config in settings(14) {
        let mut search = search(config, 3, 2);
        let state = |search: &Search<Words>, id| search.evaluation(id).unwrap().state;
        let ids: Vec<u64> = (0..2).map(|_| search.suggest().unwrap().id).collect();
        let unknown = search.tell(9, Outcome::scored(1.0));
        assert_eq!(unknown, Err(Error::UnknownEvaluation { id: 9 }));
        let nan = search.tell(ids[0], Outcome::scored(f64::NAN));
        assert!(matches!(nan, Err(Error::NotFinite { .. })));
        assert_eq!(search.running().len(), 2);
        search.tell(ids[0], Outcome::scored(0.5)).unwrap();
        assert_eq!(state(&search, ids[0]), State::Paused(Rung::new(0)));
        let twice = search.tell(ids[0], Outcome::scored(0.6));
        assert_eq!(twice, Err(Error::AlreadyTold { id: ids[0] }));
        let crashed = Outcome::Failed(Failure::Crashed);
        search.tell(ids[1], crashed).unwrap();
        assert_eq!(state(&search, ids[1]), State::Done(crashed));
        // A failed evaluation runs once more, to the same rung.
        let refused = search.retry(ids[0]);
        assert_eq!(refused, Err(Error::NotFailed { id: ids[0] }));
        assert_eq!(search.retry(ids[1]), Ok(Rung::new(0)));
        assert_eq!(state(&search, ids[1]), State::Running(Rung::new(0)));
        search.tell(ids[1], Outcome::scored(0.4)).unwrap();
        // The better one of two goes on.
        let next = search.ask().unwrap();
        assert_eq!(
            next,
            Next::GoOn {
                id: ids[0],
                rung: Rung::new(1)
            }
        );
        search.tell(ids[0], crashed).unwrap();
        assert_eq!(search.retry(ids[0]), Ok(Rung::new(1)));
        search.tell(ids[0], Outcome::scored(0.7)).unwrap();
        let above = Next::GoOn {
            id: ids[0],
            rung: Rung::new(1),
        };
        let refused = Err(Error::CannotGoOn {
            id: ids[0],
            rung: Rung::new(1),
        });
        assert_eq!(search.restore(above), refused);
        let above = Next::GoOn {
            id: ids[0],
            rung: Rung::new(2),
        };
        search.restore(above).unwrap();
        search.tell(ids[0], Outcome::scored(0.2)).unwrap();
        assert_eq!(state(&search, ids[0]), State::Done(Outcome::scored(0.2)));
        let whole = search.evaluation(ids[0]).unwrap();
        assert_eq!(whole.scores, [0.5, 0.7, 0.2]);
        assert_eq!(
            (whole.score(), whole.reached()),
            (Some(0.2), Some(Rung::new(2)))
        );
        assert_eq!(search.best().unwrap().suggestion.id, ids[0]);
    }
}

#[test]
fn the_incumbent_is_one_that_came_furthest_whatever_lower_rungs_say() {
    for config in settings(15) {
        let title = name(&config);
        let mut search = search(config, 2, 4);
        let mut ended = Vec::new();
        for _ in 0..40 {
            let (id, rung) = ask(&mut search);
            let word = word(&search, id);
            // The rungs disagree, and scores of the lower one are a hundred times as high.
            let score = [100.0 * share(&word, 0), share(&word, 3)][rung.index()];
            search.tell(id, Outcome::scored(score)).unwrap();
            if rung.index() == 1 {
                ended.push((id, score));
            }
            let incumbent = search.incumbent().unwrap().unwrap().suggestion.id;
            let best = search.best().unwrap().suggestion.id;
            if !ended.is_empty() {
                assert!(ended.iter().any(|&(id, _)| id == incumbent), "{title}");
                let top = ended.iter().map(|&(_, s)| s).fold(f64::MIN, f64::max);
                assert!(ended.contains(&(best, top)), "{title}");
            }
        }
        assert!(ended.len() >= 5, "{title}: {ended:?}");
    }
}

#[test]
fn evaluations_that_went_on_say_what_a_rung_is_worth() {
    // On the lower rung the family of `a` is best, at the end that of `d`; some of both have gone on.
    let config = SearchConfig {
        samples: 3,
        ..SearchConfig::default()
    };
    let mut search = search(config, 2, 2);
    let words: Vec<Word> = (family(0).into_iter()).chain(family(3)).collect();
    for word in &words {
        let id = search.give(word.clone()).unwrap().id;
        let score = share(word, 0) + 0.01 * share(word, 1);
        search.tell(id, Outcome::scored(score)).unwrap();
    }
    let end = Rung::new(1);
    for id in [0, 2, 5, 7, 10, 12, 15, 17, 21, 23, 26, 28, 31, 33] {
        search.restore(Next::GoOn { id, rung: end }).unwrap();
        let score = 0.1 * share(&words[id as usize], 3);
        search.tell(id, Outcome::scored(score)).unwrap();
    }
    let is_d = |id: u64| id >= 20;
    let mut gone_on = Vec::new();
    while let Next::GoOn { id, rung } = search.ask().unwrap() {
        assert_eq!(rung, end);
        gone_on.push(id);
    }
    // The share of forty is twenty. By the scores of the lower rung others would have gone on.
    assert_eq!(gone_on.len(), 6);
    assert!(gone_on.iter().all(|&id| is_d(id)), "{gone_on:?}");
    let incumbent = search.incumbent().unwrap().unwrap();
    assert!(share(&incumbent.suggestion.candidate, 3) > 0.5);
}

#[test]
fn as_many_go_on_as_a_share_and_the_same_on_every_run() {
    let run = |config: &SearchConfig| {
        let (mut search, mut rng) = (search(config.clone(), 3, 3), Pcg64::seed_from_u64(3));
        let (mut busy, mut order) = (Vec::new(), Vec::new());
        let mut reached = [0; 3];
        for _ in 0..60 {
            while busy.len() < 3 {
                let next = ask(&mut search);
                busy.push(next);
                order.push(next);
            }
            let (id, rung) = busy.swap_remove(rng.random_range(0..3));
            let score = share(&word(&search, id), 3) + 0.1 * f64::from(rung.number());
            search.tell(id, Outcome::scored(score)).unwrap();
            reached[rung.index()] += 1;
            for (above, pair) in reached.windows(2).enumerate() {
                let begun = order.iter().filter(|(_, r)| r.index() == above + 1).count();
                if config.strategy == Strategy::Nasbot {
                    assert!(begun <= pair[0] / 3, "{reached:?}");
                }
            }
        }
        assert!(reached[2] > 0, "{}: {reached:?}", name(config));
        (order, search.suggest().unwrap())
    };
    for config in settings(16) {
        assert_eq!(run(&config), run(&config), "{}", name(&config));
    }
}
