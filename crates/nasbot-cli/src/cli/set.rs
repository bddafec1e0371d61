//! The option that gives values beside a description, which several commands have.

use clap::Args;

/// What is given beside a description.
#[derive(Debug, Args)]
pub(crate) struct SetArgs {
    /// A value that goes before the description's, by its key: training.epochs=30. May be given several times. The value is TOML,
    /// or a bare word. The environment gives the same as NASBOT__TRAINING__EPOCHS=30, which --set goes before.
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
}
