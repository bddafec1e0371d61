//! Studies that are asked and told by hand or by other programs, alone and in turn with searches.

use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::support::{Folder, NETWORK};

const SEARCH: &str = r#"
[space]
kind = "cnn"
max-layers = 12
max-units = 64
[search]
strategy = "evolution"
initial = 2
[workers]
backend = "hand"
[budget]
evaluations = 6
"#;

pub(crate) const STUDY: &str = "search.nasbot.db";

pub(crate) fn folder(text: &str) -> Folder {
    let folder = Folder::new();
    folder.write("search.toml", text);
    folder
}

/// What `ask` hands out, as JSON lines.
pub(crate) fn ask(folder: &Folder, source: &str, count: usize) -> Vec<Value> {
    let text = folder
        .run(&["ask", source, "-n", &count.to_string(), "--format", "json"])
        .ok();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

pub(crate) fn ids(asked: &[Value]) -> Vec<u64> {
    asked
        .iter()
        .filter_map(|line| line["id"].as_u64())
        .collect()
}

pub(crate) fn states(folder: &Folder) -> Vec<String> {
    let evaluations = folder.evaluations().into_iter();
    evaluations
        .map(|e| e["state"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_study_is_asked_and_told_to_its_end() {
    let folder = folder(SEARCH);
    let first = ask(&folder, "search.toml", 1);
    let record = &folder.evaluations()[0];
    // What was printed is what is recorded.
    assert_eq!(
        (&first[0]["network"], &first[0]["seed"]),
        (&record["network"], &record["seed"])
    );
    assert_eq!(states(&folder), ["by hand"]);
    // The description now means the study that is there.
    assert_eq!(ids(&ask(&folder, "search.toml", 2)), [1, 2]);
    assert_eq!(folder.summary()["state"], "waiting for results by hand");
    let told = folder.run(&[
        "tell",
        STUDY,
        "1",
        "-2.5",
        "--metric",
        "loss=2.5",
        "--seconds",
        "7",
        "--format",
        "json",
    ]);
    let told = told.json();
    assert_eq!(
        (&told["known"], &told["best"]),
        (&json!(false), &json!({"id": 1, "score": -2.5}))
    );
    let record = &folder.evaluations()[1];
    assert_eq!(
        (&record["metrics"], &record["seconds"]),
        (&json!({"loss": 2.5}), &json!(7.0))
    );
    let lines = "{\"id\":0,\"score\":0.1,\"parameters\":12}\n\n{\"id\":2,\"failed\":\"out-of-memory\",\"message\":\"8 GB\"}\n";
    let said = folder.run_with(&["tell", STUDY, "--json", "-"], lines).ok();
    assert!(
        said.contains("evaluation 0: 0.1, the best so far") && said.contains("out of memory"),
        "{said}"
    );
    assert_eq!(states(&folder), ["complete", "complete", "failed"]);
    // More than the budget has are not to be had.
    let rest = ask(&folder, STUDY, 5);
    assert_eq!(ids(&rest), [3, 4, 5]);
    assert_eq!(rest[3], json!({"next": "wait", "pending": [3, 4, 5]}));
    for id in ["3", "4", "5"] {
        folder.run(&["tell", STUDY, id, "0.2"]).ok();
    }
    assert_eq!(
        ask(&folder, STUDY, 1),
        [json!({"next": "over", "why": "budget"})]
    );
    let said = folder.run(&["ask", STUDY, "--evaluations", "7"]).ok();
    assert!(
        said.contains("nasbot tell search.nasbot.db 6 SCORE"),
        "{said}"
    );
    assert_eq!(folder.summary()["budget"], 7);
    folder.run(&["replay", STUDY]).ok();
}

#[test]
fn by_hand_it_is_the_same_search() {
    // One at a time: then a search by a worker is told in the same order.
    let hand = folder(SEARCH);
    let local = Folder::new();
    local.worker("");
    local.search(6, "");
    let text = local
        .read("search.toml")
        .replace("\"random\"", "\"evolution\"");
    local.write("search.toml", &text);
    local.run(&["search", "search.toml", "-q"]).ok();
    // The space of the pictures has a bound more.
    hand.write(
        "search.toml",
        &SEARCH.replace("max-units", "max-halvings = 3\nmax-units"),
    );
    for id in 0..6 {
        assert_eq!(ids(&ask(&hand, "search.toml", 1)), [id]);
        hand.run(&["tell", STUDY, &id.to_string(), &format!("0.{id:02}")])
            .ok();
    }
    let networks = |folder: &Folder| -> Vec<Value> {
        let evaluations = folder.evaluations().into_iter();
        evaluations
            .map(|e| json!([e["network"], e["seed"], e["score"]]))
            .collect()
    };
    assert_eq!(networks(&hand), networks(&local));
}

#[test]
fn wrong_results_are_refused_and_change_nothing() {
    let folder = folder(SEARCH);
    ask(&folder, "search.toml", 3);
    folder.run(&["tell", STUDY, "0", "0.5"]).ok();
    folder.run(&["fail", STUDY, "1", "diverged"]).ok();
    let events = || folder.run(&["show", STUDY, "--events"]).ok();
    let before = events();
    for (arguments, complaint) in [
        (
            &["tell", STUDY, "0", "0.6"][..],
            "has a result already, 0.5: it is not replaced by 0.6",
        ),
        (
            &["tell", STUDY, "1", "0.6"],
            "has a result already, diverged",
        ),
        (
            &["fail", STUDY, "0", "crashed"],
            "has a result already, 0.5: it is not replaced by crashed",
        ),
        (
            &["tell", STUDY, "7", "0.6"],
            "has no evaluation 7: it has 3",
        ),
        (&["tell", STUDY, "2", "NaN"], "tell a failure instead"),
        (&["tell", STUDY, "2", "inf"], "tell a failure instead"),
        (&["tell", STUDY, "2", "good"], "invalid value 'good'"),
        (
            &["tell", STUDY, "2", "0.5", "--metric", "loss=NaN"],
            "loss is NaN",
        ),
        (
            &["tell", STUDY, "2", "0.5", "--metric", "loss"],
            "NAME=NUMBER",
        ),
        (
            &["tell", STUDY, "2", "0.5", "--epochs", "3"],
            "not 3 epochs",
        ),
        (&["tell", STUDY, "2"], "<SCORE>"),
        (
            &["fail", STUDY, "2", "bad-luck"],
            "there is no reason 'bad-luck'",
        ),
        (
            &["fail", STUDY, "0", "interrupted"],
            "evaluation 0 was not handed out, it is over (0.5)",
        ),
        (
            &["ask", STUDY, "--evaluations", "2"],
            "3 evaluations have been begun already",
        ),
        (
            &["ask", STUDY, "--seed", "3"],
            "--seed goes with a description",
        ),
        (&["ask", "search.toml", "--seed", "3"], "has its seed"),
        (&["ask", "none.nasbot.db"], "there is no study"),
        (&["search", "search.toml"], "evaluated by hand"),
        (&["resume", STUDY], "evaluated by hand"),
    ] {
        let error = folder.run(arguments).fails(2);
        assert!(error.contains(complaint), "{arguments:?}: {error}");
    }
    for (line, complaint) in [
        ("{\"id\":2}", "must have a score"),
        ("{\"id\":2,\"score\":1,\"failed\":\"crashed\"}", "not both"),
        ("{\"id\":2,\"failed\":\"tired\"}", "line 2"),
        ("{\"id\":2,\"score\":1,\"loss\":3}", "unknown field `loss`"),
        ("{\"id\":2,\"score\":1e999}", "line 2"),
        ("{\"id\":1,\"score\":0.5}", "has a result already"),
    ] {
        let lines = format!("{{\"id\":2,\"score\":0.5}}\n{line}\n");
        let error = folder
            .run_with(&["tell", STUDY, "--json", "-"], &lines)
            .fails(2);
        assert!(error.contains(complaint), "{line}: {error}");
    }
    assert_eq!(events(), before);
    // The same once more is fine, and said.
    let said = folder.run(&["tell", STUDY, "0", "0.5"]).ok();
    assert!(said.contains("has this result already"), "{said}");
    folder
        .run(&["fail", STUDY, "1", "diverged", "--format", "json"])
        .ok();
    let twice = "{\"id\":2,\"score\":0.5}\n{\"id\":2,\"score\":0.5}\n";
    let said = folder
        .run_with(&["tell", STUDY, "--json", "-", "--format", "json"], twice)
        .ok();
    let known: Vec<bool> = said
        .lines()
        .map(|line| line.contains("\"known\":true"))
        .collect();
    assert_eq!(known, [false, true]);
    let finished = events()
        .lines()
        .filter(|line| line.contains("\"event\":\"finished\""))
        .count();
    assert_eq!(finished, 3);
}

#[test]
fn networks_of_one_s_own_are_evaluated_like_others() {
    let folder = folder(SEARCH);
    ask(&folder, "search.toml", 1);
    folder.write("net.json", NETWORK);
    assert_eq!(
        folder
            .run(&["give", STUDY, "net.json", "--format", "json"])
            .json(),
        json!({"id": 1, "outside": null})
    );
    let error = folder.run(&["give", STUDY, "net.json"]).fails(2);
    assert!(
        error.contains("the same as that of evaluation 1"),
        "{error}"
    );
    let known = folder.evaluations()[0]["network"].to_string();
    let error = folder.run_with(&["give", STUDY, "-"], &known).fails(2);
    assert!(
        error.contains("the same as that of evaluation 0"),
        "{error}"
    );
    let wide = NETWORK.replace("16", "128");
    let error = folder.run_with(&["give", STUDY, "-"], &wide).fails(2);
    assert!(
        error.contains("outside of the study's space") && error.contains("128"),
        "{error}"
    );
    let said = folder
        .run_with(&["give", STUDY, "-", "--anywhere"], &wide)
        .ok();
    assert!(
        said.contains("evaluation 2") && said.contains("outside of the space"),
        "{said}"
    );
    let other = r#"{"kind":"mlp-reg","layers":[{"op":"ip"},{"op":"relu","units":8},{"op":"linear"},{"op":"op"}],"edges":[[0,1],[1,2],[2,3]]}"#;
    let error = folder
        .run_with(&["give", STUDY, "-", "--anywhere"], other)
        .fails(2);
    assert!(error.contains("it is of kind mlp-reg"), "{error}");
    // They come before anything new.
    let asked = ask(&folder, STUDY, 3);
    assert_eq!(ids(&asked), [1, 2, 3]);
    assert_eq!(
        asked[0]["network"],
        serde_json::from_str::<Value>(NETWORK).unwrap()
    );
    assert_eq!(asked[1]["origin"], json!({"kind": "given"}));
    for id in ["0", "1", "2", "3"] {
        folder.run(&["tell", STUDY, id, "1"]).ok();
    }
    ask(&folder, STUDY, 2);
    let spent = folder
        .run_with(&["give", STUDY, "-"], &NETWORK.replace("16", "24"))
        .fails(2);
    assert!(
        spent.contains("the budget of 6 evaluations is spent"),
        "{spent}"
    );
    let larger = ["give", STUDY, "-", "--evaluations", "7"];
    folder.run_with(&larger, &NETWORK.replace("16", "24")).ok();
    folder.run(&["replay", STUDY]).ok();
}

#[test]
fn rungs_are_asked_and_told_one_by_one() {
    let folder = folder(&SEARCH.replace(
        "[budget]",
        "[fidelity]\nrungs = [1, 3]\nepochs = 9\nfactor = 3\n[budget]",
    ));
    for (id, score) in [(0, 0.1), (1, 0.3), (2, 0.2)] {
        let asked = ask(&folder, "search.toml", 1);
        assert_eq!(
            (&asked[0]["id"], &asked[0]["from"], &asked[0]["until"]),
            (&json!(id), &json!(0), &json!(1))
        );
        folder
            .run(&[
                "tell",
                STUDY,
                &id.to_string(),
                &score.to_string(),
                "--epochs",
                "1",
            ])
            .ok();
    }
    // By hand: of three on the first rung the best one goes on.
    let asked = ask(&folder, STUDY, 1);
    assert_eq!(
        (&asked[0]["id"], &asked[0]["from"], &asked[0]["until"]),
        (&json!(1), &json!(1), &json!(3))
    );
    let error = folder
        .run(&["tell", STUDY, "1", "0.5", "--epochs", "9"])
        .fails(2);
    assert!(error.contains("up to 3, not 9 epochs"), "{error}");
    let said = folder
        .run(&["tell", STUDY, "1", "0.3", "--epochs", "1"])
        .ok();
    assert!(said.contains("has this result already"), "{said}");
    let said = folder
        .run(&["tell", STUDY, "1", "0.4", "--epochs", "3"])
        .ok();
    assert!(said.contains("0.4 after 3 epochs"), "{said}");
    assert_eq!(
        folder.evaluations()[1]["rungs"],
        json!([[1, 0.3], [3, 0.4]])
    );
    assert_eq!(folder.evaluations()[1]["state"], "stopped at a rung");
    let found = folder.run(&["replay", STUDY, "--format", "json"]).json();
    assert_eq!(
        (&found["identical"], &found["promotions"]),
        (&json!(true), &json!(1))
    );
}

#[test]
fn rungs_by_hand_and_by_a_worker_are_one_search() {
    let folder = Folder::new();
    crate::rungs::worker(&folder, "");
    crate::rungs::search(&folder, 6, "");
    for id in 0..3 {
        ask(&folder, "search.toml", 1);
        folder
            .run(&["tell", STUDY, &id.to_string(), &format!("0.1{}", 9 - id)])
            .ok();
    }
    assert_eq!(ids(&ask(&folder, STUDY, 1)), [0]);
    folder.run(&["fail", STUDY, "0", "interrupted"]).ok();
    // The worker has no state of the first part, and begins anew.
    folder.run(&["resume", STUDY, "-q"]).ok();
    assert_eq!(folder.lines("parts")[0], "0 0 3");
    assert_eq!(folder.summary()["evaluations"], 6);
    folder.run(&["replay", STUDY]).ok();
}

#[test]
fn many_commands_at_once_wait_for_each_other() {
    let folder = folder(&SEARCH.replace("evaluations = 6", "evaluations = 40"));
    let start = |arguments: &[&str]| {
        let mut command: Command = folder.command(arguments);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    // The first of them makes the study.
    let asks: Vec<_> = (0..8)
        .map(|_| start(&["ask", "search.toml", "--format", "json"]))
        .collect();
    let mut handed: Vec<u64> = Vec::new();
    for ask in asks {
        let output = ask.wait_with_output().unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let line: Value = serde_json::from_slice(&output.stdout).unwrap();
        handed.push(line["id"].as_u64().unwrap());
    }
    handed.sort_unstable();
    assert_eq!(handed, (0..8).collect::<Vec<_>>());
    let tells: Vec<_> = (0..8)
        .map(|id| start(&["tell", STUDY, &id.to_string(), "0.5"]))
        .collect();
    for tell in tells {
        assert!(tell.wait_with_output().unwrap().status.success());
    }
    assert_eq!(states(&folder), ["complete"; 8]);
    folder.run(&["replay", STUDY]).ok();
}
