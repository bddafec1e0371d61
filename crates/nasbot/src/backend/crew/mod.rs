//! How many evaluations at once pay on a card, found while they run.
//!
//! A card that waits for launches does more with two workers than with one; one that is busy does no more with three than with two.
//! [`Crew`] begins with one and goes up the [`LADDER`] as long as the evaluations a minute rise. Whether they do is read from how fast
//! each evaluation goes on beside so many others ([`speeds`]); where they do not, it goes back, and looks again after a while: networks
//! and neighbours change. It reads no clock: whatever it hears comes with its time.

mod speeds;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use self::speeds::Speeds;

/// Numbers of evaluations at once that are tried, one after the other.
const LADDER: [usize; 10] = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32];
/// The gain of a further rung that is worth its memory, as a share of the evaluations a minute.
const WORTH: f64 = 0.03;
/// The standard deviation of a logarithm that is sure enough to decide.
const SURE: f64 = 0.05;
/// Standard deviations from the gain that is worth it which are sure enough whatever they are.
const CLEAR: f64 = 2.5;
/// Evaluations that have ended at a rung after which it is decided, sure or not.
const ENOUGH: usize = 12;
/// Evaluations that end until a rung that did not pay, or had no room, is tried again; doubled after each try.
const AGAIN: usize = 32;
/// How near the mean number at once has to be to a whole one, for a speed to count as that of the number.
const NEAR: f64 = 0.3;

/// The number of evaluations at once on one card.
#[derive(Debug)]
pub(super) struct Crew {
    /// The most that may be tried.
    most: usize,
    at_once: usize,
    /// The number that this one is tried in place of, as long as it is not decided.
    before: Option<usize>,
    /// What did not pay or had no room, and after how many ended evaluations it is tried again.
    ceiling: Option<(usize, usize)>,
    patience: usize,
    speeds: Speeds,
    running: BTreeMap<u64, Course>,
    /// Evaluations times seconds, up to when their number last changed.
    area: f64,
    changed: f64,
    /// Evaluations that have ended.
    ended: usize,
    /// Of these, how many since the present number was taken, and how many speeds beside so many.
    here: usize,
    fresh: usize,
}

/// One evaluation as far as it has come.
#[derive(Clone, Copy, Debug)]
struct Course {
    /// When it was last heard of, with the area by then and the share that was done.
    at: f64,
    area: f64,
    share: f64,
    /// The first speed, start included: it counts only where it stays the only one.
    first: Option<(usize, f64)>,
    /// How often it has been heard of.
    heard: usize,
}

/// A new number of evaluations at once, and why.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Change {
    /// Before.
    pub(super) from: usize,
    /// From now on.
    pub(super) to: usize,
    /// The evaluations a minute with the number before, as a multiple of those with the one that it was compared with; absent where
    /// nothing was compared.
    pub(super) gain: Option<f64>,
}

impl Crew {
    /// One at once to begin with.
    pub(super) fn new(most: usize) -> Self {
        Self {
            most: most.max(1),
            at_once: 1,
            before: None,
            ceiling: None,
            patience: AGAIN,
            speeds: Speeds::default(),
            running: BTreeMap::new(),
            area: 0.0,
            changed: 0.0,
            ended: 0,
            here: 0,
            fresh: 0,
        }
    }

    /// As many as may be tried from the beginning.
    pub(super) fn full(most: usize) -> Self {
        let crew = Self::new(most);
        Self {
            at_once: crew.most,
            ..crew
        }
    }

    /// How many evaluations may be under way.
    pub(super) fn at_once(&self) -> usize {
        self.at_once
    }

    /// An evaluation begins; times are seconds of any clock that goes on evenly.
    pub(super) fn begins(&mut self, id: u64, now: f64) {
        self.pass(now);
        let course = Course {
            at: now,
            area: self.area,
            share: 0.0,
            first: None,
            heard: 0,
        };
        self.running.insert(id, course);
    }

    /// So large a share of an evaluation is done.
    pub(super) fn proceeds(&mut self, id: u64, share: f64, now: f64) -> Option<Change> {
        self.pass(now);
        let area = self.area;
        let course = self.running.get_mut(&id)?;
        let (seconds, done) = (now - course.at, share - course.share);
        if !(seconds > 0.0 && done > 0.0) {
            return None;
        }
        let mean = (area - course.area) / seconds;
        (course.at, course.area, course.share) = (now, area, share);
        course.heard += 1;
        let number = mean.round();
        let is_pure = number >= 1.0 && (mean - number).abs() <= NEAR;
        let speed = is_pure.then(|| (number as usize, (done / seconds).ln()));
        match (course.heard, speed) {
            // The time before includes the start.
            (1, speed) => course.first = speed,
            (_, Some((number, speed))) => self.add(id, number, speed),
            (_, None) => {}
        }
        self.decide()
    }

    /// An evaluation has ended, in whatever way.
    pub(super) fn ends(&mut self, id: u64, now: f64) -> Option<Change> {
        self.pass(now);
        let course = self.running.remove(&id)?;
        if let (Some((number, speed)), 1) = (course.first, course.heard) {
            self.add(id, number, speed);
        }
        self.ended += 1;
        self.here += 1;
        self.decide()
    }

    /// There is no room on the card for more than so many.
    pub(super) fn lacks_room(&mut self, for_more_than: usize) -> Option<Change> {
        let room = for_more_than.max(1);
        (room < self.at_once).then(|| {
            self.forbid(self.at_once);
            self.go_to(room, None, None)
        })
    }

    fn add(&mut self, id: u64, number: usize, speed: f64) {
        self.speeds.add(id, number, speed);
        self.fresh += usize::from(number == self.at_once);
    }

    /// Time passes with as many evaluations as there are.
    fn pass(&mut self, now: f64) {
        self.area += self.running.len() as f64 * (now - self.changed).max(0.0);
        self.changed = self.changed.max(now);
    }

    /// A number is not tried again for a while.
    fn forbid(&mut self, number: usize) {
        self.ceiling = Some((number, self.ended + self.patience));
        self.patience = self.patience.saturating_mul(2);
    }

    fn go_to(&mut self, to: usize, before: Option<usize>, gain: Option<f64>) -> Change {
        let from = std::mem::replace(&mut self.at_once, to);
        self.before = before;
        (self.here, self.fresh) = (0, 0);
        Change { from, to, gain }
    }

    /// The next number, if what is known says so.
    fn decide(&mut self) -> Option<Change> {
        if (self.ceiling).is_some_and(|(_, due)| self.ended >= due) {
            self.ceiling = None;
        }
        let here = self.at_once;
        let is_long = self.here >= ENOUGH;
        let mut told = None;
        if let Some(before) = self.before {
            match self.speeds.gain(before, here) {
                None if is_long => {}
                None => return None,
                Some((gain, doubt)) => {
                    let is_clear = (gain - WORTH.ln_1p()).abs() > CLEAR * doubt;
                    if !(is_clear || doubt <= SURE || is_long) {
                        return None;
                    }
                    told = Some(gain.exp());
                    if gain < WORTH.ln_1p() {
                        self.forbid(here);
                        return Some(self.go_to(before, None, told));
                    }
                }
            }
            self.before = None;
        }
        let is_known = self.fresh > 2 * here || self.here >= ENOUGH / 2;
        let next = LADDER.into_iter().find(|&next| next > here)?;
        let ceiling = self.ceiling.map_or(usize::MAX, |(number, _)| number);
        let may = next <= self.most && next < ceiling;
        (is_known && may).then(|| self.go_to(next, Some(here), told))
    }
}
