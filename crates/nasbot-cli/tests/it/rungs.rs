//! Trainings that stop at rungs: which go on, what is kept, and what survives a kill.

use nix::sys::signal::Signal;

use crate::support::{Folder, Running, eventually};

/// A worker that trains in parts: its checkpoint counts the epochs done, its score falls with the evaluation's number
/// and rises with the epochs; `code` runs before a part.
pub(crate) fn worker(folder: &Folder, code: &str) {
    let here = folder.path("").display().to_string();
    folder.script(
        "worker",
        &format!(
            r#"#!/bin/sh
read -r job
n=$(printf '%s' "$job" | sed 's/.*"evaluation":\([0-9]*\).*/\1/')
echo '{{"event":"hello","protocol":3,"worker":"0.1.0","torch":"none"}}'
case $job in
*'"final":{{'*)
    save=$(printf '%s' "$job" | sed 's/.*"save":"\([^"]*\)".*/\1/')
    echo weights > "$save"
    until=9 ;;
*)
    until=$(printf '%s' "$job" | sed 's/.*"until":\([0-9]*\).*/\1/')
    file=$(printf '%s' "$job" | sed 's/.*"checkpoint":"\([^"]*\)".*/\1/')
    done=$(cat "$file" 2>/dev/null || echo 0)
    {code}
    echo "$n $done $until" >> {here}/parts
    for epoch in $(seq $((done + 1)) $until); do
        echo "{{\"event\":\"progress\",\"epoch\":$epoch,\"epochs\":9,\"loss\":0.5,\"score\":0.1}}"
    done
    echo "$until" > "$file.partial" && mv "$file.partial" "$file" ;;
esac
echo "{{\"event\":\"done\",\"score\":0.$until$(((99 - n) % 10)),\"metrics\":{{}},\"seconds\":0.1,\"parameters\":1234}}"
"#
        ),
    );
}

pub(crate) fn search(folder: &Folder, evaluations: u64, more: &str) {
    folder.search(evaluations, more);
    let text = folder.read("search.toml");
    let rungs = "[training]\nepochs = 9\n[fidelity]\nrungs = [1, 3]\nfactor = 3\n[search]";
    folder.write("search.toml", &text.replace("[search]", rungs));
}

#[test]
fn the_best_third_of_a_rung_goes_on() {
    let folder = Folder::new();
    worker(&folder, "");
    search(&folder, 9, "");
    let ran = folder.run(&["search", "search.toml"]);
    let said = ran.stderr.clone();
    ran.ok();
    // Whether a score is recorded before what it leads to, or together with it.
    let promotions = said.lines().filter(|line| line.contains("goes on to"));
    let promotions: Vec<&str> = promotions
        .filter_map(|line| line.split("] ").nth(1))
        .collect();
    assert_eq!(
        promotions,
        [
            "#0 is among the best after 1 epoch and goes on to 3",
            "#1 is among the best after 1 epoch and goes on to 3",
            "#2 is among the best after 1 epoch and goes on to 3",
            "#0 is among the best after 3 epochs and goes on to 9",
        ]
    );
    // By hand: number 0 after the third arrival, 1 after the sixth, 2 after the ninth; then 0, the best of three.
    let parts = folder.lines("parts");
    assert_eq!(
        parts,
        [
            "0 0 1", "1 0 1", "2 0 1", "0 1 3", "3 0 1", "4 0 1", "5 0 1", "1 1 3", "6 0 1",
            "7 0 1", "8 0 1", "2 1 3", "0 3 9",
        ]
    );
    let summary = folder.summary();
    assert_eq!(
        (&summary["evaluations"], &summary["state"]),
        (&9.into(), &"complete".into())
    );
    assert_eq!(summary["best"]["id"], 0);
    let evaluations = folder.evaluations();
    assert_eq!(evaluations[0]["state"], "complete");
    assert_eq!(evaluations[1]["state"], "stopped at a rung");
    assert_eq!(
        evaluations[1]["rungs"],
        serde_json::json!([[1, 0.18], [3, 0.38]])
    );
    // The curve so far is kept, and the state of each that may still go on.
    let events = folder.run(&["show", "search.nasbot.db", "--events"]).ok();
    let curve = events
        .lines()
        .filter(|line| line.contains("\"progress\"") && line.contains("\"id\":0"));
    assert_eq!(curve.count(), 9);
    assert!(
        folder
            .path("search.nasbot.out/checkpoints/evaluation-0001.safetensors")
            .exists()
    );
    assert!(
        !folder
            .path("search.nasbot.out/checkpoints/evaluation-0000.safetensors")
            .exists()
    );
}

#[test]
fn a_search_too_small_for_a_share_still_trains_its_best_to_the_end() {
    let folder = Folder::new();
    worker(&folder, "");
    search(&folder, 2, "");
    folder.run(&["search", "search.toml"]).ok();
    assert_eq!(folder.lines("parts"), ["0 0 1", "1 0 1", "0 1 3", "0 3 9"]);
    // A larger budget goes on from there.
    folder
        .run(&["resume", "search.nasbot.db", "--evaluations", "3"])
        .ok();
    assert_eq!(folder.lines("parts")[4..], ["2 0 1"]);
}

#[test]
fn killed_again_and_again_it_goes_on_from_its_checkpoints() {
    let whole = Folder::new();
    worker(&whole, "");
    search(&whole, 9, "");
    whole.run(&["search", "search.toml"]).ok();
    let killed = Folder::new();
    worker(&killed, "sleep 0.05");
    search(&killed, 9, "");
    let mut search: Running = killed.start(&["search", "search.toml"]);
    for parts in [2, 4, 5, 9, 12] {
        eventually("one more part has begun", || {
            killed.lines("parts").len() >= parts
        });
        search.signal(Signal::SIGKILL);
        search.wait();
        search = killed.start(&["resume", "search.nasbot.db"]);
    }
    search.wait().ok();
    let rows = |folder: &Folder| -> Vec<_> {
        let evaluations = folder.evaluations().into_iter();
        evaluations
            .map(|e| {
                (
                    e["network"].clone(),
                    e["state"].clone(),
                    e["score"].clone(),
                    e["rungs"].clone(),
                )
            })
            .collect()
    };
    assert_eq!(rows(&killed), rows(&whole));
    assert_eq!(
        killed.summary()["best"]["id"],
        whole.summary()["best"]["id"]
    );
}

#[test]
fn rungs_that_can_t_be_are_refused_with_their_line() {
    let folder = Folder::new();
    worker(&folder, "");
    for (training, fidelity, complaint) in [
        ("epochs = 9", "rungs = [3, 9]", "rungs"),
        ("epochs = 9", "rungs = []", "rungs"),
        ("epochs = 9", "rungs = [3]\nfactor = 1", "factor"),
        (
            "epochs = 9\npatience = 2",
            "rungs = [3]",
            "training.patience can't be combined",
        ),
        (
            "epochs = 9\nrepeats = 2",
            "rungs = [3]",
            "training.repeats can't be combined",
        ),
        (
            "protocol = \"paper-mlp\"",
            "rungs = [3]",
            "training.steps can't be combined",
        ),
    ] {
        folder.search(3, "");
        let text = folder.read("search.toml");
        let section = format!("[training]\n{training}\n[fidelity]\n{fidelity}\n[search]");
        folder.write("search.toml", &text.replace("[search]", &section));
        let error = folder.run(&["validate", "search.toml"]);
        let said = format!("{}{}", error.stdout, error.stderr);
        assert_eq!(error.code, Some(2), "{said}");
        assert!(said.contains(complaint), "{complaint}: {said}");
    }
}
