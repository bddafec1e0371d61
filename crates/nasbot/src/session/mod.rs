//! One run of the search process over a study: from its opening to its last event.
//!
//! The only cycle is in its module `drive`: ask the search, record, hand to a back-end, record the outcome,
//! tell the search. Whatever happens becomes an [`Event`] first: it is committed to the study, folded
//! into the ledger and shown, in this order.

pub(crate) mod asking;
mod comparing;
mod drive;
mod finale;
mod once;
pub(crate) mod parents;
mod proposing;
pub(crate) mod replay;
pub(crate) mod work;

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

pub use self::once::{Once, Step};
pub use self::proposing::sentence;
pub use self::work::{ensemble, last_training};
use crate::backend::{Backend, Connect, Report, Reports};
use crate::error::Error;
pub use crate::files::write_atomically;
use crate::settings::Settings;
use crate::stop::Stop;
use crate::study::{Closed, Ending, Event, Ledger, Opened, Place, Stamped, Study};

/// Watches a search.
pub trait Observer {
    /// Something has happened and is recorded; `ledger` has taken it in already.
    fn event(&mut self, stamped: &Stamped, ledger: &Ledger);

    /// Something is worth saying that is no event.
    fn note(&mut self, text: &str);
}

/// Watches nothing.
#[derive(Clone, Copy, Debug)]
pub struct Silent;

impl Observer for Silent {
    fn event(&mut self, _: &Stamped, _: &Ledger) {}

    fn note(&mut self, _: &str) {}
}

/// What the loop hears.
enum Message {
    Report(Report),
    Answer(Box<asking::Answer>),
    /// What the command for proposals printed, or why it is of no use.
    Proposed(Result<String, String>),
}

/// A study with all that it takes to go on with it.
struct Session<'a> {
    settings: &'a Settings,
    study: Study,
    place: Place,
    ledger: Ledger,
    backend: Box<dyn Backend>,
    sender: Sender<Message>,
    messages: Receiver<Message>,
    observer: &'a mut dyn Observer,
    stop: &'a Stop,
}

/// Searches until the budget is spent or the search is asked to stop, trains the best network once more where the back-end
/// can do that, and writes the results beside the study.
///
/// # Errors
///
/// [`Error::Interrupted`] after a request to stop, [`Error::Unusable`] where every evaluation fails for the same reason,
/// [`Error::GaveUp`] after too many failures in a row, [`Error::NothingSucceeded`] where it ends without a score,
/// [`Error::Retraining`] where the last training failed; and what goes
/// wrong with the study's file. What was recorded is safe in every case.
pub fn run(
    settings: &Settings,
    mut study: Study,
    backend: impl Connect,
    observer: &mut dyn Observer,
    stop: &Stop,
) -> Result<Ledger, Error> {
    let (sender, messages) = mpsc::channel();
    let to = sender.clone();
    let reports = Reports::new(move |report| {
        // A loop that is over has no use for it.
        let _ = to.send(Message::Report(report));
    });
    let backend = backend.connect(reports)?;
    let events = study.take_history();
    let replayed = replay::replay(settings, &events, study.path())?;
    let ledger = Ledger::fold(&events);
    // Freeing a long history takes a while, which the search need not wait for.
    thread::spawn(move || drop(events));
    if settings.budget.evaluations < ledger.begun() {
        return Err(Error::BudgetBelow {
            asked: settings.budget.evaluations,
            done: ledger.begun(),
        });
    }
    let session = Session {
        place: Place::of(study.path()),
        settings,
        study,
        ledger,
        backend,
        sender,
        messages,
        observer,
        stop,
    };
    session.run(replayed)
}

impl Session<'_> {
    fn run(mut self, replayed: replay::Replayed) -> Result<Ledger, Error> {
        if let Some(name) = self.study.network_file_system() {
            let path = self.study.path().display();
            self.observer.note(&format!(
                "warning: {path} lies on a network file system ({name}), where SQLite may lock up or \
                 corrupt files; a local disk is safer"
            ));
        }
        self.record(Event::Opened(Opened {
            pid: std::process::id(),
            workers: self.backend.abilities().capacity,
            evaluations: self.settings.budget.evaluations,
            wall_time: (self.settings.budget.wall_time).map(|limit| limit.as_secs_f64()),
            asks: true,
        }))?;
        let result = self.search_and_retrain(replayed);
        let ending = match &result {
            Ok(ending) => *ending,
            Err(Error::Interrupted { .. }) => Ending::Interrupted,
            Err(_) => Ending::Failed,
        };
        let closed = self.record(Event::Closed(Closed { ending }));
        result?;
        closed?;
        finale::write_results(&self.ledger, &self.place)?;
        if let Some(message) = self.ledger.retraining_failure() {
            return Err(Error::Retraining {
                message,
                study: self.place.study,
            });
        }
        let is_pending = self.ledger.by_hand().next().is_some();
        if self.ledger.best().is_none() && !is_pending {
            let summary = match self.ledger.failed() {
                0 => "none came to its end".to_owned(),
                _ => crate::report::failures(&self.ledger),
            };
            return Err(Error::NothingSucceeded {
                summary,
                study: self.place.study,
            });
        }
        Ok(self.ledger)
    }

    fn search_and_retrain(&mut self, replayed: replay::Replayed) -> Result<Ending, Error> {
        self.say_what_is_by_hand();
        let ending = self.drive(replayed)?;
        if ending == Ending::Complete && self.ledger.by_hand().next().is_some() {
            // The best network is not known yet.
            self.say_what_is_by_hand();
            return Ok(ending);
        }
        self.compare()?;
        self.retrain()?;
        Ok(ending)
    }

    /// Says which evaluations are left to whatever runs them by hand.
    fn say_what_is_by_hand(&mut self) {
        let ids = self.ledger.by_hand();
        let ids: Vec<String> = ids.map(|r| format!("#{}", r.suggestion.id)).collect();
        if !ids.is_empty() {
            let study = crate::report::quoted(&self.place.study);
            self.observer.note(&format!(
                "run by hand, and left alone here: {}; `nasbot tell {study} ID SCORE` tells a result, `nasbot resume {study} \
                 --take-back` runs them here",
                ids.join(", ")
            ));
        }
    }

    fn record(&mut self, event: Event) -> Result<(), Error> {
        self.record_all(vec![event])
    }

    /// Commits events together, folds them in and shows them.
    fn record_all(&mut self, events: Vec<Event>) -> Result<(), Error> {
        if events.is_empty() {
            return Ok(());
        }
        for stamped in self.study.append(events)? {
            self.ledger.apply(&stamped);
            self.observer.event(&stamped, &self.ledger);
        }
        Ok(())
    }

    /// Whether the time of the budget is spent.
    fn is_out_of_time(&self) -> bool {
        let limit = self.settings.budget.wall_time;
        limit.is_some_and(|limit| self.ledger.spent() + self.study.elapsed() >= limit)
    }

    fn interrupted(&self) -> Error {
        Error::Interrupted {
            study: self.place.study.clone(),
        }
    }

    fn unusable(&self, message: impl Into<String>) -> Error {
        Error::Unusable {
            message: message.into(),
            study: self.place.study.clone(),
        }
    }
}

/// The clock of programs that have no other.
#[must_use]
pub fn system_clock() -> Arc<dyn crate::Clock> {
    Arc::new(crate::SystemClock::new())
}
