//! Handing evaluations out, and taking networks of one's own in.

use nasbot_opt::{Next, Proposed, Space as _, State};
use nn_graph::Network;

use super::{AskTell, Asked, Assignment, Part, Rest};
use crate::error::Error;
use crate::session::asking::{promoted, propose, proposed, queued, storable};
use crate::session::parents::from_nothing;
use crate::session::work::rung_of;
use crate::study::{About, Event, Record, Started, Told};

impl AskTell {
    /// Hands out evaluations, at most `count`: first those that wait to be run, as an interrupted search leaves them, then
    /// those that the search decides on. All are recorded when this returns.
    ///
    /// # Errors
    ///
    /// [`Error::BudgetBelow`] where more evaluations have been begun than the budget allows, and what goes wrong with the search
    /// or with the study's file: then nothing is handed out.
    pub fn ask(&mut self, count: usize) -> Result<Asked, Error> {
        self.check_budget()?;
        let mut events = self.taking_over(self.settings.budget.evaluations);
        let mut ids = Vec::new();
        for record in self.waiting().take(count) {
            let id = record.suggestion.id;
            if record.place.is_some() {
                events.push(Event::Interrupted(About { id }));
            }
            events.push(Event::Started(Started::by_hand(id)));
            ids.push(id);
        }
        let mut rest = None;
        if ids.len() < count {
            let answers = self.answers(count - ids.len(), &mut ids, &mut events);
            rest = answers.inspect_err(|_| self.lose())?;
        }
        self.record(events)?;
        let assignments = ids.iter().map(|&id| self.assignment(id));
        Ok(Asked {
            assignments: assignments.collect::<Result<_, _>>()?,
            rest,
        })
    }

    /// A network of one's own enters the study: it is evaluated like a suggestion, by what asks next. Returns its number.
    /// `anywhere` takes a network outside of the space's bounds too.
    ///
    /// # Errors
    ///
    /// [`Error::OutsideSpace`]; [`nasbot_opt::Error::Duplicate`] where the study has this network; [`Error::BudgetSpent`]; and
    /// what goes wrong with the study's file.
    pub fn give(&mut self, network: Network, anywhere: bool) -> Result<u64, Error> {
        let (kind, expected) = (network.kind(), self.settings.space.kind());
        if kind != expected {
            let reason = format!("it is of kind {kind}, and the study searches {expected}");
            return Err(Error::OutsideSpace { reason });
        }
        if let Some(reason) = self.outside(&network).filter(|_| !anywhere) {
            return Err(Error::OutsideSpace { reason });
        }
        self.check_budget()?;
        let budget = self.settings.budget.evaluations;
        let mut events = self.taking_over(budget);
        let is_spent = self.ledger.begun() >= budget;
        let live = self.search()?;
        let setup = live.search.space().with_usual(network);
        let hash = live.search.space().hash(&setup);
        // What is there already needs no budget.
        let known = live.search.holder(hash);
        if let Some(id) = known {
            return Err(nasbot_opt::Error::Duplicate { id }.into());
        }
        if is_spent {
            return Err(Error::BudgetSpent { budget });
        }
        let suggestion = live.search.give(setup)?;
        let id = suggestion.id;
        let begins = from_nothing(&mut live.search, id)?;
        let told = self.unrecorded(&mut events);
        let tuning = &self.settings.tuning;
        events.push(queued(suggestion, tuning, Some(hash), begins, 0.0, told));
        self.record(events)?;
        Ok(id)
    }

    /// Proposes networks: they wait, and are evaluated once the search takes them, see [`nasbot_opt::Search::propose`]. What waits is
    /// recorded when this returns.
    ///
    /// # Errors
    ///
    /// What goes wrong with the study's file.
    pub fn propose(&mut self, networks: Vec<Network>) -> Result<Proposed, Error> {
        let mut events = self.taking_over(self.settings.budget.evaluations);
        let (waiting, became) = propose(&mut self.search()?.search, networks);
        if !waiting.is_empty() {
            events.push(proposed(waiting));
            self.record(events)?;
        }
        Ok(became)
    }

    /// Why a network is outside of the space's bounds, if it is.
    #[must_use]
    pub fn outside(&self, network: &Network) -> Option<String> {
        let violation = self.settings.space.constraints().check(network);
        violation.err().map(|violation| violation.to_string())
    }

