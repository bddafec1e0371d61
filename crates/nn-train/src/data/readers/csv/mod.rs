//! Text tables: one example a row.
//!
//! What a column holds is told from all of its cells. A file is read by what its first cells are, and once more where
//! later ones are of another kind.

pub(in crate::data::readers) mod cells;
pub(in crate::data::readers) mod columns;
mod dialect;
mod kinds;

use std::path::PathBuf;

use ::csv::{Position, StringRecord};

pub(crate) use self::cells::USUAL_GAPS;
use self::dialect::{Next, Opened};
use self::kinds::Tally;

use crate::Error;
use crate::data::columns::{Described, Kind, Layout, RawColumn};
use crate::data::examples::InputShape;
use crate::data::files::read_error;
use crate::data::problems::Problems;
use crate::data::raw::{Inputs, Keep, Labels, Raw, Sink};
use crate::data::spec::DataSpec;

/// Reads every row of every file. A further file has the main one's columns, which are `main`, and so has a second path.
pub(super) fn read(
    spec: &DataSpec,
    paths: &[PathBuf],
    main: Option<&Described>,
) -> Result<(Raw, Described), Error> {
    let first = Pass::run(spec, paths, main.map(|main| &main.layout), columns_of(main))?;
    let Some(kinds) = first.other_kinds(main.is_some())? else {
        return first.end();
    };
    let layout = main.map(|main| &main.layout);
    Pass::run(spec, paths, layout, Some(kinds))?.end()
}

fn columns_of(main: Option<&Described>) -> Option<Vec<RawColumn>> {
    Some(main?.columns.clone())
}

/// One reading of all files.
struct Pass {
    layout: Option<Layout>,
    tallies: Vec<Tally>,
    inputs: Inputs,
    labels: Vec<String>,
    marks: Vec<String>,
    weights: Vec<f32>,
    notes: Vec<String>,
    origin: Vec<(usize, PathBuf, u64)>,
    problems: Problems,
}

impl Pass {
    /// Reads all files; `kinds` are the columns' kinds if they are known.
    fn run(
        spec: &DataSpec,
        paths: &[PathBuf],
        main: Option<&Layout>,
        kinds: Option<Vec<RawColumn>>,
    ) -> Result<Self, Error> {
        let mut pass = Self {
            layout: main.cloned(),
            tallies: (kinds.into_iter().flatten()).map(Tally::known).collect(),
            inputs: Inputs::new(Keep::All),
            labels: Vec::new(),
            marks: Vec::new(),
            weights: Vec::new(),
            notes: Vec::new(),
            origin: Vec::new(),
            problems: Problems::default(),
        };
        for path in paths {
            pass.file(spec, path)?;
        }
        Ok(pass)
    }

    fn file(&mut self, spec: &DataSpec, path: &PathBuf) -> Result<(), Error> {
        let main = self.layout.clone();
        let known = main.as_ref().and_then(|main| main.header.as_deref());
        // No name is known of the first file, nor of one without a header.
        let mut table = dialect::open_table(spec, path, known.unwrap_or_default())?;
        let mut record = StringRecord::new();
        let mut layout = None;
        // The line that the next example stands on if no line is between.
        let mut expected = 0;
        let mut row = 0;
        while next(&mut table, &mut record, path, row + 1)? {
            row = record.position().map_or(row + 1, |place| table.line(place));
            let Some(layout) = &layout else {
                let header = table.names.take();
                let is_header = header.is_some() && !table.is_header_read;
                let count = record.len();
                self.note(path, header.as_deref());
                let found = match &main {
                    None => columns::main(spec, path, count, header)?,
                    Some(main) => columns::further(main, spec, path, count, header)?,
                };
                if self.tallies.is_empty() {
                    let names = found.inputs.iter().map(|i| found.name(*i));
                    self.tallies = names.map(Tally::new).collect();
                }
                self.layout.get_or_insert_with(|| found.clone());
                if !is_header {
                    self.row(&record, &found, &table, (path, row), &mut expected);
                }
                layout = Some(found);
                continue;
            };
            // A comment within the table.
            if record.len() == 1 && record[0].starts_with('#') {
                continue;
            }
            self.row(&record, layout, &table, (path, row), &mut expected);
        }
        Ok(())
    }

    fn note(&mut self, path: &std::path::Path, header: Option<&[String]>) {
        let counts = |names: &[String]| {
            (names.iter().enumerate()).all(|(column, name)| *name == column.to_string())
        };
        if header.is_some_and(counts) {
            self.notes.push(format!(
                "{}: the first row counts the columns from 0 and is taken for their names; header = false makes it an example",
                path.display()
            ));
        }
    }

