//! The file that is written.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use nasbot::report::{clean_line, counted, quoted};
use nn_graph::Kind;
use nn_train::data::{Column, InputShape, Task};

use super::Plan;

/// Classes that are named.
const NAMED: usize = 8;

/// The description, with a comment for each part of it. `places` are the paths of the data as seen from the file.
pub(super) fn text(plan: &Plan, places: &[PathBuf], out: &Path) -> String {
    let name = quoted(out);
    let mut text = format!(
        "# A search of nasbot, written by `nasbot init`.\n#\n#     nasbot validate {name}   checks it\n#     nasbot search {name}     searches\n\
         #\n# `nasbot schema --format example` shows every key. Paths are relative to this file.\n\n[space]\n"
    );
    let kind = match plan.kind {
        Kind::Cnn => "Convolutional networks, for pictures",
        Kind::MlpClass => "Multi-layer perceptrons that predict classes",
        Kind::MlpReg => "Multi-layer perceptrons that predict numbers",
    };
    let _ = write!(text, "# {kind}.\nkind = \"{}\"\n", plan.kind);
    text += match plan.kind == Kind::Cnn && plan.is_slow {
        true => {
            "# There is no GPU here: small networks are searched, whose trainings take minutes. Without this line they are as large as\n\
                 # people make them for pictures.\nmax-units = 64\n#max-layers = 12\n"
        }
        false => {
            "# Bounds follow from the data. Smaller ones make a search quicker: each training is shorter.\n#max-layers = 12\n#max-units = 64\n"
        }
    };
    data(&mut text, plan, places);
    text += "\n# How networks are trained follows from the data, unless it is said here.\n#[training]\n#epochs = 30\n\
             #optimiser = \"adamw\"\n\n# All visible GPUs are used, or else the processor.\n#[workers]\n#devices = [\"cpu\"]\n\
             #per-device = 2\n\n[budget]\n# Networks that are trained; `nasbot resume STUDY --evaluations N` goes on with more.\n";
    let _ = writeln!(text, "evaluations = {}", plan.evaluations);
    text += "#wall-time = \"2h\"\n";
    text
}

fn data(text: &mut String, plan: &Plan, places: &[PathBuf]) {
    let (data, contents) = (&plan.data, &plan.contents);
    let examples = counted(contents.parts.iter().sum(), "example");
    let inputs = match contents.shape {
        InputShape::Image(image) => format!(
            "pictures of {} × {} × {} (channels, height, width)",
            image.channels, image.height, image.width
        ),
        InputShape::Features(n) => format!("{} each", counted(n as usize, "number")),
    };
    let [train, validation, test] = contents.parts;
    let _ = write!(
        text,
        "\n[data]\n# {examples}, {inputs}: {train} to train on, {validation} to choose by, {test} to test on.\n"
    );
    if let Some(path) = places.first() {
        let _ = writeln!(text, "path = {}", string(&path.display().to_string()));
    }
    if let (Some(_), Some(path)) = (&data.labels, places.get(1)) {
        let _ = writeln!(text, "labels = {}", string(&path.display().to_string()));
    }
    match data.task {
        Task::Class => {
            let classes = &contents.classes;
            let named = classes.iter().take(NAMED);
            let named: Vec<String> = named
                .map(|(name, count)| format!("{} ({count})", clean_line(name)))
                .collect();
            let more = if classes.len() > NAMED { ", …" } else { "" };
            let _ = write!(
                text,
                "# Classes are predicted: {}{more}. \"reg\": numbers.\ntask = \"class\"\n",
                named.join(", ")
            );
        }
        Task::Reg => *text += "# Numbers are predicted. \"class\": classes.\ntask = \"reg\"\n",
    }
    if contents.preparation.is_some() {
        let label = label(&data.label, contents.label.as_deref());
        let _ = write!(
            text,
            "# The column that is predicted; columns that are no inputs are left out by `ignore`.\nlabel = {label}\n"
        );
        *text += &match contents.numbering.as_slice() {
            [] => "#ignore = [\"id\"]\n".to_owned(),
            names => {
                // Without a header columns are known by their places.
                let is_named = contents.label.is_some();
                let named = |name: &String| if is_named { string(name) } else { name.clone() };
                let names: Vec<String> = names.iter().map(named).collect();
                let list = names.join(", ");
                format!(
                    "# Numbers of rows say nothing of a new one; if they are times, remove this line.\nignore = [{list}]\n"
                )
            }
        };
    }
    if let Some(image) = data.image {
        let [channels, height, width] = <[u32; 3]>::from(image);
        let why = match plan.full {
            Some(full) => format!(
                "Pictures have {} × {} pixels and are scaled to this, since there is no GPU here",
                full.height, full.width
            ),
            None => "Pictures have several sizes, and all are scaled to this".to_owned(),
        };
        let _ = write!(
            text,
            "# {why}: channels, height, width.\nimage = [{channels}, {height}, {width}]\n"
        );
    }
    *text += match data.task {
        Task::Class => {
            "# What the best network is chosen by; also \"balanced-accuracy\", \"macro-f1\", \"auc\" or \"log-loss\".\n#metric = \"accuracy\"\n"
        }
        Task::Reg => {
            "# What the best network is chosen by; also \"rmse\", \"mae\" or \"r2\".\n#metric = \"mse\"\n"
        }
    };
}

/// The column that is predicted, by its name where it has one: another column may come to be the last.
fn label(given: &Column, name: Option<&str>) -> String {
    match (given, name) {
        // Words that mean a place are no names.
        (_, Some(name)) if !["first", "last", ""].contains(&name) => string(name),
        (Column::Number(number), _) => number.to_string(),
        (Column::Name(name), _) => string(name),
    }
}

/// A text as TOML has it.
fn string(text: &str) -> String {
    toml::Value::from(text).to_string()
}
