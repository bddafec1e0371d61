//! The request to end a training for now. There is one training at a time in a process.

use std::sync::atomic::{AtomicBool, Ordering};

static REQUESTED: AtomicBool = AtomicBool::new(false);

/// Asks the training of this process to end for now.
pub(super) fn request() {
    REQUESTED.store(true, Ordering::Relaxed);
}

/// Another training begins, of which nothing was asked yet.
pub(super) fn forget() {
    REQUESTED.store(false, Ordering::Relaxed);
}

/// Whether that was asked.
pub(super) fn is_requested() -> bool {
    REQUESTED.load(Ordering::Relaxed)
}
