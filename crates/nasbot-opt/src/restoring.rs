//! A search that goes on where another process stopped: what that one was answered, and what its model chose.

use crate::model::{Fit, Model};
use crate::{Error, Next, Search, Space, State, Suggestion};

impl<S: Space> Search<S> {
    /// Takes over an answer that an earlier process was given, in the order of the answers. What came of it is told with
    /// [`Search::tell`] as usual. Nothing is recomputed.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfOrder`] when the id of a suggestion is not the next one, [`Error::CannotGoOn`] when an evaluation
    /// is not paused on the rung below.
    pub fn restore(&mut self, next: Next<S::Candidate>) -> Result<(), Error> {
        match next {
            Next::Start(suggestion) => {
                let hash = self.space.hash(&suggestion.candidate);
                self.restore_hashed(suggestion, hash)
            }
            Next::GoOn { id, rung } => match self.state(id)? {
                State::Paused(from) if from.next() == rung => {
                    self.history.go_on(id, from);
                    Ok(())
                }
                _ => Err(Error::CannotGoOn { id, rung }),
            },
            Next::Wait | Next::Over(_) => Ok(()),
        }
    }

    /// As [`Search::restore`] of a suggestion whose hash, that of the space, is known already.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfOrder`].
    pub fn restore_hashed(
        &mut self,
        suggestion: Suggestion<S::Candidate>,
        hash: u128,
    ) -> Result<(), Error> {
        let expected = self.next_id();
        if suggestion.id != expected {
            return Err(Error::OutOfOrder {
                id: suggestion.id,
                expected,
            });
        }
        let known = self.space.known(&suggestion.candidate);
        self.history.push(suggestion, hash, known);
        Ok(())
    }

    /// Takes over hyper-parameters that an earlier process chose, as [`Search::take_fits`] returned them: the model uses
    /// these in place of choosing them anew.
    pub fn restore_fits(&mut self, fits: impl IntoIterator<Item = Fit>) {
        if let Some(model) = &mut self.model {
            fits.into_iter().for_each(|fit| model.recall(fit));
        }
    }

    /// The hyper-parameters that have been chosen since the last call, for the record. A search that is restored with
    /// them need not choose them again, which takes most of the time of catching up.
    pub fn take_fits(&mut self) -> Vec<Fit> {
        self.model.as_mut().map_or_else(Vec::new, Model::take_fits)
    }
}
