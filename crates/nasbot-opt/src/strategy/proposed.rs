//! What is taken of proposals by strategies that have no model to compare them by.

use super::{Choice, View};
use crate::proposals::waiting;
use crate::{Error, Origin, Space, Strategy};

/// The next one for a strategy that has no model: at every second suggestion, the first that may be suggested.
pub(crate) fn next<S: Space>(view: &View<'_, S>) -> Result<Option<Choice<S::Candidate>>, Error> {
    let is_turn = view.history.evaluations().len() % 2 == 1;
    if view.config.strategy == Strategy::Nasbot || !is_turn {
        return Ok(None);
    }
    let origin = Origin::Proposed {
        value: None,
        mean: None,
        std: None,
    };
    for (candidate, _) in waiting(view.proposals, view.history) {
        let choice = view.fresh(candidate.clone(), origin)?;
        if choice.is_some() {
            return Ok(choice);
        }
    }
    Ok(None)
}
