//! `nasbot evaluate`: one network, evaluated by hand as a search would.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use nasbot::Stop;
use nasbot::backend::{self, End, Key, Task, Work};
use nasbot::report::{self, clean, number};
use nasbot::session::Once;
use nasbot::settings::{Devices, PerDevice, Settings};
use nasbot::study::Detail;
use nasbot_opt::{Failure, Outcome};
use nn_graph::Network;
use nn_train::data::Metric;
use serde::Serialize;

use super::search;
use crate::cli::{EvaluateArgs, Format};
use crate::config::{self, Overrides};
use crate::epochs;
use crate::error::Error;
use crate::{input, signals, terminal};

pub(crate) fn run(args: &EvaluateArgs) -> Result<(), Error> {
    let stop = signals::catch()?;
    let given = config::given(&args.set.set)?;
    let description = config::read(&args.file, &given)?;
    let mut settings = config::open(&description, Overrides::default())?.settings;
    let network = input::network(&args.network)?;
    let (kind, expected) = (network.kind(), settings.space.kind());
    if kind != expected {
        return Err(Error::Usage(format!(
            "{} is of kind {kind}, and {} searches {expected}: its evaluator is made for those",
            input::name(&args.network),
            args.file.display()
        )));
    }
    if let Err(violation) = settings.space.constraints().check(&network) {
        terminal::say(&format!(
            "nasbot: a search would not suggest this network: {}",
            clean(&violation.to_string())
        ));
    }
    here(&mut settings, args)?;
    search::check(&settings)?;
    let folder = tempfile::tempdir().map_err(Error::write(&std::env::temp_dir()))?;
    let log = folder.path().join("evaluation.log");
    let seed = args.seed.unwrap_or(settings.search.seed);
    let end = evaluate(&settings, network.clone(), (seed, &log), args.quiet, &stop)?;
    // A back-end without processes writes none.
    let log = fs::read(&log).unwrap_or_default();
    let log = clean(&String::from_utf8_lossy(&log));
    let (outcome, detail) = match end {
        End::Done(outcome, detail) => (outcome, detail),
        End::Stopped => return Err(Error::Stopped),
        End::Unusable(message) | End::Broken { message, .. } => {
            return Err(Error::Evaluation {
                message,
                log: log.trim_end().to_owned(),
            });
        }
    };
    let result = Evaluated {
        score: outcome.score(),
        value: outcome
            .score()
            .and_then(|score| Some(settings.metric()?.figure(score))),
        metric: settings.metric(),
        failure: match outcome {
            Outcome::Failed(failure) => Some(failure),
            _ => None,
        },
        seed,
        seconds: detail.seconds,
        parameters: detail.parameters,
        metrics: &detail.metrics,
        message: detail.message.as_deref(),
        log: &log,
    };
    terminal::print(&match args.format {
        Format::Json => report::json(&result)?,
        Format::Table => table(&result, &network, &detail),
    })?;
    match result.score {
        Some(_) => Ok(()),
        None => Err(Error::NoScore),
    }
}

/// Settings for one evaluation on this machine.
fn here(settings: &mut Settings, args: &EvaluateArgs) -> Result<(), Error> {
    if settings.workers.queue.take().is_some() {
        terminal::say("nasbot: this runs here and in no queue, which a search would use");
    }
    settings.workers.per_device = PerDevice::Number(1);
    if let Some(device) = &args.device {
        let device = (device.parse())
            .map_err(|error: nn_train::Error| Error::Usage(format!("--device: {error}")))?;
        settings.workers.devices = Devices::Listed(vec![device]);
    } else if let Devices::Listed(devices) = &mut settings.workers.devices {
        devices.truncate(1);
    }
    Ok(())
}

fn evaluate(
    settings: &Settings,
    network: Network,
    (seed, log): (u64, &Path),
    quiet: bool,
    stop: &Stop,
) -> Result<End, Error> {
    let work = Work {
        key: Key {
            study: String::new(),
            evaluation: 0,
            attempt: 0,
        },
        network,
        seed,
        log: log.to_owned(),
        study: None,
        leave: None,
        keys: nn_train::Keys::new(),
        task: Task::Evaluate,
    };
    let backend = |reports| backend::backend(settings, reports);
    Ok(epochs::wait(Once::start(backend, work, stop)?, quiet))
}

/// What came of an evaluation, for programs.
#[derive(Serialize)]
struct Evaluated<'a> {
    score: Option<f64>,
    /// The figure of the metric, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<f64>,
    #[serde(skip)]
    metric: Option<Metric>,
    failure: Option<Failure>,
    seed: u64,
    seconds: f64,
    parameters: Option<u64>,
    metrics: &'a BTreeMap<String, f64>,
    message: Option<&'a str>,
    log: &'a str,
}

fn table(result: &Evaluated<'_>, network: &Network, detail: &Detail) -> String {
    let row = |name: &str, value: String| vec![name.to_owned(), value];
    let mut rows = vec![row(
        "network",
        format!("{} layers: {}", network.len(), report::sketch(network)),
    )];
    rows.push(match (result.score, result.failure) {
        (Some(score), _) => row("result", report::score(score, detail, result.metric)),
        (None, Some(failure)) => row("result", format!("failed, {}", report::failure(failure))),
        (None, None) => row("result", "withdrawn".to_owned()),
    });
    let message = result.message.map(clean);
    let lines = message.iter().flat_map(|message| message.lines());
    let names = ["message"].into_iter().chain(std::iter::repeat(""));
    rows.extend(
        names
            .zip(lines)
            .map(|(name, line)| row(name, line.to_owned())),
    );
    let figures = result.metrics.iter();
    let names = ["metrics"].into_iter().chain(std::iter::repeat(""));
    rows.extend(names.zip(figures).map(|(name, (figure, value))| {
        row(
            name,
            format!("{} {}", report::clean_line(figure), number(*value)),
        )
    }));
    if let Some(parameters) = result.parameters {
        let parameters = usize::try_from(parameters).unwrap_or(usize::MAX);
        rows.push(row("size", report::counted(parameters, "parameter")));
    }
    rows.push(row("time", report::seconds(result.seconds)));
    rows.push(row("seed", result.seed.to_string()));
    let log = match result.log.trim_end() {
        "" => "log\n  (nothing was written)".to_owned(),
        text => format!("log\n  {}", text.replace('\n', "\n  ")),
    };
    format!("{}\n{log}", report::table(&rows, &[]))
}
