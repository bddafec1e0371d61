//! The state of a search, folded from its history.

use std::path::Path;
use std::time::Duration;

use nasbot_opt::{Outcome, Suggestion};
use nn_graph::Network;

use super::event::{Detail, Ending, Event, Stamped};
use super::store;
use crate::config::Source;
use crate::error::Error;

/// Everything known about a search at some point of its history.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger {
    /// The description that the search began with.
    pub(crate) description: Option<Source>,
    /// The seed in force.
    pub(crate) seed: u64,
    /// The budget in force.
    pub(crate) budget: u64,
    /// Evaluations at once, in the last session.
    pub(crate) workers: usize,
    /// Evaluations by number.
    pub(crate) records: Vec<Record>,
    /// Numbers of the finished evaluations, in the order in which they finished.
    pub(crate) finished: Vec<u64>,
    /// The last training of a best network, once begun.
    pub(crate) retraining: Option<Retraining>,
    /// How the last session ended; `None` while one runs or was killed.
    pub(crate) ending: Option<Ending>,
    best: Option<u64>,
    /// Failures since the last success.
    failures: usize,
    /// Time spent in the sessions before this one.
    spent: Duration,
    /// When the present session, and when the last event was.
    session: Option<f64>,
    last: f64,
}

/// One evaluation.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    /// What was suggested.
    pub(crate) suggestion: Suggestion<Network>,
    /// Where it stands.
    pub(crate) state: State,
    /// The last epoch that was reported: (done, in all, loss, score).
    pub(crate) epoch: Option<(u32, u32, f64, Option<f64>)>,
    /// Epochs done at the end of the present part of its training, once it has gone on from a rung.
    pub(crate) until: Option<u32>,
    /// The rungs that it has reached, with its scores there: (epochs, score).
    pub(crate) rungs: Vec<(u32, f64)>,
}

/// Where an evaluation stands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum State {
    /// It waits for a worker.
    Queued,
    /// A worker has it.
    Running {
        /// The worker's place.
        slot: usize,
        /// The device.
        device: String,
        /// Since when, in seconds since 1970.
        since: f64,
    },
    /// It was stopped and will run again.
    Interrupted,
    /// It stopped at a rung and may go on.
    Paused {
        /// What is known of it so far.
        detail: Detail,
    },
    /// It is final.
    Finished {
        /// What came of it.
        outcome: Outcome,
        /// What else is known.
        detail: Detail,
    },
}

/// The training of the best network on training and validation data together.
#[derive(Clone, Debug)]
pub(crate) struct Retraining {
    /// The evaluation whose network it is.
    pub(crate) id: u64,
    /// Epochs (done, in all), once one was reported.
    pub(crate) epoch: Option<(u32, u32)>,
    /// Its outcome and what else is known, once it is over.
    pub(crate) result: Option<(Outcome, Detail)>,
}

