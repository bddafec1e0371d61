//! Objectives of one's own: what they may print, what a wrong one costs, how one is tried by hand, and what commands end with.

use nix::sys::signal::Signal;
use serde_json::json;

use crate::programs::search;
use crate::support::{Folder, NETWORK, eventually};

/// A small perceptron.
const PERCEPTRON: &str = r#"{"kind":"mlp-class","layers":[{"op":"ip"},{"op":"relu","units":16},{"op":"softmax"},{"op":"op"}],"edges":[[0,1],[1,2],[2,3]]}"#;

/// A folder with a search of three evaluations by a shell script.
fn objective(code: &str, more: &str) -> Folder {
    let folder = Folder::new();
    search(&folder, &["sh", "-c", code], 3, more);
    folder.write("net.json", PERCEPTRON);
    folder
}

const SEARCH: [&str; 3] = ["search", "search.toml", "-q"];

#[test]
fn a_first_answer_that_is_none_stops_the_search_and_costs_nothing() {
    for code in [
        "echo 'accuracy: 0.93'",
        "echo 0.93",
        "echo '{\"accuracy\": 0.93}'",
        "echo 'all done' >&2",
    ] {
        let folder = objective(code, "");
        let error = folder.run(&SEARCH).fails(1);
        assert!(error.contains("{\"score\":NUMBER}"), "{code}: {error}");
        let summary = folder.summary();
        assert_eq!(
            (&summary["evaluations"], &summary["failed"]),
            (&json!(0), &json!(0)),
            "{code}"
        );
    }
    // Once the program is mended, the same networks are evaluated.
    let folder = Folder::new();
    folder.script("score.sh", "#!/bin/sh\necho 0.5\n");
    search(&folder, &["./score.sh"], 3, "");
    folder.run(&SEARCH).fails(1);
    folder.script("score.sh", "#!/bin/sh\necho '{\"score\": 0.5}'\n");
    folder.run(&["resume", "search.nasbot.db", "-q"]).ok();
    assert_eq!(folder.summary()["evaluations"], 3);
    assert_eq!(folder.summary()["failed"], 0);
}

#[test]
fn a_later_answer_that_is_none_is_a_failure_of_one_evaluation() {
    let folder = objective(
        "[ $NASBOT_EVALUATION = 1 ] && echo oh || echo '{\"score\": 1}'",
        "",
    );
    folder.run(&SEARCH).ok();
    let failures: Vec<_> = (folder.evaluations().iter())
        .map(|evaluation| evaluation["failure"].clone())
        .collect();
    assert_eq!(failures, [json!(null), json!("other"), json!(null)]);
}

#[test]
fn what_stands_beside_a_score_does_not_cost_it() {
    let bar = "for i in 1 2 3; do printf '\\r%s0 %%' $i; done; printf '\\r'; ";
    for answer in [
        "{\"score\": 0.5, \"auc\": null, \"who\": [1, {\"a\": 2}], \"name\": \"x\"}",
        "{\"score\": 0.5, \"metrics\": {\"f1\": null, \"deep\": {\"a\": 1}}}",
        "{\"score\": 0.5, \"metrics\": null, \"loss\": \"low\"}",
    ] {
        let folder = objective(&format!("{bar}printf '%s' '{answer}'"), "");
        folder.run(&SEARCH).ok();
        assert_eq!(folder.summary()["best"]["score"], 0.5, "{answer}");
    }
    // A bar that is longer than any answer may be, on what a terminal takes for one line.
    let long = "yes '                                        %' | head -n 30000 | tr '\\n' '\\r'; ";
    let folder = objective(&format!("{long} echo '{{\"score\": 0.5}}'"), "");
    folder.run(&SEARCH).ok();
}

#[test]
fn a_loss_is_minimised_and_shown_as_one() {
    let folder = objective("echo '{\"loss\": 0.'$((5 - NASBOT_EVALUATION))'}'", "");
    let shown = folder.run(&SEARCH).ok();
    assert!(shown.contains("best         #2, loss 0.3"), "{shown}");
    assert!(!shown.contains("-0.3"), "{shown}");
    assert_eq!(folder.summary()["best"]["score"], -0.3);
    let shown = folder.run(&["show", "search.nasbot.db"]).ok();
    let head = shown.lines().find(|line| line.starts_with('#')).unwrap();
    assert!(
        head.contains(" loss ") && !shown.contains("-0.3"),
        "{shown}"
    );
}

