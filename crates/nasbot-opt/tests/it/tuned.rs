//! Hyper-parameters that are searched together with a candidate.

use nasbot_opt::{
    Error, Evaluator as _, Outcome, Parameter, Search, SearchConfig, Setting, Setup, Space, Tuned,
};

use crate::toy::{Agreement, Word, Words, name, settings};

fn parameters() -> Vec<Parameter> {
    vec![
        Parameter::Range {
            low: 1e-4,
            high: 1.0,
            log: true,
            whole: false,
        },
        Parameter::Named { count: 3 },
    ]
}

fn usual() -> Setting {
    Setting(vec![0.1, 0.0])
}

/// What the word is worth, less what the setting is off: the best rate falls with the word's length.
fn value(setup: &Setup<Word>) -> f64 {
    let rate = -2.0 - 0.1 * setup.candidate.len() as f64;
    let off = (setup.setting.0[0].log10() - rate).abs();
    let named = if setup.setting.0[1] > 1.5 { 0.0 } else { 1.0 };
    Agreement.evaluate(&setup.candidate, 0).score().unwrap() - off - named
}

/// The best value after so many evaluations.
fn best<S: Space>(
    space: S,
    config: SearchConfig,
    evaluations: usize,
    value: impl Fn(&S::Candidate) -> f64,
) -> f64 {
    let mut search = Search::new(space, config.validated().unwrap()).unwrap();
    for _ in 0..evaluations {
        let suggestion = search.suggest().unwrap();
        let score = value(&suggestion.candidate);
        search.tell(suggestion.id, Outcome::scored(score)).unwrap();
    }
    search.best().and_then(|e| e.score()).unwrap()
}

#[test]
fn without_hyper_parameters_it_is_the_space_itself() {
    for config in settings(4) {
        let title = name(&config);
        let config = config.validated().unwrap();
        let mut plain = Search::new(Words::new(7), config.clone()).unwrap();
        let mut tuned = Search::new(Tuned::plain(Words::new(7)), config).unwrap();
        for _ in 0..40 {
            let (a, b) = (plain.suggest().unwrap(), tuned.suggest().unwrap());
            assert_eq!(
                (&a.candidate, a.seed, a.origin),
                (&b.candidate.candidate, b.seed, b.origin),
                "{title}"
            );
            let outcome = Agreement.evaluate(&a.candidate, 0);
            plain.tell(a.id, outcome).unwrap();
            tuned.tell(b.id, outcome).unwrap();
        }
    }
}

#[test]
fn settings_that_suit_each_word_are_found() {
    let seeds = 1..=8;
    let mean = |f: &dyn Fn(SearchConfig) -> f64| {
        let values = seeds.clone().map(|seed| {
            f(SearchConfig {
                seed,
                samples: 3,
                ..SearchConfig::default()
            })
        });
        values.sum::<f64>() / seeds.clone().count() as f64
    };
    let tuned = mean(&|config| {
        let space = Tuned::new(Words::new(7), parameters(), usual()).unwrap();
        best(space, config, 60, value)
    });
    let fixed = mean(&|config| {
        let with = |word: &Word| Setup {
            candidate: word.clone(),
            setting: usual(),
        };
        best(Words::new(7), config, 60, |word| value(&with(word)))
    });
    // The fixed setting lacks 2.1 at least.
    assert!(tuned > fixed + 0.8, "{tuned} tuned, {fixed} fixed");
    let random = mean(&|config| {
        let space = Tuned::new(Words::new(7), parameters(), usual()).unwrap();
        let config = SearchConfig {
            strategy: nasbot_opt::Strategy::Random,
            ..config
        };
        best(space, config, 60, value)
    });
    assert!(
        tuned > random + 0.8,
        "{tuned} by the model, {random} at random"
    );
}

#[test]
fn every_strategy_keeps_to_the_settings_and_repeats_none() {
    for config in settings(9) {
        let space = Tuned::new(Words::new(5), parameters(), usual()).unwrap();
        let mut search = Search::new(space, config.validated().unwrap()).unwrap();
        let mut seen = std::collections::BTreeSet::new();
        for step in 0..50 {
            let suggestion = search.suggest().unwrap();
            assert!(search.space().allows(&suggestion.candidate));
            assert!(seen.insert(search.space().hash(&suggestion.candidate)));
            if step == 0 {
                assert_eq!(suggestion.candidate.setting, usual());
            }
            let score = value(&suggestion.candidate);
            search.tell(suggestion.id, Outcome::scored(score)).unwrap();
        }
    }
}

#[test]
fn wrong_hyper_parameters_are_refused() {
    let refused = |parameters, setting| {
        let error = Tuned::new(Words::new(5), parameters, Setting(setting))
            .err()
            .unwrap();
        assert!(matches!(error, Error::Space { .. }), "{error}");
        error.to_string()
    };
    assert!(refused(vec![Parameter::Named { count: 1 }], vec![0.0]).contains("nothing to choose"));
    assert!(refused(parameters(), vec![2.0, 0.0]).contains("usual setting"));
    assert!(refused(parameters(), vec![0.1]).contains("usual setting"));
    let space = Tuned::new(Words::new(5), parameters(), usual()).unwrap();
    let mut search = Search::new(space, SearchConfig::default().validated().unwrap()).unwrap();
    let wrong = Setup {
        candidate: vec![1, 2],
        setting: Setting(vec![0.1]),
    };
    assert!(matches!(search.give(wrong), Err(Error::Candidate { .. })));
}
