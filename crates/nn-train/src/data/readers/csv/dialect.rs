//! How a text table is written: encoding, separator, header.

use std::io::{Cursor, Read};
use std::path::Path;

use ::csv::{ByteRecord, Position, ReaderBuilder, StringRecord, Trim};
use encoding_rs::WINDOWS_1252;
use encoding_rs_io::DecodeReaderBytesBuilder;

use super::cells::Notation;
use crate::Error;
use crate::data::columns::Kind;
use crate::data::files::{open, read_error, read_up_to};
use crate::data::spec::{Column, DataSpec, Encoding};

/// Bytes of a file that are looked at before it is read.
const SAMPLE: usize = 1 << 16;

/// Rows that are compared with the first one.
const ROWS: usize = 100;

/// Is appended to every table, as a row of its own: a text has no zero byte. Where the last row has swallowed it, a quotation mark
/// was not closed.
const END: &[u8] = b"\n\0";

/// What may stand between cells, the most likely first.
const SEPARATORS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// A file ready to be read row by row.
pub(super) struct Opened {
    pub(super) rows: ::csv::Reader<Box<dyn Read>>,
    /// Lines before those that are read.
    skipped: u64,
    ends: Ends,
    /// Names of the columns, if the file has some. They are still to be read where `is_header_read` is not set.
    pub(super) names: Option<Vec<String>>,
    pub(super) is_header_read: bool,
    pub(super) notation: Notation,
}

/// Opens a text table and finds out how it is written. `known` are the columns of the main file, for a further one.
pub(super) fn open_table(spec: &DataSpec, path: &Path, known: &[String]) -> Result<Opened, Error> {
    let mut decoder = DecodeReaderBytesBuilder::new();
    decoder.utf8_passthru(true).strip_bom(true);
    if spec.encoding == Some(Encoding::Latin1) {
        decoder.encoding(Some(WINDOWS_1252)).bom_override(true);
    }
    let mut reader = decoder.build(open(path)?);
    let mut sample = vec![0; SAMPLE];
    let length = read_up_to(&mut reader, &mut sample)
        .map_err(|source| read_error(path, "row", 1, source))?;
    sample.truncate(length);
    if sample.contains(&0) {
        return Err(Error::Format {
            path: path.into(),
            message: "holds zero bytes and is no text, or UTF-16 without a mark at its start: save it as UTF-8".into(),
        });
    }
    let comments = comments(&sample);
    let body = &sample[comments.length..];
    let is_whole = length < SAMPLE;
    let separator = match spec.separator {
        Some(separator) => separator as u8,
        None => separator(path, body, is_whole)?,
    };
    let notation = Notation {
        gaps: spec.gaps.clone(),
        has_decimal_comma: separator != b',',
    };
    let first = first_rows(body, separator, is_whole);
    let commented = header_in_comment(comments.last, separator, &first);
    let is_header_read = commented.is_some();
    let names = commented.or_else(|| {
        let is_header = (spec.header).unwrap_or_else(|| is_header(spec, &first, &notation, known));
        let header = first.first().filter(|_| is_header)?;
        Some(header.iter().map(Into::into).collect())
    });
    let rest = Cursor::new(body.to_vec()).chain(reader).chain(END);
    let rest: Box<dyn Read> = Box::new(rest);
    Ok(Opened {
        rows: builder(separator).from_reader(rest),
        skipped: comments.lines,
        ends: Ends::of(body),
        names,
        is_header_read,
        notation,
    })
}

/// How lines end.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Ends {
    Feed,
    Return,
    Both,
}

impl Ends {
    /// Told from the first line.
    fn of(text: &[u8]) -> Self {
        let first = text.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
        match first.map(|at| &text[at..]) {
            Some([b'\r', b'\n', ..]) => Self::Both,
            Some([b'\r', ..]) => Self::Return,
            _ => Self::Feed,
        }
    }
}

impl Opened {
    /// The file's line at a position. The reader of rows counts line feeds, and takes one that follows a carriage return for a part of
    /// the next row.
    pub(super) fn line(&self, position: &Position) -> u64 {
        let counted = match self.ends {
            Ends::Feed => position.line(),
            Ends::Return => position.record() + 1,
            Ends::Both => position.line() + u64::from(position.byte() > 0),
        };
        counted + self.skipped
    }

    /// Reads the next row, unless the last one was the end that was appended.
    pub(super) fn next(&mut self, row: &mut StringRecord) -> Result<Next, ::csv::Error> {
        self.rows.read_record(row)?;
        if !row.as_slice().contains('\0') {
            return Ok(Next::Row);
        }
        let is_end = row.len() == 1 && row.as_slice() == "\0";
        let is_swallowed = row.as_slice().ends_with("\n\0");
        let is_last = !self.rows.read_record(&mut StringRecord::new())?;
        Ok(match (is_end, is_swallowed) {
            (true, _) if is_last => Next::End,
            (_, true) if is_last => Next::Open,
            _ => Next::Zero,
        })
    }
}

/// What is found where a row may be.
pub(super) enum Next {
    Row,
    End,
    /// A row with a quotation mark that is not closed.
    Open,
    /// A row with a zero byte.
    Zero,
}

fn builder(separator: u8) -> ReaderBuilder {
    let mut builder = ReaderBuilder::new();
    builder
        .has_headers(false)
        .flexible(true)
        .delimiter(separator)
        .trim(Trim::All);
    builder
}

