//! `nasbot train`: one network, trained on all data and exported.

use std::fs;
use std::path::{Path, PathBuf};

use nasbot::backend::{self, End, Key, Task, Work};
use nasbot::report::{Card, Searched};
use nasbot::session::{self, Once, write_atomically};
use nasbot::settings::{Constraint, Devices, Evaluator, PerDevice, Training};
use nasbot::study::{self, Detail, Ledger, Record};
use nasbot_opt::Goal;
use nn_graph::{Network, draw};
use nn_train::data::{self, Dataset};
use nn_train::job::Final;
use nn_train::plan::Plan;
use nn_train::{Keys, Last};

use crate::cli::{RunFormat, TrainArgs};
use crate::config::{self, Config, Overrides};
use crate::epochs;
use crate::error::Error;
use crate::{input, signals, terminal};

/// What a folder of ours ends with.
const ENDING: &str = ".trained";

pub(crate) fn run(args: &TrainArgs) -> Result<(), Error> {
    if let Some(out) = args.out.as_ref().filter(|out| !args.fresh && out.exists()) {
        // Before the data are read, which may take its time.
        return Err(Error::ModelExists { path: out.clone() });
    }
    let mut subject = subject(args)?;
    let (config, training) = prepare(args, &subject)?;
    let out = place(args, &subject.name)?;
    let data = match subject.data.take() {
        Some(data) => data,
        None => data::load(&training.data)?,
    };
    let plan = Plan::for_data(&subject.network, &data)?;
    let mut card = Card::new(
        &subject.name,
        &training,
        &data,
        &plan,
        subject.seed,
        args.all,
    );
    card.searched = subject.searched;
    let (shape, outputs) = (data.shape, data.outputs());
    drop(data);

    let stop = signals::catch()?;
    // Under another name until it is complete, and one that no other process has.
    let partial = beside(&out, &format!(".{}.partial", std::process::id()));
    fs::create_dir_all(&partial).map_err(Error::write(&partial))?;
    let absolute = fs::canonicalize(&partial).map_err(Error::write(&partial))?;
    let log = partial.join("training.log");
    let work = Work {
        key: Key {
            study: String::new(),
            evaluation: 0,
            attempt: 0,
        },
        network: subject.network.clone(),
        seed: subject.seed,
        log: log.clone(),
        study: None,
        leave: None,
        // Those of the evaluation are part of the protocol already.
        keys: Keys::new(),
        task: Task::TrainFinally {
            weights: absolute.join("model.safetensors"),
            how: Final {
                all: args.all,
                ..subject.how.clone()
            },
        },
    };
    let backend = |reports| backend::backend(&config.settings, reports);
    let end = epochs::wait(Once::start(backend, work, &stop)?, args.output.quiet);
    let (score, detail) = match end {
        End::Done(outcome, detail) => match outcome.score() {
            Some(score) => (score, detail),
            None => return Err(failed(detail, log)),
        },
        End::Unusable(message) | End::Broken { message, .. } => {
            return Err(Error::Training { message, log });
        }
        End::Stopped => {
            fs::remove_dir_all(&partial).map_err(Error::write(&partial))?;
            return Err(Error::Stopped);
        }
    };
    let network = match session::ensemble(&subject.how, &detail.members) {
        None => subject.network,
        Some(network) => {
            card.describe(&Plan::new(&network, shape, outputs)?);
            network
        }
    };
    card.result = Some((score, detail));
    write(&partial.join("network.json"), &(network.to_json() + "\n"))?;
    write(&partial.join("network.svg"), &draw::svg(&network))?;
    write(&partial.join("README.md"), &card.markdown())?;
    put_in_place(&partial, &out)?;
    terminal::print(&match args.output.format {
        RunFormat::Text => card.table(&out),
        RunFormat::Json | RunFormat::Jsonl => card.json(&out)?,
    })
}

