//! How a search begins that knows earlier studies.

use crate::earlier::{First, check, starts};
use crate::model::{Earlier, Model};
use crate::{EarlierStudy, Error, Origin, Search, Space};

impl<S: Space> Search<S> {
    /// Learns from earlier studies: the best of each come first, before the initial candidates, and the model learns how much each of
    /// the studies is worth. Before anything is suggested.
    ///
    /// # Errors
    ///
    /// [`Error::Earlier`] for a study without a score, or once something has been suggested; the space's own error where a candidate of
    /// a study cannot be compared with its own.
    pub fn with_earlier(mut self, studies: &[EarlierStudy<S::Candidate>]) -> Result<Self, Error> {
        check(studies)?;
        if !self.history.evaluations().is_empty() {
            return Err(Error::Earlier {
                number: 0,
                problem: "the search has begun already".to_owned(),
            });
        }
        let best = starts(&self.space, self.history.aims(), studies);
        (self.initial).retain(|first| best.iter().all(|&(_, hash)| hash != first.hash));
        let starts = best.into_iter().map(|(candidate, hash)| First {
            candidate,
            hash,
            origin: Origin::Earlier,
        });
        self.initial.splice(0..0, starts);
        if let (Some(_), Some(example)) = (&self.model, self.initial.first()) {
            let (space, config) = (&self.space, &self.config);
            let example = &example.candidate;
            let learnt = Earlier::learn(space, config, example, studies)?;
            let (last, aims) = (self.halving.last(), self.history.aims());
            self.model = Some(Model::new(space, config, example, last, aims, learnt)?);
        }
        Ok(self)
    }
}
