//! What may run on a device: several works side by side, or one alone. Where their number is automatic, those run that have room in its
//! memory, as many as pay.

use std::collections::{HashMap, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::crew::{Change, Crew};
use super::room::{Room, Told};

/// How often a work that waits looks whether it is still wanted.
const LOOK: Duration = Duration::from_millis(50);

/// The works on each device.
#[derive(Debug)]
pub(super) struct Gate {
    devices: Mutex<HashMap<String, Works>>,
    changed: Condvar,
    /// How many there may be at once on a device; absent where the description says it.
    automatic: Option<Automatic>,
    since: Instant,
}

/// How many works may be on a device where that is automatic.
#[derive(Clone, Copy, Debug)]
pub(super) struct Automatic {
    /// At the most.
    pub(super) most: usize,
    /// Whether so many are there from the beginning, as far as there is room.
    pub(super) begins_with_most: bool,
}

/// The works on one device.
#[derive(Debug, Default)]
struct Works {
    running: usize,
    /// Those that wait to run alone: no other begins meanwhile.
    waiting: usize,
    is_one_alone: bool,
    shared: Option<Shared>,
}

/// A device whose number of works is automatic.
#[derive(Debug)]
struct Shared {
    room: Room,
    crew: Crew,
    /// Works that wait for room, the first one first.
    queue: VecDeque<u64>,
    /// The last change of the number that has not been asked for.
    change: Option<Change>,
}

/// A work that comes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Comer<'a> {
    pub(super) device: &'a str,
    /// Its evaluation.
    pub(super) id: u64,
    /// Bytes of the device's memory that it is predicted to take.
    pub(super) bytes: Option<u64>,
}

/// A work on a device, until it is dropped.
#[derive(Debug)]
pub(super) struct Turn<'a> {
    gate: &'a Gate,
    comer: Comer<'a>,
    is_alone: bool,
    /// Whether its process waits for more afterwards.
    pub(super) leaves_a_process: bool,
}

impl Works {
    fn new(automatic: Option<Automatic>) -> Self {
        let shared = |automatic: Automatic| Shared {
            room: Room::default(),
            crew: match automatic.begins_with_most {
                true => Crew::full(automatic.most),
                false => Crew::new(automatic.most),
            },
            queue: VecDeque::new(),
            change: None,
        };
        Self {
            shared: automatic.map(shared),
            ..Self::default()
        }
    }
}

impl Shared {
    /// Whether there is room for a work, or it waits for it.
    fn lets_in(&mut self, comer: Comer<'_>) -> bool {
        let is_next = self.queue.front().is_none_or(|&first| first == comer.id);
        if is_next && self.room.has_for(comer.bytes) {
            self.queue.retain(|&id| id != comer.id);
            return true;
        }
        if is_next && self.room.is_known() {
            let change = self.crew.lacks_room(self.room.running());
            self.change = change.or(self.change);
        }
        if !self.queue.contains(&comer.id) {
            self.queue.push_back(comer.id);
        }
        false
    }

    fn begins(&mut self, comer: Comer<'_>, now: f64) {
        self.room.begins(comer.id, comer.bytes);
        self.crew.begins(comer.id, now);
    }
}

impl Gate {
    /// With works whose number is automatic, or as many as come.
    pub(super) fn new(automatic: Option<Automatic>) -> Self {
        Self {
            devices: Mutex::default(),
            changed: Condvar::new(),
            automatic,
            since: Instant::now(),
        }
    }

