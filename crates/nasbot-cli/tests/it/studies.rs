//! Studies from beginning to end, on the synthetic function: no worker is needed.

use serde_json::{Value, json};

use crate::support::Folder;

const SEARCH: &str = r#"
[study]
seed = 3
[space]
kind = "cnn"
max-layers = 20
[search]
initial = 4
[workers]
backend = "synthetic"
per-device = 2
[budget]
evaluations = 12
"#;

fn networks(evaluations: &[Value]) -> Vec<&Value> {
    evaluations
        .iter()
        .map(|evaluation| &evaluation["network"])
        .collect()
}

#[test]
fn a_search_ends_with_the_best_network() {
    let folder = Folder::new();
    folder.write("search.toml", SEARCH);
    let ran = folder.run(&["search", "search.toml"]);
    assert!(ran.stderr.contains("12/12"), "{}", ran.stderr);
    let said = ran.ok();
    for part in [
        "complete",
        "best.json",
        "best.svg",
        "nasbot resume search.nasbot.db --evaluations 24",
    ] {
        assert!(said.contains(part), "{part} is not in {said}");
    }
    let summary = folder.summary();
    assert_eq!(summary["state"], "complete");
    assert_eq!(
        (&summary["evaluations"], &summary["failed"]),
        (&json!(12), &json!(0))
    );
    let evaluations = folder.evaluations();
    let score = |evaluation: &Value| evaluation["score"].as_f64().unwrap();
    let best = evaluations
        .iter()
        .map(score)
        .fold(f64::NEG_INFINITY, f64::max);
    assert_eq!(score(&summary["best"]).to_bits(), best.to_bits());
    let written: Value = serde_json::from_str(&folder.read("search.nasbot.out/best.json")).unwrap();
    assert_eq!(written, summary["best"]["network"]);
    assert!(folder.read("search.nasbot.out/best.svg").contains("<svg"));
    let file: Value = serde_json::from_str(&folder.read("search.nasbot.out/summary.json")).unwrap();
    assert_eq!(file["best"], summary["best"]);
}

#[test]
fn no_network_is_evaluated_twice_and_a_seed_repeats_a_search() {
    let folder = Folder::new();
    folder.write("search.toml", SEARCH);
    folder.run(&["search", "search.toml"]).ok();
    let first = folder.evaluations();
    for (i, one) in first.iter().enumerate() {
        assert!(
            first[..i]
                .iter()
                .all(|other| other["network"] != one["network"])
        );
    }
    let other = Folder::new();
    other.write("search.toml", SEARCH);
    other.run(&["search", "search.toml", "--quiet"]).ok();
    let again = other.evaluations();
    assert_eq!(networks(&again), networks(&first));
    let third = Folder::new();
    third.write("search.toml", SEARCH);
    third.run(&["search", "search.toml", "--seed", "4"]).ok();
    assert_ne!(networks(&third.evaluations()), networks(&first));
}

#[test]
fn a_search_in_two_parts_is_the_same_search() {
    // In batches: what is known when the next network is suggested then depends on nothing else.
    let search = SEARCH.replace("per-device", "synchronous = true\nper-device");
    let whole = Folder::new();
    whole.write("search.toml", &search);
    whole.run(&["search", "search.toml"]).ok();
    let parts = Folder::new();
    parts.write("search.toml", &search);
    parts
        .run(&["search", "search.toml", "--evaluations", "6"])
        .ok();
    // The study holds everything: the description may change or go.
    std::fs::remove_file(parts.path("search.toml")).unwrap();
    let ran = parts.run(&["resume", "search.nasbot.db", "--evaluations", "12"]);
    assert!(
        ran.stderr.contains("going on after 6 of 12"),
        "{}",
        ran.stderr
    );
    ran.ok();
    assert_eq!(
        networks(&parts.evaluations()),
        networks(&whole.evaluations())
    );
    assert_eq!(parts.summary()["best"], whole.summary()["best"]);
}

#[test]
fn resuming_a_complete_study_changes_nothing() {
    let folder = Folder::new();
    folder.write("search.toml", SEARCH);
    folder.run(&["search", "search.toml"]).ok();
    let before = folder.evaluations();
    folder.run(&["resume", "search.nasbot.db"]).ok();
    assert_eq!(folder.evaluations(), before);
}

#[test]
fn an_existing_study_is_never_overwritten() {
    let folder = Folder::new();
    folder.write("search.toml", SEARCH);
    folder.run(&["search", "search.toml"]).ok();
    let error = folder.run(&["search", "search.toml"]).fails(2);
    assert!(
        error.contains("nasbot resume search.nasbot.db") && error.contains("--fresh"),
        "{error}"
    );
    folder.run(&["search", "search.toml", "--fresh"]).ok();
    assert!(folder.path("search-2.nasbot.db").exists());
    assert!(folder.path("search-2.nasbot.out/best.json").exists());
    let arguments = ["search", "search.toml", "--study", "runs/other.nasbot.db"];
    folder.run(&arguments).ok();
    assert!(folder.path("runs/other.nasbot.db").exists());
}

#[test]
fn history_cannot_be_changed() {
    let folder = Folder::new();
    folder.write("search.toml", SEARCH);
    folder.run(&["search", "search.toml"]).ok();
    let study = rusqlite::Connection::open(folder.path("search.nasbot.db")).unwrap();
    for change in ["UPDATE event SET at = 0", "DELETE FROM event"] {
        let error = study.execute(change, []).unwrap_err().to_string();
        assert!(error.contains("append-only"), "{error}");
    }
    let events = folder.run(&["show", "search.nasbot.db", "--events"]).ok();
    let kinds: Vec<String> = events
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["event"].to_string())
        .collect();
    assert_eq!(kinds.first().unwrap(), "\"created\"");
    assert_eq!(kinds.last().unwrap(), "\"closed\"");
    // Recorded before it is sent, final once committed.
    let count = |kind: &str| kinds.iter().filter(|k| k.contains(kind)).count();
    assert_eq!(
        (count("queued"), count("started"), count("finished")),
        (12, 12, 12)
    );
}

