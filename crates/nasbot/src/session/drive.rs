//! The loop: ask, record, submit; receive, record, tell.
//!
//! The rule by which the search is told: asynchronously, before each question, whatever is recorded and not told yet, in
//! the order of the evaluations' numbers; in batches, whatever is known once the whole batch is over. What was told before
//! an answer is recorded with the answer, so that a search can be rebuilt exactly.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::mpsc::Sender;
use std::time::Duration;

use nasbot_opt::{Next, Outcome, Over, Rung, State};
use nn_graph::Network;

use super::asking::{self, Answer, Question};
use super::parents::Parents;
use super::proposing::Proposer;
use super::work::ended;
use super::{Message, Session, replay::Replayed};
use crate::backend::{End, Handle, Report};
use crate::error::Error;
use crate::study::{About, Ending, Event, Progress, Started, Told};

/// How often requests to stop and clocks are looked at while nothing happens.
const TICK: Duration = Duration::from_millis(50);
/// At most one epoch of an evaluation is recorded in this time; the history would swell otherwise.
const BETWEEN_EPOCHS: Duration = Duration::from_millis(500);
/// How long events that only serve the display wait for others.
const MOMENT: Duration = Duration::from_millis(100);
/// How long results wait for a quick answer of the search, to be recorded together with it.
const GATHER: Duration = Duration::from_millis(1);
/// Messages that are taken in, and recorded, together.
const MOST_AT_ONCE: usize = 1000;
/// Several answers are asked for at once only while one takes less than this: the later ones know nothing of what comes
/// in meanwhile.
const QUICK: f64 = 0.005;

/// Where the loop stands.
struct Loop {
    questions: Sender<Question>,
    /// Answers that are still to come.
    asked: usize,
    /// Seconds that the last answer took.
    pace: f64,
    /// Whether the search has nothing to do before it is told something.
    is_waiting: bool,
    /// Answers of the present batch.
    batch: usize,
    /// Whether the search had nothing more to do in the present batch, although it was not full.
    batch_is_over: bool,
    /// Recorded evaluations that are to be submitted.
    queue: VecDeque<u64>,
    /// What the back-end has.
    handles: BTreeMap<u64, Handle>,
    /// What has ended since the last recording.
    ended: Vec<Handle>,
    /// Recorded results of which the search has not been told.
    untold: Vec<(u64, Outcome)>,
    /// Trainings that are over, and their numbers of parameters, of which the search has not heard.
    left: Vec<(u64, u64)>,
    /// Weights that are not kept any more, and are not removed yet.
    dropped: BTreeSet<(u64, Rung)>,
    /// What the search was told, and what is not recorded yet.
    carried: Vec<u64>,
    /// Networks that were proposed and of which the search has not heard.
    proposed: Vec<Network>,
    /// The command that proposes some.
    proposer: Proposer,
    /// When an epoch of each running evaluation was last recorded.
    epochs: BTreeMap<u64, Duration>,
    /// Events that only serve the display: they wait a moment to be recorded together with others.
    soft: Vec<Event>,
    soft_since: Option<Duration>,
    /// Why nothing new is started any more.
    ending: Option<Ending>,
    /// What is wrong with every evaluation.
    unusable: Option<String>,
    /// Whether too many evaluations failed in a row.
    has_given_up: bool,
}

impl Loop {
    fn under_way(&self) -> usize {
        self.handles.len() + self.queue.len()
    }

    /// Whether nothing is left to wait for.
    fn is_over(&self) -> bool {
        self.handles.is_empty()
            && (self.ending.is_some() || (self.asked == 0 && self.queue.is_empty()))
    }
}

