//! `nasbot resume`: a study goes on.

use crate::cli::ResumeArgs;
use crate::config::{self, Overrides};
use crate::error::Error;
use crate::session::Session;
use crate::study::{Ledger, Study};

pub(crate) fn run(args: &ResumeArgs) -> Result<(), Error> {
    let ledger = Ledger::read(&args.study)?;
    let Some(description) = &ledger.description else {
        return Err(Error::NotAStudy {
            path: args.study.clone(),
            message: "its history is empty; start anew with `nasbot search`".to_owned(),
        });
    };
    let overrides = Overrides {
        seed: Some(ledger.seed),
        evaluations: Some(args.evaluations.unwrap_or(ledger.budget)),
    };
    let config = config::parse(description, overrides)?;
    Session::begin(config, &args.output, || Study::open(&args.study))
}
