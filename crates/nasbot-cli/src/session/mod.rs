//! One run of the search process over a study: from its opening to its last word.
//!
//! The only cycle is in [`drive`]: ask the search, record, hand to a worker, record the outcome,
//! tell the search. Whatever happens becomes an [`Event`] first: it is committed to the study, folded
//! into the ledger and shown, in this order.

mod drive;
mod finale;
mod once;
mod rungs;
mod signals;

use std::sync::mpsc::{self, Receiver};

use nasbot_opt::{Halving, NetworkSpace, Outcome, Search, State as Known};

pub(crate) use self::once::{Once, Step};
pub(crate) use self::signals::Interrupts;
use crate::cli::{Format, RunOutput};
use crate::config::Config;
use crate::dispatch::{self, Backend, Report};
use crate::error::Error;
use crate::report::{Reporter, Summary};
use crate::study::{Ending, Event, Ledger, Place, State, Study};
use crate::terminal;

/// A study with all that it takes to go on with it.
pub(crate) struct Session {
    config: Config,
    study: Study,
    place: Place,
    ledger: Ledger,
    search: Search<NetworkSpace>,
    /// Finished evaluations that the search has not been told yet.
    untold: Vec<Untold>,
    /// The rungs and who stands where, if trainings stop early.
    halving: Option<Halving>,
    backend: Box<dyn Backend>,
    reports: Receiver<Report>,
    reporter: Reporter,
    interrupts: Interrupts,
}

impl Session {
    /// Searches until the budget is spent or somebody stops it, trains the best network once more,
    /// writes the results and prints the summary.
    ///
    /// `study` creates or opens the study; it is called once everything else has been checked, so
    /// that a missing worker leaves no empty study behind.
    pub(crate) fn begin(
        config: Config,
        output: &RunOutput,
        study: impl FnOnce() -> Result<Study, Error>,
    ) -> Result<(), Error> {
        let (send, reports) = mpsc::channel();
        let backend = dispatch::backend(&config, send)?;
        let rungs = config.halving.as_ref().map_or(1, Halving::rungs);
        let mut search = Search::with_rungs(config.space.clone(), config.search.clone(), rungs)?;
        let study = study()?;
        let events = study.events()?;
        let mut halving = config.halving.clone();
        let past = events.iter().map(|stamped| &stamped.event);
        let untold = replay(&mut search, halving.as_ref(), past)?;
        if let Some(halving) = &mut halving {
            (events.iter()).for_each(|stamped| rungs::recall(halving, &stamped.event));
        }
        let session = Self {
            halving,
            place: Place::of(study.path()),
            ledger: Ledger::fold(&events),
            reporter: Reporter::new(output.quiet),
            interrupts: Interrupts::catch()?,
            config,
            study,
            search,
            untold,
            backend,
            reports,
        };
        session.run(output.format)
    }

    fn run(mut self, format: Format) -> Result<(), Error> {
        self.record(Event::Opened {
            pid: std::process::id(),
            workers: self.backend.slots(),
            evaluations: self.config.budget.evaluations,
        })?;
        let result = self.search_and_retrain();
        let ending = match &result {
            Ok(ending) => *ending,
            Err(Error::Interrupted { .. }) => Ending::Interrupted,
            Err(_) => Ending::Failed,
        };
        let closed = self.record(Event::Closed { ending });
        self.reporter.finish();
        result?;
        closed?;
        let summary = Summary::new(&self.ledger, &self.place, false);
        finale::write_results(&self.ledger, &self.place, &summary)?;
        terminal::print(&summary.show(format)?)?;
        match self.ledger.retraining_failure() {
            Some(message) => Err(Error::Retraining {
                message,
                study: self.place.study.clone(),
            }),
            None => Ok(()),
        }
    }

    fn search_and_retrain(&mut self) -> Result<Ending, Error> {
        let ending = self.drive()?;
        self.retrain()?;
        Ok(ending)
    }

    /// Commits an event, folds it in and shows it.
    fn record(&mut self, event: Event) -> Result<(), Error> {
        let stamped = self.study.append(&event)?;
        self.ledger.apply(&stamped);
        self.reporter.event(&stamped, &self.ledger);
        Ok(())
    }

    /// Stops what runs, as somebody asked.
    fn stop_workers(&mut self) {
        self.note_stopping();
        self.backend.stop();
    }

    fn note_stopping(&mut self) {
        (self.reporter).note("stopping the workers; once more stops at once");
    }

    fn interrupted(&self) -> Error {
        Error::Interrupted {
            study: self.place.study.clone(),
        }
    }

    fn hopeless(&self, message: impl Into<String>) -> Error {
        Error::Hopeless {
            message: message.into(),
            study: self.place.study.clone(),
        }
    }

    /// Evaluations that were decided on, or begun and stopped, and have no outcome yet.
    fn unfinished(&self) -> impl Iterator<Item = u64> {
        let waiting = |state: &State| matches!(state, State::Queued | State::Interrupted);
        let records = self.ledger.records.iter();
        records
            .filter(move |record| waiting(&record.state))
            .map(|record| record.suggestion.id)
    }
}

/// Rebuilds a search from its history and returns what it has yet to be told.
///
/// The rule, here and in [`drive`]: before each suggestion, and before a training goes on, the search is told everything
/// that has finished, in the order of the evaluations' numbers. So what it suggests depends on the history
/// alone, and a batch that is waited for gives the same suggestions whoever finished first.
fn replay<'a>(
    search: &mut Search<NetworkSpace>,
    halving: Option<&Halving>,
    events: impl Iterator<Item = &'a Event>,
) -> Result<Vec<Untold>, Error> {
    let mut untold = Vec::new();
    for event in events {
        match event {
            Event::Queued { suggestion, .. } => {
                tell(search, &mut untold)?;
                search.restore((**suggestion).clone())?;
            }
            Event::Promoted { .. } => tell(search, &mut untold)?,
            event => untold.extend(Untold::of(event, halving)),
        }
    }
    Ok(untold)
}

/// What a search has yet to be told.
struct Untold {
    id: u64,
    /// The rung that was reached, if that is not the end.
    rung: Option<usize>,
    outcome: Outcome,
}

impl Untold {
    /// What an event tells, if it tells anything.
    fn of(event: &Event, halving: Option<&Halving>) -> Option<Self> {
        match event {
            Event::Finished { id, outcome, .. } => Some(Self {
                id: *id,
                rung: None,
                outcome: *outcome,
            }),
            Event::Reached {
                id, epochs, score, ..
            } => Some(Self {
                id: *id,
                rung: halving.map(|halving| halving.rung(*epochs)),
                outcome: Outcome::Score(*score),
            }),
            _ => None,
        }
    }
}

/// Tells the search what has finished, in the order of the evaluations' numbers.
fn tell(
    search: &mut Search<NetworkSpace>,
    untold: &mut Vec<Untold>,
) -> Result<(), nasbot_opt::Error> {
    untold.sort_by_key(|untold| untold.id);
    for Untold { id, rung, outcome } in untold.drain(..) {
        let known = (search.evaluations().get(id as usize)).map(|evaluation| evaluation.state);
        let went_on = matches!(known, Some(Known::Done(Outcome::Score(_))));
        match (rung, outcome) {
            (Some(rung), Outcome::Score(score)) => search.reach(id, rung, score)?,
            (None, Outcome::Score(score)) if went_on => {
                search.reach(id, search.rungs() - 1, score)?
            }
            // A failure after a rung leaves the rung's score standing.
            (_, _) if went_on => {}
            (_, outcome) => search.tell(id, outcome)?,
        }
    }
    Ok(())
}
