//! The strategies: each chooses the next candidate as a pure function of the history and a random
//! stream.

mod random;

use rand_pcg::Pcg64;

use crate::history::History;
use crate::{Error, Origin, Space, Strategy, ValidConfig};

/// What a strategy may look at.
pub(crate) struct View<'a, S: Space> {
    pub(crate) space: &'a S,
    pub(crate) config: &'a ValidConfig,
    pub(crate) history: &'a History<S::Candidate>,
}

/// What a strategy chose.
pub(crate) struct Choice<C> {
    pub(crate) candidate: C,
    pub(crate) hash: u128,
    pub(crate) origin: Origin,
}

/// Lets the configured strategy choose a candidate that the history does not hold.
pub(crate) fn choose<S: Space>(
    view: &View<'_, S>,
    rng: &mut Pcg64,
) -> Result<Choice<S::Candidate>, Error> {
    match view.config.strategy {
        Strategy::Nasbot | Strategy::Evolution | Strategy::Random => random::choose(view, rng),
    }
}
