//! Networks that are proposed: by a command of ours, by a file, and by a program that is asked while a search runs.

use serde_json::{Value, json};

use crate::support::Folder;

/// A network of eight units and one hidden layer for each of `ops`.
fn network(ops: &[&str]) -> Value {
    let hidden = ops.iter().map(|op| json!({"op": op, "units": 8}));
    let layers: Vec<Value> = std::iter::once(json!({"op": "ip"}))
        .chain(hidden)
        .chain([json!({"op": "linear"}), json!({"op": "op"})])
        .collect();
    let edges: Vec<[usize; 2]> = (1..layers.len()).map(|i| [i - 1, i]).collect();
    json!({"kind": "mlp-reg", "layers": layers, "edges": edges})
}

/// A search of the synthetic function that begins with two networks.
fn describe(folder: &Folder, strategy: &str, evaluations: u64, more: &str) {
    folder.write(
        "search.toml",
        &format!(
            "[space]\nkind = \"mlp-reg\"\nmax-layers = 10\n[search]\nstrategy = \"{strategy}\"\ninitial = 2\nsamples = 0\n\
             [workers]\nbackend = \"synthetic\"\ndelay = \"20ms\"\n[budget]\nevaluations = {evaluations}\n{more}"
        ),
    );
}

/// The events of one kind.
fn events(folder: &Folder, kind: &str) -> Vec<Value> {
    let events = folder.run(&["show", "search.nasbot.db", "--events"]).ok();
    let lines = events
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.filter(|line| line["event"] == kind).collect()
}

/// The networks that were proposed, in their order.
fn proposed(folder: &Folder) -> Vec<Value> {
    let events = events(folder, "proposed").into_iter();
    events
        .flat_map(|event| event["networks"].as_array().unwrap().clone())
        .collect()
}

/// What was evaluated because it was proposed.
fn taken(folder: &Folder) -> Vec<Value> {
    let queued = events(folder, "queued").into_iter();
    let taken = queued.filter(|event| event["suggestion"]["origin"]["kind"] == "proposed");
    taken
        .map(|event| event["suggestion"]["candidate"].clone())
        .collect()
}

#[test]
fn what_is_proposed_by_hand_waits_and_is_replayed() {
    let folder = Folder::new();
    describe(&folder, "random", 5, "");
    folder.run(&["search", "search.toml", "-q"]).ok();
    let ours = [network(&["tanh"; 3]), network(&["elu", "relu"])];
    let outside = network(&["relu"; 9]);
    let known = events(&folder, "queued")[0]["suggestion"]["candidate"].clone();
    let lines = format!("{}\nhello\n{outside}\n{known}\n{}\n", ours[0], ours[1]);
    let propose = ["propose", "search.nasbot.db", "-", "--format", "json"];
    let ran = folder.run_with(&propose, &lines);
    assert!(
        ran.stderr
            .contains("standard input: 1 of 5 proposals are no networks: line 2: "),
        "{}",
        ran.stderr
    );
    assert_eq!(
        ran.json(),
        json!({"waiting": 2, "known": 1, "outside": 1, "unread": 1})
    );
    assert_eq!(proposed(&folder), ours);
    // The same once more changes nothing.
    folder.write("nets.json", &json!(ours).to_string());
    let said = folder
        .run(&["propose", "search.nasbot.db", "nets.json"])
        .ok();
    assert_eq!(
        said,
        "of 2 proposed networks 0 wait, 2 the study has already\n"
    );
    assert_eq!(events(&folder, "proposed").len(), 1);
    // They are taken, by a search that goes on and by one that is asked.
    let more = ["resume", "search.nasbot.db", "-q", "--evaluations", "7"];
    folder.run(&more).ok();
    assert_eq!(taken(&folder), ours[..1]);
    folder
        .run(&["ask", "search.nasbot.db", "-n", "2", "--evaluations", "12"])
        .ok();
    assert_eq!(taken(&folder), ours);
    let shown = folder.run(&["show", "search.nasbot.db", "--all"]).ok();
    assert!(shown.contains("proposed"), "{shown}");
    let replayed = folder.run(&["replay", "search.nasbot.db"]).ok();
    assert!(replayed.contains("recomputed: 9 suggestions"), "{replayed}");
    for (text, why) in [("", "it is empty"), ("x", "line 1: ")] {
        let error = folder.run_with(&propose, text).fails(2);
        assert!(
            error.contains("no network in standard input") && error.contains(why),
            "{error}"
        );
    }
}

