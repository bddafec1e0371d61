//! A search that is rebuilt from its record goes on as the uninterrupted one.

use nasbot_opt::{Error, Evaluator as _, Outcome, Search, Suggestion};

use crate::toy::{Agreement, Word, Words, name, settings};

/// What a study writes down, in order.
#[derive(Clone)]
enum Event {
    Asked(Suggestion<Word>),
    Told(u64, Outcome),
    Revised(u64, f64),
}

#[test]
fn a_restored_search_continues_as_if_nothing_had_happened() {
    for config in settings(11) {
        let fresh = || Search::new(Words::new(7), config.clone().validated().unwrap()).unwrap();
        let mut search = fresh();
        let mut events = Vec::new();
        let mut busy: Vec<Suggestion<Word>> = Vec::new();
        let mut scored: Vec<(u64, f64)> = Vec::new();
        for step in 0..45_usize {
            let suggestion = search.ask().unwrap();
            events.push(Event::Asked(suggestion.clone()));
            busy.push(suggestion);
            if busy.len() > 2 {
                // Out of order, so that the order of tells and that of asks differ.
                let done = busy.remove(step % 3);
                let outcome = Agreement.evaluate(&done.candidate, done.seed);
                search.tell(done.id, outcome).unwrap();
                events.push(Event::Told(done.id, outcome));
                scored.extend(outcome.score().map(|score| (done.id, score)));
            }
            if step % 4 == 3 && !scored.is_empty() {
                // As if a training had gone on.
                let (id, score) = scored[(7 * step) % scored.len()];
                search.revise(id, score + 0.5).unwrap();
                events.push(Event::Revised(id, score + 0.5));
            }
        }
        for cut in [10, 37, 61, events.len()] {
            let mut restored = fresh();
            for event in events[..cut].iter().cloned() {
                match event {
                    Event::Asked(suggestion) => restored.restore(suggestion).unwrap(),
                    Event::Told(id, outcome) => restored.tell(id, outcome).unwrap(),
                    Event::Revised(id, score) => restored.revise(id, score).unwrap(),
                }
            }
            for event in &events[cut..] {
                match event {
                    Event::Asked(expected) => {
                        let found = restored.ask().unwrap();
                        assert_eq!(&found, expected, "{} after {cut}", name(&config));
                    }
                    Event::Told(id, outcome) => restored.tell(*id, *outcome).unwrap(),
                    Event::Revised(id, score) => restored.revise(*id, *score).unwrap(),
                }
            }
            assert_eq!(
                restored.ask().unwrap(),
                search_after(&events, &config),
                "{}",
                name(&config)
            );
        }
    }
}

/// The suggestion that follows all events, by asking throughout.
fn search_after(events: &[Event], config: &nasbot_opt::SearchConfig) -> Suggestion<Word> {
    let mut search = Search::new(Words::new(7), config.clone().validated().unwrap()).unwrap();
    for event in events {
        match event {
            Event::Asked(expected) => assert_eq!(&search.ask().unwrap(), expected),
            Event::Told(id, outcome) => search.tell(*id, *outcome).unwrap(),
            Event::Revised(id, score) => search.revise(*id, *score).unwrap(),
        }
    }
    search.ask().unwrap()
}

#[test]
fn suggestions_survive_their_json() {
    let config = settings(12).pop().unwrap();
    let mut search = Search::new(Words::new(7), config.validated().unwrap()).unwrap();
    for _ in 0..20 {
        let suggestion = search.ask().unwrap();
        let json = serde_json::to_string(&suggestion).unwrap();
        let back: Suggestion<Word> = serde_json::from_str(&json).unwrap();
        assert_eq!(back, suggestion, "{json}");
        search
            .tell(suggestion.id, Agreement.evaluate(&suggestion.candidate, 0))
            .unwrap();
    }
}

#[test]
fn restoring_out_of_order_or_giving_twice_is_refused() {
    let config = settings(13).remove(0).validated().unwrap();
    let mut source = Search::new(Words::new(7), config.clone()).unwrap();
    let first = source.ask().unwrap();
    let second = source.ask().unwrap();
    let mut search = Search::new(Words::new(7), config).unwrap();
    assert_eq!(
        search.restore(second),
        Err(Error::OutOfOrder { id: 1, expected: 0 })
    );
    search.restore(first.clone()).unwrap();
    assert_eq!(
        search.give(first.candidate),
        Err(Error::Duplicate { id: 0 })
    );
}

#[test]
fn only_a_score_that_was_told_can_be_revised() {
    for config in settings(14) {
        let mut search = Search::new(Words::new(7), config.validated().unwrap()).unwrap();
        let (first, second) = (search.ask().unwrap().id, search.ask().unwrap().id);
        assert_eq!(
            search.revise(9, 1.0),
            Err(Error::UnknownEvaluation { id: 9 })
        );
        assert_eq!(
            search.revise(first, 1.0),
            Err(Error::NotScored { id: first })
        );
        search.tell(first, Outcome::Score(0.5)).unwrap();
        search.tell(second, Outcome::Score(0.6)).unwrap();
        assert_eq!(search.best().unwrap().suggestion.id, second);
        assert!(matches!(
            search.revise(first, f64::NAN),
            Err(Error::NotFinite { .. })
        ));
        search.revise(first, 0.7).unwrap();
        assert_eq!(search.best().unwrap().suggestion.id, first);
        assert_eq!(search.evaluations()[0].score(), Some(0.7));
    }
}
