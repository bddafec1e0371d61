//! What the back-end and its threads all know.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::engine::{Engine, JobId};
use super::entry::{Entry, Phase};
use crate::backend::{End, Handle, Report, Reports};

/// The works, and where reports go.
pub(super) struct Shared {
    state: Mutex<State>,
    pub(super) reports: Reports,
    name: &'static str,
    /// How often an evaluation goes on after a time limit.
    pub(super) time_limits: u32,
}

/// The works.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) entries: BTreeMap<Handle, Entry>,
    /// Jobs that no work wants.
    pub(super) strays: Vec<JobId>,
    /// Whether any job has been seen to begin.
    pub(super) has_signs: bool,
    /// Whether the back-end is gone.
    pub(super) is_closing: bool,
}

impl Shared {
    pub(super) fn new(reports: Reports, engine: &dyn Engine) -> Self {
        Self {
            state: Mutex::default(),
            reports,
            name: engine.name(),
            time_limits: engine.time_limits(),
        }
    }

    /// What the engine is called.
    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    /// The state; a thread that panicked left it as it was.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reports the end of a work, once. The state is locked meanwhile, so that what is reported earlier comes earlier.
    pub(super) fn end(&self, state: &mut State, handle: &Handle, end: End) {
        if let Some(entry) = state.entries.get_mut(handle)
            && !entry.is_over()
        {
            entry.phase = Phase::Over;
            let id = entry.id;
            self.reports.send(Report::Ended { id, end });
        }
    }

    /// Says something to a person.
    pub(super) fn say(&self, text: impl Into<String>) {
        let text = format!("{}: {}", self.name, text.into());
        self.reports.send(Report::Note(text));
    }
}

impl State {
    /// The first place that no work has.
    pub(super) fn free_slot(&self) -> usize {
        let taken = |slot: &usize| {
            let mut entries = self.entries.values();
            entries.any(|entry| !entry.is_over() && entry.slot == *slot)
        };
        // There are fewer works than numbers.
        (0..).find(|slot| !taken(slot)).unwrap_or(0)
    }
}
