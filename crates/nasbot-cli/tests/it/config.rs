//! Search descriptions: what is wrong is shown with its line and a caret.

use std::path::Path;

use crate::support::{Folder, NETWORK};

const GOOD: &str = "\
[space]
kind = \"cnn\"
max-layers = 30

[workers]
backend = \"synthetic\"

[budget]
evaluations = 5
";

/// What `validate` says about a description.
fn complaint(text: &str) -> String {
    let folder = Folder::new();
    folder.write("a.toml", text);
    let ran = folder.run(&["validate", "a.toml"]);
    let stdout = ran.stdout.clone();
    let here = folder.path("").display().to_string();
    let error = ran.fails(2).replace(here.trim_end_matches('/'), "HERE");
    assert_eq!(stdout, "a.toml: invalid\n");
    error
}

#[test]
fn a_good_description_is_accepted() {
    let folder = Folder::new();
    folder.write("a.toml", GOOD);
    let said = folder.run(&["validate", "a.toml"]).ok();
    assert_eq!(
        said,
        "a.toml: ok, a search over cnn networks by nasbot, 5 evaluations\n  the budget of 5 evaluations ends before the \
         model chooses: 15 come first, the initial networks and random ones\n"
    );
}

#[test]
fn misspelt_keys_are_found() {
    insta::assert_snapshot!(
        "misspelt_key",
        complaint(&GOOD.replace("max-layers", "max-layer"))
    );
    let strategy = format!("{GOOD}[search]\nstrategy = \"nasbott\"\n");
    insta::assert_snapshot!("misspelt_value", complaint(&strategy));
}

#[test]
fn wrong_types_and_missing_sections_are_found() {
    insta::assert_snapshot!("wrong_type", complaint(&GOOD.replace("30", "\"thirty\"")));
    insta::assert_snapshot!("negative", complaint(&GOOD.replace("30", "-30")));
    insta::assert_snapshot!("missing_section", complaint("[space]\nkind = \"cnn\"\n"));
    insta::assert_snapshot!("syntax", complaint("[space\nkind = \"cnn\"\n"));
}

#[test]
fn everything_out_of_range_is_found_at_once() {
    insta::assert_snapshot!(
        "out_of_range",
        complaint(
            r#"
[study]
name = "a/b"

[space]
kind = "cnn"
min-layers = 40
max-layers = 30
max-mass = -1.0
max-halvings = 4

[data]
path = "none.csv"
task = "reg"
image = [1, 8, 8]

[training]
epochs = 0

[search]
seed = 3
initial = 0

[workers]
devices = ["cpu", "gpu"]
per-device = 0
command = ["x"]

[budget]
evaluations = 0
"#
        )
    );
}

#[test]
fn durations_need_units_or_seconds() {
    let with = |timeout: &str| GOOD.replace("[budget]", &format!("timeout = {timeout}\n[budget]"));
    insta::assert_snapshot!("duration", complaint(&with("\"5 minutes\"")));
    let folder = Folder::new();
    for good in ["\"1h 30m\"", "90", "0.5", "\"250ms\""] {
        folder.write("a.toml", &with(good));
        folder.run(&["validate", "a.toml"]).ok();
    }
}

#[test]
fn a_back_end_needs_what_it_runs() {
    let local = GOOD.replace("backend = \"synthetic\"\n", "");
    assert!(complaint(&local).contains("there is no [data] section"));
    let command = GOOD.replace("synthetic", "command");
    assert!(complaint(&command).contains("needs a command"));
    let surplus = format!("{GOOD}\n[training]\nepochs = 3\n");
    assert!(complaint(&surplus).contains("[training] is for backend = \"local\" only"));
}

#[test]
fn the_demos_are_valid() {
    let folder = Folder::new();
    let demos = concat!(env!("CARGO_MANIFEST_DIR"), "/../../demos");
    let files: Vec<_> = std::fs::read_dir(demos)
        .unwrap()
        .map(|entry| entry.unwrap().path().display().to_string())
        .filter(|path| path.ends_with(".toml"))
        .collect();
    assert!(files.len() >= 3);
    let mut arguments = vec!["validate"];
    arguments.extend(files.iter().map(String::as_str));
    assert_eq!(
        folder.run(&arguments).ok().matches(": ok, ").count(),
        files.len()
    );
}

#[test]
fn the_demos_on_data_that_do_not_ship_are_valid() {
    let real = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../demos/real-data");
    let folder = Folder::new();
    // The data are not read by `validate`, but they must be there.
    let start = folder.path("demos/real-data/start");
    std::fs::create_dir_all(&start).unwrap();
    for entry in std::fs::read_dir(real.join("start")).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, start.join(path.file_name().unwrap())).unwrap();
    }
    let mut count = 0;
    for entry in std::fs::read_dir(&real).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|end| end != "toml") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        for data in text
            .split('"')
            .filter_map(|part| part.strip_prefix("../../"))
        {
            let data = folder.path(data);
            std::fs::create_dir_all(data.parent().unwrap()).unwrap();
            std::fs::write(data, "").unwrap();
        }
        let name = format!("demos/real-data/{}", path.file_name().unwrap().display());
        folder.write(&name, &text);
        assert!(
            folder
                .run(&["validate", "--no-data", &name])
                .ok()
                .contains(": ok, ")
        );
        count += 1;
    }
    assert_eq!(count, 7);
}

#[test]
fn a_missing_file_is_wrong_input() {
    let error = Folder::new().run(&["search", "none.toml"]).fails(2);
    assert!(error.contains("can't read none.toml"), "{error}");
}

#[test]
fn a_search_can_start_from_networks_of_ones_own() {
    let folder = Folder::new();
    folder.write("mine.json", NETWORK);
    let with = |pool: &str| {
        GOOD.replace(
            "max-layers = 30",
            &format!("max-layers = 7\npool = [{pool}]"),
        )
    };
    folder.write("a.toml", &with("\"mine.json\""));
    folder.run(&["search", "a.toml"]).ok();
    let first = [
        "show",
        "a.nasbot.db",
        "--evaluation",
        "0",
        "--format",
        "json",
    ];
    let network: serde_json::Value = serde_json::from_str(NETWORK).unwrap();
    assert_eq!(folder.run(&first).json()["network"], network);
    folder.write("a.toml", &with("\"none.json\""));
    assert!(
        folder
            .run(&["validate", "a.toml"])
            .fails(2)
            .contains("none.json")
    );
    folder.write("a.toml", &with("\"mine.json\"").replace("= 7", "= 5"));
    assert!(
        folder
            .run(&["validate", "a.toml"])
            .fails(2)
            .contains("max-layers")
    );
}

#[test]
fn bounds_that_no_network_keeps_are_found() {
    let text = GOOD.replace("max-layers = 30", "max-layers = 30\nmax-mass = 1");
    assert!(complaint(&text).contains("max-mass"));
}

#[test]
fn a_description_cannot_command_the_terminal() {
    let folder = Folder::new();
    for text in [
        "x = '\u{1b}[2J'",
        "[space]\nkind = \"\\u001b[2J\"\n[budget]\nevaluations = 1\n",
    ] {
        folder.write("search.toml", text);
        let ran = folder.run(&["validate", "search.toml"]);
        assert!(
            !ran.stderr.contains('\u{1b}') && !ran.stdout.contains('\u{1b}'),
            "{text:?}"
        );
        assert_eq!(ran.code, Some(2));
    }
}
