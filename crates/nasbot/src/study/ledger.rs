//! The state of a search, folded from its history.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use nasbot_opt::{Failure, Outcome, Rung, State, Suggestion};
use nn_train::data::Metric;
use nn_train::{Facts, Keys};

use super::event::{
    Begins, Created, Described, Detail, Ending, Event, Finished, Opened, Progress, Promoted,
    Queued, Reached, Simple, Stamped, Started,
};
use super::{Mending, Stored, read};
use crate::error::Error;
use crate::settings::Description;

/// Everything known about a search at some point of its history.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    /// What the search began with, and the description as it is now.
    pub created: Option<Created>,
    /// The budget in force.
    pub budget: u64,
    /// The limit of time in force, where one was set for the last session.
    pub wall_time: Option<Duration>,
    /// Evaluations at once, in the last session.
    pub workers: usize,
    /// Evaluations by number.
    pub records: Vec<Record>,
    /// Numbers of the finished evaluations, in the order in which they finished.
    pub finished: Vec<u64>,
    /// The last training of a best network, once begun.
    pub retraining: Option<Final>,
    /// What simple methods reach on the same rows, the simplest first; empty while it is not known.
    pub baselines: Vec<Simple>,
    /// Whether simple methods were tried, even if none of them has a score.
    pub is_compared: bool,
    /// What was changed in the description since the study began, in the order in which it was.
    pub mended: Vec<Mending>,
    /// How the last session ended; `None` while one runs or was killed.
    pub ending: Option<Ending>,
    best: Option<u64>,
    /// Whether the best one keeps to the bounds, and its first objective such that more is better.
    merit: Option<(bool, f64)>,
    /// Numbers of the evaluations that a back-end has.
    running: BTreeSet<u64>,
    failed: usize,
    withdrawn: u64,
    paused: u64,
    /// Failures since the last success.
    failures: usize,
    /// Time spent in the sessions before this one.
    spent: Duration,
    /// When the present session began, and when the last event was: the date, and the time since the session's beginning.
    session: Option<f64>,
    last: (f64, Duration),
}

/// One evaluation.
#[derive(Clone, Debug)]
pub struct Record {
    /// What was suggested.
    pub suggestion: Suggestion<Stored>,
    /// Where it stands.
    pub state: State,
    /// How it began.
    pub begins: Begins,
    /// The values of the keys that are tuned, with which it is evaluated.
    pub setting: Keys,
    /// Where it runs, while a back-end has it.
    pub place: Option<Started>,
    /// Whether it was stopped and will run again.
    pub is_interrupted: bool,
    /// How often it was stopped or is to run once more: a back-end's work is known by this number too.
    pub attempt: u32,
    /// When it was begun, in seconds since 1970.
    pub since: f64,
    /// The last epoch that was reported.
    pub epoch: Option<Progress>,
    /// The rungs that it has reached, with its scores there: (epochs, score).
    pub rungs: Vec<(u32, f64)>,
    /// What else is known once it is finished, or stopped at a rung.
    pub detail: Option<Detail>,
}

/// The training of the best network on training and validation data together.
#[derive(Clone, Debug)]
pub struct Final {
    /// The evaluation whose network it is.
    pub id: u64,
    /// The last epoch that was reported.
    pub epoch: Option<Progress>,
    /// Its outcome and what else is known, once it is over.
    pub result: Option<Finished>,
}