#[test]
fn a_log_says_what_ran_where_and_how_it_ended() {
    let folder = objective(
        "[ $NASBOT_EVALUATION = 1 ] && exit 4; echo hello >&2; echo '{\"score\": 0.5}'",
        "",
    );
    folder.run(&SEARCH).ok();
    let log = folder.read("search.nasbot.out/logs/evaluation-0000.log");
    for expected in [
        env!("CARGO_PKG_VERSION"),
        "evaluation 0, seed",
        "mlp-class",
        "cpu",
        "sh -c",
        "\nhello\n",
        "score 0.5, after",
    ] {
        assert!(log.contains(expected), "{expected}: {log}");
    }
    // This one wrote nothing itself, and what nasbot writes is not quoted as if it had.
    let log = folder.read("search.nasbot.out/logs/evaluation-0001.log");
    assert!(log.contains("failed, crashed, after"), "{log}");
    let message = folder.evaluations()[1]["message"].clone();
    assert_eq!(message, "it ended with status 4");
}

#[test]
fn one_network_is_evaluated_by_hand_and_nothing_recorded() {
    let code = "echo network: $(head -c 19) >&2; echo '{\"score\": 0.123456789, \"auc\": 587.2199999999999}'";
    let folder = objective(code, "");
    let evaluate = ["evaluate", "search.toml", "net.json"];
    let shown = folder.run(&evaluate).ok();
    for expected in [
        "score 0.12346\n",
        "auc 587.22\n",
        "network: {\"kind\":\"mlp-class",
    ] {
        assert!(shown.contains(expected), "{expected}: {shown}");
    }
    let json = folder
        .run(&[&evaluate[..], &["--format", "json"]].concat())
        .json();
    assert_eq!(
        (&json["score"], &json["metrics"]["auc"]),
        (&json!(0.123456789), &json!(587.2199999999999))
    );
    let files = std::fs::read_dir(folder.path("")).unwrap().count();
    assert_eq!(files, 2, "it wrote something");
    // The test functions need no process.
    folder.write(
        "synthetic.toml",
        "[space]\nkind = \"cnn\"\n[workers]\nbackend = \"synthetic\"\n[budget]\nevaluations = 1\n",
    );
    folder.write("cnn.json", NETWORK);
    let shown = folder.run(&["evaluate", "synthetic.toml", "cnn.json"]).ok();
    assert!(shown.contains("result   score "), "{shown}");
    let error = folder
        .run(&["evaluate", "synthetic.toml", "net.json"])
        .fails(2);
    assert!(error.contains("searches cnn"), "{error}");
}

#[test]
fn what_fails_by_hand_says_why_with_its_log() {
    let folder = objective("echo Traceback >&2; exit 1", "");
    let ran = folder.run(&["evaluate", "search.toml", "net.json"]);
    assert!(ran.stdout.contains("failed, crashed"), "{}", ran.stdout);
    assert!(ran.stdout.contains("\n  Traceback\n"), "{}", ran.stdout);
    ran.fails(3);
    let folder = objective("echo 0.5; echo warming up >&2", "");
    let error = folder
        .run(&["evaluate", "search.toml", "net.json"])
        .fails(1);
    assert!(
        error.contains("but is '0.5'") && error.contains("warming up"),
        "{error}"
    );
}

/// Each status with a command that ends so.
#[test]
fn the_exit_status_says_how_it_ended() {
    let good = "echo '{\"score\": 1}'";
    objective(good, "").run(&SEARCH).ok();
    objective("exit 127", "").run(&SEARCH).fails(1);
    objective(good, "timeout = \"soon\"").run(&SEARCH).fails(2);
    Folder::new().run(&SEARCH).fails(2);
    objective(good, "").run(&["search"]).fails(2);
    let none = objective("exit 5", "");
    let error = none.run(&SEARCH).fails(3);
    assert!(error.contains("no evaluation succeeded"), "{error}");
    let error = objective("exit 5", "give-up-after = 2")
        .run(&SEARCH)
        .fails(3);
    assert!(error.contains("2 evaluations in a row"), "{error}");
    let late = objective(good, "");
    let text = late.read("search.toml");
    let text = text.replace("evaluations = 3", "evaluations = 3\nwall-time = \"1ms\"");
    late.write("search.toml", &text);
    let error = late.run(&SEARCH).fails(3);
    assert!(error.contains("none came to its end"), "{error}");
    let slow = objective("sleep 60", "");
    let search = slow.start(&SEARCH);
    eventually("it runs", || slow.path("search.nasbot.out/logs").exists());
    search.signal(Signal::SIGINT);
    search.wait().fails(130);
}
