//! Parquet files: tables whose columns have types.
//!
//! What a column holds follows from its type: integers, floating-point numbers and decimals are numbers, timestamps are dates, strings
//! and dictionaries of them words. A gap is a null, a number that is none, or a word that stands for one in a text table. Columns are
//! found by their names, as those of text tables are.

mod cells;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use ::parquet::errors::ParquetError;
use ::parquet::file::reader::{FileReader, RowGroupReader};
use ::parquet::file::serialized_reader::SerializedFileReader;

use self::cells::{Cell, Source};
use super::csv::cells::{self as text, Notation};
use super::csv::columns;
use crate::Error;
use crate::data::columns::{Described, Kind, Layout, RawColumn};
use crate::data::examples::InputShape;
use crate::data::files::open_plain;
use crate::data::problems::Problems;
use crate::data::raw::{Inputs, Keep, Labels, Raw, Sink};
use crate::data::spec::DataSpec;

/// The column in which pandas keeps an index that is not just a count.
const INDEX: &str = "__index_level_0__";

/// Reads every row of every file. A further file has the main one's columns, which are `main`, and so has a second path.
pub(in crate::data::readers) fn read(
    spec: &DataSpec,
    paths: &[PathBuf],
    main: Option<&Described>,
) -> Result<(Raw, Described), Error> {
    let mut table = Table {
        spec,
        notation: Notation {
            gaps: spec.gaps.clone(),
            has_decimal_comma: false,
        },
        layout: main.map(|main| main.layout.clone()),
        columns: main.map(|main| main.columns.iter().cloned().map(Words::new).collect()),
        inputs: Inputs::new(Keep::All),
        labels: Vec::new(),
        marks: Vec::new(),
        weights: Vec::new(),
        origin: Vec::new(),
        problems: Problems::default(),
    };
    for path in paths {
        table.file(path)?;
    }
    table.end()
}

/// What has been read.
struct Table<'a> {
    spec: &'a DataSpec,
    notation: Notation,
    layout: Option<Layout>,
    columns: Option<Vec<Words>>,
    inputs: Inputs,
    labels: Vec<String>,
    marks: Vec<String>,
    weights: Vec<f32>,
    origin: Vec<(usize, PathBuf, u64)>,
    problems: Problems,
}

impl Table<'_> {
    fn file(&mut self, path: &Path) -> Result<(), Error> {
        let damaged = |error: ParquetError| damaged(path, &error);
        let file = SerializedFileReader::new(open_plain(path)?).map_err(damaged)?;
        let metadata = file.metadata();
        let sources = Source::all(metadata.file_metadata().schema_descr());
        let names: Vec<String> = sources.iter().map(|source| source.name.clone()).collect();
        let count = names.len();
        let layout = match &self.layout {
            None => columns::main(self.spec, path, count, Some(names))?,
            Some(main) => columns::further(main, self.spec, path, count, Some(names))?,
        };
        if self.columns.is_none() {
            let inputs = layout.inputs.iter().enumerate();
            let columns = inputs.map(|(i, column)| {
                let source = &sources[*column];
                let kind = if layout.is_category(i) {
                    Kind::Text
                } else {
                    source.kind(path)?
                };
                Ok(Words::new(RawColumn {
                    kind,
                    useless: (source.name == INDEX)
                        .then(|| "is the index that pandas wrote".to_owned()),
                    ..RawColumn::number(source.name.clone())
                }))
            });
            self.columns = Some(columns.collect::<Result<_, Error>>()?);
        }
        self.layout.get_or_insert_with(|| layout.clone());
        self.origin.push((self.labels.len(), path.into(), 1));
        let mut row = 1;
        for i in 0..file.num_row_groups() {
            let group = file.get_row_group(i).map_err(damaged)?;
            let rows = usize::try_from(group.metadata().num_rows()).map_err(|_| Error::Format {
                path: path.into(),
                message: format!("says that part {i} of its rows has less than none: it is damaged, fetch it again"),
            })?;
            self.group(&Part {
                path,
                layout: &layout,
                sources: &sources,
                group: group.as_ref(),
                rows,
                row,
            })?;
            row += rows as u64;
        }
        Ok(())
    }

    /// Takes the rows of one part of a file.
    fn group(&mut self, part: &Part<'_>) -> Result<(), Error> {
        let Part {
            path, layout, rows, ..
        } = *part;
        let mut taken: Vec<Vec<f64>> = Vec::with_capacity(layout.inputs.len());
        // Those of the file were found before its parts.
        let mut columns = self.columns.take().unwrap_or_default();
        for (column, input) in columns.iter_mut().zip(&layout.inputs) {
            let mut numbers = Vec::new();
            part.cells(*input, |row, cell| {
                let x = match self.is_gap(&cell) {
                    true => f64::NAN,
                    false => column.number(&cell, &self.notation).unwrap_or_else(|| {
                        self.problems.add(Error::OddCell {
                            path: path.into(),
                            row,
                            column: column.of.name.clone(),
                            value: cell.text(),
                            kind: column.of.kind.name(),
                        });
                        f64::NAN
                    }),
                };
                if x.abs() > f64::from(f32::MAX) {
                    self.problems.add(Error::TooLarge {
                        path: path.into(),
                        row,
                        column: column.of.name.clone(),
                        value: cell.text(),
                    });
                }
                numbers.push(x);
            })?;
            taken.push(numbers);
        }
        self.columns = Some(columns);
        for row in 0..rows {
            taken
                .iter()
                .for_each(|numbers| self.inputs.take(numbers[row]));
        }
        drop(taken);
        match layout.label {
            None => self.labels.extend(std::iter::repeat_n(String::new(), rows)),
            Some(label) => part.cells(label, |row, cell| {
                // A word that stands for a gap may be the name of a class, as in a text table.
                if matches!(cell, Cell::Gap) || cell.text().is_empty() {
                    let path = path.into();
                    self.problems.add(Error::NoLabel { path, row });
                }
                self.labels.push(cell.text());
            })?,
        }
        if let Some(mark) = layout.mark {
            part.cells(mark, |_, cell| self.marks.push(cell.text()))?;
        }
        if let Some(weight) = layout.weight {
            part.cells(weight, |row, cell| {
                let number = cell.number().map(|x| x as f32);
                match number.filter(|x| x.is_finite() && *x >= 0.0) {
                    Some(weight) => self.weights.push(weight),
                    None => self.problems.add(Error::Weight {
                        path: path.into(),
                        row,
                        value: cell.text(),
                    }),
                }
            })?;
        }
        Ok(())
    }

    fn is_gap(&self, cell: &Cell<'_>) -> bool {
        match cell {
            Cell::Gap => true,
            Cell::Text(text) => self.notation.is_gap(text),
            cell if cell.number().is_some_and(f64::is_nan) => true,
            // Numbers may stand for gaps where the specification says so.
            cell => self.notation.gaps.is_some() && self.notation.is_gap(&cell.text()),
        }
    }

    fn end(self) -> Result<(Raw, Described), Error> {
        self.problems.none()?;
        // There is at least one path, and each has left its columns.
        let columns = self.columns.unwrap_or_default();
        let described = Described {
            layout: self.layout.unwrap_or_else(Layout::empty),
            columns: columns.into_iter().map(|column| column.of).collect(),
            notes: Vec::new(),
            numbering: Vec::new(),
        };
        let raw = Raw {
            shape: InputShape::Features(described.columns.len() as u32),
            inputs: self.inputs,
            labels: Labels::Text(self.labels),
            origin: self.origin,
            marks: self.marks,
            weights: self.weights,
        };
        Ok((raw, described))
    }
}

