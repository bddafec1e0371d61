//! Tables as people have them: words, gaps, dates, separators, encodings, further files.

use nn_train::Error;
use nn_train::data::{
    CellEncoding, Column, DataSpec, Dataset, Encoding, Input, InputShape, PreparedColumn, Targets,
    Task, TestSpec,
};

use crate::support::{load, write};

/// All rows in order: the first half trained on, then a quarter each.
fn read(text: impl AsRef<[u8]>, change: impl FnOnce(&mut DataSpec)) -> Result<Dataset, Error> {
    let folder = tempfile::tempdir().unwrap();
    let mut spec = DataSpec::new(write(&folder, "table.csv", text), Task::Class);
    spec.split.shuffle = false;
    spec.split.train = Some(0.5);
    spec.split.validation = Some(0.25);
    spec.split.test = Some(0.25);
    change(&mut spec);
    load(&spec)
}

fn columns(data: &Dataset) -> &[PreparedColumn] {
    match &data.preparation.input {
        Input::Table { columns, .. } => columns,
        other => panic!("a table, not {other:?}"),
    }
}

fn raw(spec: &mut DataSpec) {
    spec.standardise = false;
}

#[test]
fn separators_are_told_from_the_file() {
    for text in [
        "a;b;y\n1,5;2;0\n3;4,25;1\n5;6;0\n7;8;1\n",
        "a\tb\ty\n1.5\t2\t0\n3\t4.25\t1\n5\t6\t0\n7\t8\t1\n",
        "a|b|y\r1.5|2|0\r3|4.25|1\r5|6|0\r7|8|1\r",
        "\u{feff}a,b,y\r\n1.5,2,0\r\n3,4.25,1\r\n5,6,0\r\n7,8,1\r\n",
        "# made by a tool\n\n# a,b\na,b,y\n1.5,2,0\n3,4.25,1\n5,6,0\n# within\n7,8,1\n",
        "# a, b, y\n1.5,2,0\n3,4.25,1\n5,6,0\n7,8,1\n",
    ] {
        let data = read(text, raw).unwrap();
        assert_eq!(data.train.inputs(), [1.5, 2.0, 3.0, 4.25], "{text}");
        let names: Vec<_> = columns(&data).iter().map(|column| &column.name).collect();
        assert_eq!(names, ["a", "b"], "{text}");
    }
    let error = read("a b y\n1 2 0\n3 4 1\n", raw).unwrap_err().to_string();
    assert!(
        error.contains("has a single column") && error.contains("separator"),
        "{error}"
    );
    let data = read("1~2~0\n3~4~1\n5~6~0\n7~8~1\n", |spec| {
        raw(spec);
        spec.separator = Some('~');
    });
    assert_eq!(data.unwrap().train.inputs(), [1.0, 2.0, 3.0, 4.0]);
}

#[test]
fn a_header_of_numbers_is_told_from_the_rows() {
    let years = read("2019,2020,y\n-3.0,0,0\n-2.0,5,0\n1,2,1\n3,4,1\n", raw).unwrap();
    assert_eq!(columns(&years)[1].name, "2020");
    assert_eq!(years.train.inputs(), [-3.0, 0.0, -2.0, 5.0]);
    // As data frames write it that were made of arrays; said, and undone by a key.
    let text = "0,1,2\n-3,0,0\n-2,5,0\n1,2,1\n3,4,1\n";
    let counted = read(text, raw).unwrap();
    assert_eq!(counted.train.inputs(), [-3.0, 0.0, -2.0, 5.0]);
    assert!(
        counted.notes[0].contains("header = false"),
        "{:?}",
        counted.notes
    );
    let data = read(text, |spec| {
        raw(spec);
        spec.header = Some(false);
    });
    assert_eq!(data.unwrap().train.inputs()[..4], [0.0, 1.0, -3.0, 0.0]);
}

#[test]
fn encodings_are_recognised_or_named() {
    let text = "größe,b,y\n1,2,ja\n3,4,né\n5,6,ja\n7,8,né\n";
    let expected = read(text, raw).unwrap();
    assert_eq!(expected.class_names(), ["ja", "né"]);
    for bytes in [
        [
            &[0xff, 0xfe][..],
            &text
                .encode_utf16()
                .flat_map(u16::to_le_bytes)
                .collect::<Vec<_>>(),
        ]
        .concat(),
        [
            &[0xfe, 0xff][..],
            &text
                .encode_utf16()
                .flat_map(u16::to_be_bytes)
                .collect::<Vec<_>>(),
        ]
        .concat(),
    ] {
        assert_eq!(read(bytes, raw).unwrap(), expected);
    }
    let latin: Vec<u8> = text.chars().map(|c| c as u8).collect();
    let error = read(&latin, raw).unwrap_err().to_string();
    assert!(
        error.contains("row 1") && error.contains("latin-1"),
        "{error}"
    );
    let data = read(&latin, |spec| {
        raw(spec);
        spec.encoding = Some(Encoding::Latin1);
    });
    assert_eq!(data.unwrap(), expected);
}

