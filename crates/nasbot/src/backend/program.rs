//! A program to run, with everything that it is given.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// What to run.
#[derive(Clone, Debug)]
pub(super) struct Program {
    /// The program and its arguments.
    pub(super) command: Vec<OsString>,
    /// Variables set for it, beside the inherited ones.
    pub(super) environment: Vec<(&'static str, String)>,
    /// Its working directory, if not this process's.
    pub(super) folder: Option<PathBuf>,
    /// What it finds on its standard input.
    pub(super) input: String,
    /// Whether standard input stays open while it runs.
    pub(super) keep_input_open: bool,
    /// What the log begins with: names and what they are.
    pub(super) header: Vec<(&'static str, String)>,
    /// Where its standard error goes, and what else is worth keeping; added to.
    pub(super) log: PathBuf,
    /// The study whose next owner waits for its end.
    pub(super) study: Option<PathBuf>,
    /// The longest that it may run.
    pub(super) timeout: Option<Duration>,
    /// Whether it may wait for more work after its answer.
    pub(super) may_stay: bool,
    /// What a person calls its device.
    pub(super) device: String,
    /// Bytes of the device's memory that it is predicted to take, where that is known.
    pub(super) memory: Option<u64>,
}

impl Program {
    /// The device that it sees, as `CUDA_VISIBLE_DEVICES` has it: empty for the processor.
    pub(super) fn visible(&self) -> &str {
        let mut variables = self.environment.iter();
        let device = variables.find(|(name, _)| *name == "CUDA_VISIBLE_DEVICES");
        device.map_or("", |(_, device)| device.as_str())
    }
}
