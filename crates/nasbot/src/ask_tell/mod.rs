//! A study whose evaluations are run by hand, or by another program: it is asked for evaluations and told their results.
//!
//! The record is the same as that of a [`session`](crate::session), with the same durability: what a function here returns
//! has been committed. An evaluation that is handed out is recorded as run by hand: a
//! search that goes on with the study leaves it pending, and it is told here, or [given back](AskTell::give_back) and then run by
//! whatever asks next, a search included. What an interrupted search left behind is handed out here before anything new.
//!
//! ```
//! use nasbot::ask_tell::AskTell;
//! use nasbot::session::system_clock;
//! use nasbot::settings::{Budget, Evaluator, Fidelity, Settings, Workers};
//! use nasbot::study::{Created, Event, Study};
//! use nasbot_opt::{NetworkSpace, SearchConfig};
//! use nn_graph::{Bounds, Kind};
//!
//! let folder = tempfile::tempdir()?;
//! let constraints = Bounds { max_layers: Some(12), ..Bounds::default() }.checked()?;
//! let settings = Settings {
//!     name: "small".to_owned(),
//!     space: NetworkSpace::new(Kind::MlpReg, constraints)?,
//!     search: SearchConfig::default().validated()?,
//!     fidelity: Fidelity::full(),
//!     evaluator: Evaluator::Own,
//!     workers: Workers::default(),
//!     budget: Budget { evaluations: 5, wall_time: None },
//!     facts: None,
//!     tuning: Default::default(),
//!     aims: Default::default(),
//!     proposals: Default::default(),
//! };
//! let path = folder.path().join("small.nasbot.db");
//! let first = Event::Created(Created::new(&settings));
//! let mut study = AskTell::new(settings, Study::create(&path, first, system_clock())?);
//! loop {
//!     let asked = study.ask(2)?;
//!     if asked.assignments.is_empty() {
//!         break;
//!     }
//!     for assignment in asked.assignments {
//!         // Any evaluation, here or elsewhere, now or in a week.
//!         let score = -assignment.network.total_mass();
//!         study.tell(assignment.id, score)?;
//!     }
//! }
//! assert_eq!(study.ledger().counted(), 5);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod asking;
mod telling;

use nasbot_opt::{Fit, Origin, Over, Rung};
use nn_graph::Network;
use nn_train::Keys;

pub use self::telling::{Acknowledged, Observation};
use crate::error::Error;
use crate::session::replay::{self, Replayed};
use crate::settings::Settings;
use crate::study::{Closed, Ending, Event, Ledger, Opened, Stamped, Study, read};

/// A study that is asked and told.
#[derive(Debug)]
pub struct AskTell {
    settings: Settings,
    study: Study,
    ledger: Ledger,
    search: Rebuilt,
    /// What the search was told, and what is not recorded yet.
    carried: Vec<u64>,
    /// Hyper-parameters that were chosen, and that are not recorded yet.
    fits: Vec<Fit>,
}

/// The search behind a study: telling needs none, so that it is rebuilt once it is asked.
enum Rebuilt {
    /// What it is to be rebuilt from.
    From(Vec<Stamped>),
    /// As it stands.
    Live(Box<Replayed>),
    /// Something went wrong between the search and its record: it is rebuilt from the file.
    Lost,
}

impl std::fmt::Debug for Rebuilt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::From(_) => "From",
            Self::Live(_) => "Live",
            Self::Lost => "Lost",
        })
    }
}

/// An evaluation that is handed out.
#[derive(Clone, Debug, PartialEq)]
pub struct Assignment {
    /// Its number, to be told back with its result.
    pub id: u64,
    /// What to evaluate.
    pub network: Network,
    /// Everything random in it should follow from this.
    pub seed: u64,
    /// The values of the keys that are tuned, with which it is to be evaluated.
    pub setting: Keys,
    /// Why it was suggested.
    pub origin: Origin,
    /// The part of the training that is wanted now; `None` where trainings do not stop at rungs.
    pub part: Option<Part>,
}

