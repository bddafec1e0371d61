//! Studies that go on elsewhere, later, with more or other means; by one process at a time, whatever name it uses.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use nix::sys::signal::Signal;
use serde_json::json;

use crate::support::{Folder, Running, eventually};

fn synthetic(evaluations: u64, more: &str) -> String {
    format!(
        "[study]\nseed = 3\n[space]\nkind = \"mlp-class\"\nmax-layers = 8\n[search]\nstrategy = \"random\"\n\
         [workers]\nbackend = \"synthetic\"\n{more}\n[budget]\nevaluations = {evaluations}\n"
    )
}

/// A search that goes on for a long time.
fn running(folder: &Folder) -> Running {
    folder.write("search.toml", &synthetic(100_000, "delay = \"20ms\""));
    let search = folder.start(&["search", "search.toml", "-q"]);
    eventually("it has evaluated", || {
        let ran = folder.run(&["show", "search.nasbot.db", "--format", "json"]);
        ran.code == Some(0) && ran.json()["evaluations"].as_u64() > Some(3)
    });
    search
}

#[test]
fn a_study_has_one_owner_by_whatever_name() {
    let folder = Folder::new();
    let search = running(&folder);
    symlink("search.nasbot.db", folder.path("link.nasbot.db")).unwrap();
    fs::hard_link(
        folder.path("search.nasbot.db"),
        folder.path("hard.nasbot.db"),
    )
    .unwrap();
    symlink(".", folder.path("here")).unwrap();
    fs::remove_file(folder.path("search.nasbot.db.lock")).unwrap();
    for name in [
        "search.nasbot.db",
        "link.nasbot.db",
        "hard.nasbot.db",
        "here/search.nasbot.db",
    ] {
        let error = folder.run(&["resume", name, "-q"]).fails(1);
        assert!(error.contains("is being searched by"), "{name}: {error}");
        let shown = folder.run(&["show", name, "--format", "json"]).json();
        assert_eq!(shown["state"], "running", "{name}");
    }
    search.signal(Signal::SIGINT);
    search.wait().fails(130);
}

#[test]
fn the_one_file_holds_everything_while_it_runs_and_after_a_kill() {
    let folder = Folder::new();
    let search = running(&folder);
    let count = |name: &str| {
        let summary = folder.run(&["show", name, "--format", "json"]).json();
        summary["evaluations"].as_u64().unwrap()
    };
    search.signal(Signal::SIGSTOP);
    fs::copy(
        folder.path("search.nasbot.db"),
        folder.path("copy.nasbot.db"),
    )
    .unwrap();
    let before = count("search.nasbot.db");
    search.signal(Signal::SIGCONT);
    assert!(count("copy.nasbot.db") > 3 && count("copy.nasbot.db") <= before);
    search.signal(Signal::SIGKILL);
    search.wait();
    // A kill within a commit leaves the commit's journal beside the file, and both belong together.
    for ending in ["", "-journal"] {
        let file = |name: &str| folder.path(&format!("{name}.nasbot.db{ending}"));
        if file("search").exists() {
            fs::copy(file("search"), file("killed")).unwrap();
        }
    }
    assert_eq!(count("killed.nasbot.db"), count("search.nasbot.db"));
    let done = count("killed.nasbot.db") + 5;
    let more = done.to_string();
    folder
        .run(&["resume", "killed.nasbot.db", "-q", "--evaluations", &more])
        .ok();
    assert_eq!(count("killed.nasbot.db"), done);
}

#[test]
fn a_study_is_read_where_nothing_may_be_written() {
    let folder = Folder::new();
    folder.write("search.toml", &synthetic(3, ""));
    folder.run(&["search", "search.toml", "-q"]).ok();
    let study = folder.path("search.nasbot.db");
    fs::set_permissions(&study, fs::Permissions::from_mode(0o444)).unwrap();
    fs::set_permissions(folder.path(""), fs::Permissions::from_mode(0o555)).unwrap();
    let before: Vec<_> = names(&folder);
    folder.run(&["show", "search.nasbot.db"]).ok();
    folder.run(&["draw", "search.nasbot.db"]).ok();
    assert_eq!(names(&folder), before);
    fs::set_permissions(folder.path(""), fs::Permissions::from_mode(0o755)).unwrap();
}

fn names(folder: &Folder) -> Vec<String> {
    let entries = fs::read_dir(folder.path(""))
        .into_iter()
        .flatten()
        .flatten();
    let mut names: Vec<String> = entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    assert!(!names.is_empty());
    names
}

