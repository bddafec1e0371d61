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
mod picture;

use std::path::{Path, PathBuf};

use super::columns::Described;
use super::raw::{Keep, Raw};
use super::spec::{DataSpec, Format};
use crate::Error;

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
