//! What a damaged file says, read by other means than the crate's.

use nn_train::data::{CellEncoding, Dataset, Input, Kind, Targets};

use crate::samples::Guard;

/// What was read: the bits of all inputs, and the labels, class by name.
#[derive(Debug, PartialEq)]
pub(crate) struct Read {
    inputs: Vec<u32>,
    labels: Vec<String>,
}

impl Read {
    pub(crate) fn of(data: &Dataset) -> Self {
        let parts = [&data.train, &data.validation];
        let names = data.class_names();
        let inputs = parts
            .iter()
            .flat_map(|part| part.inputs())
            .map(|x| x.to_bits());
        let labels = parts.iter().flat_map(|part| match &part.targets {
            Targets::Classes(classes) => {
                let named = classes.iter().map(|class| names[*class as usize].clone());
                named.collect::<Vec<_>>()
            }
            Targets::Values(values) => values.iter().map(f32::to_string).collect(),
        });
        Self {
            inputs: inputs.collect(),
            labels: labels.collect(),
        }
    }
}

/// What became of a damaged file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Refused,
    /// The numbers are those of the whole file.
    Whole,
    /// The numbers are others, and nothing in the file tells.
    Changed,
}

/// What became of a damaged file that was read as `data`; an error if it should have been refused, or read differently.
/// `damaged_labels` tells whether the file is that of the labels.
pub(crate) fn fate(
    guard: Guard,
    damaged_labels: bool,
    bytes: &[u8],
    whole: &Read,
    data: &Dataset,
) -> Result<Fate, String> {
    let read = Read::of(data);
    let is_whole = read == *whole;
    let changed = if is_whole { Fate::Whole } else { Fate::Changed };
    let same = |is_right: bool, what: &str| match is_right {
        true => Ok(changed),
        false => Err(format!("{what} are not what the file says")),
    };
    match guard {
        Guard::Forged | Guard::Pages => Ok(changed),
        Guard::Checksum if is_whole => Ok(Fate::Whole),
        Guard::Checksum => Err("numbers changed under a checksum".into()),
        Guard::Jpeg if is_whole || has_end(bytes) => Ok(changed),
        Guard::Jpeg => Err("a picture without an end".into()),
        Guard::Rows => rows(bytes, data, &read).map(|()| changed),
        Guard::Idx | Guard::Npy => {
            let array = if guard == Guard::Idx {
                idx(bytes)
            } else {
                npy(bytes)
            };
            let (rank, numbers) = array.ok_or("the header does not fit the size")?;
            if damaged_labels {
                let said = numbers.iter().map(|x| (*x as f32).to_string());
                return same(said.eq(read.labels), "labels");
            }
            // With four sides the last may be the channels, which are moved.
            let said = numbers.iter().map(|x| (*x as f32).to_bits());
            same(rank > 3 || said.eq(read.inputs), "inputs")
        }
    }
}

/// Whether the marker of the end is there: after a byte 0xFF, which compressed data never have before it.
fn has_end(bytes: &[u8]) -> bool {
    bytes.windows(2).any(|pair| pair == [0xff, 0xd9])
}

/// The number of sides and the numbers of an IDX file if it has as many as its header says.
fn idx(bytes: &[u8]) -> Option<(usize, Vec<f64>)> {
    let [0, 0, kind, rank, rest @ ..] = bytes else {
        return None;
    };
    let sizes = rest.get(..4 * usize::from(*rank))?;
    let numbers = &rest[sizes.len()..];
    let (sizes, _) = sizes.as_chunks();
    let total = sizes
        .iter()
        .map(|size| u128::from(u32::from_be_bytes(*size)));
    let width = [(8, 1), (9, 1), (11, 2), (12, 4), (13, 4), (14, 8)];
    let (_, width) = width.into_iter().find(|(known, _)| known == kind)?;
    if numbers.len() as u128 != total.product::<u128>() * width as u128 {
        return None;
    }
    let number = |word: &[u8]| match (kind, word) {
        (8, [x]) => f64::from(*x),
        (9, [x]) => f64::from(*x as i8),
        (11, word) => f64::from(i16::from_be_bytes(word.try_into().unwrap())),
        (12, word) => f64::from(i32::from_be_bytes(word.try_into().unwrap())),
        (13, word) => f64::from(f32::from_be_bytes(word.try_into().unwrap())),
        (_, word) => f64::from_be_bytes(word.try_into().unwrap()),
    };
    Some((sizes.len(), numbers.chunks(width).map(number).collect()))
}

