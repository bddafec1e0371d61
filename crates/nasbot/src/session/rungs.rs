//! Trainings that stop at rungs and go on if they are among the best.
//!
//! The history says who stands where: [`Event::Reached`] and [`Event::Promoted`] are committed before anything follows
//! from them. A part that was interrupted, or whose end was not recorded, runs again from the checkpoint before it.

use std::fs;

use nasbot_opt::{Halving, Outcome, Promotion};
use nn_train::job::Stage;

use super::{Session, tell};
use crate::error::Error;
use crate::study::{Detail, Event};

/// Takes what happened earlier into the rungs.
pub(super) fn recall(halving: &mut Halving, event: &Event) {
    match event {
        Event::Reached {
            id, epochs, score, ..
        } => halving.reach(*id, *epochs, *score),
        Event::Promoted { id, from, .. } => halving.promote(*id, *from),
        Event::Finished { id, outcome, .. } => {
            if let Some(score) = outcome.score() {
                halving.reach(*id, halving.last(), score);
            }
        }
        _ => {}
    }
}

impl Session {
    /// The part of its training that an evaluation is to do next, if trainings come in parts.
    pub(super) fn stage(&self, id: u64) -> Result<Option<Stage>, Error> {
        let Some(halving) = &self.halving else {
            return Ok(None);
        };
        let checkpoint = self.place.checkpoint(id);
        if let Some(folder) = checkpoint.parent() {
            fs::create_dir_all(folder).map_err(Error::write(folder))?;
        }
        let until = self.ledger.record(id).and_then(|record| record.until);
        Ok(Some(Stage {
            until: until.unwrap_or(halving.first()),
            checkpoint,
        }))
    }

    /// Lets the training that is among the best of its rung go on, if there is one: the search says which.
    pub(super) fn promote(&mut self) -> Result<Option<u64>, Error> {
        let open = |halving: &&Halving| self.search.may_promote(halving);
        let Some(halving) = self.halving.as_ref().filter(open) else {
            return Ok(None);
        };
        // Only now, so that the search is told what it is told at moments that the history knows.
        tell(&mut self.search, &mut self.untold)?;
        let promotion = self.search.promotion(halving)?;
        self.go_on(promotion)
    }

    /// Lets the best training go on where nobody would reach the end otherwise.
    pub(super) fn promote_leader(&mut self) -> Result<Option<u64>, Error> {
        let promotion = self.halving.as_ref().and_then(Halving::leader);
        if promotion.is_some() {
            tell(&mut self.search, &mut self.untold)?;
        }
        self.go_on(promotion)
    }

    fn go_on(&mut self, promotion: Option<Promotion>) -> Result<Option<u64>, Error> {
        let Some(Promotion { id, until, .. }) = promotion else {
            return Ok(None);
        };
        let record = self.ledger.record(id);
        let from = record.and_then(|record| Some(record.rungs.last()?.0));
        let event = Event::Promoted {
            id,
            from: from.unwrap_or(0),
            until,
        };
        self.note_rungs(&event);
        self.record(event)?;
        Ok(Some(id))
    }

    /// What an evaluation's end means: the end of a part, if that is not the last one and has a score.
    pub(super) fn ended(&self, id: u64, outcome: Outcome, detail: Detail) -> Event {
        let until = self.ledger.record(id).and_then(|record| record.until);
        let stopped = self.halving.as_ref().map(|halving| {
            let until = until.unwrap_or(halving.first());
            (until, until < halving.last())
        });
        match (stopped, outcome) {
            (Some((epochs, true)), Outcome::Score(score)) => Event::Reached {
                id,
                epochs,
                score,
                detail,
            },
            _ => Event::Finished {
                id,
                outcome,
                detail,
            },
        }
    }

    /// Takes an event into the rungs; a training that is over needs no state any more.
    pub(super) fn note_rungs(&mut self, event: &Event) {
        if let Some(halving) = &mut self.halving {
            recall(halving, event);
        }
    }

    /// Removes the state of a training that is over.
    pub(super) fn forget(&self, id: u64) {
        if self.halving.is_some() {
            // It is in nobody's way.
            let _ = fs::remove_file(self.place.checkpoint(id));
        }
    }
}
