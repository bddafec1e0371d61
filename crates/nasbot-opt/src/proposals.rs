//! Candidates that were proposed from outside: they wait until the strategy takes them, and cost nothing before.

use crate::history::History;
use crate::strategy::{Choice, View};
use crate::{Error, Origin, Search, Space, Strategy};

/// What became of candidates that were proposed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proposed {
    /// The places of those that wait now, in the list that was given.
    pub waiting: Vec<usize>,
    /// How many are evaluated, have been, or waited already.
    pub known: usize,
    /// How many do not belong to the space, by [`Space::allows`] or because they have no point there; they are not taken.
    pub outside: usize,
}

/// A candidate that waits, and its hash.
pub(crate) type Waiting<C> = (C, u128);

impl<S: Space> Search<S> {
    /// Proposes candidates: from a person, a file, a program. They wait, and nothing is evaluated that would not have been worth it.
    ///
    /// With the strategy `nasbot` they compete at each suggestion with the candidates that the strategy finds itself, by the acquisition
    /// function, once initial and random candidates have been evaluated. One that never wins is never evaluated. Other strategies have no model to compare by: while any waits, they take every second suggestion
    /// from these, in their order. [`Search::give`] evaluates a candidate whatever is thought of it.
    ///
    /// Each suggestion looks at all that wait, those that are known since then left out; with thousands it takes longer.
    /// What [`Search::ask`] answers depends on what was proposed before, so that a record has both in their order.
    ///
    /// ```
    /// use nasbot_opt::{Evaluator as _, NetworkSpace, Search, SearchConfig, Space as _, Synthetic};
    /// use nn_graph::{Bounds, Kind};
    /// # use nasbot_opt::rand::{SeedableRng as _, rngs::SmallRng};
    ///
    /// let bounds = Bounds { max_layers: Some(30), ..Bounds::default() }.checked()?;
    /// let space = NetworkSpace::new(Kind::MlpReg, bounds)?;
    /// # let mut rng = SmallRng::seed_from_u64(1);
    /// // Networks from anywhere.
    /// let networks: Vec<_> = (0..5).filter_map(|_| space.sample(&mut rng)).collect();
    /// let mut search = Search::new(space, SearchConfig::default().validated()?)?;
    /// let proposed = search.propose(networks);
    /// assert_eq!((proposed.waiting.len(), search.evaluations().len()), (5, 0));
    /// # Ok::<(), nasbot_opt::Error>(())
    /// ```
    pub fn propose(&mut self, candidates: impl IntoIterator<Item = S::Candidate>) -> Proposed {
        let mut new: Vec<Waiting<S::Candidate>> = Vec::new();
        let mut proposed = Proposed::default();
        for (place, candidate) in candidates.into_iter().enumerate() {
            if !self.space.allows(&candidate) || self.space.point(&candidate).is_err() {
                proposed.outside += 1;
                continue;
            }
            let hash = self.space.hash(&candidate);
            let mut waiting = self.proposals.iter().chain(&new);
            match self.history.contains(hash) || waiting.any(|&(_, other)| other == hash) {
                true => proposed.known += 1,
                false => {
                    new.push((candidate, hash));
                    proposed.waiting.push(place);
                }
            }
        }
        // What was evaluated meanwhile may only come again if it is withdrawn, and then from the strategy.
        self.proposals
            .retain(|&(_, hash)| !self.history.contains(hash));
        self.proposals.extend(new);
        proposed
    }

    /// The candidates that were proposed and are not evaluated, in their order.
    pub fn proposals(&self) -> impl Iterator<Item = &S::Candidate> {
        waiting(&self.proposals, &self.history).map(|(candidate, _)| candidate)
    }
}

/// Those that the history does not hold.
pub(crate) fn waiting<'a, C>(
    proposals: &'a [Waiting<C>],
    history: &'a History<C>,
) -> impl Iterator<Item = &'a Waiting<C>> {
    (proposals.iter()).filter(|&&(_, hash)| !history.contains(hash))
}

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
