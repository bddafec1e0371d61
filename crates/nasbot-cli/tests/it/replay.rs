//! Studies are recomputed: the same where nothing has changed, and otherwise the first difference is found.

use nix::sys::signal::Signal;
use rusqlite::{Connection, params};
use serde_json::{Value, json};

use crate::rungs;
use crate::support::{Folder, eventually};

/// A search by three workers that fail at number 5, sleep for times that differ, and train in parts if there are rungs.
fn search(folder: &Folder, strategy: &str, synchronous: bool, with_rungs: bool) {
    let code = "[ \"$n\" = 5 ] && { echo '{\"event\":\"failed\",\"kind\":\"diverged\",\"message\":\"NaN\"}'; exit 0; }\n\
                sleep 0.0$((n * 7 % 5))";
    let workers = format!("per-device = 3\nsynchronous = {synchronous}");
    if with_rungs {
        rungs::worker(folder, code);
        rungs::search(folder, 24, &workers);
    } else {
        folder.worker(code);
        folder.search(24, &workers);
    }
    let text = folder.read("search.toml");
    let text = text.replace("\"random\"", &format!("\"{strategy}\"\nsamples = 2"));
    folder.write("search.toml", &text);
}

fn replay(folder: &Folder, code: i32) -> Value {
    let ran = folder.run(&["replay", "search.nasbot.db", "--format", "json"]);
    assert_eq!(ran.code, Some(code), "{}\n{}", ran.stdout, ran.stderr);
    serde_json::from_str(&ran.stdout).unwrap()
}

/// How often an event is in the history.
fn count(folder: &Folder, event: &str) -> usize {
    let events = folder.run(&["show", "search.nasbot.db", "--events"]).ok();
    let lines = events
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.filter(|line| line["event"] == event).count()
}

#[test]
fn every_search_is_recomputed_from_its_history() {
    for strategy in ["nasbot", "evolution", "random"] {
        for synchronous in [true, false] {
            for with_rungs in [true, false] {
                let title = format!("{strategy} {synchronous} {with_rungs}");
                let folder = Folder::new();
                search(&folder, strategy, synchronous, with_rungs);
                folder.run(&["search", "search.toml", "-q"]).ok();
                let found = replay(&folder, 0);
                assert_eq!(found["identical"], true, "{title}");
                assert_eq!(found["suggestions"], 24, "{title}");
                assert_eq!(found["promotions"], count(&folder, "promoted"), "{title}");
                assert_eq!(found["fits"], count(&folder, "fitted"), "{title}");
                assert_eq!(found["waits"], count(&folder, "told"), "{title}");
                assert_eq!(
                    found["promotions"].as_u64() > Some(0),
                    with_rungs,
                    "{title}"
                );
                assert_eq!(
                    found["fits"].as_u64() > Some(0),
                    strategy == "nasbot",
                    "{title}"
                );
            }
        }
    }
}

#[test]
fn kills_retries_larger_budgets_and_hands_leave_a_history_that_is_recomputed() {
    let folder = Folder::new();
    search(&folder, "nasbot", false, true);
    let mut running = folder.start(&["search", "search.toml", "-q"]);
    for parts in [6, 13, 22] {
        eventually("it has begun more parts", || {
            folder.lines("parts").len() >= parts
        });
        running.signal(Signal::SIGKILL);
        running.wait();
        assert_eq!(replay(&folder, 0)["identical"], true);
        running = folder.start(&["resume", "search.nasbot.db", "-q"]);
    }
    running.wait().ok();
    let more = [
        "resume",
        "search.nasbot.db",
        "-q",
        "--evaluations",
        "30",
        "--retry-failed",
    ];
    folder.run(&more).ok();
    // By hand between searches: one evaluation stays out, one network is given, one is told.
    let ask = [
        "ask",
        "search.nasbot.db",
        "-n",
        "2",
        "--evaluations",
        "40",
        "--format",
        "json",
    ];
    let asked: Vec<Value> = (folder.run(&ask).ok().lines())
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let first = asked[0]["id"].to_string();
    folder
        .run(&["tell", "search.nasbot.db", &first, "0.77"])
        .ok();
    folder.write("net.json", crate::support::NETWORK);
    folder.run(&["give", "search.nasbot.db", "net.json"]).ok();
    folder.run(&["resume", "search.nasbot.db", "-q"]).ok();
    let found = replay(&folder, 0);
    assert_eq!(
        (&found["identical"], &found["given"]),
        (&json!(true), &json!(1))
    );
    assert_eq!(found["suggestions"], count(&folder, "queued") as u64 - 1);
    assert_eq!(count(&folder, "opened"), 7);
}

