//! The contract of a back-end.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use nasbot::backend::{End, Handle, Report, Status};

use crate::support::{CAPACITY, Make, PATIENCE, Stand};

/// A test of a back-end that it makes itself.
pub(crate) type Test = fn(&Make);

/// The tests, by name.
pub(crate) const TESTS: [(&str, Test); 6] = [
    ("work_is_scored_and_reported_in_order", scores),
    ("as_much_runs_at_once_as_it_says", capacity),
    ("handles_and_polls_tell_where_work_stands", polls),
    ("cancelled_work_says_nothing_about_its_network", cancels),
    ("what_is_not_there_cannot_be_attached_to", attaches_nothing),
    ("a_place_is_free_once_the_end_is_reported", frees),
];

fn score_of(end: End) -> f64 {
    match end {
        End::Done(outcome, _) => outcome.score().unwrap(),
        other => panic!("{other:?}"),
    }
}

fn scores(make: &Make) {
    let mut stand = Stand::new(make);
    stand.submit(7, 0);
    let first = stand.report();
    let Report::Started { id: 7, device, .. } = first else {
        panic!("the first report is {first:?}");
    };
    assert!(!device.is_empty());
    let (id, end) = stand.end();
    assert_eq!(id, 7);
    assert!((score_of(end) - 0.05).abs() < 1e-12);
    assert!(stand.reported().is_empty());
}

fn capacity(make: &Make) {
    let mut stand = Stand::new(make);
    assert_eq!(stand.backend.abilities().capacity, CAPACITY);
    let handles: Vec<Handle> = (0..CAPACITY as u64)
        .map(|id| stand.submit(id, 10_000))
        .collect();
    // All are under way at the same time, and none has to wait for another. Queues take seconds to start one.
    let since = Instant::now();
    while (handles.iter()).any(|handle| stand.backend.poll(handle) != Status::Running) {
        assert!(since.elapsed() < PATIENCE, "they do not run at once");
        std::thread::sleep(Duration::from_millis(10));
    }
    let started = |report: &Report| matches!(report, Report::Started { .. });
    assert!(stand.reported().iter().all(started));
    handles
        .iter()
        .for_each(|handle| stand.backend.cancel(handle));
    let ended: BTreeSet<u64> = (0..CAPACITY).map(|_| stand.end().0).collect();
    assert_eq!(ended.len(), CAPACITY);
}

fn polls(make: &Make) {
    let mut stand = Stand::new(make);
    let handle = stand.submit(0, 300);
    let other = stand.submit(1, 0);
    assert_ne!(handle, other);
    let status = stand.backend.poll(&handle);
    assert!(
        matches!(status, Status::Running | Status::Waiting),
        "{status:?}"
    );
    stand.end();
    stand.end();
    let since = Instant::now();
    while stand.backend.poll(&handle) != Status::Over {
        assert!(since.elapsed() < PATIENCE, "it is never over");
        std::thread::yield_now();
    }
    let unknown = Handle("nothing".to_owned());
    assert_eq!(stand.backend.poll(&unknown), Status::Unknown);
    // What is over, or unknown, can be cancelled without harm.
    stand.backend.cancel(&handle);
    stand.backend.cancel(&unknown);
    assert!(stand.reported().is_empty());
}

fn cancels(make: &Make) {
    let mut stand = Stand::new(make);
    let handle = stand.submit(3, 1_500);
    stand.backend.cancel(&handle);
    match stand.end() {
        (3, End::Stopped) => {}
        // A function cannot be stopped: then it ends by itself.
        (3, End::Done(outcome, _)) => assert!(outcome.score().is_some()),
        other => panic!("{other:?}"),
    }
}

fn attaches_nothing(make: &Make) {
    let mut stand = Stand::new(make);
    let work = stand.work(5, 0);
    let gone = Handle("gone".to_owned());
    assert_eq!(stand.backend.attach(&work, None).unwrap(), None);
    assert_eq!(stand.backend.attach(&work, Some(&gone)).unwrap(), None);
    assert!(stand.reported().is_empty());
}

fn frees(make: &Make) {
    let mut stand = Stand::new(make);
    for id in 0..CAPACITY as u64 {
        stand.submit(id, 0);
    }
    for id in CAPACITY as u64..10 {
        stand.end();
        stand.submit(id, 0);
    }
    for _ in 0..CAPACITY {
        assert!((score_of(stand.end().1) - 0.05).abs() < 1e-12);
    }
}
