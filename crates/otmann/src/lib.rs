//! OTMANN: exact optimal-transport distances between labelled directed acyclic graphs.

mod error;
mod lanes;
mod matrix;
mod metric;
mod mismatch;
mod pair;
mod profile;
pub mod transport;

pub use error::Error;
pub use lanes::Instructions;
pub use matrix::Distances;
pub use metric::Metric;
pub use mismatch::Mismatch;
pub use nn_graph::Walk;
pub use pair::{Distance, Scratch};
pub use profile::{Graph, Profile};
