//! The commands that look at data, or predict for them.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use nn_train::data::Task;

use super::{Format, SetArgs};

/// What a network is made of, or what is in a file with data.
///
/// Of a network: layers, masses, path lengths, degrees. Of data: how many examples there are, the classes and how many examples
/// each has, the columns with what they hold and what becomes of them, and what is left out and why.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  nasbot inspect net.json                     a table
  nasbot inspect net.json --format json       one JSON object
  nasbot inspect a.json b.json --format json  one object a line
  cat nets.jsonl | nasbot inspect - --format json
  nasbot inspect patients.csv --label outcome  a table's columns
  nasbot inspect pictures/                     a folder with a folder of pictures for each class

Layers come in topological order. The JSON is
{\"layers\":[labels],\"masses\":[…],\"total_mass\":…,\"to_input\":{\"all-shortest\":[…],…},
\"to_output\":{…},\"in_degrees\":[…],\"out_degrees\":[…]}.")]
pub(crate) struct InspectArgs {
    /// Networks (JSON), or data (CSV, Parquet, npy, npz, IDX, a folder of pictures); - reads networks from standard input, one a line.
    #[arg(required = true)]
    pub(crate) networks: Vec<PathBuf>,
    /// Of a table: the column of the label, by name or by number from 0 [default: the last].
    #[arg(long, value_name = "COLUMN", allow_negative_numbers = true)]
    pub(crate) label: Option<String>,
    /// Of arrays: the file of the labels.
    #[arg(long, value_name = "FILE")]
    pub(crate) labels: Option<PathBuf>,
    /// Of data: whether classes or numbers are to be predicted [default: told from the labels].
    #[arg(long, value_enum)]
    pub(crate) task: Option<TaskName>,
    /// How to print.
    #[arg(long, value_enum, default_value = "table")]
    pub(crate) format: Format,
}

/// What a trained network says of raw rows or pictures.
///
/// A line of CSV for each: the class and the probability of every class, or the value in the units of the target. Columns of a
/// table are found by their names, in any order; others, such as the label, are passed over. Pictures are scaled to the size of
/// those that were trained on; those of a folder come in the order of their names, which stand first in each line.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  nasbot predict patients.trained new.csv -o predicted.csv
  nasbot predict patients.nasbot.db new.csv          what the search's last training left, in patients.nasbot.out
  nasbot predict flowers.trained pictures/           all pictures in a folder
  nasbot predict digits.trained new.npy              an array, if it was trained on one")]
pub(crate) struct PredictArgs {
    /// The model: a folder that `nasbot train` or a search wrote, a study, or a file of weights (safetensors).
    pub(crate) model: PathBuf,
    /// A text table or Parquet file with the columns that the network was trained on, an array of examples (.npy), a picture, or a folder of
    /// pictures.
    pub(crate) examples: PathBuf,
    /// Where to write [default: standard output].
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// Which example is trained on, scored on and tested on, as a table.
///
/// A line of CSV for each example: `row`, counted from 0 without the line of names and on through all files, or `file`, a picture's path
/// within the folder; and `part`: train, validation, test or none. Parts come one after the other, each in the order in which its
/// examples are taken. With split = { file = "split.csv" } in [data], a search divides its data by such a file and trains the same,
/// bit for bit.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  nasbot split patients.toml -o split.csv
  nasbot split patients.nasbot.db            of a study
  nasbot split pictures.toml | grep ',test'  what is tested on")]
pub(crate) struct SplitArgs {
    /// A search description (TOML), or a study.
    pub(crate) source: PathBuf,
    /// Where to write [default: standard output].
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) set: SetArgs,
}

/// What is to be predicted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TaskName {
    /// One of several classes.
    Class,
    /// A number.
    Reg,
}

impl From<TaskName> for Task {
    fn from(task: TaskName) -> Self {
        match task {
            TaskName::Class => Self::Class,
            TaskName::Reg => Self::Reg,
        }
    }
}
