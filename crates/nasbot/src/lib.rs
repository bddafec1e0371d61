//! Searches for neural architectures as a library: what the program `nasbot` wraps, and what a notebook, a service or a
//! dashboard builds on.
//!
//! A [`Study`](study::Study) is the durable record of one search, one SQLite file. A [`session`] drives a search over it:
//! it asks the [`Search`](nasbot_opt::Search) what to do next, records the answer, hands the work to a
//! [`Backend`](backend::Backend), records what came of it and tells the search. Whatever happens becomes an
//! [`Event`](study::Event) first; the state of a search that goes on, the progress that a person sees and the
//! [`report`] are folded from the same events ([`Ledger`](study::Ledger)).
//!
//! Where another program runs the evaluations, [`ask_tell`] has the same study without a back-end: it hands evaluations out and
//! takes their results. [`replay`] recomputes every suggestion of a study and compares it with what was recorded.
//!
//! A program that runs evaluations in processes begins with [`backend::intercept`]. Evaluations of one's own need no
//! process: implement [`Backend`](backend::Backend), or wrap a function with
//! [`Function`](backend::Function).
//!
//! ```
//! use std::sync::Arc;
//!
//! use nasbot::backend::Function;
//! use nasbot::session::{Silent, run};
//! use nasbot::settings::{Budget, Devices, Evaluator, Fidelity, Settings, Workers};
//! use nasbot::study::{Created, Event, Ledger, Study};
//! use nasbot::{Stop, SystemClock};
//! use nasbot_opt::{NetworkSpace, Outcome, SearchConfig};
//! use nn_graph::{Bounds, Kind, Network};
//!
//! let folder = tempfile::tempdir()?;
//! let constraints = Bounds { max_layers: Some(12), ..Bounds::default() }.checked()?;
//! let settings = Settings {
//!     name: "small".to_owned(),
//!     space: NetworkSpace::new(Kind::MlpReg, constraints)?,
//!     search: SearchConfig { seed: 7, ..SearchConfig::default() }.validated()?,
//!     fidelity: Fidelity::full(),
//!     evaluator: Evaluator::Own,
//!     workers: Workers::default(),
//!     budget: Budget { evaluations: 12, wall_time: None },
//!     facts: None,
//!     tuning: Default::default(),
//!     aims: Default::default(),
//!     proposals: Default::default(),
//! };
//! // Networks with few units, and many layers.
//! let score = |network: &Network, _seed: u64| {
//!     Outcome::scored(network.len() as f64 - 1e-3 * network.total_mass())
//! };
//!
//! let clock = Arc::new(SystemClock::new());
//! let path = folder.path().join("small.nasbot.db");
//! let study = Study::create(&path, Event::Created(Created::new(&settings)), clock)?;
//! let ledger = run(&settings, study, Function::new(score), &mut Silent, &Stop::new())?;
//!
//! assert_eq!(ledger.counted(), 12);
//! assert_eq!(Ledger::read(&path)?.best().and_then(|best| best.score()), ledger.best().and_then(|best| best.score()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod ask_tell;
pub mod backend;
mod clock;
mod error;
mod files;
pub mod page;
pub mod prediction;
pub mod proposals;
pub mod replay;
pub mod report;
pub mod session;
pub mod settings;
mod signals;
mod stop;
pub mod study;

pub use self::clock::{Clock, SystemClock};
pub use self::error::Error;
pub use self::signals::is_ignored;
pub use self::stop::Stop;

/// The programs of texts for people, compiled and run.
#[cfg(doctest)]
mod texts {
    #[doc = include_str!("../README.md")]
    struct Readme;
    #[doc = include_str!("../../../CONTRIBUTING.md")]
    struct Contributing;
}
