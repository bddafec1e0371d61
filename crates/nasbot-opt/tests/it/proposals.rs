//! Candidates that are proposed: the good are taken soon, the bad are not, and a record restores what waits.

use nasbot_opt::{
    Evaluator as _, NetworkSpace, Next, Origin, Outcome, Search, SearchConfig, Strategy, Synthetic,
};
use nn_graph::{Bounds, Kind, Network};

use crate::toy::{Agreement, Edits, Word, Words};

fn search(strategy: Strategy, seed: u64) -> Search<Words> {
    let config = SearchConfig {
        strategy,
        seed,
        ..SearchConfig::default()
    };
    Search::new(Words::new(8), config.validated().unwrap()).unwrap()
}

fn step(search: &mut Search<Words>) -> Origin {
    let suggestion = search.suggest().unwrap();
    let outcome = Agreement.evaluate(&suggestion.candidate, suggestion.seed);
    search.tell(suggestion.id, outcome).unwrap();
    suggestion.origin
}

fn is_proposed(origin: &Origin) -> bool {
    matches!(origin, Origin::Proposed { .. })
}

/// The best word of eight letters first, and two like it.
fn good() -> Vec<Word> {
    let best: Word = (0..8).map(|i| 3 - i % 4).collect();
    let mut second = best.clone();
    second[5] = 0;
    let third = best[..7].to_vec();
    vec![best, second, third]
}

/// Words of which no letter agrees.
fn bad() -> Vec<Word> {
    let shifted = |by: usize| (0..8).map(|i| (3 - i % 4 + by) % 4).collect();
    (1..4).map(shifted).collect()
}

/// A search of perceptrons by the function of the paper.
fn networks(seed: u64, evaluations: usize) -> Search<NetworkSpace> {
    let bounds = Bounds {
        max_layers: Some(25),
        ..Bounds::default()
    };
    let space = NetworkSpace::new(Kind::MlpReg, bounds.checked().unwrap()).unwrap();
    let config = SearchConfig {
        seed,
        samples: 0,
        ..SearchConfig::default()
    };
    let mut search = Search::new(space, config.validated().unwrap()).unwrap();
    (0..evaluations).for_each(|_| evaluate(&mut search));
    search
}

fn evaluate(search: &mut Search<NetworkSpace>) {
    let suggestion = search.suggest().unwrap();
    let outcome = Synthetic.evaluate(&suggestion.candidate, suggestion.seed);
    search.tell(suggestion.id, outcome).unwrap();
}

/// The same search, whose acquisition is maximised over many times as many candidates.
fn thorough(search: &Search<NetworkSpace>) -> Search<NetworkSpace> {
    let config = SearchConfig {
        effort: 200,
        ..(**search.config()).clone()
    };
    let mut thorough = Search::new(search.space().clone(), config.validated().unwrap()).unwrap();
    for evaluation in search.evaluations() {
        thorough
            .restore(Next::Start(evaluation.suggestion.clone()))
            .unwrap();
        let outcome = Outcome::scored(evaluation.score().unwrap());
        thorough.tell(evaluation.suggestion.id, outcome).unwrap();
    }
    thorough
}

#[test]
fn what_is_worth_it_by_the_acquisition_is_taken_and_what_is_not_waits() {
    // What another search has found that is worst, and no initial network.
    let other = networks(99, 60);
    let scored = other
        .evaluations()
        .iter()
        .map(|e| (e.score().unwrap(), &e.suggestion));
    let mut found: Vec<_> = scored
        .filter(|(_, s)| s.origin != Origin::Initial)
        .collect();
    found.sort_by(|a, b| a.0.total_cmp(&b.0));
    let bad: Vec<Network> = found[..6]
        .iter()
        .map(|(_, s)| s.candidate.clone())
        .collect();
    for seed in 1..=3 {
        let mut search = networks(seed, 20);
        search.propose(bad.clone());
        (0..5).for_each(|_| evaluate(&mut search));
        let origins = search.evaluations().iter().map(|e| e.suggestion.origin);
        assert_eq!(
            origins.filter(is_proposed).count(),
            0,
            "seed {seed}: a bad one was evaluated"
        );
        // What the search would take itself is taken where it is proposed, at the same value.
        let own = search.peek().unwrap().start().unwrap();
        let Origin::Acquisition { value, .. } = own.origin else {
            panic!("{:?}", own.origin);
        };
        let valued = |origin| match origin {
            Origin::Proposed { value, .. } => value,
            _ => None,
        };
        search.propose([own.candidate.clone()]);
        let again = search.peek().unwrap().start().unwrap();
        assert_eq!(
            (again.candidate == own.candidate, valued(again.origin)),
            (true, Some(value))
        );
        // And what is better by the same model before it.
        let better = thorough(&search).suggest().unwrap();
        search.propose([better.candidate.clone()]);
        let next = search.suggest().unwrap();
        assert!(next.candidate == better.candidate, "seed {seed}");
        assert!(
            valued(next.origin).unwrap() > value,
            "seed {seed}: {:?} {value}",
            next.origin
        );
        assert_eq!(search.proposals().count(), bad.len() + 1);
    }
}

