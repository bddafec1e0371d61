//! Questions on a terminal, each with what an empty answer stands for.

use std::io::{self, IsTerminal as _, Write as _};

use crate::error::Error;

/// Asks, where there is a terminal.
pub(super) struct Asker {
    is_terminal: bool,
}

impl Asker {
    /// Asks on standard error and reads standard input, if both are terminals.
    pub(super) fn new() -> Self {
        Self {
            is_terminal: io::stdin().is_terminal() && io::stderr().is_terminal(),
        }
    }

    /// The answer to a question; the default for an empty one, and where nothing can be asked.
    ///
    /// # Errors
    /// Standard input can't be read.
    pub(super) fn text(
        &self,
        question: &str,
        default: Option<&str>,
    ) -> Result<Option<String>, Error> {
        let usual = default.map(str::to_owned);
        if !self.is_terminal {
            return Ok(usual);
        }
        loop {
            let shown = default.map_or_else(String::new, |default| format!(" [{default}]"));
            let mut terminal = io::stderr().lock();
            // A question that can't be shown can still be answered.
            let _ = write!(terminal, "{question}{shown} ").and_then(|()| terminal.flush());
            let mut answer = String::new();
            let read = io::stdin().read_line(&mut answer);
            let length = read.map_err(Error::read("standard input".as_ref()))?;
            match answer.trim() {
                "" if length == 0 || usual.is_some() => return Ok(usual),
                "" => {}
                answer => return Ok(Some(answer.to_owned())),
            }
        }
    }

    /// A whole number of at least 1.
    ///
    /// # Errors
    /// As [`Asker::text`].
    pub(super) fn number(&self, question: &str, default: u64) -> Result<u64, Error> {
        loop {
            let answer = self.text(question, Some(&default.to_string()))?;
            match answer.map_or(Ok(default), |answer| answer.parse()) {
                Ok(number) if number > 0 => return Ok(number),
                _ => crate::terminal::say("It is a whole number of at least 1."),
            }
        }
    }
}
