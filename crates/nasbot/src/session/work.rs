//! What a back-end is told of an evaluation.

use std::fs;
use std::path::PathBuf;

use nasbot_opt::State;
use nn_train::job::Stage;

use super::Session;
use crate::backend::{Key, Task, Work};
use crate::error::Error;
use crate::study::Record;

impl Session<'_> {
    /// The part of its training that an evaluation is to do next.
    pub(super) fn work(&self, id: u64) -> Result<Work, Error> {
        let record = self.ledger.evaluation(&self.place.study, id)?;
        let task = match (self.settings.fidelity.epochs(rung_of(record)), record.state) {
            (Some(until), State::Running(_)) => Task::GoOn(Stage {
                until,
                checkpoint: self.checkpoint(id)?,
            }),
            _ => Task::Evaluate,
        };
        self.work_of(record, task, self.place.log(id))
    }

    /// The last training of an evaluation's network.
    pub(super) fn last_work(&self, record: &Record, weights: PathBuf) -> Result<Work, Error> {
        let log = self.place.out.join("logs").join("final.log");
        self.work_of(record, Task::TrainFinally(weights), log)
    }

    fn work_of(&self, record: &Record, task: Task, log: PathBuf) -> Result<Work, Error> {
        let id = record.suggestion.id;
        let network = record.suggestion.candidate.network();
        let network = network.map_err(|source| Error::StoredNetwork { id, source })?;
        let created = self.ledger.created.as_ref();
        let study = created.map_or_else(String::new, |created| created.identity.clone());
        Ok(Work {
            key: Key {
                study,
                evaluation: id,
                attempt: record.attempt,
            },
            network: network.clone(),
            seed: record.suggestion.seed,
            log,
            study: fs::canonicalize(&self.place.study).ok(),
            task,
        })
    }

    /// Where the state of a training is kept; absolute, since workers may run elsewhere.
    fn checkpoint(&self, id: u64) -> Result<PathBuf, Error> {
        let checkpoint = self.place.checkpoint(id);
        let Some(folder) = checkpoint.parent() else {
            return Ok(checkpoint);
        };
        fs::create_dir_all(folder).map_err(Error::write(folder))?;
        std::path::absolute(&checkpoint).map_err(Error::write(&checkpoint))
    }

    /// Removes the state of a training that is over.
    pub(super) fn forget(&self, id: u64) {
        if self.settings.fidelity.halving().rungs() > 1 {
            // A file that stays costs space and nothing else.
            let _ = fs::remove_file(self.place.checkpoint(id));
        }
    }
}

/// The rung that an evaluation is on its way to.
pub(super) fn rung_of(record: &Record) -> nasbot_opt::Rung {
    match record.state {
        State::Running(rung) | State::Paused(rung) => rung,
        State::Done(_) => nasbot_opt::Rung::default(),
    }
}
