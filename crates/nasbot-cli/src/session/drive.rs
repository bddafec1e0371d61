//! The loop: ask, record, send; receive, record, tell.

use std::collections::{BTreeMap, VecDeque};
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use nasbot_opt::{Failure, Origin, Outcome, Suggestion};
use nn_graph::Network;

use super::{Session, Untold, tell};
use crate::dispatch::{End, Report, Task};
use crate::error::Error;
use crate::study::{Detail, Ending, Event};

/// How often signals and clocks are looked at while no report comes.
const TICK: Duration = Duration::from_millis(100);
/// At most one epoch of an evaluation is recorded in this time; the history would swell otherwise.
const BETWEEN_EPOCHS: Duration = Duration::from_millis(500);

/// Where the loop stands.
struct Loop {
    /// Which evaluation each slot has.
    slots: Vec<Option<u64>>,
    /// Evaluations to run again.
    again: VecDeque<u64>,
    /// When an epoch of each running evaluation was last recorded.
    epochs: BTreeMap<u64, Instant>,
    /// Why nothing new is started any more.
    ending: Option<Ending>,
    /// What is wrong with every evaluation.
    hopeless: Option<String>,
}

impl Loop {
    fn running(&self) -> usize {
        self.slots.iter().flatten().count()
    }

    fn free_slot(&self) -> Option<usize> {
        self.slots.iter().position(Option::is_none)
    }
}

