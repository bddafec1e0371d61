//! The cells of a column, by its type.

use std::path::Path;

use ::parquet::basic::{ConvertedType, LogicalType, TimeUnit, Type};
use ::parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use ::parquet::data_type::DataType;
use ::parquet::errors::ParquetError;
use ::parquet::schema::types::{ColumnDescriptor, SchemaDescriptor};

use crate::Error;
use crate::data::columns::Kind;

/// Cells that are decoded at once.
const BATCH: usize = 4096;

/// What a cell says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Cell<'a> {
    Gap,
    Whole(i128),
    Single(f32),
    Double(f64),
    Boolean(bool),
    /// Days since 1970-01-01.
    Days(f64),
    Text(&'a str),
}

impl Cell<'_> {
    /// As it would stand in a text table.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Gap => String::new(),
            Self::Whole(x) => x.to_string(),
            Self::Single(x) => x.to_string(),
            Self::Double(x) | Self::Days(x) => x.to_string(),
            Self::Boolean(x) => x.to_string(),
            Self::Text(text) => (*text).to_owned(),
        }
    }

    /// A number as such.
    pub(super) fn number(&self) -> Option<f64> {
        match self {
            Self::Whole(x) => Some(*x as f64),
            Self::Single(x) => Some(f64::from(*x)),
            Self::Double(x) | Self::Days(x) => Some(*x),
            Self::Gap | Self::Boolean(_) | Self::Text(_) => None,
        }
    }
}

/// How the stored value of a cell is to be understood.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Meaning {
    Boolean,
    Whole {
        is_signed: bool,
    },
    Float,
    /// A whole number of this power of ten.
    Decimal(i32),
    /// So many to a day.
    Days(f64),
    Text,
}

/// A column of a file.
pub(super) struct Source {
    pub(super) name: String,
    /// Its place among the stored columns, and what its values mean; or why it can't be read.
    found: Result<(usize, Meaning), String>,
}

impl Source {
    /// The columns of a file, nested ones as one each.
    pub(super) fn all(schema: &SchemaDescriptor) -> Vec<Self> {
        let fields = schema.root_schema().get_fields().iter();
        let mut sources: Vec<Self> = fields
            .map(|field| Self {
                name: field.name().to_owned(),
                found: Err("holds nothing".to_owned()),
            })
            .collect();
        for (leaf, column) in schema.columns().iter().enumerate() {
            let source = &mut sources[schema.get_column_root_idx(leaf)];
            let is_flat = column.path().parts().len() == 1 && column.max_rep_level() == 0;
            source.found = match is_flat {
                true => meaning(column).map(|meaning| (leaf, meaning)),
                false => Err("holds lists, maps or structures".to_owned()),
            };
        }
        sources
    }

    /// What its cells are.
    pub(super) fn kind(&self, path: &Path) -> Result<Kind, Error> {
        let (_, meaning) = self.known(path)?;
        Ok(match meaning {
            Meaning::Boolean => Kind::Boolean,
            Meaning::Whole { .. } | Meaning::Float | Meaning::Decimal(_) => Kind::Number,
            Meaning::Days(_) => Kind::Date,
            Meaning::Text => Kind::Text,
        })
    }

    /// Its place among the stored columns.
    pub(super) fn leaf(&self, path: &Path) -> Result<usize, Error> {
        Ok(self.known(path)?.0)
    }

    fn known(&self, path: &Path) -> Result<(usize, Meaning), Error> {
        self.found.clone().map_err(|reason| Error::Format {
            path: path.into(),
            message: format!(
                "column '{}' {reason}, which can't be used: list it in `ignore`, or write it as numbers or text",
                self.name
            ),
        })
    }

