//! Searches that learn from earlier studies.

use nasbot_opt::{
    EarlierStudy, Error, Evaluator as _, Halving, Next, Origin, Outcome, Search, SearchConfig,
    Space as _, Strategy,
};

use crate::toy::{Agreement, Edits, Word, Words, settings};

fn config(seed: u64) -> SearchConfig {
    SearchConfig {
        seed,
        samples: 3,
        ..SearchConfig::default()
    }
}

/// What a search of so many evaluations left, scored by `score`.
fn study(evaluations: usize, seed: u64, score: impl Fn(&Word) -> f64) -> EarlierStudy<Word> {
    let mut search = Search::new(Words::new(7), config(seed).validated().unwrap()).unwrap();
    let mut found = Vec::new();
    for _ in 0..evaluations {
        let suggestion = search.suggest().unwrap();
        let score = score(&suggestion.candidate);
        search.tell(suggestion.id, Outcome::scored(score)).unwrap();
        found.push((suggestion.candidate, score));
    }
    EarlierStudy { evaluations: found }
}

fn agreement(word: &Word) -> f64 {
    Agreement.evaluate(word, 0).score().unwrap()
}

/// A function of the same shape, whose best word is another one: its third letter in four is another.
fn related(word: &Word) -> f64 {
    let agree = word.iter().enumerate();
    let agree = agree.filter(|&(i, &letter)| letter == [3, 2, 0, 0][i % 4]);
    agree.count() as f64 - 0.1 * word.len() as f64
}

/// The mean of the best scores after so many evaluations, over twelve seeds.
fn quality(evaluations: usize, earlier: impl Fn(u64) -> Vec<EarlierStudy<Word>>) -> f64 {
    let seeds = 1..=12;
    let best = seeds.clone().map(|seed| {
        let search = Search::new(Words::new(7), config(seed).validated().unwrap()).unwrap();
        let mut search = search.with_earlier(&earlier(seed)).unwrap();
        for _ in 0..evaluations {
            let suggestion = search.suggest().unwrap();
            let outcome = Agreement.evaluate(&suggestion.candidate, 0);
            search.tell(suggestion.id, outcome).unwrap();
        }
        search.best().and_then(|e| e.score()).unwrap()
    });
    best.sum::<f64>() / seeds.count() as f64
}

#[test]
fn a_related_study_helps_and_one_that_misleads_is_seen_through() {
    let without = quality(24, |_| Vec::new());
    let with = quality(24, |seed| vec![study(40, 100 + seed, related)]);
    assert!(with > without + 0.3, "{with} with, {without} without");
    // What says the opposite, or nothing, costs fifteen evaluations at most.
    let without = quality(45, |_| Vec::new());
    let opposite = quality(60, |seed| {
        vec![study(40, 100 + seed, |word| -agreement(word))]
    });
    let nothing = |word: &Word| (word.iter().sum::<usize>() % 3) as f64;
    let nothing = quality(60, |seed| vec![study(40, 200 + seed, nothing)]);
    assert!(
        opposite >= without && nothing >= without,
        "{opposite} {nothing} {without}"
    );
}

#[test]
fn the_best_of_each_study_come_first_and_only_those_that_are_allowed() {
    let first = study(30, 1, agreement);
    let second = study(30, 2, related);
    let best = |study: &EarlierStudy<Word>, place: usize| {
        let mut order = study.evaluations.clone();
        order.sort_by(|a, b| b.1.total_cmp(&a.1));
        Words::new(7).hash(&order[place].0)
    };
    for config in settings(5) {
        let search = Search::new(Words::new(7), config.validated().unwrap()).unwrap();
        let studies = [first.clone(), second.clone()];
        let mut search = search.with_earlier(&studies).unwrap();
        let asked: Vec<_> = (0..6).map(|_| search.suggest().unwrap()).collect();
        let space = Words::new(7);
        assert_eq!(space.hash(&asked[0].candidate), best(&first, 0));
        let earlier = asked.iter().filter(|s| s.origin == Origin::Earlier).count();
        assert_eq!(earlier, 4, "of two studies, two each");
        assert!(asked[..4].iter().all(|s| s.origin == Origin::Earlier));
        // Two of the space's own follow.
        assert!(asked[4..].iter().all(|s| s.origin == Origin::Initial));
        let mut hashes: Vec<u128> = asked.iter().map(|s| space.hash(&s.candidate)).collect();
        hashes.sort_unstable();
        hashes.dedup();
        assert_eq!(hashes.len(), asked.len());
    }
    // Words of seven letters do not belong to a space of words of three, but they are compared with.
    let long = EarlierStudy {
        evaluations: vec![
            (vec![3, 2, 1, 0, 3, 2, 1], 9.0),
            (vec![3, 2, 1], 8.0),
            (vec![0, 0, 0, 0], 1.0),
            (vec![2, 2], 0.5),
            (vec![1], 0.0),
        ],
    };
    let space = Words::new(3);
    let mut search = Search::new(space, config(1).validated().unwrap()).unwrap();
    search = search.with_earlier(std::slice::from_ref(&long)).unwrap();
    let starts: Vec<Word> = (0..3)
        .map(|_| search.suggest().unwrap().candidate)
        .collect();
    assert_eq!(starts, [vec![3, 2, 1], vec![2, 2], vec![1]]);
    // Where they are no points of the space, that is said.
    let search = Search::new(Edits(Words::new(3)), config(1).validated().unwrap()).unwrap();
    let refused = search.with_earlier(&[long]).err().unwrap();
    assert!(matches!(refused, Error::Candidate { .. }), "{refused}");
}

