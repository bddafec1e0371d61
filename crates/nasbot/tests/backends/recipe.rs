//! The back-end of CONTRIBUTING.md, as somebody outside would write it: through public items alone.

use std::collections::HashMap;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use nasbot::Error;
use nasbot::backend::{Abilities, Backend, End, Handle, Report, Reports, Status, Work};
use nasbot::study::Detail;
use nasbot_opt::Outcome;

/// Scores a network by its number of layers, so many milliseconds later as the seed says: work that can be stopped.
pub(crate) struct Later {
    capacity: usize,
    reports: Reports,
    /// What is under way or over, with what stops it: its thread ends where the sender is dropped.
    works: HashMap<Handle, (Option<Sender<()>>, JoinHandle<()>)>,
}

impl Later {
    pub(crate) fn new(capacity: usize, reports: Reports) -> Self {
        let works = HashMap::new();
        Self {
            capacity,
            reports,
            works,
        }
    }
}

impl Backend for Later {
    fn abilities(&self) -> Abilities {
        Abilities::of_process(self.capacity)
    }

    fn submit(&mut self, work: Work) -> Result<Handle, Error> {
        let (id, handle) = (work.key.evaluation, Handle(work.key.to_string()));
        let (stop, stopped) = mpsc::channel();
        let reports = self.reports.clone();
        let thread = thread::spawn(move || {
            reports.send(Report::Started {
                id,
                slot: 0,
                device: "later".to_owned(),
            });
            let end = match stopped.recv_timeout(Duration::from_millis(work.seed)) {
                Err(RecvTimeoutError::Timeout) => {
                    let score = work.network.len() as f64 / 100.0;
                    End::Done(Outcome::scored(score), Detail::default())
                }
                Ok(()) | Err(RecvTimeoutError::Disconnected) => End::Stopped,
            };
            reports.send(Report::Ended { id, end });
        });
        self.works.insert(handle.clone(), (Some(stop), thread));
        Ok(handle)
    }

    fn poll(&mut self, handle: &Handle) -> Status {
        match self.works.get(handle) {
            Some((_, thread)) if thread.is_finished() => Status::Over,
            Some(_) => Status::Running,
            None => Status::Unknown,
        }
    }

    fn cancel(&mut self, handle: &Handle) {
        if let Some((stop, _)) = self.works.get_mut(handle) {
            stop.take();
        }
    }

    fn attach(&mut self, _: &Work, _: Option<&Handle>) -> Result<Option<Handle>, Error> {
        // A thread ends with its process: nothing is left of what an earlier search submitted.
        Ok(None)
    }

    fn forget(&mut self, handle: &Handle) {
        self.works.remove(handle);
    }
}
