//! A function as a back-end: for programs that evaluate networks themselves.

use std::collections::HashMap;
use std::sync::Arc;
use std::thread;

use nasbot_opt::{Evaluator, Outcome};
use nn_graph::Network;

use super::{Abilities, Backend, End, Handle, Report, Reports, Status, Work};
use crate::error::Error;
use crate::study::Detail;

/// What makes a back-end once it is known where its reports go.
pub trait Connect {
    /// Makes the back-end.
    ///
    /// # Errors
    ///
    /// What it needs is not there.
    fn connect(self, reports: Reports) -> Result<Box<dyn Backend>, Error>;
}

impl<F: FnOnce(Reports) -> Result<Box<dyn Backend>, Error>> Connect for F {
    fn connect(self, reports: Reports) -> Result<Box<dyn Backend>, Error> {
        self(reports)
    }
}

/// Evaluates networks by an [`Evaluator`] in threads of this process.
#[derive(Debug)]
pub struct Function<E> {
    evaluator: E,
    capacity: usize,
}

impl<E: Evaluator<Network> + Send + Sync + 'static> Function<E> {
    /// One evaluation at a time.
    pub fn new(evaluator: E) -> Self {
        Self {
            evaluator,
            capacity: 1,
        }
    }

    /// So many evaluations at once, at least 1.
    #[must_use]
    pub fn at_once(mut self, capacity: usize) -> Self {
        self.capacity = capacity.max(1);
        self
    }
}

impl<E: Evaluator<Network> + Send + Sync + 'static> Connect for Function<E> {
    fn connect(self, reports: Reports) -> Result<Box<dyn Backend>, Error> {
        Ok(Box::new(Threads {
            evaluator: Arc::new(self.evaluator),
            capacity: self.capacity,
            reports,
            under_way: HashMap::new(),
        }))
    }
}

struct Threads<E> {
    evaluator: Arc<E>,
    capacity: usize,
    reports: Reports,
    under_way: HashMap<Handle, thread::JoinHandle<()>>,
}

impl<E: Evaluator<Network> + Send + Sync + 'static> Backend for Threads<E> {
    fn abilities(&self) -> Abilities {
        Abilities::of_process(self.capacity)
    }

    fn submit(&mut self, work: Work) -> Result<Handle, Error> {
        self.under_way.retain(|_, thread| !thread.is_finished());
        let (id, handle) = (work.key.evaluation, Handle(work.key.to_string()));
        let (evaluator, reports) = (Arc::clone(&self.evaluator), self.reports.clone());
        reports.send(Report::Started {
            id,
            slot: self.under_way.len(),
            device: "here".to_owned(),
        });
        let thread = thread::spawn(move || {
            let end = Unless(Some(id), reports.clone());
            let outcome = evaluator.evaluate(&work.network, work.seed);
            end.report(id, outcome);
        });
        self.under_way.insert(handle.clone(), thread);
        Ok(handle)
    }

    fn poll(&mut self, handle: &Handle) -> Status {
        match self.under_way.get(handle) {
            Some(thread) if thread.is_finished() => Status::Over,
            Some(_) => Status::Running,
            None => Status::Unknown,
        }
    }

    fn cancel(&mut self, _: &Handle) {
        // A function that runs cannot be stopped; its result is taken in once it is there.
    }

    fn attach(&mut self, _: &Work, _: Option<&Handle>) -> Result<Option<Handle>, Error> {
        Ok(None)
    }
}

/// Reports a failure when it is dropped, unless something else was reported: a function that panics costs its evaluation.
struct Unless(Option<u64>, Reports);

impl Unless {
    fn report(mut self, id: u64, outcome: Outcome) {
        self.0 = None;
        let end = End::Done(outcome, Detail::default());
        self.1.send(Report::Ended { id, end });
    }
}

impl Drop for Unless {
    fn drop(&mut self) {
        if let Some(id) = self.0 {
            let failure = nasbot_opt::Failure::Other;
            let end = super::answer::failed(failure, "the evaluator panicked", 0.0);
            self.1.send(Report::Ended { id, end });
        }
    }
}
