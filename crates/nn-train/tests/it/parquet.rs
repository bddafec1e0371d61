//! Tables in the format Parquet. What a text table of the same cells gives is what is right.

#[cfg(not(feature = "parquet"))]
#[test]
fn without_the_feature_the_error_names_it() {
    use nn_train::data::{DataSpec, Task, describe, load};
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/patients.parquet");
    let spec = DataSpec::new(path, Task::Class);
    for error in [load(&spec).unwrap_err(), describe(&spec).unwrap_err()] {
        let error = error.to_string();
        assert!(
            error.contains("--features parquet") && error.contains("patients.parquet"),
            "{error}"
        );
    }
}

#[cfg(feature = "parquet")]
mod reading {
    use std::fs;
    use std::path::{Path, PathBuf};
    use std::sync::Arc;

    use nn_train::Error;
    use nn_train::data::{self, Column, DataSpec, Dataset, OneOrMany, Task};
    use parquet::basic::{Compression, ZstdLevel};
    use parquet::data_type::{
        BoolType, ByteArray, ByteArrayType, DataType, DoubleType, FixedLenByteArray,
        FixedLenByteArrayType, FloatType, Int32Type, Int64Type,
    };
    use parquet::file::properties::WriterProperties;
    use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
    use parquet::schema::parser::parse_message_type;

    use crate::support::{load, write};

    type Group<'a> = SerializedRowGroupWriter<'a, fs::File>;

