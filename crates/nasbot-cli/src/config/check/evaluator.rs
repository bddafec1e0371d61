//! Checks of what evaluates a network: the back-end with all that it needs and nothing that it doesn't.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nasbot::settings::{Description, Evaluator, Training};
use nn_graph::Kind;
use nn_train::TrainingSpec;
use nn_train::data::Task;

use super::super::diagnostic::Problems;
use super::super::raw::{Raw, RawBackend};

pub(super) fn evaluator(
    raw: Raw,
    protocol: TrainingSpec,
    source: &Description,
    kind: Option<Kind>,
    needs_data: bool,
    problems: &mut Problems<'_>,
) -> Option<Evaluator> {
    let backend = raw.workers.backend;
    let is_queue = raw.workers.is_queue();
    let trains = raw.workers.trains();
    let only = [
        (raw.workers.program.is_some(), "program", trains, "local"),
        (
            raw.workers.command.is_some(),
            "command",
            is_queue || backend == RawBackend::Command,
            "command",
        ),
        (
            raw.workers.delay.is_some(),
            "delay",
            backend == RawBackend::Synthetic,
            "synthetic",
        ),
    ];
    for (given, key, fits, name) in only {
        if given && !fits {
            let message = format!("the key `{key}` is for backend = \"{name}\" only");
            problems.add(
                &format!("workers.{key}"),
                message,
                "remove it, or change the backend",
            );
        }
    }
    if !trains {
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
        RawBackend::Synthetic => Some(Evaluator::Synthetic {
            delay: raw.workers.delay.map_or(Duration::ZERO, |span| span.0),
        }),
        RawBackend::Command => command(raw.workers.command, source, problems),
        RawBackend::Hand => Some(Evaluator::Own),
        _ if !trains => command(raw.workers.command, source, problems),
        RawBackend::Local | RawBackend::Slurm | RawBackend::Ray | RawBackend::Template => {
            training(raw, protocol, source, kind, needs_data, problems)
                .map(|training| Evaluator::Local(Box::new(training)))
        }
    }
}

fn command(
    command: Option<Vec<String>>,
    source: &Description,
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
    protocol: TrainingSpec,
    source: &Description,
    kind: Option<Kind>,
    needs_data: bool,
    problems: &mut Problems<'_>,
) -> Option<Training> {
    if let Err(error) = protocol.clone().validated() {
        problems.add(&field_path("training", &error), error.to_string(), "");
    }
    for (key, setting) in [
        ("learning-rate", "optimiser.learning-rate"),
        ("momentum", "optimiser.momentum"),
        ("nesterov", "optimiser.nesterov"),
        ("weight-decay", "optimiser.weight-decay"),
        ("warmup", "schedule.warmup"),
        ("step-epochs", "schedule.every"),
        ("step-factor", "schedule.factor"),
    ] {
        let path = format!("training.{key}");
        if problems.has(&path) && problems.has(&format!("training.{setting}")) {
            let message = format!("`{key}` is given twice: also as `{setting}`");
            problems.add(&path, message, "keep one of them");
        }
    }
    let Some(mut data) = raw.data else {
        let message = "there is no [data] section: what should networks be trained on?";
        problems.add(
            "workers.backend",
            message,
            "add [data]; `nasbot init` writes one for your data",
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
    if protocol.folds.is_some() && !data.split.is_free() {
        problems.add(
            "training.folds",
            "folds divide rows anew, which are kept together, in order or apart by a column or a file here",
            "leave out training.folds, or group, order, part and file of data.split",
        );
    }
    for file in data.files().filter(|_| needs_data) {
        if let Err(reason) = readable(file) {
            let message = format!("can't read {}: {reason}", file.display());
            let key = match data.split.file.as_deref() {
                Some(split) if split == file => "data.split.file",
                _ => "data.path",
            };
            problems.add(
                key,
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

/// Why a file with data, or a folder of them, can't be read. Opening a pipe would wait for a writer.
fn readable(path: &Path) -> Result<(), String> {
    let kind = fs::metadata(path).map_err(|error| error.to_string())?;
    if !kind.is_file() && !kind.is_dir() {
        return Err("it is a pipe, a socket or a device; data come from regular files".to_owned());
    }
    fs::File::open(path).map_err(|error| error.to_string())?;
    Ok(())
}

/// A name without a slash is looked for on the PATH; anything else is relative to the file.
fn worker_path(path: &Path, folder: &Path) -> PathBuf {
    if path.components().count() > 1 {
        folder.join(path)
    } else {
        path.to_owned()
    }
}

pub(super) fn field_path(section: &str, error: &nn_train::Error) -> String {
    match error {
        nn_train::Error::Data { field, .. } | nn_train::Error::Training { field, .. } => {
            format!("{section}.{field}")
        }
        _ => section.to_owned(),
    }
}
