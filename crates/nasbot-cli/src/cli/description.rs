//! The arguments of the commands that help to write a description.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::TaskName;

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

/// Write a short description of a search: a commented TOML file that `nasbot search` takes.
///
/// The data are looked at: what kind they are, what is predicted, which networks go with them. What is not given and does not
/// follow from them is asked for on a terminal. A file that exists is left alone.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  nasbot init                                               asks what it needs to know
  nasbot init --data patients.csv --label outcome -o patients.toml
  nasbot init --data pictures/ --evaluations 50             a folder with a folder of pictures for each class
  nasbot init --data x.npy --labels y.npy --task reg")]
pub(crate) struct InitArgs {
    /// The data: a table (CSV, Parquet), an array (npy, npz, IDX, CIFAR), or a folder with a folder of pictures for each class.
    #[arg(long, value_name = "PATH")]
    pub(crate) data: Option<PathBuf>,
    /// Whether classes or numbers are predicted [default: told from the labels].
    #[arg(long, value_enum)]
    pub(crate) task: Option<TaskName>,
    /// The kind of networks: cnn, mlp-class or mlp-reg [default: what goes with the data].
    #[arg(long, value_name = "KIND")]
    pub(crate) kind: Option<String>,
    /// Of a table: the column that is predicted, by name or by number from 0 [default: the last].
    #[arg(long, value_name = "COLUMN", allow_negative_numbers = true)]
    pub(crate) label: Option<String>,
    /// Of arrays: the file of the labels.
    #[arg(long, value_name = "FILE")]
    pub(crate) labels: Option<PathBuf>,
    /// How many networks are trained [default: 30].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) evaluations: Option<u64>,
    /// The file that is written.
    #[arg(long, short, value_name = "FILE", default_value = "search.toml")]
    pub(crate) output: PathBuf,
    /// Replace the file if it exists.
    #[arg(long)]
    pub(crate) force: bool,
}