impl Ledger {
    /// Folds a history.
    pub fn fold<'a>(events: impl IntoIterator<Item = &'a Stamped>) -> Self {
        let mut ledger = Self::default();
        for event in events {
            ledger.apply(event);
        }
        ledger
    }

    /// Reads a study and folds its history.
    ///
    /// # Errors
    ///
    /// The study cannot be read.
    pub fn read(path: &Path) -> Result<Self, Error> {
        Ok(Self::fold(&read(path)?))
    }

    /// Takes in one more event.
    pub fn apply(&mut self, stamped: &Stamped) {
        self.pass(stamped);
        match &stamped.event {
            Event::Created(created) => {
                self.budget = created.evaluations;
                self.created = Some(created.clone());
            }
            Event::Described(described) => self.describe(described),
            Event::Opened(opened) => self.open(opened, stamped.at),
            Event::Queued(queued) => self.queue(queued),
            Event::Promoted(Promoted { id, .. }) => {
                if let Some(record) = self.record_mut(*id)
                    && matches!(record.state, State::Paused(_))
                {
                    record.state = State::Running(record.next_rung());
                    record.epoch = None;
                    self.paused -= 1;
                }
            }
            Event::Retried(about) => {
                if let Some(record) = self.record_mut(about.id)
                    && record.failure().is_some()
                {
                    record.state = State::Running(record.next_rung());
                    record.detail = None;
                    record.attempt += 1;
                    self.failed -= 1;
                    self.finished.retain(|&id| id != about.id);
                }
            }
            Event::Started(started) => self.start(started, stamped.at),
            Event::Progress(progress) => {
                if let Some(record) = self.record_mut(progress.id) {
                    record.epoch = Some(*progress);
                }
            }
            Event::Reached(reached) => self.reach(reached),
            Event::Finished(finished) => self.finish(finished),
            Event::Interrupted(about) => self.interrupt(about.id),
            Event::Retraining(about) => {
                self.retraining = Some(Final {
                    id: about.id,
                    epoch: None,
                    result: None,
                });
            }
            Event::RetrainingProgress(progress) => {
                if let Some(retraining) = &mut self.retraining {
                    retraining.epoch = Some(*progress);
                }
            }
            Event::Retrained(finished) => {
                self.retraining = Some(Final {
                    id: finished.id,
                    epoch: None,
                    result: Some(finished.clone()),
                });
            }
            Event::Closed(closed) => {
                self.ending = Some(closed.ending);
                self.end_session();
            }
            Event::Compared(compared) => {
                self.baselines.clone_from(&compared.baselines);
                self.is_compared = true;
            }
            Event::Fitted(_) | Event::Told(_) | Event::Proposed(_) | Event::Lost(_) => {}
        }
    }

    /// The best evaluation so far, the first of equals.
    pub fn best(&self) -> Option<&Record> {
        self.best.and_then(|id| self.record(id))
    }

    /// The evaluation with this number.
    pub fn record(&self, id: u64) -> Option<&Record> {
        self.records.get(usize::try_from(id).ok()?)
    }

    /// The evaluation with this number of the study at `path`.
    ///
    /// # Errors
    ///
    /// [`Error::NoEvaluation`].
    pub fn evaluation(&self, path: &Path, id: u64) -> Result<&Record, Error> {
        self.record(id).ok_or_else(|| Error::NoEvaluation {
            path: path.to_owned(),
            id,
            count: self.records.len(),
        })
    }

    /// What the protocol and the bounds follow from, where they follow from the data.
    pub fn facts(&self) -> Option<Facts> {
        self.created.as_ref()?.facts
    }

    /// What scores are of, where that is recorded.
    pub fn metric(&self) -> Option<Metric> {
        self.created.as_ref()?.metric
    }

    /// Evaluations that a back-end has.
    pub fn running(&self) -> impl ExactSizeIterator<Item = &Record> {
        self.running.iter().map(|&id| &self.records[id as usize])
    }

    /// Evaluations that were handed out, and of which no result has been told.
    pub fn by_hand(&self) -> impl Iterator<Item = &Record> {
        self.records.iter().filter(|record| record.is_by_hand())
    }

    /// Whether a search process has taken the study over and not let go of it: it runs, or was killed.
    pub fn is_open(&self) -> bool {
        self.session.is_some()
    }

    /// How many evaluations count against the budget: those that are over and those that are paused.
    pub fn counted(&self) -> u64 {
        self.finished.len() as u64 - self.withdrawn + self.paused
    }

    /// How many evaluations have been decided on, those that were withdrawn left out.
    pub fn begun(&self) -> u64 {
        self.records.len() as u64 - self.withdrawn
    }

    /// How many evaluations failed.
    pub fn failed(&self) -> usize {
        self.failed
    }

    /// How many evaluations at the end of the present session failed in a row.
    pub fn failed_in_a_row(&self) -> usize {
        self.failures
    }

    /// The seed in force.
    pub fn seed(&self) -> u64 {
        self.created.as_ref().map_or(0, |created| created.seed)
    }

    /// The description in force.
    pub fn description(&self) -> Option<&Description> {
        self.created.as_ref().map(|created| &created.description)
    }

    /// Time that search processes have spent on the study up to the last event.
    pub fn elapsed(&self) -> Duration {
        match self.session {
            Some(_) => self.spent + self.last.1,
            None => self.spent,
        }
    }

    /// Time that the search processes before the present one have spent on the study.
    pub fn spent(&self) -> Duration {
        self.spent
    }

    /// The date of the last event, in seconds since 1970.
    pub fn last(&self) -> f64 {
        self.last.0
    }

    /// Why the best network could not be trained once more, if that was tried last.
    pub fn retraining_failure(&self) -> Option<String> {
        let result = self.retraining.as_ref()?.result.as_ref()?;
        let message = result.detail.message.clone();
        let message = message.unwrap_or_else(|| "it gave no reason".to_owned());
        result.outcome.score().is_none().then_some(message)
    }

    /// Notes the time of an event. What stands for the time of a session in format 1 is the date.
    fn pass(&mut self, stamped: &Stamped) {
        let elapsed = match (stamped.elapsed, self.session) {
            (Some(elapsed), _) => elapsed,
            (None, Some(session)) => stamped.at - session,
            (None, None) => 0.0,
        };
        // A date that has gone back counts as no time.
        let elapsed = Duration::try_from_secs_f64(elapsed).unwrap_or(Duration::ZERO);
        self.last = match stamped.event {
            // The time of a session begins with its opening.
            Event::Opened(_) => (stamped.at, self.last.1),
            _ => (stamped.at, elapsed),
        };
    }

    fn describe(&mut self, described: &Described) {
        self.mended.push(Mending {
            evaluations: self.counted(),
            changes: described.changes.clone(),
        });
        if let Some(created) = &mut self.created {
            created.description = described.description.clone();
            created.metric = described.metric.or(created.metric);
            created.facts = described.facts.or(created.facts);
        }
    }

    fn open(&mut self, opened: &Opened, at: f64) {
        self.end_session();
        self.session = Some(at);
        self.last.1 = Duration::ZERO;
        self.workers = opened.workers;
        self.budget = opened.evaluations;
        self.wall_time = (opened.wall_time).and_then(|s| Duration::try_from_secs_f64(s).ok());
        self.ending = None;
        // What was wrong may have been mended since.
        self.failures = 0;
        if !opened.asks {
            for id in std::mem::take(&mut self.running) {
                self.interrupt(id);
            }
        }
    }

    /// Adds the session's time, up to its last event, to what was spent before.
    fn end_session(&mut self) {
        self.spent = self.elapsed();
        self.session = None;
    }

    fn queue(&mut self, queued: &Queued) {
        self.records.push(Record {
            suggestion: (*queued.suggestion).clone(),
            state: State::Running(queued.first),
            begins: Begins {
                first: queued.first,
                inherits: queued.inherits,
            },
            setting: queued.setting.clone(),
            place: None,
            is_interrupted: false,
            attempt: 0,
            since: 0.0,
            epoch: None,
            rungs: Vec::new(),
            detail: None,
        });
    }

    fn start(&mut self, started: &Started, at: f64) {
        if let Some(record) = self.record_mut(started.id) {
            record.epoch = None;
            record.is_interrupted = false;
            record.since = at;
            record.place = Some(started.clone());
            if !started.by_hand {
                self.running.insert(started.id);
            }
        }
    }

    fn interrupt(&mut self, id: u64) {
        self.running.remove(&id);
        if let Some(record) = self.record_mut(id) {
            record.is_interrupted = true;
            record.attempt += 1;
            record.place = None;
        }
    }

    fn reach(&mut self, reached: &Reached) {
        self.failures = 0;
        self.running.remove(&reached.id);
        if let Some(record) = self.record_mut(reached.id)
            && matches!(record.state, State::Running(_))
        {
            record.state = State::Paused(record.next_rung());
            record.rungs.push((reached.epochs, reached.score));
            record.detail = Some(reached.detail.clone());
            record.place = None;
            self.paused += 1;
        }
    }

    fn finish(&mut self, finished: &Finished) {
        let id = finished.id;
        self.running.remove(&id);
        let running = |record: &&mut Record| matches!(record.state, State::Running(_));
        // What is no step of an evaluation's life, as in a damaged study, changes nothing.
        let Some(record) = self.record_mut(id).filter(running) else {
            return;
        };
        record.state = State::Done(finished.outcome);
        record.detail = Some(finished.detail.clone());
        record.place = None;
        self.finished.push(id);
        match finished.outcome {
            Outcome::Failed(_) => {
                self.failed += 1;
                self.failures += 1;
            }
            Outcome::Withdrawn => self.withdrawn += 1,
            _ => self.failures = 0,
        }
        let merit = self.record(id).and_then(|record| self.merit_of(record));
        if let Some(merit) = merit
            && self.merit.is_none_or(|best| merit > best)
        {
            (self.best, self.merit) = (Some(id), Some(merit));
        }
    }

    fn record_mut(&mut self, id: u64) -> Option<&mut Record> {
        self.records.get_mut(usize::try_from(id).ok()?)
    }
}

