//! The arguments of the commands that set up a shell: completions and manual pages.

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

/// Print a script by which a shell completes commands, options and files.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  nasbot completions bash > ~/.local/share/bash-completion/completions/nasbot
  nasbot completions zsh > ~/.zfunc/_nasbot            with fpath+=~/.zfunc before compinit
  nasbot completions fish > ~/.config/fish/completions/nasbot.fish")]
pub(crate) struct CompletionsArgs {
    /// The shell.
    #[arg(value_enum)]
    pub(crate) shell: Shell,
}

/// Write manual pages, one a command.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  nasbot man ~/.local/share/man/man1       then: man nasbot-search")]
pub(crate) struct ManArgs {
    /// The folder, which is made if it is not there.
    pub(crate) folder: PathBuf,
}
