//! Trainings that begin with the weights of another network: which ones, what is kept, and what survives a kill.

use std::collections::BTreeSet;

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::support::{Folder, eventually};

/// A worker that writes what it is asked into `jobs`: the evaluation, how many epochs, whose weights it begins with, and whether it
/// leaves its own. It fails if the weights that it is to begin with are not there. `code` runs before.
fn worker(folder: &Folder, code: &str) {
    let here = folder.path("").display().to_string();
    folder.script(
        "worker",
        &format!(
            r#"#!/bin/sh
read -r job
n=$(printf '%s' "$job" | sed 's/.*"evaluation":\([0-9]*\),.*/\1/')
echo '{{"event":"hello","protocol":3,"worker":"0.1.0","torch":"none"}}'
case $job in
*'"final":{{'*)
    save=$(printf '%s' "$job" | sed 's/.*"save":"\([^"]*\)".*/\1/')
    echo weights > "$save"
    case $job in *'"inherit":'*) exit 9 ;; esac ;;
*)
    {code}
    epochs=$(printf '%s' "$job" | sed 's/.*"epochs":\([0-9]*\),.*/\1/')
    from=nothing leaves=nothing
    case $job in *'"weights":"'*)
        weights=$(printf '%s' "$job" | sed 's/.*"weights":"\([^"]*\)".*/\1/')
        [ -e "$weights" ] || exit 9
        from=$(cat "$weights") ;;
    esac
    case $job in *'"leave":"'*)
        leave=$(printf '%s' "$job" | sed 's/.*"leave":"\([^"]*\)".*/\1/')
        mkdir -p "$(dirname "$leave")"
        echo "$n" > "$leave" && leaves=$(basename "$leave") ;;
    esac
    echo "$n $epochs $from $leaves" >> {here}/jobs ;;
esac
echo "{{\"event\":\"done\",\"score\":0.5$(((n * 7) % 10)),\"metrics\":{{\"inherited\":0.9}},\"seconds\":0.1,\"parameters\":1000}}"
"#
        ),
    );
}

fn search(folder: &Folder, evaluations: u64, inherit: &str, more: &str) {
    folder.search(evaluations, more);
    let text = folder.read("search.toml");
    let section = format!("[training]\nepochs = 9\n[inherit]\n{inherit}\n[search]");
    let text = text.replace("[search]", &section);
    folder.write("search.toml", &text.replace("\"random\"", "\"evolution\""));
}

/// What the events say of who begins with whose weights.
fn parents(folder: &Folder) -> Vec<(u64, Option<u64>)> {
    let events = folder.run(&["show", "search.nasbot.db", "--events"]).ok();
    let events = events
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    (events.filter(|event| event["event"] == "queued"))
        .map(|event| {
            let id = event["suggestion"]["id"].as_u64().unwrap();
            (id, event["inherits"]["parent"].as_u64())
        })
        .collect()
}

fn replays(folder: &Folder) {
    let said = folder.run(&["replay", "search.nasbot.db"]).ok();
    assert!(!said.contains("recorded:"), "{said}");
}

#[test]
fn the_nearest_weights_are_inherited_and_one_in_so_many_is_trained_from_nothing() {
    let folder = Folder::new();
    worker(&folder, "");
    search(&folder, 12, "epochs = 3\nfactor = 4\nnearest = 1.0", "");
    folder.run(&["search", "search.toml"]).ok();
    let jobs = folder.lines("jobs");
    // Nothing is there yet that the first one could inherit; all others do. Of eleven two are followed by a training from nothing.
    let from_nothing = jobs
        .iter()
        .filter(|job| job.contains(" 9 nothing evaluation-"));
    assert_eq!(from_nothing.count(), 1 + 2, "{jobs:#?}");
    let inherits = jobs
        .iter()
        .filter(|job| job.ends_with(" nothing") && job.contains(" 3 "));
    assert_eq!(inherits.count(), 11, "{jobs:#?}");
    assert_eq!(jobs[0], "0 9 nothing evaluation-0000-1.safetensors");
    for (id, parent) in parents(&folder) {
        let job = format!("{id} 3 {} nothing", parent.unwrap_or(99));
        assert!(id == 0 || jobs.contains(&job), "{job}: {jobs:#?}");
    }
    // What is best was trained from nothing, although others have higher scores.
    let (summary, evaluations) = (folder.summary(), folder.evaluations());
    let best = summary["best"]["id"].as_u64().unwrap();
    assert_eq!(evaluations[best as usize]["state"], "complete");
    assert_eq!(summary["evaluations"], 12);
    assert!(
        evaluations
            .iter()
            .any(|e| e["rungs"] == serde_json::json!([[3, 0.57]]))
    );
    replays(&folder);
}

#[test]
fn what_is_far_from_all_begins_with_nothing() {
    let folder = Folder::new();
    worker(&folder, "");
    search(&folder, 4, "nearest = 1e-9", "");
    folder.run(&["search", "search.toml"]).ok();
    assert!(parents(&folder).iter().all(|(_, parent)| parent.is_none()));
    let jobs = folder.lines("jobs");
    assert!(
        jobs.len() == 4 && jobs.iter().all(|job| job.contains(" 9 nothing ")),
        "{jobs:?}"
    );
}

