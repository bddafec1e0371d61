//! Ask/tell architecture search: strategies, acquisitions and the spaces they search.
//!
//! A [`Search`] owns the history of one search and decides what to evaluate next; it never runs
//! anything itself. The program that drives it asks what to do next, evaluates suggestions anywhere, in
//! any order and any number at once, and tells the outcomes back. The same seed and the same
//! sequence of asks and tells give the same suggestions on every run.
//!
//! What is searched is a [`Space`]: initial candidates, a mutation, a hash, and a distance between any two candidates. What
//! scores a candidate is an [`Evaluator`].
//!
//! The default strategy is that of Kandasamy, Neiswanger, Schneider, Póczos and Xing, *Neural
//! Architecture Search with Bayesian Optimisation and Optimal Transport*, arXiv 1802.07191 ("the
//! paper" in these pages): a Gaussian process over OTMANN distances, and an acquisition that is
//! maximised by an evolutionary algorithm.

mod acquisition;
mod aims;
mod beginning;
mod check;
mod config;
mod counts;
mod earlier;
mod error;
mod evaluator;
mod feasibility;
mod gain;
mod graphs;
mod history;
mod ladder;
mod limits;
mod model;
mod network_space;
mod outcome;
pub mod pareto;
mod proposals;
mod proposing;
mod restoring;
mod rung;
mod search;
mod space;
mod strategy;
mod stream;
mod suggestion;
pub mod synthetic;
mod transform;
mod tuned;
mod tuning;

// What a space of one's own is written with, at the versions that its methods take.
pub use {otmann, rand};

pub use aims::{Aims, Constraint, Figure, Goal, Objective};
pub use config::{Acquisition, KernelKind, SearchConfig, Strategy, Transform, ValidConfig};
pub use counts::Counts;
pub use earlier::EarlierStudy;
pub use error::Error;
pub use evaluator::Evaluator;
pub use graphs::{graph_counts, graph_hash, stable_hash};
pub use history::{Evaluation, State};
pub use model::{Fit, Hyperparameters};
pub use network_space::{NetworkSpace, optimal_transport};
pub use outcome::{Failure, Outcome, Scores};
pub use proposals::Proposed;
pub use rung::{Halving, Rung};
pub use search::Search;
pub use space::{Distance, Space};
pub use suggestion::{Next, Origin, Over, Suggestion};
pub use synthetic::Synthetic;
pub use tuned::{Setup, Tuned, TunedPoint};
pub use tuning::{Parameter, Setting};

/// The programs of texts for people, compiled and run.
#[cfg(doctest)]
mod texts {
    #[doc = include_str!("../README.md")]
    struct Readme;
}