/// The lines before the table that begin with `#`.
struct Comments<'a> {
    /// Bytes of all, with line breaks and blank lines.
    length: usize,
    lines: u64,
    /// The last one, without its `#`.
    last: Option<&'a str>,
}

fn comments(sample: &[u8]) -> Comments<'_> {
    let mut found = Comments {
        length: 0,
        lines: 0,
        last: None,
    };
    // A line may end with either character, or with both.
    for line in sample.split_inclusive(|byte| matches!(byte, b'\n' | b'\r')) {
        let text = line.trim_ascii();
        match text.first() {
            Some(b'#') => found.last = str::from_utf8(&text[1..]).ok(),
            Some(_) => break,
            None => {}
        }
        found.length += line.len();
        let is_rest_of_end = line == b"\n" && sample[..found.length].ends_with(b"\r\n");
        found.lines += u64::from(!is_rest_of_end);
    }
    found
}

/// The names in a comment right above the table, as numpy writes them, and as a first name that begins with `#` looks: as many
/// as there are columns.
fn header_in_comment(
    comment: Option<&str>,
    separator: u8,
    first: &[StringRecord],
) -> Option<Vec<String>> {
    let names: Vec<String> = (comment?.split(char::from(separator)))
        .map(|name| name.trim().trim_matches('"').to_owned())
        .collect();
    let columns = first.first()?.len();
    (names.len() == columns && columns > 1).then_some(names)
}

/// The first rows of a table, without one that the sample may have cut.
fn first_rows(sample: &[u8], separator: u8, is_whole: bool) -> Vec<StringRecord> {
    let end = sample.len();
    let mut rows = Vec::new();
    let mut reader = builder(separator).from_reader(sample);
    let mut row = ByteRecord::new();
    while rows.len() < ROWS && matches!(reader.read_byte_record(&mut row), Ok(true)) {
        if !is_whole && reader.position().byte() as usize >= end {
            break;
        }
        // Letters of another encoding are named, with their row, where the rows are read.
        rows.push(StringRecord::from_byte_record_lossy(row.clone()));
    }
    rows
}

/// What stands between cells: of what divides all first rows into the same number of cells, what gives most.
fn separator(path: &Path, sample: &[u8], is_whole: bool) -> Result<u8, Error> {
    let columns = |separator: &u8| {
        let rows = first_rows(sample, *separator, is_whole);
        let lengths: Vec<usize> = rows.iter().map(StringRecord::len).collect();
        // Ragged rows are found where rows are read, and named there: most must agree.
        let usual = *lengths.get(lengths.len() / 2)?;
        let alike = lengths.iter().filter(|length| **length == usual).count();
        (usual > 1 && 10 * alike >= 9 * lengths.len()).then_some(usual)
    };
    let best = (SEPARATORS.iter().rev())
        .filter_map(|separator| Some((columns(separator)?, *separator)))
        .max_by_key(|(columns, separator)| {
            // Decimal commas divide cells as well as commas that separate: what else divides all rows goes first.
            (*separator != b',', *columns)
        });
    match best {
        Some((_, separator)) => Ok(separator),
        None if sample.trim_ascii().is_empty() => Ok(b','),
        None => {
            let rows = first_rows(sample, b',', is_whole);
            match rows.first() {
                // One ragged table out of few rows is left to the reader, which names the row.
                Some(row) if row.len() > 1 => Ok(b','),
                _ => Err(Error::Format {
                    path: path.into(),
                    message: "has a single column: no comma, semicolon, tab or bar divides its rows alike; give `separator`".into(),
                }),
            }
        }
    }
}

/// Whether the first row holds names. It does if it names the label or the main file's columns, if a column of numbers or
/// dates begins with something else, if all is text and no cell of the first row occurs in its column again, or if it counts
/// three columns or more from 0.
fn is_header(
    spec: &DataSpec,
    rows: &[StringRecord],
    notation: &Notation,
    known: &[String],
) -> bool {
    let Some((first, rest)) = rows.split_first() else {
        return false;
    };
    let label = match &spec.label {
        Column::Name(name) if name != "first" && name != "last" => Some(name),
        _ => None,
    };
    if label.is_some_and(|label| first.iter().any(|cell| cell == label)) {
        return true;
    }
    if !known.is_empty() {
        return known
            .iter()
            .any(|name| first.iter().any(|cell| cell == name));
    }
    let kind = |cell: &str| (!notation.is_gap(cell)).then(|| notation.kind(cell));
    let mut are_all_text = true;
    for (column, cell) in first.iter().enumerate() {
        let below: Vec<Kind> = (rest.iter())
            .filter_map(|row| kind(row.get(column)?))
            .collect();
        let Some(usual) = below.first() else { continue };
        are_all_text &= *usual == Kind::Text;
        // A gap is no name.
        let is_other = kind(cell).is_some_and(|kind| kind != *usual);
        if *usual != Kind::Text && below.iter().all(|kind| kind == usual) && is_other {
            return true;
        }
    }
    let is_new = |(column, cell): (usize, &str)| {
        (rest.iter()).all(|row| row.get(column).is_none_or(|other| other != cell))
    };
    // Data frames that were made of arrays number their columns.
    let is_count = |(column, cell): (usize, &str)| cell == column.to_string();
    (are_all_text && rest.len() > 1 && first.iter().enumerate().all(is_new))
        || (first.len() > 2 && first.iter().enumerate().all(is_count))
}
