//! What the terminal can do: colours, width, and whether there is one at all.

use std::borrow::Cow;
use std::env;
use std::io::{self, IsTerminal as _, Write as _};

use crate::error::Error;

/// Whether standard error is a terminal on which a display can be redrawn.
pub(crate) fn interactive() -> bool {
    io::stderr().is_terminal() && env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// Whether standard error takes colours: a terminal, and `NO_COLOR` not set (<https://no-color.org>).
pub(crate) fn colours() -> bool {
    interactive() && env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// How many columns standard output has, if it is a terminal.
pub(crate) fn width() -> Option<usize> {
    let terminal = console::Term::stdout();
    let (_, columns) = terminal.size_checked()?;
    terminal.is_term().then_some(columns.into())
}

/// A line cut at a width, with a sign that it was.
pub(crate) fn cut(line: &str, width: Option<usize>) -> Cow<'_, str> {
    match width {
        Some(width) => console::truncate_str(line, width, "…"),
        None => line.into(),
    }
}

/// Prints one result to standard output, with a line break.
///
/// # Errors
/// [`Error::OutputClosed`] once the reader is gone (`| head`).
pub(crate) fn print(line: &str) -> Result<(), Error> {
    writeln!(io::stdout().lock(), "{line}").map_err(output)
}

/// Writes what is no text to standard output.
///
/// # Errors
/// As [`print`].
pub(crate) fn write(bytes: &[u8]) -> Result<(), Error> {
    io::stdout().lock().write_all(bytes).map_err(output)
}

/// Makes sure that everything printed has left.
pub(crate) fn flush() -> Result<(), Error> {
    io::stdout().lock().flush().map_err(output)
}

fn output(source: io::Error) -> Error {
    if source.kind() == io::ErrorKind::BrokenPipe {
        Error::OutputClosed
    } else {
        Error::Write {
            path: "standard output".into(),
            source,
        }
    }
}

/// Prints a line for the person to standard error. A closed standard error changes nothing.
pub(crate) fn say(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}
