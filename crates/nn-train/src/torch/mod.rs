//! From a plan to a trained model, with libtorch. Everything that touches `tch` is in this module.
//!
//! [`train::run`] does one job, of which the [data](held::Held) may stay for the next; [`worker::main`] is the program around it.

pub mod algorithms;
pub mod allocator;
mod augment;
mod batches;
mod checkpoint;
pub mod device;
mod finale;
mod fused;
pub mod held;
pub mod inherit;
mod journal;
mod kept;
mod latency;
pub mod launches;
mod layers;
pub mod loss;
pub mod model;
pub mod optimiser;
mod pause;
pub mod predict;
mod room;
pub mod score;
mod setting;
pub mod train;
mod trainer;
mod weights;
pub mod worker;

use tch::TchError;

use crate::Error;

impl From<TchError> for Error {
    fn from(error: TchError) -> Self {
        classify(&error.to_string())
    }
}

/// Sorts libtorch's errors by their text, since it passes nothing else on.
pub(crate) fn classify(message: &str) -> Error {
    const MEMORY: [&str; 4] = [
        "out of memory",
        "not enough memory",
        "can't allocate memory",
        "CUBLAS_STATUS_ALLOC_FAILED",
    ];
    // The first line says what happened, the rest is a C++ stack trace.
    let first = message.lines().next().unwrap_or_default().trim().to_owned();
    if MEMORY.iter().any(|text| message.contains(text)) {
        Error::OutOfMemory { message: first }
    } else {
        Error::Torch { message: first }
    }
}
