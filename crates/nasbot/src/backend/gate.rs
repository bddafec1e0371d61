//! Who may run on a device: several works side by side, or one alone.

use std::collections::HashMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How often a work that waits looks whether it is still wanted.
const LOOK: Duration = Duration::from_millis(50);

/// The works on each device.
#[derive(Debug, Default)]
pub(super) struct Gate {
    devices: Mutex<HashMap<String, Works>>,
    changed: Condvar,
}

/// The works on one device.
#[derive(Clone, Copy, Debug, Default)]
struct Works {
    running: usize,
    /// Those that wait to run alone: no other begins meanwhile.
    waiting: usize,
    is_one_alone: bool,
}

/// A work on a device, until it is dropped.
#[derive(Debug)]
pub(super) struct Turn<'a> {
    gate: &'a Gate,
    device: &'a str,
    is_alone: bool,
}

impl Gate {
    /// Begins a work beside others, once none is or wants to be alone. `None` if it is not wanted any more.
    pub(super) fn enter<'a>(
        &'a self,
        device: &'a str,
        is_unwanted: impl Fn() -> bool,
    ) -> Option<Turn<'a>> {
        let mut devices = self.lock();
        loop {
            let works = devices.entry(device.to_owned()).or_default();
            if !works.is_one_alone && works.waiting == 0 {
                works.running += 1;
                return Some(Turn {
                    gate: self,
                    device,
                    is_alone: false,
                });
            }
            if is_unwanted() {
                return None;
            }
            devices = self.wait(devices);
        }
    }

    /// Begins a work alone, once the others have ended; until then none begins. `None` if it is not wanted any more.
    pub(super) fn enter_alone<'a>(
        &'a self,
        device: &'a str,
        is_unwanted: impl Fn() -> bool,
    ) -> Option<Turn<'a>> {
        let mut devices = self.lock();
        devices.entry(device.to_owned()).or_default().waiting += 1;
        loop {
            let works = devices.entry(device.to_owned()).or_default();
            let is_free = works.running == 0 && !works.is_one_alone;
            if is_free || is_unwanted() {
                works.waiting -= 1;
                works.is_one_alone = works.is_one_alone || is_free;
                self.changed.notify_all();
                // Not `then_some`: a turn that is made and dropped at once gives back what it never had.
                return is_free.then(|| Turn {
                    gate: self,
                    device,
                    is_alone: true,
                });
            }
            devices = self.wait(devices);
        }
    }

    fn wait<'a>(
        &self,
        devices: MutexGuard<'a, HashMap<String, Works>>,
    ) -> MutexGuard<'a, HashMap<String, Works>> {
        let waited = self.changed.wait_timeout(devices, LOOK);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    /// The works; a thread that panicked left them as they were.
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Works>> {
        self.devices.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if let Some(works) = self.gate.lock().get_mut(self.device) {
            match self.is_alone {
                true => works.is_one_alone = false,
                false => works.running -= 1,
            }
        }
        self.gate.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_alone_waits_for_the_others_and_keeps_them_out() {
        let gate = Gate::default();
        let wanted = || false;
        let (first, second) = (gate.enter("a", wanted), gate.enter("a", wanted));
        assert!(first.is_some() && second.is_some());
        // It is given up before the others have ended; then they may begin again.
        assert!(gate.enter_alone("a", || true).is_none());
        drop(gate.enter("a", wanted).unwrap());
        // Another device is another matter.
        let other = gate.enter_alone("b", wanted).unwrap();
        assert!(gate.enter("b", || true).is_none());
        assert!(gate.enter_alone("b", || true).is_none());
        drop(other);
        std::thread::scope(|scope| {
            let alone = scope.spawn(|| {
                let turn = gate.enter_alone("a", wanted);
                turn.is_some_and(|turn| turn.is_alone && gate.lock()["a"].running == 0)
            });
            while gate.lock()["a"].waiting == 0 {
                std::thread::yield_now();
            }
            assert!(gate.enter("a", || true).is_none());
            drop((first, second));
            assert!(alone.join().unwrap());
        });
        assert!(gate.enter("a", || true).is_some());
    }
}
