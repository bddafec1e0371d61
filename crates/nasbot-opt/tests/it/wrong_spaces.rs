//! Spaces that do not keep to what a search asks of them: said at their first candidates, not in the middle of a search.

use std::cell::Cell;

use nasbot_opt::{Counts, Distance, Error, Outcome, Scores, Search, SearchConfig, Space};
use rand::{Rng, RngExt as _};

use crate::toy::{Edits, Word, Words};

/// What is wrong.
#[derive(Clone, Copy)]
enum Fault {
    Empty,
    NoDistance,
    Infinite,
    Negative,
    Itself,
    Asymmetric,
    Unfilled,
    Point,
    Hash,
    Constant,
    Counts,
    LaterCounts,
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
            Fault::Constant => 7,
            _ => self.words.hash(word),
        }
    }

    /// Of the initial words all have two letters at most.
    fn point(&self, word: &Word) -> Result<Word, Error> {
        match self.fault {
            Fault::Point if word.len() > 2 => {
                let reason = "it is too long".to_owned();
                Err(Error::Candidate { reason })
            }
            _ => self.words.point(word),
        }
    }

    fn num_distances(&self) -> usize {
        match self.fault {
            Fault::NoDistance => 0,
            _ => self.words.num_distances(),
        }
    }

    fn distances(&self, from: &Word, to: &[&Word], out: &mut [Distance]) -> Result<(), Error> {
        if matches!(self.fault, Fault::Unfilled) {
            return self.words.distances(from, &to[1..], &mut out[1..]);
        }
        self.words.distances(from, to, out)?;
        for (to, distance) in to.iter().zip(out) {
            match self.fault {
                Fault::Infinite => distance.normalised = 1.0 / (2.0 - distance.raw).floor(),
                Fault::Negative => distance.raw -= 1.0,
                Fault::Itself => distance.raw += 0.5,
                Fault::Asymmetric if from.len() > to.len() => distance.normalised *= 2.0,
                _ => {}
            }
        }
        Ok(())
    }

    fn counts(&self, word: &Word) -> Vec<Counts> {
        match self.fault {
            Fault::Counts => vec![Counts::default(); word.len()],
            Fault::LaterCounts => vec![Counts::default(); 1 + word.len() / 3],
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
        (
            Fault::Infinite,
            "the normalised distance 0 from initial candidate 0 to",
        ),
        (
            Fault::Negative,
            "the raw distance 0 from initial candidate 0 to initial candidate 0 is -1: distances must put",
        ),
        (
            Fault::Itself,
            "the raw distance 0 from initial candidate 0 to itself is 0.5: it must be 0",
        ),
        (
            Fault::Asymmetric,
            "the normalised distance 0 from initial candidate 0 to initial candidate 1 is",
        ),
        (Fault::Unfilled, "is NaN: distances must put"),
        (
            Fault::Point,
            "gave has no point: a candidate does not belong to the space: it is too long",
        ),
        (Fault::Hash, "its hash of initial candidate 0 differs"),
        (
            Fault::Constant,
            "its hash is the same for initial candidate 0 and",
        ),
        (
            Fault::LaterCounts,
            "has 2 counts and initial candidate 0 has 1",
        ),
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

/// A space of three words that are given, of which further ones cannot be drawn.
struct Given;

impl Space for Given {
    type Candidate = u8;
    type Point = u8;

    fn initial<R: Rng + ?Sized>(&self, _: &mut R) -> Vec<u8> {
        vec![1, 2, 4]
    }

    fn mutate<R: Rng + ?Sized>(&self, _: &u8, _: &mut R) -> Option<u8> {
        None
    }

    fn sample<R: Rng + ?Sized>(&self, _: &mut R) -> Option<u8> {
        None
    }

    fn hash(&self, number: &u8) -> u128 {
        (*number).into()
    }

    fn point(&self, number: &u8) -> Result<u8, Error> {
        Ok(*number)
    }

    fn num_distances(&self) -> usize {
        1
    }

    fn distances(&self, from: &u8, to: &[&u8], out: &mut [Distance]) -> Result<(), Error> {
        for (to, out) in to.iter().zip(out) {
            let raw = f64::from(from.abs_diff(**to));
            *out = Distance {
                raw,
                normalised: raw,
            };
        }
        Ok(())
    }
}

#[test]
fn the_end_of_a_space_names_the_method_that_gives_nothing() {
    let config = || SearchConfig::default().validated().unwrap();
    let mut search = Search::new(Given, config()).unwrap();
    for _ in 0..3 {
        let suggestion = search.suggest().unwrap();
        let score = Outcome::scored(suggestion.candidate.into());
        search.tell(suggestion.id, score).unwrap();
    }
    let said = search.suggest().unwrap_err().to_string();
    assert!(
        said.contains("after 3 suggestions: `sample` of the space gave none"),
        "{said}"
    );
    // Words of up to two letters are few.
    let mut search = Search::new(Edits(Words::new(2)), config()).unwrap();
    let said = loop {
        match search.suggest() {
            Ok(suggestion) => search.tell(suggestion.id, Outcome::scored(0.0)).unwrap(),
            Err(error) => break error.to_string(),
        }
    };
    assert!(
        said.contains("the `hash` of an earlier suggestion"),
        "{said}"
    );
}

/// Words that have one more count from the fifth letter on, which none has that is looked at before a search.
struct Late(Words);

impl Space for Late {
    type Candidate = Word;
    type Point = <Words as Space>::Point;

    fn initial<R: Rng + ?Sized>(&self, rng: &mut R) -> Vec<Word> {
        self.0.initial(rng)
    }

    fn mutate<R: Rng + ?Sized>(&self, parent: &Word, rng: &mut R) -> Option<Word> {
        self.0.mutate(parent, rng)
    }

    fn sample<R: Rng + ?Sized>(&self, rng: &mut R) -> Option<Word> {
        Some((0..4).map(|_| rng.random_range(0..4)).collect())
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
        vec![Counts::default(); 1 + word.len() / 5]
    }
}

#[test]
fn counts_whose_number_changes_later_are_an_error_and_no_panic() {
    let config = SearchConfig::default().validated().unwrap();
    let mut search = Search::new(Late(Words::new(9)), config).unwrap();
    let said = loop {
        match search.suggest() {
            // Long words are best.
            Ok(suggestion) => {
                let score = suggestion.candidate.len() as f64;
                search.tell(suggestion.id, Outcome::scored(score)).unwrap();
            }
            Err(error) => break error.to_string(),
        }
        assert!(search.evaluations().len() < 60, "it was not noticed");
    };
    assert!(
        said.contains("has 2 counts and initial candidate 0 has 1"),
        "{said}"
    );
}
