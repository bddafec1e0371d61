//! `nasbot init` writes a description for data that it looks at.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::Folder;

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
fn init_leaves_out_columns_that_number_the_rows() {
    let folder = Folder::new();
    let row = |i: usize| format!("{},{}.3.2025,{}\n", i + 7, i % 28 + 1, ["a", "b"][i % 2]);
    let rows: String = (0..40).map(row).collect();
    for (name, header, ignore) in [
        ("named.csv", "id,day,kind\n", "\nignore = [\"id\"]\n"),
        ("bare.csv", "", "\nignore = [0]\n"),
    ] {
        folder.write(name, &format!("{header}{rows}"));
        folder.run(&["init", "--data", name, "--force"]).ok();
        let text = folder.read("search.toml");
        assert!(text.contains(ignore), "{ignore}\n{text}");
        let shown = folder.run(&["validate", "search.toml"]).ok();
        assert!(shown.contains("inputs: 1 number each"), "{shown}");
        assert!(shown.contains("date"), "{shown}");
        assert!(!shown.contains("numbers the rows"), "{shown}");
    }
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
    assert!(ran.is_ok_and(|status| status.success()));
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
