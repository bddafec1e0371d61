//! Searches that are stopped and killed: nothing finished is lost or repeated, nothing runs on.

use nix::sys::signal::Signal;

use crate::support::{Folder, Running, eventually, runs};

/// A search of six evaluations, of which those from number 2 on wait for a file `go`.
fn halted() -> (Folder, Running) {
    let folder = Folder::new();
    let go = folder.path("go").display().to_string();
    folder.worker(&format!(
        "while [ \"$n\" -ge 2 ] && [ ! -e {go} ]; do sleep 0.02; done"
    ));
    folder.search(6, "per-device = 2");
    let search = folder.start(&["search", "search.toml"]);
    eventually("four evaluations began", || {
        folder.lines("began").len() == 4
    });
    (folder, search)
}

/// Lets the halted workers work, resumes, and checks that each evaluation ended exactly once.
fn finish(folder: &Folder) {
    folder.write("go", "");
    folder.run(&["resume", "search.nasbot.db"]).ok();
    let mut ended = folder.lines("ended");
    ended.sort();
    assert_eq!(ended, ["0", "1", "2", "3", "4", "5"]);
    let summary = folder.summary();
    assert_eq!(
        (&summary["evaluations"], &summary["failed"]),
        (&6.into(), &0.into())
    );
    assert_eq!(summary["state"], "complete");
}

#[test]
fn ctrl_c_stops_and_resume_goes_on() {
    let (folder, search) = halted();
    search.signal(Signal::SIGINT);
    let error = search.wait().fails(130);
    assert!(error.contains("nasbot resume search.nasbot.db"), "{error}");
    assert!(!runs(&folder.path("worker")));
    assert_eq!(folder.summary()["state"], "interrupted");
    assert_eq!(folder.evaluations()[2]["state"], "interrupted");
    finish(&folder);
}

#[test]
fn a_second_signal_stops_at_once() {
    let folder = Folder::new();
    // Ignores the polite request, and its grace is longer than this test wants to wait.
    folder.worker("trap '' TERM; while :; do sleep 0.02; done");
    folder.search(2, "");
    let mut search = folder.start(&["search", "search.toml"]);
    eventually("an evaluation began", || folder.lines("began").len() == 1);
    search.signal(Signal::SIGTERM);
    search.wait_for_line("once more");
    search.signal(Signal::SIGINT);
    search.wait().fails(130);
    eventually("the worker is gone", || !runs(&folder.path("worker")));
}

#[test]
fn signals_that_come_together_are_one_request() {
    let (folder, search) = halted();
    // Two kinds, because the system delivers two of one kind as one where it can.
    search.signal(Signal::SIGTERM);
    search.signal(Signal::SIGHUP);
    search.wait().fails(130);
    assert_eq!(folder.summary()["state"], "interrupted");
    finish(&folder);
}

#[test]
fn kill_leaves_no_worker_behind_and_resume_goes_on() {
    let (folder, search) = halted();
    search.signal(Signal::SIGKILL);
    search.wait();
    eventually("the workers are gone", || !runs(&folder.path("worker")));
    // No event says so, but the lock is free: what was running is not shown as running.
    let summary = folder.summary();
    assert_eq!(
        (&summary["state"], &summary["running"]),
        (&"killed".into(), &0.into())
    );
    assert_eq!(folder.evaluations()[2]["state"], "interrupted");
    finish(&folder);
}

#[test]
fn two_searches_on_one_study_are_refused() {
    let (folder, search) = halted();
    let error = folder.run(&["resume", "search.nasbot.db"]).fails(1);
    assert!(
        error.contains(&format!("process {}", search.id())),
        "{error}"
    );
    // Readers are welcome.
    let summary = folder.summary();
    assert_eq!(
        (&summary["state"], &summary["running"]),
        (&"running".into(), &2.into())
    );
    folder.write("go", "");
    search.wait().ok();
}

#[test]
fn killed_again_and_again_a_search_still_ends_as_it_would_have() {
    let folder = Folder::new();
    folder.worker("sleep 0.05");
    folder.search(8, "");
    folder.run(&["search", "search.toml"]).ok();
    let whole: Vec<_> = folder.evaluations();
    let killed = Folder::new();
    killed.worker("sleep 0.05");
    killed.search(8, "");
    let mut search = killed.start(&["search", "search.toml"]);
    for ended in 1..8 {
        eventually("one more evaluation ended", || {
            killed.lines("ended").len() >= ended
        });
        search.signal(Signal::SIGKILL);
        search.wait();
        search = killed.start(&["resume", "search.nasbot.db"]);
    }
    search.wait().ok();
    let evaluations = killed.evaluations();
    assert_eq!(evaluations.len(), whole.len());
    for (one, other) in evaluations.iter().zip(&whole) {
        assert_eq!(
            (&one["network"], &one["seed"]),
            (&other["network"], &other["seed"])
        );
    }
}
