//! What helps to write a description: the reference that is written from the program, and values given beside the file.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{DIGITS, Folder, NETWORK};

const SYNTHETIC: &str = "[study]\nseed = 3\n[space]\nkind = \"mlp-class\"\nmax-layers = 8\n[search]\nstrategy = \"random\"\n\
                         [workers]\nbackend = \"synthetic\"\n[budget]\nevaluations = 3\n";

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(path)
}

#[test]
fn the_files_of_the_reference_are_what_the_program_writes() {
    let folder = Folder::new();
    for (format, path) in [
        ("markdown", "docs/configuration.md"),
        ("example", "demos/every-key.toml"),
    ] {
        let written = fs::read_to_string(repository(path)).unwrap();
        let printed = folder.run(&["schema", "--format", format]).ok();
        assert!(
            printed == written,
            "{path} is not what the program says: run scripts/write-reference.sh"
        );
    }
    let schema = folder.run(&["schema"]).json();
    assert_eq!(schema["properties"]["budget"]["required"][0], "evaluations");
    assert_eq!(
        schema["properties"]["search"]["properties"]["samples"]["default"],
        8
    );
}

#[test]
fn a_value_on_the_command_line_goes_before_the_file_s_and_is_recorded() {
    let folder = Folder::new();
    folder.write("a.toml", SYNTHETIC);
    let search = [
        "search",
        "a.toml",
        "-q",
        "--set",
        "budget.evaluations=5",
        "--set",
        "study.name=b",
        "--format",
        "json",
    ];
    let summary = folder.run(&search).json();
    assert_eq!(summary["evaluations"], 5);
    let shown = folder.run(&["show", "b.nasbot.db"]).ok();
    assert!(
        shown.contains("budget.evaluations=5, study.name=\"b\""),
        "{shown}"
    );
    let events = folder.run(&["show", "b.nasbot.db", "--events"]).ok();
    assert!(
        events.contains("evaluations = 5 # --set budget.evaluations=5"),
        "{events}"
    );
    // The file as it is says nothing new: what was given beside it still holds.
    let resumed = folder.run(&["resume", "b.nasbot.db", "-q", "--evaluations", "6"]);
    assert!(!resumed.stderr.contains("mended"), "{}", resumed.stderr);
    resumed.ok();
    // What may change while a study goes on may be given later.
    let resumed = folder.run(&[
        "resume",
        "b.nasbot.db",
        "-q",
        "--evaluations",
        "7",
        "--set",
        "workers.give-up-after=3",
    ]);
    assert!(
        resumed.stderr.contains("mended: workers.give-up-after = 3"),
        "{}",
        resumed.stderr
    );
    resumed.ok();
    let error = folder
        .run(&[
            "resume",
            "b.nasbot.db",
            "-q",
            "--set",
            "search.strategy=nasbot",
        ])
        .fails(2);
    assert!(
        error.contains("--set search.strategy=nasbot") && error.contains("can't be taken up"),
        "{error}"
    );
    let shown = folder
        .run(&["show", "b.nasbot.db", "--format", "json"])
        .json();
    assert_eq!(shown["set"][2], "workers.give-up-after=3");
    folder.run(&["replay", "b.nasbot.db"]).ok();
}

#[test]
fn the_environment_gives_values_that_options_go_before() {
    let folder = Folder::new();
    folder.write("a.toml", SYNTHETIC);
    let run = |arguments: &[&str], name: &str, value: &str| {
        folder.command(arguments).env(name, value).output().unwrap()
    };
    let name = "NASBOT__BUDGET__EVALUATIONS";
    let output = run(&["search", "a.toml", "-q", "--format", "json"], name, "4");
    let summary: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(summary["evaluations"], 4);
    let arguments = ["validate", "a.toml", "--set", "budget.evaluations=2"];
    let said = String::from_utf8(run(&arguments, name, "4").stdout).unwrap();
    assert!(said.contains("2 evaluations"), "{said}");
    let output = run(&["validate", "a.toml"], "NASBOT__WORKERS__PER_DEVISE", "4");
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        error.contains("NASBOT__WORKERS__PER_DEVISE=4: ") && error.contains("workers.per-device?"),
        "{error}"
    );
    // A value of the wrong type is shown where it was put, with where it was given.
    let output = run(&["validate", "a.toml"], name, "many");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("# NASBOT__BUDGET__EVALUATIONS=many"),
        "{said}"
    );
}

