//! Errors in a TOML file, shown with the line and a caret.

use std::fmt;
use std::ops::Range;

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, NamedSource, SourceSpan};

use crate::terminal;
use nasbot::report::clean;
use nasbot::settings::Description;

/// Keys closer than this (Jaro–Winkler) are offered as what was meant.
const SIMILAR: f64 = 0.75;

/// What is wrong with a description: at least one error.
#[derive(Debug)]
pub(crate) struct ConfigErrors(Vec<ConfigError>);

/// One thing that is wrong with a description.
#[derive(Debug, thiserror::Error, Diagnostic)]
#[error("{message}")]
struct ConfigError {
    message: String,
    #[help]
    help: Option<String>,
    #[source_code]
    text: NamedSource<String>,
    #[label("here")]
    span: Option<SourceSpan>,
}

/// Collects what is wrong with one description.
pub(super) struct Problems<'a> {
    source: &'a Description,
    found: Vec<ConfigError>,
}

impl<'a> Problems<'a> {
    pub(super) fn new(source: &'a Description) -> Self {
        let found = Vec::new();
        Self { source, found }
    }

    /// Notes that the value at `path` (such as `space.max-layers`) is wrong.
    pub(super) fn add(&mut self, path: &str, message: impl Into<String>, help: &str) {
        let span = locate(&self.source.text, path);
        self.push(
            message.into(),
            (!help.is_empty()).then(|| help.into()),
            span,
        );
    }

    /// As [`Problems::add`], unless something is wrong already, which may well be the cause.
    pub(super) fn add_first(&mut self, path: &str, message: impl Into<String>, help: &str) {
        if self.found.is_empty() {
            self.add(path, message, help);
        }
    }

    /// Whether the description gives a value at `path`.
    pub(super) fn has(&self, path: &str) -> bool {
        toml::from_str::<toml::Table>(&self.source.text).is_ok_and(|table| {
            let mut parts = path.split('.');
            let first = parts.next().and_then(|part| table.get(part));
            parts.fold(first, |value, part| value?.get(part)).is_some()
        })
    }

    /// Notes what the TOML reader says.
    pub(super) fn add_toml(&mut self, error: &toml::de::Error) {
        let (message, help) = explain(error.message());
        self.push(message, help, error.span());
    }

    /// `value` if nothing is wrong; the errors otherwise, in the order of their places in the file.
    pub(super) fn finish<T>(mut self, value: Option<T>) -> Result<T, ConfigErrors> {
        match value {
            Some(value) if self.found.is_empty() => Ok(value),
            _ => {
                // Those that no line causes come last.
                let place =
                    |error: &ConfigError| (error.span).map_or(usize::MAX, |span| span.offset());
                self.found.sort_by_key(place);
                Err(ConfigErrors(self.found))
            }
        }
    }

    fn push(&mut self, message: String, help: Option<String>, span: Option<Range<usize>>) {
        let name = clean(&self.source.path.display().to_string());
        self.found.push(ConfigError {
            message: clean(&message),
            help: help.map(|help| clean(&help)),
            text: NamedSource::new(name, visible(&self.source.text)),
            span: span.map(SourceSpan::from),
        });
    }
}

impl ConfigErrors {
    /// The errors for a person, each with its line and a caret.
    pub(crate) fn render(&self) -> String {
        self.0.iter().map(|error| render(error)).collect()
    }
}

/// An error for a person, with its line and a caret.
pub(crate) fn render(error: &dyn Diagnostic) -> String {
    let theme = if terminal::colours() {
        GraphicalTheme::unicode()
    } else {
        GraphicalTheme::unicode_nocolor()
    };
    let handler = GraphicalReportHandler::new_themed(theme).with_wrap_lines(false);
    let mut out = String::new();
    // Writing to a string can't fail.
    let _ = handler.render_report(&mut out, error);
    out
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, error) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str("; ")?;
            }
            write!(f, "{}", error.text.name())?;
            if let Some(span) = error.span {
                let line = error.text.inner()[..span.offset()].matches('\n').count() + 1;
                write!(f, ", line {line}")?;
            }
            write!(f, ": {}", error.message)?;
        }
        Ok(())
    }
}