#[test]
fn as_many_weights_are_kept_as_there_is_room_for() {
    let folder = Folder::new();
    worker(&folder, "");
    // A thousand parameters and their momenta are eight thousand bytes.
    search(
        &folder,
        16,
        "factor = 2\nkeep = \"17kB\"\nnearest = 1.0",
        "per-device = 2",
    );
    folder.run(&["search", "search.toml"]).ok();
    let weights = std::fs::read_dir(folder.path("search.nasbot.out/weights")).unwrap();
    let weights: BTreeSet<String> = weights
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    // Those of the last results, of which the search was not told any more, lie there too.
    let trained = folder
        .lines("jobs")
        .iter()
        .filter(|job| job.contains(" 9 nothing "))
        .count();
    assert!(
        trained > 5 && (2..=4).contains(&weights.len()),
        "{trained}: {weights:?}"
    );
    replays(&folder);
}

#[test]
fn killed_again_and_again_it_is_the_same_search() {
    let (whole, killed) = (Folder::new(), Folder::new());
    worker(&whole, "");
    worker(&killed, "sleep 0.05");
    for folder in [&whole, &killed] {
        search(
            folder,
            10,
            "epochs = 3\nfactor = 3\nkeep = \"17kB\"\nnearest = 0.5",
            "",
        );
    }
    whole.run(&["search", "search.toml"]).ok();
    let mut search = killed.start(&["search", "search.toml"]);
    for jobs in [2, 5, 8] {
        eventually("one more has begun", || killed.lines("jobs").len() >= jobs);
        search.signal(Signal::SIGKILL);
        search.wait();
        search = killed.start(&["resume", "search.nasbot.db"]);
    }
    search.wait().ok();
    assert_eq!(parents(&killed), parents(&whole));
    assert!(parents(&whole).iter().any(|(_, parent)| parent.is_some()));
    assert_eq!(killed.summary()["best"], whole.summary()["best"]);
    replays(&killed);
}

#[test]
fn a_search_goes_on_without_weights_that_are_gone() {
    let folder = Folder::new();
    worker(&folder, "[ $n != 3 ] || sleep 60");
    search(&folder, 6, "nearest = 1.0", "");
    let searching = folder.start(&["search", "search.toml"]);
    eventually("the first three are over", || {
        folder.lines("jobs").len() >= 3
            && folder
                .path("search.nasbot.out/logs/evaluation-0003.log")
                .exists()
    });
    searching.signal(Signal::SIGKILL);
    searching.wait();
    assert!(parents(&folder)[3].1.is_some());
    std::fs::remove_dir_all(folder.path("search.nasbot.out/weights")).unwrap();
    worker(&folder, "");
    let ran = folder.run(&["resume", "search.nasbot.db"]);
    let said = ran.stderr.clone();
    ran.ok();
    assert!(
        said.contains("weights that were kept for other networks are gone, those of #0:"),
        "{said}"
    );
    // The one that was to inherit was withdrawn, and the next one has nothing to inherit.
    let parents = parents(&folder);
    assert!(parents.len() == 7 && parents[4].1.is_none(), "{parents:?}");
    assert_eq!(folder.summary()["evaluations"], 6);
    replays(&folder);
}

#[test]
fn what_it_cannot_be_combined_with_is_refused() {
    let folder = Folder::new();
    for (inherit, training, message) in [
        ("epochs = 9", "", "setting `epochs` is 9"),
        ("epochs = 0", "", "setting `epochs` is 0"),
        ("factor = 1", "", "setting `factor` is 1"),
        ("nearest = 0.0", "", "setting `nearest` is 0"),
        ("nearest = 1.5", "", "setting `nearest` is 1.5"),
        ("keep = \"lots\"", "", "no size such as 500MB"),
        (
            "",
            "folds = 3",
            "training.folds can't be combined with [inherit]",
        ),
        (
            "",
            "repeats = 2",
            "training.repeats can't be combined with [inherit]",
        ),
    ] {
        search(&folder, 4, inherit, "");
        let text = folder.read("search.toml");
        folder.write(
            "search.toml",
            &text.replace(
                "epochs = 9\n[inherit]",
                &format!("epochs = 9\n{training}\n[inherit]"),
            ),
        );
        let said = folder.run(&["validate", "search.toml"]).fails(2);
        assert!(said.contains(message), "{inherit}{training}: {said}");
    }
    search(
        &folder,
        4,
        "",
        "backend = \"command\"\ncommand = [\"true\"]",
    );
    let text = folder.read("search.toml");
    let data = text.find("[data]").unwrap()..text.find("[inherit]").unwrap();
    folder.write("search.toml", &text.replace(&text[data], ""));
    let said = folder.run(&["validate", "search.toml"]).fails(2);
    assert!(said.contains("[inherit] is for backend"), "{said}");
}
