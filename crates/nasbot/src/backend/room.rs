//! Whether a further training has room in the memory of a card, or of this machine, beside ours and what other programs have there.
//!
//! A training of ours is known by what it is predicted to take, and by what its worker says that it has, after each epoch and with
//! what is free then. It may begin where what is free suffices for it, for all that ours have yet to take of what they are
//! predicted to, and for some more, which stays free for neighbours. The first one begins in any case: whether it fits, its worker
//! finds out, and what lacks memory is another matter (`local`).

use std::collections::BTreeMap;

/// Bytes of a card as a worker tells them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Told {
    /// What no process has.
    pub(super) free: u64,
    /// All that there is.
    pub(super) all: u64,
    /// What this worker has, its process included.
    pub(super) own: u64,
}

/// What a process takes beside its training where none has told yet: contexts, libraries, data.
const PROCESS: u64 = 1 << 30;
/// A training takes as much more than it is predicted to, in parts of it, as allocators leave gaps.
const GAPS: f64 = 0.1;
/// What stays free for neighbours, as a share of all, and in bytes at the least.
const SPARE: f64 = 0.05;
const LEAST_SPARE: u64 = 512 << 20;

/// The memory of one card.
#[derive(Debug, Default)]
pub(super) struct Room {
    /// What is free, and all, as it was told last.
    card: Option<(u64, u64)>,
    /// Trainings, by their evaluations.
    trainings: BTreeMap<u64, Training>,
    /// The most that a process has had beside what was predicted of its training: its start, and the data.
    beside: Option<u64>,
    /// Processes that wait for more work, and keep what they have beside trainings.
    waiting: usize,
}

/// One training.
#[derive(Clone, Copy, Debug)]
struct Training {
    /// What was predicted of the training alone.
    predicted: Option<u64>,
    /// What it is expected to have at the most, with its process.
    expected: u64,
    /// What it has, as far as it is known.
    has: u64,
    /// Whether what is free is known to be so beside it.
    has_told: bool,
}

impl Room {
    /// Whether a training of so many bytes may begin; what is not predicted is taken for as much as the largest that runs.
    pub(super) fn has_for(&self, predicted: Option<u64>) -> bool {
        if self.trainings.is_empty() {
            return true;
        }
        let (Some((free, all)), Some(beside)) = (self.card, self.beside) else {
            // Not before one has told what there is.
            return false;
        };
        let coming = (self.trainings.values())
            .map(|training| training.expected.saturating_sub(training.has))
            .fold(0, u64::saturating_add);
        let there = if self.waiting > 0 { beside } else { 0 };
        let wanted = self.expected(predicted).saturating_sub(there);
        let spare = ((all as f64 * SPARE) as u64).max(LEAST_SPARE);
        coming.saturating_add(wanted).saturating_add(spare) <= free
    }

    /// A training begins.
    pub(super) fn begins(&mut self, id: u64, predicted: Option<u64>) {
        // One that takes up a process that waits has what that has.
        let has = match self.waiting.checked_sub(1) {
            Some(fewer) => {
                self.waiting = fewer;
                // What a process has of its own is known once one waits.
                self.beside.unwrap_or(PROCESS)
            }
            None => 0,
        };
        let expected = self.expected(predicted);
        let training = Training {
            predicted,
            expected,
            has: has.min(expected),
            has_told: false,
        };
        self.trainings.insert(id, training);
    }

    /// The worker of a training says what there is.
    pub(super) fn told(&mut self, id: u64, told: Told) {
        self.card = Some((told.free, told.all));
        let Some(training) = self.trainings.get_mut(&id) else {
            return;
        };
        training.has = told.own;
        training.has_told = true;
        training.expected = training.expected.max(told.own);
        let beside = told.own.saturating_sub(training.predicted.unwrap_or(0));
        self.beside = Some(self.beside.map_or(beside, |known| known.max(beside)));
    }

    /// A training is over; its process waits for more or has ended.
    pub(super) fn ends(&mut self, id: u64, waits: bool) {
        let training = self.trainings.remove(&id);
        if !waits {
            return;
        }
        self.waiting += 1;
        // What it keeps, and what was free before it came.
        let untold = training.filter(|training| !training.has_told && training.has == 0);
        if let (Some(_), Some((free, _))) = (untold, &mut self.card) {
            *free = free.saturating_sub(self.beside.unwrap_or(PROCESS));
        }
    }

    /// Whether it is known what there is.
    pub(super) fn is_known(&self) -> bool {
        self.card.is_some()
    }

    /// No process waits any more.
    pub(super) fn is_cleared(&mut self) {
        self.waiting = 0;
    }

    /// Trainings that run.
    pub(super) fn running(&self) -> usize {
        self.trainings.len()
    }

    /// What a training is expected to have at the most, with its process.
    fn expected(&self, predicted: Option<u64>) -> u64 {
        let largest = || self.trainings.values().map(|training| training.expected);
        match predicted {
            Some(bytes) => with_gaps(bytes).saturating_add(self.beside.unwrap_or(PROCESS)),
            // Without one it is the first.
            None => largest().max().unwrap_or(PROCESS),
        }
    }
}

