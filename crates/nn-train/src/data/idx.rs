//! IDX, the format of MNIST: `0 0 type dimensions`, each dimension as a big-endian u32, then the numbers.

use std::io::Read;
use std::path::{Path, PathBuf};

use super::InputShape;
use super::source::{Labels, Raw, open, read_error, read_up_to};
use super::spec::ImageShape;
use crate::Error;

/// One array of an IDX file.
struct Array {
    /// Sizes, the number of examples first.
    dims: Vec<u32>,
    /// Its numbers.
    values: Vec<f32>,
}

/// Reads images and labels.
pub(super) fn read(paths: &[PathBuf], labels: Option<&Path>) -> Result<Raw, Error> {
    let ([path], Some(labels_path)) = (paths, labels) else {
        return Err(Error::Data {
            field: "labels",
            problem: "is missing: format = \"idx\" takes one file of images as `path` and one of `labels`".into(),
        });
    };
    let images = array(path)?;
    let labels = array(labels_path)?;
    let shape = match images.dims[1..] {
        [height, width] => InputShape::Image(ImageShape {
            channels: 1,
            height,
            width,
        }),
        [channels, height, width] => InputShape::Image(ImageShape {
            channels,
            height,
            width,
        }),
        [features] => InputShape::Features(features),
        _ => {
            return Err(Error::Format {
                path: path.clone(),
                message: format!(
                    "has {} dimensions; examples need 2 to 4 in all",
                    images.dims.len()
                ),
            });
        }
    };
    if labels.dims.len() != 1 || labels.dims[0] != images.dims[0] {
        return Err(Error::Format {
            path: labels_path.into(),
            message: format!(
                "holds labels of sizes {:?}, but {} holds {} examples",
                labels.dims,
                path.display(),
                images.dims[0]
            ),
        });
    }
    Ok(Raw {
        shape,
        inputs: images.values,
        labels: Labels::Numbers(labels.values.into_iter().map(f64::from).collect()),
        origin: vec![(0, labels_path.into(), 1)],
    })
}

fn array(path: &Path) -> Result<Array, Error> {
    let format = |message: String| Error::Format {
        path: path.into(),
        message,
    };
    let mut reader = open(path)?;
    let mut magic = [0; 4];
    fill(&mut reader, &mut magic, path, "header", 1)?;
    let [0, 0, kind, rank] = magic else {
        return Err(format(
            "is no IDX file: it does not start with two zero bytes".into(),
        ));
    };
    let width = match kind {
        0x08 | 0x09 => 1,
        0x0b => 2,
        0x0c | 0x0d => 4,
        0x0e => 8,
        other => {
            return Err(format(format!(
                "holds numbers of the unknown type {other:#04x}"
            )));
        }
    };
    let mut dims = Vec::new();
    for _ in 0..rank {
        let mut size = [0; 4];
        fill(&mut reader, &mut size, path, "header", 1)?;
        dims.push(u32::from_be_bytes(size));
    }
    let Some((&count, sides)) = dims.split_first() else {
        return Err(format("has no dimensions".into()));
    };
    let length = sides
        .iter()
        .try_fold(1_usize, |product, &side| product.checked_mul(side as usize));
    let bytes = length
        .and_then(|length| length.checked_mul(width))
        .filter(|bytes| *bytes > 0 && *bytes < 1 << 32);
    let Some(bytes) = bytes else {
        return Err(format(format!(
            "claims sizes of {dims:?}: the header is damaged"
        )));
    };
    let mut values = Vec::new();
    let mut example = vec![0; bytes];
    for row in 1..=u64::from(count) {
        fill(&mut reader, &mut example, path, "example", row)?;
        for chunk in example.chunks_exact(width) {
            values.push(number(kind, chunk));
        }
        if let Some(column) = values[values.len() - bytes / width..]
            .iter()
            .position(|x| !x.is_finite())
        {
            return Err(Error::NotANumber {
                path: path.into(),
                row,
                column,
                value: values[values.len() - bytes / width + column].to_string(),
            });
        }
    }
    Ok(Array { dims, values })
}

/// One big-endian number of the IDX type `kind`.
fn number(kind: u8, bytes: &[u8]) -> f32 {
    match (kind, bytes) {
        (0x08, &[a]) => f32::from(a),
        (0x09, &[a]) => f32::from(a.cast_signed()),
        (0x0b, &[a, b]) => f32::from(i16::from_be_bytes([a, b])),
        (0x0c, &[a, b, c, d]) => i32::from_be_bytes([a, b, c, d]) as f32,
        (0x0d, &[a, b, c, d]) => f32::from_be_bytes([a, b, c, d]),
        (0x0e, &[a, b, c, d, e, f, g, h]) => f64::from_be_bytes([a, b, c, d, e, f, g, h]) as f32,
        _ => f32::NAN,
    }
}

/// Fills `buffer` or says that the file ends too early.
pub(super) fn fill(
    reader: &mut impl Read,
    buffer: &mut [u8],
    path: &Path,
    what: &'static str,
    row: u64,
) -> Result<(), Error> {
    let filled =
        read_up_to(reader, buffer).map_err(|source| read_error(path, what, row, source))?;
    if filled < buffer.len() {
        return Err(Error::Truncated {
            path: path.into(),
            what,
            row,
        });
    }
    Ok(())
}
