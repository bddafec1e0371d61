//! `nasbot split`: which example belongs to which part, written out.

use nasbot::session::write_atomically;
use nasbot::settings::Evaluator;
use nasbot::study::{self, Ledger};
use nn_train::data;

use crate::cli::SplitArgs;
use crate::config::{self, Config, Overrides};
use crate::error::Error;
use crate::{input, terminal};

pub(crate) fn run(args: &SplitArgs) -> Result<(), Error> {
    let config = config(args)?;
    let Evaluator::Local(training) = &config.settings.evaluator else {
        return Err(Error::Usage(format!(
            "{} describes no data: nothing is trained on data with this workers.backend",
            input::name(&args.source)
        )));
    };
    let text = data::split(&training.data)?;
    match &args.output {
        Some(path) => Ok(write_atomically(path, &text)?),
        None => terminal::print(text.trim_end()),
    }
}

/// The description, or that of a study as it is now.
fn config(args: &SplitArgs) -> Result<Config, Error> {
    let path = &args.source;
    if !study::is_study(path)? {
        return config::parse(
            &config::read(path, &config::given(&args.set.set)?)?,
            Overrides::default(),
        );
    }
    let ledger = Ledger::read(path)?;
    let Some(description) = ledger.description() else {
        return Err(nasbot::Error::NotAStudy {
            path: path.clone(),
            message: "its history is empty; name its TOML file".to_owned(),
        }
        .into());
    };
    let overrides = Overrides {
        facts: ledger.facts(),
        ..Overrides::default()
    };
    config::parse(&description.clone().located(path), overrides)
}
