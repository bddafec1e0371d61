//! Raw examples to predict for, prepared as a model's training data were.

use std::path::{Path, PathBuf};

use super::columns::RawColumn;
use super::dataset::pixels;
use super::preparation::{Encoder, Encoding, Input, Preparation};
use super::readers;
use super::spec::{DataSpec, Format, Task};
use super::values::Values;
use crate::Error;

/// Examples as a network takes them.
#[derive(Clone, Debug, PartialEq)]
pub struct Prepared {
    /// Inputs, one example after the other.
    pub inputs: Vec<f32>,
    /// The file of each example, where they are pictures.
    pub files: Vec<PathBuf>,
}

/// Reads examples from a text table, or pictures from a file or a folder, and prepares them. Columns are found by their names, in any order, and others are passed over; pictures are scaled to the
/// size of those that were trained on, in the order of their names.
///
/// # Errors
/// As [`load`](super::load); and for a format whose files do not say what they hold.
pub fn prepared(preparation: &Preparation, path: &Path) -> Result<Prepared, Error> {
    let mut files = Vec::new();
    let mut spec = DataSpec::new(path, Task::Reg);
    let inputs = match (&preparation.input, spec.format()) {
        (Input::Table { columns, gaps, .. }, Some(Format::Csv)) => {
            spec.gaps.clone_from(gaps);
            let raw = columns.iter().map(|column| RawColumn {
                name: column.name.clone(),
                kind: column.kind,
                words: match &column.encoding {
                    Encoding::Words { words, .. } => words.clone(),
                    Encoding::Number { .. } => Vec::new(),
                },
                useless: None,
            });
            let (values, raw) = readers::csv::rows(&spec, path.into(), raw.collect())?;
            let sources: Vec<usize> = (0..columns.len()).collect();
            let rows: Vec<usize> = (0..values.len() / columns.len().max(1)).collect();
            let encoder = Encoder::new(preparation, &sources, Some(&raw), columns.len());
            // A table has an encoder.
            encoder.map_or_else(Vec::new, |encoder| encoder.rows(&values, &rows))
        }
        (
            Input::Image {
                shape,
                mean,
                std,
                columns,
            },
            format,
        ) => {
            let values = match format {
                Some(Format::Csv) if columns.is_empty() => {
                    return Err(Error::Format {
                        path: path.into(),
                        message: "is a text table, and this model takes pictures: name a PNG or JPEG file, or a folder of them".into(),
                    });
                }
                Some(Format::Csv) => {
                    let pixels = columns.iter().cloned().map(RawColumn::number);
                    readers::csv::rows(&spec, path.into(), pixels.collect())?.0
                }
                _ => {
                    files = readers::images::picture_files(path)?;
                    readers::images::pictures(&files, *shape)?
                }
            };
            check_gaps(path, &values, shape.len())?;
            let rows: Vec<usize> = (0..values.len() / shape.len()).collect();
            pixels(&values, shape.len(), &rows, mean, std)
        }
        (Input::Table { .. }, _) => {
            return Err(Error::Format {
                path: path.into(),
                message:
                    "is no text table, and this model takes rows of one: name a .csv or .tsv file"
                        .into(),
            });
        }
    };
    if inputs.is_empty() {
        return Err(Error::Format {
            path: path.into(),
            message: "holds no example".into(),
        });
    }
    Ok(Prepared { inputs, files })
}

fn check_gaps(path: &Path, values: &Values, width: usize) -> Result<(), Error> {
    match (0..values.len()).find(|i| values.get(*i).is_nan()) {
        None => Ok(()),
        Some(gap) => Err(Error::NotANumber {
            path: path.into(),
            row: (gap / width) as u64 + 1,
            column: gap % width,
            value: String::new(),
        }),
    }
}
