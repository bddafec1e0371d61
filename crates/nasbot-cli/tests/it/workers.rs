//! Workers that train, crash, hang and lie: each costs one evaluation and says why.

use serde_json::json;

use crate::support::{Folder, runs};

/// The failure of evaluation `id` and its message.
fn failure(folder: &Folder, id: usize) -> (String, String) {
    let evaluation = &folder.evaluations()[id];
    let text = |key: &str| evaluation[key].as_str().unwrap_or_default().to_owned();
    (text("failure"), text("message"))
}

#[test]
fn workers_train_and_the_best_network_is_trained_once_more() {
    let folder = Folder::new();
    folder.worker("");
    folder.search(6, "per-device = 2\nthreads = 1");
    let ran = folder.run(&["search", "search.toml"]);
    let said = ran.ok();
    assert!(said.contains("best.safetensors"), "{said}");
    assert_eq!(
        folder.read("search.nasbot.out/best.safetensors"),
        "weights\n"
    );
    let summary = folder.summary();
    assert_eq!(summary["best"]["score"], 0.05);
    assert_eq!(summary["test"]["id"], 5);
    assert_eq!(summary["test"]["metrics"], json!({"accuracy": 0.05}));
    let mut began = folder.lines("began");
    began.sort();
    assert_eq!(began, ["0", "1", "2", "3", "4", "5"]);
    // Once is enough.
    folder.run(&["resume", "search.nasbot.db"]).ok();
    let events = folder.run(&["show", "search.nasbot.db", "--events"]).ok();
    assert_eq!(events.matches("\"retraining\"").count(), 1);
}

#[test]
fn workers_get_the_environment_that_they_need() {
    let folder = Folder::new();
    let out = folder.path("environment").display().to_string();
    folder.worker(&format!(
        "echo \"$OMP_NUM_THREADS $OMP_WAIT_POLICY [$CUDA_VISIBLE_DEVICES]\" >> {out}; echo to stderr >&2"
    ));
    folder.search(2, "threads = 3");
    folder.run(&["search", "search.toml"]).ok();
    assert!(
        folder
            .lines("environment")
            .iter()
            .all(|line| line == "3 passive []")
    );
    let log = folder.read("search.nasbot.out/logs/evaluation-0000.log");
    assert!(log.contains("\nto stderr\n"), "{log}");
}

#[test]
fn only_visible_gpus_exist() {
    let folder = Folder::new();
    let out = folder.path("environment").display().to_string();
    folder.worker(&format!(
        "[ $final = no ] && echo \"$n [$CUDA_VISIBLE_DEVICES]\" >> {out}"
    ));
    folder.search(2, "per-device = 1");
    let text = folder.read("search.toml");
    folder.write("search.toml", &text.replace("[\"cpu\"]", "\"auto\""));
    // What schedulers and people put there to say that there is none.
    for none in ["", "-1", "NoDevFiles", "none", "void"] {
        let mut command = folder.command(&["search", "search.toml", "--fresh"]);
        let ran = command.env("CUDA_VISIBLE_DEVICES", none).output().unwrap();
        assert!(ran.status.success(), "{none}");
    }
    let lines = folder.lines("environment");
    assert_eq!(lines.len(), 10);
    assert!(lines.iter().all(|line| line.ends_with("[]")), "{lines:?}");
    folder.write("search.toml", &text.replace("[\"cpu\"]", "[\"cuda:0\"]"));
    let mut command = folder.command(&["search", "search.toml", "--fresh"]);
    let ran = command
        .env("CUDA_VISIBLE_DEVICES", "NoDevFiles")
        .output()
        .unwrap();
    let error = String::from_utf8(ran.stderr).unwrap();
    assert_eq!(ran.status.code(), Some(2), "{error}");
    assert!(error.contains("cuda:0"), "{error}");
}

