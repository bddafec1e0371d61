//! What is wrong with a space, as far as its first candidates show it: said before anything is evaluated.

use std::error::Error as _;

use crate::stream::{self, Purpose};
use crate::{Distance, Error, Space};

/// How many mutations of an initial candidate, each of the one before, are looked at besides the initial ones, …
const MUTATIONS: usize = 6;

/// … and how many candidates of [`Space::sample`].
const SAMPLES: usize = 4;

/// How far from what it should be a distance may be, relative to itself: more than rounding, and less than a mistake.
const ROUNDING: f64 = 1e-6;

/// Looks at the initial candidates, and at some that mutations and random draws lead to. `known` is how many numbers must be known of
/// a candidate.
pub(crate) fn check<S: Space>(
    space: &S,
    initial: &[S::Candidate],
    known: usize,
    seed: u64,
) -> Result<(), Error> {
    let Some(first) = initial.first() else {
        return Err(Error::EmptySpace);
    };
    let mut inspector = Inspector::new(space, first, known)?;
    for (place, candidate) in initial.iter().enumerate().skip(1) {
        inspector.look(candidate, || format!("initial candidate {place}"))?;
    }
    let mut rng = stream::stream(seed, Purpose::Initial, 2);
    let mut parent = first.clone();
    for _ in 0..MUTATIONS {
        if let Some(child) = space.mutate(&parent, &mut rng) {
            inspector.look(&child, || "a candidate that mutate gave".into())?;
            parent = child;
        }
    }
    for _ in 0..SAMPLES {
        if let Some(drawn) = space.sample(&mut rng) {
            inspector.look(&drawn, || "a candidate that sample gave".into())?;
        }
    }
    inspector.finish()
}

fn wrong(problem: String) -> Error {
    Error::Space { problem }
}

/// The first candidate, with which all others are compared.
struct Inspector<'a, S: Space> {
    space: &'a S,
    hash: u128,
    point: S::Point,
    counts: usize,
    sizes: usize,
    known: usize,
    depth: usize,
    /// Candidates that are apart from the first, and those of them that have its hash.
    apart: usize,
    merged: usize,
}

impl<'a, S: Space> Inspector<'a, S> {
    fn new(space: &'a S, first: &S::Candidate, known: usize) -> Result<Self, Error> {
        let depth = space.num_distances();
        if depth == 0 {
            return Err(wrong(
                "it has no distance function: num_distances must be at least 1".into(),
            ));
        }
        let mut inspector = Self {
            space,
            hash: space.hash(first),
            point: point(space, first, "initial candidate 0")?,
            counts: space.counts(first).len(),
            sizes: space.sizes(first).len(),
            known,
            depth,
            apart: 0,
            merged: 0,
        };
        inspector.look(first, || "initial candidate 0".into())?;
        Ok(inspector)
    }

    fn look(&mut self, candidate: &S::Candidate, name: impl Fn() -> String) -> Result<(), Error> {
        let hash = self.space.hash(candidate);
        if hash != self.space.hash(&candidate.clone()) {
            return Err(wrong(format!(
                "its hash of {} differs from that of its copy: hash must follow from the candidate alone",
                name()
            )));
        }
        self.look_at_numbers(candidate, &name)?;
        if self.look_at_distances(candidate, &name)? {
            self.apart += 1;
            self.merged += usize::from(hash == self.hash);
        }
        Ok(())
    }

    fn look_at_numbers(
        &self,
        candidate: &S::Candidate,
        name: &impl Fn() -> String,
    ) -> Result<(), Error> {
        let other = |what: &str, found: usize, first: usize| {
            Err(wrong(format!(
                "{} has {found} {what} and initial candidate 0 has {first}: the number must be the same for all",
                name()
            )))
        };
        let counts = self.space.counts(candidate).len();
        if counts != self.counts {
            return other("counts", counts, self.counts);
        }
        let sizes = self.space.sizes(candidate);
        if sizes.len() != self.sizes {
            return other("sizes", sizes.len(), self.sizes);
        }
        let is_size = |size: &&f64| size.is_finite() && **size > 0.0;
        if let Some(size) = sizes.iter().find(|size| !is_size(size)) {
            return Err(wrong(format!(
                "a size of {} is {size}: it must be finite and positive",
                name()
            )));
        }
        let known = self.space.known(candidate);
        if known.len() < self.known {
            return Err(wrong(format!(
                "{} numbers are known of {}, but objectives and constraints need {}",
                known.len(),
                name(),
                self.known
            )));
        }
        match known.iter().find(|number| !number.is_finite()) {
            None => Ok(()),
            Some(number) => Err(wrong(format!(
                "a number that is known of {} is {number}: it must be finite",
                name()
            ))),
        }
    }

    /// Compares a candidate with the first one and with itself. Whether it is apart from the first one.
    fn look_at_distances(
        &self,
        candidate: &S::Candidate,
        name: &impl Fn() -> String,
    ) -> Result<bool, Error> {
        let other = point(self.space, candidate, &name())?;
        let (first, other) = (&self.point, &other);
        let there = self.distances(first, &[other, first])?;
        let back = self.distances(other, &[first, other])?;
        let mut is_apart = false;
        for k in 0..self.depth {
            let (to, from) = (there[k], back[k]);
            let (own, itself) = (there[self.depth + k], back[self.depth + k]);
            for (to, from, own, itself, what) in [
                (to.raw, from.raw, own.raw, itself.raw, "raw"),
                (
                    to.normalised,
                    from.normalised,
                    own.normalised,
                    itself.normalised,
                    "normalised",
                ),
            ] {
                let which = format!("the {what} distance {k}");
                let name = name();
                if let Some(value) = [to, from]
                    .into_iter()
                    .find(|d| !(d.is_finite() && *d >= 0.0))
                {
                    return Err(wrong(format!(
                        "{which} from initial candidate 0 to {name} is {value}: distances must put a finite number that is not \
                         negative in each place of `out`"
                    )));
                }
                for (of, value) in [("initial candidate 0", own), (name.as_str(), itself)] {
                    if value.is_nan() || value.abs() > ROUNDING {
                        return Err(wrong(format!(
                            "{which} from {of} to itself is {value}: it must be 0"
                        )));
                    }
                }
                if (to - from).abs() > ROUNDING * to.max(from).max(1.0) {
                    return Err(wrong(format!(
                        "{which} from initial candidate 0 to {name} is {to}, and the other way round {from}: distances must be \
                         the same both ways"
                    )));
                }
                is_apart |= to > ROUNDING;
            }
        }
        Ok(is_apart)
    }

    /// Places that are left alone are not numbers.
    fn distances(&self, from: &S::Point, to: &[&S::Point]) -> Result<Vec<Distance>, Error> {
        let nothing = Distance {
            raw: f64::NAN,
            normalised: f64::NAN,
        };
        let mut out = vec![nothing; to.len() * self.depth];
        self.space.distances(from, to, &mut out)?;
        Ok(out)
    }

    fn finish(self) -> Result<(), Error> {
        if self.apart > 1 && self.merged == self.apart {
            return Err(wrong(format!(
                "its hash is the same for initial candidate 0 and {} others that are apart from it: no further one would ever \
                 be evaluated; hash must differ where candidates do",
                self.merged
            )));
        }
        Ok(())
    }
}

fn point<S: Space>(space: &S, candidate: &S::Candidate, name: &str) -> Result<S::Point, Error> {
    space.point(candidate).map_err(|error| {
        let mut said = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            said = format!("{said}: {cause}");
            source = cause.source();
        }
        wrong(format!("{name} has no point: {said}"))
    })
}
