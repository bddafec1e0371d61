//! Several objectives, and bounds on figures.

use nasbot_opt::{
    Aims, Constraint, Error, Figure, Goal, Next, Objective, Outcome, Scores, Search, SearchConfig,
    Space, Strategy, pareto,
};
use rand::{Rng, RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64;

use crate::toy::{Agreement, Word, Words};
use nasbot_opt::{Counts, Distance, Evaluator as _};

/// Words, of which the number of letters is known.
struct Lengths(Words);

impl Space for Lengths {
    type Candidate = Word;
    type Point = <Words as Space>::Point;

    fn initial<R: Rng + ?Sized>(&self, rng: &mut R) -> Vec<Word> {
        self.0.initial(rng)
    }

    fn mutate<R: Rng + ?Sized>(&self, parent: &Word, rng: &mut R) -> Option<Word> {
        self.0.mutate(parent, rng)
    }

    fn hash(&self, word: &Word) -> u128 {
        self.0.hash(word)
    }

    fn point(&self, word: &Word) -> Result<Self::Point, Error> {
        self.0.point(word)
    }

    fn num_distances(&self) -> usize {
        self.0.num_distances()
    }

    fn distances(
        &self,
        from: &Self::Point,
        to: &[&Self::Point],
        out: &mut [Distance],
    ) -> Result<(), Error> {
        self.0.distances(from, to, out)
    }

    fn counts(&self, word: &Word) -> Vec<Counts> {
        self.0.counts(word)
    }

    fn known(&self, word: &Word) -> Vec<f64> {
        vec![word.len() as f64]
    }
}

const SCORE: Objective = Objective {
    figure: Figure::Measured(0),
    goal: Goal::Maximise,
    reference: None,
};

const COST: Objective = Objective {
    figure: Figure::Measured(1),
    goal: Goal::Minimise,
    reference: None,
};

const LENGTH: Objective = Objective {
    figure: Figure::Known(0),
    goal: Goal::Minimise,
    reference: None,
};

fn at_most(figure: Figure, bound: f64) -> Constraint {
    Constraint {
        figure,
        goal: Goal::Minimise,
        bound,
    }
}

/// What a word costs: its letters have prices.
fn cost(word: &Word) -> f64 {
    let prices = [1.0, 2.5, 0.5, 3.0];
    word.iter().map(|&letter| prices[letter]).sum()
}

fn evaluate(word: &Word, aims: &Aims) -> Outcome {
    let score = Agreement.evaluate(word, 0).score().unwrap();
    let figures = [score, cost(word)];
    Outcome::Scored(Scores::several(&figures[..aims.measured()]).unwrap())
}

fn config(strategy: Strategy, seed: u64) -> SearchConfig {
    SearchConfig {
        seed,
        strategy,
        ..SearchConfig::default()
    }
}

fn search(aims: &Aims, config: SearchConfig) -> Search<Lengths> {
    let space = Lengths(Words::new(7));
    Search::with_aims(space, config.validated().unwrap(), aims.clone()).unwrap()
}

/// Searches with `workers` workers that finish in random order; returns what was asked.
fn drive(search: &mut Search<Lengths>, workers: usize, evaluations: usize) -> Vec<Word> {
    let mut rng = Pcg64::seed_from_u64(11);
    let (mut busy, mut asked) = (Vec::new(), Vec::new());
    while asked.len() < evaluations {
        while busy.len() < workers {
            let suggestion = search.suggest().unwrap();
            asked.push(suggestion.candidate.clone());
            busy.push(suggestion);
        }
        let suggestion = busy.swap_remove(rng.random_range(0..busy.len()));
        let outcome = evaluate(&suggestion.candidate, search.aims());
        search.tell(suggestion.id, outcome).unwrap();
    }
    asked
}

fn several() -> Vec<Aims> {
    let cost = Figure::Measured(1);
    [
        (vec![SCORE, COST], vec![]),
        (vec![SCORE, LENGTH], vec![]),
        (vec![SCORE, COST, LENGTH], vec![]),
        (vec![SCORE], vec![at_most(cost, 6.0)]),
        (vec![SCORE, COST], vec![at_most(Figure::Known(0), 4.0)]),
    ]
    .into_iter()
    .map(|(objectives, constraints)| Aims::new(objectives, constraints).unwrap())
    .collect()
}

#[test]
fn the_same_seed_and_order_give_the_same_suggestions_and_none_twice() {
    for aims in several() {
        for workers in [1, 4] {
            let run = |seed| {
                drive(
                    &mut search(&aims, config(Strategy::Nasbot, seed)),
                    workers,
                    30,
                )
            };
            let first = run(3);
            assert_eq!(first, run(3));
            assert_ne!(first, run(4));
            let space = Words::new(7);
            let mut hashes: Vec<u128> = first.iter().map(|word| space.hash(word)).collect();
            hashes.sort_unstable();
            hashes.dedup();
            assert_eq!(hashes.len(), first.len());
        }
    }
}

#[test]
fn a_search_that_is_rebuilt_from_its_record_goes_on_the_same() {
    for aims in several() {
        let mut first = search(&aims, config(Strategy::Nasbot, 5));
        let mut record = Vec::new();
        // Hyper-parameters are chosen at 22 scores and at 24.
        for _ in 0..23 {
            let suggestion = first.suggest().unwrap();
            let outcome = evaluate(&suggestion.candidate, &aims);
            first.tell(suggestion.id, outcome).unwrap();
            record.push((suggestion, outcome));
        }
        let fits = first.take_fits();
        assert!(
            fits.iter()
                .all(|fit| fit.further.len() + 1 == aims.measured())
        );
        let text = serde_json::to_string(&fits).unwrap();
        let mut again = search(&aims, config(Strategy::Nasbot, 5));
        again.restore_fits(serde_json::from_str::<Vec<nasbot_opt::Fit>>(&text).unwrap());
        for (suggestion, outcome) in record {
            let id = suggestion.id;
            again.restore(Next::Start(suggestion)).unwrap();
            again.tell(id, outcome).unwrap();
        }
        assert_eq!(again.suggest().unwrap(), first.suggest().unwrap());
        // No hyper-parameters are chosen anew; both record alike where a covariance was factored as a whole.
        let recorded = again.take_fits();
        assert_eq!(recorded, first.take_fits());
        let is_old =
            |fit: &nasbot_opt::Fit| fits.last().is_some_and(|last| fit.is_same_choice(last));
        assert!(
            recorded.iter().all(is_old),
            "hyper-parameters were chosen anew"
        );
    }
}

#[test]
fn the_front_is_better_than_that_of_random_words() {
    let aims = Aims::new(vec![SCORE, COST], Vec::new()).unwrap();
    let mean = |strategy| {
        let volume = |seed| {
            let mut search = search(&aims, config(strategy, seed));
            drive(&mut search, 1, 40);
            let front = search.front();
            let values: Vec<Vec<f64>> = front
                .iter()
                .map(|e| aims.values(&e.measured, &e.known).unwrap())
                .collect();
            // Nothing that was evaluated dominates a member.
            for e in search
                .evaluations()
                .iter()
                .filter(|e| !e.measured.is_empty())
            {
                let point = [e.measured[0], -e.measured[1]];
                assert!(
                    values
                        .iter()
                        .all(|v| !pareto::dominates(&point, &[v[0], -v[1]]))
                );
            }
            aims.hypervolume(&values, &[0.0, 21.0])
        };
        (0..8).map(volume).sum::<f64>() / 8.0
    };
    let (ours, random) = (mean(Strategy::Nasbot), mean(Strategy::Random));
    assert!(ours > 1.05 * random, "nasbot {ours}, random {random}");
    assert!(mean(Strategy::Evolution) > 0.0);
}

#[test]
fn a_bound_on_a_known_figure_is_never_broken() {
    for strategy in [Strategy::Nasbot, Strategy::Evolution, Strategy::Random] {
        // Of the initial words some are longer.
        let aims = Aims::new(vec![SCORE], vec![at_most(Figure::Known(0), 1.0)]).unwrap();
        let mut few = search(&aims, config(strategy, 1));
        assert!(drive(&mut few, 1, 4).iter().all(|word| word.len() == 1));
        assert!(matches!(few.suggest(), Err(Error::Exhausted { .. })));
        // None of the initial words is long enough.
        let at_least = Constraint {
            figure: Figure::Known(0),
            goal: Goal::Maximise,
            bound: 5.0,
        };
        let aims = Aims::new(vec![SCORE, COST], vec![at_least]).unwrap();
        let mut long = search(&aims, config(strategy, 1));
        assert!(drive(&mut long, 3, 30).iter().all(|word| word.len() >= 5));
    }
    let impossible = Aims::new(vec![SCORE], vec![at_most(Figure::Known(0), 0.5)]).unwrap();
    let space = Lengths(Words::new(7));
    let valid = SearchConfig::default().validated().unwrap();
    let refused = Search::with_aims(space, valid, impossible).err().unwrap();
    assert!(
        refused.to_string().contains("breaks them by 100 %"),
        "{refused}"
    );
}

#[test]
fn under_a_measured_bound_the_best_that_keeps_it_is_found() {
    let bound = 6.0;
    let aims = Aims::new(vec![SCORE], vec![at_most(Figure::Measured(1), bound)]).unwrap();
    let mean = |strategy| {
        let best = |seed| {
            let mut search = search(&aims, config(strategy, seed));
            drive(&mut search, 1, 40);
            let best = search.best().unwrap();
            assert!(best.measured[1] <= bound);
            best.measured[0]
        };
        (0..8).map(best).sum::<f64>() / 8.0
    };
    let (ours, random) = (mean(Strategy::Nasbot), mean(Strategy::Random));
    assert!(ours > random, "nasbot {ours}, random {random}");
}

#[test]
fn what_does_not_fit_the_aims_is_refused() {
    let aims = Aims::new(vec![SCORE, COST], Vec::new()).unwrap();
    let mut two = search(&aims, SearchConfig::default());
    let id = two.suggest().unwrap().id;
    let refused = two.tell(id, Outcome::scored(1.0));
    assert!(matches!(
        refused,
        Err(Error::Objectives {
            found: 1,
            expected: 2,
            ..
        })
    ));
    let infinite = Outcome::Scored(Scores::several(&[1.0, f64::INFINITY]).unwrap());
    assert!(matches!(
        two.tell(id, infinite),
        Err(Error::NotFinite { .. })
    ));
    let valid = |config: SearchConfig| config.validated().unwrap();
    for strategy in [Strategy::LocalSearch, Strategy::RegularisedEvolution] {
        let space = Lengths(Words::new(7));
        let refused = Search::with_aims(space, valid(config(strategy, 1)), aims.clone());
        assert!(matches!(refused.err(), Some(Error::Aims { .. })));
    }
    // Nothing is known of plain words.
    let known = Aims::new(vec![SCORE, LENGTH], Vec::new()).unwrap();
    let refused = Search::with_aims(Words::new(7), valid(SearchConfig::default()), known);
    assert!(matches!(refused.err(), Some(Error::Space { .. })));
}