    /// Evaluations that were decided on and that nothing runs.
    fn waiting(&self) -> impl Iterator<Item = &Record> {
        // A queue may have work of which no handle is recorded: it is asked first, by a search that goes on.
        let is_known = self.settings.workers.queue.is_none();
        let fidelity = &self.settings.fidelity;
        let is_free = move |record: &&Record| {
            // What inherits needs a worker of ours.
            let is_known = is_known && !fidelity.inherits(rung_of(record));
            let held = record.place.as_ref();
            let held = held.is_some_and(|place| place.by_hand || place.handle.is_some());
            is_known && !held && matches!(record.state, State::Running(_))
        };
        self.ledger.records.iter().filter(is_free)
    }

    /// Asks the search, which is told before what it does not know yet.
    fn answers(
        &mut self,
        count: usize,
        ids: &mut Vec<u64>,
        events: &mut Vec<Event>,
    ) -> Result<Option<Rest>, Error> {
        let mut carried = std::mem::take(&mut self.carried);
        let mut since = self.study.clock().monotonic();
        let live = self.search()?;
        live.untold.sort_by_key(|(id, _)| *id);
        for (id, outcome) in std::mem::take(&mut live.untold) {
            live.search.tell(id, outcome)?;
            carried.push(id);
        }
        self.carried = carried;
        for _ in 0..count {
            let live = self.search()?;
            let next = live.search.ask()?;
            let fits = live.search.take_fits();
            self.fits.extend(fits);
            match next {
                Next::Start(suggestion) => {
                    let suggestion = storable(suggestion);
                    let id = suggestion.id;
                    let begins = from_nothing(&mut self.search()?.search, id)?;
                    let hash = self.search()?.search.space().hash(&suggestion.candidate);
                    let now = self.study.clock().monotonic();
                    let seconds = now.saturating_sub(since).as_secs_f64();
                    since = now;
                    let told = self.unrecorded(events);
                    let tuning = &self.settings.tuning;
                    events.push(queued(
                        suggestion,
                        tuning,
                        Some(hash),
                        begins,
                        seconds,
                        told,
                    ));
                    events.push(Event::Started(Started::by_hand(id)));
                    ids.push(id);
                }
                Next::GoOn { id, rung } => {
                    let told = self.unrecorded(events);
                    let fidelity = &self.settings.fidelity;
                    events.push(promoted(fidelity, id, rung, told));
                    events.push(Event::Started(Started::by_hand(id)));
                    ids.push(id);
                }
                Next::Wait => {
                    let running = self.search()?.search.running();
                    let running = running.map(|e| e.suggestion.id).collect();
                    let told = self.unrecorded(events);
                    if !told.is_empty() {
                        events.push(Event::Told(Told { ids: told }));
                    }
                    return Ok(Some(Rest::Wait(running)));
                }
                // What led to this is recorded with an answer that may come once the budget is larger.
                Next::Over(over) => return Ok(Some(Rest::Over(over))),
            }
        }
        Ok(None)
    }

    /// What led to an answer: hyper-parameters become events, and what the search was told is returned.
    fn unrecorded(&mut self, events: &mut Vec<Event>) -> Vec<u64> {
        events.extend(self.fits.drain(..).map(Event::Fitted));
        std::mem::take(&mut self.carried)
    }

    fn check_budget(&self) -> Result<(), Error> {
        let (asked, done) = (self.settings.budget.evaluations, self.ledger.begun());
        match asked < done {
            true => Err(Error::BudgetBelow { asked, done }),
            false => Ok(()),
        }
    }

    fn assignment(&self, id: u64) -> Result<Assignment, Error> {
        let record = self.ledger.evaluation(self.study.path(), id)?;
        let suggestion = &record.suggestion;
        let network = suggestion.candidate.network();
        let network = network.map_err(|source| Error::StoredNetwork { id, source })?;
        let rung = rung_of(record);
        let until = self.settings.fidelity.epochs(rung);
        Ok(Assignment {
            id,
            network: network.clone(),
            seed: suggestion.seed,
            setting: record.setting.clone(),
            origin: suggestion.origin,
            part: until.map(|until| Part {
                rung,
                from: self.settings.fidelity.before(rung),
                until,
            }),
        })
    }
}