    /// Hands over the next cells, `rows` at most; how many there were.
    pub(super) fn cells(
        &self,
        reader: ColumnReader,
        rows: usize,
        take: &mut dyn FnMut(Cell<'_>),
    ) -> Result<usize, ParquetError> {
        use ColumnReader as R;
        // A column that can't be read has no reader.
        let meaning = self
            .found
            .as_ref()
            .map_or(Meaning::Text, |(_, meaning)| *meaning);
        let whole = |x: i64| whole(meaning, x.into());
        match reader {
            R::BoolColumnReader(reader) => each(reader, rows, take, |x| Ok(Cell::Boolean(*x))),
            R::Int32ColumnReader(reader) => each(reader, rows, take, |x| {
                Ok(match meaning {
                    Meaning::Whole { is_signed: false } => Cell::Whole(x.cast_unsigned().into()),
                    _ => whole(i64::from(*x)),
                })
            }),
            R::Int64ColumnReader(reader) => each(reader, rows, take, |x| {
                Ok(match meaning {
                    Meaning::Whole { is_signed: false } => Cell::Whole(x.cast_unsigned().into()),
                    _ => whole(*x),
                })
            }),
            R::Int96ColumnReader(reader) => each(reader, rows, take, |x| {
                // The nanoseconds of a day, in two words, and the Julian day.
                let [low, high, day] =
                    [0, 1, 2].map(|word| x.data().get(word).copied().unwrap_or(0));
                let nanoseconds = f64::from(high) * 2_f64.powi(32) + f64::from(low);
                Ok(Cell::Days(
                    f64::from(day) - JULIAN_1970 + nanoseconds / 86_400e9,
                ))
            }),
            R::FloatColumnReader(reader) => each(reader, rows, take, |x| Ok(Cell::Single(*x))),
            R::DoubleColumnReader(reader) => each(reader, rows, take, |x| Ok(Cell::Double(*x))),
            R::ByteArrayColumnReader(reader) => {
                each(reader, rows, take, |x| bytes(meaning, x.data()))
            }
            R::FixedLenByteArrayColumnReader(reader) => {
                each(reader, rows, take, |x| bytes(meaning, x.data()))
            }
        }
    }
}

/// The Julian day of 1970-01-01, whose own days begin at midnight here.
const JULIAN_1970: f64 = 2_440_588.0;

fn each<T: DataType>(
    mut reader: ColumnReaderImpl<T>,
    rows: usize,
    take: &mut dyn FnMut(Cell<'_>),
    cell: impl for<'a> Fn(&'a T::T) -> Result<Cell<'a>, ParquetError>,
) -> Result<usize, ParquetError> {
    let (mut levels, mut values) = (Vec::new(), Vec::new());
    let mut done = 0;
    while done < rows {
        levels.clear();
        values.clear();
        let most = BATCH.min(rows - done);
        let (records, _, _) = reader.read_records(most, Some(&mut levels), None, &mut values)?;
        if records == 0 {
            break;
        }
        done += records;
        if levels.is_empty() {
            for value in &values {
                take(cell(value)?);
            }
            continue;
        }
        // A column is flat: a level is 1 where there is a value.
        let mut values = values.iter();
        for level in &levels {
            match (*level > 0).then(|| values.next()).flatten() {
                Some(value) => take(cell(value)?),
                None => take(Cell::Gap),
            }
        }
    }
    Ok(done)
}

fn whole(meaning: Meaning, x: i128) -> Cell<'static> {
    match meaning {
        Meaning::Decimal(scale) => Cell::Double(decimal(x, scale)),
        Meaning::Days(unit) => Cell::Days(x as f64 / unit),
        _ => Cell::Whole(x),
    }
}

/// The number nearest to x·10^−scale: a quotient of two numbers is rounded once where both are exact.
fn decimal(x: i128, scale: i32) -> f64 {
    x as f64 / 10_f64.powi(scale)
}

fn bytes(meaning: Meaning, bytes: &[u8]) -> Result<Cell<'_>, ParquetError> {
    match meaning {
        Meaning::Decimal(scale) => {
            // Two's complement, the most significant byte first.
            let negative = bytes.first().is_some_and(|byte| byte.cast_signed() < 0);
            let start = if negative { -1 } else { 0 };
            let x = bytes
                .iter()
                .fold(start, |x: i128, byte| (x << 8) | i128::from(*byte));
            Ok(Cell::Double(decimal(x, scale)))
        }
        Meaning::Float => match bytes {
            [low, high] => Ok(Cell::Single(half(u16::from_le_bytes([*low, *high])))),
            _ => Err(ParquetError::General(
                "a number of 16 bits has another length".into(),
            )),
        },
        _ => match str::from_utf8(bytes) {
            Ok(text) => Ok(Cell::Text(text)),
            Err(_) => Err(ParquetError::General(
                "it holds bytes that are no UTF-8".into(),
            )),
        },
    }
}

