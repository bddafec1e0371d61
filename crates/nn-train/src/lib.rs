//! Training networks on libtorch: data sets, jobs, modules, and the worker program.
//!
//! Pure Rust: what a data set and a training protocol are ([`data::DataSpec`], [`TrainingSpec`]), how a
//! data set is read, split and standardised ([`data::load`]), which tensors a network becomes
//! ([`plan::Plan`]), how good predictions are ([`figures`]), and the messages between a search and its workers ([`job`]).
//!
//! Behind the feature `torch`: a plan becomes a libtorch model, is trained and scored, and the worker program
//! `nasbot-worker` does that for one [`job::Job`].

mod auto;
pub mod baselines;
pub mod data;
pub mod ensemble;
mod error;
pub mod estimate;
pub mod export;
pub mod figures;
mod folds;
pub mod job;
pub mod latency;
pub mod numbers;
pub mod plan;
mod presets;
#[cfg(feature = "torch")]
pub mod torch;
pub mod trained;
mod training;
pub mod transfer;

pub use auto::{Ends, Facts};
pub use error::Error;
pub use training::{
    Augmentation, Given, Keys, Last, Optimiser, OptimiserKeys, Precision, Preset, Protocol,
    Schedule, ScheduleKeys, TrainingSpec, named,
};

/// The program of the crate's README, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
