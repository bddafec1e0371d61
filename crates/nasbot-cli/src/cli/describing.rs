//! The arguments of the commands that help to write a description.

use clap::{Args, ValueEnum};

/// Print every key of a search description: its meaning, type, default and allowed values.
///
/// The JSON Schema is what editors check TOML files against while they are typed. The same is printed as a commented example to
/// start from, and as the page docs/configuration.md.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  nasbot schema > nasbot.schema.json            the JSON Schema
  nasbot schema --format example > my.toml      every key, commented
  nasbot schema --format markdown | less        the reference page

A first line `#:schema ./nasbot.schema.json` lets editors with Taplo (Even Better TOML) use it.")]
pub(crate) struct SchemaArgs {
    /// How to print.
    #[arg(long, value_enum, default_value = "json")]
    pub(crate) format: SchemaFormat,
}

/// How the keys of a description are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemaFormat {
    /// A JSON Schema (draft 2020-12).
    Json,
    /// A commented TOML file.
    Example,
    /// A page for people.
    Markdown,
}