#[test]
fn other_strategies_take_every_second_from_what_waits() {
    for strategy in Strategy::ALL
        .iter()
        .copied()
        .filter(|s| *s != Strategy::Nasbot)
    {
        let mut search = search(strategy, 1);
        let initial = 4;
        let words = good();
        search.propose(words.clone());
        let origins: Vec<Origin> = (0..initial + 2 * words.len())
            .map(|_| step(&mut search))
            .collect();
        assert!(
            origins[..3].iter().all(|origin| *origin == Origin::Initial),
            "{strategy}"
        );
        let taken = search
            .evaluations()
            .iter()
            .filter(|e| is_proposed(&e.suggestion.origin));
        let taken: Vec<&Word> = taken.map(|e| &e.suggestion.candidate).collect();
        // Those that the strategy found itself are not evaluated twice.
        assert!(
            !taken.is_empty() && taken.iter().all(|word| words.contains(word)),
            "{strategy}"
        );
        assert_eq!(search.proposals().count(), 0, "{strategy}");
        let in_a_row = origins
            .windows(2)
            .filter(|pair| pair.iter().all(is_proposed))
            .count();
        assert_eq!(in_a_row, 0, "{strategy}");
    }
}

#[test]
fn what_is_known_or_does_not_belong_is_not_taken() {
    let mut search = search(Strategy::Nasbot, 1);
    let first = search.suggest().unwrap().candidate;
    let word = good()[0].clone();
    let known = search.propose([first, word.clone(), word.clone()]);
    assert_eq!((known.waiting, known.known), (vec![1], 2));
    assert_eq!(search.propose([word]).known, 1);
    let config = SearchConfig::default().validated().unwrap();
    let mut edits = Search::new(Edits(Words::new(3)), config).unwrap();
    let proposed = edits.propose([vec![0; 4], vec![3; 2]]);
    assert_eq!((proposed.waiting, proposed.outside), (vec![1], 1));
    assert_eq!(edits.proposals().count(), 1);
}

/// What happened in a search.
enum Line {
    Suggested(nasbot_opt::Suggestion<Word>),
    Told(u64, Outcome),
    Proposed(Vec<Word>),
}

#[test]
fn a_search_that_is_rebuilt_from_its_record_goes_on_the_same() {
    for strategy in [Strategy::Nasbot, Strategy::Evolution] {
        let mut first = search(strategy, 3);
        let mut record = Vec::new();
        let evaluate = |search: &mut Search<Words>, record: &mut Vec<Line>| {
            let suggestion = search.suggest().unwrap();
            let outcome = Agreement.evaluate(&suggestion.candidate, suggestion.seed);
            search.tell(suggestion.id, outcome).unwrap();
            let id = suggestion.id;
            record.extend([Line::Suggested(suggestion), Line::Told(id, outcome)]);
        };
        (0..9).for_each(|_| evaluate(&mut first, &mut record));
        for words in [bad(), good()] {
            first.propose(words.clone());
            record.push(Line::Proposed(words));
            (0..4).for_each(|_| evaluate(&mut first, &mut record));
        }
        let mut second = search(strategy, 3);
        for line in record {
            match line {
                Line::Suggested(suggestion) => {
                    second.restore(Next::Start(suggestion)).unwrap();
                }
                Line::Told(id, outcome) => second.tell(id, outcome).unwrap(),
                Line::Proposed(words) => drop(second.propose(words)),
            }
        }
        assert!(first.proposals().eq(second.proposals()), "{strategy}");
        for _ in 0..6 {
            assert_eq!(first.peek().unwrap(), second.peek().unwrap());
            let (a, b) = (first.suggest().unwrap(), second.suggest().unwrap());
            assert_eq!(a, b);
            let outcome = Agreement.evaluate(&a.candidate, a.seed);
            first.tell(a.id, outcome).unwrap();
            second.tell(b.id, outcome).unwrap();
        }
    }
}
