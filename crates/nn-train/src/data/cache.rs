//! Tables as they were read, in a binary file each, so that text and images are decoded once and not by every worker.
//!
//! A file is `NASBOTD2`, the length of a JSON header (u32), the header, then inputs and targets, all little-endian. The
//! header holds a SHA-256 of everything that the table follows from, the contents of its files included, and a CRC-32
//! of what comes after it. If either is not as expected, the files are read anew and the table is written again.

use std::env;
use std::fs::{self, File};
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process;

use flate2::Crc;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::examples::{InputShape, Targets};
use super::files::{io_error, open_plain};
use super::labels::Classes;
use super::raw::Keep;
use super::readers::images;
use super::spec::{Cache, DataSpec, Format, ImageShape, OneOrMany};
use super::table::{self, Table};
use crate::Error;

const MAGIC: &[u8; 8] = b"NASBOTD2";

/// Below this, reading takes no time worth a file, unless the specification asks for one. Bytes.
const WORTH_KEEPING: u64 = 1 << 20;

/// Bytes read or written at a time; a multiple of 8.
const CHUNK: usize = 1 << 16;

/// What stands before the numbers.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Header {
    /// SHA-256 of what the table follows from.
    key: String,
    /// CRC-32 of the rest of the file.
    crc: u32,
    examples: usize,
    image: Option<ImageShape>,
    features: u32,
    /// Whether all inputs are whole numbers from 0 to 255, kept in a byte each; else they take four.
    bytes: bool,
    /// Number of classes; targets are then u32, else f32.
    classes: Option<u32>,
    class_names: Vec<String>,
}

/// Reads files by a specification, or the table that was kept when they were last read; see [`table::read`].
pub(super) fn read(
    spec: &DataSpec,
    paths: &OneOrMany,
    labels: Option<&Path>,
    main: Option<&Classes>,
) -> Result<Table, Error> {
    let fresh = || table::read(spec, paths, labels, main, Keep::All);
    if matches!(spec.cache, Some(Cache::Switch(false))) {
        return fresh();
    }
    let mut files = Vec::new();
    for path in paths.as_slice() {
        match spec.format() {
            Some(Format::Images) => files.extend(images::files(path)?),
            _ => files.push(path.clone()),
        }
    }
    files.extend(labels.map(Into::into));
    let Some(folder) = folder(spec, &files) else {
        return fresh();
    };
    let (name, key) = names(spec, paths, main, &files)?;
    let path = folder.join(name);
    if let Some(table) = load(&path, &key) {
        return Ok(table);
    }
    let table = fresh()?;
    // A full disk or a folder without permission costs time, not the evaluation.
    drop(save(&folder, &path, key, &table));
    Ok(table)
}

