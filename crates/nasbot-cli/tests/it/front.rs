//! Objectives and constraints of a description, with a program that returns several figures.

use serde_json::{Value, json};

use crate::support::Folder;

/// The score is the size of the network's JSON, and so is what it costs: every network is on the front.
const SIZES: &str = "n=$(wc -c); echo \"{\\\"score\\\": $n, \\\"latency-ms\\\": $((2 * n))}\"";

const TWO: &str = "[[objective]]\nname = \"score\"\n[[objective]]\nname = \"latency-ms\"\n";

const SEARCH: [&str; 3] = ["search", "search.toml", "-q"];

fn folder(code: &str, evaluations: u64, more: &str) -> Folder {
    let folder = Folder::new();
    let command = serde_json::to_string(&["sh", "-c", code]).unwrap();
    folder.write(
        "search.toml",
        &format!(
            "[space]\nkind = \"mlp-class\"\nmax-layers = 8\n[budget]\nevaluations = {evaluations}\n\
             [workers]\nbackend = \"command\"\ncommand = {command}\ndevices = [\"cpu\"]\n{more}\n"
        ),
    );
    folder
}

fn show(folder: &Folder) -> Value {
    let text = folder
        .run(&["show", "search.nasbot.db", "--format", "json"])
        .ok();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn the_front_is_found_shown_and_replayed() {
    let folder = folder(SIZES, 16, TWO);
    folder.run(&SEARCH).ok();
    let shown = show(&folder);
    let front = shown["front"].as_array().unwrap();
    assert_eq!(front.len(), 16, "{shown}");
    for pair in front.windows(2) {
        let score = |at: usize| pair[at]["values"]["score"].as_f64().unwrap();
        let latency = |at: usize| pair[at]["values"]["latency-ms"].as_f64().unwrap();
        assert!(score(0) >= score(1) && latency(0) >= latency(1));
        assert!((latency(0) - 2.0 * score(0)).abs() < 1e-9);
    }
    assert_eq!(shown["best"]["id"], front[0]["id"]);
    let text = folder.run(&["show", "search.nasbot.db"]).ok();
    assert!(
        text.contains("16 networks that none is better than in every objective"),
        "{text}"
    );
    assert!(text.contains("latency-ms"), "{text}");
    let replayed = folder.run(&["replay", "search.nasbot.db"]).ok();
    assert!(replayed.contains("16"), "{replayed}");
    // It goes on from its record.
    folder
        .run(&["resume", "search.nasbot.db", "--evaluations", "20", "-q"])
        .ok();
    assert_eq!(show(&folder)["evaluations"], json!(20));
    folder.run(&["replay", "search.nasbot.db"]).ok();
}

#[test]
fn the_best_network_keeps_to_the_bounds() {
    let bounded = "[[constraint]]\nname = \"latency-ms\"\nat-most = 1200\n\
                   [[constraint]]\nname = \"layers\"\nat-most = 7\n";
    let folder = folder(SIZES, 16, bounded);
    folder.run(&SEARCH).ok();
    let shown = show(&folder);
    let metrics = &shown["best"]["metrics"];
    assert!(metrics["latency-ms"].as_f64().unwrap() <= 1200.0, "{shown}");
    let all = folder.evaluations();
    for evaluation in &all {
        assert!(
            evaluation["metrics"]["layers"].as_f64().unwrap() <= 7.0,
            "{evaluation}"
        );
    }
    let allowed = all
        .iter()
        .filter(|e| e["metrics"]["latency-ms"].as_f64() <= Some(1200.0));
    let best = allowed
        .filter_map(|e| e["score"].as_f64())
        .fold(0.0, f64::max);
    assert_eq!(shown["best"]["score"], json!(best));
    let text = folder.run(&["show", "search.nasbot.db"]).ok();
    assert!(
        text.contains("latency-ms at most 1,200, layers at most 7")
            || text.contains("latency-ms at most 1200, layers at most 7"),
        "{text}"
    );
}

#[test]
fn an_answer_without_a_figure_is_none() {
    let folder = folder("echo '{\"score\": 1}'", 4, TWO);
    let error = folder.run(&SEARCH).fails(1);
    assert!(error.contains("there is no figure `latency-ms`"), "{error}");
    assert_eq!(folder.summary()["evaluations"], 0);
}

#[test]
fn results_by_hand_have_all_figures() {
    let folder = Folder::new();
    folder.write(
        "hand.toml",
        &format!(
            "[study]\nname = \"hand\"\n[space]\nkind = \"mlp-class\"\n{TWO}[workers]\nbackend = \"hand\"\n[budget]\nevaluations = 9\n"
        ),
    );
    let study = "hand.nasbot.db";
    folder.run(&["ask", "hand.toml"]).ok();
    let error = folder.run(&["tell", study, "0", "0.5"]).fails(2);
    assert!(error.contains("there is no figure `latency-ms`"), "{error}");
    folder
        .run(&["tell", study, "0", "0.5", "--metric", "latency-ms=3"])
        .ok();
    // The same result once more changes nothing.
    folder
        .run(&["tell", study, "0", "0.5", "--metric", "latency-ms=3"])
        .ok();
    let text = folder.run(&["show", study, "--format", "json"]).ok();
    let shown: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        shown["front"],
        json!([{"id": 0, "values": {"score": 0.5, "latency-ms": 3.0}}])
    );
}

#[test]
fn aims_that_cannot_be_are_found_in_the_file() {
    for (more, part) in [
        ("[[constraint]]\nname = \"latency-ms\"\n", "has no bound"),
        (
            "[[objective]]\nname = \"score\"\ngoal = \"minimise\"\n[[objective]]\nname = \"x\"\n",
            "sign changed",
        ),
        (
            "[[objective]]\nname = \"x\"\n[[objective]]\nname = \"x\"\n",
            "must differ",
        ),
        (
            "[[objective]]\nname = \"x\"\nweight = 2\n",
            "unknown key `weight`",
        ),
        (
            "[[objective]]\nname = \"x\"\n[search]\nstrategy = \"local-search\"\n",
            "knows one score only",
        ),
        (
            "[[objective]]\nname = \"x\"\n[search]\nacquisition = \"ucb\"\n",
            "with the acquisition ei",
        ),
    ] {
        let folder = folder(SIZES, 4, more);
        let error = folder.run(&["validate", "search.toml"]).fails(2);
        assert!(error.contains(part), "{more}: {error}");
    }
    let folder = folder(SIZES, 4, "");
    let error = folder
        .run(&[
            "validate",
            "search.toml",
            "--set",
            "space.max-parameters=1e4",
        ])
        .fails(2);
    assert!(error.contains("nothing is trained on data here"), "{error}");
}
