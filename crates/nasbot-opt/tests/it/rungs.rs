//! Trainings that stop at rungs: what a search makes of scores of different rungs, and whom it lets go on.

use nasbot_opt::{Error, Failure, Halving, Outcome, Search, SearchConfig, Strategy};
use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64;

use crate::toy::{Word, Words, name, settings};

fn search(config: SearchConfig, rungs: usize) -> Search<Words> {
    Search::with_rungs(Words::new(7), config.validated().unwrap(), rungs).unwrap()
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
fn rungs_are_told_once_in_rising_order() {
    for config in settings(14) {
        let mut search = search(config, 3);
        let ids: Vec<u64> = (0..3).map(|_| search.ask().unwrap().id).collect();
        let refused = |id, rung| Err(Error::Rung { id, rung, last: 2 });
        assert_eq!(
            search.reach(9, 0, 1.0),
            Err(Error::UnknownEvaluation { id: 9 })
        );
        assert_eq!(search.reach(ids[0], 3, 1.0), refused(ids[0], 3));
        assert!(matches!(
            search.reach(ids[0], 0, f64::NAN),
            Err(Error::NotFinite { .. })
        ));
        assert_eq!(search.pending(), 3);
        search.reach(ids[0], 1, 0.5).unwrap();
        assert_eq!(search.reach(ids[0], 1, 0.6), refused(ids[0], 1));
        assert_eq!(search.reach(ids[0], 0, 0.6), refused(ids[0], 0));
        search.reach(ids[0], 2, 0.4).unwrap();
        assert_eq!(search.evaluations()[0].score(), Some(0.4));
        search
            .tell(ids[1], Outcome::Failed(Failure::Diverged))
            .unwrap();
        assert_eq!(
            search.reach(ids[1], 0, 1.0),
            Err(Error::AlreadyTold { id: ids[1] })
        );
        // `tell` is the end of a training.
        search.tell(ids[2], Outcome::Score(0.3)).unwrap();
        assert_eq!(search.reach(ids[2], 2, 1.0), refused(ids[2], 2));
    }
}

#[test]
fn the_incumbent_is_one_that_came_furthest_whatever_lower_rungs_say() {
    let halving = || Halving::new(&[1, 9], 4).unwrap();
    for config in settings(15) {
        let title = name(&config);
        let (mut search, mut halving) = (search(config, 2), halving());
        let mut ended = Vec::new();
        for _ in 0..40 {
            let (id, rung) = match search.promotion(&halving).unwrap() {
                Some(promotion) => (promotion.id, 1),
                None => (search.ask().unwrap().id, 0),
            };
            let word = &search.evaluations()[id as usize].suggestion.candidate;
            // The rungs disagree, and scores of the lower one are a hundred times as high.
            let score = [100.0 * share(word, 0), share(word, 3)][rung];
            search.reach(id, rung, score).unwrap();
            if rung == 1 {
                halving.promote(id, 1);
                ended.push((id, score));
            }
            halving.reach(id, [1, 9][rung], score);
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
fn whoever_went_on_says_what_a_rung_is_worth() {
    // On the lower rung the family of `a` is best, at the end that of `d`; some of both have gone on.
    let config = SearchConfig {
        samples: 3,
        ..SearchConfig::default()
    };
    let mut search = search(config, 2);
    let mut halving = Halving::new(&[1, 9], 2).unwrap();
    let words: Vec<Word> = (family(0).into_iter()).chain(family(3)).collect();
    for word in &words {
        let id = search.give(word.clone()).unwrap().id;
        let score = share(word, 0) + 0.01 * share(word, 1);
        search.reach(id, 0, score).unwrap();
        halving.reach(id, 1, score);
    }
    for id in [0, 2, 5, 7, 10, 12, 15, 17, 21, 23, 26, 28, 31, 33] {
        halving.promote(id, 1);
        let score = 0.1 * share(&words[id as usize], 3);
        search.reach(id, 1, score).unwrap();
        halving.reach(id, 9, score);
    }
    let is_d = |id: u64| id >= 20;
    let ranked = halving.vacancy().unwrap().candidates;
    assert!(!ranked[..6].iter().any(|&id| is_d(id)), "{ranked:?}");
    let mut promoted = Vec::new();
    while let Some(promotion) = search.promotion(&halving).unwrap() {
        assert_eq!((promotion.from, promotion.until), (0, 9));
        halving.promote(promotion.id, 1);
        promoted.push(promotion.id);
    }
    assert_eq!(promoted.len(), 6);
    assert!(promoted.iter().all(|&id| is_d(id)), "{promoted:?}");
    // A share has gone on, and nobody more, while by the scores of the rung others would have to.
    assert!(!search.may_promote(&halving) && !is_d(halving.next().unwrap().id));
    let incumbent = search.incumbent().unwrap().unwrap();
    assert!(share(&incumbent.suggestion.candidate, 3) > 0.5);
}

#[test]
fn as_many_go_on_as_a_share_and_the_same_on_every_run() {
    let run = |config: &SearchConfig| {
        let (mut search, mut rng) = (search(config.clone(), 3), Pcg64::seed_from_u64(3));
        let mut halving = Halving::new(&[1, 3, 9], 3).unwrap();
        let (mut busy, mut order) = (Vec::new(), Vec::new());
        let mut reached = [0; 3];
        for _ in 0..60 {
            while busy.len() < 3 {
                let may = search.may_promote(&halving);
                let promotion = search.promotion(&halving).unwrap();
                assert_eq!(promotion.is_some(), may);
                let (id, rung) = match promotion {
                    Some(promotion) => {
                        halving.promote(promotion.id, [1, 3][promotion.from]);
                        (promotion.id, promotion.from + 1)
                    }
                    None => (search.ask().unwrap().id, 0),
                };
                busy.push((id, rung));
                order.push((id, rung));
            }
            let (id, rung) = busy.swap_remove(rng.random_range(0..3));
            let word = &search.evaluations()[id as usize].suggestion.candidate;
            let score = share(word, 3) + 0.1 * rung as f64;
            search.reach(id, rung, score).unwrap();
            halving.reach(id, [1, 3, 9][rung], score);
            reached[rung] += 1;
            for (above, pair) in reached.windows(2).enumerate() {
                let begun = order.iter().filter(|&&(_, r)| r == above + 1).count();
                if config.strategy == Strategy::Nasbot {
                    assert!(begun <= pair[0] / 3, "{reached:?}");
                }
            }
        }
        assert!(reached[2] > 0, "{}: {reached:?}", name(config));
        (order, search.ask().unwrap())
    };
    for config in settings(16) {
        assert_eq!(run(&config), run(&config), "{}", name(&config));
    }
}