#[test]
fn a_crash_costs_one_evaluation() {
    let folder = Folder::new();
    folder.worker("[ $n = 1 ] && { echo 'assertion failed' >&2; kill -SEGV $$; }");
    folder.search(4, "");
    folder.run(&["search", "search.toml"]).ok();
    assert_eq!(folder.summary()["failed"], 1);
    let (failure, message) = failure(&folder, 1);
    assert_eq!(failure, "crashed");
    assert!(
        message.contains("signal 11") && message.contains("assertion failed"),
        "{message}"
    );
}

#[test]
fn a_kill_from_outside_is_taken_for_lack_of_memory() {
    let folder = Folder::new();
    folder.worker("[ $n = 0 ] && kill -KILL $$");
    folder.search(3, "");
    folder.run(&["search", "search.toml"]).ok();
    assert_eq!(failure(&folder, 0).0, "out-of-memory");
    assert_eq!(folder.summary()["evaluations"], 3);
}

#[test]
fn a_hanging_worker_is_stopped_with_all_it_started() {
    let folder = Folder::new();
    let marker = folder.script("sleeper", "#!/bin/sh\nsleep 600\n");
    folder.worker(&format!("[ $n = 1 ] && {}", marker.display()));
    folder.search(3, "timeout = \"500ms\"");
    folder.run(&["search", "search.toml"]).ok();
    let (failure, message) = failure(&folder, 1);
    assert_eq!(failure, "timed-out");
    assert!(message.contains("workers.timeout"), "{message}");
    assert!(!runs(&marker));
}

#[test]
fn garbage_is_no_answer() {
    let folder = Folder::new();
    folder.worker("[ $n = 1 ] && { echo 'Segmentation fault (not really)'; exit 0; }\necho noise");
    folder.search(3, "");
    folder.run(&["search", "search.toml"]).ok();
    let (failure, message) = failure(&folder, 1);
    assert_eq!(failure, "crashed");
    assert!(
        message.contains("without an answer") && message.contains("not really"),
        "{message}"
    );
    // Noise before an answer does no harm, and is kept.
    let log = folder.read("search.nasbot.out/logs/evaluation-0000.log");
    assert!(log.contains("\nnoise\n"), "{log}");
}

#[test]
fn typed_failures_stay_typed() {
    let folder = Folder::new();
    folder.worker(
        "fail() { echo '{\"event\":\"failed\",\"kind\":\"'$1'\",\"message\":\"because\"}'; exit 0; }
case $n in 0) fail diverged ;; 1) fail impossible-shape ;; 2) fail out-of-memory ;; 3) fail internal ;; esac",
    );
    folder.search(5, "");
    folder.run(&["search", "search.toml"]).ok();
    let failures: Vec<_> = (0..4).map(|id| failure(&folder, id)).collect();
    let expected = ["diverged", "impossible-shape", "out-of-memory", "other"];
    for (found, expected) in failures.iter().zip(expected) {
        assert_eq!((found.0.as_str(), found.1.as_str()), (expected, "because"));
    }
}

#[test]
fn what_fails_for_every_network_stops_the_search() {
    let folder = Folder::new();
    folder.worker("echo '{\"event\":\"failed\",\"kind\":\"bad-data\",\"message\":\"data.csv, row 2: ragged\"}'; exit 0");
    folder.search(4, "");
    let error = folder.run(&["search", "search.toml"]).fails(1);
    assert!(
        error.contains("row 2: ragged") && error.contains("nasbot resume"),
        "{error}"
    );
    assert_eq!(folder.summary()["evaluations"], 0);
    // Mended, it goes on with the same evaluations.
    folder.worker("");
    folder.run(&["resume", "search.nasbot.db"]).ok();
    assert_eq!(folder.summary()["evaluations"], 4);
}

#[test]
fn a_worker_that_cannot_start_stops_the_search() {
    let folder = Folder::new();
    folder.script(
        "worker",
        "#!/bin/sh\necho 'error while loading shared libraries: libtorch.so' >&2\nexit 127\n",
    );
    folder.search(4, "");
    let error = folder.run(&["search", "search.toml"]).fails(1);
    assert!(
        error.contains("does not start") && error.contains("libtorch.so"),
        "{error}"
    );
    folder.script("worker", "#!/bin/sh\necho '{\"event\":\"hello\",\"protocol\":99,\"worker\":\"9\",\"torch\":\"9\"}'\nsleep 60\n");
    let error = folder.run(&["search", "search.toml", "--fresh"]).fails(1);
    assert!(error.contains("version 99"), "{error}");
}