#[test]
fn words_gaps_booleans_and_dates_become_inputs() {
    let mut text = String::from("size,town,open,since,y\n");
    for i in 0..40 {
        let town = ["Aarau", "\"Bern,\nold\"", "Aarau", ""][i % 4];
        let size = if i % 5 == 0 {
            "NA".to_owned()
        } else {
            i.to_string()
        };
        let open = if i % 2 == 0 { "true" } else { "no" };
        text += &format!(
            "{size},{town},{open},2024-01-{:02},{}\n",
            1 + i % 20,
            i % 3 / 2
        );
    }
    let data = read(&text, |_| {}).unwrap();
    let encodings: Vec<_> = columns(&data)
        .iter()
        .map(|column| &column.encoding)
        .collect();
    // size: a number and its gaps; town: two words and gaps; open and since: a number each.
    assert_eq!(data.shape, InputShape::Features(2 + 3 + 1 + 1));
    assert!(matches!(
        encodings[0],
        CellEncoding::Number {
            marks_gaps: true,
            ..
        }
    ));
    let CellEncoding::Words {
        words,
        marks_others,
        marks_gaps,
    } = encodings[1]
    else {
        panic!("{encodings:?}");
    };
    assert_eq!(words, &["Aarau", "Bern,\nold"]);
    assert_eq!((*marks_others, *marks_gaps), (false, true));
    let inputs = data.train.inputs();
    let rows: Vec<&[f32]> = inputs.chunks_exact(7).collect();
    // The first row: a gap, which is the mean and is marked; Aarau.
    assert_eq!(rows[0][..5], [0.0, 1.0, 1.0, 0.0, 0.0]);
    assert_eq!(rows[1][2..5], [0.0, 1.0, 0.0]);
    assert_eq!(rows[3][2..5], [0.0, 0.0, 1.0]);
    // By hand: 16 sizes of 1, 2, 3, 4, 6, …, 19 in the training part.
    let sizes: Vec<f64> = (0..20).filter(|i| i % 5 != 0).map(f64::from).collect();
    let mean = sizes.iter().sum::<f64>() / 16.0;
    let std = (sizes.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 16.0).sqrt();
    assert!((f64::from(rows[1][0]) - (1.0 - mean) / std).abs() < 1e-6);
    // Days 1 to 20, equally often: the deviation of 0, …, 19.
    let step = f64::from(rows[1][6] - rows[0][6]);
    assert!(
        (step - 1.0 / (399.0_f64 / 12.0).sqrt()).abs() < 1e-6,
        "{step}"
    );
}

#[test]
fn rare_and_unseen_words_share_an_input() {
    let mut text = String::from("a,b\n");
    for i in 0..400 {
        let word = match i {
            7 => "once",
            310 => "unseen",
            _ => ["x", "y"][i % 2],
        };
        text += &format!("{word},{}\n", i % 2);
    }
    let data = read(&text, |_| {}).unwrap();
    assert_eq!(data.shape, InputShape::Features(3));
    assert_eq!(data.train.inputs()[7 * 3..8 * 3], [0.0, 0.0, 1.0]);
    assert_eq!(data.test.inputs()[10 * 3..11 * 3], [0.0, 0.0, 1.0]);
}

#[test]
fn columns_of_no_use_are_left_out_and_said() {
    let mut text = String::from(",name,flat,empty,x,y\n");
    for i in 0..40 {
        text += &format!("{i},Mr {i},7,,{},{}\n", i * i % 11, i % 2);
    }
    let data = read(&text, |_| {}).unwrap();
    let left_out: Vec<String> = (data.preparation.left_out().iter())
        .map(|column| format!("{}: {}", column.name, column.reason))
        .collect();
    assert_eq!(
        left_out,
        [
            ": numbers the rows and has no name",
            "name: is text of 20 different words in 20 rows",
            "flat: is constant in the training part",
            "empty: has gaps only",
        ]
    );
    assert_eq!(data.shape, InputShape::Features(1));
}

