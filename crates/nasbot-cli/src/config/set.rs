//! Values that are given beside the file: on the command line by their keys (`--set training.epochs=30`), or in the environment
//! (`NASBOT__TRAINING__EPOCHS=30`). They are put into the text before it is read, so that errors show them where they stand.

use std::env;

use nasbot::settings::Description;
use serde_json::Value as Json;
use toml_edit::{DocumentMut, InlineTable, Item, Key, Table, TableLike, Value};

use super::keys;
use super::schema::{property, schema};
use crate::error::Error;

/// What names of variables begin with. The parts of a key stand between two underscores each, and one stands for a dash.
const PREFIX: &str = "NASBOT__";

/// Keys closer than this (Jaro–Winkler) are offered as what was meant.
const SIMILAR: f64 = 0.8;

/// One value that goes before the file's.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    /// The key, part by part.
    path: Vec<String>,
    value: Value,
    /// Where it was given, for people: `--set training.epochs=30`.
    origin: String,
}

/// The settings of the environment, then those of the command line, which go first.
pub(crate) fn given(options: &[String]) -> Result<Vec<Setting>, Error> {
    let mut variables = Vec::new();
    for (name, value) in env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        let Some(path) = name.strip_prefix(PREFIX) else {
            continue;
        };
        let value = value.into_string().map_err(|_| {
            Error::Usage(format!(
                "the variable {name} holds what is no text: unset it"
            ))
        })?;
        let parts = path.split("__");
        let path: Vec<String> = parts
            .map(|part| part.to_lowercase().replace('_', "-"))
            .collect();
        variables.push((format!("{name}={value}"), path, value));
    }
    variables.sort();
    let variables = variables.into_iter();
    let variables = variables.map(|(origin, path, value)| Setting::new(origin, path, &value));
    variables
        .chain(options.iter().map(|option| Setting::of_option(option)))
        .collect()
}

/// The settings that a study has recorded, in the order in which they were given.
pub(crate) fn recorded(description: &Description) -> Result<Vec<Setting>, Error> {
    description
        .set
        .iter()
        .map(|option| Setting::of_option(option))
        .collect()
}

/// A description with settings in place of what it says itself. A text that is no TOML is left as it is: its reading says why.
pub(crate) fn put(description: Description, settings: &[Setting]) -> Result<Description, Error> {
    let Ok(mut document) = description.text.parse::<DocumentMut>() else {
        return Ok(description);
    };
    if settings.is_empty() {
        return Ok(description);
    }
    let mut set = description.set;
    for setting in settings {
        put_one(&mut document, setting)?;
        let key = setting.key();
        set.retain(|other| other.split_once('=').is_none_or(|(other, _)| other != key));
        set.push(format!("{key}={}", setting.value.clone().decorated("", "")));
    }
    Ok(Description {
        text: document.to_string(),
        set,
        ..description
    })
}

impl Setting {
    /// `training.epochs=30`.
    fn of_option(option: &str) -> Result<Self, Error> {
        let usage = |problem: &str| {
            let example = "as in --set training.epochs=30";
            Error::Usage(format!("--set {option}: {problem}, {example}"))
        };
        let (path, value) = option
            .split_once('=')
            .ok_or_else(|| usage("expected a key, = and a value"))?;
        let path = Key::parse(path.trim()).map_err(|_| usage("expected a key before ="))?;
        let path = path.iter().map(|key| key.get().to_owned()).collect();
        Self::new(format!("--set {option}"), path, value.trim())
    }

    fn new(origin: String, path: Vec<String>, text: &str) -> Result<Self, Error> {
        check_key(&origin, &path)?;
        let value = match text.parse::<Value>() {
            // A name of digits, a date or a word such as `true` is a text where only a text can stand.
            Ok(value) if !value.is_str() && takes_only_text(&path) => Value::from(text),
            Ok(value) => value,
            Err(error) if text.starts_with(['"', '\'', '[', '{']) => {
                // The reader's first line says where in the value.
                let message = error.message().trim().replace('\n', ", ");
                return Err(Error::Usage(format!(
                    "{origin}: the value is no TOML: {message}"
                )));
            }
            Err(_) => Value::from(text),
        };
        Ok(Self {
            path,
            value,
            origin,
        })
    }

