//! `nasbot show`: orders, filters, causes, curves, one evaluation whole, and forms for other programs.

use serde_json::{Value, json};

use crate::programs::search;
use crate::support::Folder;

/// A study of six evaluations by workers of which two fail, with two epochs each.
fn searched() -> Folder {
    let folder = Folder::new();
    folder.worker(
        "echo '{\"event\":\"progress\",\"epoch\":1,\"epochs\":3,\"loss\":587.2199999999999,\"score\":0.125}'\n\
         sleep 0.6\n\
         echo '{\"event\":\"progress\",\"epoch\":2,\"epochs\":3,\"loss\":0.00000000000000001,\"score\":0.25}'\n\
         case $n in 1) echo '{\"event\":\"failed\",\"kind\":\"out-of-memory\",\"message\":\"it needs 812 MB\"}'; exit 0 ;;\n\
         3) echo '{\"event\":\"failed\",\"kind\":\"out-of-memory\",\"message\":\"it needs 9 MB\"}'; exit 0 ;; esac",
    );
    folder.search(6, "per-device = 3");
    folder.run(&["search", "search.toml", "-q"]).ok();
    folder
}

/// The numbers of the evaluations that a listing shows, in its order.
fn listed(folder: &Folder, arguments: &[&str]) -> Vec<u64> {
    let all = [
        &["show", "search.nasbot.db", "--format", "jsonl"],
        arguments,
    ]
    .concat();
    let text = folder.run(&all).ok();
    let id = |line: &str| serde_json::from_str::<Value>(line).unwrap()["id"].as_u64();
    text.lines().map(|line| id(line).unwrap()).collect()
}

#[test]
fn evaluations_are_sorted_and_filtered() {
    let folder = searched();
    assert_eq!(listed(&folder, &[]), [0, 1, 2, 3, 4, 5]);
    // Scores are 0.00, 0.02, 0.04 and 0.05; what failed comes last.
    assert_eq!(listed(&folder, &["--sort", "score"]), [5, 4, 2, 0, 1, 3]);
    assert_eq!(listed(&folder, &["--top", "2"]), [5, 4]);
    assert_eq!(
        listed(&folder, &["--sort", "number", "--reverse"]),
        [5, 4, 3, 2, 1, 0]
    );
    assert_eq!(listed(&folder, &["--failed"]), [1, 3]);
    assert_eq!(listed(&folder, &["--since", "1h"]).len(), 6);
    assert!(listed(&folder, &["--since", "2999-01-01"]).is_empty());
    assert_eq!(listed(&folder, &["--since", "2020-01-01 12:00"]).len(), 6);
    let error = folder
        .run(&["show", "search.nasbot.db", "--since", "yesterday"])
        .fails(2);
    assert!(error.contains("no time ago"), "{error}");
    let said = folder
        .run(&["show", "search.nasbot.db", "--since", "2999-01-01"])
        .ok();
    assert!(
        said.contains("no evaluation has begun or ended since then"),
        "{said}"
    );
    folder
        .run(&["show", "search.nasbot.db", "1", "--all"])
        .fails(2);
}

#[test]
fn failures_stand_together_by_cause_and_figures_are_as_a_person_writes_them() {
    let folder = searched();
    let shown = folder.run(&["show", "search.nasbot.db"]).ok();
    assert!(shown.contains("failures: 2 of 6"), "{shown}");
    // Reasons that differ in a number alone are one.
    assert!(
        shown.contains("2 ×  out of memory  #1 #3  it needs 812 MB"),
        "{shown}"
    );
    let head = shown.lines().find(|line| line.starts_with('#')).unwrap();
    assert!(
        head.contains("curve") && head.contains("parameters"),
        "{head}"
    );
    assert!(!head.contains("rungs"), "an empty column: {head}");
    assert!(shown.contains("▁█"), "{shown}");
    let failed = folder.run(&["show", "search.nasbot.db", "--failed"]).ok();
    assert!(
        failed.lines().last().unwrap().ends_with("it needs 9 MB"),
        "{failed}"
    );

    let whole = folder.run(&["show", "search.nasbot.db", "5"]).ok();
    for expected in [
        "#5, complete",
        "accuracy 5.00 %",
        "loss 587.22 to 1e-17",
        "1,234 parameters",
        "nasbot-worker 0.1.0, libtorch none",
        "logs/evaluation-0005.log:",
        "[nasbot] job        evaluation 5",
        "\"kind\":\"cnn\"",
    ] {
        assert!(whole.contains(expected), "{expected}: {whole}");
    }
    assert!(
        !whole.contains("587.2199") && !whole.contains("000000000"),
        "{whole}"
    );
    assert_eq!(
        folder
            .run(&["show", "search.nasbot.db", "--evaluation", "5"])
            .ok(),
        whole
    );
}

