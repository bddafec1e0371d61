//! Earlier studies: what other searches of the same kind of candidates found.

use std::collections::HashSet;

use crate::{Aims, Error, Origin, Space, limits};

/// Candidates that are taken over as the first ones, at least one of each study.
const STARTS: usize = 4;

/// Evaluations of all studies together that the model learns from, …
const LEARNT: usize = 160;

/// … and of each of them at least.
const LEAST: usize = 30;

/// What an earlier search found: on other data, within other bounds, by another metric.
///
/// Only the order of its scores matters. Its candidates are compared with those of the search, and so they must be points of the
/// search's space, see [`Space::point`]; they need not keep to its bounds.
#[derive(Clone, Debug)]
pub struct EarlierStudy<C> {
    /// Candidates with their scores, of which more is better.
    pub evaluations: Vec<(C, f64)>,
}

impl<C: Clone> EarlierStudy<C> {
    /// All of them, best first.
    fn ranked(&self) -> Vec<&(C, f64)> {
        let mut order: Vec<&(C, f64)> = self.evaluations.iter().collect();
        order.sort_by(|a, b| b.1.total_cmp(&a.1));
        order
    }

    /// The best `most` of those that are allowed, best first.
    fn best<S: Space<Candidate = C>>(&self, space: &S, aims: &Aims, most: usize) -> Vec<(C, u128)> {
        let mut seen = HashSet::new();
        let mut best = Vec::new();
        for (candidate, _) in self.ranked() {
            if best.len() == most {
                break;
            }
            let is_allowed =
                || space.allows(candidate) && limits::excess(space, aims, candidate) <= 0.0;
            let hash = space.hash(candidate);
            if seen.insert(hash) && is_allowed() {
                best.push((candidate.clone(), hash));
            }
        }
        best
    }

    /// As much of it as a search learns from.
    #[must_use]
    pub fn thinned(self) -> Self {
        let evaluations = self.learnt(LEARNT).into_iter().cloned().collect();
        Self { evaluations }
    }

    /// The evaluations to learn from, at most `most`: the better half of them are the best, the rest are spread evenly over the others.
    pub(crate) fn learnt(&self, most: usize) -> Vec<&(C, f64)> {
        let order = self.ranked();
        if order.len() <= most {
            return order;
        }
        let (best, others) = order.split_at(most / 2);
        let count = most - best.len();
        let spread = (0..count).map(|k| others[(k * others.len()) / count]);
        best.iter().copied().chain(spread).collect()
    }
}

/// A candidate that is evaluated before the strategy chooses one.
pub(crate) struct First<C> {
    pub(crate) candidate: C,
    pub(crate) hash: u128,
    pub(crate) origin: Origin,
}

/// How many evaluations of each of so many studies the model learns from.
pub(crate) fn share(studies: usize) -> usize {
    (LEARNT / studies.max(1)).max(LEAST)
}

/// The first candidates, with their hashes: the best of each study in turn, that of the first study first. None is there twice.
pub(crate) fn starts<S: Space>(
    space: &S,
    aims: &Aims,
    studies: &[EarlierStudy<S::Candidate>],
) -> Vec<(S::Candidate, u128)> {
    let most = STARTS.max(studies.len());
    let best: Vec<_> = studies.iter().map(|s| s.best(space, aims, most)).collect();
    let mut starts: Vec<(S::Candidate, u128)> = Vec::new();
    for place in 0..most {
        for (candidate, hash) in best.iter().filter_map(|best| best.get(place)) {
            if starts.len() < most && starts.iter().all(|(_, known)| known != hash) {
                starts.push((candidate.clone(), *hash));
            }
        }
    }
    starts
}

/// What is wrong with studies, if anything.
pub(crate) fn check<C>(studies: &[EarlierStudy<C>]) -> Result<(), Error> {
    for (number, study) in studies.iter().enumerate() {
        let wrong = |problem| Err(Error::Earlier { number, problem });
        if study.evaluations.is_empty() {
            return wrong("it has no score".to_owned());
        }
        if let Some((_, score)) = study.evaluations.iter().find(|e| !e.1.is_finite()) {
            return wrong(format!("a score is {score}: leave out what failed"));
        }
    }
    Ok(())
}
