//! `nasbot schema`: every key of a search description, for editors and for people.

use crate::cli::SchemaArgs;
use crate::config;
use crate::error::Error;
use crate::terminal;

pub(crate) fn run(args: &SchemaArgs) -> Result<(), Error> {
    let _ = args;
    let text = serde_json::to_string_pretty(&config::schema()).unwrap_or_default();
    terminal::print(&text)
}