    /// Begins a work beside others, once none is or wants to be alone and there is room. `None` if it is not wanted any more.
    pub(super) fn enter<'a>(
        &'a self,
        comer: Comer<'a>,
        is_unwanted: impl Fn() -> bool,
    ) -> Option<Turn<'a>> {
        let mut devices = self.lock();
        loop {
            let works = self.works(&mut devices, comer.device);
            let is_open = !works.is_one_alone && works.waiting == 0;
            if is_open && works.shared.as_mut().is_none_or(|s| s.lets_in(comer)) {
                works.running += 1;
                return Some(self.turn(works, comer, false));
            }
            if is_unwanted() {
                if let Some(shared) = &mut works.shared {
                    shared.queue.retain(|&id| id != comer.id);
                }
                return None;
            }
            devices = self.wait(devices);
        }
    }

    /// Begins a work alone, once the others have ended; until then none begins. `None` if it is not wanted any more.
    pub(super) fn enter_alone<'a>(
        &'a self,
        comer: Comer<'a>,
        is_unwanted: impl Fn() -> bool,
    ) -> Option<Turn<'a>> {
        let mut devices = self.lock();
        self.works(&mut devices, comer.device).waiting += 1;
        loop {
            let works = self.works(&mut devices, comer.device);
            let is_free = works.running == 0 && !works.is_one_alone;
            if is_free || is_unwanted() {
                works.waiting -= 1;
                works.is_one_alone = works.is_one_alone || is_free;
                self.changed.notify_all();
                // Not `then_some`: a turn that is made and dropped at once gives back what it never had.
                return is_free.then(|| self.turn(works, comer, true));
            }
            devices = self.wait(devices);
        }
    }

    fn turn<'a>(&'a self, works: &mut Works, comer: Comer<'a>, is_alone: bool) -> Turn<'a> {
        if let Some(shared) = &mut works.shared {
            shared.begins(comer, self.now());
        }
        Turn {
            gate: self,
            comer,
            is_alone,
            leaves_a_process: false,
        }
    }

    /// How many works may be under way on a device; `None` where the description says it.
    pub(super) fn at_once(&self, device: &str) -> Option<usize> {
        let mut devices = self.lock();
        let shared = self.works(&mut devices, device).shared.as_ref();
        shared.map(|shared| shared.crew.at_once())
    }

    /// The worker of a work says what memory there is.
    pub(super) fn told(&self, device: &str, id: u64, told: Told) {
        self.with(device, |shared, _| shared.room.told(id, told));
        self.changed.notify_all();
    }

    /// So large a share of a work is done.
    pub(super) fn proceeds(&self, device: &str, id: u64, share: f64) {
        self.with(device, |shared, now| {
            shared.change = shared.crew.proceeds(id, share, now).or(shared.change);
        });
    }

    /// How the number of works on a device has changed since this was last asked.
    pub(super) fn change(&self, device: &str) -> Option<Change> {
        self.with(device, |shared, _| shared.change.take())?
    }

    /// The processes that waited for more have ended.
    pub(super) fn is_cleared(&self) {
        for works in self.lock().values_mut() {
            if let Some(shared) = &mut works.shared {
                shared.room.is_cleared();
            }
        }
    }

    /// Does something to a device whose number of works is automatic.
    fn with<T>(&self, device: &str, act: impl FnOnce(&mut Shared, f64) -> T) -> Option<T> {
        let mut devices = self.lock();
        let shared = self.works(&mut devices, device).shared.as_mut()?;
        Some(act(shared, self.now()))
    }

    fn works<'m>(&self, devices: &'m mut HashMap<String, Works>, device: &str) -> &'m mut Works {
        (devices.entry(device.to_owned())).or_insert_with(|| Works::new(self.automatic))
    }

    fn now(&self) -> f64 {
        self.since.elapsed().as_secs_f64()
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
        let Comer { device, id, .. } = self.comer;
        if let Some(works) = self.gate.lock().get_mut(device) {
            if let Some(shared) = &mut works.shared {
                shared.room.ends(id, self.leaves_a_process);
                shared.change = shared.crew.ends(id, self.gate.now()).or(shared.change);
            }
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
        let gate = Gate::new(None);
        let comer = |device| Comer {
            device,
            id: 0,
            bytes: None,
        };
        let wanted = || false;
        let (first, second) = (
            gate.enter(comer("a"), wanted),
            gate.enter(comer("a"), wanted),
        );
        assert!(first.is_some() && second.is_some());
        // It is given up before the others have ended; then they may begin again.
        assert!(gate.enter_alone(comer("a"), || true).is_none());
        drop(gate.enter(comer("a"), wanted).unwrap());
        // Another device is another matter.
        let other = gate.enter_alone(comer("b"), wanted).unwrap();
        assert!(gate.enter(comer("b"), || true).is_none());
        assert!(gate.enter_alone(comer("b"), || true).is_none());
        drop(other);
        std::thread::scope(|scope| {
            let alone = scope.spawn(|| {
                let turn = gate.enter_alone(comer("a"), wanted);
                turn.is_some_and(|turn| turn.is_alone && gate.lock()["a"].running == 0)
            });
            while gate.lock()["a"].waiting == 0 {
                std::thread::yield_now();
            }
            assert!(gate.enter(comer("a"), || true).is_none());
            drop((first, second));
            assert!(alone.join().unwrap());
        });
        assert!(gate.enter(comer("a"), || true).is_some());
    }
    #[test]
    fn a_work_waits_for_room_in_its_turn() {
        const GIB: u64 = 1 << 30;
        let gate = Gate::new(Some(Automatic {
            most: 4,
            begins_with_most: true,
        }));
        let comer = |id| Comer {
            device: "a",
            id,
            bytes: Some(4 * GIB),
        };
        assert_eq!(gate.at_once("a"), Some(4));
        let first = gate.enter(comer(0), || false).unwrap();
        // What there is has not been told.
        assert!(gate.enter(comer(1), || true).is_none());
        let told = |free| Told {
            free: free * GIB,
            all: 20 * GIB,
            own: 6 * GIB,
        };
        gate.told("a", 0, told(8));
        let mut second = gate.enter(comer(1), || false).unwrap();
        std::thread::scope(|scope| {
            let third = scope.spawn(|| gate.enter(comer(2), || false).is_some());
            while gate.lock()["a"].shared.as_ref().unwrap().queue.is_empty() {
                std::thread::yield_now();
            }
            // The number follows.
            assert_eq!(gate.at_once("a"), Some(2));
            // One that would fit does not overtake.
            let small = Comer {
                bytes: Some(1),
                ..comer(3)
            };
            assert!(gate.enter(small, || true).is_none());
            second.leaves_a_process = true;
            drop(second);
            gate.told("a", 0, told(12));
            assert!(third.join().unwrap());
        });
        drop(first);
    }
}