/// A number of 16 bits: a sign, five bits of an exponent, ten of a fraction.
fn half(bits: u16) -> f32 {
    let fraction = f32::from(bits & 0x3ff);
    let size = match (bits >> 10) & 0x1f {
        0 => fraction * 2_f32.powi(-24),
        31 if fraction > 0.0 => f32::NAN,
        31 => f32::INFINITY,
        exponent => (1.0 + fraction / 1024.0) * 2_f32.powi(i32::from(exponent) - 15),
    };
    if bits >> 15 == 1 { -size } else { size }
}

/// What the values of a column mean, or what they are that can't be read.
fn meaning(column: &ColumnDescriptor) -> Result<Meaning, String> {
    let second = 86_400.0;
    if let Some(logical) = column.logical_type_ref() {
        return match logical {
            LogicalType::String | LogicalType::Enum => Ok(Meaning::Text),
            LogicalType::Decimal(decimal) => scaled(column, decimal.scale),
            LogicalType::Date => Ok(Meaning::Days(1.0)),
            LogicalType::Timestamp(time) => Ok(Meaning::Days(match time.unit {
                TimeUnit::MILLIS => second * 1e3,
                TimeUnit::MICROS => second * 1e6,
                _ => second * 1e9,
            })),
            LogicalType::Integer(whole) => Ok(Meaning::Whole {
                is_signed: whole.is_signed,
            }),
            LogicalType::Float16 => Ok(Meaning::Float),
            // A column of nulls alone.
            LogicalType::Unknown => plain(column.physical_type()),
            LogicalType::Time(_) => Err("holds times of the day".to_owned()),
            other => Err(format!("holds values of the type {other:?}")),
        };
    }
    match column.converted_type() {
        ConvertedType::NONE => plain(column.physical_type()),
        ConvertedType::UTF8 | ConvertedType::ENUM => Ok(Meaning::Text),
        ConvertedType::DECIMAL => scaled(column, column.type_scale()),
        ConvertedType::DATE => Ok(Meaning::Days(1.0)),
        ConvertedType::TIMESTAMP_MILLIS => Ok(Meaning::Days(second * 1e3)),
        ConvertedType::TIMESTAMP_MICROS => Ok(Meaning::Days(second * 1e6)),
        ConvertedType::INT_8
        | ConvertedType::INT_16
        | ConvertedType::INT_32
        | ConvertedType::INT_64 => Ok(Meaning::Whole { is_signed: true }),
        ConvertedType::UINT_8
        | ConvertedType::UINT_16
        | ConvertedType::UINT_32
        | ConvertedType::UINT_64 => Ok(Meaning::Whole { is_signed: false }),
        ConvertedType::TIME_MILLIS | ConvertedType::TIME_MICROS => {
            Err("holds times of the day".to_owned())
        }
        other => Err(format!("holds values of the type {other:?}")),
    }
}

/// A decimal, unless it has more bytes than are added up.
fn scaled(column: &ColumnDescriptor, scale: i32) -> Result<Meaning, String> {
    match column.physical_type() {
        Type::FIXED_LEN_BYTE_ARRAY if column.type_length() > 16 => {
            Err(format!("holds decimals of {} bytes", column.type_length()))
        }
        Type::BYTE_ARRAY => Err("holds decimals of no fixed length".to_owned()),
        _ => Ok(Meaning::Decimal(scale)),
    }
}

/// The meaning of a type without a note.
fn plain(kind: Type) -> Result<Meaning, String> {
    match kind {
        Type::BOOLEAN => Ok(Meaning::Boolean),
        Type::INT32 | Type::INT64 => Ok(Meaning::Whole { is_signed: true }),
        Type::INT96 => Ok(Meaning::Days(1.0)),
        Type::FLOAT | Type::DOUBLE => Ok(Meaning::Float),
        // Some programs write words so; bytes that are none are named.
        Type::BYTE_ARRAY => Ok(Meaning::Text),
        Type::FIXED_LEN_BYTE_ARRAY => Err("holds bytes".to_owned()),
    }
}
