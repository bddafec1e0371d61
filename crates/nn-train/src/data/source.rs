//! From files to one table of checked numbers, whatever the format.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

use super::spec::{DataSpec, Format, OneOrMany, Task, Transform};
use super::{InputShape, Targets, cifar, csv, idx, images, npy};
use crate::Error;

/// Inputs and targets as they stand in the files, checked but not standardised.
pub(super) struct Table {
    /// What one example looks like.
    pub(super) shape: InputShape,
    /// All inputs.
    pub(super) inputs: Vec<f32>,
    /// All targets.
    pub(super) targets: Targets,
    /// Number of classes.
    pub(super) classes: Option<u32>,
    /// Their names, if they have names.
    pub(super) class_names: Vec<String>,
}

/// What a format's reader hands over: labels are still text or numbers of unknown range.
pub(super) struct Raw {
    /// What one example looks like to the file: its length, or its sides.
    pub(super) shape: InputShape,
    pub(super) inputs: Vec<f32>,
    pub(super) labels: Labels,
    /// The file and row of an example, for messages: the file's first example and its row number.
    pub(super) origin: Vec<(usize, PathBuf, u64)>,
}

/// Labels or targets before they are checked.
pub(super) enum Labels {
    /// Cells of a text file.
    Text(Vec<String>),
    /// Names of classes, even where they look like numbers.
    Names(Vec<String>),
    /// Numbers of a binary file.
    Numbers(Vec<f64>),
}

impl Labels {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Text(cells) | Self::Names(cells) => cells.len(),
            Self::Numbers(numbers) => numbers.len(),
        }
    }

    fn text(&self, i: usize) -> String {
        match self {
            Self::Text(cells) | Self::Names(cells) => cells[i].clone(),
            Self::Numbers(numbers) => numbers[i].to_string(),
        }
    }

    fn number(&self, i: usize) -> Option<f64> {
        match self {
            Self::Text(cells) => cells[i].trim().parse().ok(),
            Self::Names(_) => None,
            Self::Numbers(numbers) => Some(numbers[i]),
        }
    }
}

impl Raw {
    /// The file and row of example `i`.
    fn place(&self, i: usize) -> (PathBuf, u64) {
        let file = self.origin.iter().rev().find(|(first, ..)| *first <= i);
        file.map_or_else(Default::default, |(first, path, row)| {
            (path.clone(), row + (i - first) as u64)
        })
    }

    fn no_class(&self, i: usize, expected: String) -> Error {
        let (path, row) = self.place(i);
        Error::Label {
            path,
            row,
            value: self.labels.text(i),
            expected,
        }
    }

    fn no_target(&self, i: usize, problem: &'static str) -> Error {
        let (path, row) = self.place(i);
        Error::Target {
            path,
            row,
            value: self.labels.text(i),
            problem,
        }
    }
}

/// Reads files by a specification; `main` is the main file's table when the test file is read.
pub(super) fn read(
    spec: &DataSpec,
    paths: &OneOrMany,
    labels: Option<&Path>,
    main: Option<&Table>,
) -> Result<Table, Error> {
    let paths = paths.as_slice();
    let raw = match spec.format() {
        Some(Format::Csv) => csv::read(spec, paths)?,
        Some(Format::Idx) => idx::read(paths, labels)?,
        Some(Format::Npy) => npy::read(spec, paths, labels)?,
        Some(Format::Cifar) => cifar::read(spec, paths)?,
        Some(Format::Images) => images::read(spec, paths)?,
        None => {
            return Err(Error::Data {
                field: "format",
                problem: "is missing".into(),
            });
        }
    };
    if raw.labels.len() == 0 {
        return Err(Error::Format {
            // The specification was checked: there is at least one path.
            path: paths.first().cloned().unwrap_or_default(),
            message: "holds no example".into(),
        });
    }
    let shape = shape(spec, raw.shape)?;
    let (targets, classes, class_names) = match spec.task {
        Task::Class => classes(spec, &raw, main)?,
        Task::Reg => (values(spec, &raw)?, None, Vec::new()),
    };
    Ok(Table {
        shape,
        inputs: raw.inputs,
        targets,
        classes,
        class_names,
    })
}

/// The shape that the specification asks for, if the file's numbers fit it.
fn shape(spec: &DataSpec, found: InputShape) -> Result<InputShape, Error> {
    match spec.image {
        None => Ok(found),
        Some(image) if image.len() == found.len() => Ok(InputShape::Image(image)),
        Some(image) => Err(Error::Data {
            field: "image",
            problem: format!(
                "needs {} numbers an example ({} × {} × {}), the file has {}",
                image.len(),
                image.channels,
                image.height,
                image.width,
                found.len()
            ),
        }),
    }
}

