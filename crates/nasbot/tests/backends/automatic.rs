//! A number of workers that is automatic: what waits for room, and what is said of it.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use nasbot::backend::{self, Backend, Reports};
use nasbot::settings::PerDevice;

use crate::support::{Make, PATIENCE, Stand, script, training};
use crate::warm::{WORKER, deed, is_scored, processes};

/// The tests, by name.
pub(crate) const TESTS: [(&str, fn()); 2] = [
    ("as_many_run_as_there_are_cores", one_for_each_core),
    ("a_training_waits_for_room_in_the_memory", waits_for_room),
];

fn automatic(folder: &Path, reports: Reports) -> Box<dyn Backend> {
    let mut settings = training(folder, script(folder, "worker", WORKER));
    settings.workers.per_device = PerDevice::Auto;
    settings.workers.threads = Some(1);
    backend::backend(&settings, reports).unwrap()
}

const AUTOMATIC: Make = automatic;

/// Has a worker say that so many megabytes are free, and wait for a file.
fn tell_and_wait(stand: &Stand, id: u64, free: u64) {
    let text = format!(
        "printf '{{\"event\":\"memory\",\"free\":%d,\"all\":%d,\"own\":%d}}\\n' $(({free} << 20)) $((16384 << 20)) $((1024 << 20))\n\
         echo told >> told\nwhile [ ! -e go ]; do sleep 0.02; done\n"
    );
    deed(stand, id, &text);
}

fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let since = Instant::now();
    while !is_so() {
        assert!(since.elapsed() < PATIENCE, "{what}");
        thread::sleep(Duration::from_millis(5));
    }
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

fn one_for_each_core() {
    let mut stand = Stand::new(&AUTOMATIC);
    let count = stand.backend.abilities().capacity;
    assert_eq!(count, cores());
    for id in 0..count as u64 {
        tell_and_wait(&stand, id, 16_000);
        stand.submit(id, 0);
    }
    wait_until("all run at once", || processes(&stand).len() == count);
    fs::write(stand.folder.path().join("go"), "").unwrap();
    (0..count).for_each(|_| assert!(is_scored(&stand.end().1)));
}

fn waits_for_room() {
    let mut stand = Stand::new(&AUTOMATIC);
    for id in 0..2 {
        tell_and_wait(&stand, id, 100);
    }
    stand.submit(0, 0);
    let folder = stand.folder.path().to_owned();
    wait_until("the first one runs", || folder.join("told").exists());
    if cores() > 1 {
        stand.submit(1, 0);
        // It has no room, and so no further one is asked for.
        wait_until("the number follows", || {
            stand.backend.abilities().capacity == 1
        });
        assert_eq!(processes(&stand).len(), 1);
    }
    fs::write(folder.join("go"), "").unwrap();
    let (end, mut notes) = stand.end_with_notes();
    assert!(is_scored(&end));
    if cores() > 1 {
        let (end, more) = stand.end_with_notes();
        assert!(is_scored(&end));
        notes.extend(more);
        let said = format!(
            "cpu takes 1 evaluation at once from now on: its memory has no room for {}",
            cores()
        );
        assert!(notes.contains(&said), "{notes:?}");
        assert_eq!(processes(&stand).len(), 2);
    }
}