/// What is to be trained, and what is known of it.
struct Subject {
    name: String,
    network: Network,
    seed: u64,
    config: Config,
    /// The data of the description that the command line names, which have been read to know what it leaves open.
    data: Option<Dataset>,
    searched: Option<Searched>,
    how: Final,
}

fn subject(args: &TrainArgs) -> Result<Subject, Error> {
    if args.config.is_none() && !args.set.set.is_empty() {
        return Err(Error::Usage(
            "--set goes with --config: a study is trained by its own description".to_owned(),
        ));
    }
    let given = match args.config.as_deref() {
        Some(path) => Some(config::with_data(path, &config::given(&args.set.set)?)?),
        None => None,
    };
    if !input::is_stdin(&args.source) && study::is_study(&args.source)? {
        return from_study(args, given);
    }
    if args.evaluation.is_some() || !args.within.is_empty() {
        return Err(Error::Usage(format!(
            "--evaluation and --within need a study, and {} is none",
            input::name(&args.source)
        )));
    }
    let network = input::network(&args.source)?;
    let Some((config, data)) = given else {
        return Err(Error::Usage(format!(
            "{} is a network, which says nothing of data and training: add --config FILE.toml \
             (demos/digits-cnn.toml is one)",
            input::name(&args.source)
        )));
    };
    let stem = args.source.file_stem().map(|stem| stem.to_string_lossy());
    Ok(Subject {
        name: stem
            .filter(|stem| *stem != "-")
            .map_or_else(|| "network".to_owned(), Into::into),
        network,
        seed: args.seed.unwrap_or(config.settings.search.seed),
        config,
        data,
        searched: None,
        how: Final::default(),
    })
}

fn from_study(
    args: &TrainArgs,
    given: Option<(Config, Option<Dataset>)>,
) -> Result<Subject, Error> {
    let path = &args.source;
    let ledger = Ledger::read(path)?;
    let record = match args.evaluation {
        Some(id) => ledger.evaluation(path, id)?,
        None if !args.within.is_empty() => within(&ledger, &args.within)?,
        None => ledger
            .best()
            .ok_or_else(|| nasbot::Error::NothingScored { path: path.clone() })?,
    };
    let has_other = given.is_some();
    let (mut config, data) = match (given, ledger.description()) {
        (Some(given), _) => given,
        (None, Some(description)) => {
            let overrides = Overrides {
                seed: Some(ledger.seed()),
                evaluations: Some(ledger.budget),
                facts: ledger.facts(),
                ..Overrides::default()
            };
            let description = description.clone().located(path);
            (config::parse(&description, overrides)?, None)
        }
        (None, None) => {
            return Err(nasbot::Error::NotAStudy {
                path: path.clone(),
                message: "its history is empty; name a TOML file with --config".to_owned(),
            }
            .into());
        }
    };
    let mut how = match &config.settings.evaluator {
        Evaluator::Local(training) => {
            let mut protocol = training.protocol.clone();
            if args.evaluation.is_some() || !args.within.is_empty() {
                // A network that was asked for is trained alone.
                protocol.last = Last::Best;
            }
            session::last_training(&ledger, record, &protocol)?
        }
        _ => Final::default(),
    };
    if has_other {
        // The epochs of the evaluation, and the keys that were tuned, are those of its own protocol.
        how.epochs = None;
        for candidate in &mut how.candidates {
            candidate.keys.clear();
        }
    }
    // Each candidate of an ensemble has its own, over the protocol of all.
    let is_alone = how.candidates.is_empty() && !has_other;
    if let (Evaluator::Local(training), true) = (&mut config.settings.evaluator, is_alone) {
        training.protocol = training.protocol.with_keys(&record.setting)?;
    }
    let id = record.suggestion.id;
    let network = record.suggestion.candidate.network();
    let network = network.map_err(|source| nasbot::Error::StoredNetwork { id, source })?;
    Ok(Subject {
        name: config.settings.name.clone(),
        network: network.clone(),
        seed: args.seed.unwrap_or(record.suggestion.seed),
        config,
        data,
        searched: Some(Searched {
            study: path.clone(),
            evaluation: record.suggestion.id,
            evaluations: ledger.counted(),
            score: record.score().zip(record.detail.clone()),
            metric: ledger.metric(),
        }),
        how,
    })
}

