//! What is typed about how a running search reports.

use clap::{Args, ValueEnum};

/// How a running search reports.
#[derive(Debug, Args)]
pub(crate) struct RunOutput {
    /// How the result is printed.
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: RunFormat,
    /// No progress display.
    #[arg(long, short)]
    pub(crate) quiet: bool,
    /// Tell every step: each suggestion with where it came from, each start, each epoch.
    #[arg(long, short, conflicts_with = "quiet")]
    pub(crate) verbose: bool,
}

/// How the result of a search is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RunFormat {
    /// For a person.
    #[value(alias = "table")]
    Text,
    /// The summary at the end, as one JSON object.
    Json,
    /// Every event as it happens, one JSON object a line, and the summary last.
    Jsonl,
}
