//! A search that is rebuilt from its record goes on as the uninterrupted one.

use nasbot_opt::{
    Error, Evaluator as _, Failure, Fit, Halving, Next, Outcome, Search, SearchConfig, Suggestion,
};

use crate::toy::{Agreement, Word, Words, name, settings};

/// What a study writes down, in order.
#[derive(Clone)]
enum Event {
    /// What was answered, and the hyper-parameters that were chosen for it.
    Asked(Next<Word>, Vec<Fit>),
    Told(u64, Outcome),
    Retried(u64),
}

/// Of trainings with three rungs.
fn search(config: &SearchConfig) -> Search<Words> {
    let config = config.clone().validated().unwrap();
    Search::with_halving(Words::new(7), config, Halving::new(3, 3).unwrap()).unwrap()
}

/// A search by three workers that finish out of order, every seventh of which fails, as events.
fn record(config: &SearchConfig) -> Vec<Event> {
    let mut search = search(config);
    let mut events = Vec::new();
    let mut busy: Vec<(u64, u32)> = Vec::new();
    for step in 0..60_usize {
        let next = search.ask().unwrap();
        busy.push(match &next {
            Next::Start(suggestion) => (suggestion.id, 0),
            Next::GoOn { id, rung } => (*id, rung.number()),
            other => panic!("{other:?}"),
        });
        events.push(Event::Asked(next, search.take_fits()));
        if busy.len() > 2 {
            // The order of tells and that of asks differ.
            let (id, rung) = busy.remove(step % 3);
            let word = &search.evaluation(id).unwrap().suggestion.candidate;
            let outcome = match step % 7 {
                6 => Outcome::Failed(Failure::Crashed),
                _ => {
                    let score = Agreement.evaluate(word, 0).score().unwrap();
                    Outcome::scored(score + 0.5 * f64::from(rung))
                }
            };
            search.tell(id, outcome).unwrap();
            events.push(Event::Told(id, outcome));
            if step % 14 == 13 {
                assert_eq!(search.retry(id).unwrap().number(), rung);
                events.push(Event::Retried(id));
                busy.push((id, rung));
            }
        }
    }
    events
}

/// Brings a search to where the events end, without asking it anything.
fn restore(search: &mut Search<Words>, events: &[Event], with_fits: bool) {
    for event in events.iter().cloned() {
        match event {
            Event::Asked(next, fits) => {
                search.restore(next).unwrap();
                if with_fits {
                    search.restore_fits(fits);
                }
            }
            Event::Told(id, outcome) => search.tell(id, outcome).unwrap(),
            Event::Retried(id) => assert!(search.retry(id).is_ok()),
        }
    }
}

#[test]
fn a_restored_search_continues_as_if_nothing_had_happened() {
    for config in settings(11) {
        let title = name(&config);
        let events = record(&config);
        assert!(
            events
                .iter()
                .any(|e| matches!(e, Event::Asked(Next::GoOn { .. }, _)))
        );
        let mut whole = search(&config);
        restore(&mut whole, &events, false);
        let after = whole.suggest().unwrap();
        for cut in [10, 37, 61, 90, events.len()] {
            for with_fits in [true, false] {
                let mut restored = search(&config);
                restore(&mut restored, &events[..cut], with_fits);
                for event in &events[cut..] {
                    match event {
                        Event::Asked(expected, _) => {
                            let seen = restored.peek().unwrap();
                            assert_eq!(&seen, expected, "{title} after {cut}, {with_fits}");
                            let found = restored.ask().unwrap();
                            assert_eq!(&found, expected, "{title} after {cut}, {with_fits}");
                        }
                        Event::Told(id, outcome) => restored.tell(*id, *outcome).unwrap(),
                        Event::Retried(id) => assert!(restored.retry(*id).is_ok()),
                    }
                }
                assert_eq!(restored.suggest().unwrap(), after, "{title}, {with_fits}");
            }
        }
    }
}

#[test]
fn hyper_parameters_of_the_record_are_not_chosen_again() {
    let config = SearchConfig {
        samples: 3,
        ..SearchConfig::default()
    };
    let events = record(&config);
    let recorded: Vec<Fit> = (events.iter())
        .flat_map(|event| match event {
            Event::Asked(_, fits) => fits.clone(),
            _ => Vec::new(),
        })
        .collect();
    assert!(recorded.len() > 10);
    let json = serde_json::to_string(&recorded).unwrap();
    assert_eq!(serde_json::from_str::<Vec<Fit>>(&json).unwrap(), recorded);
    let after = |with_fits| {
        let mut restored = search(&config);
        restore(&mut restored, &events, with_fits);
        let suggestion = restored.suggest().unwrap();
        (suggestion, restored.take_fits())
    };
    let ((with, few), (without, many)) = (after(true), after(false));
    assert_eq!(with, without);
    let last = recorded.last().unwrap();
    let is_known = |fit: &Fit| fit.scores > last.scores || fit.is_same_choice(last);
    assert!(few.iter().all(is_known), "{few:?}");
    // A choice is on the record again where a covariance was factored anew, and counts once.
    let (mut choices, noted) = (recorded.clone(), &recorded);
    choices.dedup_by(|later, earlier| later.is_same_choice(earlier));
    assert!(noted.iter().any(|fit| !fit.factored.is_empty()));
    assert_eq!(
        many.len(),
        choices.len() + few.iter().filter(|fit| fit.scores > last.scores).count()
    );
    assert!((many.iter().zip(&choices)).all(|(found, expected)| found.is_same_choice(expected)));
}

#[test]
fn suggestions_survive_their_json() {
    let config = settings(12).pop().unwrap();
    let mut search = Search::new(Words::new(7), config.validated().unwrap()).unwrap();
    for _ in 0..20 {
        let suggestion = search.suggest().unwrap();
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
    let first = source.suggest().unwrap();
    let second = source.suggest().unwrap();
    let mut search = Search::new(Words::new(7), config).unwrap();
    assert_eq!(
        search.restore(Next::Start(second)),
        Err(Error::OutOfOrder { id: 1, expected: 0 })
    );
    search.restore(Next::Start(first.clone())).unwrap();
    assert_eq!(
        search.give(first.candidate),
        Err(Error::Duplicate { id: 0 })
    );
}
