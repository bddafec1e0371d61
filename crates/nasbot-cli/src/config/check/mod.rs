//! From the raw description to one that can run: every check in one place.

mod aims;
mod evaluator;
mod fidelity;
mod inherit;
mod proposals;
mod queue;
mod space;
mod tune;
mod workers;

use nasbot::settings::{Aims, Budget, Description, Evaluator, Settings};
use nasbot_opt::ValidConfig;
use nn_graph::Bounds;
use nn_train::data::Dealing;

use super::diagnostic::Problems;
use super::raw::Raw;
use super::{Config, ConfigErrors, Overrides};

/// More evaluations than any search makes.
const MOST_EVALUATIONS: u64 = 1_000_000;

pub(super) fn check(source: &Description, overrides: Overrides) -> Result<Config, ConfigErrors> {
    let mut problems = Problems::new(source);
    let raw: Raw = match toml::from_str(&source.text) {
        Ok(raw) => raw,
        Err(error) => {
            problems.add_toml(&error);
            return problems.finish(None);
        }
    };
    let name = name(&raw, source, &mut problems);
    let kind = space::kind(&raw, &mut problems);
    // Without a section for it, a protocol is as the data have it.
    let training = raw.training.clone().unwrap_or_default();
    let in_parts = raw.fidelity.is_some() || raw.inherit.is_some();
    let training = training.on(overrides.facts.as_ref(), in_parts);
    let from_data = (overrides.facts).map_or_else(Bounds::default, |facts| facts.bounds());
    let mut bounds = raw.space.bounds(from_data);
    let search = search(&raw, overrides, &mut problems);
    let mut workers = workers::workers(&raw.workers, &mut problems);
    workers.queue = queue::queue(&raw, source, &mut problems);
    let budget = budget(&raw, overrides, &mut problems);
    let study = raw.study.path.as_ref().map(|path| source.folder.join(path));
    if let (Some(data), Some(kind)) = (&raw.data, kind) {
        space::halvings(data, kind, &mut bounds, &mut problems);
    }
    space::multiple(
        &mut bounds,
        raw.workers.trains(),
        (&training, &workers, overrides.facts),
        &mut problems,
    );
    let constraints = space::constraints(bounds, &mut problems);
    let space = (kind.zip(constraints)).and_then(|(kind, constraints)| {
        space::space(
            &raw,
            source,
            kind,
            constraints,
            overrides.facts,
            &mut problems,
        )
    });
    let fidelity = fidelity::fidelity(&raw, &training, &mut problems);
    let fidelity =
        fidelity.and_then(|rungs| inherit::inherit(rungs, &raw, &training, &mut problems));
    let proposals = proposals::proposals(&raw, source, !overrides.without_data, &mut problems);
    let aims = aims::aims(&raw, search.as_ref(), &mut problems);
    let tuning = tune::tune(&raw, &training, &mut problems);
    let mut training = training;
    if aims.as_ref().is_some_and(Aims::ask_for_latency) {
        training.latency.get_or_insert_default();
    }
    let evaluator = evaluator::evaluator(
        raw,
        training,
        source,
        kind,
        !overrides.without_data,
        &mut problems,
    );
    let config = match (space, search, fidelity, evaluator, aims.zip(tuning)) {
        (Some(space), Some(search), Some(fidelity), Some(evaluator), Some((aims, tuning))) => {
            Some(Config {
                settings: Settings {
                    name,
                    space,
                    search,
                    fidelity,
                    evaluator,
                    workers,
                    budget,
                    facts: overrides.facts,
                    aims,
                    tuning,
                    proposals,
                },
                study,
                contents: None,
            })
        }
        // What could not be made has left its problem above.
        _ => None,
    };
    problems.finish(config)
}

/// Checks what folds need: data that can be divided anew, which folders for the parts say not to do, and examples of which the metric
/// says something in each of them.
pub(super) fn folds(
    source: &Description,
    settings: &Settings,
    dealing: &Dealing,
) -> Result<(), ConfigErrors> {
    let mut problems = Problems::new(source);
    let Evaluator::Local(training) = &settings.evaluator else {
        return Ok(());
    };
    let Some(folds) = training.protocol.folds else {
        return Ok(());
    };
    if !dealing.is_free {
        problems.add(
            "training.folds",
            "folds divide examples anew, and the data have a part of their own for validation",
            "leave out training.folds, or move the examples of that part to those for training",
        );
    } else if let Err(error) = dealing.check_folds(folds, training.data.metric()) {
        let section = match error {
            nn_train::Error::Training { .. } => "training",
            _ => "data",
        };
        problems.add(
            &evaluator::field_path(section, &error),
            error.to_string(),
            &format!(
                "there are {folds} folds of {} examples: training.folds is another number of them",
                dealing.examples()
            ),
        );
    }
    problems.finish(Some(()))
}

fn name(raw: &Raw, source: &Description, problems: &mut Problems<'_>) -> String {
    let stem = source.path.file_stem().map(|stem| stem.to_string_lossy());
    let name = raw.study.name.clone();
    let name = name.unwrap_or_else(|| stem.map_or_else(|| "search".to_owned(), Into::into));
    if name.is_empty() || name.starts_with('.') || name.contains(['/', '\0']) {
        problems.add(
            "study.name",
            format!("the name '{name}' can't be part of a file name"),
            "use letters, digits, - and _",
        );
    }
    name
}

fn search(raw: &Raw, overrides: Overrides, problems: &mut Problems<'_>) -> Option<ValidConfig> {
    if problems.has("search.seed") {
        let help = "write it as `seed = …` under [study]";
        problems.add("search.seed", "the seed belongs to the study", help);
    }
    let mut search = raw.search.clone();
    if let Some(seed) = overrides.seed.or(raw.study.seed) {
        search.seed = seed;
    }
    match search.validated() {
        Ok(search) => Some(search),
        Err(error) => {
            let path = match &error {
                nasbot_opt::Error::Setting { name, .. } => format!("search.{name}"),
                _ => "search".to_owned(),
            };
            problems.add(&path, error.to_string(), "");
            None
        }
    }
}

fn budget(raw: &Raw, overrides: Overrides, problems: &mut Problems<'_>) -> Budget {
    let evaluations = overrides.evaluations.unwrap_or(raw.budget.evaluations);
    if !(1..=MOST_EVALUATIONS).contains(&evaluations) {
        let message = format!("{evaluations} evaluations: it must be from 1 to {MOST_EVALUATIONS}");
        problems.add("budget.evaluations", message, "");
    }
    Budget {
        evaluations,
        wall_time: (overrides.wall_time).or(raw.budget.wall_time.map(|span| span.0)),
    }
}
