//! Descriptions that were wrong, and are mended while their study goes on.

use nasbot::session::system_clock;
use nasbot::study::{Event, Study};
use serde_json::json;

use crate::support::Folder;

fn events(folder: &Folder, study: &str) -> Vec<serde_json::Value> {
    let text = folder.run(&["show", study, "--events"]).ok();
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    lines.collect()
}

/// Writes few.csv, the first rows of the data.
fn write_few(folder: &Folder) {
    let data = folder.read("data.csv");
    let few: Vec<&str> = data.lines().take(12).collect();
    folder.write("few.csv", &(few.join("\n") + "\n"));
}

/// A search of two evaluations that is over.
fn searched() -> (Folder, String) {
    let folder = Folder::new();
    folder.worker("");
    folder.search(2, "");
    folder.run(&["search", "search.toml", "-q"]).ok();
    let text = folder.read("search.toml");
    (folder, text)
}

#[test]
fn a_study_goes_on_with_a_description_that_is_named() {
    let folder = Folder::new();
    folder.worker("echo '{\"event\":\"failed\",\"kind\":\"bad-data\",\"message\":\"no such column\"}'; exit 0");
    folder.search(2, "");
    folder.run(&["search", "search.toml", "-q"]).fails(1);
    // What was wrong is put right in another file, which lies elsewhere.
    folder.worker("case $job in *'\"label\":0'*) ;; *) exit 3 ;; esac");
    std::fs::create_dir(folder.path("mended")).unwrap();
    let text = folder.read("search.toml");
    let mended = text
        .replace("\"data.csv\"", "\"../data.csv\"")
        .replace("task = ", "label = 0\nclasses = 5\ntask = ")
        .replace("evaluations = 2", "evaluations = 3");
    folder.write("mended/right.toml", &mended);
    std::fs::remove_file(folder.path("search.toml")).unwrap();
    let ran = folder.run(&["resume", "mended/right.toml", "search.nasbot.db"]);
    for expected in [
        "mended: data.label = 0 (was not given)",
        "mended: data.path = \"../data.csv\" (was \"data.csv\")",
        "mended: budget.evaluations = 3 (was 2)",
        "mended: file = ",
    ] {
        assert!(ran.stderr.contains(expected), "{expected}\n{}", ran.stderr);
    }
    let shown = ran.ok();
    assert!(shown.contains("mended"), "{shown}");
    let summary = folder.summary();
    assert_eq!(summary["evaluations"], 3);
    let changes = &summary["mended"][0]["changes"];
    assert_eq!(changes[0]["key"], "budget.evaluations");
    assert_eq!(
        (&changes[0]["from"], &changes[0]["to"]),
        (&json!("2"), &json!("3"))
    );
    let described: Vec<_> = events(&folder, "search.nasbot.db")
        .into_iter()
        .filter(|event| event["event"] == "described")
        .collect();
    assert_eq!(described.len(), 1);
    assert_eq!(described[0]["changes"], *changes);
    // It is the study's own from now on.
    let ran = folder.run(&["resume", "mended/right.toml", "search.nasbot.db", "-q"]);
    assert!(
        ran.stderr.contains("says what the study goes by already"),
        "{}",
        ran.stderr
    );
    ran.ok();
    folder
        .run(&["resume", "search.nasbot.db", "-q", "--evaluations", "4"])
        .ok();
    assert_eq!(folder.summary()["evaluations"], 4);
}

#[test]
fn what_would_make_scores_incomparable_is_refused_by_name() {
    let (folder, text) = searched();
    let before = events(&folder, "search.nasbot.db").len();
    write_few(&folder);
    for (from, to, expected) in [
        (
            "max-layers = 12",
            "max-layers = 9",
            "space.max-layers = 9 (was 12)",
        ),
        (
            "task = ",
            "metric = \"log-loss\"\ntask = ",
            "data.metric = \"log-loss\" (was not given)",
        ),
        (
            "task = ",
            "split = { seed = 5 }\ntask = ",
            "data.split.seed = 5 (was not given)",
        ),
        (
            "task = ",
            "label = 3\nclasses = 5\ntask = ",
            "data.label = 3 (was not given)",
        ),
        (
            "[search]",
            "[training]\nepochs = 3\n[search]",
            "training.epochs = 3 (was not given)",
        ),
        (
            "[search]",
            "[study]\nseed = 4\n[search]",
            "study.seed = 4 (was not given)",
        ),
        (
            "\"random\"",
            "\"evolution\"",
            "search.strategy = \"evolution\" (was \"random\")",
        ),
        (
            "\"data.csv\"",
            "\"few.csv\"",
            "the data have 10 examples for training and validation (were 16)",
        ),
    ] {
        assert!(text.contains(from), "{from}");
        folder.write("other.toml", &text.replacen(from, to, 1));
        let error = folder
            .run(&[
                "resume",
                "other.toml",
                "search.nasbot.db",
                "--evaluations",
                "3",
            ])
            .fails(2);
        assert!(error.contains(expected), "{expected}\n{error}");
        assert!(
            error.contains("nasbot search other.toml --fresh"),
            "{error}"
        );
        // In the study's own file it is left alone, and said.
        folder.write("search.toml", &text.replacen(from, to, 1));
        let ran = folder.run(&["resume", "search.nasbot.db", "-q"]);
        assert!(ran.stderr.contains(expected), "{expected}\n{}", ran.stderr);
        ran.ok();
        folder.write("search.toml", &text);
    }
    let kinds = events(&folder, "search.nasbot.db");
    assert!(kinds.iter().all(|event| event["event"] != "described"));
    assert!(kinds.len() >= before);
    // A description that is wrong itself is shown with the place.
    folder.write("other.toml", &text.replace("[budget]", "[bugdet]"));
    let error = folder
        .run(&["resume", "other.toml", "search.nasbot.db"])
        .fails(2);
    assert!(error.contains("bugdet"), "{error}");
    let error = folder
        .run(&["resume", "nowhere.toml", "search.nasbot.db"])
        .fails(2);
    assert!(error.contains("nowhere.toml"), "{error}");
}

#[test]
fn what_follows_from_the_data_is_that_of_the_mended_ones_before_any_network() {
    let (folder, text) = searched();
    // A study that was ended before its first network.
    let created = folder.run(&["show", "search.nasbot.db", "--events"]).ok();
    let created = Event::from_json(created.lines().next().unwrap()).unwrap();
    let path = folder.path("early.nasbot.db");
    drop(Study::create(&path, created, system_clock()).unwrap());
    write_few(&folder);
    folder.write("other.toml", &text.replace("data.csv", "few.csv"));
    folder
        .run(&["resume", "other.toml", "early.nasbot.db", "-q"])
        .ok();
    let events = events(&folder, "early.nasbot.db");
    let described = events.iter().find(|event| event["event"] == "described");
    assert_eq!(described.unwrap()["facts"]["examples"], 10);
}
