//! `nasbot man`: manual pages, made from the command line's own description.

use std::fs;

use clap::{Command, CommandFactory as _};
use clap_mangen::Man;
use nasbot::session::write_atomically;

use crate::cli::{Cli, ManArgs};
use crate::error::Error;
use crate::terminal;

pub(crate) fn run(args: &ManArgs) -> Result<(), Error> {
    fs::create_dir_all(&args.folder).map_err(Error::write(&args.folder))?;
    let mut program = Cli::command();
    program.build();
    let mut pages = vec![program.clone()];
    pages.extend(
        program
            .get_subcommands()
            .filter(|command| command.get_name() != "help")
            .cloned(),
    );
    for command in pages {
        // A command of a command is shown, and its page found, as `nasbot-search`.
        let name = command
            .get_display_name()
            .unwrap_or_else(|| command.get_name());
        let path = args.folder.join(format!("{name}.1"));
        write_atomically(&path, &page(command.clone())?)?;
        terminal::say(&format!("nasbot: wrote {}", path.display()));
    }
    Ok(())
}

/// The manual page of a command, as roff.
fn page(command: Command) -> Result<String, Error> {
    let mut text = Vec::new();
    let man = Man::new(command.version(env!("CARGO_PKG_VERSION")));
    // Memory can be written to.
    man.render(&mut text)
        .map_err(Error::write("a manual page".as_ref()))?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}
