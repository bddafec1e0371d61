//! Raw examples to predict for, prepared as a model's training data were.

use std::path::{Path, PathBuf};

use super::columns::{Kind, RawColumn};
use super::dataset::pixels;
use super::examples::InputShape;
use super::preparation::{Column, Encoder, Encoding, Input, Preparation};
use super::readers::{self, npy};
use super::spec::{DataSpec, Format, ImageShape, Task};
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

/// Reads examples from a text table or a Parquet file, from an array of numpy, or pictures from a file or a folder, and prepares them. Columns are found
/// by their names, in any order, and others are passed over; an array has the sides of those that were trained on; pictures are scaled
/// to the size of those that were trained on, in the order of their names.
///
/// # Errors
/// As [`load`](super::load); and for a format whose files do not say what they hold.
pub fn prepared(preparation: &Preparation, path: &Path) -> Result<Prepared, Error> {
    let refuse = |message: String| {
        Err(Error::Format {
            path: path.into(),
            message,
        })
    };
    let mut files = Vec::new();
    let mut spec = DataSpec::new(path, Task::Reg);
    let inputs = match (&preparation.input, spec.format()) {
        (Input::Table { columns, gaps, .. }, Some(format)) if format.is_table() => {
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
            let (values, raw) = readers::rows(&spec, path.into(), raw.collect())?;
            encoded(preparation, columns.len(), Some(&raw), &values)
        }
        (
            Input::Table {
                columns, left_out, ..
            },
            Some(Format::Npy),
        ) => {
            let is_counted = |(i, column): (usize, &Column)| {
                column.name == i.to_string() && column.kind == Kind::Number
            };
            if !left_out.is_empty() || !columns.iter().enumerate().all(is_counted) {
                return refuse("is an array, and this model takes rows of a table, whose columns have names or are not all used: name a .csv or .tsv file".into());
            }
            let (found, values) = array(path, None)?;
            if found != InputShape::Features(columns.len() as u32) {
                return refuse(format!(
                    "has {}, and this model takes {} each",
                    sides(found),
                    columns.len()
                ));
            }
            encoded(preparation, columns.len(), None, &values)
        }
        (
            Input::Image {
                shape, mean, std, ..
            },
            Some(Format::Npy),
        ) => {
            let (found, values) = array(path, Some(*shape))?;
            if found.len() != shape.len() {
                return refuse(format!(
                    "has {}, and this model takes {}",
                    sides(found),
                    sides(InputShape::Image(*shape))
                ));
            }
            let rows: Vec<usize> = (0..values.len() / shape.len()).collect();
            pixels(&values, shape.len(), &rows, mean, std)
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
                Some(format) if format.is_table() && columns.is_empty() => {
                    return Err(Error::Format {
                        path: path.into(),
                        message: "is a table, and this model takes pictures: name a PNG or JPEG file, or a folder of them".into(),
                    });
                }
                Some(format) if format.is_table() => {
                    let pixels = columns.iter().cloned().map(RawColumn::number);
                    readers::rows(&spec, path.into(), pixels.collect())?.0
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
                message: "is no text table and no array, and this model takes rows of one: name a .csv, .tsv or .npy file".into(),
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

/// All rows of a table of so many columns, as they were read if words are among them.
fn encoded(
    preparation: &Preparation,
    width: usize,
    columns: Option<&[RawColumn]>,
    values: &Values,
) -> Vec<f32> {
    let sources: Vec<usize> = (0..width).collect();
    let rows: Vec<usize> = (0..values.len() / width.max(1)).collect();
    let encoder = Encoder::new(preparation, &sources, columns, width);
    // A table has an encoder.
    encoder.map_or_else(Vec::new, |encoder| encoder.rows(values, &rows))
}

/// The examples of an `.npy` file.
fn array(path: &Path, image: Option<ImageShape>) -> Result<(InputShape, Values), Error> {
    if npy::is_archive(path) {
        return Err(Error::Format {
            path: path.into(),
            message: "is an archive of arrays: save the examples alone, as an .npy file".into(),
        });
    }
    npy::examples(path, image)
}

/// What an example looks like.
fn sides(shape: InputShape) -> String {
    match shape {
        InputShape::Features(n) => format!("{n} numbers each"),
        InputShape::Image(image) => {
            let [channels, height, width] = image.into();
            format!("images of {channels} × {height} × {width} (channels, height, width)")
        }
    }
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