/// The best network within bounds such as `latency-ms<=2`.
fn within<'a>(ledger: &'a Ledger, texts: &[String]) -> Result<&'a Record, Error> {
    let bound = |text: &String| {
        let parts = ["<=", ">="].into_iter();
        let mut split = parts.filter_map(|sign| Some((sign, text.split_once(sign)?)));
        let (sign, (name, bound)) = split.next()?;
        Some(Constraint {
            name: name.trim().to_owned(),
            goal: match sign {
                "<=" => Goal::Minimise,
                _ => Goal::Maximise,
            },
            bound: bound.trim().parse().ok()?,
        })
    };
    let bounds = texts.iter().map(|text| {
        bound(text).ok_or_else(|| {
            Error::Usage(format!(
                "--within {text}: expected a figure and a bound, as latency-ms<=2 or score>=0.9"
            ))
        })
    });
    let bounds: Vec<Constraint> = bounds.collect::<Result<_, _>>()?;
    ledger.best_within(&bounds).ok_or_else(|| {
        Error::Usage(format!(
            "no network of the study keeps to {}: `nasbot show STUDY --all --format json` has the figures of each",
            texts.join(" and ")
        ))
    })
}

/// The description as this training needs it: one worker on one device, for as long as it takes.
fn prepare(args: &TrainArgs, subject: &Subject) -> Result<(Config, Training), Error> {
    let mut config = subject.config.clone();
    let Evaluator::Local(training) = &mut config.settings.evaluator else {
        return Err(Error::Usage(
            "this search does not train on libtorch (workers.backend is not \"local\"): \
             name a TOML file that does with --config"
                .to_owned(),
        ));
    };
    if let Some(repeats) = args.repeats {
        training.protocol.repeats = repeats;
        if repeats > 1 {
            training.protocol.folds = None;
        }
    }
    training.protocol.clone().validated()?;
    let training = training.as_ref().clone();
    config.settings.workers.per_device = PerDevice::Number(1);
    config.settings.workers.timeout = None;
    if let Some(device) = &args.device {
        let device = (device.parse())
            .map_err(|error: nn_train::Error| Error::Usage(format!("--device: {error}")))?;
        config.settings.workers.devices = Devices::Listed(vec![device]);
    } else if let Devices::Listed(devices) = &mut config.settings.workers.devices {
        devices.truncate(1);
    }
    Ok((config, training))
}

/// Where the model goes; nothing may be there yet.
fn place(args: &TrainArgs, name: &str) -> Result<PathBuf, Error> {
    let out = (args.out.clone()).unwrap_or_else(|| format!("{name}{ENDING}").into());
    if args.fresh {
        return Ok(study::numbered(&out, ENDING));
    }
    if out.exists() {
        return Err(Error::ModelExists { path: out });
    }
    Ok(out)
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    // A path without a name is that of a folder that exists, which was refused.
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(ending);
    path.with_file_name(name)
}

/// Gives a complete folder its name, which another process may have taken meanwhile.
fn put_in_place(partial: &Path, out: &Path) -> Result<(), Error> {
    if out.exists() {
        return Err(Error::ModelExists {
            path: out.to_owned(),
        });
    }
    fs::rename(partial, out).map_err(Error::write(out))
}

fn failed(detail: Detail, log: PathBuf) -> Error {
    let message = detail
        .message
        .unwrap_or_else(|| "it gave no reason".to_owned());
    Error::Training { message, log }
}

fn write(path: &Path, text: &str) -> Result<(), Error> {
    Ok(write_atomically(path, text)?)
}