    /// The key as it is written.
    fn key(&self) -> String {
        let keys: Vec<String> = self
            .path
            .iter()
            .map(|part| Key::new(part).to_string())
            .collect();
        keys.join(".")
    }
}

/// What settings were given, for a message.
pub(crate) fn named(settings: &[Setting]) -> String {
    let origins: Vec<&str> = settings
        .iter()
        .map(|setting| setting.origin.as_str())
        .collect();
    origins.join(", ")
}

/// Whether a key's value can be nothing but a text.
fn takes_only_text(path: &[String]) -> bool {
    let root = schema();
    let schema = path.iter().fold(&root, |table, key| property(table, key));
    let is_text = |schema: &Json| schema["type"] == "string";
    let is_choice = (schema["oneOf"].as_array()).is_some_and(|choices| choices.iter().all(is_text));
    is_text(schema) || is_choice
}

/// Whether a description has such a key.
fn check_key(origin: &str, path: &[String]) -> Result<(), Error> {
    let parts: Vec<&str> = path.iter().map(String::as_str).collect();
    let all = keys::all();
    let is_known = |path: &[&str]| all.iter().any(|known| known.as_slice() == path);
    if is_known(&parts) {
        return Ok(());
    }
    // Below a key whose table may hold any names.
    let root = schema();
    let mut above = (1..parts.len()).rev().map(|length| &parts[..length]);
    if let Some(table) = above.find(|above| is_known(above)) {
        let schema = table.iter().fold(&root, |table, key| property(table, key));
        let forms = schema["anyOf"]
            .as_array()
            .into_iter()
            .flatten()
            .chain([schema]);
        let takes_names = |form: &Json| {
            form["additionalProperties"].is_object() || form["additionalProperties"] == true
        };
        if keys::of(table).is_none() && forms.into_iter().any(takes_names) {
            return Ok(());
        }
    }
    let asked = parts.join(".");
    let closeness = |known: &str| {
        // A key alone, without its section, is close to what it is in any section.
        let alone = known.rsplit('.').next().unwrap_or(known);
        strsim::jaro_winkler(&asked, known).max(strsim::jaro_winkler(&asked, alone) - 0.05)
    };
    let names = all
        .iter()
        .filter(|path| path.len() > 1)
        .map(|path| path.join("."));
    // Of several that are as close, the first of the file counts.
    let closest = (names.rev())
        .map(|name| (closeness(&name), name))
        .filter(|(similarity, _)| *similarity >= SIMILAR)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    let help = match closest {
        Some((_, name)) => format!("did you mean {name}?"),
        None => "`nasbot schema --format example` shows all keys".to_owned(),
    };
    Err(Error::Usage(format!(
        "{origin}: there is no key {asked}; {help}"
    )))
}

/// Puts one value into a document, with its origin beside it where there is room.
fn put_one(document: &mut DocumentMut, setting: &Setting) -> Result<(), Error> {
    let Some((last, above)) = setting.path.split_last() else {
        return Ok(());
    };
    let mut table: &mut dyn TableLike = document.as_table_mut();
    let mut is_inline = false;
    for (depth, part) in above.iter().enumerate() {
        let takes_name = || {
            let above: Vec<&str> = above[..=depth].iter().map(String::as_str).collect();
            keys::of(&above).is_some_and(|keys| keys.contains(&"name"))
        };
        let item = table.entry(part).or_insert_with(|| match depth {
            0 => Item::Table(Table::new()),
            _ => Item::Value(InlineTable::new().into()),
        });
        // What has a name alone gets settings beside it.
        if let Some(name) = item.as_str().filter(|_| takes_name()).map(str::to_owned) {
            let mut named = InlineTable::new();
            named.insert("name", name.into());
            *item = Item::Value(named.into());
        }
        is_inline |= item.is_inline_table();
        table = item.as_table_like_mut().ok_or_else(|| {
            let above = above[..=depth].join(".");
            Error::Usage(format!(
                "{}: {above} is no table in the file",
                setting.origin
            ))
        })?;
    }
    let value = Item::Value(setting.value.clone().decorated(" ", ""));
    match table.get_mut(last) {
        Some(item) => *item = value,
        None => drop(table.insert(last, value)),
    }
    if is_inline {
        table.fmt();
    }
    mark(document, setting);
    Ok(())
}

