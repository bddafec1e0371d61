//! What is typed to evaluate one network by hand.

use std::path::PathBuf;

use clap::Args;

use super::{Format, SetArgs};

/// Evaluate one network as a search would, and record nothing.
///
/// Tries an objective before a search spends anything on it: the network is trained by the worker, or handed to the program of one's
/// own, as the TOML file says, with the same timeout, and what came of it is printed with its log. Runs on this machine, also
/// where a search would use a queue.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  nasbot evaluate demos/command.toml demos/objective-python/network.json
  nasbot evaluate my.toml net.json --seed 7 --device cuda:1
  nasbot evaluate my.toml net.json --format json     {\"score\":…,\"metrics\":{…},\"log\":\"…\"}

Exit status: 0 there is a score; 1 the program or the worker cannot be used, or its answer is none; 2 the file or the network is
wrong; 3 the evaluation failed; 130 interrupted.")]
pub(crate) struct EvaluateArgs {
    /// The TOML file that describes the search.
    pub(crate) file: PathBuf,
    /// The network (JSON); - is standard input.
    pub(crate) network: PathBuf,
    /// The seed [default: the file's study.seed].
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Where to train: cpu, cuda or cuda:N [default: the first of workers.devices].
    #[arg(long, value_name = "DEVICE")]
    pub(crate) device: Option<String>,
    /// How to print.
    #[arg(long, value_enum, default_value = "table")]
    pub(crate) format: Format,
    /// No progress display.
    #[arg(long, short)]
    pub(crate) quiet: bool,
    #[command(flatten)]
    pub(crate) set: SetArgs,
}
