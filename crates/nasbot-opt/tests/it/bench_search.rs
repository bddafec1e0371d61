//! The measuring program, `examples/bench-search`, killed in the middle of a measurement.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

const RUNS: usize = 400;

/// The program, which is built along with the tests of the whole package.
fn program() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let target = tests.parent().and_then(Path::parent).unwrap();
    let program = target.join("examples/bench-search");
    assert!(
        program.exists(),
        "there is no {}: `cargo test -p nasbot-opt` builds it, `--test it` alone does not",
        program.display()
    );
    program
}

fn measure(state: Option<&Path>) -> Command {
    let mut command = Command::new(program());
    command
        .args(["--problem", "synthetic-mlp", "--strategy", "evolution"])
        .args(["--evaluations", "60", "--json", "-"])
        .args(["--runs", &RUNS.to_string()]);
    if let Some(state) = state {
        command.arg("--state").arg(state);
    }
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    command
}

/// Means and standard errors, without the seconds.
fn figures(mut command: Command) -> serde_json::Value {
    let out = command.output().unwrap();
    assert!(out.status.success());
    let line: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(line["runs"], RUNS);
    line["at"].clone()
}

/// The finished runs that are kept, whole lines.
fn kept(state: &Path) -> usize {
    let files = std::fs::read_dir(state).into_iter().flatten();
    let text = files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
    text.map(|text| text.matches("\"seed\"").count()).sum()
}

#[test]
fn a_killed_measurement_goes_on_and_ends_with_the_same_figures() {
    let state = std::env::temp_dir().join(format!("bench-search-{}", std::process::id()));
    let mut child = measure(Some(&state)).spawn().unwrap();
    while kept(&state) < 5 {
        assert!(child.try_wait().unwrap().is_none(), "it ended too soon");
        thread::sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let before = kept(&state);
    assert!((5..RUNS).contains(&before), "{before}");

    // As if the last line had been cut off.
    let file = std::fs::read_dir(&state).unwrap().next().unwrap().unwrap();
    let text = std::fs::read(file.path()).unwrap();
    std::fs::write(file.path(), &text[..text.len() - 7]).unwrap();

    assert_eq!(figures(measure(Some(&state))), figures(measure(None)));
    assert_eq!(
        kept(&state),
        RUNS + 1,
        "the line cut off, and each run once"
    );
    std::fs::remove_dir_all(&state).unwrap();
}