#[test]
fn all_problems_are_told_at_once_with_row_and_column() {
    let mut text = String::from("a,b,y\n");
    for i in 0..40 {
        text += &match i {
            5 => "1,2\n".to_owned(),
            6 => "1,2,\n".to_owned(),
            8 => "1e40,2,0\n".to_owned(),
            _ => format!("{i},{i},{}\n", i % 2),
        };
    }
    let error = read(&text, |_| {}).unwrap_err().to_string();
    let lines: Vec<&str> = error.lines().collect();
    assert_eq!(lines.len(), 3, "{error}");
    assert!(lines[0].contains("row 7: has 2 columns"), "{error}");
    assert!(lines[1].contains("row 8: has no label"), "{error}");
    assert!(
        lines[2].contains("row 10, column 'a': 1e40 is beyond"),
        "{error}"
    );
    // A word among numbers is an error of writing, unless it is declared a gap or the column one of words.
    let text: String = (0..40)
        .map(|i| {
            format!(
                "{},{}\n",
                if i == 3 { "1O".into() } else { i.to_string() },
                i % 2
            )
        })
        .collect();
    let error = read(&text, |_| {}).unwrap_err().to_string();
    assert!(
        error.contains("row 4, column '0': '1O' is no number"),
        "{error}"
    );
    let data = read(&text, |spec| spec.gaps = Some(vec!["1O".into()])).unwrap();
    assert_eq!(data.shape, InputShape::Features(2));
}

#[test]
fn post_codes_can_be_declared_categories() {
    let text: String = (0..40)
        .map(|i| format!("{},{}\n", 8000 + i % 3, i % 2))
        .collect();
    let data = read(&text, |spec| spec.categories = vec![Column::Number(0)]).unwrap();
    assert_eq!(data.shape, InputShape::Features(3));
    assert_eq!(data.train.inputs()[..3].iter().sum::<f32>() as i32, 1);
}

#[test]
fn numbers_of_any_size_are_standardised() {
    // Values 0 to 3 in three units: the same after standardisation.
    let table = |value: &dyn Fn(i64) -> String| -> String {
        (0..40)
            .map(|i| format!("{},{}\n", value(i * 7 % 4), i % 2))
            .collect()
    };
    let plain = read(table(&|x| x.to_string()), |_| {})
        .unwrap()
        .train
        .inputs();
    for text in [
        table(&|x| format!("{x}e-13")),
        table(&|x| (1_699_999_400 + 7 * x).to_string()),
        table(&|x| format!("{x}e30")),
        table(&|x| (20_230_101 + x).to_string()),
    ] {
        let scaled = read(&text, |_| {}).unwrap().train.inputs();
        for (x, y) in plain.iter().zip(&scaled) {
            assert!((x - y).abs() < 1e-6, "{x} {y}");
        }
    }
}

#[test]
fn columns_of_further_files_are_found_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let mut spec = DataSpec::new(
        write(&folder, "one.csv", "a,b,y\n1,2,0\n3,4,1\n5,6,0\n7,8,1\n"),
        Task::Class,
    );
    spec.standardise = false;
    let mut with = |text: &str| {
        let path = write(&folder, "two.csv", text).into();
        spec.test = Some(TestSpec { path, labels: None });
        load(&spec)
    };
    let data = with("y,b,a\n1,20,10\n").unwrap();
    assert_eq!(data.test.inputs(), [10.0, 20.0]);
    assert_eq!(data.test.targets, Targets::Classes(vec![1]));
    for (text, problem) in [
        ("p,b,y\n1,2,0\n", "no column 'a', which the main file has"),
        (
            "a,b,c,y\n1,2,3,0\n",
            "a column 'c', which the main file has not",
        ),
        ("a,b,b,y\n1,2,3,0\n", "two columns of the name 'b'"),
        ("a,b,y\n1,x,0\n", "row 2, column 'b': 'x' is no number"),
    ] {
        let error = with(text).unwrap_err().to_string();
        assert!(error.contains(problem), "{text}: {error}");
    }
    let error = read("a,y,y\n1,2,0\n3,4,1\n5,6,0\n", |_| {})
        .unwrap_err()
        .to_string();
    assert!(error.contains("two columns of the name 'y'"), "{error}");
}

#[test]
fn a_column_that_numbers_the_rows_is_said_and_used() {
    let order = [3, 7, 1, 0, 9, 5, 2, 8, 6, 4];
    let rows = order.map(|id| format!("{},{},{}\n", id + 100, id % 4, id % 2));
    let data = read(format!("id,x,y\n{}", rows.concat()), raw).unwrap();
    assert_eq!(columns(&data).len(), 2);
    let [note] = data.notes.as_slice() else {
        panic!("{:?}", data.notes);
    };
    assert!(note.starts_with("column 'id' numbers the rows"), "{note}");
}
