//! Where data stand: files, and columns within them.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// One path or several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum OneOrMany {
    /// One.
    One(PathBuf),
    /// Several, read one after the other.
    Many(Vec<PathBuf>),
}

impl OneOrMany {
    /// The paths.
    #[must_use]
    pub fn as_slice(&self) -> &[PathBuf] {
        match self {
            Self::One(path) => std::slice::from_ref(path),
            Self::Many(paths) => paths,
        }
    }

    /// Makes relative paths relative to `base`.
    pub(super) fn resolve(&mut self, base: &Path) {
        match self {
            Self::One(path) => *path = base.join(&*path),
            Self::Many(paths) => paths.iter_mut().for_each(|path| *path = base.join(&*path)),
        }
    }
}

impl From<PathBuf> for OneOrMany {
    fn from(path: PathBuf) -> Self {
        Self::One(path)
    }
}

/// A column of a table, by number or by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum Column {
    /// From 0; negative numbers count from the end, −1 is the last.
    Number(i64),
    /// A name of the header, or `first` or `last`.
    Name(String),
}

impl From<&str> for Column {
    /// A number, or else a name.
    fn from(text: &str) -> Self {
        match text.parse() {
            Ok(number) => Self::Number(number),
            Err(_) => Self::Name(text.to_owned()),
        }
    }
}

impl Default for Column {
    fn default() -> Self {
        Self::Name("last".into())
    }
}
