//! What helps to write a description: the reference that is written from the program, `init`, and values given beside the file.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

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

/// A table of flowers of three kinds.
fn flowers(folder: &Folder) {
    let rows = (0..90).map(|i| {
        format!(
            "{}.{},{},{}\n",
            i % 7,
            i % 10,
            i * 3 % 11,
            ["rose", "lily", "iris"][i % 3]
        )
    });
    let table = "length,width,kind\n".to_owned() + &rows.collect::<String>();
    folder.write("flowers.csv", &table);
}

#[test]
fn init_writes_a_file_that_a_search_takes() {
    let folder = Folder::new();
    flowers(&folder);
    let said = folder
        .run(&["init", "--data", "flowers.csv", "-o", "flowers.toml"])
        .ok();
    assert!(said.contains("nasbot search flowers.toml"), "{said}");
    let text = folder.read("flowers.toml");
    for part in [
        "kind = \"mlp-class\"",
        "task = \"class\"",
        "iris (30)",
        "label = \"kind\"",
        "evaluations = 30",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    assert!(
        folder
            .run(&["validate", "flowers.toml"])
            .ok()
            .contains(": ok, ")
    );
    // What exists is left alone.
    let before = folder.read("flowers.toml");
    let again = [
        "init",
        "--data",
        "flowers.csv",
        "--label",
        "width",
        "-o",
        "flowers.toml",
    ];
    let error = folder.run(&again).fails(2);
    assert!(
        error.contains("exists already") && error.contains("--force"),
        "{error}"
    );
    assert_eq!(folder.read("flowers.toml"), before);
    // Numbers are predicted where there are many.
    let forced = [
        &again[..],
        &["--task", "reg", "--evaluations", "50", "--force"],
    ]
    .concat();
    folder.run(&forced).ok();
    let text = folder.read("flowers.toml");
    for part in [
        "kind = \"mlp-reg\"",
        "task = \"reg\"",
        "label = \"width\"",
        "evaluations = 50",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    assert!(
        folder
            .run(&["validate", "flowers.toml"])
            .ok()
            .contains(": ok, ")
    );
    // In another folder the data are found too.
    fs::create_dir(folder.path("runs")).unwrap();
    folder
        .run(&["init", "--data", "flowers.csv", "-o", "runs/a.toml"])
        .ok();
    assert!(
        folder
            .run(&["validate", "runs/a.toml"])
            .ok()
            .contains(": ok, ")
    );
}

#[test]
fn init_names_the_column_that_is_predicted_by_its_place_where_it_has_no_name() {
    let folder = Folder::new();
    let rows: String = (0..60)
        .map(|i| format!("{}.5,{}\n", i % 7, i % 2))
        .collect();
    for (header, option, label) in [
        ("", "-1", "label = -1"),
        ("", "last", "label = \"last\""),
        ("width,last\n", "1", "label = 1"),
        ("width,a \"b\"\n", "-1", "label = 'a \"b\"'"),
    ] {
        folder.write("a.csv", &format!("{header}{rows}"));
        let command = ["init", "--data", "a.csv", "--label", option, "--force"];
        folder.run(&command).ok();
        let text = folder.read("search.toml");
        assert!(text.contains(label), "{label}\n{text}");
    }
}

#[test]
fn init_looks_at_pictures_of_any_size() {
    let folder = Folder::new();
    for (class, side) in [("cat", 9_u32), ("dog", 12)] {
        fs::create_dir_all(folder.path("pets").join(class)).unwrap();
        for i in 0..12_u32 {
            // A picture in the format PNG, written by Python, which every test of the project needs anyway.
            let path = folder.path("pets").join(class).join(format!("{i}.png"));
            png(&path, side);
        }
    }
    folder.run(&["init", "--data", "pets"]).ok();
    let text = folder.read("search.toml");
    for part in [
        "kind = \"cnn\"",
        "image = [3, 32, 32]",
        "cat (12), dog (12)",
        "path = \"pets\"",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    assert!(
        folder
            .run(&["validate", "search.toml"])
            .ok()
            .contains(": ok, ")
    );
}

#[test]
fn init_keeps_pictures_and_networks_small_where_there_is_no_gpu() {
    let folder = Folder::new();
    for class in ["cat", "dog"] {
        fs::create_dir_all(folder.path("pets").join(class)).unwrap();
        for i in 0..12_u32 {
            png(
                &folder.path("pets").join(class).join(format!("{i}.png")),
                80,
            );
        }
    }
    let init = |output: &str| {
        let mut command = folder.command(&["init", "--data", "pets", "-o", output]);
        // As if there were no GPU; what is visible is looked for again.
        assert!(
            command
                .env("CUDA_VISIBLE_DEVICES", "")
                .output()
                .unwrap()
                .status
                .success()
        );
        folder.read(output)
    };
    let text = init("pets.toml");
    for part in ["80 × 80 pixels", "image = [3, 64, 64]", "\nmax-units = 64"] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    let shown = folder.run(&["validate", "pets.toml"]).ok();
    assert!(
        shown.contains("all 30 evaluations, if they are like"),
        "{shown}"
    );
}

/// Writes a square picture.
fn png(path: &Path, side: u32) {
    let program = "import struct, sys, zlib\npath, n = sys.argv[1], int(sys.argv[2])\n\
                   part = lambda kind, data: struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))\n\
                   head = struct.pack('>IIBBBBB', n, n, 8, 2, 0, 0, 0)\n\
                   rows = zlib.compress((b'\\0' + bytes(range(3 * n))) * n)\n\
                   open(path, 'wb').write(b'\\x89PNG\\r\\n\\x1a\\n' + part(b'IHDR', head) + part(b'IDAT', rows) + part(b'IEND', b''))\n";
    let ran = Command::new("python3")
        .args(["-c", program])
        .arg(path)
        .arg(side.to_string())
        .status();
    assert!(ran.unwrap().success());
}

#[test]
fn init_says_what_is_missing_or_does_not_fit() {
    let folder = Folder::new();
    flowers(&folder);
    let error = folder.run(&["init"]).fails(2);
    assert!(
        error.contains("no terminal") && error.contains("--data PATH"),
        "{error}"
    );
    let error = folder.run(&["init", "--data", "none.csv"]).fails(2);
    assert!(error.contains("can't read none.csv"), "{error}");
    let error = folder
        .run(&["init", "--data", "flowers.csv", "--kind", "cnn"])
        .fails(2);
    assert!(
        error.contains("--kind cnn") && error.contains("mlp-class"),
        "{error}"
    );
    let error = folder
        .run(&["init", "--data", "flowers.csv", "--label", "petal"])
        .fails(2);
    assert!(error.contains("petal"), "{error}");
    folder.write("notes.txt", "hello");
    let error = folder.run(&["init", "--data", "notes.txt"]).fails(2);
    assert!(
        error.contains(".csv") && error.contains("format"),
        "{error}"
    );
    assert!(!folder.path("search.toml").exists());
}

#[test]
fn init_asks_on_a_terminal() {
    let folder = Folder::new();
    flowers(&folder);
    // `script` runs the program on a terminal of its own.
    let mut child = Command::new("script")
        .args([
            "-qec",
            &format!("{} init", env!("CARGO_BIN_EXE_nasbot")),
            "/dev/null",
        ])
        .current_dir(folder.path(""))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    std::io::Write::write_all(&mut input, b"flowers.csv\nkind\nmany\n12\n").unwrap();
    let output = child.wait_with_output().unwrap();
    drop(input);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    for part in [
        "Where are the data",
        "Which column is predicted",
        "[last]",
        "[30]",
        "at least 1",
    ] {
        assert!(said.contains(part), "{part}\n{said}");
    }
    let text = folder.read("search.toml");
    assert!(
        text.contains("label = \"kind\"") && text.contains("evaluations = 12"),
        "{text}"
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
