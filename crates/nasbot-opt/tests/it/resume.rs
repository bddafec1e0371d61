//! A search that is rebuilt from its record goes on as the uninterrupted one.

use nasbot_opt::{Error, Evaluator as _, Outcome, Search, Suggestion};

use crate::toy::{Agreement, Word, Words, name, settings};

/// What a study writes down, in order.
#[derive(Clone)]
enum Event {
    Asked(Suggestion<Word>),
    Told(u64, Outcome),
    Reached(u64, usize, f64),
}

/// Of trainings with three rungs.
fn search(config: &nasbot_opt::SearchConfig) -> Search<Words> {
    let config = config.clone().validated().unwrap();
    Search::with_rungs(Words::new(7), config, 3).unwrap()
}

#[test]
fn a_restored_search_continues_as_if_nothing_had_happened() {
    for config in settings(11) {
        let fresh = || search(&config);
        let mut search = fresh();
        let mut events = Vec::new();
        let mut busy: Vec<Suggestion<Word>> = Vec::new();
        let mut scored: Vec<(u64, usize, f64)> = Vec::new();
        for step in 0..45_usize {
            let suggestion = search.ask().unwrap();
            events.push(Event::Asked(suggestion.clone()));
            busy.push(suggestion);
            if busy.len() > 2 {
                // Out of order, so that the order of tells and that of asks differ.
                let done = busy.remove(step % 3);
                let outcome = Agreement.evaluate(&done.candidate, done.seed);
                if step % 2 == 0 {
                    let score = outcome.score().unwrap();
                    search.reach(done.id, 0, score).unwrap();
                    events.push(Event::Reached(done.id, 0, score));
                    scored.push((done.id, 0, score));
                } else {
                    search.tell(done.id, outcome).unwrap();
                    events.push(Event::Told(done.id, outcome));
                }
            }
            if step % 4 == 3 && !scored.is_empty() {
                // A training has gone on, to the next rung.
                let place = (7 * step) % scored.len();
                let (id, rung, score) = &mut scored[place];
                (*rung, *score) = (*rung + 1, *score + 0.5);
                search.reach(*id, *rung, *score).unwrap();
                events.push(Event::Reached(*id, *rung, *score));
                if *rung == 2 {
                    scored.swap_remove(place);
                }
            }
        }
        for cut in [10, 37, 61, events.len()] {
            let mut restored = fresh();
            for event in events[..cut].iter().cloned() {
                match event {
                    Event::Asked(suggestion) => restored.restore(suggestion).unwrap(),
                    Event::Told(id, outcome) => restored.tell(id, outcome).unwrap(),
                    Event::Reached(id, rung, score) => restored.reach(id, rung, score).unwrap(),
                }
            }
            for event in &events[cut..] {
                match event {
                    Event::Asked(expected) => {
                        let found = restored.ask().unwrap();
                        assert_eq!(&found, expected, "{} after {cut}", name(&config));
                    }
                    Event::Told(id, outcome) => restored.tell(*id, *outcome).unwrap(),
                    Event::Reached(id, rung, score) => restored.reach(*id, *rung, *score).unwrap(),
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
    let mut search = search(config);
    for event in events {
        match event {
            Event::Asked(expected) => assert_eq!(&search.ask().unwrap(), expected),
            Event::Told(id, outcome) => search.tell(*id, *outcome).unwrap(),
            Event::Reached(id, rung, score) => search.reach(*id, *rung, *score).unwrap(),
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
