//! One training by itself, from its start to its end: what `nasbot train` does.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;

use crate::backend::{Backend, Connect, End, Handle, Report, Reports, Work};
use crate::error::Error;
use crate::stop::Stop;
use crate::study::Progress;

/// How often the request to stop is looked at.
const TICK: Duration = Duration::from_millis(50);

/// A training that has been submitted.
pub struct Once<'a> {
    backend: Box<dyn Backend>,
    reports: Receiver<Report>,
    handle: Handle,
    stop: &'a Stop,
    is_stopping: bool,
}

/// What happens next to a training.
#[derive(Debug)]
pub enum Step {
    /// It was asked to stop.
    Stopping,
    /// An epoch is over.
    Epoch(Progress),
    /// It is over.
    Ended(End),
}

impl<'a> Once<'a> {
    /// Submits a training.
    ///
    /// # Errors
    ///
    /// The back-end cannot be had or does not take the work.
    pub fn start(backend: impl Connect, work: Work, stop: &'a Stop) -> Result<Self, Error> {
        let (send, reports) = mpsc::channel();
        let mut backend = backend.connect(Reports::new(move |report| {
            // A training that is over has no use for it.
            let _ = send.send(report);
        }))?;
        let handle = backend.submit(work)?;
        Ok(Self {
            backend,
            reports,
            handle,
            stop,
            is_stopping: false,
        })
    }

    /// Waits for the next thing that happens.
    pub fn wait(&mut self) -> Step {
        loop {
            if self.stop.is_requested() && !self.is_stopping {
                self.is_stopping = true;
                self.backend.cancel(&self.handle);
                return Step::Stopping;
            }
            match self.reports.recv_timeout(TICK) {
                Ok(Report::Ended { end, .. }) => {
                    // The caller has its result now.
                    self.backend.forget(&self.handle);
                    return Step::Ended(end);
                }
                Ok(Report::Progress(progress)) => return Step::Epoch(progress),
                Ok(Report::Started { .. } | Report::Note(_)) | Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Step::Ended(End::Stopped),
            }
        }
    }
}

impl std::fmt::Debug for Once<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Once")
            .field("handle", &self.handle)
            .finish_non_exhaustive()
    }
}
