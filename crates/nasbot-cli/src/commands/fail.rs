//! `nasbot fail`: evaluations that failed, or that are given back.

use nasbot::ask_tell::{Acknowledged, Observation};
use nasbot::report;
use nasbot::study::Detail;
use nasbot_opt::Outcome;

use super::by_hand::{self, Taken};
use super::{FAILURES, failure, tell};
use crate::cli::{FailArgs, Format};
use crate::error::Error;
use crate::terminal;

pub(crate) fn run(args: &FailArgs) -> Result<(), Error> {
    let id = args.id;
    let outcome = match args.reason.as_str() {
        "interrupted" => None,
        "withdrawn" => Some(Outcome::Withdrawn),
        reason => {
            let failure = failure(reason).ok_or_else(|| {
                Error::Usage(format!(
                    "there is no reason '{reason}': {FAILURES} are failures, interrupted gives an evaluation back, withdrawn \
                     removes it"
                ))
            })?;
            Some(Outcome::Failed(failure))
        }
    };
    let mut study = by_hand::open(&args.study, None)?;
    let Some(outcome) = outcome else {
        study.give_back(id)?;
        let ledger = study.ledger();
        return terminal::print(&match args.format {
            Format::Json => report::json(&Taken::new(id, Acknowledged::Recorded, ledger))?,
            Format::Table => format!("evaluation {id} is given back: it waits to be run"),
        });
    };
    let told = Observation {
        id,
        outcome,
        epochs: None,
        detail: Detail {
            message: args.message.clone(),
            ..Detail::default()
        },
    };
    let taken = study.tell_all(vec![told])?;
    taken
        .into_iter()
        .try_for_each(|taken| tell::print(id, taken, study.ledger(), args.format))
}
