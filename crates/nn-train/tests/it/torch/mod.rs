//! Tests that need libtorch.

mod forward;
mod numerics;
mod optimisers;
mod stages;
mod training;
mod worker;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// libtorch's seed and number of threads belong to the process: one such test at a time, on one thread.
pub(crate) fn alone(seed: i64) -> MutexGuard<'static, ()> {
    static LOCK: Mutex<()> = Mutex::new(());
    let guard = LOCK.lock().unwrap_or_else(PoisonError::into_inner);
    tch::set_num_threads(1);
    tch::manual_seed(seed);
    guard
}