/// Where tables are kept, unless they are not.
fn folder(spec: &DataSpec, files: &[PathBuf]) -> Option<PathBuf> {
    let size = || -> u64 {
        files
            .iter()
            .filter_map(|file| Some(fs::metadata(file).ok()?.len()))
            .sum()
    };
    match &spec.cache {
        Some(Cache::Folder(folder)) => return Some(folder.clone()),
        Some(Cache::Switch(true)) => {}
        _ if size() < WORTH_KEEPING => return None,
        _ => {}
    }
    let set = |name| {
        env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let caches = set("XDG_CACHE_HOME").or_else(|| Some(set("HOME")?.join(".cache")))?;
    Some(caches.join("nasbot").join("data"))
}

/// The name of the file, which follows from what is to be read and how, and the key, which also follows from the
/// files' contents: new contents take the place of the old.
fn names(
    spec: &DataSpec,
    paths: &OneOrMany,
    main: Option<&Classes>,
    files: &[PathBuf],
) -> Result<(String, String), Error> {
    // How the table is divided and used afterwards does not change it.
    let reading = DataSpec {
        path: paths.clone(),
        labels: None,
        split: Default::default(),
        standardise: true,
        test: None,
        cache: None,
        placement: Default::default(),
        ..spec.clone()
    };
    let known = main.map(|main| (main.count, &main.names));
    let text = serde_json::to_string(&(reading, spec.format(), known, files));
    let text = text.map_err(|source| Error::Message {
        what: "data",
        source,
    })?;
    let mut hash = Sha256::new();
    hash.update(text.as_bytes());
    let name = hex(&hash.clone().finalize());
    for path in files {
        let mut file = open_plain(path)?;
        let length =
            std::io::copy(&mut file, &mut hash).map_err(|source| io_error(path, source))?;
        // Else bytes could move from one file to the next unnoticed.
        hash.update(length.to_le_bytes());
    }
    let stem = paths.as_slice().first().and_then(|path| path.file_stem());
    let stem = stem.unwrap_or_default().to_string_lossy().into_owned();
    Ok((
        format!("{stem}-{}.table", &name[..16]),
        hex(&hash.finalize()),
    ))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Writes under a name of its own first, so that half a file is never read.
fn save(folder: &Path, path: &Path, key: String, table: &Table) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    // Minus zero would lose its sign.
    let is_byte = |x: &f32| (0.0..=255.0).contains(x) && x.fract() <= 0.0 && x.is_sign_positive();
    let bytes = table.inputs.iter().all(is_byte);
    let mut header = Header {
        key,
        crc: 0,
        examples: table.targets.len(),
        image: match table.shape {
            InputShape::Image(image) => Some(image),
            InputShape::Features(_) => None,
        },
        features: table.shape.len() as u32,
        bytes,
        classes: table.classes.count,
        class_names: table.classes.names.clone(),
    };
    let mut crc = Crc::new();
    each_chunk(table, bytes, &mut |chunk| {
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
        each_chunk(table, bytes, &mut |chunk| out.write_all(chunk))?;
        out.into_inner()?.sync_all()
    });
    written
        .and_then(|()| fs::rename(&draft, path))
        .inspect_err(|_| drop(fs::remove_file(&draft)))
}

/// Hands inputs and targets over as bytes, piece by piece.
fn each_chunk(
    table: &Table,
    bytes: bool,
    take: &mut dyn FnMut(&[u8]) -> std::io::Result<()>,
) -> std::io::Result<()> {
    let mut chunk = Vec::with_capacity(4 * CHUNK);
    for values in table.inputs.chunks(CHUNK) {
        chunk.clear();
        if bytes {
            chunk.extend(values.iter().map(|x| *x as u8));
        } else {
            values.iter().for_each(|x| chunk.extend(x.to_le_bytes()));
        }
        take(&chunk)?;
    }
    chunk.clear();
    match &table.targets {
        Targets::Classes(classes) => classes
            .iter()
            .for_each(|class| chunk.extend((*class as u32).to_le_bytes())),
        Targets::Values(values) => values.iter().for_each(|y| chunk.extend(y.to_le_bytes())),
    }
    take(&chunk)
}

/// The table in `path`, if the file is whole and of this key.
fn load(path: &Path, key: &str) -> Option<Table> {
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
    let header: Header = serde_json::from_slice(&header).ok()?;
    let shape = match header.image {
        Some(image) => InputShape::Image(image),
        None => InputShape::Features(header.features),
    };
    let width = if header.bytes { 1 } else { 4 };
    let count = header.examples.checked_mul(shape.len())?;
    let rest = count
        .checked_mul(width)?
        .checked_add(header.examples.checked_mul(4)?)?;
    // Nothing is allocated for a header that the file does not bear out.
    if header.key != key || 12 + u64::from(size) + rest as u64 != length {
        return None;
    }
    let mut crc = Crc::new();
    let mut inputs = Vec::with_capacity(count);
    pieces(&mut reader, &mut crc, count * width, &mut |piece| {
        if header.bytes {
            inputs.extend(piece.iter().map(|&byte| f32::from(byte)));
        } else {
            inputs.extend(words(piece).map(f32::from_le_bytes));
        }
    })?;
    let mut classes = Vec::new();
    let mut values = Vec::new();
    pieces(
        &mut reader,
        &mut crc,
        4 * header.examples,
        &mut |piece| match header.classes {
            Some(_) => classes.extend(words(piece).map(|word| i64::from(u32::from_le_bytes(word)))),
            None => values.extend(words(piece).map(f32::from_le_bytes)),
        },
    )?;
    (crc.sum() == header.crc).then_some(Table {
        shape,
        inputs,
        targets: match header.classes {
            Some(_) => Targets::Classes(classes),
            None => Targets::Values(values),
        },
        classes: Classes {
            count: header.classes,
            names: header.class_names,
        },
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

fn words(bytes: &[u8]) -> impl Iterator<Item = [u8; 4]> {
    bytes.as_chunks().0.iter().copied()
}
