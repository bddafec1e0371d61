//! IDX, the format of MNIST: `0 0 type dimensions`, each dimension as a big-endian u32, then the numbers.

use std::io::Read;
use std::path::{Path, PathBuf};

use super::layout::{self, Order};
use super::numbers::{Numbers, fits_f32};
use super::one_hot;
use crate::Error;
use crate::data::files::{fill, open};
use crate::data::raw::{Inputs, Keep, Raw, Sink};
use crate::data::spec::DataSpec;

/// Reads images and labels.
pub(super) fn read(
    spec: &DataSpec,
    paths: &[PathBuf],
    labels: Option<&Path>,
    keep: Keep,
) -> Result<Raw, Error> {
    let ([path], Some(labels_path)) = (paths, labels) else {
        return Err(Error::Data {
            field: "labels",
            problem: "is missing: format = \"idx\" takes one file of images as `path` and one of `labels`".into(),
        });
    };
    let (mut inputs, mut labels) = (Inputs::new(keep), Vec::new());
    let mut reader = open(path)?;
    let header = Header::read(path, &mut reader)?;
    let layout = layout::of(path, &header.sizes, spec.image)?;
    header.numbers(path, &mut reader, layout.order, fits_f32, &mut inputs)?;

    let mut reader = open(labels_path)?;
    let label_header = Header::read(labels_path, &mut reader)?;
    let order = Order::AsStored;
    label_header.numbers(labels_path, &mut reader, order, f64::is_finite, &mut labels)?;
    let is_main = spec.labels.as_deref() == Some(labels_path);
    let (sizes, n) = (&label_header.sizes, header.sizes[0]);
    Ok(Raw {
        shape: layout.shape,
        inputs,
        labels: one_hot::labels(spec, labels_path, sizes, labels, n, is_main)?,
        origin: vec![(0, labels_path.into(), 1)],
        marks: Vec::new(),
        weights: Vec::new(),
    })
}

/// What stands before the numbers.
struct Header {
    /// The type of the numbers, and the bytes that one takes.
    kind: u8,
    width: usize,
    /// The number of examples first, then the sides of one.
    sizes: Vec<usize>,
    /// Numbers an example.
    length: usize,
}

impl Header {
    fn read(path: &Path, reader: &mut impl Read) -> Result<Self, Error> {
        let format = |message: String| Error::Format {
            path: path.into(),
            message,
        };
        let mut magic = [0; 4];
        fill(reader, &mut magic, path, "header", 1)?;
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
        let mut sizes = Vec::new();
        for _ in 0..rank {
            let mut size = [0; 4];
            fill(reader, &mut size, path, "header", 1)?;
            sizes.push(u32::from_be_bytes(size) as usize);
        }
        let Some((_, sides)) = sizes.split_first() else {
            return Err(format("has no dimensions".into()));
        };
        let length = (sides.iter())
            .try_fold(1_usize, |product, &side| product.checked_mul(side))
            .filter(|length| (1..(1 << 32) / width).contains(length));
        let Some(length) = length else {
            return Err(format(format!(
                "claims sizes of {sizes:?}: the header is damaged"
            )));
        };
        Ok(Self {
            kind,
            width,
            sizes,
            length,
        })
    }

    /// Hands over the numbers that follow.
    fn numbers(
        &self,
        path: &Path,
        reader: &mut impl Read,
        order: Order,
        fits: fn(f64) -> bool,
        to: &mut impl Sink,
    ) -> Result<(), Error> {
        let numbers = Numbers {
            path,
            count: self.sizes[0],
            length: self.length,
            size: self.width,
            order,
        };
        numbers.hand_over(reader, |chunk| number(self.kind, chunk), fits, to)
    }
}

/// One big-endian number of the IDX type `kind`.
fn number(kind: u8, bytes: &[u8]) -> f64 {
    match (kind, bytes) {
        (0x08, &[a]) => f64::from(a),
        (0x09, &[a]) => f64::from(a.cast_signed()),
        (0x0b, &[a, b]) => f64::from(i16::from_be_bytes([a, b])),
        (0x0c, &[a, b, c, d]) => f64::from(i32::from_be_bytes([a, b, c, d])),
        (0x0d, &[a, b, c, d]) => f64::from(f32::from_be_bytes([a, b, c, d])),
        (0x0e, &[a, b, c, d, e, f, g, h]) => f64::from_be_bytes([a, b, c, d, e, f, g, h]),
        _ => f64::NAN,
    }
}
