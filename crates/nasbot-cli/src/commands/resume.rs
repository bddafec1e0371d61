//! `nasbot resume`: a study goes on.

use nasbot::session;
use nasbot::settings::Evaluator;
use nasbot::study::{About, Event, Ledger, Study};

use super::going_on::{GoingOn, going_on};
use super::{FAILURES, failure, search};
use crate::cli::ResumeArgs;
use crate::config::{self, Overrides};
use crate::error::Error;
use crate::signals;

pub(crate) fn run(args: &ResumeArgs) -> Result<(), Error> {
    // Before the study is taken over, as in a new search.
    let stop = signals::catch()?;
    let mut study = Study::open(&args.study, session::system_clock())?;
    let ledger = Ledger::fold(study.history());
    let asked = Overrides {
        evaluations: args.evaluations,
        wall_time: args.wall_time.map(|span| span.0),
        ..Overrides::default()
    };
    let GoingOn { config, event } = going_on(
        &args.study,
        &ledger,
        asked,
        args.file.as_deref(),
        &config::given(&args.set.set)?,
    )?;
    let retried = retried(args, &ledger)?;
    // What there is to know of the data was said when the search began.
    if let (Evaluator::Local(training), None) = (&config.settings.evaluator, &config.contents) {
        nn_train::data::describe(&training.data)?;
    }
    search::check(&config.settings)?;
    let retried = retried.into_iter().map(|id| Event::Retried(About { id }));
    let taken_back = ledger.by_hand().filter(|_| args.take_back).map(|record| {
        let id = record.suggestion.id;
        Event::Interrupted(About { id })
    });
    let events: Vec<Event> = event.into_iter().chain(retried).chain(taken_back).collect();
    if !events.is_empty() {
        study.append(events)?;
    }
    search::go(&config.settings, study, &args.study, &args.output, &stop)
}

/// The failed evaluations that are to run once more.
fn retried(args: &ResumeArgs, ledger: &Ledger) -> Result<Vec<u64>, Error> {
    let Some(causes) = &args.retry_failed else {
        return Ok(Vec::new());
    };
    let all = causes.iter().any(|cause| cause == "all");
    let wanted: Vec<nasbot_opt::Failure> = (causes.iter())
        .filter(|cause| *cause != "all")
        .map(|cause| {
            failure(cause).ok_or_else(|| {
                Error::Usage(format!(
                    "--retry-failed: there is no cause '{cause}': {FAILURES} are"
                ))
            })
        })
        .collect::<Result<_, _>>()?;
    let failed = ledger.records.iter().filter(|record| {
        let failure = record.failure();
        failure.is_some_and(|failure| all || wanted.contains(&failure))
    });
    Ok(failed.map(|record| record.suggestion.id).collect())
}
