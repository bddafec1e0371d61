//! What a person sees of a running search.

use nasbot::report::line;
use nasbot::session::Observer;
use nasbot::study::{Ledger, Stamped};

use crate::live::Live;
use crate::terminal;

/// Shows events as they come.
pub(crate) enum Reporter {
    /// A display that is redrawn, on a terminal.
    Live(Box<Live>),
    /// A line for each thing that matters, elsewhere.
    Plain,
    /// Nothing.
    Quiet,
}

impl Reporter {
    /// The reporter that suits standard error.
    pub(crate) fn new(quiet: bool) -> Self {
        match (quiet, terminal::interactive()) {
            (true, _) => Self::Quiet,
            (false, true) => Self::Live(Box::new(Live::new())),
            (false, false) => Self::Plain,
        }
    }

    /// Removes what is redrawn.
    pub(crate) fn finish(&mut self) {
        if let Self::Live(live) = self {
            live.finish();
        }
    }
}

impl Observer for Reporter {
    fn event(&mut self, stamped: &Stamped, ledger: &Ledger) {
        match self {
            Self::Live(live) => {
                if let Some(line) = line(stamped, ledger) {
                    live.print(&line);
                }
                live.update(&stamped.event, ledger);
            }
            Self::Plain => {
                if let Some(line) = line(stamped, ledger) {
                    terminal::say(&line);
                }
            }
            Self::Quiet => {}
        }
    }

    fn note(&mut self, text: &str) {
        let text = format!("nasbot: {text}");
        match self {
            Self::Live(live) => live.print(&text),
            Self::Plain | Self::Quiet => terminal::say(&text),
        }
    }
}
