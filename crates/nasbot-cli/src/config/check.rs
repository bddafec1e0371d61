//! From the raw description to one that can run: every check in one place.

use std::fs;
use std::path::{Path, PathBuf};

use nasbot_opt::{NetworkSpace, ValidConfig};
use nn_graph::{Constraints, Kind};
use nn_train::data::{DataSpec, Task};
use nn_train::job::Device;

use super::diagnostic::Problems;
use super::raw::{Raw, RawBackend, RawDevices, RawWorkers};
use super::{
    Budget, Config, ConfigErrors, Devices, Evaluator, Overrides, Source, Training, Workers,
};
use crate::input;

/// More evaluations than anybody waits for.
const MOST_EVALUATIONS: u64 = 1_000_000;
/// More workers a device than make sense.
const MOST_PER_DEVICE: usize = 256;
/// Failures in a row after which a search gives up, unless told otherwise.
const GIVE_UP_AFTER: usize = 20;

pub(super) fn check(source: &Source, overrides: Overrides) -> Result<Config, ConfigErrors> {
    let mut problems = Problems::new(source);
    let raw: Raw = match toml::from_str(&source.text) {
        Ok(raw) => raw,
        Err(error) => {
            problems.add_toml(&error);
            return problems.finish(None);
        }
    };
    let name = name(&raw, source, &mut problems);
    let kind = kind(&raw, &mut problems);
    let mut constraints = raw.space.constraints();
    bounds(&constraints, &mut problems);
    let search = search(&raw, overrides, &mut problems);
    let workers = workers(&raw.workers, &mut problems);
    let budget = budget(&raw, overrides, &mut problems);
    let study = raw.study.path.as_ref().map(|path| source.folder.join(path));
    if let (Some(data), Some(kind)) = (&raw.data, kind) {
        halvings(data, kind, &mut constraints, &mut problems);
    }
    let space = kind.and_then(|kind| space(&raw, source, kind, constraints, &mut problems));
    let evaluator = evaluator(raw, source, kind, &mut problems);
    let config = match (space, search, evaluator) {
        (Some(space), Some(search), Some(evaluator)) => Some(Config {
            name,
            study,
            space,
            search,
            evaluator,
            workers,
            budget,
        }),
        // What could not be made has left its problem above.
        _ => None,
    };
    problems.finish(config)
}

