//! One training by itself, from its start to its end: the last one of a search, and that of `nasbot train`.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use super::signals::Interrupts;
use crate::dispatch::{Backend, End, Report};

/// How often signals are looked at.
const TICK: Duration = Duration::from_millis(100);

/// Waits for a training that has been started.
#[derive(Debug, Default)]
pub(crate) struct Once {
    stopping: bool,
}

/// What happens next to a training.
#[derive(Debug)]
pub(crate) enum Step {
    /// Somebody asked it to stop, and it was told so.
    Stopping,
    /// An epoch is over.
    Epoch { epoch: u32, epochs: u32, loss: f64 },
    /// It is over.
    Ended(End),
}

impl Once {
    /// The next thing that happens.
    pub(crate) fn next(
        &mut self,
        backend: &mut dyn Backend,
        reports: &Receiver<Report>,
        interrupts: &Interrupts,
    ) -> Step {
        loop {
            if interrupts.asked() && !self.stopping {
                self.stopping = true;
                backend.stop();
                return Step::Stopping;
            }
            match reports.recv_timeout(TICK) {
                Ok(Report::Ended { end, .. }) => return Step::Ended(end),
                Ok(Report::Progress {
                    epoch,
                    epochs,
                    loss,
                    ..
                }) => {
                    return Step::Epoch {
                        epoch,
                        epochs,
                        loss,
                    };
                }
                Ok(Report::Started { .. }) | Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Step::Ended(End::Stopped),
            }
        }
    }
}
