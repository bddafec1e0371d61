//! `nasbot schema`: every key of a search description, for editors and for people.

use crate::cli::{SchemaArgs, SchemaFormat};
use crate::config;
use crate::error::Error;
use crate::terminal;

pub(crate) fn run(args: &SchemaArgs) -> Result<(), Error> {
    let text = match args.format {
        SchemaFormat::Json => format!("{:#}", config::schema()),
        SchemaFormat::Example => config::example(),
        SchemaFormat::Markdown => config::page(),
    };
    terminal::print(text.trim_end())
}
