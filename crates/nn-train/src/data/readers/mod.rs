//! The formats: each reader gives the numbers of all examples, and their labels as they stand in the file.

mod cifar;
pub(super) mod csv;
mod folders;
mod idx;
pub(super) mod images;
mod layout;
pub(super) mod npy;
mod numbers;
mod one_hot;
#[cfg(feature = "parquet")]
mod parquet;
mod picture;

use std::path::{Path, PathBuf};

use super::columns::{Described, RawColumn};
use super::raw::{Keep, Raw};
use super::spec::{DataSpec, Format};
use super::values::Values;
use crate::Error;
#[cfg(feature = "parquet")]
use parquet::read as parquet_table;

/// Reads files by a specification; `main` is what is known of the main file's columns when a further one is read. What is
/// read of a text table is always kept, since what its columns are follows from it.
pub(super) fn read(
    spec: &DataSpec,
    paths: &[PathBuf],
    labels: Option<&Path>,
    main: Option<&Described>,
    keep: Keep,
) -> Result<(Raw, Option<Described>), Error> {
    let raw = match spec.format() {
        Some(Format::Csv) => {
            let (raw, described) = csv::read(spec, paths, main)?;
            return Ok((raw, Some(described)));
        }
        Some(Format::Parquet) => {
            let (raw, described) = parquet_table(spec, paths, main)?;
            return Ok((raw, Some(described)));
        }
        Some(Format::Idx) => idx::read(spec, paths, labels, keep)?,
        Some(Format::Npy) => npy::read(spec, paths, labels, keep)?,
        Some(Format::Cifar) => cifar::read(spec, paths, keep)?,
        Some(Format::Images) => images::read(spec, paths, keep)?,
        None => {
            return Err(Error::Data {
                field: "format",
                problem: "is missing".into(),
            });
        }
    };
    Ok((raw, None))
}

/// Reads the rows of a text table or a Parquet file to predict for: their numbers, and the columns with their words, of which `columns`
/// are those that the training data had. Other columns are passed over.
pub(super) fn rows(
    spec: &DataSpec,
    path: PathBuf,
    columns: Vec<RawColumn>,
) -> Result<(Values, Vec<RawColumn>), Error> {
    let main = Described::to_predict(columns);
    let (raw, described) = match spec.format() {
        Some(Format::Parquet) => parquet_table(spec, &[path], Some(&main))?,
        _ => csv::read(spec, &[path], Some(&main))?,
    };
    Ok((raw.inputs.into_values(), described.columns))
}

/// Without the feature, no Parquet file is read.
#[cfg(not(feature = "parquet"))]
fn parquet_table(
    _: &DataSpec,
    paths: &[PathBuf],
    _: Option<&Described>,
) -> Result<(Raw, Described), Error> {
    Err(Error::Format {
        // The specification was checked: there is at least one path.
        path: paths.first().cloned().unwrap_or_default(),
        message: "is a Parquet file, which this program was built without: build it, and the worker, with `cargo build --features parquet`, or save the table as CSV".into(),
    })
}