#[test]
fn other_programs_get_every_digit() {
    let folder = searched();
    let json = folder
        .run(&["show", "search.nasbot.db", "5", "--format", "json"])
        .json();
    assert_eq!(
        json["curve"],
        json!([[1, 587.2199999999999, 0.125], [2, 1e-17, 0.25]])
    );
    assert_eq!(json["device"], "cpu");
    assert!(json["began"].as_str() <= json["ended"].as_str());
    let text = folder
        .run(&["show", "search.nasbot.db", "--format", "csv"])
        .ok();
    let mut lines = text.lines();
    let head: Vec<&str> = lines.next().unwrap().split(',').collect();
    assert_eq!(
        (head[0], head[2], head.last()),
        ("id", "score", Some(&"network"))
    );
    assert!(head.contains(&"metric.accuracy"), "{head:?}");
    let rows: Vec<&str> = lines.collect();
    assert_eq!(rows.len(), 6);
    assert!(rows[5].starts_with("5,complete,0.05,0.05,,"), "{}", rows[5]);
    assert!(
        rows[5].contains("\"{\"\"kind\"\":\"\"cnn\"\""),
        "{}",
        rows[5]
    );
    assert!(
        rows[1].starts_with("1,failed,,,out of memory,"),
        "{}",
        rows[1]
    );
}

#[test]
fn a_search_tells_every_event_as_json_on_request() {
    let folder = Folder::new();
    search(&folder, &["sh", "-c", "echo '{\"score\": 1}'"], 3, "");
    let text = folder
        .run(&["search", "search.toml", "--format", "jsonl", "-q"])
        .ok();
    let events: Vec<Value> = (text.lines())
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let kinds: Vec<&str> = events
        .iter()
        .map(|e| e["event"].as_str().unwrap())
        .collect();
    assert_eq!(kinds.iter().filter(|kind| **kind == "finished").count(), 3);
    assert_eq!(
        (kinds.first(), kinds.last()),
        (Some(&"opened"), Some(&"summary"))
    );
    assert_eq!(events.last().unwrap()["summary"]["evaluations"], 3);
}

#[test]
fn verbose_lines_tell_every_step_and_plain_ones_how_long_it_takes() {
    let folder = Folder::new();
    search(
        &folder,
        &["sh", "-c", "sleep 0.05; echo '{\"score\": 1}'"],
        10,
        "",
    );
    let said = folder.run(&["search", "search.toml", "-v"]).stderr;
    for expected in [
        "#0 suggested in ",
        "from: initial pool",
        "#0 begins on cpu",
        " left\n",
    ] {
        assert!(said.contains(expected), "{expected}: {said}");
    }
    let said = folder.run(&["search", "search.toml", "--fresh"]).stderr;
    assert!(!said.contains("begins on"), "{said}");
    folder.run(&["search", "search.toml", "-q", "-v"]).fails(2);
}

#[test]
fn a_study_that_was_stopped_says_how_it_goes_on() {
    let folder = Folder::new();
    search(&folder, &["sh", "-c", "echo oh"], 3, "");
    folder.run(&["search", "search.toml", "-q"]).fails(1);
    let shown = folder.run(&["show", "search.nasbot.db"]).ok();
    assert!(shown.contains("stopped by a failure"), "{shown}");
}

#[test]
fn the_command_line_describes_itself_to_shells_and_man() {
    let folder = Folder::new();
    for (shell, mark) in [
        ("bash", "complete -F"),
        ("zsh", "#compdef nasbot"),
        ("fish", "complete -c nasbot"),
    ] {
        let script = folder.run(&["completions", shell]).ok();
        assert!(
            script.contains(mark) && script.contains("retry-failed"),
            "{shell}"
        );
    }
    // A shell reads its script.
    let script = folder.run(&["completions", "bash"]).ok();
    folder.write("nasbot.bash", &script);
    let out = std::process::Command::new("bash")
        .args(["-c", ". ./nasbot.bash && complete -p nasbot"])
        .current_dir(folder.path(""))
        .output()
        .unwrap();
    assert!(out.status.success(), "{out:?}");
    folder.run(&["man", "man1"]).ok();
    let page = folder.read("man1/nasbot-search.1");
    assert!(page.contains(".TH nasbot-search 1"), "{page}");
    assert!(page.contains("resume"), "{page}");
    assert!(folder.read("man1/nasbot.1").contains("Exit status"));
}
