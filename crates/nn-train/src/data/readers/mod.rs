//! The formats: each reader gives the numbers of all examples, and their labels as they stand in the file.

mod cifar;
mod columns;
mod csv;
mod folders;
mod idx;
pub(super) mod images;
mod layout;
mod npy;
mod numbers;
mod one_hot;
mod picture;

use std::path::{Path, PathBuf};

use super::raw::{Keep, Raw};
use super::spec::{DataSpec, Format};
use crate::Error;

/// Reads files by a specification.
pub(super) fn read(
    spec: &DataSpec,
    paths: &[PathBuf],
    labels: Option<&Path>,
    keep: Keep,
) -> Result<Raw, Error> {
    match spec.format() {
        Some(Format::Csv) => csv::read(spec, paths, keep),
        Some(Format::Idx) => idx::read(spec, paths, labels, keep),
        Some(Format::Npy) => npy::read(spec, paths, labels, keep),
        Some(Format::Cifar) => cifar::read(spec, paths, keep),
        Some(Format::Images) => images::read(spec, paths, keep),
        None => Err(Error::Data {
            field: "format",
            problem: "is missing".into(),
        }),
    }
}