#[test]
fn a_missing_worker_is_explained_and_leaves_no_study() {
    let folder = Folder::new();
    folder.search(4, "");
    let error = folder.run(&["search", "search.toml"]).fails(1);
    assert!(
        error.contains("NASBOT_WORKER") && error.contains("cargo build"),
        "{error}"
    );
    assert!(!folder.path("search.nasbot.db").exists());
}

#[test]
fn a_search_gives_up_after_failures_in_a_row() {
    let folder = Folder::new();
    folder.worker("exit 3");
    folder.search(30, "give-up-after = 4");
    let error = folder.run(&["search", "search.toml"]).fails(3);
    assert!(error.contains("4 evaluations in a row failed"), "{error}");
    assert_eq!(folder.summary()["evaluations"], 4);
    // What it proposes then can work, once what was wrong is mended.
    assert!(
        error.contains("nasbot resume search.nasbot.db --retry-failed"),
        "{error}"
    );
    folder.worker("");
    folder
        .run(&["resume", "search.nasbot.db", "--retry-failed", "-q"])
        .ok();
    assert_eq!(folder.summary()["failed"], 0);
}

/// As when a shared library has gone: the network is not to blame, so it is evaluated once the worker runs again.
#[test]
fn a_worker_that_cannot_be_run_costs_no_evaluation() {
    let folder = Folder::new();
    folder.worker("echo 'libgone.so: cannot open shared object file' >&2; exit 127");
    folder.search(3, "");
    let error = folder.run(&["search", "search.toml"]).fails(1);
    assert!(
        error.contains("cannot be run") && error.contains("libgone.so"),
        "{error}"
    );
    folder.worker("");
    folder.run(&["resume", "search.nasbot.db"]).ok();
    assert_eq!(folder.summary()["evaluations"], 3);
    assert_eq!(folder.summary()["failed"], 0);
}

#[test]
fn any_program_can_score() {
    let folder = Folder::new();
    folder.script(
        "score.sh",
        r#"#!/bin/sh
network=$(cat)
case $network in '{"kind":"cnn"'*) ;; *) exit 9 ;; esac
echo "evaluation $NASBOT_EVALUATION"
case $NASBOT_EVALUATION in
    0) echo '{"score": 0.5, "metrics": {"flops": 12}}' ;;
    1) echo '{"failed": "diverged", "message": "it blew up"}' ;;
    2) echo '{"score": NaN}' ;;
    3) echo 'not JSON' ;;
    4) exit 4 ;;
    5) ;;
    *) echo "{\"score\": 0.$NASBOT_EVALUATION}" ;;
esac
"#,
    );
    folder.write(
        "search.toml",
        "[space]\nkind = \"cnn\"\n[search]\nstrategy = \"random\"\ninitial = 2\n\
         [workers]\nbackend = \"command\"\ncommand = [\"./score.sh\"]\ndevices = \"cpu\"\n\
         [budget]\nevaluations = 8\n",
    );
    folder.run(&["search", "search.toml"]).ok();
    let found: Vec<String> = (0..6).map(|id| failure(&folder, id).0).collect();
    assert_eq!(
        found,
        ["", "diverged", "diverged", "other", "crashed", "other"]
    );
    assert_eq!(folder.evaluations()[0]["metrics"], json!({"flops": 12.0}));
    assert_eq!(folder.summary()["best"]["score"], 0.7);
    let log = folder.read("search.nasbot.out/logs/evaluation-0003.log");
    assert!(log.contains("\nevaluation 3\nnot JSON\n"), "{log}");
    let text = folder
        .read("search.toml")
        .replace("./score.sh", "./none.sh");
    folder.write("search.toml", &text);
    let error = folder.run(&["search", "search.toml", "--fresh"]).fails(2);
    assert!(error.contains("there is no program"), "{error}");
}
