//! The paper's synthetic functions: a score without any process, at once or after a while.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use nasbot_opt::Evaluator as _;
use nn_graph::Network;

use super::{Abilities, Backend, End, Handle, Report, Reports, Status, Work};
use crate::error::Error;
use crate::study::Detail;

/// Scores networks by a function of their graph.
#[derive(Debug)]
pub(super) struct Synthetic {
    capacity: usize,
    delay: Duration,
    reports: Reports,
    /// Evaluations under way, with when they end.
    under_way: HashMap<Handle, (u64, Instant)>,
    waiting: Sender<Waiting>,
}

/// An evaluation that is to be reported later, and the network of which it is.
#[derive(Debug)]
struct Waiting {
    due: Instant,
    id: u64,
    network: Network,
    seed: u64,
}

impl Synthetic {
    pub(super) fn new(capacity: usize, delay: Duration, reports: Reports) -> Self {
        let (waiting, arrivals) = mpsc::channel::<Waiting>();
        let out = reports.clone();
        if !delay.is_zero() {
            // It ends with the back-end, which drops the other end of the channel.
            thread::spawn(move || serve(&arrivals, &out));
        }
        Self {
            capacity,
            delay,
            reports,
            under_way: HashMap::new(),
            waiting,
        }
    }
}

fn serve(arrivals: &mpsc::Receiver<Waiting>, reports: &Reports) {
    let mut due: BinaryHeap<Reverse<(Instant, u64)>> = BinaryHeap::new();
    let mut works: HashMap<u64, Waiting> = HashMap::new();
    loop {
        let patience = due
            .peek()
            .map(|Reverse((at, _))| at.saturating_duration_since(Instant::now()));
        let arrival = match patience {
            Some(patience) => arrivals.recv_timeout(patience),
            None => arrivals.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        match arrival {
            Ok(work) => {
                due.push(Reverse((work.due, work.id)));
                works.insert(work.id, work);
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        while let Some(&Reverse((at, id))) = due.peek()
            && at <= Instant::now()
        {
            due.pop();
            if let Some(work) = works.remove(&id) {
                reports.send(score(id, &work.network, work.seed));
            }
        }
    }
}

fn score(id: u64, network: &Network, seed: u64) -> Report {
    let outcome = nasbot_opt::Synthetic.evaluate(network, seed);
    let end = End::Done(outcome, Detail::default());
    Report::Ended { id, end }
}

impl Backend for Synthetic {
    fn abilities(&self) -> Abilities {
        Abilities::of_process(self.capacity)
    }

    fn submit(&mut self, work: Work) -> Result<Handle, Error> {
        let handle = Handle(work.key.to_string());
        let id = work.key.evaluation;
        let now = Instant::now();
        self.under_way.retain(|_, (_, due)| *due > now);
        let slot = self.under_way.len();
        let device = "synthetic".to_owned();
        self.reports.send(Report::Started { id, slot, device });
        if self.delay.is_zero() {
            self.reports.send(score(id, &work.network, work.seed));
            return Ok(handle);
        }
        // A delay beyond what the clock can express never ends.
        let due = now
            .checked_add(self.delay)
            .unwrap_or(now + Duration::from_secs(1 << 32));
        self.under_way.insert(handle.clone(), (id, due));
        let waiting = Waiting {
            due,
            id,
            network: work.network,
            seed: work.seed,
        };
        // The thread that receives it lives as long as this back-end.
        let _ = self.waiting.send(waiting);
        Ok(handle)
    }

    fn poll(&mut self, handle: &Handle) -> Status {
        match self.under_way.get(handle) {
            Some((_, due)) if *due > Instant::now() => Status::Running,
            Some(_) => Status::Over,
            None => Status::Unknown,
        }
    }

    fn cancel(&mut self, handle: &Handle) {
        if let Some((id, _)) = self.under_way.remove(handle) {
            let end = End::Stopped;
            self.reports.send(Report::Ended { id, end });
        }
    }

    fn attach(&mut self, _: &Work, _: Option<&Handle>) -> Result<Option<Handle>, Error> {
        Ok(None)
    }
}
