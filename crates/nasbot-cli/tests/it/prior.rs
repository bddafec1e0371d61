//! Searches that learn from earlier studies.

use serde_json::Value;

use crate::support::Folder;

/// A search of the synthetic function over networks of this kind.
fn describe(folder: &Folder, name: &str, kind: &str, search: &str) {
    folder.write(
        &format!("{name}.toml"),
        &format!(
            "[space]\nkind = \"{kind}\"\nmax-layers = 14\n[search]\nsamples = 2\n{search}\n[workers]\nbackend = \"synthetic\"\n\
             [budget]\nevaluations = 16\n"
        ),
    );
}

fn evaluations(folder: &Folder, study: &str) -> Vec<Value> {
    let events = folder.run(&["show", study, "--events"]).ok();
    let lines = events
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.filter(|line| line["event"] == "queued").collect()
}

#[test]
fn the_best_of_an_earlier_study_come_first_and_it_need_not_stay() {
    let folder = Folder::new();
    describe(&folder, "old", "mlp-reg", "");
    folder.run(&["search", "old.toml", "-q"]).ok();
    let best: Value = folder
        .run(&["show", "old.nasbot.db", "--format", "json"])
        .json();
    describe(&folder, "new", "mlp-reg", "prior = [\"old.nasbot.db\"]");
    let said = folder.run(&["validate", "new.toml"]).ok();
    assert!(
        said.contains("old.nasbot.db: 16 scores, all of them taken over"),
        "{said}"
    );
    folder
        .run(&["search", "new.toml", "--evaluations", "9"])
        .ok();
    let begun = evaluations(&folder, "new.nasbot.db");
    let kinds: Vec<&str> = begun
        .iter()
        .map(|e| e["suggestion"]["origin"]["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds[..4], ["earlier"; 4]);
    assert!(!kinds[4..].contains(&"earlier"), "{kinds:?}");
    let old = evaluations(&folder, "old.nasbot.db");
    let id = best["best"]["id"].as_u64().unwrap() as usize;
    assert_eq!(
        begun[0]["suggestion"]["candidate"],
        old[id]["suggestion"]["candidate"]
    );
    let shown = folder.run(&["show", "new.nasbot.db"]).ok();
    assert!(shown.contains("best of an earlier study"), "{shown}");

    // What is learnt from it stands in the study.
    std::fs::remove_file(folder.path("old.nasbot.db")).unwrap();
    folder
        .run(&["resume", "new.nasbot.db", "--evaluations", "16"])
        .ok();
    assert_eq!(evaluations(&folder, "new.nasbot.db").len(), 16);
    let found = folder
        .run(&["replay", "new.nasbot.db", "--format", "json"])
        .json();
    assert_eq!(found["identical"], true, "{found}");
    assert_eq!(found["suggestions"], 16);
}

#[test]
fn studies_that_teach_nothing_are_refused_before_anything_is_spent() {
    let folder = Folder::new();
    describe(&folder, "old", "mlp-reg", "");
    folder.run(&["search", "old.toml", "-q"]).ok();
    let refused = |kind: &str, prior: &str, reason: &str| {
        describe(&folder, "new", kind, &format!("prior = [\"{prior}\"]"));
        for command in ["validate", "search"] {
            let ran = folder.run(&[command, "new.toml"]);
            assert_ne!(ran.code, Some(0), "{prior}");
            assert!(ran.stderr.contains(reason), "{command}: {}", ran.stderr);
            assert!(
                ran.stderr.contains("search.prior"),
                "{command}: {}",
                ran.stderr
            );
        }
        assert!(!folder.path("new.nasbot.db").exists());
    };
    refused("mlp-reg", "gone.nasbot.db", "gone.nasbot.db");
    refused("mlp-reg", "old.toml", "old.toml");
    refused("mlp-class", "old.nasbot.db", "kind mlp-reg");
    // One that is only just begun.
    describe(&folder, "young", "mlp-reg", "");
    let asked = folder.run(&["ask", "young.toml", "--study", "young.nasbot.db"]);
    asked.ok();
    refused(
        "mlp-reg",
        "young.nasbot.db",
        "none of its evaluations has the score",
    );
}
