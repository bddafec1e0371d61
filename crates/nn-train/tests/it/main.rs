//! Integration tests of nn-train. Those in `torch` need the feature `torch`.

mod binary_files;
mod messages;
mod plans;
mod protocols;
mod splits;
mod support;
mod tables;
#[cfg(feature = "torch")]
mod torch;
