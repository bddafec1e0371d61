//! The end of a search: the best network is trained once more, and the results are written.

use std::fs;
use std::path::Path;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use nn_graph::draw;

use super::{Message, Session, write_atomically};
use crate::backend::{End, Handle, Report};
use crate::error::Error;
use crate::report::Summary;
use crate::study::{About, Event, Finished, Ledger, Place};

/// How often the request to stop is looked at.
const TICK: Duration = Duration::from_millis(50);

impl Session<'_> {
    /// Trains the best network on training and validation data and scores it on the test data,
    /// unless that was done already.
    pub(super) fn retrain(&mut self) -> Result<(), Error> {
        let Some(best) = self
            .ledger
            .best()
            .filter(|_| self.backend.abilities().trains_finally)
        else {
            return Ok(());
        };
        let id = best.suggestion.id;
        let is_done = (self.ledger.retraining.as_ref()).is_some_and(|retraining| {
            let result = retraining.result.as_ref();
            retraining.id == id && result.is_some_and(|result| result.outcome.score().is_some())
        });
        if is_done && self.place.result("best.safetensors").exists() {
            return Ok(());
        }
        // In a folder of its own until it is complete: the worker may write more than weights.
        let partial = self.place.result("retraining");
        fs::create_dir_all(&partial).map_err(Error::write(&partial))?;
        let target = fs::canonicalize(&partial)
            .map_err(Error::write(&partial))?
            .join("best.safetensors");
        let work = self.last_work(best, target)?;
        self.record(Event::Retraining(About { id }))?;
        let handle = self.backend.submit(work)?;
        match self.wait_for_retraining(id, &handle)? {
            End::Done(outcome, detail) => {
                if outcome.score().is_some() {
                    move_files(&partial, &self.place.out)?;
                }
                self.record(Event::Retrained(Finished {
                    id,
                    outcome,
                    detail,
                }))?;
                self.backend.forget(&handle);
                Ok(())
            }
            End::Stopped => Err(self.interrupted()),
            End::Unusable(message) | End::Broken { message, .. } => Err(self.unusable(message)),
        }
    }

    fn wait_for_retraining(&mut self, id: u64, handle: &Handle) -> Result<End, Error> {
        let mut is_stopping = false;
        loop {
            if self.stop.is_requested() && !is_stopping {
                is_stopping = true;
                self.observer
                    .note("stopping the workers; once more stops at once");
                self.backend.cancel(handle);
            }
            match self.messages.recv_timeout(TICK) {
                Ok(Message::Report(Report::Ended { end, .. })) => {
                    let is_effect =
                        matches!(&end, End::Done(outcome, _) if outcome.score().is_none());
                    return Ok(match is_effect && self.stop.is_requested() {
                        true => End::Stopped,
                        false => end,
                    });
                }
                Ok(Message::Report(Report::Progress(progress))) if progress.id == id => {
                    self.record(Event::RetrainingProgress(progress))?;
                }
                Ok(Message::Report(Report::Note(text))) => self.observer.note(&text),
                // Answers of the search are not wanted any more.
                Ok(_) | Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
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
pub(super) fn write_results(ledger: &Ledger, place: &Place) -> Result<(), Error> {
    fs::create_dir_all(&place.out).map_err(Error::write(&place.out))?;
    if let Some(best) = ledger.best() {
        let id = best.suggestion.id;
        let network = best.suggestion.candidate.network();
        let network = network.map_err(|source| Error::StoredNetwork { id, source })?;
        write_atomically(&place.result("best.json"), &(network.to_json() + "\n"))?;
        write_atomically(&place.result("best.svg"), &draw::svg(network))?;
    }
    let summary = Summary::new(ledger, place, None);
    write_atomically(&place.result("summary.json"), &(summary.json()? + "\n"))
}
