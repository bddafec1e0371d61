//! The HTML: a frame, and in it our style, our script and the data as JSON.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minijinja::value::Serde;
use minijinja::{Environment, Value, context};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::data::StudyData;
use crate::error::Error;
use crate::report::json;

const FRAME: &str = include_str!("assets/page.html");
const LIST: &str = include_str!("assets/list.html");
const STYLE: &str = include_str!("assets/page.css");
/// The script, in the order of its parts.
const SCRIPT: &str = concat!(
    "'use strict';\n(() => {\n",
    include_str!("assets/base.js"),
    include_str!("assets/chart.js"),
    include_str!("assets/network.js"),
    include_str!("assets/search.js"),
    include_str!("assets/front.js"),
    include_str!("assets/networks.js"),
    include_str!("assets/main.js"),
    "})();\n"
);
/// What keeps a list of studies up to date.
const LIST_SCRIPT: &str = include_str!("assets/list.js");

/// What a page holds.
#[derive(Clone, Debug, Serialize)]
pub struct Page<'a> {
    /// The version of nasbot that writes it.
    version: &'static str,
    /// The date, in seconds since 1970.
    written: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    live: Option<Live>,
    studies: &'a [StudyData],
}

/// Where a page that is kept up to date asks a server.
#[derive(Clone, Debug, Serialize)]
pub struct Live {
    /// Tells that there is something new.
    pub events: String,
    /// The data of the study.
    pub data: String,
    /// The map of its networks.
    pub map: String,
    /// One evaluation, by its number in the place of `{}`.
    pub evaluation: String,
    /// The list of studies that it belongs to, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub list: Option<String>,
}

impl<'a> Page<'a> {
    /// A page of these studies; `written` is the date, in seconds since 1970.
    #[must_use]
    pub fn new(studies: &'a [StudyData], written: f64, live: Option<Live>) -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION"),
            written,
            live,
            studies,
        }
    }
}

/// The page as HTML that needs nothing else.
///
/// # Errors
///
/// A figure cannot be written as JSON.
pub fn html(page: &Page<'_>) -> Result<String, Error> {
    let names: Vec<&str> = page
        .studies
        .iter()
        .map(|study| study.name.as_str())
        .collect();
    let title = match names.as_slice() {
        [one] => (*one).to_owned(),
        all => format!("{} studies", all.len()),
    };
    let plain: Vec<_> = (page.studies.iter())
        .map(|study| {
            let rows = Value::from(Serde(study.summary_rows()));
            context! { name => study.name.as_str(), rows }
        })
        .collect();
    let connect = if page.live.is_some() {
        "'self'"
    } else {
        "'none'"
    };
    let context = context! {
        title,
        policy => policy(SCRIPT, connect),
        style => Value::from_safe_string(STYLE.to_owned()),
        script => Value::from_safe_string(SCRIPT.to_owned()),
        data => Value::from_safe_string(embedded(&json(page)?)),
        studies => plain,
    };
    render(FRAME, context)
}

/// A study in a list.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// The address of its page.
    pub address: String,
    /// Its name.
    pub name: String,
    /// Where it stands, or why it cannot be read.
    pub state: String,
    /// Evaluations and the budget.
    pub evaluations: String,
    /// Evaluations that failed.
    pub failed: usize,
    /// The best score in words.
    pub best: Option<String>,
}

impl Row {
    /// A study whose page is at `address`.
    #[must_use]
    pub fn new(address: String, name: String, study: &StudyData) -> Self {
        Self {
            address,
            name,
            state: study.state.to_owned(),
            evaluations: format!("{} of {}", study.evaluations, study.budget),
            failed: study.failed,
            best: study.best_text.clone(),
        }
    }
}

/// A list of the studies in a folder; the address `events` tells that something is new.
///
/// # Errors
///
/// As [`html`].
pub fn list(folder: &str, rows: &[Row], events: &str) -> Result<String, Error> {
    let context = context! {
        folder,
        rows => Value::from(Serde(rows)),
        events,
        policy => policy(LIST_SCRIPT, "'self'"),
        style => Value::from_safe_string(STYLE.to_owned()),
        script => Value::from_safe_string(LIST_SCRIPT.to_owned()),
    };
    render(LIST, context)
}

fn render(template: &str, context: Value) -> Result<String, Error> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::Html);
    let rendered = environment.render_str(template, context);
    rendered.map_err(|error| Error::Page {
        message: error.to_string(),
    })
}

/// What the page may do: run this one script, use this one style, and connect to nothing or to its own server.
fn policy(script: &str, connect: &str) -> String {
    let hash = |text: &str| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)));
    format!(
        "default-src 'none'; script-src {}; style-src {}; connect-src {connect}; img-src data:; base-uri 'none'; form-action 'none'",
        hash(script),
        hash(STYLE)
    )
}

/// JSON as it may stand inside a script element: no character that HTML gives a meaning to.
fn embedded(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for letter in json.chars() {
        match letter {
            // These stand in strings only, where an escape means the same.
            '<' => out.push_str("\\u003c"),
            '>' => out.push_str("\\u003e"),
            '&' => out.push_str("\\u0026"),
            '\u{2028}' => out.push_str("\\u2028"),
            '\u{2029}' => out.push_str("\\u2029"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_inside_a_script_is_the_same_json_and_ends_no_script() {
        let hostile = "</script><!--<script>alert('&amp;')//\u{2028}]]>";
        let text = json(&hostile).unwrap();
        let safe = embedded(&text);
        assert!(!safe.contains(['<', '>', '&', '\u{2028}']));
        assert_eq!(serde_json::from_str::<String>(&safe).unwrap(), hostile);
    }

    #[test]
    fn a_page_of_nothing_is_a_page() {
        let page = html(&Page::new(&[], 0.0, None)).unwrap();
        assert!(page.starts_with("<!doctype html>"), "{page}");
        assert!(
            page.contains("connect-src &#x27;none&#x27;"),
            "the policy is escaped"
        );
    }
}
