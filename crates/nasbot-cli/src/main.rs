//! nasbot: search neural architectures from the command line.

mod cli;
mod commands;
mod config;
mod epochs;
mod error;
mod excerpt;
mod input;
mod json_place;
mod live;
mod picture;
mod reporter;
mod serve;
mod signals;
mod terminal;

use std::process::ExitCode;

use clap::Parser as _;

use crate::cli::{Cli, Command};
use crate::error::Error;

fn main() -> ExitCode {
    // Most starts of this program are those of a guard, one an evaluation: nothing comes before it.
    if let Some(status) = nasbot::backend::intercept() {
        return status;
    }
    let result = match Cli::parse().command {
        Command::Search(args) => commands::search::run(&args),
        Command::Resume(args) => commands::resume::run(&args),
        Command::Show(args) => commands::show::run(&args),
        Command::Report(args) => commands::report::run(&args),
        Command::Serve(args) => commands::serve::run(&args),
        Command::Ask(args) => commands::ask::run(&args),
        Command::Tell(args) => commands::tell::run(&args),
        Command::Fail(args) => commands::fail::run(&args),
        Command::Give(args) => commands::give::run(&args),
        Command::Propose(args) => commands::propose::run(&args),
        Command::Replay(args) => commands::replay::run(&args),
        Command::Train(args) => commands::train::run(&args),
        Command::Predict(args) => commands::predict::run(&args),
        Command::Distance(args) => commands::distance::run(&args),
        Command::Split(args) => commands::split::run(&args),
        Command::Inspect(args) => commands::inspect::run(&args),
        Command::Validate(args) => commands::validate::run(&args),
        Command::Draw(args) => commands::draw::run(&args),
        Command::Init(args) => commands::init::run(&args),
        Command::Schema(args) => commands::schema::run(&args),
        Command::Evaluate(args) => commands::evaluate::run(&args),
        Command::Completions(args) => commands::completions::run(&args),
        Command::Man(args) => commands::man::run(&args),
    };
    match result.and_then(|()| terminal::flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Error::OutputClosed) => ExitCode::SUCCESS,
        Err(error) => {
            terminal::say(&error.shown());
            ExitCode::from(error.exit_code())
        }
    }
}
