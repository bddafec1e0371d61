//! Arrays of numpy: `.npy`, and `.npz`, a zip archive of them.
//!
//! `\x93NUMPY`, version, length of the header, then the header, a Python dictionary with the numbers' type, their
//! order and the sizes, then the numbers.

use std::io::Read;
use std::path::{Path, PathBuf};

use super::numbers::hand_over;
use crate::Error;
use crate::data::examples::InputShape;
use crate::data::files::{fill, open, open_plain};
use crate::data::raw::{Inputs, Keep, Labels, Raw, Sink};
use crate::data::spec::{Column, DataSpec, ImageShape};

/// Reads inputs and labels: two `.npy` files, or two arrays of one `.npz`.
pub(super) fn read(
    spec: &DataSpec,
    paths: &[PathBuf],
    labels: Option<&Path>,
    keep: Keep,
) -> Result<Raw, Error> {
    let [path] = paths else {
        return Err(Error::Data {
            field: "path",
            problem: "must be one file for format = \"npy\"".into(),
        });
    };
    let is_archive = path
        .extension()
        .is_some_and(|end| end.eq_ignore_ascii_case("npz"));
    let (mut inputs, mut targets) = (Inputs::new(keep), Vec::new());
    let (sizes, label_sizes, labels_path) = match (is_archive, labels) {
        (false, Some(labels)) => (
            array(path, open(path)?, &mut inputs)?,
            array(labels, open(labels)?, &mut targets)?,
            labels,
        ),
        (true, None) => {
            let (sizes, label_sizes) = archive(spec, path, &mut inputs, &mut targets)?;
            (sizes, label_sizes, path.as_path())
        }
        (false, None) => {
            return Err(Error::Data {
                field: "labels",
                problem: "is missing: an .npy file holds one array, name the file with the labels"
                    .into(),
            });
        }
        (true, Some(_)) => {
            return Err(Error::Data {
                field: "labels",
                problem: "belongs to .npy files: in an .npz, `label` names the array".into(),
            });
        }
    };
    let shape = shape(path, &sizes)?;
    let n = sizes[0];
    if label_sizes != [n] && label_sizes != [n, 1] {
        return Err(Error::Format {
            path: labels_path.into(),
            message: format!(
                "holds labels of sizes {:?}, but there are {n} examples",
                label_sizes
            ),
        });
    }
    Ok(Raw {
        shape,
        inputs,
        labels: Labels::Numbers(targets),
        origin: vec![(0, labels_path.into(), 1)],
    })
}

fn shape(path: &Path, dims: &[usize]) -> Result<InputShape, Error> {
    let side = |side: usize| u32::try_from(side).ok().filter(|side| *side > 0);
    let image = |c, h, w| {
        Some(InputShape::Image(ImageShape {
            channels: side(c)?,
            height: side(h)?,
            width: side(w)?,
        }))
    };
    let found = match *dims {
        [_, features] => side(features).map(InputShape::Features),
        [_, height, width] => image(1, height, width),
        [_, channels, height, width] => image(channels, height, width),
        _ => None,
    };
    found.ok_or_else(|| Error::Format {
        path: path.into(),
        message: format!("has sizes {dims:?}: use examples × features, examples × height × width, or examples × channels × height × width"),
    })
}

/// Hands over the two arrays of an archive, and returns their sizes: `label` names the one, `inputs` the other, which may be
/// left out if there are two.
fn archive(
    spec: &DataSpec,
    path: &Path,
    to: &mut Inputs,
    labels_to: &mut Vec<f64>,
) -> Result<(Vec<usize>, Vec<usize>), Error> {
    let file = open_plain(path)?;
    let damaged = |error: zip::result::ZipError| Error::Format {
        path: path.into(),
        message: format!("is no .npz archive: {error}"),
    };
    let mut zip = zip::ZipArchive::new(file).map_err(damaged)?;
    let names: Vec<String> = (zip.file_names().flatten())
        .filter_map(|name| name.strip_suffix(".npy").map(Into::into))
        .collect();
    let no_array = |field, name: &str| Error::Data {
        field,
        problem: format!(
            "names no array of {}: '{name}' is none of {}",
            path.display(),
            names.join(", ")
        ),
    };
    let Column::Name(label) = &spec.label else {
        return Err(no_array("label", "a number"));
    };
    if !names.contains(label) {
        return Err(no_array("label", label));
    }
    let others: Vec<&String> = names.iter().filter(|name| *name != label).collect();
    let inputs = match (&spec.inputs, others.as_slice()) {
        (Some(inputs), _) if names.contains(inputs) => inputs,
        (Some(inputs), _) => return Err(no_array("inputs", inputs)),
        (None, [only]) => only,
        (None, _) => return Err(no_array("inputs", "")),
    };
    let (inputs, label) = (format!("{inputs}.npy"), format!("{label}.npy"));
    let sizes = array(path, zip.by_name(&inputs).map_err(damaged)?, to)?;
    let label_sizes = array(path, zip.by_name(&label).map_err(damaged)?, labels_to)?;
    Ok((sizes, label_sizes))
}