fn name(raw: &Raw, source: &Source, problems: &mut Problems<'_>) -> String {
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

fn kind(raw: &Raw, problems: &mut Problems<'_>) -> Option<Kind> {
    match raw.space.kind.parse() {
        Ok(kind) => Some(kind),
        Err(error) => {
            let error: nn_graph::Error = error;
            problems.add("space.kind", error.to_string(), "");
            None
        }
    }
}

fn bounds(bounds: &Constraints, problems: &mut Problems<'_>) {
    let number = |n: usize| n as f64;
    let pairs = [
        (
            "layers",
            bounds.min_layers.map(number),
            bounds.max_layers.map(number),
        ),
        ("mass", bounds.min_mass, bounds.max_mass),
        (
            "units",
            bounds.min_units.map(f64::from),
            bounds.max_units.map(f64::from),
        ),
    ];
    for (what, least, most) in pairs {
        for (end, value) in [("min", least), ("max", most)] {
            if value.is_some_and(|value| !value.is_finite() || value < 0.0) {
                let path = format!("space.{end}-{what}");
                problems.add(
                    &path,
                    format!("{end}-{what} must be a finite number of at least 0"),
                    "",
                );
            }
        }
        if let (Some(least), Some(most)) = (least, most)
            && least > most
        {
            problems.add(
                &format!("space.min-{what}"),
                format!("min-{what} is {least}, more than max-{what} = {most}"),
                "no network can satisfy both: swap or loosen them",
            );
        }
    }
    let least = [
        (
            "max-layers",
            bounds.max_layers,
            4,
            "input, output, a decision layer and one between",
        ),
        (
            "max-edges",
            bounds.max_edges,
            3,
            "the shortest network has three edges",
        ),
        (
            "max-in-degree",
            bounds.max_in_degree,
            1,
            "every layer but the input has a parent",
        ),
        (
            "max-out-degree",
            bounds.max_out_degree,
            1,
            "every layer but the output has a child",
        ),
        (
            "max-units",
            bounds.max_units.map(|u| u as usize),
            1,
            "a layer has at least one unit",
        ),
    ];
    for (what, value, needed, why) in least {
        if let Some(value) = value.filter(|&value| value < needed) {
            let message = format!("{what} is {value}, it must be at least {needed}");
            problems.add(&format!("space.{what}"), message, why);
        }
    }
}

/// An image halves only so often before nothing is left of it: the bound follows from the data.
fn halvings(data: &DataSpec, kind: Kind, bounds: &mut Constraints, problems: &mut Problems<'_>) {
    let Some(image) = data
        .image
        .filter(|image| kind == Kind::Cnn && !image.is_empty())
    else {
        return;
    };
    let most = image.height.min(image.width).ilog2();
    match bounds.max_halvings {
        None => bounds.max_halvings = Some(most),
        Some(asked) if asked > most => problems.add(
            "space.max-halvings",
            format!(
                "max-halvings is {asked}, but images of {}×{} can be halved {most} times only",
                image.height, image.width
            ),
            "leave the key out: the bound then follows from the data",
        ),
        Some(_) => {}
    }
}

/// The space within its bounds, with the user's own starting networks if there are any.
fn space(
    raw: &Raw,
    source: &Source,
    kind: Kind,
    bounds: Constraints,
    problems: &mut Problems<'_>,
) -> Option<NetworkSpace> {
    let Some(files) = &raw.space.pool else {
        // Contradictory bounds have been noted; no network satisfying them would be one problem more.
        let space = NetworkSpace::new(kind, bounds);
        return space
            .map_err(|error| problems.add_first("space", error.to_string(), ""))
            .ok();
    };
    let mut pool = Vec::new();
    for file in files {
        match input::network(&source.folder.join(file)) {
            Ok(network) => pool.push(network),
            Err(error) => problems.add("space.pool", error.to_string(), ""),
        }
    }
    if pool.len() < files.len() {
        return None;
    }
    let space = NetworkSpace::new(kind, bounds).and_then(|space| space.with_pool(pool));
    space
        .map_err(|error| problems.add("space.pool", error.to_string(), ""))
        .ok()
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

fn workers(raw: &RawWorkers, problems: &mut Problems<'_>) -> Workers {
    let listed = match &raw.devices {
        None => None,
        Some(RawDevices::One(name)) if name == "auto" => None,
        Some(RawDevices::One(name)) => Some(vec![name.clone()]),
        Some(RawDevices::Many(names)) => Some(names.clone()),
    };
    if listed.as_ref().is_some_and(Vec::is_empty) {
        problems.add(
            "workers.devices",
            "no device is listed",
            "\"auto\" takes what is there",
        );
    }
    let devices = listed.map_or(Devices::Auto, |names| {
        let mut devices: Vec<Device> = Vec::new();
        for name in names {
            match name.parse() {
                Ok(device) if devices.contains(&device) => problems.add(
                    "workers.devices",
                    format!("{name} is listed twice"),
                    "several workers on one device: per-device = 2",
                ),
                Ok(device) => devices.push(device),
                Err(error) => {
                    let error: nn_train::Error = error;
                    problems.add("workers.devices", error.to_string(), "");
                }
            }
        }
        Devices::Listed(devices)
    });
    let per_device = raw.per_device.unwrap_or(1);
    if !(1..=MOST_PER_DEVICE).contains(&per_device) {
        let message = format!("per-device is {per_device}, it must be from 1 to {MOST_PER_DEVICE}");
        problems.add("workers.per-device", message, "");
    }
    for (key, value) in [
        ("threads", raw.threads),
        ("give-up-after", raw.give_up_after),
    ] {
        if value == Some(0) {
            let path = format!("workers.{key}");
            problems.add(&path, format!("{key} is 0, it must be at least 1"), "");
        }
    }
    Workers {
        devices,
        per_device,
        timeout: raw.timeout.map(|span| span.0),
        threads: raw.threads,
        synchronous: raw.synchronous,
        give_up_after: raw.give_up_after.unwrap_or(GIVE_UP_AFTER),
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
        wall_time: raw.budget.wall_time.map(|span| span.0),
    }
}

fn evaluator(
    raw: Raw,
    source: &Source,
    kind: Option<Kind>,
    problems: &mut Problems<'_>,
) -> Option<Evaluator> {
    let backend = raw.workers.backend;
    let only = [
        (
            raw.workers.program.is_some(),
            "program",
            RawBackend::Local,
            "local",
        ),
        (
            raw.workers.command.is_some(),
            "command",
            RawBackend::Command,
            "command",
        ),
    ];
    for (given, key, needs, name) in only {
        if given && backend != needs {
            let message = format!("the key `{key}` is for backend = \"{name}\" only");
            problems.add(
                &format!("workers.{key}"),
                message,
                "remove it, or change the backend",
            );
        }
    }
    if backend != RawBackend::Local {
        for (given, section) in [
            (raw.data.is_some(), "data"),
            (raw.training.is_some(), "training"),
        ] {
            if given {
                let message = format!("[{section}] is for backend = \"local\" only");
                problems.add(
                    section,
                    message,
                    "remove the section, or change workers.backend",
                );
            }
        }
    }
    match backend {
        RawBackend::Synthetic => Some(Evaluator::Synthetic),
        RawBackend::Command => command(raw.workers.command, source, problems),
        RawBackend::Local => training(raw, source, kind, problems)
            .map(|training| Evaluator::Local(Box::new(training))),
    }
}

fn command(
    command: Option<Vec<String>>,
    source: &Source,
    problems: &mut Problems<'_>,
) -> Option<Evaluator> {
    let example =
        "for example command = [\"python3\", \"train.py\"]; it runs in the folder of this file";
    match command {
        Some(program) if program.first().is_some_and(|first| !first.is_empty()) => {
            Some(Evaluator::Command {
                program,
                folder: source.folder.clone(),
            })
        }
        Some(_) => {
            problems.add("workers.command", "the command is empty", example);
            None
        }
        None => {
            problems.add(
                "workers.backend",
                "backend = \"command\" needs a command",
                example,
            );
            None
        }
    }
}

fn training(
    raw: Raw,
    source: &Source,
    kind: Option<Kind>,
    problems: &mut Problems<'_>,
) -> Option<Training> {
    let protocol = raw.training.unwrap_or_default();
    if let Err(error) = protocol.clone().validated() {
        problems.add(&field_path("training", &error), error.to_string(), "");
    }
    let Some(mut data) = raw.data else {
        let message = "there is no [data] section: what should networks be trained on?";
        problems.add(
            "workers.backend",
            message,
            "add [data]; demos/digits-cnn.toml has one",
        );
        return None;
    };
    if let Some(kind) = kind
        && (kind == Kind::MlpReg) != (data.task == Task::Reg)
    {
        let task = if data.task == Task::Reg {
            "reg"
        } else {
            "class"
        };
        problems.add(
            "data.task",
            format!("task = \"{task}\" does not fit networks of kind {kind}"),
            "mlp-reg predicts numbers (task = \"reg\"), cnn and mlp-class classes (task = \"class\")",
        );
    }
    data.resolve(&source.folder);
    if let Err(error) = data.check() {
        problems.add(&field_path("data", &error), error.to_string(), "");
    }
    for file in data.files() {
        if let Err(error) = fs::File::open(file) {
            let message = format!("can't read {}: {error}", file.display());
            problems.add(
                "data.path",
                message,
                "paths are relative to the folder of this file",
            );
        }
    }
    let program = raw
        .workers
        .program
        .map(|path| worker_path(&path, &source.folder));
    Some(Training {
        program,
        data,
        protocol,
    })
}

/// A name without a slash is looked for on the PATH; anything else is relative to the file.
fn worker_path(path: &Path, folder: &Path) -> PathBuf {
    if path.components().count() > 1 {
        folder.join(path)
    } else {
        path.to_owned()
    }
}

fn field_path(section: &str, error: &nn_train::Error) -> String {
    match error {
        nn_train::Error::Data { field, .. } | nn_train::Error::Training { field, .. } => {
            format!("{section}.{field}")
        }
        _ => section.to_owned(),
    }
}