#[test]
fn settings_stand_beside_the_name_that_they_belong_to() {
    let folder = Folder::new();
    let with = |training: &str| {
        let text = format!(
            "[space]\nkind = \"cnn\"\nmax-halvings = 3\n[data]\npath = \"{DIGITS}\"\ntask = \"class\"\nimage = [1, 8, 8]\n\
             [training]\n{training}\n[budget]\nevaluations = 2\n"
        );
        folder.write("a.toml", &text);
        folder.run(&["validate", "--no-data", "a.toml"])
    };
    with("optimiser = { name = \"adamw\", weight-decay = 0.05 }\nschedule = \"one-cycle\"").ok();
    with("protocol = \"fast\"\noptimiser = \"adamw\"").ok();
    for (training, expected) in [
        ("optimiser = { name = \"adam\" }", "unknown value `adam`"),
        ("optimiser = \"adam\"", "unknown value `adam`"),
        (
            "optimiser = { name = \"sgd\", momentun = 0.9 }",
            "did you mean `momentum`?",
        ),
        ("optimiser = { momentum = 0.9 }", "`name`"),
        (
            "optimiser = { name = \"adamw\", nesterov = true }",
            "`nesterov` is a setting of the optimiser `sgd` alone",
        ),
        (
            "schedule = { name = \"cosine\", factor = 0.5 }",
            "settings of the schedule `step` alone",
        ),
        ("optimiser = 3", "a name, or a table"),
        (
            "momentum = 0.5\noptimiser = { name = \"sgd\", momentum = 0.9 }",
            "`momentum` is given twice",
        ),
    ] {
        let error = with(training).fails(2);
        assert!(
            error.contains(expected) && error.contains("a.toml:"),
            "{training}\n{error}"
        );
    }
}

#[test]
fn a_file_of_another_kind_is_said_to_be_what_it_is() {
    let folder = Folder::new();
    folder.write("a.toml", SYNTHETIC);
    folder.write("net.json", NETWORK);
    folder.write("table.csv", "a,b\n1,2\n");
    folder.run(&["search", "a.toml", "-q"]).ok();
    for (arguments, expected) in [
        (
            &["search", "a.nasbot.db"][..],
            "is a study, and a search description (TOML) is wanted",
        ),
        (&["search", "net.json"], "is JSON, a network perhaps"),
        (
            &["search", "table.csv"],
            "`nasbot init --data table.csv` writes one",
        ),
        (
            &["resume", "a.toml"],
            "it is a search description (TOML): `nasbot search a.toml`",
        ),
        (&["show", "a.toml"], "it is a search description (TOML)"),
        (&["show", "net.json"], "it is JSON, a network perhaps"),
        (
            &["inspect", "a.nasbot.db"],
            "is a study, and a network (JSON) is wanted",
        ),
        (
            &["inspect", "a.toml"],
            "is a search description (TOML), and a network is wanted",
        ),
    ] {
        let error = folder.run(arguments).fails(2);
        assert!(error.contains(expected), "{arguments:?}: {error}");
    }
    folder.write("odd.json", &NETWORK.replace("\"layers\"", "\"layer\""));
    let error = folder.run(&["inspect", "odd.json"]).fails(2);
    assert!(
        error.contains("unknown key `layer`\n")
            && error.contains("odd.json:1:15")
            && error.contains("did you mean `layers`?"),
        "{error}"
    );
    fs::write(folder.path("odd.toml"), b"[space]\nkind = \"cnn\xff\"\n").unwrap();
    let error = folder.run(&["search", "odd.toml"]).fails(2);
    assert!(
        error.contains("line 2") && error.contains("UTF-8"),
        "{error}"
    );
}
