//! Spaces that do not keep to what a search asks of them: said at their first candidates, not in the middle of a search.

use std::cell::Cell;

use nasbot_opt::{Counts, Distance, Error, Outcome, Scores, Search, SearchConfig, Space};
use rand::Rng;

use crate::toy::{Edits, Word, Words};

/// What is wrong.
#[derive(Clone, Copy)]
enum Fault {
    Empty,
    NoDistance,
    Infinite,
    Negative,
    Hash,
    Counts,
    Sizes,
    Size,
}

/// A good space with one fault.
struct Wrong {
    fault: Fault,
    words: Edits,
}

thread_local! {
    static CALLS: Cell<u128> = const { Cell::new(0) };
}

impl Space for Wrong {
    type Candidate = Word;
    type Point = Word;

    fn initial<R: Rng + ?Sized>(&self, rng: &mut R) -> Vec<Word> {
        match self.fault {
            Fault::Empty => Vec::new(),
            _ => self.words.initial(rng),
        }
    }

    fn mutate<R: Rng + ?Sized>(&self, parent: &Word, rng: &mut R) -> Option<Word> {
        self.words.mutate(parent, rng)
    }

    fn hash(&self, word: &Word) -> u128 {
        match self.fault {
            Fault::Hash => CALLS.with(|calls| {
                calls.set(calls.get() + 1);
                calls.get()
            }),
            _ => self.words.hash(word),
        }
    }

    fn point(&self, word: &Word) -> Result<Word, Error> {
        self.words.point(word)
    }

    fn num_distances(&self) -> usize {
        match self.fault {
            Fault::NoDistance => 0,
            _ => self.words.num_distances(),
        }
    }

    fn distances(&self, from: &Word, to: &[&Word], out: &mut [Distance]) -> Result<(), Error> {
        self.words.distances(from, to, out)?;
        for distance in out {
            match self.fault {
                Fault::Infinite => distance.normalised = 1.0 / (distance.raw - 1.0).floor(),
                Fault::Negative => distance.raw -= 1.0,
                _ => {}
            }
        }
        Ok(())
    }

    fn counts(&self, word: &Word) -> Vec<Counts> {
        match self.fault {
            Fault::Counts => vec![Counts::default(); word.len()],
            _ => self.words.counts(word),
        }
    }

    fn sizes(&self, word: &Word) -> Vec<f64> {
        match self.fault {
            Fault::Sizes => vec![1.0; word.len()],
            Fault::Size => vec![word.len() as f64 - 2.0],
            _ => self.words.sizes(word),
        }
    }
}

#[test]
fn a_wrong_space_is_refused_before_a_search() {
    let says = |fault| {
        let words = Edits(Words::new(5));
        let config = SearchConfig::default().validated().unwrap();
        match Search::new(Wrong { fault, words }, config) {
            Ok(_) => panic!("a wrong space was taken"),
            Err(error) => error.to_string(),
        }
    };
    assert!(says(Fault::Empty).contains("no initial candidate"));
    for (fault, problem) in [
        (Fault::NoDistance, "it has no distance function"),
        (Fault::Infinite, "it must be finite and not negative"),
        (
            Fault::Negative,
            "distance 0 from initial candidate 0 to 0 is -1",
        ),
        (Fault::Hash, "its hash of a candidate differs"),
        (
            Fault::Counts,
            "initial candidate 1 has 2 counts and initial candidate 0 has 1",
        ),
        (
            Fault::Sizes,
            "initial candidate 1 has 2 sizes and initial candidate 0 has 1",
        ),
        (
            Fault::Size,
            "a size of initial candidate 0 is -1: it must be finite and positive",
        ),
    ] {
        let said = says(fault);
        assert!(
            said.starts_with("the space is wrong: ") && said.contains(problem),
            "{said}"
        );
    }
}

#[test]
fn a_candidate_of_another_space_is_not_taken() {
    let config = SearchConfig::default().validated().unwrap();
    let mut search = Search::new(Edits(Words::new(3)), config).unwrap();
    let error = search.give(vec![0; 4]).unwrap_err();
    assert!(matches!(error, Error::Candidate { .. }), "{error}");
    assert_eq!(search.evaluations().len(), 0);
}

#[test]
fn an_outcome_has_a_score_for_each_objective() {
    let config = SearchConfig::default().validated().unwrap();
    let mut search = Search::new(Words::new(3), config).unwrap();
    let id = search.suggest().unwrap().id;
    let two = Outcome::Scored(Scores::several(&[1.0, 2.0]).unwrap());
    let error = search.tell(id, two).unwrap_err();
    assert!(
        matches!(
            error,
            Error::Objectives {
                found: 2,
                expected: 1,
                ..
            }
        ),
        "{error}"
    );
    search.tell(id, Outcome::scored(1.0)).unwrap();
}
