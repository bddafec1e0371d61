//! The reference page and the commented example, written from the schema of a description.
//!
//! The page's prose stands in `reference.md`, where `{{heading space}}` is replaced by the heading of a section and `{{keys space}}` by
//! the table of its keys. Keys come in the order in which the reader knows them.

use std::fmt::Write as _;

use serde_json::Value;

use super::keys;
use super::schema::{fixed, property, schema};

/// The page's prose.
const PROSE: &str = include_str!("reference.md");

/// Values that have no more letters than these in all stand beside their key, more in a table of their own.
const INLINE: usize = 330;

/// A line of a comment is no longer.
const WIDTH: usize = 100;

/// A key, or a section, with what is said of it.
struct Key<'a> {
    path: Vec<&'static str>,
    schema: &'a Value,
    is_required: bool,
    /// Whether it is a table of keys that are listed themselves.
    is_table: bool,
}

/// Every key that the reader accepts. One that the schema does not know has no explanation: its schema is empty.
fn listed(root: &Value) -> Vec<Key<'_>> {
    let listed = keys::all().into_iter().map(|path| {
        let (last, above) = path
            .split_last()
            .map_or(("", &[][..]), |(last, above)| (*last, above));
        let table = above.iter().fold(root, |table, key| property(table, key));
        let table = fixed(table);
        let required = table["required"].as_array();
        let is_required = required.is_some_and(|required| required.iter().any(|key| key == last));
        Key {
            schema: property(table, last),
            is_required,
            is_table: keys::of(&path).is_some(),
            path,
        }
    });
    listed.collect()
}

/// The reference page.
pub(crate) fn page() -> String {
    let root = schema();
    let keys = listed(&root);
    let mut out = String::new();
    for line in PROSE.lines() {
        let asked = line
            .strip_prefix("{{")
            .and_then(|line| line.strip_suffix("}}"));
        match asked.and_then(|asked| asked.split_once(' ')) {
            Some(("heading", section)) => out += &heading(&keys, section),
            Some(("keys", section)) => out += &table(&keys, section),
            _ => out += &format!("{line}\n"),
        }
    }
    out
}