    /// Takes one row, or notes what is wrong with it.
    fn row(
        &mut self,
        record: &StringRecord,
        layout: &Layout,
        table: &Opened,
        (path, row): (&PathBuf, u64),
        expected: &mut u64,
    ) {
        if record.len() != layout.count {
            return self.problems.add(Error::Ragged {
                path: path.clone(),
                row,
                found: record.len(),
                expected: layout.count,
            });
        }
        if *expected != row || self.origin.is_empty() {
            self.origin.push((self.labels.len(), path.clone(), row));
        }
        *expected = row + 1;
        for (tally, column) in self.tallies.iter_mut().zip(&layout.inputs) {
            let cell = &record[*column];
            let x = tally.take(cell, &table.notation, (path, row));
            if x.abs() > f64::from(f32::MAX) {
                self.problems.add(Error::TooLarge {
                    path: path.clone(),
                    row,
                    column: tally.column.name.clone(),
                    value: cell.into(),
                });
            }
            self.inputs.take(x);
        }
        if let Some(mark) = layout.mark {
            self.marks.push(record[mark].into());
        }
        if let Some(weight) = layout.weight {
            let cell = &record[weight];
            let number = table.notation.number(cell).map(|x| x as f32);
            match number.filter(|x| x.is_finite() && *x >= 0.0) {
                Some(weight) => self.weights.push(weight),
                None => self.problems.add(Error::Weight {
                    path: path.clone(),
                    row,
                    value: cell.into(),
                }),
            }
        }
        let label = layout.label.map_or("", |label| &record[label]);
        let decisive = [Some(label), layout.mark.map(|mark| &record[mark])];
        if decisive
            .into_iter()
            .flatten()
            .any(|cell| cell.contains(['\n', '\r']))
        {
            self.problems.add(Error::Format {
                path: path.clone(),
                message: format!("row {row}: the label, or what the split goes by, is a cell of several lines, as where a quotation mark is missing or is one too many: repair the row"),
            });
        }
        if layout.label.is_some() && label.is_empty() {
            let path = path.clone();
            self.problems.add(Error::NoLabel { path, row });
        }
        self.labels.push(label.into());
    }

    /// The columns with their right kinds, if some were read by another; an error where a column of numbers, or one that the
    /// main file has, holds something else.
    fn other_kinds(&self, are_fixed: bool) -> Result<Option<Vec<RawColumn>>, Error> {
        let mut problems = Problems::default();
        let mut columns = Vec::with_capacity(self.tallies.len());
        let mut has_other = false;
        for (i, tally) in self.tallies.iter().enumerate() {
            let is_category = self
                .layout
                .as_ref()
                .is_some_and(|layout| layout.is_category(i));
            let kind = if are_fixed {
                tally.column.kind
            } else if is_category {
                Kind::Text
            } else {
                tally.kind()
            };
            if kind != Kind::Text && tally.has_other_than(kind) {
                tally.odd_cells(kind).for_each(|error| problems.add(error));
            }
            has_other |= kind != tally.column.kind;
            columns.push(RawColumn {
                kind,
                words: Vec::new(),
                ..tally.column.clone()
            });
        }
        problems.none()?;
        Ok(has_other.then_some(columns))
    }

    fn end(self) -> Result<(Raw, Described), Error> {
        self.problems.none()?;
        let columns = self.tallies.into_iter().map(Tally::end).collect::<Vec<_>>();
        let raw = Raw {
            shape: InputShape::Features(columns.len() as u32),
            inputs: self.inputs,
            labels: Labels::Text(self.labels),
            origin: self.origin,
            marks: self.marks,
            weights: self.weights,
        };
        let layout = self.layout.unwrap_or_else(Layout::empty);
        Ok((
            raw,
            Described {
                layout,
                columns,
                notes: self.notes,
                numbering: Vec::new(),
            },
        ))
    }
}

/// Reads the next row; `row` is the number that it would have.
fn next(
    table: &mut Opened,
    record: &mut StringRecord,
    path: &std::path::Path,
    row: u64,
) -> Result<bool, Error> {
    let found = table.next(record).map_err(|error| {
        let message = format!("row {row} is no CSV: {error}");
        let at = |place: Option<Position>| place.map_or(row, |place| table.line(&place));
        match error.into_kind() {
            ::csv::ErrorKind::Io(source) => read_error(path, "row", row, source),
            ::csv::ErrorKind::Utf8 { pos, err } => Error::Format {
                path: path.into(),
                message: format!(
                    "row {}, column {}: holds bytes that are no UTF-8; if the file is written in Latin-1 (Windows-1252), give encoding = \"latin-1\"",
                    at(pos),
                    err.field()
                ),
            },
            _ => Error::Format {
                path: path.into(),
                message,
            },
        }
    })?;
    let row = record.position().map_or(row, |place| table.line(place));
    let problem = match found {
        Next::Row => return Ok(true),
        Next::End => return Ok(false),
        Next::Open => {
            "has a quotation mark that is not closed, so that all that follows is one cell: the file is cut off or damaged"
        }
        Next::Zero => "holds a zero byte and is no text: the file is damaged",
    };
    Err(Error::Format {
        path: path.into(),
        message: format!("row {row}: {problem}; repair the row or fetch the file again"),
    })
}
