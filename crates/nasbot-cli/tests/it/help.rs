//! What a newcomer reads first.

use crate::support::Folder;

#[test]
fn help_teaches_by_examples() {
    let folder = Folder::new();
    insta::assert_snapshot!("help", folder.run(&["--help"]).ok());
    for command in [
        "search",
        "resume",
        "show",
        "train",
        "predict",
        "distance",
        "inspect",
        "validate",
        "draw",
        "ask",
        "tell",
        "fail",
        "give",
        "propose",
        "replay",
        "evaluate",
        "completions",
        "man",
        "init",
        "schema",
        "report",
        "serve",
    ] {
        let help = folder.run(&[command, "--help"]).ok();
        assert!(help.contains("Examples:"), "{command} shows no example");
    }
}

#[test]
fn version_names_the_program() {
    let version = Folder::new().run(&["--version"]).ok();
    assert_eq!(version, format!("nasbot {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn wrong_usage_ends_with_status_two() {
    let folder = Folder::new();
    assert!(folder.run(&["serch"]).fails(2).contains("'search'"));
    folder.run(&[]).fails(2);
    folder.run(&["distance", "a.json"]).fails(2);
    folder
        .run(&["distance", "--pairs", "-", "a.json", "b.json"])
        .fails(2);
    folder
        .run(&["search", "a.toml", "--seed", "minus"])
        .fails(2);
    folder
        .run(&["draw", "a.json", "--evaluation", "3"])
        .fails(2);
}
