//! Opening and reading files: regular ones only, gzip unpacked on the way and read to its end, where its checksum stands,
//! errors with the file's name.

use std::fs::{self, File};
use std::io::{BufReader, Cursor, ErrorKind, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use crate::Error;

/// Opens a regular file. A pipe would make the search wait for a writer, and can't be read twice.
pub(super) fn open_plain(path: &Path) -> Result<File, Error> {
    let io = |source| io_error(path, source);
    let kind = fs::metadata(path).map_err(io)?.file_type();
    if !kind.is_file() {
        let is = if kind.is_dir() {
            "is a folder"
        } else {
            "is a pipe, a socket or a device"
        };
        return Err(Error::Format {
            path: path.into(),
            message: format!("{is}, not a file with data: name a regular file"),
        });
    }
    File::open(path).map_err(io)
}

/// Opens a file, unpacking gzip, which is told from its first two bytes.
pub(super) fn open(path: &Path) -> Result<Box<dyn Read>, Error> {
    let io = |source| io_error(path, source);
    let mut file = open_plain(path)?;
    let mut head = [0; 2];
    let n = read_up_to(&mut file, &mut head).map_err(io)?;
    let rest = Cursor::new(head[..n].to_vec()).chain(file);
    if head == [0x1f, 0x8b] {
        Ok(Box::new(BufReader::with_capacity(
            1 << 16,
            MultiGzDecoder::new(rest),
        )))
    } else {
        Ok(Box::new(BufReader::with_capacity(1 << 16, rest)))
    }
}

/// Bytes that a file may well hold once it is unpacked, for what is reserved beforehand: its size, and of gzip and zip, which are
/// told from their first two bytes, a multiple that numbers seldom exceed.
pub(super) fn likely_size(path: &Path) -> Result<usize, Error> {
    const PACKED: usize = 16;
    let io = |source| io_error(path, source);
    let mut file = open_plain(path)?;
    let length = file.metadata().map_err(io)?.len() as usize;
    let mut head = [0; 2];
    read_up_to(&mut file, &mut head).map_err(io)?;
    Ok(match &head {
        [0x1f, 0x8b] | b"PK" => length.saturating_mul(PACKED),
        _ => length,
    })
}

/// A reading error of `path` at example, row or the like `row`.
pub(super) fn read_error(
    path: &Path,
    what: &'static str,
    row: u64,
    source: std::io::Error,
) -> Error {
    match source.kind() {
        ErrorKind::UnexpectedEof => Error::Truncated {
            path: path.into(),
            what,
            row,
        },
        // What decompressors say of a checksum or a stream that is not as it should be.
        ErrorKind::InvalidInput | ErrorKind::InvalidData => Error::Format {
            path: path.into(),
            message: format!(
                "is damaged ({source}): its checksum does not fit its content, or bytes follow that are not compressed; fetch it again"
            ),
        },
        _ => io_error(path, source),
    }
}

/// A reading error of `path`.
pub(super) fn io_error(path: &Path, source: std::io::Error) -> Error {
    Error::Io {
        path: path.into(),
        source,
    }
}

/// Fills as much of `buffer` as there is. A gzip stream that breaks off is an `UnexpectedEof`.
pub(super) fn read_up_to(reader: &mut impl Read, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match reader.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// The next `length` bytes, or says that the file ends too early. Memory is taken as they come: a damaged header may promise any
/// number of them.
pub(super) fn take(
    reader: &mut impl Read,
    length: usize,
    path: &Path,
    what: &'static str,
    row: u64,
) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    (reader.by_ref().take(length as u64).read_to_end(&mut bytes))
        .map_err(|source| read_error(path, what, row, source))?;
    if bytes.len() < length {
        return Err(Error::Truncated {
            path: path.into(),
            what,
            row,
        });
    }
    Ok(bytes)
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

/// Reads on to the end of a file whose header promised `promised` numbers, all of which were read: there the checksum of a
/// compressed file is looked at, and nothing may be left.
pub(super) fn finish(reader: &mut impl Read, path: &Path, promised: usize) -> Result<(), Error> {
    let surplus = std::io::copy(reader, &mut std::io::sink())
        .map_err(|source| read_error(path, "example", 1, source))?;
    if surplus > 0 {
        let bytes = if surplus == 1 { "byte" } else { "bytes" };
        return Err(Error::Format {
            path: path.into(),
            message: format!(
                "has {surplus} {bytes} more than the {promised} numbers that its header promises: the header is damaged, or something else was appended; fetch it again or save it anew"
            ),
        });
    }
    Ok(())
}
