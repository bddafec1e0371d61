//! The real worker on real images, where it has been built: `NASBOT_WORKER` says where.

use std::env;

use crate::support::Folder;

#[test]
fn torch_trains_a_small_search_on_the_digits() {
    let Some(worker) = env::var_os("NASBOT_WORKER").filter(|path| !path.is_empty()) else {
        eprintln!("skipped: NASBOT_WORKER is not set");
        return;
    };
    let folder = Folder::new();
    let digits = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../datasets/digits/digits.csv.gz"
    );
    folder.write(
        "search.toml",
        &format!(
            r#"
[space]
kind = "cnn"
max-layers = 12
max-units = 32
[data]
path = "{digits}"
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
    let mut command = folder.command(&["search", "search.toml", "--format", "json"]);
    let output = command.env("NASBOT_WORKER", worker).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    let summary: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
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
