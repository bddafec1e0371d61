//! What is done to raw examples, from the training part.

use super::moments::{Moments, Sums};
use super::scaling::{self, Scale};
use super::{Column, Encoding, Input, LeftOut, Output, Preparation};
use crate::Error;
use crate::data::columns::{Kind, RawColumn};
use crate::data::examples::InputShape;
use crate::data::spec::{DataSpec, ImageShape};
use crate::data::table::{Answers, Table};
use crate::data::values::Values;

/// Words of one column that get an input, at most.
const WORDS: usize = 64;

/// A word gets an input if it stands in at least so many rows …
const ROWS: usize = 10;

/// … or in one of so many.
const SHARE: usize = 100;

/// From so many rows on, a column of words of which more than half are different tells a row from others and no more.
const MANY: usize = 20;

/// What was fitted, and where in a raw row of the training data the used columns stand.
pub(in crate::data) struct Fitted {
    pub(in crate::data) preparation: Preparation,
    pub(in crate::data) sources: Vec<usize>,
}

/// Fits what is done to a table on the rows of its training part.
pub(in crate::data) fn fit(
    spec: &DataSpec,
    table: &Table,
    rows: &[usize],
) -> Result<Fitted, Error> {
    let (input, sources) = match table.shape {
        InputShape::Image(shape) => (image(spec, shape, table, rows), Vec::new()),
        InputShape::Features(width) => {
            let plain: Vec<RawColumn>;
            let columns = match &table.described {
                Some(described) => &described.columns,
                None => {
                    plain = (0..width)
                        .map(|i| RawColumn::number(i.to_string()))
                        .collect();
                    &plain
                }
            };
            let may_leave_out = table.described.is_some() && spec.standardise;
            row(spec, (columns, may_leave_out), &table.inputs, rows)?
        }
    };
    let name = |table: &Table| {
        let layout = &table.described.as_ref()?.layout;
        layout.header.as_ref()?;
        Some(layout.name(layout.label?))
    };
    let output = match &table.targets {
        Answers::Classes(_) => Output::Classes {
            names: table.classes.clone(),
        },
        Answers::Values(values) => {
            let moments = Moments::of(rows.iter().map(|&i| values[i]));
            let (mean, std) = if spec.standardise {
                (moments.mean, moments.std())
            } else {
                (0.0, 1.0)
            };
            Output::Value {
                name: name(table),
                std,
                mean,
                transform: spec.transform,
            }
        }
    };
    Ok(Fitted {
        preparation: Preparation { input, output },
        sources,
    })
}

fn image(spec: &DataSpec, shape: ImageShape, table: &Table, rows: &[usize]) -> Input {
    let channels = shape.channels as usize;
    let columns = table
        .described
        .iter()
        .flat_map(|described| &described.columns);
    let columns = columns.map(|column| column.name.clone()).collect();
    if !spec.standardise {
        return Input::Image {
            shape,
            mean: vec![0.0; channels],
            std: vec![1.0; channels],
            columns,
        };
    }
    let moments = match &table.inputs {
        Values::Bytes(bytes) => byte_moments(bytes, shape, rows),
        values => (0..channels)
            .map(|channel| channel_moments(values, shape, rows, channel))
            .collect(),
    };
    let (mean, std) = (moments.iter())
        .map(|moments| (moments.mean as f32, moments.std() as f32))
        .unzip();
    Input::Image {
        shape,
        mean,
        std,
        columns,
    }
}

fn channel_moments(values: &Values, shape: ImageShape, rows: &[usize], channel: usize) -> Moments {
    let size = shape.len();
    let pixels = size / (shape.channels as usize).max(1);
    let starts = (rows.iter()).map(|row| row * size + channel * pixels);
    Moments::of(starts.flat_map(|start| (start..start + pixels).map(|i| values.get(i))))
}

/// The moments of each channel. Whole numbers are added as such, which rounds nothing, so that any order does: that of memory is the
/// fastest.
fn byte_moments(bytes: &[u8], shape: ImageShape, rows: &[usize]) -> Vec<Moments> {
    let (size, channels) = (shape.len(), shape.channels as usize);
    let mut sums: Vec<Sums> = (0..channels).map(|_| Sums::default()).collect();
    let mut rows = rows.to_vec();
    rows.sort_unstable();
    for row in rows {
        let picture = &bytes[row * size..(row + 1) * size];
        for (sums, plane) in sums.iter_mut().zip(picture.chunks(size / channels.max(1))) {
            sums.add(plane);
        }
    }
    sums.iter().map(Sums::moments).collect()
}

