//! The examples for spaces of one's own: they run and print what they should, and docs/own-space.md shows their code.

use std::path::Path;
use std::process::Command;

/// What an example prints. It is built along with the tests of the whole package.
fn printed(name: &str) -> String {
    let tests = std::env::current_exe().unwrap();
    let target = tests.parent().and_then(Path::parent).unwrap();
    let program = target.join("examples").join(name);
    assert!(
        program.exists(),
        "there is no {}: `cargo test -p nasbot-opt` builds it, `--test it` alone does not",
        program.display()
    );
    let out = Command::new(program).output().unwrap();
    assert!(out.status.success(), "{out:?}");
    String::from_utf8(out.stdout).unwrap()
}

fn text(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(path).unwrap()
}

/// The code of an example: without its own documentation and without empty lines.
fn code(name: &str) -> String {
    let text = text(&format!("examples/{name}.rs"));
    let lines = text.lines().filter(|line| !line.starts_with("//!"));
    let lines: Vec<&str> = lines.filter(|line| !line.trim().is_empty()).collect();
    lines.join("\n")
}

#[test]
fn the_search_of_flows_finds_a_best_one() {
    // Of nine steps at a fifth each, all but reading, writing and cleaning can be worth one, and none more.
    let best = 6.0 - 9.0 * 0.2;
    let said = printed("custom_space");
    assert!(said.starts_with(&format!("{best:.1} by read, ")), "{said}");
}

#[test]
fn three_workers_find_the_best_code_and_the_record_restores_the_search() {
    let said = printed("ask_tell");
    let lines: Vec<&str> = said.lines().collect();
    assert!(lines[0].starts_with("60 evaluations, "), "{said}");
    // The first initial candidate fails at least.
    assert_ne!(lines[0], "60 evaluations, 0 failed", "{said}");
    assert_eq!(lines[1], "best: [3, 1, 0, 2, 3] with Some(5.0)");
    assert_eq!(lines[2], "the restored search suggests the same: true");
}

#[test]
fn the_chapter_shows_the_code_of_the_examples() {
    let chapter = text("../../docs/own-space.md");
    let blocks = chapter.split("```rust,ignore\n").skip(1);
    let blocks: Vec<String> = blocks
        .map(|rest| {
            let block = rest.split("```").next().unwrap();
            let lines: Vec<&str> = block
                .lines()
                .filter(|line| !line.trim().is_empty())
                .collect();
            lines.join("\n")
        })
        .collect();
    let (flows, codes) = (code("custom_space"), code("ask_tell"));
    for block in &blocks {
        assert!(
            flows.contains(block.as_str()) || codes.contains(block.as_str()),
            "the chapter shows what is in no example:\n{block}"
        );
    }
    let shown: Vec<&str> = blocks
        .iter()
        .map(String::as_str)
        .filter(|b| flows.contains(*b))
        .collect();
    assert_eq!(shown.join("\n"), flows, "the chapter has the whole program");
}