#[test]
fn a_file_and_a_program_propose_while_a_search_runs() {
    let folder = Folder::new();
    let (first, second) = (network(&["tanh"; 3]), network(&["elu", "relu"]));
    folder.write("nets.jsonl", &format!("{first}\n"));
    // It keeps what it reads, and prints a network and a line that is none.
    folder.script(
        "propose",
        &format!("#!/bin/sh\ncat > question.json\necho looking\necho '{second}'\n"),
    );
    let more = "[proposals]\nfile = \"nets.jsonl\"\ncommand = [\"./propose\"]\nevery = 4\n";
    describe(&folder, "evolution", 24, more);
    let ran = folder.run(&["search", "search.toml"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(
        ran.stderr.contains(
            "the command that proposes networks (proposals.command): 1 of 2 proposals are no networks: line 1: "
        ),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr.contains("of 1 proposed networks 1 wait\n"),
        "{}",
        ran.stderr
    );
    assert_eq!(proposed(&folder), [first.clone(), second.clone()]);
    assert_eq!(taken(&folder), [first, second]);
    // What it was asked.
    let question: Value = serde_json::from_str(&folder.read("question.json")).unwrap();
    assert_eq!(
        (&question["kind"], &question["budget"]),
        (&json!("mlp-reg"), &json!(24))
    );
    assert_eq!(question["bounds"]["max-layers"], 10);
    let best = question["best"].as_array().unwrap();
    assert!(
        question["evaluations"].as_u64().unwrap() >= 4 && best.len() >= 4,
        "{question}"
    );
    let scores: Vec<f64> = best
        .iter()
        .map(|shown| shown["score"].as_f64().unwrap())
        .collect();
    assert!(scores.is_sorted_by(|a, b| a >= b) && best[0]["network"]["kind"] == "mlp-reg");
    folder.run(&["replay", "search.nasbot.db"]).ok();
}

#[test]
fn a_program_that_hangs_fails_or_prints_nothing_costs_nothing() {
    for (code, why) in [
        (
            "sleep 100",
            "it had not ended after 0.2 s and was stopped (proposals.timeout)",
        ),
        ("exit 3", "it ended with exit status: 3; its log is "),
        ("true", "it printed none"),
    ] {
        let folder = Folder::new();
        folder.script("propose", &format!("#!/bin/sh\n{code}\n"));
        let more = "[proposals]\ncommand = [\"./propose\"]\nevery = 5\ntimeout = \"200ms\"\n";
        describe(&folder, "random", 40, more);
        let ran = folder.run(&["search", "search.toml"]);
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        assert!(ran.stderr.contains(why), "{code}: {}", ran.stderr);
        assert_eq!(events(&folder, "queued").len(), 40);
        assert_eq!(proposed(&folder), Vec::<Value>::new());
    }
}

#[test]
fn a_search_that_ends_takes_its_program_along() {
    let folder = Folder::new();
    folder.script("propose", "#!/bin/sh\necho $$ >> pids\nexec sleep 1000\n");
    describe(
        &folder,
        "random",
        8,
        "[proposals]\ncommand = [\"./propose\"]\nevery = 2\ntimeout = \"1h\"\n",
    );
    folder.run(&["search", "search.toml", "-q"]).ok();
    let pids = folder.lines("pids");
    assert_eq!(pids.len(), 1, "one at a time: {pids:?}");
    let process = format!("/proc/{}", pids[0]);
    crate::support::eventually("the program has ended", || {
        !std::path::Path::new(&process).exists()
    });
}

#[test]
fn what_is_wrong_with_the_section_is_said_with_its_place() {
    let folder = Folder::new();
    for (more, why) in [
        ("[proposals]\n", "[proposals] says nothing to propose from"),
        ("[proposals]\nfile = \"none.json\"\n", "there is no file"),
        ("[proposals]\ncommand = []\n", "the command is empty"),
        (
            "[proposals]\ncommand = [\"a\"]\nevery = 0\n",
            "it must be at least 1",
        ),
        (
            "[proposals]\ncommand = [\"a\"]\ntimeout = 0\n",
            "expected a duration above 0",
        ),
    ] {
        describe(&folder, "random", 3, more);
        let ran = folder.run(&["validate", "search.toml"]);
        let said = format!("{}{}", ran.stdout, ran.stderr);
        assert!(ran.code == Some(2) && said.contains(why), "{more}: {said}");
    }
    describe(
        &folder,
        "random",
        3,
        "[proposals]\ncommand = [\"./none\"]\n",
    );
    let error = folder.run(&["search", "search.toml"]).fails(2);
    assert!(
        error.contains("proposals.command: there is no program"),
        "{error}"
    );
}
