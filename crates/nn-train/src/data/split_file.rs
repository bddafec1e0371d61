//! A split in a file: a table with a line for each example that says to which part it belongs.
//!
//! Its columns are `row`, the example's number from 0, and `part`; of a folder of pictures `file`, the picture's path within the folder,
//! in place of `row`. Further columns are passed over. Parts are `train`, `validation`, `test` and `none`. Each part has its examples in
//! the order of the file, so that a split that is written out and read again gives the same training to the last bit.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use ::csv::{ReaderBuilder, StringRecord, Trim, WriterBuilder};

use super::files;
use super::problems::Problems;
use super::readers::images;
use super::spec::{DataSpec, Format};
use super::split::{self, Part, Parts};
use super::table::Table;
use crate::Error;

/// The columns of the file.
const ROW: &str = "row";
const FILE: &str = "file";
const PART: &str = "part";

/// Divides the examples of a table as its specification says: by the file that it names, or as [`split::deal`] does.
pub(super) fn divide(spec: &DataSpec, table: &Table, has_test_file: bool) -> Result<Parts, Error> {
    let count = table.targets.len();
    match &spec.split.file {
        None => split::deal(&spec.split, table, has_test_file),
        Some(path) => read(path, names(spec)?.as_deref(), count, has_test_file),
    }
}

/// The parts as a file has them; examples that belong to none come last.
pub(super) fn text(spec: &DataSpec, parts: &Parts, count: usize) -> Result<String, Error> {
    let names = names(spec)?;
    let mut is_used = vec![false; count];
    let mut out = WriterBuilder::new().from_writer(Vec::new());
    let heading = if names.is_some() { FILE } else { ROW };
    let mut lines = vec![[heading.to_owned(), PART.to_owned()]];
    let line = |row: usize, part: &str| {
        let name = names
            .as_ref()
            .map_or_else(|| row.to_string(), |names| names[row].clone());
        [name, part.to_owned()]
    };
    for (part, rows) in [
        ("train", &parts.train),
        ("validation", &parts.validation),
        ("test", &parts.test),
    ] {
        for row in rows {
            is_used[*row] = true;
            lines.push(line(*row, part));
        }
    }
    let unused = is_used.iter().enumerate().filter(|(_, is_used)| !**is_used);
    lines.extend(unused.map(|(row, _)| line(row, "none")));
    let write = |error: String| Error::Format {
        path: PathBuf::from(PART),
        message: format!("can't be written: {error}"),
    };
    for line in lines {
        out.write_record(line)
            .map_err(|error| write(error.to_string()))?;
    }
    let bytes = out.into_inner().map_err(|error| write(error.to_string()))?;
    String::from_utf8(bytes).map_err(|error| write(error.to_string()))
}

/// What pictures are called in a split file, in the order of reading: their paths within the folder that holds the classes' folders,
/// of several folders with the folder's own name first. Examples of other formats have numbers.
fn names(spec: &DataSpec) -> Result<Option<Vec<String>>, Error> {
    if spec.format() != Some(Format::Images) {
        return Ok(None);
    }
    let roots = spec.path.as_slice();
    let mut names = Vec::new();
    for root in roots {
        let before = match (roots.len(), root.file_name().and_then(OsStr::to_str)) {
            (1, _) | (_, None) => PathBuf::new(),
            (_, Some(name)) => PathBuf::from(name),
        };
        for file in images::files(root)? {
            let within = before.join(file.strip_prefix(root).unwrap_or(&file));
            names.push(slashed(&within).ok_or_else(|| Error::Format {
                path: file.clone(),
                message: "has a name that is no UTF-8, by which a split file can't call it: rename it".into(),
            })?);
        }
    }
    Ok(Some(names))
}

/// A path as every system writes it here.
fn slashed(path: &Path) -> Option<String> {
    let parts: Option<Vec<&str>> = path.iter().map(OsStr::to_str).collect();
    Some(parts?.join("/"))
}

/// Reads a split file of `count` examples, whose names are `names` where they have some.
fn read(
    path: &Path,
    names: Option<&[String]>,
    count: usize,
    has_test_file: bool,
) -> Result<Parts, Error> {
    let refuse = |message: String| Error::Format {
        path: path.into(),
        message,
    };
    let at = |line: u64, message: String| refuse(format!("line {line}: {message}"));
    let mut table = ReaderBuilder::new()
        .trim(Trim::All)
        .from_reader(files::open(path)?);
    let wrong = |error: ::csv::Error| refuse(format!("is no table of a split: {error}"));
    let header = table.headers().map_err(wrong)?.clone();
    let name = if names.is_some() { FILE } else { ROW };
    let column = |name: &str| {
        header.iter().position(|known| known == name).ok_or_else(|| {
            refuse(format!(
                "has no column '{name}', its columns are {}: a split has the columns {}; `nasbot split` writes one",
                header.iter().collect::<Vec<_>>().join(", "),
                if names.is_some() { "file and part" } else { "row and part" }
            ))
        })
    };
    let (example, part) = (column(name)?, column(PART)?);
    let rows: Option<HashMap<&str, usize>> =
        names.map(|names| names.iter().map(String::as_str).zip(0..).collect());
    let place = |cell: &str| match &rows {
        Some(rows) => rows.get(cell.replace('\\', "/").as_str()).copied(),
        None => cell.parse().ok().filter(|row| *row < count),
    };
    let mut parts = Parts::default();
    let mut problems = Problems::default();
    let mut lines = vec![0; count];
    let mut record = StringRecord::new();
    while table.read_record(&mut record).map_err(wrong)? {
        let line = record.position().map_or(0, |place| place.line());
        let (cell, said) = (&record[example], &record[part]);
        let Some(row) = place(cell) else {
            problems.add(at(line, match names {
                Some(_) => format!("there is no picture '{cell}': paths are those within the folder of `path`"),
                None => format!("there is no row '{cell}': the {count} rows are counted from 0, without the line of names"),
            }));
            continue;
        };
        if lines[row] > 0 {
            problems.add(at(
                line,
                format!(
                    "{name} '{cell}' stands on line {} already: give each once",
                    lines[row]
                ),
            ));
            continue;
        }
        lines[row] = line;
        match Part::named(said) {
            Some(Part::Test) if has_test_file => problems.add(at(
                line,
                "the part is test, and the test data have a file of their own: take out one of the two".into(),
            )),
            Some(part) => parts.push(part, row),
            None => problems.add(at(line, format!("the part is '{said}': use train, validation, test or none"))),
        }
    }
    problems.none()?;
    let missing = lines.iter().filter(|line| **line == 0).count();
    if let Some(first) = lines.iter().position(|line| *line == 0) {
        let first = names.map_or_else(|| first.to_string(), |names| names[first].clone());
        return Err(refuse(format!(
            "says nothing of {missing} of {count} examples, the first of which is {name} '{first}': list each, with the part none where it is to be left out"
        )));
    }
    if parts.train.len() < 2 || parts.validation.is_empty() {
        return Err(refuse(
            "leaves nothing to training or validation: both need some (training at least two examples)".into(),
        ));
    }
    Ok(parts)
}