    /// Writes a file of one part for each of `groups`, which write their columns in order.
    fn file(
        path: &Path,
        schema: &str,
        compression: Compression,
        groups: &[&dyn Fn(&mut Group<'_>)],
    ) -> PathBuf {
        let schema = Arc::new(parse_message_type(&format!("message t {{ {schema} }}")).unwrap());
        let properties = WriterProperties::builder()
            .set_compression(compression)
            .build();
        let file = fs::File::create(path).unwrap();
        let mut writer = SerializedFileWriter::new(file, schema, Arc::new(properties)).unwrap();
        for group in groups {
            let mut to = writer.next_row_group().unwrap();
            group(&mut to);
            to.close().unwrap();
        }
        writer.close().unwrap();
        path.to_owned()
    }

    /// Writes a column that has a value wherever its levels are 1.
    fn column<T: DataType>(group: &mut Group<'_>, values: &[T::T], levels: Option<&[i16]>) {
        let mut writer = group.next_column().unwrap().unwrap();
        writer
            .typed::<T>()
            .write_batch(values, levels, None)
            .unwrap();
        writer.close().unwrap();
    }

    fn text(words: &[&str]) -> Vec<ByteArray> {
        words.iter().map(|word| ByteArray::from(*word)).collect()
    }

    /// That both files are the same data set, whatever it is divided and prepared by.
    fn are_alike(csv: &Path, parquet: &Path, change: impl Fn(&mut DataSpec)) -> Dataset {
        let of = |path: &Path| {
            let mut spec = DataSpec::new(path, Task::Class);
            spec.split.shuffle = false;
            change(&mut spec);
            load(&spec).unwrap()
        };
        let (expected, found) = (of(csv), of(parquet));
        assert_eq!(found, expected);
        found
    }

    const WORDS: [&str; 5] = ["Bern", "Aarau", "Bern", "Chur", "Bern"];
    const LABELS: [&str; 10] = ["b", "a", "b", "b", "a", "b", "a", "a", "b", "a"];

    /// Ten rows in two parts, and the same as text.
    fn both(folder: &tempfile::TempDir, compression: Compression) -> (PathBuf, PathBuf) {
        let schema = "required int32 i; optional int64 gap; required float f; optional double d; required boolean yes;
            optional binary town (STRING); required int32 day (DATE); optional int64 at (TIMESTAMP(MICROS,true));
            required int32 price (DECIMAL(9,2)); required fixed_len_byte_array(6) wide (DECIMAL(13,3));
            required int32 byte (INTEGER(8,false)); required int64 huge (INTEGER(64,false)); required binary class (STRING);";
        let part = |first: usize| {
            move |group: &mut Group<'_>| {
                let rows: Vec<usize> = (first..first + 5).collect();
                let of = |f: &dyn Fn(usize) -> i64| rows.iter().map(|i| f(*i)).collect::<Vec<_>>();
                let small =
                    |f: &dyn Fn(usize) -> i64| of(f).iter().map(|x| *x as i32).collect::<Vec<_>>();
                let there: Vec<i16> = rows.iter().map(|i| i16::from(i % 3 != 0)).collect();
                let kept = |all: Vec<i64>| {
                    let pairs = all.into_iter().zip(&there);
                    pairs
                        .filter(|(_, level)| **level == 1)
                        .map(|(x, _)| x)
                        .collect::<Vec<_>>()
                };
                column::<Int32Type>(group, &small(&|i| i as i64 - 4), None);
                column::<Int64Type>(group, &kept(of(&|i| 1000 * i as i64)), Some(&there));
                column::<FloatType>(
                    group,
                    &rows.iter().map(|i| *i as f32 * 0.1).collect::<Vec<_>>(),
                    None,
                );
                let doubles = kept(of(&|i| i as i64))
                    .iter()
                    .map(|i| *i as f64 / 7.0)
                    .collect::<Vec<_>>();
                column::<DoubleType>(group, &doubles, Some(&there));
                column::<BoolType>(
                    group,
                    &rows.iter().map(|i| i % 4 == 1).collect::<Vec<_>>(),
                    None,
                );
                column::<ByteArrayType>(
                    group,
                    &text(&[WORDS[first % 3], "Bern", "Aarau", "Chur"]),
                    Some(&[1, 1, 0, 1, 1]),
                );
                column::<Int32Type>(group, &small(&|i| 19_700 + 31 * i as i64), None);
                column::<Int64Type>(
                    group,
                    &kept(of(&|i| i as i64 * 21_600_000_000 - 3_600_000_000)),
                    Some(&there),
                );
                column::<Int32Type>(group, &small(&|i| 125 - 50 * i as i64), None);
                let wide = rows.iter().map(|i| {
                    let bytes = (i64::try_from(*i).unwrap() * 1001 - 5000).to_be_bytes();
                    FixedLenByteArray::from(bytes[2..].to_vec())
                });
                column::<FixedLenByteArrayType>(group, &wide.collect::<Vec<_>>(), None);
                column::<Int32Type>(group, &small(&|i| 250 - i as i64), None);
                column::<Int64Type>(group, &of(&|i| i64::MIN + ((i as i64) << 40)), None);
                column::<ByteArrayType>(group, &text(&LABELS[first..first + 5]), None);
            }
        };
        let path = folder.path().join("t.parquet");
        let parquet = file(&path, schema, compression, &[&part(0), &part(5)]);
        let mut csv = String::from("i,gap,f,d,yes,town,day,at,price,wide,byte,huge,class\n");
        for i in 0..10_usize {
            let optional = |text: String| if i % 3 == 0 { String::new() } else { text };
            let first = if i < 5 { WORDS[0] } else { WORDS[2] };
            let town = [first, "Bern", "", "Aarau", "Chur"][i % 5];
            let n = i as i64;
            // Dates as jiff reckons them; what is a date in text is read by other code than what counts days.
            let day = jiff::civil::date(1970, 1, 1)
                .checked_add(jiff::Span::new().days(19_700 + 31 * n))
                .unwrap();
            let at = jiff::Timestamp::from_second(n * 21_600 - 3_600).unwrap();
            csv += &format!(
                "{},{},{},{},{},{town},{day},{},{},{},{},{},{}\n",
                n - 4,
                optional((1000 * n).to_string()),
                f64::from(i as f32 * 0.1),
                optional((n as f64 / 7.0).to_string()),
                i % 4 == 1,
                optional(at.to_string()),
                (125 - 50 * n) as f64 / 100.0,
                (n * 1001 - 5000) as f64 / 1000.0,
                250 - n,
                (1_u64 << 63) + ((i as u64) << 40),
                LABELS[i]
            );
        }
        (write(folder, "t.csv", csv), parquet)
    }

    #[test]
    fn cells_of_every_type_are_those_of_a_text_table() {
        let folder = tempfile::tempdir().unwrap();
        let zstd = Compression::ZSTD(ZstdLevel::default());
        for compression in [
            Compression::UNCOMPRESSED,
            Compression::SNAPPY,
            Compression::GZIP(Default::default()),
            Compression::LZ4_RAW,
            zstd,
        ] {
            let (csv, parquet) = both(&folder, compression);
            let data = are_alike(&csv, &parquet, |_| {});
            assert!(data.shape.len() > 10, "{:?}", data.shape);
        }
        let (csv, parquet) = both(&folder, zstd);
        let named = |name: &str| Column::Name(name.to_owned());
        are_alike(&csv, &parquet, |spec| spec.split.order = Some(named("i")));
        are_alike(&csv, &parquet, |spec| {
            spec.split.group = Some(named("town"))
        });
        are_alike(&csv, &parquet, |spec| spec.weight = Some(named("byte")));
        are_alike(&csv, &parquet, |spec| {
            spec.categories = vec![named("byte"), named("i")]
        });
        are_alike(&csv, &parquet, |spec| {
            spec.gaps = Some(vec!["-3".into(), "Chur".into()])
        });
        are_alike(&csv, &parquet, |spec| {
            spec.ignore = vec![named("f"), Column::Number(1)]
        });
        are_alike(&csv, &parquet, |spec| {
            spec.task = Task::Reg;
            spec.label = named("price");
        });
        // Several files are one table, and a test file has the main one's columns.
        are_alike(&csv, &parquet, |spec| {
            let path = spec.path.as_slice()[0].clone();
            spec.path = OneOrMany::Many(vec![path.clone(), path]);
        });
        are_alike(&csv, &parquet, |spec| {
            spec.test = Some(data::TestSpec {
                path: spec.path.clone(),
                labels: None,
            });
        });
    }

    #[test]
    fn a_file_of_another_program_says_what_was_written() {
        // Written by pyarrow 26.0.1, in two parts, compressed by zstd: 12 rows; gaps, words by a dictionary, decimals of 128 bits,
        // nanoseconds, a column of lists.
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/patients.parquet");
        let error = load(&DataSpec::new(&path, Task::Class))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("column 'note' holds lists, maps or structures")
                && error.contains("`ignore`"),
            "{error}"
        );
        let folder = tempfile::tempdir().unwrap();
        let rows: String = (0..12)
            .map(|i| {
                format!(
                    "{i},{},{},{},{},{},2024-01-01T{:02}:00:00,{}.25,{}\n",
                    if i % 5 == 2 {
                        String::new()
                    } else {
                        (1234.5678 + f64::from(i)).to_string()
                    },
                    f64::from((0.1 * f64::from(i)) as f32),
                    i % 3 == 0,
                    ["Aarau", "Bern", ""][i as usize % 3],
                    jiff::civil::date(2024, 2, 27)
                        .checked_add(jiff::Span::new().days(i))
                        .unwrap(),
                    6 * (i % 4),
                    i - 3,
                    ["ill", "well"][i as usize % 2],
                )
            })
            .collect();
        let csv = write(
            &folder,
            "t.csv",
            format!("count,size,share,is_new,town,day,at,price,class\n{rows}"),
        );
        let ignored = |spec: &mut DataSpec| {
            if spec.path.as_slice()[0].ends_with("patients.parquet") {
                spec.ignore = vec![Column::Name("note".into())];
            }
        };
        let data = are_alike(&csv, &path, ignored);
        assert_eq!(data.class_names(), ["ill", "well"]);
    }

