//! Text tables: one example a row, cells separated by commas.

use std::path::{Path, PathBuf};

use ::csv::{ReaderBuilder, StringRecord};

use super::columns::Columns;
use crate::Error;
use crate::data::examples::InputShape;
use crate::data::files::{open, read_error};
use crate::data::raw::{Inputs, Keep, Labels, Raw};
use crate::data::spec::DataSpec;

/// Reads every row of every file; all must have the first file's columns.
pub(super) fn read(spec: &DataSpec, paths: &[PathBuf], keep: Keep) -> Result<Raw, Error> {
    let mut inputs = Inputs::new(keep);
    let mut labels = Vec::new();
    let mut origin = Vec::new();
    let mut width = None;
    for path in paths {
        let mut reader = (ReaderBuilder::new())
            .has_headers(false)
            .flexible(true)
            .trim(::csv::Trim::All)
            .from_reader(open(path)?);
        let mut record = StringRecord::new();
        let mut columns = None;
        let mut row = 0;
        while read_record(&mut reader, &mut record, path, row + 1)? {
            row = record.position().map_or(row + 1, ::csv::Position::line);
            let Some(columns) = &columns else {
                let is_header = spec
                    .header
                    .unwrap_or_else(|| record.iter().all(|cell| cell.parse::<f64>().is_err()));
                let names: Vec<String> = match is_header {
                    true => record.iter().map(Into::into).collect(),
                    false => Vec::new(),
                };
                let found = Columns::new(spec, path, record.len(), &names)?;
                origin.push((labels.len(), path.clone(), row + u64::from(is_header)));
                if !is_header {
                    take(&record, &found, path, row, &mut inputs, &mut labels)?;
                }
                columns = Some(found);
                continue;
            };
            take(&record, columns, path, row, &mut inputs, &mut labels)?;
        }
        let features = columns.map_or(0, |columns| columns.features.len());
        if *width.get_or_insert(features) != features {
            return Err(Error::Format {
                path: path.clone(),
                message: format!(
                    "has {features} features, the files before have {}",
                    width.unwrap_or(0)
                ),
            });
        }
    }
    Ok(Raw {
        shape: InputShape::Features(width.unwrap_or(0) as u32),
        inputs,
        labels: Labels::Text(labels),
        origin,
    })
}

/// Checks one row and appends its numbers.
fn take(
    record: &StringRecord,
    columns: &Columns,
    path: &Path,
    row: u64,
    inputs: &mut Inputs,
    labels: &mut Vec<String>,
) -> Result<(), Error> {
    if record.len() != columns.count {
        return Err(Error::Ragged {
            path: path.into(),
            row,
            found: record.len(),
            expected: columns.count,
        });
    }
    for &column in &columns.features {
        let cell = &record[column];
        match cell.parse::<f32>() {
            Ok(x) if x.is_finite() => inputs.push(x),
            _ => {
                return Err(Error::NotANumber {
                    path: path.into(),
                    row,
                    column,
                    value: cell.into(),
                });
            }
        }
    }
    labels.push(record[columns.label].into());
    Ok(())
}

/// Reads the next row; `row` is the number that it would have.
fn read_record<R: std::io::Read>(
    reader: &mut ::csv::Reader<R>,
    record: &mut StringRecord,
    path: &Path,
    row: u64,
) -> Result<bool, Error> {
    reader
        .read_record(record)
        .map_err(|error| match error.into_kind() {
            ::csv::ErrorKind::Io(source) => read_error(path, "row", row, source),
            kind => Error::Format {
                path: path.into(),
                message: format!("row {row} is no CSV: {kind:?}"),
            },
        })
}
