//! The crate's error type.

use std::io;
use std::path::PathBuf;

use crate::job::{FailureKind, PROTOCOL};

/// What can be wrong with a data set, a protocol or a message, or go wrong in a training.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file can't be read.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file can't be written.
    #[error("{}: can't be written: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file ends before its content does.
    #[error("{}: ends within {what} {row}: the file is truncated, fetch it again", path.display())]
    Truncated {
        /// The file.
        path: PathBuf,
        /// What is counted: `example`, `header`.
        what: &'static str,
        /// Which one, from 1.
        row: u64,
    },
    /// A file is not of its format.
    #[error("{}: {message}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong and what to do.
        message: String,
    },
    /// A row has too few or too many columns.
    #[error("{}, row {row}: has {found} columns where the rows before have {expected}: repair or remove the row", path.display())]
    Ragged {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        row: u64,
        /// Columns in this row.
        found: usize,
        /// Columns in the first row.
        expected: usize,
    },
    /// A cell is no finite number.
    #[error("{}, row {row}, column {column}: '{value}' is no finite number: repair or remove the row, or list the column in `ignore`", path.display())]
    NotANumber {
        /// The file.
        path: PathBuf,
        /// The line or example, from 1.
        row: u64,
        /// The column, from 0.
        column: usize,
        /// The cell as it stands.
        value: String,
    },
    /// A number that 32 bits do not hold, which networks compute with.
    #[error("{}, row {row}, column '{column}': {value} is beyond the range of 32-bit numbers: rescale the column, repair the row, or list the column in `ignore`", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        row: u64,
        /// The column's name, or its number from 0.
        column: String,
        /// The cell as it stands.
        value: String,
    },
    /// A cell that is not what the others of its column are.
    #[error("{}, row {row}, column '{column}': '{value}' is no {kind}, as the other cells are: repair it, say in `gaps` that it is one, or list the column in `categories` or `ignore`", path.display())]
    OddCell {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        row: u64,
        /// The column's name, or its number from 0.
        column: String,
        /// The cell as it stands.
        value: String,
        /// What the others are.
        kind: &'static str,
    },
    /// A row without a label.
    #[error("{}, row {row}: has no label: fill it in or remove the row", path.display())]
    NoLabel {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        row: u64,
    },
    /// A cell is no weight of an example.
    #[error("{}, row {row}: the weight '{value}' is no number from 0 on: repair or remove the row, or leave out `weight`", path.display())]
    Weight {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        row: u64,
        /// The cell as it stands.
        value: String,
    },
    /// Several things are wrong with the data.
    #[error("{}", several(errors, *more))]
    Several {
        /// The first of them.
        errors: Vec<Self>,
        /// How many more there are.
        more: usize,
    },
    /// A label is no class.
    #[error("{}, row {row}: label '{value}' is no class: {expected}", path.display())]
    Label {
        /// The file.
        path: PathBuf,
        /// The line or example, from 1.
        row: u64,
        /// The label as it stands.
        value: String,
        /// What labels may be.
        expected: String,
    },
    /// A regression's target can't be learnt.
    #[error("{}, row {row}: target '{value}' {problem}", path.display())]
    Target {
        /// The file.
        path: PathBuf,
        /// The line or example, from 1.
        row: u64,
        /// The target as it stands.
        value: String,
        /// Why, and what helps.
        problem: &'static str,
    },
    /// A column that does not exist.
    #[error("{}: has no column {column}: there are {columns}{}", path.display(), if names.is_empty() { String::from(", numbered from 0, without names") } else { format!(": {}", names.join(", ")) })]
    NoColumn {
        /// The file.
        path: PathBuf,
        /// The column as written.
        column: String,
        /// Number of columns.
        columns: usize,
        /// Their names, if the file has them.
        names: Vec<String>,
    },
    /// A field of the data specification does not fit.
    #[error("data: {field} {problem}")]
    Data {
        /// The field as in TOML.
        field: &'static str,
        /// What is wrong and what to do.
        problem: String,
    },
    /// A field of the training protocol is out of range.
    #[error("training: {field} must be {allowed}")]
    Training {
        /// The field as in TOML.
        field: &'static str,
        /// What it may be.
        allowed: &'static str,
    },
    /// Keys of a training protocol cannot be read.
    #[error("the protocol can't have {keys}")]
    Keys {
        /// The keys with their values.
        keys: String,
        /// Why not.
        source: serde_json::Error,
    },
    /// The network can't be applied to the data.
    #[error("{layer}: {problem}")]
    Shape {
        /// The layer, by number and operation.
        layer: String,
        /// What is wrong and what to do.
        problem: String,
    },
    /// The network's kind is not the data's.
    #[error(
        "networks of kind {kind} do not fit the data's task: use mlp-reg for task = \"reg\", cnn or mlp-class for \"class\""
    )]
    Task {
        /// The network's kind.
        kind: nn_graph::Kind,
    },
    /// A message is no JSON of the expected shape.
    #[error("{what}: {source}")]
    Message {
        /// Which message.
        what: &'static str,
        /// What the JSON reader says.
        source: serde_json::Error,
    },
    /// The other side speaks another version.
    #[error(
        "the messages have version {found}, this worker speaks {PROTOCOL}: install nasbot and nasbot-worker of the same release"
    )]
    Protocol {
        /// The version found.
        found: u32,
    },
    /// No such device.
    #[error("unknown device '{name}': use cpu, cuda or cuda:N")]
    UnknownDevice {
        /// The name as given.
        name: String,
    },
    /// The device exists but not here.
    #[error("device {name} is not available: {problem}")]
    NoDevice {
        /// The device.
        name: String,
        /// Why.
        problem: String,
    },
    /// The loss became infinite or no number.
    #[error(
        "training diverged in epoch {epoch}: the loss is {}; a lower learning rate may help", crate::numbers::number(*loss)
    )]
    Diverged {
        /// The epoch, from 1.
        epoch: u32,
        /// The loss.
        loss: f64,
    },
    /// The training took longer than its protocol allows.
    #[error("it took longer than time = {limit} s, in epoch {epoch}")]
    TimedOut {
        /// The limit, seconds.
        limit: f64,
        /// The epoch, from 1.
        epoch: u32,
    },
    /// The training was asked to end for now, and its state is kept.
    #[error("it was paused after epoch {epoch}")]
    Paused {
        /// Epochs done.
        epoch: u32,
    },
    /// The device's memory did not suffice.
    #[error("out of memory: {message}")]
    OutOfMemory {
        /// What the allocator says.
        message: String,
    },
    /// The device's memory did not suffice because others have it: alone, the training would have had enough.
    #[error("no room: {message}")]
    NoRoom {
        /// What is needed and what others have.
        message: String,
    },
    /// Anything else that libtorch reports.
    #[error("libtorch: {message}")]
    Torch {
        /// What libtorch says.
        message: String,
    },
}

