//! nasbot: search neural architectures from the command line.

mod cli;
mod commands;
mod config;
mod dispatch;
mod error;
mod input;
mod report;
mod session;
mod study;
mod terminal;

use std::process::ExitCode;

use clap::Parser as _;

use crate::cli::{Cli, Command};
use crate::error::Error;

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Search(args) => commands::search::run(&args),
        Command::Resume(args) => commands::resume::run(&args),
        Command::Show(args) => commands::show::run(&args),
        Command::Train(args) => commands::train::run(&args),
        Command::Distance(args) => commands::distance::run(&args),
        Command::Inspect(args) => commands::inspect::run(&args),
        Command::Validate(args) => commands::validate::run(&args),
        Command::Draw(args) => commands::draw::run(&args),
        Command::Guard(args) => return dispatch::guard::run(&args),
    };
    match result.and_then(|()| terminal::flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Error::OutputClosed) => ExitCode::SUCCESS,
        Err(error) => {
            report_error(&error);
            ExitCode::from(error.exit_code())
        }
    }
}

fn report_error(error: &Error) {
    match error {
        Error::Config(errors) => terminal::say(errors.render().trim_end()),
        error => terminal::say(&format!("nasbot: {error}")),
    }
}