#[test]
fn a_study_that_was_deleted_or_replaced_is_rescued_and_not_called_complete() {
    for replaced in [false, true] {
        let folder = Folder::new();
        let search = running(&folder);
        fs::remove_file(folder.path("search.nasbot.db")).unwrap();
        if replaced {
            folder.write("search.nasbot.db", "something else");
        }
        let error = search.wait().fails(1);
        assert!(
            error.contains("was removed, replaced or renamed"),
            "{error}"
        );
        let copy = error.split("is in ").nth(1).unwrap().trim();
        // Not in the place of the removed file, which the test may be about to write.
        assert!(copy.ends_with("search-2.nasbot.db"), "{copy}");
        let summary = folder.run(&["show", copy, "--format", "json"]).json();
        assert!(summary["evaluations"].as_u64() > Some(3), "{summary}");
    }
}

#[test]
fn more_time_lets_a_study_go_on_that_has_run_out_of_it() {
    let folder = Folder::new();
    let text = synthetic(40, "delay = \"50ms\"") + "wall-time = \"1s\"\n";
    folder.write("search.toml", &text);
    let said = folder.run(&["search", "search.toml", "-q"]).ok();
    assert_eq!(folder.summary()["state"], "out of time");
    assert!(said.contains("--wall-time 2s"), "{said}");
    folder.run(&["resume", "search.nasbot.db", "-q"]).ok();
    assert_eq!(folder.summary()["state"], "out of time");
    folder
        .run(&["resume", "search.nasbot.db", "-q", "--wall-time", "1h"])
        .ok();
    assert_eq!(folder.summary()["state"], "complete");

    // Or a larger limit in the description.
    folder.run(&["search", "search.toml", "-q", "--fresh"]).ok();
    folder.write("search.toml", &text.replace("\"1s\"", "\"1h\""));
    folder.run(&["resume", "search-2.nasbot.db", "-q"]).ok();
    let shown = folder
        .run(&["show", "search-2.nasbot.db", "--format", "json"])
        .json();
    assert_eq!(shown["state"], "complete");
}

#[test]
fn a_budget_below_what_was_done_is_refused() {
    let folder = Folder::new();
    folder.write("search.toml", &synthetic(5, ""));
    folder.run(&["search", "search.toml", "-q"]).ok();
    let error = folder
        .run(&["resume", "search.nasbot.db", "--evaluations", "2"])
        .fails(2);
    assert!(
        error.contains("5 evaluations have been begun already"),
        "{error}"
    );
    assert_eq!(folder.summary()["budget"], 5);
}

#[test]
fn a_folder_that_was_renamed_holds_all_that_its_study_needs() {
    let folder = Folder::new();
    fs::create_dir(folder.path("before")).unwrap();
    folder.write("before/score.sh", "echo '{\"score\": 0.5}'\n");
    folder.write(
        "before/s.toml",
        "[study]\npath = \"s.nasbot.db\"\n[space]\nkind = \"mlp-class\"\n[workers]\nbackend = \"command\"\n\
         command = [\"sh\", \"./score.sh\"]\ndevices = [\"cpu\"]\n[budget]\nevaluations = 2\n",
    );
    folder.run(&["search", "before/s.toml", "-q"]).ok();
    fs::rename(folder.path("before"), folder.path("after")).unwrap();
    folder
        .run(&["resume", "after/s.nasbot.db", "-q", "--evaluations", "4"])
        .ok();
    let summary = folder
        .run(&["show", "after/s.nasbot.db", "--format", "json"])
        .json();
    assert_eq!(
        (&summary["evaluations"], &summary["failed"]),
        (&json!(4), &json!(0))
    );
}

#[test]
fn a_mended_description_is_taken_up_and_a_changed_space_is_not() {
    let folder = Folder::new();
    folder.worker("echo '{\"event\":\"failed\",\"kind\":\"bad-data\",\"message\":\"no such column\"}'; exit 0");
    folder.search(2, "");
    let error = folder.run(&["search", "search.toml", "-q"]).fails(1);
    assert!(
        error.contains("no such column") && error.contains("nasbot resume"),
        "{error}"
    );
    // The cause is mended in the description: another data file.
    folder.worker("case $job in *other.csv*) ;; *) exit 3 ;; esac");
    folder.write("other.csv", &folder.read("data.csv"));
    let text = folder.read("search.toml");
    folder.write("search.toml", &text.replace("data.csv", "other.csv"));
    folder.run(&["resume", "search.nasbot.db"]).ok();
    assert_eq!(folder.summary()["evaluations"], 2);
    let events = folder.run(&["show", "search.nasbot.db", "--events"]).ok();
    assert!(events.contains("\"event\":\"described\""), "{events}");
    let changed = text
        .replace("data.csv", "other.csv")
        .replace("max-layers = 12", "max-layers = 9");
    folder.write("search.toml", &changed);
    let ran = folder.run(&["resume", "search.nasbot.db", "--evaluations", "3"]);
    assert!(
        ran.stderr
            .contains("depend on: space.max-layers = 9 (was 12)"),
        "{}",
        ran.stderr
    );
    ran.ok();
    // A mistake in it is said.
    folder.write("search.toml", &text.replace("[budget]", "[bugdet]"));
    let error = folder
        .run(&["resume", "search.nasbot.db", "--evaluations", "4"])
        .fails(2);
    assert!(error.contains("bugdet"), "{error}");
}