impl Record {
    /// The rung after the last one that it has reached.
    fn next_rung(&self) -> Rung {
        let first = self.begins.first;
        // There are at most `Halving::MOST_RUNGS`.
        (self.rungs.iter()).fold(first, |rung, _| rung.next())
    }

    /// Whether it was handed out, and no result has been told.
    pub fn is_by_hand(&self) -> bool {
        let is_held = self.place.as_ref().is_some_and(|place| place.by_hand);
        is_held && matches!(self.state, State::Running(_))
    }

    /// The score of its whole training, if it has one.
    pub fn score(&self) -> Option<f64> {
        match self.state {
            State::Done(outcome) => outcome.score(),
            _ => None,
        }
    }

    /// Why it failed, if it did.
    pub fn failure(&self) -> Option<Failure> {
        match self.state {
            State::Done(Outcome::Failed(failure)) => Some(failure),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::Compared;

    #[test]
    fn simple_methods_that_have_no_score_were_tried() {
        let nothing = Stamped {
            at: 1.0,
            elapsed: Some(0.0),
            event: Event::Compared(Compared {
                baselines: Vec::new(),
            }),
        };
        assert!(!Ledger::fold(&[]).is_compared);
        let ledger = Ledger::fold(&[nothing]);
        assert!(ledger.is_compared && ledger.baselines.is_empty());
    }
}
