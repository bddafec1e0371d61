//! `nasbot train` with a worker that only pretends: what is asked of it, what is written, what is refused.

use crate::support::{DIGITS, Folder, NETWORK, Ran};

/// A folder with a network, a description of its training, and a worker that scores 0.00 and saves.
fn folder(code: &str) -> Folder {
    let folder = Folder::new();
    folder.worker(&format!(
        "printf '%s\\n' \"$job\" >> {}\n{code}",
        folder.path("jobs").display()
    ));
    folder.write("net.json", NETWORK);
    folder.write("search.toml", &description("", 2));
    folder
}

fn description(training: &str, evaluations: u32) -> String {
    format!(
        r#"
[study]
seed = 5
[space]
kind = "cnn"
max-layers = 12
max-units = 64
[data]
path = "{DIGITS}"
task = "class"
image = [1, 8, 8]
[training]
epochs = 2
{training}
[search]
strategy = "random"
initial = 2
[workers]
devices = ["cpu"]
[budget]
evaluations = {evaluations}
"#
    )
}

fn train(folder: &Folder, more: &[&str]) -> Ran {
    let arguments = [&["train", "net.json", "--config", "search.toml"], more].concat();
    folder.run(&arguments)
}

fn jobs(folder: &Folder) -> Vec<serde_json::Value> {
    let lines = folder.lines("jobs");
    lines
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn a_network_is_trained_on_all_data_and_described() {
    let folder = folder("");
    let figures = train(
        &folder,
        &["--format", "json", "--repeats", "3", "--device", "cpu"],
    )
    .json();
    assert_eq!(figures["out"], "net.trained");
    // conv 3×3 from 1 to 16, its norm, fc 16 → 32, softmax 32 → 10.
    let parameters = 9 * 16 + 2 * 16 + (16 + 1) * 32 + (32 + 1) * 10;
    assert_eq!(figures["parameters"], parameters);
    // Two for each multiply-add; the 8×8 image is convolved before it is halved.
    assert_eq!(figures["flops"], 2 * (64 * 9 * 16 + 16 * 32 + 32 * 10));
    let job = &jobs(&folder)[0];
    assert!(job["final"].is_object());
    assert_eq!(job["seed"], 5);
    assert_eq!(job["training"]["repeats"], 3);
    assert!(job.get("stage").is_none());
    let card = folder.read("net.trained/README.md");
    for fact in [
        "# net",
        "accuracy 0.00 %",
        // The default split of the 1,797 digits.
        "trained on 1,438 examples (training 1,078, validation 360), tested on 359",
        "| `epochs` | `2` |",
        "| `optimiser` | `\"sgd\"` |",
        "| parameters | 1,050 |",
        "Seed 5.",
        "nasbot-worker 0.1.0, libtorch none",
        "from model import load, standardise",
    ] {
        assert!(card.contains(fact), "no {fact} in\n{card}");
    }
    for file in [
        "model.safetensors",
        "network.json",
        "network.svg",
        "training.log",
    ] {
        assert!(folder.path("net.trained").join(file).exists(), "no {file}");
    }
    assert!(!folder.path("net.trained.partial").exists());
}

#[test]
fn what_exists_is_never_overwritten() {
    let folder = folder("");
    folder.write("net.trained", "precious");
    let error = train(&folder, &[]).fails(2);
    assert!(
        error.contains("--fresh") && error.contains("--out"),
        "{error}"
    );
    assert!(jobs(&folder).is_empty());
    train(&folder, &["--fresh"]).ok();
    assert!(folder.path("net-2.trained/README.md").exists());
    train(&folder, &["--out", "else/where"]).ok();
    assert!(folder.path("else/where/README.md").exists());
    train(&folder, &["--out", "elsewhere"]).ok();
    assert!(folder.path("elsewhere/model.safetensors").exists());
    assert_eq!(folder.read("net.trained"), "precious");
}

#[test]
fn a_study_gives_its_best_network_and_its_description() {
    let folder = folder("");
    folder.run(&["search", "search.toml"]).ok();
    let before = jobs(&folder).len();
    // The worker scores evaluation n with 0.0n: number 1 is the best.
    let text = folder.run(&["train", "search.nasbot.db"]).ok();
    assert!(text.contains("search.trained/model.py"), "{text}");
    folder
        .run(&[
            "train",
            "search.nasbot.db",
            "--evaluation",
            "0",
            "--out",
            "first",
            "--seed",
            "9",
        ])
        .ok();
    folder.write("long.toml", &description("batch = 16", 2));
    folder
        .run(&[
            "train",
            "search.nasbot.db",
            "--config",
            "long.toml",
            "--out",
            "long",
        ])
        .ok();
    let jobs = &jobs(&folder)[before..];
    let evaluations = folder.evaluations();
    for (job, id) in [(&jobs[0], 1), (&jobs[1], 0), (&jobs[2], 1)] {
        assert_eq!(job["network"], evaluations[id]["network"]);
        assert!(job["final"].is_object());
    }
    assert_eq!(
        (&jobs[0]["seed"], &jobs[1]["seed"]),
        (&evaluations[1]["seed"], &9.into())
    );
    assert_eq!(
        (&jobs[0]["training"]["batch"], &jobs[2]["training"]["batch"]),
        (&64.into(), &16.into())
    );
    let card = folder.read("search.trained/README.md");
    assert!(
        card.contains("search of 2 evaluations, as number 1 of search.nasbot.db"),
        "{card}"
    );
    assert!(card.contains("it was chosen by: accuracy 1.00 %"), "{card}");
}

#[test]
fn a_training_that_fails_leaves_its_log_and_no_model() {
    let folder = folder(
        r#"echo "no luck" >&2; echo '{"event":"failed","kind":"diverged","message":"the loss is NaN"}'; exit 0"#,
    );
    let error = train(&folder, &[]).fails(1);
    assert!(error.contains("the loss is NaN"), "{error}");
    // In a folder that no other training shares.
    let log = error
        .lines()
        .find_map(|line| line.strip_prefix("its log: "));
    let log = log.unwrap();
    assert!(log.starts_with("net.trained.") && log.ends_with(".partial/training.log"));
    assert!(folder.read(log).contains("no luck"));
    assert!(!folder.path("net.trained").exists());
}

#[test]
fn what_can_t_be_trained_is_refused_before_anything_runs() {
    let folder = folder("");
    let error = folder.run(&["train", "net.json"]).fails(2);
    assert!(error.contains("--config"), "{error}");
    folder
        .run(&["train", "nowhere.json", "--config", "search.toml"])
        .fails(2);
    let error = train(&folder, &["--evaluation", "1"]).fails(2);
    assert!(error.contains("need a study"), "{error}");
    let error = train(&folder, &["--device", "gpu"]).fails(2);
    assert!(error.contains("cuda:N"), "{error}");
    let error = train(&folder, &["--repeats", "0"]).fails(2);
    assert!(error.contains("repeats must be from 1 to 100"), "{error}");
    folder.write(
        "mlp.json",
        r#"{"kind":"mlp-reg","layers":[{"op":"ip"},{"op":"relu","units":8},{"op":"linear"},{"op":"op"}],"edges":[[0,1],[1,2],[2,3]]}"#,
    );
    let error = folder
        .run(&["train", "mlp.json", "--config", "search.toml"])
        .fails(2);
    assert!(error.contains("mlp-reg"), "{error}");
    folder.write(
        "synthetic.toml",
        "[space]\nkind = \"cnn\"\n[workers]\nbackend = \"synthetic\"\n[budget]\nevaluations = 1\n",
    );
    let error = folder
        .run(&["train", "net.json", "--config", "synthetic.toml"])
        .fails(2);
    assert!(error.contains("does not train on libtorch"), "{error}");
    assert!(jobs(&folder).is_empty());
    assert!(!folder.path("net.trained").exists() && !folder.path("mlp.trained").exists());
}