/// The number of sides and the numbers of an `.npy` file, if it has as many as its header says and that is as numpy writes it.
fn npy(bytes: &[u8]) -> Option<(usize, Vec<f64>)> {
    let rest = bytes.strip_prefix(b"\x93NUMPY")?;
    let (length, rest) = match rest {
        [1, _, a, b, rest @ ..] => (u32::from_le_bytes([*a, *b, 0, 0]), rest),
        [2 | 3, _, a, b, c, d, rest @ ..] => (u32::from_le_bytes([*a, *b, *c, *d]), rest),
        _ => return None,
    };
    let (text, numbers) = rest.split_at_checked(length as usize)?;
    let text = str::from_utf8(text).ok()?;
    let between = |start: &str, end: &str| Some(text.split_once(start)?.1.split_once(end)?.0);
    let descr = between("'descr': '", "'")?;
    let is_fortran = between("'fortran_order': ", ",")? == "True";
    let sizes: Option<Vec<u64>> = (between("'shape': (", ")")?.split(','))
        .map(str::trim)
        .filter(|size| !size.is_empty())
        .map(|size| size.parse().ok())
        .collect();
    let sizes = sizes?;
    let (is_big, kind) = match descr.split_at_checked(1)? {
        ("<" | "|" | "=", kind) => (false, kind),
        (">", kind) => (true, kind),
        _ => return None,
    };
    let width: usize = kind.get(1..)?.parse().ok()?;
    let total: u128 = sizes.iter().map(|size| u128::from(*size)).product();
    if numbers.len() as u128 != total * width as u128 || is_fortran && sizes.len() > 1 {
        return None;
    }
    let number = |word: &[u8]| {
        let mut word = word.to_vec();
        if is_big {
            word.reverse();
        }
        Some(match kind {
            "f4" => f64::from(f32::from_le_bytes(word.try_into().ok()?)),
            "f8" => f64::from_le_bytes(word.try_into().ok()?),
            "u1" | "b1" => f64::from(word[0]),
            "u2" => f64::from(u16::from_le_bytes(word.try_into().ok()?)),
            "u4" => f64::from(u32::from_le_bytes(word.try_into().ok()?)),
            "u8" => u64::from_le_bytes(word.try_into().ok()?) as f64,
            "i1" => f64::from(word[0] as i8),
            "i2" => f64::from(i16::from_le_bytes(word.try_into().ok()?)),
            "i4" => f64::from(i32::from_le_bytes(word.try_into().ok()?)),
            "i8" => i64::from_le_bytes(word.try_into().ok()?) as f64,
            _ => return None,
        })
    };
    let numbers: Option<Vec<f64>> = numbers.chunks(width.max(1)).map(number).collect();
    Some((sizes.len(), numbers?))
}

/// What stands for a gap.
const GAPS: [&str; 10] = [
    "", "na", "n/a", "nan", "null", "none", "?", "-", "#n/a", "nil",
];

