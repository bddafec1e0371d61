//! Arrays of numpy: `.npy`, and `.npz`, a zip archive of them.
//!
//! `\x93NUMPY`, version, length of the header, then the header, a Python dictionary with the numbers' type, their
//! order and the sizes, then the numbers.

use std::io::Read;
use std::path::{Path, PathBuf};

use super::layout::{self, Layout, Order};
use super::numbers::{Numbers, fits_f32};
use super::one_hot;
use crate::Error;
use crate::data::examples::InputShape;
use crate::data::files::{fill, open, open_plain, read_error};
use crate::data::raw::{Inputs, Keep, Raw, Sink};
use crate::data::spec::{Column, DataSpec, ImageShape};
use crate::data::values::Values;

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
    let (mut inputs, mut targets) = (Inputs::new(keep), Vec::new());
    let (sizes, label_sizes, labels_path) = match (is_archive(path), labels) {
        (false, Some(labels)) => (
            input_array(spec.image, path, open(path)?, &mut inputs)?,
            label_array(labels, open(labels)?, &mut targets)?,
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
    let (layout, n) = sizes;
    let is_main = spec.path.as_slice().contains(path);
    Ok(Raw {
        shape: layout.shape,
        inputs,
        labels: one_hot::labels(spec, labels_path, &label_sizes, targets, n, is_main)?,
        origin: vec![(0, labels_path.into(), 1)],
        marks: Vec::new(),
        weights: Vec::new(),
    })
}

/// An array of examples alone, as of images if these are asked for: what one looks like, and the numbers of all.
pub(in crate::data) fn examples(
    path: &Path,
    image: Option<ImageShape>,
) -> Result<(InputShape, Values), Error> {
    let mut inputs = Inputs::new(Keep::All);
    let (layout, _) = input_array(image, path, open(path)?, &mut inputs)?;
    Ok((layout.shape, inputs.into_values()))
}

/// Whether a path names an archive of arrays.
pub(in crate::data) fn is_archive(path: &Path) -> bool {
    (path.extension()).is_some_and(|end| end.eq_ignore_ascii_case("npz"))
}

/// Hands over the inputs, and returns their layout and the number of examples.
fn input_array(
    image: Option<ImageShape>,
    path: &Path,
    mut reader: impl Read,
    to: &mut Inputs,
) -> Result<(Layout, usize), Error> {
    let header = Header::read(path, &mut reader)?;
    let layout = layout::of(path, &header.sizes, image)?;
    header.numbers(path, &mut reader, layout.order, fits_f32, to)?;
    Ok((layout, header.sizes[0]))
}

/// Hands over the labels, and returns the array's sizes.
fn label_array(path: &Path, mut reader: impl Read, to: &mut Vec<f64>) -> Result<Vec<usize>, Error> {
    let header = Header::read(path, &mut reader)?;
    header.numbers(path, &mut reader, Order::AsStored, f64::is_finite, to)?;
    Ok(header.sizes)
}

/// Hands over the two arrays of an archive, and returns their sizes: `label` names the one, `inputs` the other, which may be
/// left out if there are two.
fn archive(
    spec: &DataSpec,
    path: &Path,
    to: &mut Inputs,
    labels_to: &mut Vec<f64>,
) -> Result<((Layout, usize), Vec<usize>), Error> {
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
    let array = zip.by_name(&inputs).map_err(damaged)?;
    let sizes = input_array(spec.image, path, array, to)?;
    let label_sizes = label_array(path, zip.by_name(&label).map_err(damaged)?, labels_to)?;
    Ok((sizes, label_sizes))
}

/// What stands before the numbers.
struct Header {
    number: NumberType,
    /// Whether the first index runs fastest, not the last.
    is_fortran: bool,
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
        let mut start = [0; 8];
        fill(reader, &mut start, path, "header", 1)?;
        let [0x93, b'N', b'U', b'M', b'P', b'Y', version @ 1..=3, _] = start else {
            return Err(format("is no array of numpy".into()));
        };
        let mut length = [0; 4];
        let size = if version == 1 { 2 } else { 4 };
        fill(reader, &mut length[..size], path, "header", 1)?;
        let mut header = vec![0; u32::from_le_bytes(length).min(1 << 16) as usize];
        fill(reader, &mut header, path, "header", 1)?;
        let header = String::from_utf8_lossy(&header);
        let Some(Dictionary {
            descr,
            is_fortran,
            sizes,
        }) = Dictionary::parse(&header)
        else {
            return Err(format(format!(
                "has a header that can't be read: {}",
                header.trim().escape_debug()
            )));
        };
        let Some(number) = NumberType::parse(descr) else {
            return Err(format(format!(
                "holds numbers of type '{descr}': save them as float32 or as integers"
            )));
        };
        let Some((_, sides)) = sizes.split_first() else {
            return Err(format("holds a single number, not one an example".into()));
        };
        let length = (sides.iter())
            .try_fold(1_usize, |product, &side| product.checked_mul(side))
            .filter(|length| (1..(1 << 32) / number.size).contains(length));
        let Some(length) = length else {
            return Err(format(format!(
                "claims sizes of {sizes:?}: the header is damaged, or an example is empty"
            )));
        };
        Ok(Self {
            number,
            is_fortran,
            sizes,
            length,
        })
    }

    /// Hands over the numbers that follow, example by example.
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
            size: self.number.size,
            order,
        };
        let number = |chunk: &[u8]| self.number.read(chunk);
        if !self.is_fortran || self.sizes.len() == 1 {
            return numbers.hand_over(reader, number, fits, to);
        }
        // An example's numbers lie apart, so that all are read first.
        let mut bytes = Vec::new();
        (reader.read_to_end(&mut bytes))
            .map_err(|source| read_error(path, "example", 1, source))?;
        let bytes = last_index_fastest(&bytes, &self.sizes, self.number.size);
        numbers.hand_over(&mut bytes.as_slice(), number, fits, to)
    }
}

