//! Random candidates of the space, whatever was learnt so far of scores.

use rand_pcg::Pcg64;

use super::{Choice, View};
use crate::{Error, Origin, Space};

/// How many known candidates are drawn in a row before the space counts as exhausted.
const ATTEMPTS: usize = 2_000;

/// How many candidates that are likely to be impossible are drawn before the most likely of them is taken.
const UNLIKELY: usize = 100;

pub(crate) fn choose<S: Space>(
    view: &View<'_, S>,
    rng: &mut Pcg64,
) -> Result<Choice<S::Candidate>, Error> {
    let mut best: Option<(f64, Choice<S::Candidate>)> = None;
    let (mut unlikely, mut none, mut known) = (0, 0, 0);
    for _ in 0..ATTEMPTS {
        let Some(candidate) = view.space.sample(rng) else {
            none += 1;
            continue;
        };
        let hash = view.space.hash(&candidate);
        if view.history.contains(hash) {
            known += 1;
            continue;
        }
        let rank = view.rank(&candidate)?;
        if best.as_ref().is_none_or(|(top, _)| rank > *top) {
            let origin = Origin::Random;
            let choice = Choice {
                candidate,
                hash,
                origin,
            };
            best = Some((rank, choice));
        }
        unlikely += 1;
        let is_allowed = best.as_ref().is_some_and(|(top, _)| *top >= 0.0);
        if rank >= 1.0 || (unlikely >= UNLIKELY && is_allowed) {
            break;
        }
    }
    let exhausted = || Error::Exhausted {
        attempts: ATTEMPTS,
        none,
        known,
        suggested: view.history.evaluations().len(),
    };
    let allowed = best.filter(|(rank, _)| *rank >= 0.0);
    allowed.map(|(_, choice)| choice).ok_or_else(exhausted)
}
