//! Searches of keys of the protocol together with the network.

use serde_json::Value;

use crate::support::Folder;

/// A worker whose score is best with a learning rate of 0.01 and a batch of 64, and which notes what it was given.
fn worker(folder: &Folder) {
    let here = folder.path("").display().to_string();
    folder.script(
        "worker",
        &format!(
            r#"#!/bin/sh
read -r job
get() {{ printf '%s' "$job" | sed "s/.*\"training\":{{[^}}]*\"$1\":\"*\([^,\"]*\).*/\1/"; }}
n=$(printf '%s' "$job" | sed 's/.*"evaluation":\([0-9]*\).*/\1/')
rate=$(get learning-rate); batch=$(get batch); optimiser=$(get optimiser)
echo '{{"event":"hello","protocol":3,"worker":"0.1.0","torch":"none"}}'
case $job in *'"final":{{'*)
    save=$(printf '%s' "$job" | sed 's/.*"save":"\([^"]*\)".*/\1/')
    echo weights > "$save"
    n=final ;;
esac
echo "$n $rate $batch $optimiser" >> {here}/given
score=$(awk "BEGIN {{ r = log($rate) / log(10) + 2; b = ($batch == 64) ? 0 : 0.2; o = (\"$optimiser\" == \"sgd\") ? 0 : 0.1;
    printf \"%.6f\", 0.9 - 0.3 * sqrt(r * r) - b - o }}")
echo "{{\"event\":\"done\",\"score\":$score,\"metrics\":{{\"accuracy\":$score}},\"seconds\":0.1,\"parameters\":1234}}"
"#
        ),
    );
}

const TUNE: &str = "[tune]\nlearning-rate = { low = 1e-4, high = 1.0, log = true }\nbatch = [32, 128, 64]\noptimiser = [\"sgd\", \"adamw\"]\n";

fn search(folder: &Folder, evaluations: u64) {
    folder.search(evaluations, "");
    let text = folder.read("search.toml");
    let text = text.replace("\"random\"", "\"nasbot\"\nsamples = 2");
    folder.write("search.toml", &(TUNE.to_owned() + &text));
}

#[test]
fn each_network_is_trained_with_a_setting_of_its_own_and_a_good_one_is_found() {
    let folder = Folder::new();
    worker(&folder);
    search(&folder, 36);
    folder.run(&["search", "search.toml", "-q"]).ok();
    let evaluations = folder.evaluations();
    assert_eq!(evaluations.len(), 36);
    let given = folder.lines("given");
    let of = |name: &str| -> Vec<String> {
        let line = given
            .iter()
            .find(|line| line.split(' ').next() == Some(name));
        line.unwrap().split(' ').map(str::to_owned).collect()
    };
    let mut rates = Vec::new();
    for evaluation in &evaluations {
        let setting = &evaluation["setting"];
        let given = of(&evaluation["id"].to_string());
        let rate: f64 = given[1].parse().unwrap();
        assert!((setting["learning-rate"].as_f64().unwrap() - rate).abs() < 1e-12);
        assert_eq!(setting["batch"].to_string(), given[2]);
        assert_eq!(setting["optimiser"], given[3].as_str());
        rates.push(rate);
    }
    rates.sort_by(f64::total_cmp);
    rates.dedup();
    assert!(rates.len() > 8, "{rates:?}");
    // By chance a sixth of all settings is as good, and one in eighteen better than this.
    let summary = folder.summary();
    assert!(
        summary["best"]["score"].as_f64().unwrap() > 0.85,
        "{summary}"
    );
    // The last training has the setting of the best network.
    let best = of(&summary["best"]["id"].to_string());
    assert_eq!(of("final")[1..], best[1..]);
    let shown = folder.run(&["show", "search.nasbot.db"]).ok();
    let expected = format!("batch {}, learning-rate", best[2]);
    assert!(shown.contains(&expected), "{shown}");
    let sheet = folder
        .run(&["show", "search.nasbot.db", "--all", "--format", "csv"])
        .ok();
    let heading = sheet.lines().next().unwrap();
    let tuned = "training.batch,training.learning-rate,training.optimiser,network";
    assert!(heading.ends_with(tuned), "{heading}");
    // And it is recomputed.
    let found = folder
        .run(&["replay", "search.nasbot.db", "--format", "json"])
        .json();
    assert_eq!(found["identical"], true, "{found}");
    // A later search of fewer keys learns from it.
    let text = folder
        .read("search.toml")
        .replace("samples = 2", "samples = 2\nprior = [\"search.nasbot.db\"]");
    folder.write(
        "later.toml",
        &text.replace("optimiser = [\"sgd\", \"adamw\"]\n", ""),
    );
    folder
        .run(&["search", "later.toml", "--evaluations", "8", "-q"])
        .ok();
    let later = folder
        .run(&["show", "later.nasbot.db", "--all", "--format", "json"])
        .ok();
    let first: Value = serde_json::from_str(later.lines().next().unwrap()).unwrap();
    let rate: f64 = best[1].parse().unwrap();
    assert!(
        (first["setting"]["learning-rate"].as_f64().unwrap() - rate).abs() < 1e-12,
        "{first}"
    );
}

#[test]
fn a_search_goes_on_with_the_settings_that_it_has() {
    let whole = Folder::new();
    worker(&whole);
    search(&whole, 16);
    whole.run(&["search", "search.toml", "-q"]).ok();
    let parts = Folder::new();
    worker(&parts);
    search(&parts, 16);
    parts
        .run(&["search", "search.toml", "-q", "--evaluations", "9"])
        .ok();
    parts
        .run(&["resume", "search.nasbot.db", "-q", "--evaluations", "16"])
        .ok();
    let settings = |folder: &Folder| -> Vec<Value> {
        let evaluations = folder.evaluations();
        evaluations.iter().map(|e| e["setting"].clone()).collect()
    };
    assert_eq!(settings(&whole), settings(&parts));
}

#[test]
fn what_cannot_be_tuned_is_said_where_it_stands() {
    let folder = Folder::new();
    folder.search(3, "");
    let text = folder.read("search.toml");
    let refused = |tune: &str, more: &str, place: &str, reason: &str| {
        folder.write("wrong.toml", &format!("[tune]\n{tune}\n{text}{more}"));
        let error = folder.run(&["validate", "wrong.toml", "--no-data"]).stderr;
        assert!(error.contains(reason), "{tune}: {error}");
        assert!(error.contains(place), "{tune}: {error}");
    };
    let range = "needs `low` below `high`";
    refused("batch = { low = 64, high = 32 }", "", "wrong.toml:2", range);
    refused(
        "learning-rate = { low = 0, high = 1, log = true }",
        "",
        "wrong.toml:2",
        "begins above 0",
    );
    refused("batch = [64]", "", "wrong.toml:2", "at least two");
    refused(
        "batch = [1, 64]",
        "",
        "wrong.toml:2",
        "batch must be at least 2",
    );
    refused(
        "batch = { low = 2.5, high = 64 }",
        "",
        "wrong.toml:2",
        "whole numbers",
    );
    refused(
        "momentum = [0.9, 1.5]",
        "",
        "wrong.toml:2",
        "momentum must be",
    );
    refused("optimiser = [\"adam\"]", "", "wrong.toml:2", "adam");
    refused("learning-rate = 0.1", "", "wrong.toml:2", "a range such as");
    refused("rate = [0.1, 0.2]", "", "wrong.toml:2", "rate");
    refused("", "", "[tune]", "names no key");
    refused(
        "batch = [32, 64]",
        "[inherit]\n",
        "[inherit]",
        "can't be combined",
    );
}