impl Session {
    /// Evaluates until the budget is spent.
    pub(super) fn drive(&mut self) -> Result<Ending, Error> {
        let mut state = Loop {
            slots: vec![None; self.backend.slots()],
            again: self.unfinished().collect(),
            epochs: BTreeMap::new(),
            ending: None,
            hopeless: None,
        };
        loop {
            if self.interrupts.asked() && state.ending != Some(Ending::Interrupted) {
                state.ending = Some(Ending::Interrupted);
                self.stop_workers();
            }
            self.fill(&mut state)?;
            if state.running() == 0 {
                break;
            }
            match self.reports.recv_timeout(TICK) {
                Ok(report) => self.take(report, &mut state)?,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        if let Some(message) = state.hopeless {
            return Err(self.hopeless(message));
        }
        match state.ending {
            Some(Ending::Interrupted) => Err(self.interrupted()),
            Some(ending) => Ok(ending),
            None => Ok(Ending::Complete),
        }
    }

    /// Starts evaluations while slots are free and budget is left.
    fn fill(&mut self, state: &mut Loop) -> Result<(), Error> {
        // In synchronous mode a batch is over before the next begins.
        if self.config.workers.synchronous && state.running() > 0 {
            return Ok(());
        }
        while state.ending.is_none()
            && let Some(slot) = state.free_slot()
        {
            if self.out_of_time() {
                state.ending = Some(Ending::OutOfTime);
                break;
            }
            let id = match state.again.pop_front() {
                Some(id) => id,
                None => match self.decide(state)? {
                    Some(id) => id,
                    None => break,
                },
            };
            if self.interrupts.asked() {
                // It came while the suggestion was computed, which may take seconds.
                state.again.push_front(id);
                break;
            }
            let Some(record) = self.ledger.record(id) else {
                continue;
            };
            let task = Task {
                id,
                network: record.suggestion.candidate.clone(),
                seed: record.suggestion.seed,
                log: self.place.log(id),
                weights: None,
                stage: self.stage(id)?,
            };
            state.slots[slot] = Some(id);
            self.backend.start(slot, task)?;
        }
        Ok(())
    }

    /// What to run next: a training that goes on, or a new one. `None` if nothing can be started now.
    fn decide(&mut self, state: &mut Loop) -> Result<Option<u64>, Error> {
        if let Some(id) = self.promote()? {
            return Ok(Some(id));
        }
        if self.budget_spent() {
            return match state.running() {
                0 => self.promote_leader(),
                _ => Ok(None),
            };
        }
        match self.suggest() {
            Ok(id) => Ok(Some(id)),
            Err(Error::Search(nasbot_opt::Error::Exhausted { .. })) => {
                // Results still to come may open new ways.
                if state.running() > 0 {
                    return Ok(None);
                }
                let leader = self.promote_leader()?;
                if leader.is_none() {
                    state.ending = Some(Ending::Exhausted);
                }
                Ok(leader)
            }
            Err(error) => Err(error),
        }
    }

    /// Takes in a report.
    fn take(&mut self, report: Report, state: &mut Loop) -> Result<(), Error> {
        match report {
            Report::Started { id, slot, device } => {
                state.epochs.remove(&id);
                self.record(Event::Started { id, slot, device })
            }
            Report::Progress {
                id,
                epoch,
                epochs,
                loss,
                score,
            } => {
                let now = Instant::now();
                let due = (state.epochs.get(&id)).is_none_or(|&last| now >= last + BETWEEN_EPOCHS);
                // A training that may stop early keeps its whole curve.
                if !due && epoch < epochs && self.halving.is_none() {
                    return Ok(());
                }
                state.epochs.insert(id, now);
                self.record(Event::Progress {
                    id,
                    epoch,
                    epochs,
                    loss,
                    score,
                })
            }
            Report::Ended { id, slot, end } => {
                state.slots[slot] = None;
                self.end(id, end, state)
            }
        }
    }

    fn end(&mut self, id: u64, end: End, state: &mut Loop) -> Result<(), Error> {
        let (outcome, detail) = match end {
            End::Done(outcome, detail) => finite(outcome, detail),
            End::Stopped => return self.record(Event::Interrupted { id }),
            End::Hopeless(message) => {
                state.hopeless.get_or_insert(message);
                state.ending.get_or_insert(Ending::Failed);
                self.backend.stop();
                return self.record(Event::Interrupted { id });
            }
        };
        let message = detail.message.clone().unwrap_or_default();
        let event = self.ended(id, outcome, detail);
        self.note_rungs(&event);
        let is_over = matches!(event, Event::Finished { .. });
        let untold = Untold::of(&event, self.halving.as_ref());
        self.record(event)?;
        if is_over {
            self.forget(id);
        }
        self.untold.extend(untold);
        let failed = self.ledger.failed_in_a_row();
        if failed >= self.config.workers.give_up_after {
            state.hopeless.get_or_insert_with(|| {
                format!("{failed} evaluations in a row failed (workers.give-up-after); the last one: {message}")
            });
            state.ending.get_or_insert(Ending::Failed);
            self.backend.stop();
        }
        Ok(())
    }

    /// Lets the search decide on the next evaluation, and records it.
    fn suggest(&mut self) -> Result<u64, Error> {
        let since = Instant::now();
        tell(&mut self.search, &mut self.untold)?;
        let suggestion = storable(self.search.ask()?);
        let id = suggestion.id;
        self.record(Event::Queued {
            suggestion: Box::new(suggestion),
            seconds: since.elapsed().as_secs_f64(),
        })?;
        Ok(id)
    }

    fn budget_spent(&self) -> bool {
        self.ledger.begun() >= self.config.budget.evaluations
    }

    fn out_of_time(&self) -> bool {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let elapsed = self.ledger.elapsed(now.as_secs_f64());
        self.config
            .budget
            .wall_time
            .is_some_and(|limit| elapsed >= limit)
    }
}

/// A score that is no number is a divergence, whoever reports it.
fn finite(outcome: Outcome, detail: Detail) -> (Outcome, Detail) {
    match outcome {
        Outcome::Score(score) if !score.is_finite() => {
            let message = Some(format!("the score is {score}"));
            let detail = Detail { message, ..detail };
            (Outcome::Failed(Failure::Diverged), detail)
        }
        outcome => (outcome, detail),
    }
}

/// JSON knows no infinities: figures that only serve reports are cut to what it can hold.
fn storable(mut suggestion: Suggestion<Network>) -> Suggestion<Network> {
    if let Origin::Acquisition { value, mean, std } = &mut suggestion.origin {
        for figure in [value, mean, std] {
            *figure = if figure.is_nan() {
                0.0
            } else {
                figure.clamp(f64::MIN, f64::MAX)
            };
        }
    }
    suggestion
}
