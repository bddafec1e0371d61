//! Neural networks as labelled directed acyclic graphs: layers, masses, path lengths, morphs,
//! constraints, JSON and drawings.
//!
//! The representation is that of Kandasamy et al., *Neural Architecture Search with Bayesian
//! Optimisation and Optimal Transport* (2018, arXiv 1802.07191), sections 2 and 3.

mod constraints;
mod convert;
pub mod dag;
mod error;
mod hash;
mod json;
mod layer;
mod measures;
pub mod morph;
mod network;
mod op;
mod path_lengths;
pub mod pool;
mod validate;

pub use constraints::{Bound, Constraints, Violation};
pub use dag::Dag;
pub use error::{Error, LayerRef};
pub use layer::Layer;
pub use morph::{Morph, Refusal, mutate};
pub use network::Network;
pub use op::{Group, Kind, Op};
pub use path_lengths::{Category, PathLengths, Walk};
