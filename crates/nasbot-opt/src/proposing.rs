//! Proposing candidates to a search.

use crate::proposals::{self, Proposed, Waiting};
use crate::{Search, Space};

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
        // Where none of them is new nothing is recorded, and so nothing may change.
        if !new.is_empty() {
            self.proposals
                .retain(|&(_, hash)| !self.history.contains(hash));
            self.proposals.extend(new);
        }
        proposed
    }

    /// The candidates that were proposed and are not evaluated, in their order.
    pub fn proposals(&self) -> impl Iterator<Item = &S::Candidate> {
        proposals::waiting(&self.proposals, &self.history).map(|(candidate, _)| candidate)
    }
}