/// Some rows of a file that follow one another.
struct Part<'a> {
    path: &'a Path,
    layout: &'a Layout,
    sources: &'a [Source],
    group: &'a dyn RowGroupReader,
    rows: usize,
    /// The number of the first one in the file, from 1.
    row: u64,
}

impl Part<'_> {
    /// Hands over the cells of a column with the numbers of their rows.
    fn cells(&self, column: usize, mut take: impl FnMut(u64, Cell<'_>)) -> Result<(), Error> {
        let source = &self.sources[column];
        let leaf = source.leaf(self.path)?;
        let reader = self.group.get_column_reader(leaf);
        let reader = reader.map_err(|error| damaged(self.path, &error))?;
        let mut row = self.row;
        let found = source.cells(reader, self.rows, &mut |cell| {
            take(row, cell);
            row += 1;
        });
        let message = match found {
            Ok(found) if found == self.rows => return Ok(()),
            Ok(found) => format!("has {found} cells where {} were promised", self.rows),
            Err(error) => error.to_string(),
        };
        Err(Error::Format {
            path: self.path.into(),
            message: format!(
                "column '{}', from row {} on: {message}: the file is damaged, fetch it again or write it anew",
                source.name, self.row
            ),
        })
    }
}

/// A column of inputs with the places of its words.
struct Words {
    of: RawColumn,
    places: HashMap<String, u32>,
}

impl Words {
    fn new(of: RawColumn) -> Self {
        let places = of.words.iter().cloned().zip(0..).collect();
        Self { of, places }
    }

    /// A cell that is no gap as a number of its column; `None` where it is of another kind.
    fn number(&mut self, cell: &Cell<'_>, notation: &Notation) -> Option<f64> {
        match (self.of.kind, cell) {
            (Kind::Text, cell) => Some(self.place(cell.text())),
            (Kind::Number, Cell::Text(cell)) => notation.number(cell),
            (Kind::Number, Cell::Boolean(_) | Cell::Days(_)) => None,
            (Kind::Number, cell) => cell.number(),
            (Kind::Boolean, Cell::Boolean(x)) => Some(f64::from(u8::from(*x))),
            (Kind::Boolean, Cell::Text(cell)) => text::boolean(cell),
            (Kind::Date, Cell::Days(days)) => Some(*days),
            (Kind::Date, Cell::Text(cell)) => text::date(cell),
            (Kind::Boolean | Kind::Date, _) => None,
        }
    }

    fn place(&mut self, word: String) -> f64 {
        if let Some(place) = self.places.get(&word) {
            return f64::from(*place);
        }
        let place = self.places.len() as u32;
        self.of.words.push(word.clone());
        self.places.insert(word, place);
        f64::from(place)
    }
}

fn damaged(path: &Path, error: &ParquetError) -> Error {
    Error::Format {
        path: path.into(),
        message: format!(
            "is no Parquet file, or a damaged one ({error}): fetch it again or write it anew"
        ),
    }
}
