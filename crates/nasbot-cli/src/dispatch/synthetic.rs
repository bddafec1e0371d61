//! The paper's synthetic functions: a score at once, without any process.

use nasbot_opt::Evaluator as _;

use super::{Backend, End, Report, Reports, Task, send};
use crate::config::Workers;
use crate::error::Error;
use crate::study::Detail;

/// Scores networks by a function of their graph.
#[derive(Debug)]
pub(super) struct Synthetic {
    slots: usize,
    reports: Reports,
}

impl Synthetic {
    pub(super) fn new(workers: &Workers, reports: Reports) -> Self {
        Self {
            slots: workers.per_device,
            reports,
        }
    }
}

impl Backend for Synthetic {
    fn slots(&self) -> usize {
        self.slots
    }

    fn start(&mut self, slot: usize, task: Task) -> Result<(), Error> {
        let Task {
            id, network, seed, ..
        } = task;
        let device = "synthetic".to_owned();
        send(&self.reports, Report::Started { id, slot, device });
        let outcome = nasbot_opt::Synthetic.evaluate(&network, seed);
        let end = End::Done(outcome, Detail::default());
        send(&self.reports, Report::Ended { id, slot, end });
        Ok(())
    }

    fn stop(&mut self) {}
}
