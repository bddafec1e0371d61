//! `nasbot completions`: a script for a shell, made from the command line's own description.

use clap::CommandFactory as _;

use crate::cli::{Cli, CompletionsArgs};
use crate::error::Error;
use crate::terminal;

pub(crate) fn run(args: &CompletionsArgs) -> Result<(), Error> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "nasbot", &mut script);
    terminal::print(String::from_utf8_lossy(&script).trim_end())
}
