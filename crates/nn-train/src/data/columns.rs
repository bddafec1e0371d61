//! What a column of a text table holds.

use serde::{Deserialize, Serialize};

/// What the cells of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Kind {
    /// Numbers.
    Number,
    /// `true` and `false`, `yes` and `no`: 1 and 0.
    Boolean,
    /// Dates, with or without a time: days since 1970-01-01, in UTC where they say a zone.
    Date,
    /// Words of which each is a category: their places among the column's words, from 0.
    Text,
}

impl Kind {
    /// The name used in messages: what one cell is.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Date => "date",
            Self::Text => "text",
        }
    }
}

/// A column of inputs as it was read. A gap is a number that is none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawColumn {
    /// As in the header, or the column's number from 0.
    pub(super) name: String,
    pub(super) kind: Kind,
    /// The words of a text column, in the order in which they came.
    pub(super) words: Vec<String>,
    /// Why the column is of no use to a network, if it is known already.
    pub(super) useless: Option<String>,
}

impl RawColumn {
    /// Numbers under a name.
    pub(super) fn number(name: String) -> Self {
        Self {
            name,
            kind: Kind::Number,
            words: Vec::new(),
            useless: None,
        }
    }
}

/// Where the columns of a text table stand.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Layout {
    /// Number of columns in the file.
    pub(super) count: usize,
    /// The names in the file's first row, if it has some.
    pub(super) header: Option<Vec<String>>,
    /// The target; a table to predict for may have none.
    pub(super) label: Option<usize>,
    /// What the split goes by, if it goes by a column.
    pub(super) mark: Option<usize>,
    /// What each example counts for in a training, if a column says it.
    pub(super) weight: Option<usize>,
    /// The inputs, in the order of the main file.
    pub(super) inputs: Vec<usize>,
    /// Those whose cells are categories whatever they look like.
    pub(super) categories: Vec<usize>,
}

impl Layout {
    /// That of no column.
    pub(super) fn empty() -> Self {
        Self {
            count: 0,
            header: None,
            label: None,
            mark: None,
            weight: None,
            inputs: Vec::new(),
            categories: Vec::new(),
        }
    }

    /// Whether the cells of an input are categories whatever they look like.
    pub(super) fn is_category(&self, input: usize) -> bool {
        self.categories.contains(&self.inputs[input])
    }

    /// The name of a column, or its number from 0.
    pub(super) fn name(&self, column: usize) -> String {
        let named = self.header.as_ref().map(|names| names[column].clone());
        named.unwrap_or_else(|| column.to_string())
    }
}

/// What is known of a text table besides its numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Described {
    pub(super) layout: Layout,
    /// The inputs.
    pub(super) columns: Vec<RawColumn>,
    /// What a person should know of how the file was read.
    pub(super) notes: Vec<String>,
    /// The names of inputs that number the rows.
    #[serde(default)]
    pub(super) numbering: Vec<String>,
}

impl Described {
    /// A table to predict for: of its columns, `columns` are those that the training data had.
    pub(super) fn to_predict(columns: Vec<RawColumn>) -> Self {
        let places: Option<Vec<usize>> = (columns.iter())
            .map(|column| column.name.parse().ok())
            .collect();
        let layout = match places {
            // Without names, columns are known by their places.
            Some(places) => Layout {
                count: places.iter().max().map_or(0, |last| last + 1),
                inputs: places,
                ..Layout::empty()
            },
            None => Layout {
                count: columns.len(),
                header: Some(columns.iter().map(|column| column.name.clone()).collect()),
                inputs: (0..columns.len()).collect(),
                ..Layout::empty()
            },
        };
        Self {
            layout,
            columns,
            notes: Vec::new(),
            numbering: Vec::new(),
        }
    }
}
