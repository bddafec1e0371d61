//! Regularised ("ageing") evolution: Real, Aggarwal, Huang and Le, *Regularized Evolution for Image
//! Classifier Architecture Search*, AAAI 2019.
//!
//! The population is the latest [`POPULATION`] scored candidates; the best of [`TOURNAMENT`] drawn
//! from it with replacement is mutated. Until the population is full, candidates are random.

use rand::RngExt as _;
use rand_pcg::Pcg64;

use super::{Choice, View};
use crate::{Error, Origin, Space};

/// Candidates alive at any time.
const POPULATION: usize = 30;

/// Candidates that compete to become the parent.
const TOURNAMENT: usize = 10;

/// How many mutations are tried before the choice is left to chance.
const ATTEMPTS: usize = 200;

pub(crate) fn choose<S: Space>(
    view: &View<'_, S>,
    rng: &mut Pcg64,
) -> Result<Option<Choice<S::Candidate>>, Error> {
    let scored = view.history.scored();
    let Some(oldest) = scored.len().checked_sub(POPULATION) else {
        return Ok(None);
    };
    let alive: Vec<_> = scored.skip(oldest).collect();
    for _ in 0..ATTEMPTS {
        let (mut parent, mut top) = alive[rng.random_range(0..POPULATION)];
        for _ in 1..TOURNAMENT {
            let (rival, score) = alive[rng.random_range(0..POPULATION)];
            if score > top {
                (parent, top) = (rival, score);
            }
        }
        let parent = &parent.suggestion;
        if let Some(child) = view.space.mutate(&parent.candidate, rng) {
            let choice = view.fresh(child, Origin::Mutation { parent: parent.id })?;
            if choice.is_some() {
                return Ok(choice);
            }
        }
    }
    Ok(None)
}
