//! The real worker on real images, where it has been built: `NASBOT_WORKER` says where.

use std::env;
use std::ffi::{OsStr, OsString};
use std::process::Stdio;

use crate::support::{DIGITS, Folder};

/// The worker, if there is one; says so if the test is skipped.
fn worker() -> Option<OsString> {
    let worker = env::var_os("NASBOT_WORKER").filter(|path| !path.is_empty());
    if worker.is_none() {
        eprintln!("skipped: NASBOT_WORKER is not set");
    }
    worker
}

/// Searches with the worker; the summary, and what was said on the way.
fn search(folder: &Folder, worker: &OsStr) -> (serde_json::Value, String) {
    let mut command = folder.command(&["search", "search.toml", "--format", "json"]);
    let output = command.env("NASBOT_WORKER", worker).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{error}");
    (serde_json::from_slice(&output.stdout).unwrap(), error)
}

#[test]
fn torch_trains_a_small_search_on_the_digits() {
    let Some(worker) = worker() else { return };
    let folder = Folder::new();
    folder.write(
        "search.toml",
        &format!(
            r#"
[space]
kind = "cnn"
max-layers = 12
max-units = 32
[data]
path = "{DIGITS}"
task = "class"
image = [1, 8, 8]
[training]
epochs = 3
[search]
initial = 3
[workers]
devices = ["cpu"]
per-device = 2
threads = 1
timeout = "2m"
[budget]
evaluations = 5
"#
        ),
    );
    let (summary, error) = search(&folder, &worker);
    assert_eq!(summary["evaluations"], 5);
    assert_eq!(summary["failed"], 0, "{error}");
    // Ten classes: chance is 0.1.
    assert!(
        summary["best"]["score"].as_f64().unwrap() > 0.8,
        "{summary}"
    );
    assert!(
        summary["test"]["score"].as_f64().unwrap() > 0.8,
        "{summary}"
    );
    assert!(summary["test"]["metrics"]["accuracy"].is_f64());
    let weights = std::fs::read(folder.path("search.nasbot.out/best.safetensors")).unwrap();
    assert!(weights.len() > 1000);
}

#[test]
fn torch_scores_by_the_metric_and_tells_the_errors_of_the_last_training() {
    let Some(worker) = worker() else { return };
    let folder = Folder::new();
    folder.write(
        "search.toml",
        &format!(
            r#"
[space]
kind = "mlp-class"
[data]
path = "{DIGITS}"
task = "class"
metric = "log-loss"
class-weights = {{ 8 = 2 }}
[training]
epochs = 3
[workers]
devices = ["cpu"]
threads = 1
timeout = "2m"
[budget]
evaluations = 2
"#
        ),
    );
    let mut command = folder.command(&["search", "search.toml", "--format", "json"]);
    let output = command.env("NASBOT_WORKER", &worker).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    // The study stands for the model that it left.
    let [by_study, by_folder] = ["search.nasbot.db", "search.nasbot.out"].map(|model| {
        let mut command = folder.command(&["predict", model, DIGITS]);
        let said = command.env("NASBOT_WORKER", &worker).output().unwrap();
        assert!(
            said.status.success(),
            "{}",
            String::from_utf8_lossy(&said.stderr)
        );
        said.stdout
    });
    assert_eq!(by_study.iter().filter(|&&byte| byte == b'\n').count(), 1798);
    assert!(by_study == by_folder);
    // A reader that closes after the first lines is no error.
    let mut command = folder.command(&["predict", "search.nasbot.db", DIGITS]);
    command.env("NASBOT_WORKER", &worker);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    drop(child.stdout.take());
    let ended = child.wait_with_output().unwrap();
    assert!(
        ended.status.success() && ended.stderr.is_empty(),
        "{ended:?}"
    );
    let summary: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let number = |path: &str| summary.pointer(path).and_then(serde_json::Value::as_f64);
    assert_eq!(summary["metric"]["direction"], "minimise");
    for part in ["best", "test"] {
        let value = number(&format!("/{part}/value")).unwrap();
        let figure = number(&format!("/{part}/metrics/log-loss")).unwrap();
        let score = number(&format!("/{part}/score")).unwrap();
        // Chance is ln 10.
        assert!(value > 0.0 && value < 10_f64.ln(), "{summary}");
        assert!((value - figure).abs() < 1e-12 && (value + score).abs() < 1e-12);
    }
    let counts = summary["test"]["breakdown"]["confusion"]["counts"]
        .as_array()
        .unwrap();
    let count = |of: usize, taken: usize| counts[of][taken].as_u64().unwrap();
    let all: u64 = (0..10)
        .flat_map(|of| (0..10).map(move |k| count(of, k)))
        .sum();
    let right: u64 = (0..10).map(|k| count(k, k)).sum();
    assert_eq!(number("/test/metrics/test-rows"), Some(all as f64));
    let accuracy = number("/test/metrics/accuracy").unwrap();
    assert!((accuracy - right as f64 / all as f64).abs() < 1e-9);
    assert!(
        error.contains("log loss ") && !error.contains("log loss -"),
        "{error}"
    );
}

