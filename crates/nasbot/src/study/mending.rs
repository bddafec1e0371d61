//! What was changed in the description of a study while it went on.

use serde::{Deserialize, Serialize};

/// A key of a description whose value is another one now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The key with its section, such as `data.path`.
    pub key: String,
    /// Its value as TOML before; absent where the key was not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Its value as TOML now; absent where the key is not given any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

/// What was changed at once, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mending {
    /// Evaluations that were over by then.
    pub evaluations: u64,
    /// In the order of the keys.
    pub changes: Vec<Change>,
}
