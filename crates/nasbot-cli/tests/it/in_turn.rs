//! Studies that are asked by hand in turn with searches: each leaves alone what the other runs.

use nix::sys::signal::Signal;
use serde_json::json;

use crate::by_hand::{STUDY, ask, ids, states};
use crate::support::{Folder, eventually};

#[test]
fn a_search_leaves_alone_what_is_run_by_hand() {
    let folder = Folder::new();
    folder.worker("");
    folder.search(5, "per-device = 2");
    assert_eq!(ids(&ask(&folder, "search.toml", 2)), [0, 1]);
    folder.run(&["tell", STUDY, "1", "0.9"]).ok();
    let ran = folder.run(&["resume", STUDY]);
    assert!(
        ran.stderr.contains("run by hand, and left alone here: #0"),
        "{}",
        ran.stderr
    );
    ran.ok();
    let mut began = folder.lines("began");
    began.sort();
    assert_eq!(began, ["2", "3", "4"]);
    assert_eq!(states(&folder)[0], "by hand");
    assert_eq!(folder.summary()["state"], "waiting for results by hand");
    // The best network is not trained once more before all are known.
    assert!(folder.summary()["test"].is_null());
    folder.run(&["tell", STUDY, "0", "0.1"]).ok();
    folder.run(&["resume", STUDY, "-q"]).ok();
    assert_eq!(
        (&folder.summary()["state"], &folder.summary()["best"]["id"]),
        (&json!("complete"), &json!(1))
    );
    assert_eq!(folder.summary()["test"]["id"], 1);
    folder.run(&["replay", STUDY]).ok();
}

#[test]
fn a_synchronous_search_leaves_it_alone_too() {
    let folder = Folder::new();
    folder.worker("");
    folder.search(7, "per-device = 2\nsynchronous = true");
    ask(&folder, "search.toml", 1);
    folder.run(&["resume", STUDY, "-q"]).ok();
    assert_eq!(folder.lines("ended").len(), 6);
    folder.run(&["tell", STUDY, "0", "0.1"]).ok();
    folder.run(&["resume", STUDY, "-q"]).ok();
    assert_eq!(folder.summary()["state"], "complete");
    folder.run(&["replay", STUDY]).ok();
}

#[test]
fn what_is_given_back_or_taken_back_is_run_once() {
    let folder = Folder::new();
    folder.worker("");
    folder.search(4, "");
    ask(&folder, "search.toml", 3);
    folder.run(&["fail", STUDY, "1", "interrupted"]).ok();
    let error = folder.run(&["tell", STUDY, "1", "0.5"]).fails(2);
    assert!(error.contains("it waits to be run"), "{error}");
    folder.run(&["resume", STUDY, "-q"]).ok();
    assert_eq!(folder.lines("began"), ["1", "3"]);
    folder.run(&["resume", STUDY, "-q", "--take-back"]).ok();
    assert_eq!(folder.lines("began"), ["1", "3", "0", "2"]);
    assert_eq!(folder.summary()["evaluations"], 4);
    folder.run(&["replay", STUDY]).ok();
}

#[test]
fn what_a_killed_search_left_is_handed_out_first() {
    let folder = Folder::new();
    folder.worker("[ \"$n\" -ge 2 ] && sleep 100");
    folder.search(6, "per-device = 2");
    let search = folder.start(&["search", "search.toml", "-q"]);
    eventually("two hang", || folder.lines("began").len() == 4);
    for arguments in [
        &["ask", STUDY][..],
        &["tell", STUDY, "2", "0.5"],
        &["fail", STUDY, "2", "crashed"],
    ] {
        let error = folder.run(arguments).fails(1);
        assert!(
            error.contains("is being searched by process"),
            "{arguments:?} {error}"
        );
    }
    search.signal(Signal::SIGKILL);
    search.wait();
    let error = folder.run(&["tell", STUDY, "2", "0.5"]).fails(2);
    assert!(
        error.contains("a search runs it, or ran it when it ended"),
        "{error}"
    );
    assert_eq!(ids(&ask(&folder, STUDY, 3)), [2, 3, 4]);
    for id in ["2", "3"] {
        folder.run(&["tell", STUDY, id, "0.5"]).ok();
    }
    assert_eq!(folder.summary()["evaluations"], 4);
    folder.run(&["replay", STUDY]).ok();
}
