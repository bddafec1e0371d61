//! What is documented, accepted and shown of a description is the same, and defaults are what they are said to be.

use std::collections::BTreeSet;

use nasbot::settings::Description;
use serde_json::Value;

use super::raw::Raw;
use super::schema::{fixed, schema};
use super::{Overrides, example, keys, page, parse};

/// The paths of all keys that the reader accepts.
fn accepted() -> BTreeSet<String> {
    let paths = keys::all().into_iter();
    paths.map(|path| path.join(".")).collect()
}

/// The paths of all keys of a schema.
fn documented(schema: &Value, prefix: &str, found: &mut BTreeSet<String>) {
    let Some(properties) = fixed(schema)["properties"].as_object() else {
        return;
    };
    for (key, schema) in properties {
        let path = if prefix.is_empty() {
            key.clone()
        } else {
            format!("{prefix}.{key}")
        };
        documented(schema, &path, found);
        found.insert(path);
    }
}

#[test]
fn the_keys_of_the_reader_and_the_schema_are_the_same() {
    let mut found = BTreeSet::new();
    documented(&schema(), "", &mut found);
    assert_eq!(found, accepted());
    // Some that a person knows, at every depth.
    for path in [
        "study",
        "data.split.group",
        "training.optimiser.momentum",
        "template.states.waiting",
    ] {
        assert!(found.contains(path), "{path}");
    }
}

#[test]
fn every_key_has_a_meaning_and_is_required_or_has_a_default() {
    let root = schema();
    for path in keys::all() {
        let (last, above) = path.split_last().unwrap();
        let table = above
            .iter()
            .fold(&root, |table, key| super::schema::property(table, key));
        let key = super::schema::property(table, last);
        let meaning = key["description"].as_str().unwrap_or("");
        assert!(meaning.len() > 3, "{path:?} is not explained");
        // Links of Rust's documentation lead nowhere elsewhere.
        assert!(
            !meaning.contains("::") && !meaning.contains("[`"),
            "{path:?}: {meaning}"
        );
        let required = fixed(table)["required"].as_array();
        let is_required = required.is_some_and(|keys| keys.iter().any(|key| key == last));
        let has_default = key.get("default").is_some() || key.get("x-default").is_some();
        let is_section = path.len() == 1;
        assert!(
            is_section || is_required != has_default,
            "{path:?}: required, or a default?"
        );
    }
}

#[test]
fn the_page_explains_every_key_once() {
    let page = page();
    let mut found = BTreeSet::new();
    let mut section = String::new();
    for line in page.lines() {
        if let Some(heading) = line.strip_prefix("## `[") {
            section = heading.split(']').next().unwrap().to_owned();
            assert!(found.insert(section.clone()), "{section} twice");
        }
        // The rows of tables of keys have four cells.
        let cells: Vec<&str> = line.split(" | ").collect();
        if let (Some(key), 4) = (line.strip_prefix("| `"), cells.len()) {
            let path = format!("{section}.{}", key.split('`').next().unwrap());
            assert!(
                cells
                    .iter()
                    .all(|cell| !cell.trim_matches(['|', ' ']).is_empty()),
                "{line}"
            );
            assert!(found.insert(path.clone()), "{path} twice");
        }
    }
    assert_eq!(found, accepted());
    assert!(!page.contains("{{"), "a part of the page is not written");
}

/// The example with all of its keys.
fn uncommented() -> String {
    let switched_on = |line: &str| match line.strip_prefix('#') {
        Some(key) if key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '[') => {
            key.to_owned()
        }
        _ => line.to_owned(),
    };
    example()
        .lines()
        .map(|line| switched_on(line) + "\n")
        .collect()
}

#[test]
fn the_example_shows_every_key_with_a_value_that_is_accepted() {
    let text = uncommented();
    let read: Result<Raw, _> = toml::from_str(&text);
    if let Err(error) = read {
        panic!("{error}");
    }
    let table: toml::Table = toml::from_str(&text).unwrap();
    let mut found = BTreeSet::new();
    collect(&table, &mut Vec::new(), &mut found);
    assert_eq!(found, accepted());
    assert!(example().lines().all(|line| line.chars().count() <= 110));
}

/// The paths of a table, as far as its keys are those of the reader.
fn collect(table: &toml::Table, path: &mut Vec<String>, found: &mut BTreeSet<String>) {
    for (key, value) in table {
        path.push(key.clone());
        found.insert(path.join("."));
        let parts: Vec<&str> = path.iter().map(String::as_str).collect();
        if let (Some(inner), Some(_)) = (value.as_table(), keys::of(&parts)) {
            collect(inner, path, found);
        }
        path.pop();
    }
}

