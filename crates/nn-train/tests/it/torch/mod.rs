//! Tests that need libtorch.

mod finale;
mod forward;
mod inherit;
mod inheriting;
mod latency;
mod launches;
mod memory;
mod metrics;
mod numerics;
mod optimisers;
mod predict;
mod stages;
mod training;
mod warm;
mod worker;

use std::sync::{Mutex, MutexGuard, PoisonError};

use nn_train::job::Event;

/// libtorch's seed and number of threads belong to the process: one such test at a time, on one thread.
pub(crate) fn alone(seed: i64) -> MutexGuard<'static, ()> {
    static LOCK: Mutex<()> = Mutex::new(());
    let guard = LOCK.lock().unwrap_or_else(PoisonError::into_inner);
    tch::set_num_threads(1);
    tch::manual_seed(seed);
    guard
}

/// What a training reports, but for the time that it took.
pub(crate) fn without_time(event: Event) -> Event {
    match event {
        Event::Done {
            score,
            metrics,
            parameters,
            members,
            breakdown,
            ..
        } => Event::Done {
            score,
            metrics,
            parameters,
            members,
            breakdown,
            seconds: 0.0,
        },
        other => other,
    }
}
