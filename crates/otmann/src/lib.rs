#![doc = include_str!("../README.md")]
//!
//! # How it is built
//!
//! | module | does |
//! |---|---|
//! | [`Mismatch`], [`Metric`] | the settings of a distance, checked once |
//! | [`Profile`] | what the distance needs of one graph, computed once |
//! | [`Metric::distance`] | costs of a pair, block by block, and one solve for each coefficient |
//! | [`transport`] | the solver, its derivation, certificates of optimality |
//! | [`Metric::pairwise`], [`Metric::cross`], [`Metric::grow`] | whole matrices, over all cores |
//! | [`Metric::matching`], [`Metric::nearest`] | plans and neighbours |
//! | `lanes` (private) | the inner loops, for AVX-512, AVX2, NEON and plain Rust, chosen when running |

mod error;
mod lanes;
mod matching;
mod matrix;
mod metric;
mod mismatch;
mod neighbours;
mod pair;
mod profile;
pub mod transport;

pub use error::Error;
pub use lanes::Instructions;
pub use matching::Matching;
pub use matrix::Distances;
pub use metric::Metric;
pub use mismatch::Mismatch;
pub use neighbours::{Measure, Nearest, Neighbour};
pub use nn_graph::Walk;
pub use pair::{Distance, Scratch};
pub use profile::{Graph, Profile};

/// The program of a page for readers of the documentation, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/distance-alone.md")]
struct DistanceAlone;
