//! Successive halving: the rule of the paper, whatever the order and the scores.

use nasbot_opt::{Error, Halving};
use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64;

/// A search of `n` trainings with these final scores, one at a time: whoever may go on does so before the next begins.
/// Returns how many reached each rung, and who reached the end.
fn run(rungs: &[u32], factor: usize, scores: &[f64]) -> (Vec<usize>, Vec<u64>) {
    let mut halving = Halving::new(rungs, factor).unwrap();
    let mut counts = vec![0; rungs.len()];
    let mut ended = Vec::new();
    let mut arrive = |halving: &mut Halving, id: u64, until: u32| {
        let rung = rungs.iter().position(|&rung| rung == until).unwrap();
        counts[rung] += 1;
        halving.reach(id, until, scores[id as usize]);
        if until == halving.last() {
            ended.push(id);
        }
    };
    for id in 0..scores.len() as u64 {
        let first = halving.first();
        arrive(&mut halving, id, first);
        while let Some(promotion) = halving.next() {
            halving.promote(promotion.id, rungs[promotion.from]);
            arrive(&mut halving, promotion.id, promotion.until);
        }
    }
    (counts, ended)
}

#[test]
fn of_rising_scores_each_new_one_is_the_best() {
    // By hand, η = 3: from the third arrival on, each is the best of its rung when it comes, and goes on.
    let scores: Vec<f64> = (0..9).map(f64::from).collect();
    assert_eq!(
        run(&[1, 3, 9], 3, &scores),
        (vec![9, 7, 5], vec![4, 5, 6, 7, 8])
    );
}

#[test]
fn of_falling_scores_the_first_ones_go_on() {
    // By hand: number 0 after the third arrival, 1 after the sixth, 2 after the ninth; then 0, the best of three.
    let scores: Vec<f64> = (0..9).map(|i| -f64::from(i)).collect();
    assert_eq!(run(&[1, 3, 9], 3, &scores), (vec![9, 3, 1], vec![0]));
}

#[test]
fn no_rung_passes_more_than_its_share_and_the_best_always_passes() {
    let mut rng = Pcg64::seed_from_u64(1);
    for _ in 0..500 {
        let factor = rng.random_range(2..6_usize);
        let n = rng.random_range(1..80_usize);
        let rungs: Vec<u32> = (1..=rng.random_range(2..5_u32)).map(|k| k * k).collect();
        // Few values, so that ties are common.
        let scores: Vec<f64> = (0..n)
            .map(|_| f64::from(rng.random_range(0..8_u8)))
            .collect();
        let mut halving = Halving::new(&rungs, factor).unwrap();
        let mut counts = vec![0_usize; rungs.len()];
        let mut waiting: Vec<(u64, u32)> = Vec::new();
        let mut begun = 0;
        let mut reached = vec![Vec::new(); rungs.len()];
        // Any number run at once and end in any order.
        loop {
            if let Some(promotion) = halving.next() {
                let from = rungs[promotion.from];
                assert!(reached[promotion.from].contains(&promotion.id));
                halving.promote(promotion.id, from);
                waiting.push((promotion.id, promotion.until));
            } else if begun < n as u64 && (waiting.is_empty() || rng.random_bool(0.5)) {
                waiting.push((begun, halving.first()));
                begun += 1;
            } else if waiting.is_empty() {
                break;
            } else {
                let (id, until) = waiting.swap_remove(rng.random_range(0..waiting.len()));
                let rung = rungs.iter().position(|&rung| rung == until).unwrap();
                assert!(!reached[rung].contains(&id), "{id} came twice to {until}");
                counts[rung] += 1;
                reached[rung].push(id);
                halving.reach(id, until, scores[id as usize]);
            }
        }
        assert_eq!(counts[0], n);
        for (k, pair) in counts.windows(2).enumerate() {
            // Of a rung at least the share goes on; more only because the best of an earlier moment were others.
            assert!(pair[1] >= pair[0] / factor, "{counts:?}");
            if pair[0] >= factor {
                let top = |ids: &[u64]| {
                    ids.iter()
                        .map(|&id| scores[id as usize])
                        .fold(f64::MIN, f64::max)
                };
                assert!(
                    (top(&reached[k]) - top(&reached[k + 1])).abs() < 1e-12,
                    "{counts:?}"
                );
            }
        }
        assert_ne!(
            halving.leader().is_none(),
            reached.last().unwrap().is_empty()
        );
    }
}

#[test]
fn somebody_reaches_the_end_even_of_a_small_search() {
    let mut halving = Halving::new(&[2, 4, 8], 4).unwrap();
    for (id, score) in [(0, 0.5), (1, 0.9), (2, 0.7)] {
        halving.reach(id, 2, score);
    }
    assert_eq!(halving.next(), None);
    for (from, until) in [(2, 4), (4, 8)] {
        let leader = halving.leader().unwrap();
        assert_eq!((leader.id, leader.until), (1, until));
        halving.promote(1, from);
        halving.reach(1, until, 0.9);
    }
    assert_eq!(halving.leader(), None);
    assert_eq!((halving.after(2), halving.after(8)), (Some(4), None));
}

#[test]
fn rungs_that_do_not_rise_are_refused() {
    for rungs in [&[][..], &[3], &[3, 3], &[9, 3], &[0, 3]] {
        assert!(matches!(
            Halving::new(rungs, 3),
            Err(Error::Setting { name: "rungs", .. })
        ));
    }
    assert!(matches!(
        Halving::new(&[1, 3], 1),
        Err(Error::Setting { name: "factor", .. })
    ));
}