impl Session<'_> {
    /// Evaluates until the budget is spent.
    pub(super) fn drive(&mut self, mut replayed: Replayed) -> Result<Ending, Error> {
        self.miss_weights(&mut replayed)?;
        self.propose_from_file(&mut replayed.search)?;
        let dropped = (replayed.parents.as_mut()).map(Parents::take_dropped);
        let sender = self.sender.clone();
        let (questions, thread) = asking::start(replayed.search, replayed.parents, sender);
        let mut state = Loop {
            questions,
            asked: 0,
            pace: 0.0,
            is_waiting: false,
            batch: replayed.batch,
            batch_is_over: false,
            queue: VecDeque::new(),
            handles: BTreeMap::new(),
            ended: Vec::new(),
            untold: replayed.untold,
            left: Vec::new(),
            // Of a search whose trainings do not inherit nothing was kept.
            dropped: dropped.unwrap_or_default(),
            carried: Vec::new(),
            proposed: Vec::new(),
            proposer: self.proposer()?,
            epochs: BTreeMap::new(),
            soft: Vec::new(),
            soft_since: None,
            ending: None,
            unusable: None,
            has_given_up: false,
        };
        self.take_up(&mut state)?;
        loop {
            if self.stop.is_requested() && state.ending != Some(Ending::Interrupted) {
                state.ending = Some(Ending::Interrupted);
                self.observer
                    .note("stopping the workers; once more stops at once");
                self.cancel_all(&state);
            }
            self.submit(&mut state)?;
            if state.ending.is_none() {
                self.ask_for_proposals(&mut state.proposer);
            }
            self.ask(&mut state);
            if state.is_over() {
                break;
            }
            let is_gone = thread.is_finished();
            self.receive(&mut state)?;
            // It answers until it is asked no more; whatever it had sent before it ended has been received.
            if is_gone && state.asked > 0 {
                return Err(self.unusable(
                    "the search failed inside, as is said above: that is a fault of nasbot, please report it. What was recorded is safe",
                ));
            }
        }
        match (state.unusable, state.ending) {
            (Some(message), _) if state.has_given_up => Err(Error::GaveUp {
                message,
                study: self.place.study.clone(),
            }),
            (Some(message), _) => Err(self.unusable(message)),
            (None, Some(Ending::Interrupted)) => Err(self.interrupted()),
            (None, Some(ending)) => Ok(ending),
            (None, None) => Ok(Ending::Complete),
        }
    }

    /// Takes up what an earlier process left unfinished: what its back-end still has goes on there, the rest runs again. What
    /// was handed out is left to whatever runs it.
    fn take_up(&mut self, state: &mut Loop) -> Result<(), Error> {
        let unfinished = self.ledger.records.iter();
        let unfinished: Vec<u64> = unfinished
            .filter(|record| matches!(record.state, State::Running(_)) && !record.is_by_hand())
            .map(|record| record.suggestion.id)
            .collect();
        let mut interrupted = Vec::new();
        for id in unfinished {
            let record = self.ledger.evaluation(&self.place.study, id)?;
            let place = record.place.clone();
            let handle = place.as_ref().and_then(|place| place.handle.clone());
            let work = self.work(id)?;
            match self.backend.attach(&work, handle.map(Handle).as_ref())? {
                Some(handle) => drop(state.handles.insert(id, handle)),
                None => {
                    if place.is_some() {
                        interrupted.push(Event::Interrupted(About { id }));
                    }
                    state.queue.push_back(id);
                }
            }
        }
        self.record_all(interrupted)
    }

    /// Hands recorded evaluations to the back-end while it has room.
    fn submit(&mut self, state: &mut Loop) -> Result<(), Error> {
        while state.ending.is_none()
            && state.handles.len() < self.backend.abilities().capacity
            && let Some(&id) = state.queue.front()
        {
            if self.is_out_of_time() {
                state.ending = Some(Ending::OutOfTime);
                break;
            }
            state.queue.pop_front();
            let work = self.work(id)?;
            state.handles.insert(id, self.backend.submit(work)?);
        }
        Ok(())
    }

    /// Asks the search if it may have something to do.
    fn ask(&mut self, state: &mut Loop) {
        let capacity = self.backend.abilities().capacity;
        let is_synchronous = self.settings.workers.synchronous;
        let is_waiting = state.is_waiting
            && match is_synchronous {
                // What is run by hand is not waited for.
                true => state.under_way() > 0 || state.untold.is_empty(),
                false => state.untold.is_empty(),
            };
        if state.ending.is_some() || state.asked > 0 || is_waiting {
            return;
        }
        state.is_waiting = false;
        let (may_tell, room) = match is_synchronous {
            false => (true, capacity.saturating_sub(state.under_way())),
            // A batch is over before the next begins, and is filled without being told anything.
            true if state.under_way() == 0 && (state.batch >= capacity || state.batch_is_over) => {
                (state.batch, state.batch_is_over) = (0, false);
                (true, capacity)
            }
            true => (state.batch == 0, capacity.saturating_sub(state.batch)),
        };
        if room == 0 {
            return;
        }
        if self.is_out_of_time() {
            state.ending = Some(Ending::OutOfTime);
            return;
        }
        let mut told = Vec::new();
        if may_tell {
            state.untold.sort_by_key(|(id, _)| *id);
            told.append(&mut state.untold);
        }
        let count = if state.pace < QUICK { room } else { 1 };
        state.asked = count;
        // The thread lives as long as the sender; without it no answer would come, and the wait below would say so.
        let _ = state.questions.send(Question {
            told,
            left: std::mem::take(&mut state.left),
            count,
            proposed: std::mem::take(&mut state.proposed),
        });
    }

    /// Waits for something to happen and records all that has.
    fn receive(&mut self, state: &mut Loop) -> Result<(), Error> {
        let mut events = Vec::new();
        let patience = if state.soft.is_empty() { TICK } else { MOMENT };
        let mut next = self.messages.recv_timeout(patience).ok();
        let gathered = self.study.clock().monotonic() + GATHER;
        while let Some(message) = next {
            match message {
                Message::Answer(answer) => self.take_answer(*answer, state, &mut events)?,
                Message::Report(report) => self.take_report(report, state, &mut events),
                Message::Proposed(said) => {
                    state
                        .proposed
                        .extend(self.take_proposals(&mut state.proposer, said));
                }
            }
            // A question as soon as there is one, so that a quick answer is recorded together with what led to it.
            if events.len() < MOST_AT_ONCE {
                self.ask(state);
                let is_soon = state.asked > 0 && state.pace < QUICK;
                let left = gathered.saturating_sub(self.study.clock().monotonic());
                let patience = if is_soon { left } else { Duration::ZERO };
                next = self.messages.recv_timeout(patience).ok();
            } else {
                next = None;
            }
        }
        let now = self.study.clock().monotonic();
        let is_due = state.soft_since.is_some_and(|since| now >= since + MOMENT);
        if !events.is_empty() || is_due {
            // In the order in which they came: what is soft is earlier than what it waited for.
            state.soft_since = None;
            let soft = std::mem::take(&mut state.soft);
            events.splice(0..0, soft);
        }
        let over: Vec<u64> = (events.iter())
            .filter_map(|event| match event {
                Event::Finished(finished) => Some(finished.id),
                _ => None,
            })
            .collect();
        self.record_all(events)?;
        for handle in state.ended.drain(..) {
            self.backend.forget(&handle);
        }
        over.into_iter().for_each(|id| self.forget(id));
        self.remove_weights(&mut state.dropped);
        self.give_up_perhaps(state);
        Ok(())
    }

    /// Keeps an event that only serves the display until others are recorded, or a moment has passed.
    fn soften(&self, event: Event, state: &mut Loop) {
        state.soft.push(event);
        let now = self.study.clock().monotonic();
        state.soft_since.get_or_insert(now);
    }

    /// Turns an answer into an event, and into work to submit once that is recorded.
    fn take_answer(
        &mut self,
        answer: Answer,
        state: &mut Loop,
        events: &mut Vec<Event>,
    ) -> Result<(), Error> {
        if state.ending.is_none() && self.is_out_of_time() {
            state.ending = Some(Ending::OutOfTime);
        }
        if state.ending.is_some() {
            // Not recorded, and so never given: the same answer will be found again.
            state.asked = state.asked.saturating_sub(1);
            return Ok(());
        }
        state.asked -= 1;
        state.pace = answer.seconds;
        state.carried.extend(answer.told);
        state.dropped.extend(answer.dropped);
        let (waiting, became) = answer.proposed;
        self.say_what_became(&became);
        if !waiting.is_empty() {
            events.push(asking::proposed(waiting));
        }
        let next = answer.next?;
        // Of a search that is over nothing is recorded, hyper-parameters included: they will be chosen again.
        if !matches!(next, Next::Over(_)) {
            events.extend(answer.fits.into_iter().map(Event::Fitted));
        }
        match next {
            Next::Start(suggestion) => {
                state.queue.push_back(suggestion.id);
                state.batch += 1;
                let told = std::mem::take(&mut state.carried);
                events.push(asking::queued(
                    suggestion,
                    &self.settings.tuning,
                    answer.hash,
                    answer.begins,
                    answer.seconds,
                    told,
                ));
            }
            Next::GoOn { id, rung } => {
                state.queue.push_back(id);
                state.batch += 1;
                let told = std::mem::take(&mut state.carried);
                let fidelity = &self.settings.fidelity;
                events.push(asking::promoted(fidelity, id, rung, told));
            }
            Next::Wait => {
                let ids = std::mem::take(&mut state.carried);
                if !ids.is_empty() {
                    events.push(Event::Told(Told { ids }));
                }
                state.asked = 0;
                state.is_waiting = true;
                state.batch_is_over = true;
            }
            Next::Over(over) => {
                state.asked = 0;
                state.ending = Some(match over {
                    Over::Budget => Ending::Complete,
                    Over::Exhausted => Ending::Exhausted,
                });
            }
        }
        Ok(())
    }

    fn take_report(&mut self, report: Report, state: &mut Loop, events: &mut Vec<Event>) {
        match report {
            Report::Started { id, slot, device } => {
                state.epochs.remove(&id);
                let outlives = self.backend.abilities().outlives;
                let handle = state.handles.get(&id).filter(|_| outlives);
                let handle = handle.map(|handle| handle.0.clone());
                let is_soft = handle.is_none();
                let event = Event::Started(Started {
                    id,
                    slot,
                    device,
                    handle,
                    by_hand: false,
                });
                match is_soft {
                    true => self.soften(event, state),
                    // By which it is found again.
                    false => events.push(event),
                }
            }
            Report::Progress(progress) => {
                if self.is_worth_recording(&progress, state) {
                    self.soften(Event::Progress(progress), state);
                }
            }
            Report::Note(text) => self.observer.note(&text),
            Report::Ended { id, end } => {
                state.ended.extend(state.handles.remove(&id));
                events.push(self.end(id, end, state));
            }
        }
    }

    fn is_worth_recording(&self, progress: &Progress, state: &mut Loop) -> bool {
        let now = self.study.clock().monotonic();
        let last = state.epochs.get(&progress.id);
        let is_due = last.is_none_or(|&last| now >= last + BETWEEN_EPOCHS);
        // A training that may stop early keeps its whole curve.
        let is_last = progress.epoch >= progress.epochs;
        let all = self.settings.fidelity.stops();
        if is_due || is_last || all {
            state.epochs.insert(progress.id, now);
        }
        is_due || is_last || all
    }

    /// What the end of an evaluation means.
    fn end(&mut self, id: u64, end: End, state: &mut Loop) -> Event {
        let end = self.with_figures(id, end);
        let (outcome, detail) = match end {
            // What fails while everything is being stopped is taken for an effect of that, and runs again.
            End::Done(Outcome::Failed(_), _) if self.stop.is_requested() => {
                return Event::Interrupted(About { id });
            }
            End::Done(outcome, detail) => (outcome, detail),
            End::Stopped => return Event::Interrupted(About { id }),
            End::Unusable(message) => {
                self.fail(message, state);
                return Event::Interrupted(About { id });
            }
            End::Broken { .. } if self.stop.is_requested() => {
                return Event::Interrupted(About { id });
            }
            // The program never spoke as it should: no other evaluation would succeed, and this one costs nothing.
            End::Broken { message, .. } if !self.has_score(state) => {
                let log = self.place.log(id);
                let shown = crate::report::quoted(&log);
                self.fail(format!("{message}; its log is {shown}"), state);
                return Event::Interrupted(About { id });
            }
            End::Broken { message, seconds } => crate::backend::broken(message, seconds),
        };
        state.untold.push((id, outcome));
        (state.left).extend(detail.parameters.map(|parameters| (id, parameters)));
        let record = self.ledger.record(id);
        ended(&self.settings.fidelity, record, id, outcome, detail)
    }

    /// Whether any evaluation has a score, one that is about to be recorded included.
    fn has_score(&self, state: &Loop) -> bool {
        let has_score = |(_, outcome): &(u64, Outcome)| outcome.score().is_some();
        self.ledger.best().is_some() || state.untold.iter().any(has_score)
    }

    /// Stops the search where evaluations fail again and again.
    fn give_up_perhaps(&mut self, state: &mut Loop) {
        let failed = self.ledger.failed_in_a_row();
        if state.unusable.is_some() || failed < self.settings.workers.give_up_after {
            return;
        }
        let last = self
            .ledger
            .finished
            .last()
            .and_then(|&id| self.ledger.record(id));
        let message = last
            .and_then(|record| record.detail.as_ref()?.message.as_deref())
            .unwrap_or("it gave no reason");
        let message = format!(
            "{failed} evaluations in a row failed (workers.give-up-after); the last one: {message}"
        );
        state.has_given_up = true;
        self.fail(message, state);
    }

    fn fail(&mut self, message: String, state: &mut Loop) {
        state.unusable.get_or_insert(message);
        state.ending.get_or_insert(Ending::Failed);
        self.cancel_all(state);
    }

    fn cancel_all(&mut self, state: &Loop) {
        for handle in state.handles.values() {
            self.backend.cancel(handle);
        }
    }
}