/// The numbers of an array of `sizes` whose first index runs fastest, in the order in which the last one does; bytes beyond them
/// follow as they are, and where some are missing, so are the numbers at the end.
fn last_index_fastest(bytes: &[u8], sizes: &[usize], size: usize) -> Vec<u8> {
    let total = sizes.iter().fold(size, |n, &side| n.saturating_mul(side));
    if bytes.len() < total {
        return bytes.to_vec();
    }
    let mut out = Vec::with_capacity(bytes.len());
    let mut index = vec![0; sizes.len()];
    while out.len() < total {
        let place = (index.iter().zip(sizes).rev()).fold(0, |place, (i, side)| place * side + i);
        out.extend_from_slice(&bytes[place * size..(place + 1) * size]);
        for (i, side) in index.iter_mut().zip(sizes).rev() {
            *i += 1;
            if *i < *side {
                break;
            }
            *i = 0;
        }
    }
    out.extend_from_slice(&bytes[total..]);
    out
}

/// The Python dictionary in a header.
#[derive(Debug, PartialEq)]
struct Dictionary<'a> {
    descr: &'a str,
    is_fortran: bool,
    sizes: Vec<usize>,
}

impl<'a> Dictionary<'a> {
    /// Reads all of a header: whatever else stands in it is damage, and what it says of the numbers can't be trusted then.
    fn parse(header: &'a str) -> Option<Self> {
        let (mut descr, mut is_fortran, mut sizes) = (None, None, None);
        let mut rest = header.trim().strip_prefix('{')?.trim_start();
        while rest != "}" {
            let (key, value) = rest.strip_prefix('\'')?.split_once('\'')?;
            let value = value.trim_start().strip_prefix(':')?.trim_start();
            let is_new;
            (is_new, rest) = match key {
                "descr" => {
                    let (text, rest) = value.strip_prefix('\'')?.split_once('\'')?;
                    (descr.replace(text).is_none(), rest)
                }
                "fortran_order" => {
                    let found = ["True", "False"].map(|word| value.strip_prefix(word));
                    let rest = found[0].or(found[1])?;
                    (is_fortran.replace(found[0].is_some()).is_none(), rest)
                }
                "shape" => {
                    let (inner, rest) = value.strip_prefix('(')?.split_once(')')?;
                    (sizes.replace(tuple(inner)?).is_none(), rest)
                }
                _ => return None,
            };
            if !is_new {
                return None;
            }
            rest = rest.trim_start();
            match rest.strip_prefix(',') {
                Some(more) => rest = more.trim_start(),
                None if rest == "}" => {}
                None => return None,
            }
        }
        Some(Self {
            descr: descr?,
            is_fortran: is_fortran?,
            sizes: sizes?,
        })
    }
}

/// Numbers between commas, of which one may follow the last.
fn tuple(inner: &str) -> Option<Vec<usize>> {
    let inner = inner.trim();
    if inner.is_empty() {
        return Some(Vec::new());
    }
    let sides = inner.strip_suffix(',').unwrap_or(inner).split(',');
    sides.map(|side| side.trim().parse().ok()).collect()
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
        (is_known && b"<>|=".contains(&order)).then(|| Self {
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