/// A text whose control characters cannot command a terminal: question marks in their place, as many as they have bytes, so
/// that places in it stay what they are.
pub(crate) fn visible(text: &str) -> String {
    let show = |c: char| match clean(c.encode_utf8(&mut [0; 4])).starts_with(c) {
        true => c.to_string(),
        false => "?".repeat(c.len_utf8()),
    };
    text.chars().map(show).collect()
}

/// Where the value at a dotted path stands; its nearest section if the value itself is absent.
fn locate(text: &str, path: &str) -> Option<Range<usize>> {
    let document = toml::de::DeTable::parse(text).ok()?;
    let mut table = document.get_ref();
    let mut found = None;
    for part in path.split('.') {
        let Some((key, value)) = table.iter().find(|(key, _)| key.get_ref() == part) else {
            break;
        };
        found = Some(value.span());
        match value.get_ref().as_table() {
            Some(inner) => {
                // A section's own span is that of its keys: its header says more.
                found = Some(key.span());
                table = inner;
            }
            None => break,
        }
    }
    found
}

/// The message of the TOML reader in plain words, and what to do.
fn explain(message: &str) -> (String, Option<String>) {
    let message = plainer(message);
    if message.starts_with("missing key or section") {
        let help = "`nasbot init` writes a file with all that is needed, `nasbot schema --format example` shows every key";
        return (message, Some(help.to_owned()));
    }
    match message.split_once(", expected one of ") {
        Some((unknown, known)) => {
            let help = closest(unknown, known).map_or_else(
                || format!("known are {}", known.replace('`', "")),
                |name| format!("did you mean `{name}`?"),
            );
            (unknown.to_owned(), Some(help))
        }
        None => (message, None),
    }
}

/// What the reader of JSON says, in plain words and with the name that was probably meant: `unknown key `layer` at line 1 column 9
/// (did you mean `layers`?)`.
pub(crate) fn in_plain_words(message: &str) -> String {
    let message = plainer(message).replace("missing key or section", "missing key");
    let (message, place) = match message.rsplit_once(" at line ") {
        Some((message, place)) => (message, format!(" at line {place}")),
        None => (message.as_str(), String::new()),
    };
    let Some((unknown, known)) = message.split_once(", expected one of ") else {
        return format!("{message}{place}");
    };
    match closest(unknown, known) {
        Some(name) => format!("{unknown}{place} (did you mean `{name}`?)"),
        None => format!("{unknown}{place} (known are {known})"),
    }
}

/// A message without names of Rust types.
fn plainer(message: &str) -> String {
    let mut out = message.trim_end().to_owned();
    for (rust, plain) in [
        ("expected u64", "expected a whole number of at least 0"),
        ("expected usize", "expected a whole number of at least 0"),
        ("expected u32", "expected a whole number of at least 0"),
        ("expected i64", "expected a whole number"),
        ("expected f64", "expected a number"),
        ("expected a boolean", "expected true or false"),
        ("unknown field", "unknown key"),
        ("unknown variant", "unknown value"),
        ("missing field", "missing key or section"),
        ("EOF while parsing", "the text ends inside"),
    ] {
        out = out.replace(rust, plain);
    }
    out
}

/// The known name that is closest to an unknown one, if one is close; names stand in backticks.
fn closest<'a>(unknown: &str, known: &'a str) -> Option<&'a str> {
    let unknown = unknown.split('`').nth(1)?;
    (known.split('`').skip(1).step_by(2))
        .map(|name| (strsim::jaro_winkler(unknown, name), name))
        .filter(|&(similarity, _)| similarity >= SIMILAR)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}