/// Hands over the numbers of an array in C order, and returns its sizes.
fn array(path: &Path, mut reader: impl Read, to: &mut impl Sink) -> Result<Vec<usize>, Error> {
    let format = |message: String| Error::Format {
        path: path.into(),
        message,
    };
    let mut start = [0; 8];
    fill(&mut reader, &mut start, path, "header", 1)?;
    let [0x93, b'N', b'U', b'M', b'P', b'Y', version, _] = start else {
        return Err(format("is no array of numpy".into()));
    };
    let mut length = [0; 4];
    let size = if version == 1 { 2 } else { 4 };
    fill(&mut reader, &mut length[..size], path, "header", 1)?;
    let mut header = vec![0; u32::from_le_bytes(length).min(1 << 16) as usize];
    fill(&mut reader, &mut header, path, "header", 1)?;
    let header = String::from_utf8_lossy(&header);
    let unreadable = || {
        format(format!(
            "has a header that can't be read: {}",
            header.trim()
        ))
    };
    let descr = quoted(entry(&header, "descr").ok_or_else(unreadable)?).ok_or_else(unreadable)?;
    let order = entry(&header, "fortran_order").ok_or_else(unreadable)?;
    let dims = tuple(entry(&header, "shape").ok_or_else(unreadable)?).ok_or_else(unreadable)?;
    if order.starts_with("True") {
        return Err(format(
            "is stored in Fortran's order: save numpy.ascontiguousarray(x)".into(),
        ));
    }
    let Some(number) = NumberType::parse(descr) else {
        return Err(format(format!(
            "holds numbers of type '{descr}': save them as float32 or as integers"
        )));
    };
    let Some((&count, sides)) = dims.split_first() else {
        return Err(format("holds a single number, not one an example".into()));
    };
    let width = sides
        .iter()
        .try_fold(1_usize, |product, &side| product.checked_mul(side));
    let Some(bytes) = width
        .and_then(|width| width.checked_mul(number.size))
        .filter(|bytes| (1..1 << 32).contains(bytes))
    else {
        return Err(format(format!(
            "claims sizes of {dims:?}: the header is damaged, or an example is empty"
        )));
    };
    let read = |chunk: &[u8]| number.read(chunk);
    hand_over(path, &mut reader, (count, bytes, number.size), read, to)?;
    Ok(dims)
}

/// What follows `'key':` in a Python dictionary's text.
fn entry<'a>(header: &'a str, key: &str) -> Option<&'a str> {
    let after = header.split_once(&format!("'{key}'"))?.1;
    Some(after.trim_start().strip_prefix(':')?.trim_start())
}

fn quoted(text: &str) -> Option<&str> {
    Some(text.strip_prefix('\'')?.split_once('\'')?.0)
}

fn tuple(text: &str) -> Option<Vec<usize>> {
    let inner = text.strip_prefix('(')?.split_once(')')?.0;
    inner
        .split(',')
        .map(str::trim)
        .filter(|side| !side.is_empty())
        .map(|side| side.parse().ok())
        .collect()
}

/// A numpy type such as `<f4`: byte order, family, bytes.
struct NumberType {
    is_big_endian: bool,
    family: u8,
    size: usize,
}

impl NumberType {
    fn parse(descr: &str) -> Option<Self> {
        let &[order, family, size] = descr.as_bytes() else {
            return None;
        };
        let is_known = matches!(
            (family, size),
            (b'b', b'1') | (b'u' | b'i', b'1' | b'2' | b'4' | b'8') | (b'f', b'4' | b'8')
        );
        is_known.then_some(Self {
            is_big_endian: order == b'>',
            family,
            size: usize::from(size - b'0'),
        })
    }

    /// `bytes` has the type's size.
    fn read(&self, bytes: &[u8]) -> f64 {
        // Little-endian, in the low bytes of eight.
        let mut low = [0; 8];
        for (i, byte) in bytes.iter().enumerate() {
            let place = if self.is_big_endian {
                self.size - 1 - i
            } else {
                i
            };
            low[place] = *byte;
        }
        let word = u64::from_le_bytes(low);
        match (self.family, self.size) {
            (b'f', 4) => f64::from(f32::from_bits(word as u32)),
            (b'f', _) => f64::from_bits(word),
            (b'i', size) => {
                // The sign bit moves to the top and comes back with its copies.
                let unused = 64 - 8 * size as u32;
                ((word << unused).cast_signed() >> unused) as f64
            }
            _ => word as f64,
        }
    }
}