fn description(text: &str) -> Description {
    Description {
        text: text.to_owned(),
        path: "a.toml".into(),
        folder: "/".into(),
        from_study: None,
        set: Vec::new(),
    }
}

/// A description with the keys of a queue, of a worker, or of neither.
fn around(section: &str, key: &str) -> &'static str {
    const DATA: &str = "[space]\nkind = \"mlp-class\"\n[budget]\nevaluations = 3\n[data]\npath = \"a.csv\"\ntask = \"class\"\n";
    const SLURM: &str = "[space]\nkind = \"mlp-class\"\n[budget]\nevaluations = 3\n[data]\npath = \"a.csv\"\ntask = \"class\"\n\
                         [workers]\nbackend = \"slurm\"\n";
    const RAY: &str = "[space]\nkind = \"mlp-class\"\n[budget]\nevaluations = 3\n[data]\npath = \"a.csv\"\ntask = \"class\"\n\
                       [workers]\nbackend = \"ray\"\n";
    const TEMPLATE: &str = "[space]\nkind = \"mlp-class\"\n[budget]\nevaluations = 3\n[data]\npath = \"a.csv\"\ntask = \"class\"\n\
                            [workers]\nbackend = \"template\"\n[template]\nsubmit = \"a\"\nstatus = \"b\"\ncancel = \"c\"\n";
    const RUNGS: &str = "[space]\nkind = \"mlp-class\"\n[budget]\nevaluations = 3\n[data]\npath = \"a.csv\"\ntask = \"class\"\n\
                         [fidelity]\nrungs = [1, 3]\n";
    const INHERIT: &str = "[space]\nkind = \"mlp-class\"\n[budget]\nevaluations = 3\n[data]\npath = \"a.csv\"\ntask = \"class\"\n\
                           [inherit]\n";
    const PROPOSALS: &str = "[space]\nkind = \"mlp-class\"\n[budget]\nevaluations = 3\n[data]\npath = \"a.csv\"\ntask = \"class\"\n\
                             [proposals]\ncommand = [\"a\"]\n";
    const LATENCY: &str = "[space]\nkind = \"mlp-class\"\n[budget]\nevaluations = 3\n[data]\npath = \"a.csv\"\ntask = \"class\"\n\
                           [training.latency]\n";
    const TUNE: &str = "[space]\nkind = \"mlp-class\"\n[budget]\nevaluations = 3\n[data]\npath = \"a.csv\"\ntask = \"class\"\n\
                        [tune]\n";
    match (section, key) {
        ("slurm", _) | ("workers", "jobs" | "grace" | "interval") => SLURM,
        ("ray", _) => RAY,
        ("template", _) => TEMPLATE,
        ("fidelity", _) => RUNGS,
        ("inherit", _) => INHERIT,
        ("proposals", _) => PROPOSALS,
        ("training", "latency") => LATENCY,
        ("tune", _) => TUNE,
        _ => DATA,
    }
}

#[test]
fn defaults_are_what_they_are_said_to_be() {
    let root = schema();
    let overrides = Overrides {
        without_data: true,
        ..Overrides::default()
    };
    let mut compared = 0;
    for path in keys::all() {
        let schema = path
            .iter()
            .fold(&root, |table, key| super::schema::property(table, key));
        let Some(default) = schema.get("default") else {
            continue;
        };
        // Settings of a schedule that another one has not, and what is automatic where data are known.
        if [
            "training.schedule.every",
            "training.schedule.factor",
            "training.protocol",
        ]
        .contains(&path.join(".").as_str())
        {
            continue;
        }
        let [section, key, ..] = path.as_slice() else {
            continue;
        };
        let text = around(section, key);
        let value: toml::Value = serde_json::from_value(default.clone()).unwrap();
        let mut table: toml::Table = toml::from_str(text).unwrap();
        let mut inner = &mut table;
        for part in &path[..path.len() - 1] {
            let entry = inner
                .entry(*part)
                .or_insert_with(|| toml::Table::new().into());
            inner = entry.as_table_mut().unwrap();
        }
        inner.insert((*path.last().unwrap()).to_owned(), value);
        let settings = |text: &str| {
            let config = parse(&description(text), overrides);
            config
                .map(|config| format!("{:?}", config.settings))
                .map_err(|error| error.to_string())
        };
        let given = settings(&table.to_string());
        assert!(given.is_ok(), "{path:?}: {given:?}");
        // What a queue asks for says itself where it follows from nothing.
        if !["slurm", "ray"].contains(section) {
            assert!(
                given == settings(text),
                "{path:?}: {default} is not the default"
            );
        }
        compared += 1;
    }
    assert!(compared > 30, "{compared}");
}