impl Ledger {
    /// Folds a history.
    pub(crate) fn fold<'a>(events: impl IntoIterator<Item = &'a Stamped>) -> Self {
        let mut ledger = Self::default();
        for event in events {
            ledger.apply(event);
        }
        ledger
    }

    /// Reads a study and folds its history.
    pub(crate) fn read(path: &Path) -> Result<Self, Error> {
        Ok(Self::fold(&store::read(path)?))
    }

    /// Takes in one more event.
    pub(crate) fn apply(&mut self, stamped: &Stamped) {
        match &stamped.event {
            Event::Created {
                description,
                seed,
                evaluations,
                ..
            } => {
                self.description = Some(description.clone());
                self.seed = *seed;
                self.budget = *evaluations;
            }
            Event::Opened {
                workers,
                evaluations,
                ..
            } => {
                self.end_session();
                self.session = Some(stamped.at);
                self.workers = *workers;
                self.budget = *evaluations;
                self.ending = None;
                // Whatever a killed process left running runs no more.
                for record in &mut self.records {
                    record.interrupt();
                }
            }
            Event::Queued { suggestion, .. } => self.records.push(Record {
                suggestion: (**suggestion).clone(),
                state: State::Queued,
                epoch: None,
                until: None,
                rungs: Vec::new(),
            }),
            Event::Started { id, slot, device } => {
                if let Some(record) = self.record_mut(*id) {
                    record.epoch = None;
                    record.state = State::Running {
                        slot: *slot,
                        device: device.clone(),
                        since: stamped.at,
                    };
                }
            }
            Event::Progress {
                id,
                epoch,
                epochs,
                loss,
                score,
            } => {
                if let Some(record) = self.record_mut(*id) {
                    record.epoch = Some((*epoch, *epochs, *loss, *score));
                }
            }
            Event::Reached {
                id,
                epochs,
                score,
                detail,
            } => {
                self.failures = 0;
                if let Some(record) = self.record_mut(*id) {
                    record.rungs.push((*epochs, *score));
                    record.state = State::Paused {
                        detail: detail.clone(),
                    };
                }
            }
            Event::Promoted { id, until, .. } => {
                if let Some(record) = self.record_mut(*id) {
                    record.until = Some(*until);
                    record.state = State::Queued;
                }
            }
            Event::Finished {
                id,
                outcome,
                detail,
            } => self.finish(*id, *outcome, detail),
            Event::Interrupted { id } => {
                if let Some(record) = self.record_mut(*id) {
                    record.interrupt();
                }
            }
            Event::Retraining { id } => {
                self.retraining = Some(Retraining {
                    id: *id,
                    epoch: None,
                    result: None,
                });
            }
            Event::RetrainingProgress { epoch, epochs, .. } => {
                if let Some(retraining) = &mut self.retraining {
                    retraining.epoch = Some((*epoch, *epochs));
                }
            }
            Event::Retrained {
                id,
                outcome,
                detail,
            } => {
                self.retraining = Some(Retraining {
                    id: *id,
                    epoch: None,
                    result: Some((*outcome, detail.clone())),
                });
            }
            Event::Closed { ending } => self.ending = Some(*ending),
        }
        self.last = stamped.at;
        if matches!(stamped.event, Event::Closed { .. }) {
            self.end_session();
        }
    }

    /// The best evaluation so far, the first of equals.
    pub(crate) fn best(&self) -> Option<&Record> {
        self.best.and_then(|id| self.record(id))
    }

    /// The evaluation with this number.
    pub(crate) fn record(&self, id: u64) -> Option<&Record> {
        self.records.get(usize::try_from(id).ok()?)
    }

    /// The evaluation with this number of the study at `path`.
    pub(crate) fn evaluation(&self, path: &Path, id: u64) -> Result<&Record, Error> {
        self.record(id).ok_or_else(|| Error::NoEvaluation {
            path: path.to_owned(),
            id,
            count: self.records.len(),
        })
    }

    /// Finished evaluations with a score, the best first.
    pub(crate) fn ranked(&self) -> Vec<(&Record, f64)> {
        let records = self.finished.iter().filter_map(|&id| self.record(id));
        let mut ranked: Vec<_> = records.filter_map(|r| Some((r, r.score()?))).collect();
        // Stable: of equals the first to finish stays first.
        ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
        ranked
    }

    /// How many evaluations count against the budget.
    pub(crate) fn counted(&self) -> u64 {
        let over = |record: &&Record| match &record.state {
            State::Finished { .. } => !record.is_withdrawn(),
            State::Paused { .. } => true,
            _ => false,
        };
        self.records.iter().filter(over).count() as u64
    }

    /// How many evaluations have been decided on, those that were withdrawn left out.
    pub(crate) fn begun(&self) -> u64 {
        let begun = self.records.iter().filter(|record| !record.is_withdrawn());
        begun.count() as u64
    }

    /// How many evaluations failed.
    pub(crate) fn failed(&self) -> usize {
        self.records
            .iter()
            .filter(|record| record.failure().is_some())
            .count()
    }

    /// How many evaluations at the end of the history failed in a row.
    pub(crate) fn failed_in_a_row(&self) -> usize {
        self.failures
    }

    /// Time that search processes have spent on the study up to `now`, seconds since 1970.
    pub(crate) fn elapsed(&self, now: f64) -> Duration {
        let session = self.session.map_or(0.0, |since| now - since);
        self.spent + Duration::try_from_secs_f64(session).unwrap_or_default()
    }

    /// Why the best network could not be trained once more, if that was tried last.
    pub(crate) fn retraining_failure(&self) -> Option<String> {
        let (outcome, detail) = self.retraining.as_ref()?.result.as_ref()?;
        let message = detail.message.clone().unwrap_or_default();
        outcome.score().is_none().then_some(message)
    }

    /// When the last event was, in seconds since 1970.
    pub(crate) fn last(&self) -> f64 {
        self.last
    }

    fn record_mut(&mut self, id: u64) -> Option<&mut Record> {
        self.records.get_mut(usize::try_from(id).ok()?)
    }

    fn finish(&mut self, id: u64, outcome: Outcome, detail: &Detail) {
        let top = self.best().and_then(Record::score);
        let Some(record) = self.record_mut(id) else {
            return;
        };
        record.state = State::Finished {
            outcome,
            detail: detail.clone(),
        };
        self.finished.push(id);
        self.failures = match outcome.score() {
            Some(_) => 0,
            None => self.failures + 1,
        };
        if let Some(score) = outcome.score()
            && top.is_none_or(|top| score > top)
        {
            self.best = Some(id);
        }
    }

    /// Adds the session's time, up to its last event, to what was spent before.
    fn end_session(&mut self) {
        self.spent = self.elapsed(self.last);
        self.session = None;
    }
}

impl Record {
    /// The score, if it has one.
    pub(crate) fn score(&self) -> Option<f64> {
        match &self.state {
            State::Finished { outcome, .. } => outcome.score(),
            _ => None,
        }
    }

    /// Why it failed, if it did.
    pub(crate) fn failure(&self) -> Option<nasbot_opt::Failure> {
        match &self.state {
            State::Finished {
                outcome: Outcome::Failed(failure),
                ..
            } => Some(*failure),
            _ => None,
        }
    }

    /// What else is known once it is finished, or stopped at a rung.
    pub(crate) fn detail(&self) -> Option<&Detail> {
        match &self.state {
            State::Finished { detail, .. } | State::Paused { detail } => Some(detail),
            _ => None,
        }
    }

    fn is_withdrawn(&self) -> bool {
        matches!(
            self.state,
            State::Finished {
                outcome: Outcome::Withdrawn,
                ..
            }
        )
    }

    fn interrupt(&mut self) {
        if matches!(self.state, State::Running { .. }) {
            self.state = State::Interrupted;
        }
    }
}
