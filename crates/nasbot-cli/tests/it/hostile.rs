//! What outsiders wrote (names of data and classes, messages) is text: neither a page nor a terminal takes it for anything else.

use serde_json::json;

use crate::serving::Server;
use crate::support::Folder;

/// What would run in a page, end its data, turn the writing round, or command a terminal.
const HOSTILE: &str = "</script><script>window.hacked=1</script><img src=x onerror=hacked()>'\"&<!--\u{202e}\u{2066}\u{200b}\u{1b}[31m\u{1b}]0;title\u{7}\u{9b}1m";

/// A study whose data, classes and messages have such names.
fn searched() -> Folder {
    let folder = Folder::new();
    let write = |name: &str, value: serde_json::Value| {
        let path = folder.write(name, &format!("{value}\n"));
        path.display().to_string()
    };
    let message = format!("it broke: {HOSTILE}");
    let failed = write(
        "failed",
        json!({"event": "failed", "kind": "diverged", "message": message}),
    );
    let done = write(
        "done",
        json!({"event": "done", "score": 0.5, "metrics": {"accuracy": 0.5, HOSTILE: 1.0}, "seconds": 0.1, "parameters": 7,
            "breakdown": {"confusion": {"classes": [HOSTILE, "plain"], "counts": [[3, 1], [0, 4]]}}}),
    );
    folder.worker(&format!(
        "printf '%b' 'a log with \\033[31m\\007 and <script>hacked()</script>\\n' >&2\n\
         if [ $final = yes ]; then\n\
         save=$(printf '%s' \"$job\" | sed 's/.*\"save\":\"\\([^\"]*\\)\".*/\\1/'); echo weights > \"$save\"; cat {done}; exit 0; fi\n\
         [ $n = 1 ] && {{ cat {failed}; exit 0; }}"
    ));
    folder.search(4, "");
    // The name of the data, and a class of theirs in the description, which the page shows whole.
    let name = format!("data {}.csv", HOSTILE.replace('/', "|"));
    folder.write(&name, &folder.read("data.csv"));
    let text = folder.read("search.toml");
    let text = text.replace("\"data.csv\"", &toml_string(&name));
    folder.write("search.toml", &format!("# {}\n{text}", printable(HOSTILE)));
    folder.run(&["search", "search.toml", "-q"]).ok();
    folder
}

/// A text as TOML has it on one line: control characters as escapes.
fn toml_string(text: &str) -> String {
    let escaped = |c: char| match c {
        '"' | '\\' => format!("\\{c}"),
        c if c.is_control() => format!("\\u{:04x}", u32::from(c)),
        c => c.to_string(),
    };
    format!("\"{}\"", text.chars().map(escaped).collect::<String>())
}

/// Without control characters, which a comment of TOML may not have.
fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

/// Asserts that a terminal shows a text as it is.
fn assert_plain(text: &str, what: &str) {
    for c in text.chars() {
        let is_hidden = matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}');
        assert!(
            matches!(c, '\n' | '\r' | '\t') || !(c.is_control() || is_hidden),
            "{what} has {c:?}"
        );
    }
}

#[test]
fn a_server_shows_hostile_names_and_messages_as_text() {
    let folder = searched();
    let server = Server::start(&folder, &["serve", "."]);
    let list = server.get("/");
    let page = server.get("/study/search.nasbot.db");
    let detail = server.get("/evaluation/1/search.nasbot.db");
    let data = server.get("/data/search.nasbot.db");
    for (what, answer) in [
        ("list", &list),
        ("page", &page),
        ("detail", &detail),
        ("data", &data),
    ] {
        assert!(
            answer.starts_with("HTTP/1.1 200 OK\r\n"),
            "{what}: {answer:.300}"
        );
        assert_plain(answer, what);
    }
    // The message and the log are there, and in the page nothing of them ends the data or begins an element.
    assert!(page.contains("it broke: ") && detail.contains("it broke: "));
    assert!(detail.contains("hacked()"));
    for html in [&list, &page] {
        for piece in [
            "</script><script>window",
            "<img src=x",
            "<script>hacked",
            "<!--",
        ] {
            assert!(!html.contains(piece), "{piece}");
        }
    }
    let (_, rest) = page
        .split_once("<script type=\"application/json\" id=\"data\">")
        .unwrap();
    let json: serde_json::Value =
        serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap();
    let failures = json["studies"][0]["failures"].to_string();
    assert!(
        failures.contains("<script>window.hacked=1</script>"),
        "{failures}"
    );
}

#[test]
fn a_terminal_shows_hostile_names_and_messages_as_text() {
    let folder = searched();
    for arguments in [
        &["show", "search.nasbot.db"][..],
        &["show", "search.nasbot.db", "1"],
        &["show", "search.nasbot.db", "--all"],
        &["validate", "search.toml"],
        &["resume", "search.nasbot.db", "--evaluations", "5"],
    ] {
        let ran = folder.run(arguments);
        assert_plain(&ran.stdout, &arguments.join(" "));
        assert_plain(&ran.stderr, &arguments.join(" "));
    }
    let shown = folder.run(&["show", "search.nasbot.db"]).ok();
    assert!(shown.contains("it broke: </script>"), "{shown}");
    // The classes of the confusion matrix.
    assert!(shown.contains("plain"), "{shown}");
}
