//! From where networks are proposed while a search runs.

use std::path::PathBuf;
use std::time::Duration;

/// From where networks are proposed: by a file, by a command, or by neither.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposals {
    /// A file with networks, read whenever a search begins or goes on.
    pub file: Option<PathBuf>,
    /// A program and its arguments; empty for none. It reads the study so far as JSON on its standard input, and prints networks.
    pub command: Vec<String>,
    /// The folder that it runs in.
    pub folder: PathBuf,
    /// It runs whenever this many evaluations have come to their end.
    pub every: u64,
    /// The longest that it may run.
    pub timeout: Duration,
}

impl Default for Proposals {
    fn default() -> Self {
        Self {
            file: None,
            command: Vec::new(),
            folder: PathBuf::new(),
            every: 10,
            timeout: Duration::from_secs(60),
        }
    }
}