#[test]
fn a_search_that_goes_on_learns_from_the_same_studies() {
    let studies = [
        study(30, 1, related),
        study(20, 2, |word| word.len() as f64),
    ];
    let search = || {
        let halving = Halving::new(3, 3).unwrap();
        let config = config(7).validated().unwrap();
        let search = Search::with_halving(Words::new(7), config, halving).unwrap();
        search.with_earlier(&studies).unwrap()
    };
    let mut whole = search();
    let mut record = Vec::new();
    for _ in 0..40 {
        let next = whole.ask().unwrap();
        let (id, rung) = match &next {
            Next::Start(suggestion) => (suggestion.id, 0),
            Next::GoOn { id, rung } => (*id, rung.number()),
            _ => continue,
        };
        let word = &whole.evaluation(id).unwrap().suggestion.candidate;
        let outcome = Outcome::scored(agreement(word) + 0.5 * f64::from(rung));
        whole.tell(id, outcome).unwrap();
        record.push((next, whole.take_fits(), id, outcome));
    }
    assert!(record.iter().any(|r| matches!(r.0, Next::GoOn { .. })));
    for cut in [3, 15, 33] {
        let mut restored = search();
        for (place, (next, fits, id, outcome)) in record.iter().enumerate() {
            if place < cut {
                restored.restore(next.clone()).unwrap();
                restored.restore_fits(fits.clone());
            } else {
                assert_eq!(&restored.ask().unwrap(), next, "after {cut}, at {place}");
            }
            restored.tell(*id, *outcome).unwrap();
        }
    }
}

#[test]
fn what_cannot_be_learnt_from_is_refused() {
    let search = || Search::new(Words::new(7), config(1).validated().unwrap()).unwrap();
    let empty = EarlierStudy {
        evaluations: Vec::new(),
    };
    let good = study(10, 1, agreement);
    let refused = search().with_earlier(&[good.clone(), empty]).err().unwrap();
    assert_eq!(
        refused.to_string(),
        "earlier study 1 cannot be used: it has no score"
    );
    let mut wrong = good.clone();
    wrong.evaluations[3].1 = f64::NAN;
    let refused = search().with_earlier(&[wrong]).err().unwrap();
    assert!(refused.to_string().contains("a score is NaN"), "{refused}");
    let mut begun = search();
    begun.suggest().unwrap();
    let refused = begun
        .with_earlier(std::slice::from_ref(&good))
        .err()
        .unwrap();
    assert!(refused.to_string().contains("begun already"), "{refused}");
    // Counts that are left out are left out of what the studies say too.
    let without = SearchConfig {
        counts: false,
        ..config(1)
    };
    let search_without = Search::new(Words::new(7), without.validated().unwrap()).unwrap();
    let mut search_without = search_without
        .with_earlier(std::slice::from_ref(&good))
        .unwrap();
    for _ in 0..12 {
        let suggestion = search_without.suggest().unwrap();
        let score = agreement(&suggestion.candidate);
        let told = search_without.tell(suggestion.id, Outcome::scored(score));
        told.unwrap();
    }
    // A few scores give candidates to start from, and nothing to learn.
    let few = EarlierStudy {
        evaluations: good.evaluations[..2].to_vec(),
    };
    let mut search = search().with_earlier(&[few]).unwrap();
    for _ in 0..12 {
        let suggestion = search.suggest().unwrap();
        let score = agreement(&suggestion.candidate);
        search.tell(suggestion.id, Outcome::scored(score)).unwrap();
    }
    assert_eq!(search.config().strategy, Strategy::Nasbot);
}
