//! What is in a data set, for a person and for a program.

use nn_train::data::{CellEncoding, Contents, Input, InputShape, PreparedColumn, Sizes};
use serde::Serialize;

use super::text::{clean_line, counted, grouped, json, number, table};
use crate::error::Error;

/// Columns, and classes, that are listed for a person; of more, only how many there are.
const LISTED: usize = 40;

/// Words of a column that are listed.
const WORDS: usize = 6;

/// The contents as a table.
pub fn contents(contents: &Contents) -> String {
    let [train, validation, test] = contents.parts.map(|part| grouped(part as u64));
    let rows: usize = contents.parts.iter().sum();
    let inputs = match (&contents.sizes, contents.shape) {
        (Some(sizes), _) => several(sizes),
        (None, InputShape::Image(i)) => format!(
            "images of {} × {} × {} (channels, height, width)",
            i.channels, i.height, i.width
        ),
        (None, InputShape::Features(n)) => format!("{} each", counted(n as usize, "number")),
    };
    let mut out = format!(
        "  {} examples: {train} to train on, {validation} to choose by, {test} to test on\n  inputs: {inputs}\n",
        grouped(rows as u64)
    );
    if !contents.classes.is_empty() {
        let classes: Vec<String> = (contents.classes.iter().take(LISTED))
            .map(|(name, count)| format!("{} ({})", clean_line(name), grouped(*count as u64)))
            .collect();
        let more = more(contents.classes.len());
        out += &format!(
            "  {} classes: {}{more}\n",
            contents.classes.len(),
            classes.join(", ")
        );
    }
    let columns = columns(contents);
    if !columns.is_empty() {
        let heading = ["  column", "holds", "becomes"].map(str::to_owned).to_vec();
        let listed = columns.iter().take(LISTED).map(|column| {
            vec![
                format!("  {}", clean_line(&column.name)),
                column.kind.name().to_owned(),
                encoding(&column.encoding),
            ]
        });
        let rows: Vec<Vec<String>> = std::iter::once(heading).chain(listed).collect();
        out += table(&rows, &[]).trim_end();
        out.push('\n');
        if columns.len() > LISTED {
            out += &format!("  and {} more columns\n", columns.len() - LISTED);
        }
    }
    for line in remarks(contents) {
        out += &format!("  {}\n", clean_line(&line));
    }
    out
}

/// The range of sizes of pictures.
fn several(sizes: &Sizes) -> String {
    let range = |[least, most]: [u32; 2]| match least == most {
        true => grouped(least.into()),
        false => format!("{} to {}", grouped(least.into()), grouped(most.into())),
    };
    format!(
        "pictures{} of several sizes, {} pixels high and {} wide: a search takes them with image = [{}, height, width], and all are scaled to that",
        if sizes.channels == 3 {
            " in colour"
        } else {
            ""
        },
        range(sizes.heights),
        range(sizes.widths),
        sizes.channels
    )
}

/// What a person should know of a data set before a search: columns that are left out, and how its files were read.
pub fn remarks(contents: &Contents) -> Vec<String> {
    let preparation = contents.preparation.iter();
    let left_out = preparation.flat_map(|preparation| preparation.left_out());
    left_out
        .map(|column| format!("column '{}' is left out: it {}", column.name, column.reason))
        .chain(contents.notes.iter().cloned())
        .collect()
}

/// The contents as JSON on one line.
///
/// # Errors
///
/// A figure is not finite.
pub fn contents_json(contents: &Contents) -> Result<String, Error> {
    json(&Figures::new(contents))
}

/// The contents, for programs.
#[derive(Debug, Serialize)]
pub struct Figures<'a> {
    examples: usize,
    train: usize,
    validation: usize,
    test: usize,
    /// None where pictures have several sizes.
    inputs: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sizes: Option<&'a Sizes>,
    classes: Vec<Class<'a>>,
    columns: &'a [PreparedColumn],
    left_out: Vec<Left<'a>>,
    notes: &'a [String],
}

#[derive(Debug, Serialize)]
struct Class<'a> {
    name: &'a str,
    examples: usize,
}

#[derive(Debug, Serialize)]
struct Left<'a> {
    name: &'a str,
    reason: &'a str,
}

impl<'a> Figures<'a> {
    /// The figures of a data set.
    pub fn new(contents: &'a Contents) -> Self {
        let [train, validation, test] = contents.parts;
        let left_out = (contents.preparation.iter()).flat_map(|preparation| preparation.left_out());
        Self {
            examples: train + validation + test,
            train,
            validation,
            test,
            inputs: contents.sizes.is_none().then(|| contents.shape.len()),
            sizes: contents.sizes.as_ref(),
            classes: (contents.classes.iter())
                .map(|(name, examples)| Class {
                    name,
                    examples: *examples,
                })
                .collect(),
            columns: columns(contents),
            left_out: left_out
                .map(|column| Left {
                    name: &column.name,
                    reason: &column.reason,
                })
                .collect(),
            notes: &contents.notes,
        }
    }
}

fn columns(contents: &Contents) -> &[PreparedColumn] {
    match contents
        .preparation
        .as_ref()
        .map(|preparation| &preparation.input)
    {
        Some(Input::Table { columns, .. }) => columns,
        _ => &[],
    }
}

fn encoding(encoding: &CellEncoding) -> String {
    let (what, others, gaps) = match encoding {
        CellEncoding::Number {
            mean,
            std,
            limit,
            marks_gaps,
        } => (
            match limit {
                None => format!(
                    "a number, mean {}, deviation {}",
                    number(*mean),
                    number(*std)
                ),
                Some(limit) => format!(
                    "a number, median {}, scaled by {} and bent to stay within {limit} (heavy tails)",
                    number(*mean),
                    number(*std)
                ),
            },
            false,
            *marks_gaps,
        ),
        CellEncoding::Words {
            words,
            marks_others,
            marks_gaps,
        } => {
            let told: Vec<String> = words
                .iter()
                .take(WORDS)
                .map(|word| format!("'{}'", clean_line(word)))
                .collect();
            let more = if words.len() > WORDS {
                format!(" and {} more", words.len() - WORDS)
            } else {
                String::new()
            };
            (
                format!("one input each: {}{more}", told.join(", ")),
                *marks_others,
                *marks_gaps,
            )
        }
        _ => (String::new(), false, false),
    };
    let others = if others { "; other words" } else { "" };
    let gaps = if gaps { "; gaps" } else { "" };
    format!("{what}{others}{gaps}")
}

fn more(count: usize) -> String {
    match count.saturating_sub(LISTED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    }
}