fn heading(keys: &[Key<'_>], section: &str) -> String {
    let Some(key) = keys.iter().find(|key| key.path == [section]) else {
        return String::new();
    };
    let (title, rest) = titled(key);
    let optional = if key.is_required { "" } else { " (optional)" };
    let mut out = format!("## `[{section}]` – {title}{optional}\n");
    if !rest.is_empty() {
        out += &format!("\n{rest}\n");
    }
    out
}

/// What a section is about, and when it is.
fn titled(section: &Key<'_>) -> (String, String) {
    let text = meaning(section.schema);
    let (title, rest) = text
        .split_once(": ")
        .unwrap_or((text.trim_end_matches('.'), ""));
    let lower: String = title
        .chars()
        .take(1)
        .flat_map(char::to_lowercase)
        .chain(title.chars().skip(1))
        .collect();
    let rest: String = rest
        .chars()
        .take(1)
        .flat_map(char::to_uppercase)
        .chain(rest.chars().skip(1))
        .collect();
    (lower, rest)
}

fn table(keys: &[Key<'_>], section: &str) -> String {
    let mut out = "| key | value | default | meaning |\n|---|---|---|---|\n".to_owned();
    let mut apart = String::new();
    for key in keys
        .iter()
        .filter(|key| key.path.len() > 1 && key.path[0] == section)
    {
        let name = key.path[1..].join(".");
        let values = values_of(key);
        let mut meaning = meaning(key.schema).replace("\n\n", " ");
        let length: usize = values
            .iter()
            .map(|(value, is)| value.len() + is.len())
            .sum();
        meaning += &shown(key);
        if length <= INLINE {
            for (value, is) in &values {
                let _ = write!(meaning, " {value}: {}", is);
            }
        } else {
            let path = key.path.join(".");
            meaning += " Its values are listed below.";
            let _ = write!(
                apart,
                "\n### Values of `{path}`\n\n| value | is |\n|---|---|\n"
            );
            for (value, is) in &values {
                let _ = writeln!(apart, "| {value} | {} |", cell(is.trim_end_matches('.')));
            }
        }
        let _ = writeln!(
            out,
            "| `{name}` | {} | {} | {} |",
            kind(key),
            cell(&default(key)),
            cell(&meaning)
        );
    }
    out + &apart
}

/// A text that a column of a table can hold.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

/// An example, where neither the default nor the meaning shows what a value looks like.
fn shown(key: &Key<'_>) -> String {
    let example = &key.schema["examples"][0];
    let is_plain = matches!(example, Value::Number(_) | Value::Bool(_) | Value::Null);
    if is_plain || !values_of(key).is_empty() || key.path.last() == Some(&"name") {
        return String::new();
    }
    let example = format!("`{}`", toml_text(example));
    match meaning(key.schema).contains(&example) {
        true => String::new(),
        false => format!(" For example {example}."),
    }
}

fn meaning(schema: &Value) -> &str {
    schema["description"].as_str().unwrap_or("")
}

fn default(key: &Key<'_>) -> String {
    let words = key.schema["x-default"].as_str();
    match (key.is_required, key.schema.get("default"), words) {
        (true, ..) => "required".to_owned(),
        (_, Some(value), _) => format!("`{}`", toml_text(value)),
        (_, None, words) => words.unwrap_or("").to_owned(),
    }
}

/// The values of a key. Those of a name in a table of its settings are those of the name alone, which stands above it.
fn values_of(key: &Key<'_>) -> Vec<(String, String)> {
    match key.path.as_slice() {
        [_, _, "name"] => Vec::new(),
        _ => values(key.schema),
    }
}

/// The values that a schema lists by name, each with what it is.
fn values(schema: &Value) -> Vec<(String, String)> {
    let choices = ["oneOf", "anyOf"]
        .into_iter()
        .filter_map(|key| schema[key].as_array());
    let mut found = Vec::new();
    for choice in choices.flatten() {
        let is = meaning(choice).to_owned();
        match (choice.get("const"), &choice["examples"][0]) {
            (Some(value), _) if !is.is_empty() => {
                found.push((format!("`{}`", toml_text(value)), is))
            }
            (None, value @ Value::String(_)) if !is.is_empty() => {
                found.push((format!("`{}`", toml_text(value)), is));
            }
            (None, _) if choice.get("oneOf").is_some() => found.extend(values(choice)),
            _ => {}
        }
    }
    found
}

/// What kind of value a key has, with its unit.
fn kind(key: &Key<'_>) -> String {
    let kind = kind_of(key.schema);
    match key.schema["x-unit"].as_str() {
        Some(unit) => format!("{kind}, {unit}"),
        None => kind,
    }
}

fn kind_of(schema: &Value) -> String {
    let several = |items: &Value| match kind_of(items).as_str() {
        "whole number" => "whole numbers".to_owned(),
        "number" => "numbers".to_owned(),
        "text" => "texts".to_owned(),
        _ => "values".to_owned(),
    };
    for kind in ["duration", "size"] {
        if schema["x-kind"] == kind {
            return kind.to_owned();
        }
    }
    if schema.get("const").is_some()
        || !schema["examples"][0].is_null() && schema.get("pattern").is_some()
    {
        return "name".to_owned();
    }
    match schema["type"].as_str() {
        Some("integer") => "whole number".to_owned(),
        Some("number") => "number".to_owned(),
        Some("boolean") => "true or false".to_owned(),
        Some("array") => format!("list of {}", several(&schema["items"])),
        Some("object") if schema.get("properties").is_some() => "table".to_owned(),
        Some("object") => format!("table of {}", several(&schema["additionalProperties"])),
        Some(_) => "text".to_owned(),
        None => {
            let choices = ["oneOf", "anyOf"]
                .into_iter()
                .filter_map(|key| schema[key].as_array());
            let mut kinds: Vec<String> = choices.flatten().map(kind_of).collect();
            kinds.dedup();
            kinds.join(" or ")
        }
    }
}

/// The commented example: every key, those that are required as they would be written, the others behind a `#`.
pub(crate) fn example() -> String {
    let root = schema();
    let mut out = EXAMPLE.to_owned();
    let mut is_off = false;
    for key in listed(&root) {
        match key.path.as_slice() {
            [section] => {
                let (title, rest) = titled(&key);
                let title = capital(&title);
                let line = "-".repeat(WIDTH.saturating_sub(title.chars().count() + 8));
                let _ = write!(out, "\n# ---- {title} {line}\n");
                comment(&mut out, &rest, "");
                is_off = !key.is_required && *section != "data";
                let mark = if is_off { "#" } else { "" };
                let _ = writeln!(out, "{mark}[{section}]");
            }
            path => entry(&mut out, &key, &path[1..].join("."), is_off),
        }
    }
    out
}

/// What stands at the head of the example.
const EXAMPLE: &str = "\
# Every key of a search description, explained: written by `nasbot schema --format example`.
#
# Keys behind a `#` without a blank show their default, or an example where the default is something else;
# what is not given follows from the data, so that most searches need few of them. `nasbot init` writes a
# short file for your data, and `nasbot validate` checks one. Paths are relative to the file.
";

/// One key: what it means, its values, its default, and itself.
fn entry(out: &mut String, key: &Key<'_>, name: &str, is_off: bool) {
    out.push('\n');
    let unit = key.schema["x-unit"].as_str();
    let unit = unit.map_or_else(String::new, |unit| format!(" ({unit})"));
    let text = meaning(key.schema);
    comment(
        out,
        &format!("{}{unit}", text.strip_suffix('.').unwrap_or(text)),
        ".",
    );
    for (value, is) in values_of(key) {
        comment(out, &format!("  {value}: {is}"), "");
    }
    let default = default(key);
    if default != "required" && !default.is_empty() {
        comment(out, &format!("Default: {default}"), ".");
    }
    if key.is_table {
        return;
    }
    // A key without a value of its own is one that a test finds.
    let value = key.schema["examples"]
        .get(0)
        .or_else(|| key.schema.get("default"));
    let value = value.map_or_else(String::new, toml_text);
    let mark = if is_off || !key.is_required { "#" } else { "" };
    // A table's own keys are required only where there is the table.
    let mark = if name.contains('.') { "#" } else { mark };
    let _ = writeln!(out, "{mark}{name} = {value}");
}

fn capital(text: &str) -> String {
    text.chars()
        .take(1)
        .flat_map(char::to_uppercase)
        .chain(text.chars().skip(1))
        .collect()
}

/// A text as lines of a comment, without marks of Markdown.
fn comment(out: &mut String, text: &str, end: &str) {
    if text.is_empty() {
        return;
    }
    let text = plain(text) + end;
    for paragraph in text.split("\n\n") {
        let indent = if paragraph.starts_with("  ") {
            "      "
        } else {
            ""
        };
        let mut line = if indent.is_empty() {
            "#".to_owned()
        } else {
            "#  ".to_owned()
        };
        for word in paragraph.split_whitespace() {
            if line.chars().count() + 1 + word.chars().count() > WIDTH {
                let _ = writeln!(out, "{line}");
                line = format!("#{indent}");
            }
            line.push(' ');
            line.push_str(word);
        }
        let _ = writeln!(out, "{line}");
    }
}

/// A text without links and backquotes.
fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("](") {
        let (shown, after) = match (before.rsplit_once('['), after.split_once(')')) {
            (Some((before, shown)), Some((_, after))) => (format!("{before}{shown}"), after),
            _ => (format!("{before}]("), after),
        };
        out += &shown;
        rest = after;
    }
    (out + rest).replace('`', "")
}

/// A value as TOML has it on one line.
fn toml_text(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(toml_text).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(table) => {
            let is_bare = |key: &str| {
                key.chars()
                    .all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
            };
            let entries = table.iter().map(|(key, value)| match is_bare(key) {
                true => format!("{key} = {}", toml_text(value)),
                false => format!("{} = {}", Value::from(key.as_str()), toml_text(value)),
            });
            format!("{{ {} }}", entries.collect::<Vec<String>>().join(", "))
        }
        // Texts, numbers and truth values are written the same in JSON.
        value => value.to_string(),
    }
}
