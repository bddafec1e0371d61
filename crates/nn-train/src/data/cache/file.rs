//! The file of a table: `NASBOTD4`, the length of a JSON header (u32), the header, then inputs and targets, all little-endian. The
//! header holds what the file belongs to, and a CRC-32 of all else.

use std::fs::{self, File};
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::Path;
use std::process;

use flate2::Crc;
use serde::{Deserialize, Serialize};

use crate::data::columns::Described;
use crate::data::examples::InputShape;
use crate::data::spec::ImageShape;
use crate::data::table::{Answers, Table};
use crate::data::values::Values;

const MAGIC: &[u8; 8] = b"NASBOTD4";

/// Bytes read or written at a time; a multiple of 8.
const CHUNK: usize = 1 << 16;

/// What stands before the numbers.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Header {
    /// SHA-256 of what the table follows from.
    pub(super) key: String,
    /// SHA-256 of what the system said of the files before they were read, if that tells a later change.
    pub(super) stamps: Option<String>,
    /// CRC-32 of this header with 0 in this place, and of the rest of the file.
    crc: u32,
    examples: usize,
    image: Option<ImageShape>,
    features: u32,
    /// Bytes of an input: 1 for a whole number from 0 to 255, 4 or 8 for a float.
    width: usize,
    /// The names of the classes; targets are then u32. None for a regression, of which they are f64.
    classes: Vec<String>,
    /// What else is known of a text table.
    described: Option<Described>,
    /// What the split goes by, if it goes by a column or by folders.
    marks: Vec<String>,
    /// What each example counts for in a training, if a column says it.
    weights: Vec<f32>,
}

/// Writes under a name of its own first, so that half a file is never read.
pub(super) fn save(
    folder: &Path,
    path: &Path,
    (key, stamps): (String, Option<String>),
    table: &Table,
) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    let mut header = Header {
        key,
        stamps,
        crc: 0,
        examples: table.targets.len(),
        image: match table.shape {
            InputShape::Image(image) => Some(image),
            InputShape::Features(_) => None,
        },
        features: table.shape.len() as u32,
        width: table.inputs.width(),
        classes: table.classes.clone(),
        described: table.described.clone(),
        marks: table.marks.clone(),
        weights: table.weights.clone(),
    };
    let mut crc = Crc::new();
    crc.update(&serde_json::to_vec(&header)?);
    each_chunk(table, &mut |chunk| {
        crc.update(chunk);
        Ok(())
    })?;
    header.crc = crc.sum();
    let header = serde_json::to_vec(&header)?;
    let draft = path.with_extension(format!("{}.part", process::id()));
    let written = File::create(&draft).and_then(|file| {
        let mut out = BufWriter::new(file);
        out.write_all(MAGIC)?;
        out.write_all(&(header.len() as u32).to_le_bytes())?;
        out.write_all(&header)?;
        each_chunk(table, &mut |chunk| out.write_all(chunk))?;
        out.into_inner()?.sync_all()
    });
    written
        .and_then(|()| fs::rename(&draft, path))
        .inspect_err(|_| drop(fs::remove_file(&draft)))
}

/// Hands inputs and targets over as bytes, piece by piece.
fn each_chunk(
    table: &Table,
    take: &mut dyn FnMut(&[u8]) -> std::io::Result<()>,
) -> std::io::Result<()> {
    let mut chunk = Vec::with_capacity(4 * CHUNK);
    match &table.inputs {
        Values::Bytes(values) => values.chunks(CHUNK).try_for_each(&mut *take)?,
        Values::Singles(values) => {
            for values in values.chunks(CHUNK) {
                chunk.clear();
                values.iter().for_each(|x| chunk.extend(x.to_le_bytes()));
                take(&chunk)?;
            }
        }
        Values::Doubles(values) => {
            for values in values.chunks(CHUNK) {
                chunk.clear();
                values.iter().for_each(|x| chunk.extend(x.to_le_bytes()));
                take(&chunk)?;
            }
        }
    }
    chunk.clear();
    match &table.targets {
        Answers::Classes(classes) => classes
            .iter()
            .for_each(|class| chunk.extend((*class as u32).to_le_bytes())),
        Answers::Values(values) => values.iter().for_each(|y| chunk.extend(y.to_le_bytes())),
    }
    take(&chunk)
}