    #[test]
    fn a_changed_number_under_a_checksum_is_refused() {
        // Written by pyarrow 26.0.1 with checksums of pages, uncompressed: 1234.5678 + i, and i mod 2.
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/checked.parquet");
        let bytes = fs::read(path).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let read = |bytes: &[u8]| {
            let mut spec = DataSpec::new(write(&folder, "t.parquet", bytes), Task::Class);
            spec.standardise = false;
            spec.split.shuffle = false;
            data::load(&spec)
        };
        let whole = read(&bytes).unwrap();
        assert_eq!(whole.train.inputs()[3].to_bits(), 1237.5678_f32.to_bits());
        let number = 1237.5678_f64.to_le_bytes();
        let at = bytes
            .windows(8)
            .position(|window| window == number)
            .unwrap();
        for bit in 0..64 {
            let mut changed = bytes.clone();
            changed[at + bit / 8] ^= 1 << (bit % 8);
            let error = read(&changed).unwrap_err().to_string();
            assert!(
                error.contains("column 'a', from row 1 on") && error.contains("damaged"),
                "{error}"
            );
        }
        // Cut anywhere, it is refused.
        for end in 0..bytes.len() {
            let error = read(&bytes[..end]).unwrap_err();
            assert!(matches!(error, Error::Format { .. }), "{error}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.parquet");
        let label = |group: &mut Group<'_>| column::<Int32Type>(group, &[0, 1, 0, 1, 1, 0], None);
        let refused =
            |schema: &str, group: &dyn Fn(&mut Group<'_>), change: &dyn Fn(&mut DataSpec)| {
                let path = file(
                    &path,
                    &format!("{schema} required int32 y;"),
                    Compression::UNCOMPRESSED,
                    &[&|to: &mut Group<'_>| {
                        group(to);
                        label(to);
                    }],
                );
                let mut spec = DataSpec::new(path, Task::Class);
                change(&mut spec);
                load(&spec).unwrap_err().to_string()
            };
        let nothing = |_: &mut DataSpec| {};
        let bytes = |group: &mut Group<'_>| {
            column::<ByteArrayType>(
                group,
                &[(); 6].map(|()| ByteArray::from(vec![0xff, 0xfe])),
                None,
            )
        };
        let whole = |group: &mut Group<'_>| column::<Int32Type>(group, &[1; 6], None);
        let error = refused("required int32 t (TIME(MILLIS,true));", &whole, &nothing);
        assert!(
            error.contains("column 't' holds times of the day"),
            "{error}"
        );
        let error = refused("required binary b;", &bytes, &nothing);
        assert!(
            error.contains("column 'b', from row 1 on") && error.contains("no UTF-8"),
            "{error}"
        );
        let numbers = |x: f64| {
            move |group: &mut Group<'_>| {
                column::<DoubleType>(group, &[1.0, 2.0, x, 3.0, x, 4.0], None)
            }
        };
        let error = refused("required double x;", &numbers(1e300), &nothing);
        assert!(
            error.contains("row 3, column 'x'")
                && error.contains("row 5, column 'x'")
                && error.contains("beyond the range"),
            "{error}"
        );
        let error = refused("required double x;", &numbers(f64::INFINITY), &nothing);
        assert!(error.contains("row 3, column 'x'"), "{error}");
        let gaps = |group: &mut Group<'_>| {
            column::<DoubleType>(group, &[1.0, 2.0], Some(&[1, 0, 0, 1, 0, 0]))
        };
        let error = refused("optional double x;", &gaps, &|spec| {
            spec.label = Column::Name("x".into());
        });
        assert!(error.contains("row 2: has no label"), "{error}");
        let error = refused("required double x;", &numbers(1.0), &|spec| {
            spec.header = Some(true)
        });
        assert!(
            error.contains("header belongs to format = \"csv\""),
            "{error}"
        );
        // A further file of other types.
        let words = |group: &mut Group<'_>| {
            column::<ByteArrayType>(group, &text(&["1.5", "2", "x", "4", "5", "6"]), None);
            label(group);
        };
        let other = file(
            &folder.path().join("o.parquet"),
            "required binary x (STRING); required int32 y;",
            Compression::SNAPPY,
            &[&words],
        );
        let error = refused("required double x;", &numbers(1.0), &|spec| {
            spec.path = OneOrMany::Many(vec![spec.path.as_slice()[0].clone(), other.clone()]);
        });
        assert!(
            error.contains("o.parquet, row 3, column 'x': 'x' is no number"),
            "{error}"
        );
    }

    #[test]
    fn what_is_no_parquet_file_is_said() {
        let folder = tempfile::tempdir().unwrap();
        for content in [&b""[..], b"PAR1", b"a,b\n1,2\n", &[0; 4000]] {
            let spec = DataSpec::new(write(&folder, "t.parquet", content), Task::Class);
            let error = load(&spec).unwrap_err().to_string();
            assert!(
                error.contains("is no Parquet file, or a damaged one"),
                "{error}"
            );
        }
    }
}
