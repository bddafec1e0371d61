//! Studies of format 1: they are shown as they were, and go on as the program that wrote them would have.
//!
//! The histories under `tests/data` were written by nasbot 0.1.0 at the last commit of that format: one of the synthetic
//! function, and one of a worker like that of [`worker`], whose trainings stop at rungs and of which one diverges.

use std::fs;

use rusqlite::{Connection, params};
use serde_json::{Value, json};

use crate::support::Folder;

const PLAIN: &str = include_str!("../data/format-1-plain.jsonl");
const RUNGS: &str = include_str!("../data/format-1-rungs.jsonl");

/// The events of a history.
fn events(history: &str) -> Vec<Value> {
    let lines = history.lines();
    lines
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["event"].clone())
        .collect()
}

/// Writes the beginning of a history as a study of format 1.
fn write(folder: &Folder, history: &str, count: usize, log: bool) {
    let path = folder.path(if log { "live.db" } else { "search.nasbot.db" });
    let study = Connection::open(&path).unwrap();
    if log {
        study.pragma_update(None, "journal_mode", "WAL").unwrap();
    }
    study
        .execute_batch(
            "PRAGMA application_id = 1851880290; PRAGMA user_version = 1;
             CREATE TABLE event (number INTEGER PRIMARY KEY, at REAL NOT NULL,
                                 event TEXT NOT NULL CHECK (json_valid(event))) STRICT;
             CREATE TRIGGER event_is_never_changed BEFORE UPDATE ON event
                 BEGIN SELECT RAISE(ABORT, 'the history of a study is append-only'); END;
             CREATE TRIGGER event_is_never_removed BEFORE DELETE ON event
                 BEGIN SELECT RAISE(ABORT, 'the history of a study is append-only'); END;",
        )
        .unwrap();
    for line in history.lines().take(count) {
        let row: Value = serde_json::from_str(line).unwrap();
        let values = params![row["at"].as_f64().unwrap(), row["event"].to_string()];
        study
            .execute("INSERT INTO event (at, event) VALUES (?1, ?2)", values)
            .unwrap();
    }
    if log {
        // As a killed search leaves it: a part of the history stands in the log alone.
        for ending in ["", "-wal"] {
            let to = folder.path(&format!("search.nasbot.db{ending}"));
            fs::copy(folder.path(&format!("live.db{ending}")), to).unwrap();
        }
    }
}

/// What was asked for, in order: the networks and seeds of suggestions, and which evaluations went on.
fn decisions(events: &[Value]) -> Vec<Value> {
    let decided = events.iter().filter_map(|event| {
        let suggestion = &event["suggestion"];
        match event["event"].as_str().unwrap() {
            "queued" => Some(json!([
                suggestion["id"],
                suggestion["candidate"],
                suggestion["seed"]
            ])),
            "promoted" => Some(json!([event["id"], event["from"], event["until"]])),
            _ => None,
        }
    });
    decided.collect()
}

fn shown(folder: &Folder) -> Vec<Value> {
    let text = folder.run(&["show", "search.nasbot.db", "--events"]).ok();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// A worker whose score rises with the epochs and falls with the evaluation's number; number 4 diverges.
fn worker(folder: &Folder) {
    folder.script(
        "worker",
        r#"#!/bin/sh
read -r job
n=$(printf '%s' "$job" | sed 's/.*"evaluation":\([0-9]*\).*/\1/')
echo '{"event":"hello","protocol":3,"worker":"0.1.0","torch":"none"}'
case $job in
*'"final":{'*) until=9; save=$(printf '%s' "$job" | sed 's/.*"save":"\([^"]*\)".*/\1/'); echo w > "$save";;
*) until=$(printf '%s' "$job" | sed 's/.*"until":\([0-9]*\).*/\1/');;
esac
if [ "$n" = 4 ]; then echo '{"event":"failed","kind":"diverged","message":"NaN"}'; exit 0; fi
echo "{\"event\":\"done\",\"score\":0.$until$((9 - n)),\"metrics\":{},\"seconds\":0.1,\"parameters\":12}"
"#,
    );
    let row = |i: usize| format!("{},{},{}\n", i % 7, i % 5, i % 2);
    folder.write("data.csv", &(0..30).map(row).collect::<String>());
}

#[test]
fn a_study_of_the_synthetic_function_goes_on_with_the_same_suggestions() {
    let whole = events(PLAIN);
    let ended = |n: usize| {
        let finished = |e: &Value| e["event"] == "finished" && e["id"] == json!(n);
        whole.iter().position(finished).unwrap() + 1
    };
    for count in [ended(4), ended(8), ended(11), whole.len()] {
        for log in [false, true] {
            let folder = Folder::new();
            write(&folder, PLAIN, count, log);
            let before = shown(&folder);
            assert_eq!(before.len(), count, "{log}");
            folder
                .run(&["resume", "search.nasbot.db", "--evaluations", "16"])
                .ok();
            assert_eq!(
                decisions(&shown(&folder)),
                decisions(&whole),
                "{count} {log}"
            );
        }
    }
}

#[test]
fn a_study_with_rungs_goes_on_with_the_same_decisions() {
    let whole = events(RUNGS);
    for count in [5, 17, 23, 31, 40, whole.len()] {
        let folder = Folder::new();
        worker(&folder);
        write(&folder, RUNGS, count, false);
        folder.run(&["resume", "search.nasbot.db"]).ok();
        assert_eq!(decisions(&shown(&folder)), decisions(&whole), "{count}");
        let evaluations = folder.evaluations();
        let state = |n: usize| evaluations[n]["state"].as_str().unwrap();
        assert_eq!(
            (state(1), state(4), state(0)),
            ("complete", "failed", "stopped at a rung")
        );
        assert_eq!(evaluations[1]["rungs"], json!([[1, 0.18], [3, 0.38]]));
        assert_eq!(folder.summary()["best"]["id"], 1);
        assert_eq!(folder.summary()["evaluations"], 10);
    }
}

#[test]
fn studies_of_format_1_are_recomputed() {
    for history in [PLAIN, RUNGS] {
        let folder = Folder::new();
        worker(&folder);
        write(&folder, history, history.lines().count(), false);
        let found = folder
            .run(&["replay", "search.nasbot.db", "--format", "json"])
            .json();
        let answers = decisions(&events(history)).len();
        assert_eq!(
            (&found["identical"], &found["answers"]),
            (&json!(true), &json!(answers))
        );
    }
}
