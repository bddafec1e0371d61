//! Random candidates of the space, whatever was learnt so far.

use rand_pcg::Pcg64;

use super::{Choice, View};
use crate::{Error, Origin, Space};

/// How many known candidates are drawn in a row before the space counts as exhausted.
const ATTEMPTS: usize = 2_000;

pub(crate) fn choose<S: Space>(
    view: &View<'_, S>,
    rng: &mut Pcg64,
) -> Result<Choice<S::Candidate>, Error> {
    for _ in 0..ATTEMPTS {
        let Some(candidate) = view.space.sample(rng) else {
            continue;
        };
        let hash = view.space.hash(&candidate);
        if !view.history.contains(hash) {
            return Ok(Choice {
                candidate,
                hash,
                origin: Origin::Random,
            });
        }
    }
    Err(Error::Exhausted {
        attempts: ATTEMPTS,
        suggested: view.history.evaluations().len(),
    })
}