/// How the columns are encoded that are of use, and their places in a raw row.
fn row(
    spec: &DataSpec,
    (columns, may_leave_out): (&[RawColumn], bool),
    values: &Values,
    rows: &[usize],
) -> Result<(Input, Vec<usize>), Error> {
    let mut used = Vec::new();
    let mut sources = Vec::new();
    let mut left_out = Vec::new();
    for (i, column) in columns.iter().enumerate() {
        let cells = rows.iter().map(|row| values.get(row * columns.len() + i));
        let found = match &column.useless {
            Some(reason) => Err(reason.clone()),
            None if column.kind == Kind::Text => words(column, cells),
            None => number(spec, cells).and_then(|(encoding, is_constant)| {
                // Arrays keep all of their columns: they have no names to be told apart by.
                if is_constant && may_leave_out {
                    return Err("is constant in the training part".to_owned());
                }
                Ok(encoding)
            }),
        };
        match found {
            Ok(encoding) => {
                used.push(Column {
                    name: column.name.clone(),
                    kind: column.kind,
                    encoding,
                });
                sources.push(i);
            }
            Err(reason) => left_out.push(LeftOut {
                name: column.name.clone(),
                reason,
            }),
        }
    }
    if used.is_empty() {
        return Err(Error::Data {
            field: "path",
            problem: format!(
                "leads to a table without a column of use: '{}' {}",
                left_out.first().map_or("", |column| &column.name),
                left_out.first().map_or("", |column| &column.reason)
            ),
        });
    }
    let input = Input::Table {
        columns: used,
        left_out,
        gaps: spec.gaps.clone(),
    };
    Ok((input, sources))
}

/// A column of numbers, with whether it is constant, or why it is of no use.
fn number(
    spec: &DataSpec,
    cells: impl Iterator<Item = f64> + Clone,
) -> Result<(Encoding, bool), String> {
    let gaps = cells.clone().filter(|x| x.is_nan()).count();
    let numbers: Vec<f64> = cells.filter(|x| !x.is_nan()).collect();
    let moments = Moments::of(numbers.iter().copied());
    if moments.count == 0 {
        return Err("has gaps only".to_owned());
    }
    let marks_gaps = gaps > 0;
    let scale = match spec.standardise {
        true => scaling::scale(spec.scaling, &moments, numbers),
        false => Scale::NONE,
    };
    let encoding = Encoding::Number {
        mean: scale.centre,
        std: scale.unit,
        limit: scale.limit,
        marks_gaps,
    };
    // Whether there is a number at all may tell something.
    Ok((encoding, moments.is_constant && !marks_gaps))
}

/// A column of words, or why it is of no use.
fn words(column: &RawColumn, cells: impl Iterator<Item = f64>) -> Result<Encoding, String> {
    let mut counts = vec![0; column.words.len()];
    let mut gaps = 0;
    for cell in cells {
        if cell.is_nan() {
            gaps += 1;
        } else {
            counts[cell as usize] += 1;
        }
    }
    let rows: usize = counts.iter().sum();
    let mut order: Vec<usize> = (0..counts.len()).filter(|i| counts[*i] > 0).collect();
    if rows == 0 {
        return Err("has gaps only".to_owned());
    }
    if rows >= MANY && 2 * order.len() > rows {
        return Err(format!(
            "is text of {} different words in {rows} rows",
            order.len()
        ));
    }
    if order.len() == 1 && gaps == 0 {
        return Err("is constant in the training part".to_owned());
    }
    // Equally frequent words in the alphabet's order.
    order.sort_by_key(|i| (usize::MAX - counts[*i], &column.words[*i]));
    let is_frequent = |i: &usize| counts[*i] >= ROWS || SHARE * counts[*i] >= rows;
    let frequent = order
        .iter()
        .take_while(|i| is_frequent(i))
        .count()
        .min(WORDS);
    let kept = &order[..frequent];
    if kept.is_empty() {
        return Err("is text of rare words only".to_owned());
    }
    Ok(Encoding::Words {
        words: kept.iter().map(|i| column.words[*i].clone()).collect(),
        marks_others: kept.len() < order.len(),
        marks_gaps: gaps > 0,
    })
}
