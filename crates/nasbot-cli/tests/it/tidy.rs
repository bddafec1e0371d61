//! Keeps the conventions that no compiler checks: which crate may know which, how long a file may
//! get, and that every module says what lives in it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The crates of the workspace that each crate may use; anything else is a mistake.
const EDGES: [(&str, &[&str]); 7] = [
    ("nn-graph", &[]),
    ("otmann", &["nn-graph"]),
    ("gp", &[]),
    ("nasbot-opt", &["gp", "nn-graph", "otmann"]),
    ("nn-train", &["nn-graph"]),
    (
        "nasbot",
        &["gp", "nasbot-opt", "nn-graph", "nn-train", "otmann"],
    ),
    (
        "nasbot-cli",
        &[
            "gp",
            "nasbot",
            "nasbot-opt",
            "nn-graph",
            "nn-train",
            "otmann",
        ],
    ),
];

/// About 400 lines is what one head holds; beyond this a file is split.
const LONGEST_FILE: usize = 500;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn cargo(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .current_dir(root())
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo {arguments:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// All of the workspace's files with one of these endings.
fn sources(endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = ["crates", "demos", "docs", "scripts"]
        .map(|name| root().join(name))
        .into();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with("target") {
                folders.push(path);
            } else if endings
                .iter()
                .any(|end| path.extension().is_some_and(|e| e == *end))
            {
                found.push(path);
            }
        }
    }
    assert!(!found.is_empty());
    found.sort();
    found
}

#[test]
fn crates_know_only_what_they_may() {
    let metadata: serde_json::Value =
        serde_json::from_str(&cargo(&["metadata", "--no-deps", "--format-version=1"])).unwrap();
    let mut actual: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let packages = metadata["packages"].as_array().unwrap();
    let ours: BTreeSet<&str> = packages
        .iter()
        .map(|p| p["name"].as_str().unwrap())
        .collect();
    for package in packages {
        let uses = actual.entry(package["name"].as_str().unwrap()).or_default();
        for dependency in package["dependencies"].as_array().unwrap() {
            let name = dependency["name"].as_str().unwrap();
            // Tests may look further than the crate itself.
            if dependency["kind"] != "dev" && ours.contains(name) {
                uses.insert(name);
            }
        }
    }
    assert_eq!(
        actual.len(),
        EDGES.len(),
        "a crate is missing from the table of edges"
    );
    for (name, allowed) in EDGES {
        let allowed: BTreeSet<&str> = allowed.iter().copied().collect();
        let extra: Vec<_> = actual[name].difference(&allowed).collect();
        assert!(extra.is_empty(), "{name} may not use {extra:?}");
    }
}

#[test]
fn native_libraries_stay_where_they_belong() {
    let tree =
        |package: &str| cargo(&["tree", "-p", package, "-e", "normal,build", "--prefix=none"]);
    for (package, banned) in [
        (
            "otmann",
            &[
                "tch",
                "torch-sys",
                "blas",
                "lapack",
                "faer",
                "ndarray",
                "gp ",
            ][..],
        ),
        (
            "gp",
            &["tch", "torch-sys", "openblas", "nn-graph", "otmann"],
        ),
        ("nasbot", &["tch", "torch-sys", "openblas", "lapack"]),
        ("nasbot-cli", &["tch", "torch-sys", "openblas", "lapack"]),
    ] {
        let tree = tree(package);
        for banned in banned {
            let found: Vec<_> = tree
                .lines()
                .filter(|line| line.starts_with(banned))
                .collect();
            assert!(found.is_empty(), "{package} pulls in {found:?}");
        }
    }
}

#[test]
fn files_are_short_and_modules_say_what_they_hold() {
    for path in sources(&["rs"]) {
        let text = fs::read_to_string(&path).unwrap();
        let lines = text.lines().count();
        assert!(
            lines <= LONGEST_FILE,
            "{} has {lines} lines: split it",
            path.display()
        );
        assert!(
            text.starts_with("//!") || text.starts_with("#![doc = include_str!("),
            "{} does not say what it holds",
            path.display()
        );
    }
}

#[test]
fn lints_are_expected_with_a_reason_never_silenced() {
    for path in sources(&["rs"]) {
        let text = fs::read_to_string(&path).unwrap();
        // Spelt in two parts, so that this line does not find itself.
        let silenced = concat!("[", "allow(");
        assert!(
            !text.contains(silenced),
            "{}: use #[expect(…, reason)]",
            path.display()
        );
    }
}

#[test]
fn scripts_stop_at_the_first_error() {
    for path in sources(&["sh"]) {
        let text = fs::read_to_string(&path).unwrap();
        let sourced = !text.starts_with("#!");
        assert!(
            sourced || text.contains("set -euo pipefail"),
            "{} goes on after errors",
            path.display()
        );
    }
}

#[test]
fn a_missing_value_is_replaced_only_with_a_reason_beside_it() {
    for path in sources(&["rs"]) {
        let text = fs::read_to_string(&path).unwrap();
        // Tests stand at the end of a file, or in folders of their own.
        let code = text.split("#[cfg(test)]").next().unwrap();
        if !path.components().any(|part| part.as_os_str() == "src") {
            continue;
        }
        // Spelt in two parts, so that these lines do not find themselves.
        let asserted = concat!("debug_assert!", "(false");
        assert!(!code.contains(asserted), "{}: {asserted}", path.display());
        let lines: Vec<&str> = code.lines().collect();
        for (number, line) in lines.iter().enumerate() {
            let is_default = line.contains(concat!("unwrap_or", "_default()"));
            let above = &lines[number.saturating_sub(4)..=number];
            let has_reason = above.iter().any(|line| line.contains("// "));
            assert!(
                !is_default || has_reason,
                "{}, line {}: say why a value may be missing here, or demand it",
                path.display(),
                number + 1
            );
        }
    }
}