/// Changes an event of a study, which the file itself would refuse; returns its number.
fn alter(folder: &Folder, change: impl Fn(&mut Value) -> bool) -> i64 {
    let study = Connection::open(folder.path("search.nasbot.db")).unwrap();
    study
        .execute_batch("DROP TRIGGER event_is_never_changed; DROP TRIGGER event_is_never_removed;")
        .unwrap();
    let mut rows = study
        .prepare("SELECT number, event FROM event ORDER BY number")
        .unwrap();
    let rows = rows
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap();
    let rows: Vec<(i64, String)> = rows.map(Result::unwrap).collect();
    for (number, text) in rows {
        let mut event: Value = serde_json::from_str(&text).unwrap();
        if change(&mut event) {
            let values = params![event.to_string(), number];
            study
                .execute("UPDATE event SET event = ?1 WHERE number = ?2", values)
                .unwrap();
            return number;
        }
    }
    panic!("there is no such event");
}

#[test]
fn an_altered_suggestion_is_found_at_its_evaluation() {
    for (strategy, id) in [
        ("nasbot", 0),
        ("nasbot", 13),
        ("evolution", 9),
        ("random", 23),
    ] {
        let folder = Folder::new();
        search(&folder, strategy, false, false);
        folder.run(&["search", "search.toml", "-q"]).ok();
        let number = alter(&folder, |event| {
            if event["suggestion"]["id"] != id {
                return false;
            }
            let layers = event["suggestion"]["candidate"]["layers"].as_array_mut();
            let mut layers = layers.into_iter().flatten();
            let units = layers.find_map(|layer| layer.get_mut("units")).unwrap();
            *units = json!(units.as_u64().unwrap() + 1);
            true
        });
        let found = replay(&folder, 1);
        assert_eq!(
            (&found["identical"], &found["first"]),
            (&json!(false), &json!(id))
        );
        let first = &found["differences"][0];
        assert_eq!(first["event"], number);
        assert_ne!(first["recorded"]["candidate"], first["now"]["candidate"]);
        assert_eq!(first["recorded"]["seed"], first["now"]["seed"]);
        let ran = folder.run(&["replay", "search.nasbot.db"]);
        assert!(
            ran.stdout.contains(&format!("the first: evaluation {id} ")),
            "{}",
            ran.stdout
        );
    }
}

#[test]
fn altered_seeds_scores_and_hyper_parameters_are_found() {
    let made = || {
        let folder = Folder::new();
        search(&folder, "nasbot", true, false);
        folder.run(&["search", "search.toml", "-q"]).ok();
        folder
    };
    let folder = made();
    alter(&folder, |event| {
        let suggestion = &mut event["suggestion"];
        let is_it = suggestion["id"] == 4;
        if is_it {
            suggestion["seed"] = json!(suggestion["seed"].as_u64().unwrap() ^ 1);
        }
        is_it
    });
    let found = replay(&folder, 1);
    assert_eq!(
        (
            &found["first"],
            found["differences"].as_array().unwrap().len()
        ),
        (&json!(4), 1)
    );

    // A score that was another one: what was suggested before stays, and the model's figures after it do not.
    let folder = made();
    alter(&folder, |event| {
        let is_it = event["event"] == "finished" && event["id"] == 6;
        if is_it {
            event["outcome"]["score"] = json!(0.99);
        }
        is_it
    });
    let found = replay(&folder, 1);
    assert!(found["first"].as_u64() > Some(6), "{found}");

    let folder = made();
    alter(&folder, |event| {
        let is_it = event["event"] == "fitted";
        if is_it {
            event["surrogate"][0][0] = json!(event["surrogate"][0][0].as_f64().unwrap() + 1e-12);
        }
        is_it
    });
    let found = replay(&folder, 1);
    assert_eq!(found["differences"], json!([]));
    assert_eq!(found["differing_fits"].as_array().unwrap().len(), 1);
}

#[test]
fn what_cannot_be_replayed_is_said() {
    let folder = Folder::new();
    folder.run(&["replay", "none.nasbot.db"]).fails(2);
    search(&folder, "random", true, false);
    folder.run(&["search", "search.toml", "-q"]).ok();
    alter(&folder, |event| {
        let is_it = event["event"] == "queued" && event["suggestion"]["id"] == 7;
        if is_it {
            event["told"] = json!([23]);
        }
        is_it
    });
    let error = folder.run(&["replay", "search.nasbot.db"]).fails(2);
    assert!(error.contains("evaluation 23 has no result"), "{error}");
}