impl Error {
    /// How the error is reported to a search.
    #[must_use]
    pub const fn failure(&self) -> FailureKind {
        match self {
            Self::Io { .. }
            | Self::Truncated { .. }
            | Self::Format { .. }
            | Self::Ragged { .. }
            | Self::NotANumber { .. }
            | Self::TooLarge { .. }
            | Self::OddCell { .. }
            | Self::Weight { .. }
            | Self::NoLabel { .. }
            | Self::Several { .. }
            | Self::Label { .. }
            | Self::Target { .. }
            | Self::NoColumn { .. }
            | Self::Data { .. } => FailureKind::BadData,
            Self::Write { .. } => FailureKind::CannotWrite,
            Self::Shape { .. } => FailureKind::ImpossibleShape,
            Self::Training { .. }
            | Self::Keys { .. }
            | Self::Task { .. }
            | Self::Message { .. }
            | Self::Protocol { .. }
            | Self::UnknownDevice { .. }
            | Self::NoDevice { .. } => FailureKind::BadJob,
            Self::Diverged { .. } => FailureKind::Diverged,
            Self::TimedOut { .. } => FailureKind::TimedOut,
            Self::OutOfMemory { .. } => FailureKind::OutOfMemory,
            Self::NoRoom { .. } => FailureKind::NoRoom,
            Self::Torch { .. } | Self::Paused { .. } => FailureKind::Internal,
        }
    }
}

/// One error a line.
fn several(errors: &[Error], more: usize) -> String {
    let mut lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    lines.join("\n")
}
