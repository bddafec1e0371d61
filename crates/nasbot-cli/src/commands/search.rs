//! `nasbot search`: a new study from a TOML file.

use crate::cli::SearchArgs;
use crate::config::{self, Overrides, Source};
use crate::error::Error;
use crate::session::Session;
use crate::study::{self, Event, Study};

pub(crate) fn run(args: &SearchArgs) -> Result<(), Error> {
    let description = Source::read(&args.file)?;
    let overrides = Overrides {
        seed: args.seed,
        evaluations: args.evaluations,
    };
    let config = config::parse(&description, overrides)?;
    let path = (args.study.clone().or_else(|| config.study.clone()))
        .unwrap_or_else(|| study::default_path(&config.name));
    let path = if args.fresh {
        study::fresh(&path)
    } else {
        path
    };
    let first = Event::Created {
        description,
        seed: config.search.seed,
        evaluations: config.budget.evaluations,
        version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    Session::begin(config, &args.output, || Study::create(&path, &first))
}
