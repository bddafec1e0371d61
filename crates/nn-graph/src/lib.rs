#![doc = include_str!("../README.md")]

mod constraints;
mod convert;
pub mod dag;
pub mod draw;
mod error;
mod hash;
mod json;
mod layer;
mod measures;
pub mod morph;
mod nearest;
mod network;
mod op;
mod path_lengths;
pub mod pool;
mod union;
mod validate;
mod weisfeiler_lehman;

pub use constraints::{Bound, BoundProblem, Bounds, Constraints, Violation};
pub use dag::Dag;
pub use error::{Error, LayerRef};
pub use layer::Layer;
pub use morph::{Morph, Refusal, mutate};
pub use network::Network;
pub use op::{Group, Kind, Op};
pub use path_lengths::{Category, PathLengths, Walk};
pub use union::Union;
pub use weisfeiler_lehman::weisfeiler_lehman;
