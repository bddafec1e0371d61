//! `nasbot search`: a new study from a TOML file.

use std::path::Path;

use nasbot::Stop;
use nasbot::backend::{self, Reports};
use nasbot::settings::{Evaluator, Settings};
use nasbot::study::{self, Event, Study};
use nasbot::{report, session};
use nasbot_opt::Search;

use super::new_study;
use crate::cli::{RunFormat, RunOutput, SearchArgs};
use crate::config::{self, Overrides};
use crate::error::Error;
use crate::reporter::Reporter;
use crate::{signals, terminal};

pub(crate) fn run(args: &SearchArgs) -> Result<(), Error> {
    // First of all: a request that comes while the study is being made must find it interrupted, not killed.
    let stop = signals::catch()?;
    let description = config::read(&args.file, &config::given(&args.set.set)?)?;
    let overrides = Overrides {
        seed: args.seed,
        evaluations: args.evaluations,
        ..Overrides::default()
    };
    let config = config::open(&description, overrides)?;
    let settings = &config.settings;
    let mut path = new_study::place(args.study.as_deref(), &config)?;
    if args.fresh {
        path = study::fresh(&path);
    }
    check(settings)?;
    if !args.output.quiet {
        let contents = config.contents.iter().flat_map(report::remarks);
        for line in contents.chain(short_budget(settings)) {
            terminal::say(&format!("nasbot: {line}"));
        }
    }
    let first = new_study::first(&config, description, &path)?;
    if let (Event::Created(created), false) = (&first, args.output.quiet) {
        for line in new_study::remarks(&created.priors) {
            terminal::say(&format!("nasbot: {line}"));
        }
    }
    let study = Study::create(&path, first, session::system_clock())?;
    go(settings, study, &path, &args.output, &stop)
}

/// Finds out what would stop the search later, before there is a study: whether its programs and devices are there.
pub(crate) fn check(settings: &Settings) -> Result<(), Error> {
    if matches!(settings.evaluator, Evaluator::Own) {
        return Err(Error::Usage(
            "this search is evaluated by hand (workers.backend = \"hand\"): `nasbot ask` hands its networks out, `nasbot tell` \
             takes their scores"
                .to_owned(),
        ));
    }
    // It is made again for the search.
    backend::backend(settings, Reports::new(|_| {})).map(drop)?;
    Ok(())
}

/// A remark where the budget ends before the strategy has chosen anything.
pub(crate) fn short_budget(settings: &Settings) -> Option<String> {
    // Whatever is wrong with the space is said by the search itself.
    let search = Search::new(settings.space.clone(), settings.search.clone()).ok()?;
    let before = search.before_the_surrogate()? as u64;
    let evaluations = settings.budget.evaluations;
    (evaluations <= before).then(|| {
        format!(
            "the budget of {evaluations} evaluations ends before the model chooses: {before} come first, the initial \
             networks and random ones"
        )
    })
}

/// Searches, and shows what came out.
pub(crate) fn go(
    settings: &Settings,
    study: Study,
    path: &Path,
    output: &RunOutput,
    stop: &Stop,
) -> Result<(), Error> {
    let mut reporter = Reporter::new(output);
    let backend = |reports| backend::backend(settings, reports);
    let result = session::run(settings, study, backend, &mut reporter, stop);
    reporter.finish();
    let ledger = result?;
    let place = study::Place::of(path);
    let summary = report::Summary::new(&ledger, &place, None);
    terminal::print(&match output.format {
        RunFormat::Text => summary.table(),
        RunFormat::Json => summary.json()?,
        RunFormat::Jsonl => format!("{{\"event\":\"summary\",\"summary\":{}}}", summary.json()?),
    })
}