/// The table in `path`, if the file is whole and its header the one that is meant.
pub(super) fn load(path: &Path, is_meant: impl FnOnce(&Header) -> bool) -> Option<Table> {
    let file = File::open(path).ok()?;
    let length = file.metadata().ok()?.len();
    let mut reader = BufReader::new(file);
    let mut start = [0; 12];
    reader.read_exact(&mut start).ok()?;
    let size = u32::from_le_bytes([start[8], start[9], start[10], start[11]]);
    if &start[..8] != MAGIC || u64::from(size) > length {
        return None;
    }
    let mut header = vec![0; size as usize];
    reader.read_exact(&mut header).ok()?;
    let mut header: Header = serde_json::from_slice(&header).ok()?;
    let expected = std::mem::take(&mut header.crc);
    let shape = match header.image {
        Some(image) => InputShape::Image(image),
        None => InputShape::Features(header.features),
    };
    let width = header.width;
    let answer = if header.classes.is_empty() { 8 } else { 4 };
    let count = header.examples.checked_mul(shape.len())?;
    let rest = count
        .checked_mul(width)?
        .checked_add(header.examples.checked_mul(answer)?)?;
    // Nothing is allocated for a header that the file does not bear out.
    if !is_meant(&header) || 12 + u64::from(size) + rest as u64 != length {
        return None;
    }
    let mut crc = Crc::new();
    crc.update(&serde_json::to_vec(&header).ok()?);
    let length = count * width;
    let inputs = match width {
        1 => {
            let mut bytes = vec![0; length];
            reader.read_exact(&mut bytes).ok()?;
            crc.update(&bytes);
            Values::Bytes(bytes)
        }
        4 => {
            let mut values = Vec::with_capacity(count);
            pieces(&mut reader, &mut crc, length, &mut |piece| {
                values.extend(words(piece).map(f32::from_le_bytes));
            })?;
            Values::Singles(values)
        }
        8 => {
            let mut values = Vec::with_capacity(count);
            pieces(&mut reader, &mut crc, length, &mut |piece| {
                values.extend(words(piece).map(f64::from_le_bytes));
            })?;
            Values::Doubles(values)
        }
        _ => return None,
    };
    let length = header.examples * answer;
    let targets = if header.classes.is_empty() {
        let mut values = Vec::with_capacity(header.examples);
        pieces(&mut reader, &mut crc, length, &mut |piece| {
            values.extend(words(piece).map(f64::from_le_bytes));
        })?;
        Answers::Values(values)
    } else {
        let mut classes = Vec::with_capacity(header.examples);
        pieces(&mut reader, &mut crc, length, &mut |piece| {
            classes.extend(words(piece).map(|word| i64::from(u32::from_le_bytes(word))));
        })?;
        Answers::Classes(classes)
    };
    (crc.sum() == expected).then_some(Table {
        shape,
        inputs,
        targets,
        classes: header.classes,
        described: header.described,
        marks: header.marks,
        weights: header.weights,
    })
}

/// Reads `length` bytes piece by piece; nothing if there are fewer.
fn pieces(
    reader: &mut impl Read,
    crc: &mut Crc,
    length: usize,
    take: &mut dyn FnMut(&[u8]),
) -> Option<()> {
    let mut buffer = vec![0; CHUNK.min(length)];
    let mut left = length;
    while left > 0 {
        let piece = &mut buffer[..CHUNK.min(left)];
        reader.read_exact(piece).ok()?;
        crc.update(piece);
        take(piece);
        left -= piece.len();
    }
    Some(())
}

fn words<const N: usize>(bytes: &[u8]) -> impl Iterator<Item = [u8; N]> {
    bytes.as_chunks().0.iter().copied()
}