/// Labels as classes: text without any number becomes names, in alphabetical order; the rest are numbers. A test
/// file has the main file's classes.
fn classes(
    spec: &DataSpec,
    raw: &Raw,
    main: Option<&Table>,
) -> Result<(Targets, Option<u32>, Vec<String>), Error> {
    if let Labels::Text(cells) | Labels::Names(cells) = &raw.labels {
        let known = main.map(|main| main.class_names.clone());
        let has_names = match &known {
            Some(names) => !names.is_empty(),
            None => (0..cells.len()).all(|i| raw.labels.number(i).is_none()),
        };
        if has_names {
            return named_classes(spec, raw, cells, known);
        }
    }
    let declared = spec.classes.or(main.and_then(|main| main.classes));
    let limit = declared.map_or(1 << 20, i64::from);
    let mut out = Vec::with_capacity(raw.labels.len());
    for i in 0..raw.labels.len() {
        // A whole number has no fraction at all.
        let class = (raw.labels.number(i))
            .filter(|x| x.fract().abs() <= 0.0 && *x >= 0.0 && *x < limit as f64)
            .map(|x| x as i64);
        let expected = || match declared {
            Some(classes) => format!("classes are 0 to {}", classes - 1),
            None => "use whole numbers from 0, or names throughout".into(),
        };
        out.push(class.ok_or_else(|| raw.no_class(i, expected()))?);
    }
    if let Some(classes) = declared {
        return Ok((Targets::Classes(out), Some(classes), Vec::new()));
    }
    let (largest, count) = (out.iter().enumerate())
        .max_by_key(|(_, class)| **class)
        .map_or((0, 0), |(i, class)| (i, class + 1));
    check_count(spec, count)?;
    let mut seen = vec![false; count as usize];
    out.iter().for_each(|&class| seen[class as usize] = true);
    if let Some(absent) = seen.iter().position(|seen| !seen) {
        let (path, row) = raw.place(largest);
        return Err(Error::Data {
            field: "classes",
            problem: format!(
                "can't be counted: labels go up to {} ({}, row {row}), but none is {absent}; check the labels or give classes = {count}",
                count - 1,
                path.display()
            ),
        });
    }
    Ok((Targets::Classes(out), Some(count as u32), Vec::new()))
}

/// Labels that are words; `known` are the main file's.
fn named_classes(
    spec: &DataSpec,
    raw: &Raw,
    cells: &[String],
    known: Option<Vec<String>>,
) -> Result<(Targets, Option<u32>, Vec<String>), Error> {
    let names = known.unwrap_or_else(|| {
        let mut names = cells.to_vec();
        names.sort_unstable();
        names.dedup();
        names
    });
    check_count(spec, names.len() as i64)?;
    let number = |(i, cell): (usize, &String)| match names.binary_search(cell) {
        Ok(class) => Ok(class as i64),
        Err(_) => Err(raw.no_class(i, format!("classes are {}", names.join(", ")))),
    };
    let targets = cells
        .iter()
        .enumerate()
        .map(number)
        .collect::<Result<_, _>>()?;
    let count = spec.classes.unwrap_or(names.len() as u32);
    Ok((Targets::Classes(targets), Some(count), names))
}

fn check_count(spec: &DataSpec, found: i64) -> Result<(), Error> {
    let problem = match spec.classes {
        None if found < 2 => format!("number {found}: a classifier needs at least 2"),
        Some(classes) if found > i64::from(classes) => {
            format!("is {classes}, but the file has {found} different labels")
        }
        _ => return Ok(()),
    };
    Err(Error::Data {
        field: "classes",
        problem,
    })
}

/// Targets of a regression, transformed.
fn values(spec: &DataSpec, raw: &Raw) -> Result<Targets, Error> {
    let mut out = Vec::with_capacity(raw.labels.len());
    for i in 0..raw.labels.len() {
        let value = raw.labels.number(i).filter(|x| x.is_finite());
        let transformed = value.map(|y| match spec.transform {
            None => y,
            Some(Transform::Log) => y.ln(),
            Some(Transform::Log1p) => y.ln_1p(),
        });
        // Beyond the range of f32 a number becomes infinite.
        let target = transformed.map(|y| y as f32).filter(|y| y.is_finite());
        let problem = || match (value, transformed.is_some_and(f64::is_finite)) {
            (None, _) => "is no finite number: repair or remove the row",
            (Some(_), false) => "has no logarithm: remove `transform`",
            (Some(_), true) => "is too large for 32-bit floats: rescale the targets",
        };
        out.push(target.ok_or_else(|| raw.no_target(i, problem()))?);
    }
    Ok(Targets::Values(out))
}

/// Checks that the test file has the main file's shape.
pub(super) fn check_alike(main: &Table, test: &Table) -> Result<(), Error> {
    if main.shape == test.shape {
        return Ok(());
    }
    let (found, expected) = (test.shape.len(), main.shape.len());
    Err(Error::Data {
        field: "test",
        problem: format!("has {found} numbers an example, the main file has {expected}"),
    })
}

/// Opens a file, unpacking gzip, which is told from its first two bytes.
pub(super) fn open(path: &Path) -> Result<Box<dyn Read>, Error> {
    let io = |source| io_error(path, source);
    let mut file = File::open(path).map_err(io)?;
    let mut head = [0; 2];
    let n = read_up_to(&mut file, &mut head).map_err(io)?;
    let rest = std::io::Cursor::new(head[..n].to_vec()).chain(file);
    if head == [0x1f, 0x8b] {
        Ok(Box::new(BufReader::with_capacity(
            1 << 16,
            MultiGzDecoder::new(rest),
        )))
    } else {
        Ok(Box::new(BufReader::with_capacity(1 << 16, rest)))
    }
}

/// A reading error of `path` at example, row or the like `row`.
pub(super) fn read_error(
    path: &Path,
    what: &'static str,
    row: u64,
    source: std::io::Error,
) -> Error {
    match source.kind() {
        std::io::ErrorKind::UnexpectedEof => Error::Truncated {
            path: path.into(),
            what,
            row,
        },
        _ => io_error(path, source),
    }
}

/// A reading error of `path`.
pub(super) fn io_error(path: &Path, source: std::io::Error) -> Error {
    Error::Io {
        path: path.into(),
        source,
    }
}

/// Fills as much of `buffer` as there is. A gzip stream that breaks off is an `UnexpectedEof`.
pub(super) fn read_up_to(reader: &mut impl Read, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match reader.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
