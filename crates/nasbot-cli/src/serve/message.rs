//! What is asked and what is answered.

use std::sync::Arc;

/// A request.
#[derive(Debug, Default)]
pub(super) struct Request {
    /// Whether only the head of the answer is wanted.
    pub(super) is_head: bool,
    /// Its path, without the query; as it was sent.
    pub(super) path: String,
    /// What stands behind the question mark.
    pub(super) query: String,
    pub(super) host: Option<String>,
    pub(super) cookies: Vec<String>,
    pub(super) authorization: Option<String>,
}

/// An answer.
#[derive(Debug)]
pub(super) enum Answer {
    /// A text.
    Text {
        status: &'static str,
        kind: &'static str,
        /// Further headers, each with its line's end.
        more: String,
        text: Arc<str>,
    },
    /// Events, from the study of this name, or from all.
    Events(Option<String>),
}