/// Says where a value was given, at the end of the line that it stands on.
fn mark(document: &mut DocumentMut, setting: &Setting) {
    let mut item = document.as_item_mut();
    for part in &setting.path {
        let Some(inner) = item.get_mut(part.as_str()) else {
            return;
        };
        item = inner;
        if let Some(value) = item.as_value_mut() {
            let suffix = value.decor().suffix().and_then(|suffix| suffix.as_str());
            let before = suffix.map_or_else(String::new, |suffix| suffix.trim_end().to_owned());
            let origin = setting.origin.replace('\n', " ");
            value.decor_mut().set_suffix(format!("{before} # {origin}"));
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# A file.\n[space]\nkind = \"cnn\"   # pictures\n\n[data]\npath = \"a.csv\"\ntask = \"class\"\nsplit = { seed = 1 }\n\n\
                        [training]\noptimiser = \"sgd\"\n\n[budget]\nevaluations = 3\n";

    fn description(text: &str) -> Description {
        Description {
            text: text.to_owned(),
            path: "a.toml".into(),
            folder: "/".into(),
            from_study: None,
            set: Vec::new(),
        }
    }

    fn with(options: &[&str]) -> Result<Description, String> {
        let settings: Result<Vec<Setting>, Error> = options
            .iter()
            .map(|option| Setting::of_option(option))
            .collect();
        let put = settings.and_then(|settings| put(description(TEXT), &settings));
        put.map_err(|error| error.to_string())
    }

    #[test]
    fn values_are_put_where_they_belong_and_the_rest_stays() {
        let merged = with(&[
            "budget.evaluations=30",
            "data.split.train=0.5",
            "training.optimiser.momentum=0.5",
            "workers.timeout=30m",
            "study.name=2024",
            "slurm.additional-parameters.exclude=node7",
        ])
        .unwrap();
        let table: toml::Table = toml::from_str(&merged.text).unwrap();
        let expected: toml::Table = toml::from_str(
            "study = { name = \"2024\" }\nspace = { kind = \"cnn\" }\n\
             data = { path = \"a.csv\", task = \"class\", split = { seed = 1, train = 0.5 } }\n\
             training = { optimiser = { name = \"sgd\", momentum = 0.5 } }\nworkers = { timeout = \"30m\" }\n\
             slurm = { additional-parameters = { exclude = \"node7\" } }\nbudget = { evaluations = 30 }\n",
        )
        .unwrap();
        assert_eq!(table, expected, "{}", merged.text);
        assert!(
            merged
                .text
                .starts_with("# A file.\n[space]\nkind = \"cnn\"   # pictures\n")
        );
        assert!(
            merged
                .text
                .contains("evaluations = 30 # --set budget.evaluations=30\n")
        );
        let split = "split = { seed = 1, train = 0.5 } # --set data.split.train=0.5\n";
        assert!(merged.text.contains(split), "{}", merged.text);
        assert_eq!(merged.set[0], "budget.evaluations=30");
        // What was recorded is given once more, and what is given later takes its place.
        let again = recorded(&merged).unwrap();
        let again = put(description(TEXT), &again).unwrap();
        assert_eq!(
            toml::from_str::<toml::Table>(&again.text).unwrap(),
            expected
        );
        let later = Setting::of_option("budget.evaluations = 40").unwrap();
        let later = put(again, &[later]).unwrap();
        assert_eq!(later.set.len(), merged.set.len());
        assert_eq!(later.set.last().unwrap(), "budget.evaluations=40");
    }

    #[test]
    fn what_is_wrong_with_a_setting_is_said_with_its_option() {
        for (option, expected) in [
            ("training.epocs=3", "did you mean training.epochs?"),
            ("epochs=3", "did you mean training.epochs?"),
            ("zzz=3", "nasbot schema --format example"),
            ("training.epochs", "expected a key, ="),
            ("=3", "expected a key before ="),
            ("data.ignore=[1", "the value is no TOML"),
            ("space.kind.x=1", "there is no key space.kind.x"),
        ] {
            let problem = with(&[option]).unwrap_err();
            let named = format!("--set {option}: ");
            assert!(
                problem.starts_with(&named) && problem.contains(expected),
                "{problem}"
            );
        }
    }
}
