//! The history of a study folded for the page: the ledger, with what it does not keep.

use std::collections::BTreeMap;

use crate::report::Curve;
use crate::study::{Event, Ledger, Place, Stamped, Started};

/// What a study's events say, for the page.
#[derive(Clone, Debug)]
pub struct Folded {
    /// The state of the search.
    pub ledger: Ledger,
    /// The files of the study.
    pub place: Place,
    /// Epochs of each evaluation's training, by number.
    pub(super) curves: Vec<Curve>,
    /// When each evaluation was over, in seconds of the search.
    pub(super) ends: Vec<Option<f64>>,
    /// Where evaluations ran, by the names of the places, in the order in which they were first used.
    pub(super) lanes: Vec<String>,
    /// What ran, in the order in which it ended.
    pub(super) spans: Vec<Span>,
    /// What is running: its lane and since when.
    pub(super) open: BTreeMap<u64, (usize, f64)>,
    /// Versions of nasbot and of workers that took part.
    pub(super) workers: Vec<String>,
    /// Events taken in.
    pub(super) events: usize,
}

/// A stretch of time in which an evaluation ran.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Span {
    pub(super) lane: usize,
    pub(super) id: u64,
    /// In seconds of the search.
    pub(super) from: f64,
    pub(super) until: f64,
    pub(super) end: SpanEnd,
}

/// How a stretch of time ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SpanEnd {
    Scored,
    Failed,
    Stopped,
}

impl Folded {
    /// Nothing yet of the study at `place`.
    #[must_use]
    pub fn new(place: Place) -> Self {
        Self {
            ledger: Ledger::default(),
            place,
            curves: Vec::new(),
            ends: Vec::new(),
            lanes: Vec::new(),
            spans: Vec::new(),
            open: BTreeMap::new(),
            workers: Vec::new(),
            events: 0,
        }
    }

    /// Takes in further events.
    pub fn extend<'a>(&mut self, events: impl IntoIterator<Item = &'a Stamped>) {
        for event in events {
            self.apply(event);
        }
    }

    /// How many events were taken in.
    #[must_use]
    pub fn events(&self) -> usize {
        self.events
    }

    fn apply(&mut self, stamped: &Stamped) {
        // What was open when a session ended without saying so lasted until its last event.
        let before = self.ledger.elapsed().as_secs_f64();
        self.ledger.apply(stamped);
        self.events += 1;
        let now = self.ledger.elapsed().as_secs_f64();
        match &stamped.event {
            Event::Opened(opened) if !opened.asks => self.close_all(before),
            Event::Queued(_) => {
                self.curves.push(Curve::default());
                self.ends.push(None);
            }
            Event::Started(started) => self.start(started, now),
            Event::Progress(progress) => {
                if let Some(curve) = at(&mut self.curves, progress.id) {
                    curve.add(progress);
                }
            }
            Event::Reached(reached) => self.close(reached.id, now, SpanEnd::Scored),
            Event::Finished(finished) => {
                let end = match finished.outcome.score() {
                    Some(_) => SpanEnd::Scored,
                    None => SpanEnd::Failed,
                };
                self.close(finished.id, now, end);
                if let Some(place) = at(&mut self.ends, finished.id) {
                    *place = Some(now);
                }
                if let Some(worker) = &finished.detail.worker
                    && !self.workers.contains(worker)
                {
                    self.workers.push(worker.clone());
                }
            }
            Event::Interrupted(about) => self.close(about.id, now, SpanEnd::Stopped),
            Event::Retried(about) => {
                if let Some(place) = at(&mut self.ends, about.id) {
                    *place = None;
                }
            }
            _ => {}
        }
    }

    fn start(&mut self, started: &Started, now: f64) {
        self.close(started.id, now, SpanEnd::Stopped);
        let name = match started.by_hand {
            true => "by hand".to_owned(),
            false => format!("{} · {}", started.device, started.slot),
        };
        let lane = match self.lanes.iter().position(|lane| *lane == name) {
            Some(lane) => lane,
            None => {
                self.lanes.push(name);
                self.lanes.len() - 1
            }
        };
        self.open.insert(started.id, (lane, now));
    }

    fn close(&mut self, id: u64, until: f64, end: SpanEnd) {
        if let Some((lane, from)) = self.open.remove(&id) {
            self.spans.push(Span {
                lane,
                id,
                from,
                until: until.max(from),
                end,
            });
        }
    }

    fn close_all(&mut self, until: f64) {
        while let Some((&id, _)) = self.open.first_key_value() {
            self.close(id, until, SpanEnd::Stopped);
        }
    }
}

/// The entry of an evaluation; none in a damaged study.
fn at<T>(all: &mut [T], id: u64) -> Option<&mut T> {
    all.get_mut(usize::try_from(id).ok()?)
}
