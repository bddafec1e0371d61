//! Data before a search: what `validate` and `inspect` say of them.

use std::fs;
use std::path::Path;

use crate::support::Folder;

fn table() -> String {
    let mut text = String::from("id,age,town,outcome\n");
    for i in 0..40 {
        let age = if i % 7 == 0 {
            "NA".to_owned()
        } else {
            (20 + i).to_string()
        };
        let town = ["Aarau", "Bern"][i % 2];
        text += &format!("P{i},{age},{town},{}\n", ["ill", "well"][i / 3 % 2]);
    }
    text
}

fn description(data: &str) -> String {
    format!(
        "[space]\nkind = \"mlp-class\"\n[data]\npath = \"patients.csv\"\ntask = \"class\"\n{data}\n[budget]\nevaluations = 8\n"
    )
}

#[test]
fn validate_shows_what_is_in_the_data() {
    let folder = Folder::new();
    folder.write("patients.csv", &table());
    folder.write("search.toml", &description(""));
    let shown = folder.run(&["validate", "search.toml"]).ok();
    for expected in [
        "40 examples: 24 to train on, 8 to choose by, 8 to test on",
        "2 classes: ill (21), well (19)",
        "age     number  a number",
        "town    text    one input each: 'Aarau', 'Bern'",
        "column 'id' is left out: it is text of 24 different words in 24 rows",
        "the budget of 8 evaluations ends before the model chooses",
    ] {
        assert!(shown.contains(expected), "{expected}\n{shown}");
    }
}

#[test]
fn validate_tells_all_that_is_wrong_with_the_data_at_once() {
    let folder = Folder::new();
    folder.write(
        "patients.csv",
        &(table() + "P40,60,Bern\nP41,inf,Bern,ill\nP42,50,Bern,\n"),
    );
    folder.write("search.toml", &description(""));
    let error = folder.run(&["validate", "search.toml"]).fails(2);
    for expected in [
        "patients.csv, row 42: has 3 columns",
        "patients.csv, row 43, column 'age': inf is beyond the range",
        "patients.csv, row 44: has no label",
    ] {
        assert!(error.contains(expected), "{expected}\n{error}");
    }
    // Nor is there a study that could not go on.
    let mut search = folder.command(&["search", "search.toml"]);
    let ended = search.env("NASBOT_WORKER", "/bin/true").output().unwrap();
    assert_eq!(ended.status.code(), Some(2));
    assert!(!folder.path("search.nasbot.db").exists());
}

#[test]
fn inspect_shows_a_file_alone() {
    let folder = Folder::new();
    folder.write("patients.csv", &table());
    let found = folder
        .run(&["inspect", "patients.csv", "--format", "json"])
        .json();
    assert_eq!(found["examples"], 40);
    assert_eq!(found["classes"][0]["name"], "ill");
    assert_eq!(found["columns"][0]["name"], "age");
    assert_eq!(found["columns"][0]["encoding"]["marks-gaps"], true);
    assert_eq!(found["left_out"][0]["name"], "id");
    // Labels that are nearly all different are no classes: they are predicted as numbers without being told so.
    let rents: String = (0..200)
        .map(|i| format!("{},{}\n", i % 7, 400 + 3 * i))
        .collect();
    folder.write("flats.csv", &format!("rooms,rent\n{rents}"));
    let found = folder
        .run(&["inspect", "flats.csv", "--format", "json"])
        .json();
    assert_eq!(found["examples"], 200);
    assert_eq!(found["columns"][0]["name"], "rooms");
    assert!(
        found["classes"].as_array().is_none_or(Vec::is_empty),
        "{found}"
    );
    // Gaps in a target are refused.
    let error = folder
        .run(&["inspect", "patients.csv", "--label", "age", "--task", "reg"])
        .fails(2);
    assert!(
        error.contains("row 2: target 'NA' is no finite number"),
        "{error}"
    );
}

#[test]
fn inspect_shows_the_range_of_sizes_of_pictures() {
    let folder = Folder::new();
    let pictures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../nn-train/tests/data/pictures");
    for (class, name, from) in [
        ("a", "1.png", "grey.png"),
        ("a", "2.jpg", "halves.jpg"),
        ("b", "1.png", "colour.png"),
        ("b", "2.png", "grey.png"),
        ("b", "3.png", "grey.png"),
        ("a", "3.png", "grey.png"),
        ("a", "4.png", "grey.png"),
        ("b", "4.png", "grey.png"),
    ] {
        fs::create_dir_all(folder.path("seen").join(class)).unwrap();
        fs::copy(
            pictures.join(from),
            folder.path("seen").join(class).join(name),
        )
        .unwrap();
    }
    let shown = folder.run(&["inspect", "seen"]).ok();
    assert!(
        shown.contains("pictures in colour of several sizes, 2 to 8 pixels high and 3 to 16 wide"),
        "{shown}"
    );
    assert!(shown.contains("image = [3, height, width]"), "{shown}");
    let found = folder.run(&["inspect", "seen", "--format", "json"]).json();
    assert_eq!(found["sizes"]["heights"], serde_json::json!([2, 8]));
    assert_eq!(found["sizes"]["widths"], serde_json::json!([3, 16]));
    assert!(found["inputs"].is_null());
    // Of one size, they are told as before.
    fs::remove_file(folder.path("seen/a/2.jpg")).unwrap();
    fs::remove_file(folder.path("seen/b/1.png")).unwrap();
    let shown = folder.run(&["inspect", "seen"]).ok();
    assert!(
        shown.contains("images of 1 × 2 × 3 (channels, height, width)"),
        "{shown}"
    );
}
