//! The JSON Schema of a description, made from the types that it is read into and their documentation.
//!
//! The last paragraph of a key's documentation may be labels, a line each: `Default: …`, `Unit: …`, `Example: …`, each with a full
//! stop. A text in backquotes alone is a value in TOML, which becomes the schema's `default` or an entry of its `examples`; any other
//! default stands in words under `x-default`, units under `x-unit`.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::raw::Raw;

/// The schema of a key in a table, which may have other forms than that of a table; null where it has no such key.
pub(super) fn property<'a>(table: &'a Value, key: &str) -> &'a Value {
    &fixed(table)["properties"][key]
}

/// The form of a schema that is a table of fixed keys; null where there is none.
pub(super) fn fixed(schema: &Value) -> &Value {
    let has_keys = |schema: &&Value| schema.get("properties").is_some();
    let mut choices = schema["anyOf"].as_array().into_iter().flatten();
    let own = Some(schema).filter(has_keys);
    own.or_else(|| choices.find(has_keys))
        .unwrap_or(&Value::Null)
}

/// The schema.
pub(crate) fn schema() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        // One table in another, as in the file.
        settings.inline_subschemas = true;
        settings.untagged_enum_variant_titles = false;
    });
    let mut schema = settings.into_generator().into_root_schema_for::<Raw>();
    schema.insert("title".to_owned(), json!("A search of nasbot"));
    let mut schema = Value::from(schema);
    tidy(&mut schema);
    schema
}

/// Takes out of a schema, and of all in it, what TOML has not (nulls), and puts labels in their places.
fn tidy(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(tidy),
        Value::Object(object) => {
            object.values_mut().for_each(tidy);
            without_nulls(object);
            labels(object);
        }
        _ => {}
    }
}

fn without_nulls(object: &mut Map<String, Value>) {
    if let Some(Value::Array(types)) = object.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            object.insert("type".to_owned(), only);
        }
    }
    for key in ["anyOf", "oneOf", "enum"] {
        if let Some(Value::Array(choices)) = object.get_mut(key) {
            choices.retain(|choice| !choice.is_null() && choice["type"] != "null");
            if let ("anyOf" | "oneOf", [Value::Object(only)]) = (key, choices.as_slice()) {
                let only = only.clone();
                object.remove(key);
                for (key, value) in only {
                    // What is said of the key goes before what is said of its type.
                    object.entry(key).or_insert(value);
                }
            }
        }
    }
    // Sizes of integers are no standard formats.
    if object.get("format").is_some_and(|format| {
        let format = format.as_str();
        format.is_some_and(|name| {
            name.starts_with("uint") || name.starts_with("int") || name == "double"
        })
    }) {
        object.remove("format");
    }
    if (object.get("default")).is_some_and(|value| value.is_null() || value.is_object()) {
        object.remove("default");
    }
}

/// Puts the labels of a description in their places.
fn labels(object: &mut Map<String, Value>) {
    let Some(Value::String(text)) = object.get("description") else {
        return;
    };
    let (meaning, labels) = split(text);
    for (label, text) in labels {
        let value = toml_value(&text);
        match (label, value) {
            ("Default", Some(value)) => object.insert("default".to_owned(), value),
            ("Default", None) => {
                object.remove("default");
                object.insert("x-default".to_owned(), text.into())
            }
            ("Unit", _) => object.insert("x-unit".to_owned(), text.into()),
            (_, value) => object.insert("examples".to_owned(), json!([value])),
        };
    }
    object.insert("description".to_owned(), meaning.into());
}

/// The meaning, its lines joined, and the labels.
fn split(text: &str) -> (String, Vec<(&'static str, String)>) {
    let label = |line: &str| {
        let mut known = ["Default", "Unit", "Example"].into_iter();
        known.find_map(|label| {
            let text = line.strip_prefix(label)?.strip_prefix(": ")?;
            let text = text.strip_suffix('.').unwrap_or(text);
            Some((label, text.to_owned()))
        })
    };
    let paragraphs: Vec<&str> = text.split("\n\n").collect();
    let joined = |paragraphs: &[&str]| {
        let lines = paragraphs.iter().map(|part| part.replace('\n', " "));
        lines
            .collect::<Vec<String>>()
            .join("\n\n")
            .trim()
            .to_owned()
    };
    match paragraphs.split_last() {
        Some((last, meaning)) if label(last).is_some() => {
            (joined(meaning), last.lines().filter_map(label).collect())
        }
        _ => (joined(&paragraphs), Vec::new()),
    }
}

/// A text in backquotes as the value in TOML that it is.
fn toml_value(text: &str) -> Option<Value> {
    let text = text.strip_prefix('`')?.strip_suffix('`')?;
    let table: toml::Table = toml::from_str(&format!("x = {text}")).ok()?;
    serde_json::to_value(table.get("x")?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_the_last_paragraph() {
        let text = "How long\nit takes.\n\nNever above `x`.\n\nDefault: `\"1s\"`.\nUnit: seconds.";
        let (meaning, labels) = split(text);
        assert_eq!(meaning, "How long it takes.\n\nNever above `x`.");
        assert_eq!(
            labels,
            [("Default", "`\"1s\"`".into()), ("Unit", "seconds".into())]
        );
        assert_eq!(split("Default values."), ("Default values.".into(), vec![]));
        assert_eq!(toml_value("`\"1s\"`"), Some(json!("1s")));
        assert_eq!(toml_value("`0.2`, or what is left"), None);
    }
}