fn with_gaps(bytes: u64) -> u64 {
    bytes.saturating_add((bytes as f64 * GAPS) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1 << 30;

    /// A card with its neighbour, on which trainings take what they are predicted to, data of 1 GiB and a start of 1 GiB.
    struct Card {
        room: Room,
        all: u64,
        neighbour: u64,
        running: BTreeMap<u64, u64>,
        waiting: u64,
    }

    impl Card {
        fn new(all: u64) -> Self {
            Self {
                room: Room::default(),
                all,
                neighbour: 0,
                running: BTreeMap::new(),
                waiting: 0,
            }
        }

        fn used(&self) -> u64 {
            let ours: u64 = self.running.values().map(|bytes| bytes + 2 * GIB).sum();
            ours + self.waiting * 2 * GIB + self.neighbour
        }

        fn begin(&mut self, id: u64, bytes: u64) -> bool {
            let may = self.room.has_for(Some(bytes));
            if may {
                self.room.begins(id, Some(bytes));
                self.waiting = self.waiting.saturating_sub(1);
                self.running.insert(id, bytes);
            }
            may
        }

        /// Its first epoch is over.
        fn tell(&mut self, id: u64) {
            let told = Told {
                free: self.all - self.used(),
                all: self.all,
                own: self.running[&id] + 2 * GIB,
            };
            self.room.told(id, told);
        }

        fn end(&mut self, id: u64) {
            self.running.remove(&id);
            self.waiting += 1;
            self.room.ends(id, true);
        }
    }

    #[test]
    fn trainings_begin_as_long_as_all_of_them_fit() {
        let mut card = Card::new(40 * GIB);
        assert!(card.begin(0, 4 * GIB));
        // Nothing is known of the card yet.
        assert!(!card.begin(1, GIB));
        card.tell(0);
        // 34 GiB are free, of which 2 stay so.
        let begun: Vec<u64> = (1..20).filter(|&id| card.begin(id, 4 * GIB)).collect();
        assert_eq!(begun, [1, 2, 3, 4, 5], "each of them is to have 6.4 GiB");
        assert!(card.used() < 38 * GIB);
        begun.iter().for_each(|&id| card.tell(id));
        assert!(!card.begin(20, GIB));
        // A small one may fit where a large one does not.
        card.end(1);
        card.end(2);
        card.tell(0);
        assert!(!card.begin(20, 10 * GIB) && card.begin(21, GIB));
    }

    #[test]
    fn a_neighbour_keeps_its_room_and_gets_more_as_ours_end() {
        let mut card = Card::new(40 * GIB);
        card.begin(0, 4 * GIB);
        card.neighbour = 24 * GIB;
        card.tell(0);
        assert!(card.begin(1, 4 * GIB));
        card.tell(1);
        assert!(!card.begin(2, 4 * GIB));
        card.end(1);
        card.neighbour = 31 * GIB;
        card.tell(0);
        assert!(!card.begin(3, 4 * GIB));
        // One of ours always runs, whatever a neighbour has.
        card.end(0);
        assert!(card.begin(4, 4 * GIB));
    }

    #[test]
    fn a_process_that_waits_is_not_counted_twice() {
        let mut card = Card::new(16 * GIB);
        card.begin(0, 4 * GIB);
        card.tell(0);
        assert!(card.begin(1, 4 * GIB));
        card.tell(1);
        card.end(1);
        card.tell(0);
        // 8 GiB are free, and the process that waits has 2 of the 6.4 that are wanted.
        assert!(card.begin(2, 4 * GIB));
        card.end(2);
        card.tell(0);
        card.waiting -= 1;
        card.room.is_cleared();
        // The process has ended: what it had is free again once that is told.
        assert!(!card.begin(3, 5 * GIB));
        card.tell(0);
        assert!(card.begin(3, 5 * GIB));
    }

    #[test]
    fn whatever_comes_and_goes_the_card_is_never_full() {
        let mut state = 7_u64;
        let mut random = |end: u64| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 33) % end
        };
        let mut card = Card::new(80 * GIB);
        let (mut next, mut most) = (0, 0);
        for _ in 0..20_000 {
            let ids: Vec<u64> = card.running.keys().copied().collect();
            let one = |random: &mut dyn FnMut(u64) -> u64| ids[random(ids.len() as u64) as usize];
            match random(4) {
                0 | 1 => {
                    let bytes = (1 + random(12 * 1024)) << 20;
                    if card.running.len() < 16 && card.begin(next, bytes) {
                        next += 1;
                    }
                }
                2 if !ids.is_empty() => card.tell(one(&mut random)),
                3 if ids.len() > 1 => card.end(one(&mut random)),
                _ => {}
            }
            most = most.max(card.running.len());
            assert!(card.used() <= card.all, "{card:?}", card = card.running);
            // Processes that wait end with what replaces them.
            card.waiting = card.waiting.min(2);
            card.room.waiting = card.room.waiting.min(2);
        }
        assert!(next > 1000 && most > 5, "{next} begun, {most} at once");
    }
}
