//! The strategies: each chooses the next candidate as a pure function of the history and a random
//! stream.

mod evolution;
mod local_search;
mod nasbot;
mod proposed;
mod random;
mod regularised;

use rand_pcg::Pcg64;

use crate::feasibility::Feasibility;
use crate::history::History;
use crate::limits;
use crate::model::Model;
use crate::proposals::Waiting;
use crate::{Error, Origin, Space, Strategy, ValidConfig};

/// What a strategy may look at.
pub(crate) struct View<'a, S: Space> {
    pub(crate) space: &'a S,
    pub(crate) config: &'a ValidConfig,
    pub(crate) history: &'a History<S::Candidate>,
    /// Those that were proposed from outside; the history may hold some by now.
    pub(crate) proposals: &'a [Waiting<S::Candidate>],
    /// What failures teach; `None` while there is none.
    pub(crate) feasibility: Option<Feasibility<S::Point>>,
}

/// What a strategy chose.
pub(crate) struct Choice<C> {
    pub(crate) candidate: C,
    pub(crate) hash: u128,
    pub(crate) origin: Origin,
}

impl<S: Space> View<'_, S> {
    /// 1 for a candidate that is likely to be possible; the less, the less likely it is. Below 0 for one that breaks a bound on what is
    /// known of it, which is not to be suggested.
    fn rank(&self, candidate: &S::Candidate) -> Result<f64, Error> {
        let excess = limits::excess(self.space, self.history.aims(), candidate);
        if excess > 0.0 {
            return Ok(-excess);
        }
        match &self.feasibility {
            Some(feasibility) => feasibility.rank(self.space, candidate),
            None => Ok(1.0),
        }
    }

    /// `candidate` as a choice, unless the history holds it already or it is likely to be impossible.
    fn fresh(
        &self,
        candidate: S::Candidate,
        origin: Origin,
    ) -> Result<Option<Choice<S::Candidate>>, Error> {
        let hash = self.space.hash(&candidate);
        if self.history.contains(hash) || self.rank(&candidate)? < 1.0 {
            return Ok(None);
        }
        Ok(Some(Choice {
            candidate,
            hash,
            origin,
        }))
    }
}

/// Lets the configured strategy choose a candidate that the history does not hold.
///
/// A strategy that finds none (it has no scores yet, or nothing new around its parents) leaves the
/// choice to chance.
pub(crate) fn choose<S: Space>(
    view: &View<'_, S>,
    model: Option<&Model<S::Point>>,
    rng: &mut Pcg64,
) -> Result<Choice<S::Candidate>, Error> {
    if let Some(choice) = proposed::next(view)? {
        return Ok(choice);
    }
    let chosen = match view.config.strategy {
        Strategy::Evolution => evolution::choose(view, rng)?,
        Strategy::RegularisedEvolution => regularised::choose(view, rng)?,
        Strategy::LocalSearch => local_search::choose(view, rng)?,
        Strategy::Nasbot => match model {
            Some(model) => nasbot::choose(view, model, rng)?,
            None => None,
        },
        Strategy::Random => None,
    };
    match chosen {
        Some(choice) => Ok(choice),
        None => random::choose(view, rng),
    }
}