#[test]
fn other_files_are_no_studies() {
    let folder = Folder::new();
    folder.write("text.db", "hello");
    assert!(
        folder
            .run(&["show", "text.db"])
            .fails(2)
            .contains("no SQLite file")
    );
    let error = folder.run(&["resume", "none.nasbot.db"]).fails(2);
    assert!(
        error.contains("there is no study none.nasbot.db"),
        "{error}"
    );
    let foreign = rusqlite::Connection::open(folder.path("foreign.db")).unwrap();
    foreign.execute_batch("CREATE TABLE t (x)").unwrap();
    let error = folder.run(&["show", "foreign.db"]).fails(2);
    assert!(error.contains("another program's"), "{error}");
}

/// Pages of an SQLite file are so large, and this is the kind of those that hold rows.
const PAGE: usize = 4096;
const ROWS: u8 = 13;

#[test]
fn a_damaged_study_is_never_taken_for_a_shorter_one() {
    let folder = Folder::new();
    folder.write("search.toml", SEARCH);
    folder.run(&["search", "search.toml"]).ok();
    let whole = std::fs::read(folder.path("search.nasbot.db")).unwrap();
    // The last row of a page is forgotten, or the page that knows of the table.
    let rows = (1..whole.len() / PAGE).filter(|page| whole[page * PAGE] == ROWS);
    let places: Vec<usize> = rows.map(|page| page * PAGE + 3).chain([103]).collect();
    assert!(places.len() > 5, "{places:?}");
    for place in places {
        let mut damaged = whole.clone();
        let count = u16::from_be_bytes([damaged[place], damaged[place + 1]]);
        let fewer = if place == 103 { 0 } else { count - 1 };
        damaged[place..place + 2].copy_from_slice(&fewer.to_be_bytes());
        std::fs::write(folder.path("damaged.nasbot.db"), &damaged).unwrap();
        for arguments in [
            &["show", "damaged.nasbot.db", "--events"][..],
            &["resume", "damaged.nasbot.db", "--evaluations", "13"],
        ] {
            let said = folder.run(arguments).fails(2);
            assert!(said.contains("damaged"), "{place}: {said}");
        }
        let after = std::fs::read(folder.path("damaged.nasbot.db")).unwrap();
        assert!(after == damaged, "{place}");
    }
}

#[test]
fn a_study_with_a_gap_is_refused() {
    let folder = Folder::new();
    folder.write("search.toml", SEARCH);
    folder.run(&["search", "search.toml"]).ok();
    let file = rusqlite::Connection::open(folder.path("search.nasbot.db")).unwrap();
    file.execute_batch("DROP TRIGGER event_is_never_removed; DELETE FROM event WHERE number = 4")
        .unwrap();
    drop(file);
    let said = folder.run(&["show", "search.nasbot.db"]).fails(2);
    assert!(said.contains("event 4 is missing"), "{said}");
}

#[test]
fn a_study_of_a_later_version_is_refused() {
    let folder = Folder::new();
    folder.write("search.toml", SEARCH);
    folder.run(&["search", "search.toml"]).ok();
    let study = rusqlite::Connection::open(folder.path("search.nasbot.db")).unwrap();
    study.pragma_update(None, "user_version", 99).unwrap();
    drop(study);
    for command in ["show", "resume"] {
        let error = folder.run(&[command, "search.nasbot.db"]).fails(2);
        assert!(error.contains("study format 99"), "{error}");
    }
}

#[test]
fn show_tells_people_and_programs() {
    let folder = Folder::new();
    folder.write("search.toml", SEARCH);
    folder.run(&["search", "search.toml"]).ok();
    let said = folder.run(&["show", "search.nasbot.db"]).ok();
    assert!(
        said.contains("12 of 12") && said.contains("initial pool"),
        "{said}"
    );
    let all = folder.run(&["show", "search.nasbot.db", "--all"]).ok();
    assert!(all.lines().count() > said.lines().count());
    let one = folder.run(&[
        "show",
        "search.nasbot.db",
        "--evaluation",
        "3",
        "--format",
        "json",
    ]);
    assert_eq!(one.json(), folder.evaluations()[3]);
    let error = folder
        .run(&["show", "search.nasbot.db", "--evaluation", "12"])
        .fails(2);
    assert!(error.contains("has no evaluation 12: it has 12"), "{error}");
    folder
        .run(&["draw", "search.nasbot.db", "-o", "best.svg"])
        .ok();
    assert_eq!(
        folder.read("best.svg"),
        folder.read("search.nasbot.out/best.svg")
    );
    let third = [
        "draw",
        "search.nasbot.db",
        "--evaluation",
        "3",
        "-o",
        "third.dot",
    ];
    folder.run(&third).ok();
    assert!(folder.read("third.dot").contains("digraph"));
}

#[test]
fn output_that_nobody_reads_is_no_failure() {
    let folder = Folder::new();
    folder.write("search.toml", SEARCH);
    folder.run(&["search", "search.toml"]).ok();
    let program = env!("CARGO_BIN_EXE_nasbot");
    let status = std::process::Command::new("sh")
        .arg("-c")
        .arg(format!(
            "{{ {program} show search.nasbot.db --events; echo $? > code; }} | head -n 1"
        ))
        .current_dir(folder.path(""))
        .stdout(std::process::Stdio::null())
        .status()
        .unwrap();
    assert!(status.success());
    assert_eq!(folder.read("code").trim(), "0");
}