#[test]
fn torch_trains_and_exports_a_network() {
    let Some(worker) = worker() else { return };
    let folder = Folder::new();
    folder.write(
        "digits.toml",
        &format!(
            r#"
[space]
kind = "cnn"
[data]
path = "{DIGITS}"
task = "class"
image = [1, 8, 8]
[training]
protocol = "fast"
[workers]
devices = ["cpu"]
threads = 1
[budget]
evaluations = 1
"#
        ),
    );
    folder.write(
        "net.json",
        r#"{"kind":"cnn","layers":[{"op":"ip"},{"op":"conv3","units":16,"stride":1},{"op":"max-pool"},{"op":"res3","units":32,"stride":1},{"op":"fc","units":32},{"op":"softmax"},{"op":"op"}],"edges":[[0,1],[1,2],[2,3],[3,4],[4,5],[5,6]]}"#,
    );
    let mut command = folder.command(&[
        "train",
        "net.json",
        "--config",
        "digits.toml",
        "--repeats",
        "2",
        "--format",
        "json",
    ]);
    let output = command.env("NASBOT_WORKER", worker).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    let figures: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    // Ten classes: chance is 0.1.
    assert!(figures["score"].as_f64().unwrap() > 0.9, "{figures}");
    assert!(
        figures["metrics"]["noise"].as_f64().unwrap() < 0.1,
        "{figures}"
    );
    let out = folder.path("net.trained");
    let parameters = figures["parameters"].as_u64().unwrap();
    for (file, least) in [
        ("model.safetensors", 4 * parameters),
        ("model.onnx", 4 * parameters),
        ("model.py", 1000),
        ("README.md", 1000),
    ] {
        let size = std::fs::metadata(out.join(file)).unwrap().len();
        assert!(size > least, "{file} has {size} bytes");
    }
    let card = folder.read("net.trained/README.md");
    assert!(card.contains("libtorch 2.11.0"), "{card}");
    let spread = "%, mean and standard deviation of 2 trainings from seeds ";
    assert!(card.contains(spread) && card.contains(" % ± "), "{card}");
    assert!(card.contains("| `precision` | `\"bf16\"` |"), "{card}");
}

#[test]
fn torch_trainings_stop_at_rungs_and_go_on() {
    let Some(worker) = worker() else { return };
    let search = |fidelity: &str| -> Vec<serde_json::Value> {
        let folder = Folder::new();
        folder.write(
            "search.toml",
            &format!(
                r#"
[space]
kind = "cnn"
max-layers = 8
max-units = 16
[data]
path = "{DIGITS}"
task = "class"
image = [1, 8, 8]
[training]
epochs = 4
augment = {{ shift = 1 }}
[search]
strategy = "random"
{fidelity}
[workers]
devices = ["cpu"]
threads = 1
[budget]
evaluations = 4
"#
            ),
        );
        let mut command = folder.command(&["search", "search.toml", "--format", "json"]);
        let output = command.env("NASBOT_WORKER", &worker).output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{error}");
        folder.evaluations()
    };
    let (halved, whole) = (search("[fidelity]\nrungs = [1, 2]\nfactor = 2"), search(""));
    let mut ended = 0;
    for (one, other) in halved.iter().zip(&whole) {
        assert_eq!(one["network"], other["network"]);
        if one["state"] == "complete" {
            ended += 1;
            // Three parts in three processes, and the same bits as the one that never stopped.
            assert_eq!(one["rungs"].as_array().unwrap().len(), 2);
            assert_eq!(one["score"], other["score"]);
            assert_eq!(one["metrics"], other["metrics"]);
        } else {
            assert_eq!(one["state"], "stopped at a rung");
        }
    }
    assert!((1..4).contains(&ended), "{halved:?}");
}

#[test]
fn torch_trains_networks_that_begin_with_the_weights_of_others() {
    let Some(worker) = worker() else { return };
    let folder = Folder::new();
    folder.write(
        "search.toml",
        &format!(
            r#"
[space]
kind = "mlp-class"
max-layers = 8
max-units = 32
[data]
path = "{DIGITS}"
task = "class"
[training]
epochs = 6
batch = 64
optimiser = {{ name = "sgd", learning-rate = 0.05 }}
[search]
initial = 3
[inherit]
epochs = 2
factor = 3
nearest = 0.5
[workers]
devices = ["cpu"]
per-device = 2
threads = 1
timeout = "2m"
[budget]
evaluations = 10
"#
        ),
    );
    search(&folder, &worker);
    let evaluations = folder.evaluations();
    let inherited: Vec<f64> = (evaluations.iter())
        .filter(|evaluation| evaluation["state"] == "stopped at a rung")
        .map(|evaluation| evaluation["metrics"]["inherited"].as_f64().unwrap())
        .collect();
    assert!(inherited.len() >= 3, "{evaluations:#?}");
    assert!(
        inherited.iter().all(|share| (0.0..=1.0).contains(share)),
        "{inherited:?}"
    );
    assert!(inherited.iter().any(|share| *share > 0.5), "{inherited:?}");
    let said = folder.run(&["replay", "search.nasbot.db"]).ok();
    assert!(said.contains("identical"), "{said}");
}

#[test]
fn torch_searches_for_accuracy_and_latency() {
    let Some(worker) = worker() else { return };
    let folder = Folder::new();
    folder.write(
        "search.toml",
        &format!(
            "[space]\nkind = \"cnn\"\nmax-layers = 10\nmax-units = 16\n\
             [data]\npath = \"{DIGITS}\"\ntask = \"class\"\nimage = [1, 8, 8]\n\
             [training]\nepochs = 1\n[workers]\ndevices = [\"cpu\"]\nthreads = 1\n[budget]\nevaluations = 4\n\
             [[objective]]\nname = \"score\"\n[[objective]]\nname = \"latency-ms\"\n\
             [[constraint]]\nname = \"latency-batch-ms\"\nat-most = 60000\n"
        ),
    );
    let (summary, _) = search(&folder, &worker);
    let front = summary["front"].as_array().unwrap();
    assert!(!front.is_empty(), "{summary}");
    for point in front {
        assert!(
            point["values"]["latency-ms"].as_f64().unwrap() > 0.0,
            "{summary}"
        );
    }
}
