//! What the commands share that ask and tell a study.

use std::path::Path;

use nasbot::ask_tell::{Acknowledged, AskTell};
use nasbot::session;
use nasbot::study::{Ledger, Study};
use serde::Serialize;

use super::going_on::{GoingOn, going_on};
use crate::config::{Overrides, Setting};
use crate::error::Error;

/// Takes a study over for the time of a command. Nothing is trained here, so that its data need not be there.
pub(crate) fn open(path: &Path, evaluations: Option<u64>) -> Result<AskTell, Error> {
    open_with(path, evaluations, &[])
}

/// As [`open`], with what is given beside the study's description.
pub(crate) fn open_with(
    path: &Path,
    evaluations: Option<u64>,
    settings: &[Setting],
) -> Result<AskTell, Error> {
    let mut study = Study::open_briefly(path, session::system_clock())?;
    let ledger = Ledger::fold(study.history());
    let asked = Overrides {
        evaluations,
        without_data: true,
        ..Overrides::default()
    };
    let GoingOn { config, event } = going_on(path, &ledger, asked, None, settings)?;
    if let Some(event) = event {
        study.append(vec![event])?;
    }
    Ok(AskTell::new(config.settings, study))
}

/// How a result was taken, for programs.
#[derive(Serialize)]
pub(crate) struct Taken {
    id: u64,
    /// Whether the study had the very same result already.
    known: bool,
    /// How many evaluations count against the budget now.
    evaluations: u64,
    budget: u64,
    best: Option<Best>,
}

#[derive(Serialize)]
struct Best {
    id: u64,
    score: Option<f64>,
}

impl Taken {
    pub(crate) fn new(id: u64, acknowledged: Acknowledged, ledger: &Ledger) -> Self {
        Self {
            id,
            known: acknowledged == Acknowledged::Known,
            evaluations: ledger.counted(),
            budget: ledger.budget,
            best: ledger.best().map(|best| Best {
                id: best.suggestion.id,
                score: best.score(),
            }),
        }
    }
}