/// A part of a training: from the rung before to this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// The rung at which it stops.
    pub rung: Rung,
    /// Epochs that have been done before.
    pub from: u32,
    /// Epochs done when its score is wanted.
    pub until: u32,
}

/// What an [`AskTell`] answers.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// What is handed out, at most as many as were asked for.
    pub assignments: Vec<Assignment>,
    /// Why there are fewer, if there are.
    pub rest: Option<Rest>,
}

/// Why there is no evaluation to hand out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rest {
    /// Nothing before the result of one of these running evaluations has been told.
    Wait(Vec<u64>),
    /// Nothing any more.
    Over(Over),
}

impl AskTell {
    /// Goes on with a study. What is asked and told follows `settings`, whose evaluator and workers are not used.
    #[must_use]
    pub fn new(settings: Settings, mut study: Study) -> Self {
        let events = study.take_history();
        Self {
            settings,
            study,
            ledger: Ledger::fold(&events),
            search: Rebuilt::From(events),
            carried: Vec::new(),
            fits: Vec::new(),
        }
    }

    /// The study as it stands.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Limits how many evaluations are begun from now on; recorded with the next one.
    pub fn set_budget(&mut self, evaluations: u64) {
        self.settings.budget.evaluations = evaluations;
        if let Rebuilt::Live(live) = &mut self.search {
            live.search.set_budget(Some(evaluations));
        }
    }

    /// What has to be recorded before anything else: the end of a search that was killed, and a budget that has changed.
    fn taking_over(&self, budget: u64) -> Vec<Event> {
        if !self.ledger.is_open() && budget == self.ledger.budget {
            return Vec::new();
        }
        let wall_time = self.ledger.wall_time;
        vec![
            Event::Opened(Opened {
                pid: std::process::id(),
                workers: self.ledger.workers,
                evaluations: budget,
                wall_time: wall_time.map(|limit| limit.as_secs_f64()),
                asks: true,
            }),
            Event::Closed(Closed {
                ending: Ending::Interrupted,
            }),
        ]
    }

    /// Commits events and takes them in.
    fn record(&mut self, events: Vec<Event>) -> Result<(), Error> {
        if events.is_empty() {
            return Ok(());
        }
        let added = match self.study.append(events) {
            Ok(added) => added,
            Err(error) => {
                self.lose();
                return Err(error);
            }
        };
        for stamped in added {
            self.ledger.apply(&stamped);
            match &mut self.search {
                Rebuilt::From(events) => events.push(stamped),
                // Its own answers it knows; results are all that is news.
                Rebuilt::Live(live) => match stamped.event {
                    Event::Reached(reached) => {
                        let outcome = nasbot_opt::Outcome::scored(reached.score);
                        live.untold.push((reached.id, outcome));
                    }
                    Event::Finished(finished) => live.untold.push((finished.id, finished.outcome)),
                    _ => {}
                },
                Rebuilt::Lost => {}
            }
        }
        Ok(())
    }

    /// Forgets what the search knows and what is not recorded.
    fn lose(&mut self) {
        self.search = Rebuilt::Lost;
        self.carried.clear();
        self.fits.clear();
    }

    /// The search, rebuilt if need be.
    fn search(&mut self) -> Result<&mut Replayed, Error> {
        let path = self.study.path().to_owned();
        let rebuilt = match std::mem::replace(&mut self.search, Rebuilt::Lost) {
            Rebuilt::Live(live) => live,
            Rebuilt::From(events) => Box::new(replay::replay(&self.settings, &events, &path)?),
            Rebuilt::Lost => Box::new(replay::replay(&self.settings, &read(&path)?, &path)?),
        };
        self.search = Rebuilt::Live(rebuilt);
        match &mut self.search {
            Rebuilt::Live(live) => Ok(live),
            Rebuilt::From(_) | Rebuilt::Lost => Err(Error::NotAStudy {
                path,
                message: "its search is lost".to_owned(),
            }),
        }
    }
}
