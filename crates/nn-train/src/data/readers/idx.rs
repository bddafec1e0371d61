//! IDX, the format of MNIST: `0 0 type dimensions`, each dimension as a big-endian u32, then the numbers.

use std::path::{Path, PathBuf};

use super::numbers::hand_over;
use crate::Error;
use crate::data::examples::InputShape;
use crate::data::files::{fill, open};
use crate::data::raw::{Inputs, Keep, Labels, Raw, Sink};
use crate::data::spec::ImageShape;

/// Reads images and labels.
pub(super) fn read(paths: &[PathBuf], labels: Option<&Path>, keep: Keep) -> Result<Raw, Error> {
    let ([path], Some(labels_path)) = (paths, labels) else {
        return Err(Error::Data {
            field: "labels",
            problem: "is missing: format = \"idx\" takes one file of images as `path` and one of `labels`".into(),
        });
    };
    let (mut inputs, mut labels) = (Inputs::new(keep), Vec::new());
    let sizes = array(path, &mut inputs)?;
    let label_sizes = array(labels_path, &mut labels)?;
    let shape = match sizes[1..] {
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
                    sizes.len()
                ),
            });
        }
    };
    if label_sizes.len() != 1 || label_sizes[0] != sizes[0] {
        return Err(Error::Format {
            path: labels_path.into(),
            message: format!(
                "holds labels of sizes {:?}, but {} holds {} examples",
                label_sizes,
                path.display(),
                sizes[0]
            ),
        });
    }
    Ok(Raw {
        shape,
        inputs,
        labels: Labels::Numbers(labels),
        origin: vec![(0, labels_path.into(), 1)],
    })
}

/// Hands over the numbers of a file, and returns its sizes, the number of examples first.
fn array(path: &Path, to: &mut impl Sink) -> Result<Vec<u32>, Error> {
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
    let number = |chunk: &[u8]| f64::from(number(kind, chunk));
    hand_over(
        path,
        &mut reader,
        (count as usize, bytes, width),
        number,
        to,
    )?;
    Ok(dims)
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