#[test]
fn failed_networks_run_once_more_on_request_by_cause() {
    let folder = Folder::new();
    folder.worker(
        "[ -e mended ] || case $n in\n\
         1) echo '{\"event\":\"failed\",\"kind\":\"out-of-memory\",\"message\":\"8 GB\"}'; exit 0 ;;\n\
         2) echo '{\"event\":\"failed\",\"kind\":\"diverged\",\"message\":\"NaN\"}'; exit 0 ;;\nesac",
    );
    folder.search(4, "");
    folder.run(&["search", "search.toml", "-q"]).ok();
    assert_eq!(folder.summary()["failed"], 2);
    folder.write("mended", "");
    let error = folder
        .run(&["resume", "search.nasbot.db", "--retry-failed", "bad-luck"])
        .fails(2);
    assert!(
        error.contains("bad-luck") && error.contains("out-of-memory"),
        "{error}"
    );
    folder
        .run(&[
            "resume",
            "search.nasbot.db",
            "-q",
            "--retry-failed",
            "out-of-memory",
        ])
        .ok();
    let state = |n: usize| folder.evaluations()[n]["state"].clone();
    assert_eq!((state(1), state(2)), (json!("complete"), json!("failed")));
    folder
        .run(&["resume", "search.nasbot.db", "-q", "--retry-failed"])
        .ok();
    assert_eq!(folder.summary()["failed"], 0);
    assert_eq!(folder.summary()["evaluations"], 4);
}

#[test]
fn a_search_of_which_nothing_succeeded_is_no_success() {
    let folder = Folder::new();
    folder
        .worker("echo '{\"event\":\"failed\",\"kind\":\"diverged\",\"message\":\"NaN\"}'; exit 0");
    folder.search(3, "");
    let error = folder.run(&["search", "search.toml", "-q"]).fails(3);
    assert!(
        error.contains("no evaluation succeeded: 3 × diverged"),
        "{error}"
    );
}

#[test]
fn hints_can_be_pasted_whatever_the_name() {
    let folder = Folder::new();
    folder.write("my search.toml", &synthetic(2, ""));
    let said = folder.run(&["search", "my search.toml", "-q"]).ok();
    assert!(
        said.contains("nasbot resume 'my search.nasbot.db' --evaluations 4"),
        "{said}"
    );
}

#[test]
fn files_beside_a_study_follow_no_links() {
    let folder = Folder::new();
    folder.write("search.toml", &synthetic(2, ""));
    fs::create_dir(folder.path("search.nasbot.out")).unwrap();
    for name in ["best.json", "best.svg", "summary.json"] {
        folder.write(&format!("mine-{name}"), "mine");
        let link = folder.path(&format!("search.nasbot.out/{name}"));
        symlink(folder.path(&format!("mine-{name}")), link).unwrap();
    }
    folder.run(&["search", "search.toml", "-q"]).ok();
    for name in ["best.json", "best.svg", "summary.json"] {
        assert_eq!(folder.read(&format!("mine-{name}")), "mine", "{name}");
        assert!(folder.read(&format!("search.nasbot.out/{name}")).len() > 10);
    }
    folder.write("mine-lock", "mine");
    symlink(
        folder.path("mine-lock"),
        folder.path("other.nasbot.db.lock"),
    )
    .unwrap();
    folder
        .run(&["search", "search.toml", "-q", "--study", "other.nasbot.db"])
        .fails(1);
    assert_eq!(folder.read("mine-lock"), "mine");
}

#[test]
fn what_would_stop_a_search_at_its_end_is_said_at_its_beginning() {
    let folder = Folder::new();
    folder.worker("");
    folder.search(2, "");
    let text = folder.read("search.toml");
    for wrong in [
        "split = { train = 0.8, validation = 0, test = 0.2 }",
        "label = \"nothing\"",
    ] {
        folder.write(
            "search.toml",
            &text.replace("task = ", &format!("{wrong}\ntask = ")),
        );
        folder.run(&["search", "search.toml", "-q"]).fails(2);
        assert!(!folder.path("search.nasbot.db").exists(), "{wrong}");
    }
}