/// Checks a table against its text.
fn rows(bytes: &[u8], data: &Dataset, read: &Read) -> Result<(), String> {
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        // Another encoding.
        return Ok(());
    }
    // Comments above may be in any letters.
    let lines = bytes.split_inclusive(|byte| matches!(byte, b'\n' | b'\r'));
    let above = lines.take_while(|line| matches!(line.trim_ascii().first(), Some(b'#') | None));
    let (above, bytes) = bytes.split_at(above.map(<[u8]>::len).sum());
    let text = str::from_utf8(bytes).map_err(|_| "bytes that are no UTF-8")?;
    let text = String::from_utf8_lossy(above).into_owned() + text;
    if text.contains('\0') {
        return Err("zero bytes in a text".into());
    }
    let (rows, header) = table(text.trim_start_matches('\u{feff}'))?;
    let names = header.as_ref().or(rows.first()).ok_or("no row")?;
    let label = (names.iter().position(|name| name == "state")).ok_or("no column of labels")?;
    let rows = if header.is_some() {
        &rows[..]
    } else {
        &rows[1..]
    };
    if let Some(i) = rows.iter().position(|row| row.len() != names.len()) {
        return Err(format!("row {i} has another number of cells"));
    }
    let labels: Vec<&str> = rows.iter().map(|row| row[label].as_str()).collect();
    if labels.iter().any(|label| label.contains(['\n', '\r'])) {
        return Err("a label of several lines".into());
    }
    if labels != read.labels {
        return Err(format!(
            "{} labels, the text has {}",
            read.labels.len(),
            labels.len()
        ));
    }
    let Input::Table {
        columns, left_out, ..
    } = &data.preparation.input
    else {
        return Err("no table".into());
    };
    let places = (0..names.len()).filter(|i| *i != label);
    let mut places: Vec<usize> = places.collect();
    places.retain(|i| !left_out.iter().any(|column| column.name == names[*i]));
    let is_number = |cell: &str| cell.parse::<f64>().is_ok();
    let is_gap = |cell: &str| GAPS.iter().any(|gap| gap.eq_ignore_ascii_case(cell));
    for (column, place) in columns.iter().zip(&places) {
        let odd = rows
            .iter()
            .filter(|row| !is_number(&row[*place]) && !is_gap(&row[*place]));
        if column.kind != Kind::Number {
            // From a tenth on, what is no number is taken for words.
            let is_text = 10 * odd.count() > rows.len();
            return is_text
                .then_some(())
                .ok_or_else(|| "a column of numbers as words".into());
        }
    }
    let mut expected = Vec::new();
    for row in rows {
        for (column, place) in columns.iter().zip(&places) {
            let CellEncoding::Number { marks_gaps, .. } = &column.encoding else {
                return Err("a column of numbers in another encoding".into());
            };
            let cell = &row[*place];
            let gap = is_gap(cell);
            let value = if gap {
                0.0
            } else {
                cell.parse::<f64>().map_err(|_| "no number")?
            };
            expected.push((value as f32).to_bits());
            expected.extend(marks_gaps.then(|| f32::from(gap).to_bits()));
        }
    }
    match expected == read.inputs {
        true => Ok(()),
        false => Err("inputs are not what the text says".into()),
    }
}

type Rows = Vec<Vec<String>>;

/// The rows of a table in RFC 4180's notation, with either end of a line, and the names of its columns if a comment above has
/// them; an error if a mark of quotation is not closed.
fn table(text: &str) -> Result<(Rows, Option<Vec<String>>), String> {
    let mut rest = text;
    let mut comment = None;
    loop {
        let end = rest.find(['\n', '\r']).map_or(rest.len(), |end| end + 1);
        let line = rest[..end].trim();
        if line.starts_with('#') {
            comment = Some(line.trim_start_matches('#'));
        } else if !line.is_empty() || end == 0 {
            break;
        }
        rest = &rest[end..];
    }
    let mut rows: Rows = Vec::new();
    let (mut row, mut cell) = (Vec::new(), String::new());
    let (mut is_quoted, mut is_fresh) = (false, true);
    let mut letters = rest.chars().chain("\n".chars()).peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if is_quoted && letters.peek() == Some(&'"') => {
                cell.push('"');
                letters.next();
            }
            '"' if is_quoted => is_quoted = false,
            _ if is_quoted => cell.push(letter),
            '"' if is_fresh => (is_quoted, is_fresh) = (true, false),
            ',' => {
                row.push(std::mem::take(&mut cell));
                is_fresh = true;
            }
            '\n' | '\r' => {
                if !row.is_empty() || !cell.is_empty() || !is_fresh {
                    row.push(std::mem::take(&mut cell));
                    rows.push(std::mem::take(&mut row));
                }
                is_fresh = true;
            }
            _ => {
                cell.push(letter);
                is_fresh = false;
            }
        }
    }
    if is_quoted {
        return Err("a mark of quotation is not closed".into());
    }
    for cell in rows.iter_mut().flatten() {
        *cell = cell.trim().to_owned();
    }
    let names = comment.map(|line| line.split(',').map(|name| name.trim().to_owned()).collect());
    let names = names
        .filter(|names: &Vec<String>| rows.first().is_some_and(|row| row.len() == names.len()));
    // Comments between rows.
    let mut first = true;
    rows.retain(|row| std::mem::take(&mut first) || row.len() > 1 || !row[0].starts_with('#'));
    Ok((rows, names))
}
