//! A simulated card: networks of many sizes share its time, and each goes on as fast as the card leaves it.

use std::collections::BTreeMap;

use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64;

use super::Crew;

/// What a card does in all with so many at once, one alone being 1.
type Curve = fn(usize) -> f64;

struct Card {
    crew: Crew,
    curve: Curve,
    rng: Pcg64,
    epochs: u32,
    /// Seconds that a process or a network needs before its first epoch.
    start: f64,
    now: f64,
    /// What is done of each evaluation that runs, and how long it takes alone.
    running: BTreeMap<u64, (f64, f64, u32)>,
    next: u64,
    ended: Vec<f64>,
}

impl Card {
    fn new(curve: Curve, epochs: u32, seed: u64) -> Self {
        Self {
            crew: Crew::new(16),
            curve,
            rng: Pcg64::seed_from_u64(seed),
            epochs,
            start: 1.0,
            now: 0.0,
            running: BTreeMap::new(),
            next: 0,
            ended: Vec::new(),
        }
    }

    /// Goes on until so many evaluations have ended.
    fn run(&mut self, count: usize) {
        while self.ended.len() < count {
            while self.running.len() < self.crew.at_once() {
                // From 10 s to some minutes, as small and large networks are apart.
                let normal = (0..12).map(|_| self.rng.random::<f64>()).sum::<f64>() - 6.0_f64;
                let seconds = 40.0 * (0.8 * normal).exp();
                self.crew.begins(self.next, self.now);
                self.running
                    .insert(self.next, (-self.start / seconds, seconds, 0));
                self.next += 1;
            }
            let number = self.running.len();
            // Steps are not all the same.
            let noise = 1.0 + 0.05 * (self.rng.random::<f64>() - 0.5);
            let each = (self.curve)(number) / number as f64 * noise;
            let step = 0.25;
            self.now += step;
            let mut over = Vec::new();
            for (&id, (done, seconds, epochs)) in &mut self.running {
                *done += each * step / *seconds;
                let by_now = (*done * f64::from(self.epochs)).floor().max(0.0) as u32;
                if by_now > *epochs {
                    *epochs = by_now;
                    let share = f64::from(by_now) / f64::from(self.epochs);
                    let _ = self.crew.proceeds(id, share.min(1.0), self.now);
                }
                if *done >= 1.0 {
                    over.push(id);
                }
            }
            for id in over {
                self.running.remove(&id);
                let _ = self.crew.ends(id, self.now);
                self.ended.push(self.now);
            }
        }
    }
}

/// Waits for launches until four are at once, and is busy with six.
fn launches(n: usize) -> f64 {
    [0.0, 1.0, 1.9, 2.7, 3.3, 3.6, 3.7][n.min(6)]
}

/// Busy with one: more only get into each other's way.
fn busy(n: usize) -> f64 {
    1.0 - 0.02 * (n as f64 - 1.0)
}

/// As good as as many cards as there are evaluations.
fn wide(n: usize) -> f64 {
    n as f64
}

fn best(curve: Curve) -> f64 {
    (1..=16).map(curve).fold(0.0, f64::max)
}

#[test]
fn it_finds_what_a_card_can_do_whatever_the_sizes_of_the_networks() {
    for seed in 0..20 {
        for curve in [launches as Curve, busy, wide] {
            let mut card = Card::new(curve, 8, seed);
            card.run(150);
            let reached = curve(card.crew.at_once());
            assert!(
                reached >= 0.9 * best(curve),
                "seed {seed}: {} at once",
                card.crew.at_once()
            );
            // Work done a second, from the first evaluation on.
            let mut other = Card::new(curve, 8, seed);
            other.crew.most = 1;
            other.run(150);
            let sooner = other.now / card.now;
            assert!(
                sooner >= 0.7 * best(curve),
                "seed {seed}: {sooner:.2} times as soon, {:.2} can be had",
                best(curve)
            );
        }
    }
}

#[test]
fn it_climbs_without_epochs_to_compare_too() {
    let mut reached = 0.0;
    for seed in 0..20 {
        let mut card = Card::new(launches, 1, seed);
        card.run(150);
        reached += launches(card.crew.at_once()) / 20.0;
    }
    assert!(reached > 2.0, "{reached:.2}");
}

#[test]
fn where_there_is_no_room_it_goes_back_and_tries_again_later() {
    let mut card = Card::new(wide, 8, 1);
    card.run(40);
    let before = card.crew.at_once();
    assert!(before >= 4, "{before}");
    assert!(card.crew.lacks_room(before).is_none());
    let change = card.crew.lacks_room(2).unwrap();
    assert_eq!((change.from, change.to, change.gain), (before, 2, None));
    card.run(44);
    assert!(card.crew.at_once() < before);
    card.run(200);
    assert!(card.crew.at_once() >= before);
    // Never beyond what is allowed.
    assert!(card.crew.at_once() <= 16);
}

#[test]
fn a_neighbour_that_takes_the_cards_time_is_noticed_and_so_is_its_end() {
    let mut card = Card::new(wide, 8, 3);
    card.run(60);
    let alone = card.crew.at_once();
    card.curve = busy;
    card.run(400);
    // It does not go up further while more does not pay.
    let beside = card.crew.at_once();
    assert!(beside <= alone.max(8), "{alone} alone, {beside} beside");
    card.curve = wide;
    card.run(900);
    assert!(card.crew.at_once() >= beside);
}
