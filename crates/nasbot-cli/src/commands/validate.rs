//! `nasbot validate`: checks networks and search descriptions without running anything.

use std::path::Path;

use nasbot::report;
use nasbot::settings::Evaluator;
use nasbot::study::Prior;
use nn_graph::Network;
use nn_train::data::DataSpec;
use serde::Serialize;

use super::estimate::{Estimates, estimates};
use super::{new_study, search};
use crate::cli::{Format, ValidateArgs};
use crate::config::{self, Config, Overrides, Setting};
use crate::error::Error;
use crate::{input, terminal};

/// What was found out about one file, or one line of several networks.
#[derive(Serialize)]
struct Verdict {
    file: String,
    valid: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// What evaluations of a search take.
    #[serde(skip_serializing_if = "Option::is_none")]
    estimate: Option<Estimates>,
}

/// What is said of a valid file.
struct Found {
    text: String,
    estimate: Option<Estimates>,
}

pub(crate) fn run(args: &ValidateArgs) -> Result<(), Error> {
    let (mut total, mut invalid) = (0, 0);
    let settings = config::given(&args.set.set)?;
    let mut tell = |place: String, result: Result<Found, Error>| {
        total += 1;
        invalid += usize::from(result.is_err());
        verdict(place, result, args.format)
    };
    for path in &args.files {
        if input::is_stdin(path) || ending(path) == Some("jsonl") {
            let read = input::for_each_line(path, |line, place| {
                let network = input::parse_network(line, &place);
                tell(place, network.map(|network| describe_network(&network)))
            });
            match read {
                Err(error @ Error::Read { .. }) => tell(input::name(path), Err(error))?,
                other => other?,
            }
        } else if ending(path) == Some("toml") {
            tell(
                input::name(path),
                check(path, &settings, !args.no_data)
                    .map(|(config, priors)| describe_config(&config, &priors)),
            )?;
        } else {
            tell(
                input::name(path),
                input::network(path).map(|n| describe_network(&n)),
            )?;
        }
    }
    if invalid > 0 {
        return Err(Error::Invalid { invalid, total });
    }
    Ok(())
}

fn ending(path: &Path) -> Option<&str> {
    path.extension().and_then(|ending| ending.to_str())
}

fn verdict(place: String, result: Result<Found, Error>, format: Format) -> Result<(), Error> {
    match (format, result) {
        (Format::Json, result) => {
            let (error, estimate) = match result {
                Ok(found) => (None, found.estimate),
                Err(error) => (Some(error.to_string()), None),
            };
            terminal::print(&report::json(&Verdict {
                file: place,
                valid: error.is_none(),
                error,
                estimate,
            })?)
        }
        (Format::Table, Ok(found)) => terminal::print(&format!("{place}: ok, {}", found.text)),
        (Format::Table, Err(error)) => {
            terminal::print(&format!("{place}: invalid"))?;
            terminal::say(&error.shown());
            Ok(())
        }
    }
}

fn describe_network(network: &Network) -> Found {
    let text = format!(
        "a network of kind {} with {} layers, total mass {}",
        network.kind(),
        network.len(),
        report::number(network.total_mass())
    );
    Found {
        text,
        estimate: None,
    }
}

/// The search in a line, then its data.
fn describe_config(config: &Config, priors: &[Prior]) -> Found {
    let settings = &config.settings;
    let mut out = format!(
        "a search over {} networks by {}, {} evaluations",
        settings.space.kind(),
        settings.search.strategy,
        settings.budget.evaluations
    );
    if let Evaluator::Local(training) = &settings.evaluator {
        out += &format!("\n  score: {}", scoring(&training.data));
    }
    for remark in new_study::remarks(priors) {
        out += &format!("\n  {remark}");
    }
    if let Some(contents) = &config.contents {
        out += &format!("\n{}", report::contents(contents).trim_end());
    }
    let contents = config.contents.as_ref();
    let estimate = contents.and_then(|contents| estimates(settings, contents));
    if let Some(estimate) = &estimate {
        out += &format!("\n{}", estimate.text());
    }
    if let Some(remark) = search::short_budget(settings) {
        out += &format!("\n  {remark}");
    }
    Found {
        text: out,
        estimate,
    }
}

/// What networks are scored by, and what is weighed in their training.
fn scoring(data: &DataSpec) -> String {
    let metric = data.metric();
    let is_better = if metric.is_loss() { "lower" } else { "higher" };
    let weighed = [
        data.class_weights.is_some().then_some("classes"),
        data.weight.is_some().then_some("examples"),
    ];
    let weighed: Vec<&str> = weighed.into_iter().flatten().collect();
    let weighed = match weighed.as_slice() {
        [] => String::new(),
        weighed => format!(
            "; {} are weighed in the training alone",
            weighed.join(" and ")
        ),
    };
    format!("{}, the {is_better} the better{weighed}", metric.title())
}

/// A search that can run, and what it learns from earlier studies, where they are read.
fn check(
    path: &Path,
    settings: &[Setting],
    opens_data: bool,
) -> Result<(Config, Vec<Prior>), Error> {
    let description = config::read(path, settings)?;
    if !opens_data {
        let config = config::parse(&description, Overrides::default())?;
        return Ok((config, Vec::new()));
    }
    let config = config::open(&description, Overrides::default())?;
    let priors = new_study::priors(&config.settings, &description)?;
    Ok((config, priors))
}
