//! The end of a search: the best network is trained once more, and the results are written.

use std::fs;
use std::path::Path;

use nn_graph::draw;

use super::{Once, Session, Step};
use crate::dispatch::{End, Task};
use crate::error::Error;
use crate::report::Summary;
use crate::study::{Event, Ledger, Place};

impl Session {
    /// Trains the best network on training and validation data and scores it on the test data,
    /// unless that was done already.
    pub(super) fn retrain(&mut self) -> Result<(), Error> {
        let Some(best) = self.ledger.best().filter(|_| self.backend.retrains()) else {
            return Ok(());
        };
        let id = best.suggestion.id;
        let weights = self.place.result("best.safetensors");
        let done = (self.ledger.retraining.as_ref()).is_some_and(|retraining| {
            let scored = |(outcome, _): &(nasbot_opt::Outcome, _)| outcome.score().is_some();
            retraining.id == id && retraining.result.as_ref().is_some_and(scored)
        });
        if done && weights.exists() {
            return Ok(());
        }
        // In a folder of its own until it is complete: the worker may write more than weights.
        let partial = self.place.result("retraining");
        fs::create_dir_all(&partial).map_err(Error::write(&partial))?;
        let target = fs::canonicalize(&partial)
            .map_err(Error::write(&partial))?
            .join("best.safetensors");
        let task = Task {
            id,
            network: best.suggestion.candidate.clone(),
            seed: best.suggestion.seed,
            log: self.place.out.join("logs").join("final.log"),
            weights: Some(target),
            stage: None,
        };
        self.record(Event::Retraining { id })?;
        self.backend.start(0, task)?;
        let end = self.wait_for_retraining(id)?;
        match end {
            End::Done(outcome, detail) => {
                if outcome.score().is_some() {
                    move_files(&partial, &self.place.out)?;
                }
                self.record(Event::Retrained {
                    id,
                    outcome,
                    detail,
                })
            }
            End::Stopped => Err(self.interrupted()),
            End::Hopeless(message) => Err(self.hopeless(message)),
        }
    }

    fn wait_for_retraining(&mut self, id: u64) -> Result<End, Error> {
        let mut once = Once::default();
        loop {
            match once.next(self.backend.as_mut(), &self.reports, &self.interrupts) {
                Step::Stopping => self.note_stopping(),
                Step::Epoch {
                    epoch,
                    epochs,
                    loss,
                } => self.record(Event::RetrainingProgress {
                    id,
                    epoch,
                    epochs,
                    loss,
                })?,
                Step::Ended(end) => return Ok(end),
            }
        }
    }
}

/// Moves everything in one folder to another and removes the first.
fn move_files(from: &Path, to: &Path) -> Result<(), Error> {
    for entry in fs::read_dir(from).map_err(Error::read(from))? {
        let entry = entry.map_err(Error::read(from))?;
        let target = to.join(entry.file_name());
        fs::rename(entry.path(), &target).map_err(Error::write(&target))?;
    }
    fs::remove_dir(from).map_err(Error::write(from))
}

/// Writes the best network, its drawing and the summary beside the study.
pub(super) fn write_results(
    ledger: &Ledger,
    place: &Place,
    summary: &Summary<'_>,
) -> Result<(), Error> {
    fs::create_dir_all(&place.out).map_err(Error::write(&place.out))?;
    if let Some(best) = ledger.best() {
        let network = &best.suggestion.candidate;
        write(&place.result("best.json"), &(network.to_json() + "\n"))?;
        write(&place.result("best.svg"), &draw::svg(network))?;
    }
    write(&place.result("summary.json"), &(summary.json()? + "\n"))
}

fn write(path: &Path, text: &str) -> Result<(), Error> {
    fs::write(path, text).map_err(Error::write(path))
}
