//! `nasbot init`: a short description of a search, for data that are looked at.

mod ask;
mod text;

use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use nasbot::backend;
use nasbot::report::{clean_line, contents, quoted};
use nasbot::settings::Description;
use nn_graph::Kind;
use nn_train::data::{Column, Contents, DataSpec, Format, ImageShape, InputShape, Task};

use self::ask::Asker;
use super::look;
use crate::cli::InitArgs;
use crate::config::{self, Overrides};
use crate::error::Error;
use crate::terminal;

/// How many networks are evaluated unless it is said: the initial ones, and as many that the model chooses.
const EVALUATIONS: u64 = 30;

/// What pictures of several sizes are scaled to unless it is said: what networks are trained on in minutes.
const PICTURE: ImageShape = ImageShape {
    channels: 3,
    height: 32,
    width: 32,
};

/// The side that pictures are scaled to where there is no GPU, if theirs is longer: a training takes minutes then, not hours.
const SIDE: u32 = 64;

/// What is known of a search that is to be described.
struct Plan {
    kind: Kind,
    data: DataSpec,
    contents: Contents,
    evaluations: u64,
    /// The size that all pictures have, where a smaller one is written.
    full: Option<ImageShape>,
    /// Whether trainings have the processor alone.
    is_slow: bool,
}

pub(crate) fn run(args: &InitArgs) -> Result<(), Error> {
    let out = &args.output;
    if out.exists() && !args.force {
        return Err(Error::Usage(format!(
            "{} exists already: name another file with -o, or replace it with --force",
            out.display()
        )));
    }
    let asker = Asker::new();
    let plan = plan(args, &asker)?;
    terminal::say(&format!(
        "{}:\n{}",
        clean_line(&plan.data.path.as_slice()[0].display().to_string()),
        contents(&plan.contents).trim_end()
    ));
    let text = text::text(&plan, &place(&plan.data, out)?, out);
    check(&text, out)?;
    write(&text, out, args.force)?;
    terminal::print(&format!(
        "{} is written: look at it, then\n  nasbot validate {name}\n  nasbot search {name}",
        out.display(),
        name = quoted(out)
    ))
}

/// What is given, what is asked for, and what the data say.
fn plan(args: &InitArgs, asker: &Asker) -> Result<Plan, Error> {
    let path = match &args.data {
        Some(path) => path.clone(),
        None => asker
            .text("Where are the data: a table, an array, or a folder with a folder of pictures for each class?", None)?
            .map(PathBuf::from)
            .ok_or_else(|| missing("where the data are", "--data PATH"))?,
    };
    let task = args.task.map(Task::from);
    let mut data = DataSpec::new(&path, task.unwrap_or(Task::Class));
    let Some(format) = data.format() else {
        fs::metadata(&path).map_err(Error::read(&path))?;
        return Err(Error::Usage(format!(
            "{} is no kind of data that is known by its name: .csv, .tsv, .parquet, .npy, .npz, .idx, .bin (CIFAR) or a folder of \
             pictures; give other names, or write `format` in a description by hand",
            path.display()
        )));
    };
    fs::metadata(&path).map_err(Error::read(&path))?;
    data.labels.clone_from(&args.labels);
    if matches!(format, Format::Csv | Format::Parquet) {
        let question = "Which column is predicted: a name, or a number from 0 (-1: the last)?";
        let label = match &args.label {
            Some(label) => Some(label.clone()),
            None => asker.text(question, Some("last"))?,
        };
        if let Some(label) = label {
            data.label = Column::from(label.as_str());
        }
    }
    let mut contents = look::survey(&mut data, task.is_some())?;
    if contents.sizes.is_some() {
        data.image = Some(PICTURE);
        contents = nn_train::data::survey(&data)?;
    }
    let is_slow = !backend::sees_gpu();
    let mut full = None;
    if let (InputShape::Image(image), Format::Images) = (contents.shape, format) {
        let longest = image.height.max(image.width);
        if is_slow && data.image.is_none() && longest > SIDE {
            let side = |side: u32| (side * SIDE).div_ceil(longest);
            data.image = Some(ImageShape {
                channels: image.channels,
                height: side(image.height),
                width: side(image.width),
            });
            full = Some(image);
            contents = nn_train::data::survey(&data)?;
        }
    }
    let kind = kind(args, &data, &contents)?;
    let evaluations = match args.evaluations {
        Some(evaluations) => evaluations,
        None => asker.number("How many networks may be trained?", EVALUATIONS)?,
    };
    Ok(Plan {
        kind,
        data,
        contents,
        evaluations,
        full,
        is_slow,
    })
}

/// The kind of networks for the data, or the one that is given if it goes with them.
fn kind(args: &InitArgs, data: &DataSpec, contents: &Contents) -> Result<Kind, Error> {
    let is_image = matches!(contents.shape, InputShape::Image(_));
    let fits = match (is_image, data.task) {
        (true, Task::Class) => Kind::Cnn,
        (false, Task::Class) => Kind::MlpClass,
        (_, Task::Reg) => Kind::MlpReg,
    };
    let Some(name) = &args.kind else {
        return Ok(fits);
    };
    let kind: Kind = name
        .parse()
        .map_err(|error: nn_graph::Error| Error::Usage(format!("--kind {name}: {error}")))?;
    let goes = match kind {
        Kind::Cnn => is_image && data.task == Task::Class,
        Kind::MlpClass => data.task == Task::Class,
        Kind::MlpReg => data.task == Task::Reg,
    };
    if !goes {
        return Err(Error::Usage(format!(
            "--kind {name}: these data are for {fits}: cnn is for pictures, mlp-class for classes, mlp-reg for numbers"
        )));
    }
    Ok(kind)
}

/// What to do about something that is neither given nor can be asked for.
fn missing(what: &str, option: &str) -> Error {
    Error::Usage(format!(
        "init needs to know {what}, and there is no terminal to ask on: give {option}"
    ))
}

/// The paths of the data as seen from the file that is written.
fn place(data: &DataSpec, out: &Path) -> Result<Vec<PathBuf>, Error> {
    let folder = out.parent().filter(|folder| !folder.as_os_str().is_empty());
    let paths = data.path.as_slice().iter().chain(&data.labels);
    let seen = paths.map(|path| match folder {
        Some(_) if path.is_relative() => fs::canonicalize(path).map_err(Error::read(path)),
        _ => Ok(path.clone()),
    });
    seen.collect()
}

/// Whether what is about to be written is what `nasbot search` takes.
fn check(text: &str, out: &Path) -> Result<(), Error> {
    let folder = match out.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    };
    let description = Description {
        text: text.to_owned(),
        path: out.to_owned(),
        folder: fs::canonicalize(&folder).map_err(Error::read(&folder))?,
        from_study: None,
        set: Vec::new(),
    };
    config::open(&description, Overrides::default()).map(drop)
}

fn write(text: &str, out: &Path, replaces: bool) -> Result<(), Error> {
    if replaces {
        return Ok(nasbot::session::write_atomically(out, text)?);
    }
    // It may have come to be since it was looked for.
    let file = File::options().write(true).create_new(true).open(out);
    let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|source| match source.kind() {
        ErrorKind::AlreadyExists => Error::Usage(format!(
            "{} exists already: name another file with -o, or replace it with --force",
            out.display()
        )),
        _ => Error::write(out)(source),
    })
}
