//! CSV files: what is read from them and what is refused, with file and row.

use nn_train::Error;
use nn_train::data::{Column, DataSpec, InputShape, Targets, Task, TestSpec, Transform};

use crate::support::{digits, gzip, load, write};

/// Everything in the training part, nothing shuffled or scaled, so that the numbers can be compared.
fn plain(path: std::path::PathBuf, task: Task) -> DataSpec {
    let mut spec = DataSpec::new(path, task);
    spec.standardise = false;
    spec.split.shuffle = false;
    spec.split.train = Some(0.5);
    spec.split.validation = Some(0.25);
    spec.split.test = Some(0.25);
    spec
}

fn load_text(
    text: &str,
    change: impl FnOnce(&mut DataSpec),
) -> Result<nn_train::data::Dataset, Error> {
    let folder = tempfile::tempdir().unwrap();
    let mut spec = plain(write(&folder, "table.csv", text), Task::Class);
    change(&mut spec);
    load(&spec)
}

#[test]
fn cells_labels_and_order_are_the_file_s() {
    let data = load_text("1,2,0\n3,4,1\n5,6,0\n7,8,1\n", |_| {}).unwrap();
    assert_eq!(data.shape, InputShape::Features(2));
    assert_eq!(data.classes, Some(2));
    assert_eq!(data.train.inputs(), [1.0, 2.0, 3.0, 4.0]);
    assert_eq!(data.train.targets, Targets::Classes(vec![0, 1]));
    assert_eq!(data.validation.inputs(), [5.0, 6.0]);
    assert_eq!(data.test.targets, Targets::Classes(vec![1]));
}

#[test]
fn a_header_is_recognised_and_columns_go_by_name_or_number() {
    let text = "id,y,a,b\n9,0,1,2\n9,1,3,4\n9,0,5,6\n9,1,7,8\n";
    let by_name = load_text(text, |spec| {
        spec.label = Column::Name("y".into());
        spec.ignore = vec![Column::Name("id".into())];
    });
    let by_number = load_text(text, |spec| {
        spec.label = Column::Number(-3);
        spec.ignore = vec![Column::Number(0)];
    });
    let data = by_name.unwrap();
    assert_eq!(data.train.inputs(), [1.0, 2.0, 3.0, 4.0]);
    assert_eq!(data, by_number.unwrap());
}

#[test]
fn labels_that_are_words_become_classes_in_alphabetical_order() {
    let data = load_text("1,cat\n2,ant\n3,cat\n4,bee\n", |_| {}).unwrap();
    assert_eq!(data.class_names(), ["ant", "bee", "cat"]);
    assert_eq!(data.train.targets, Targets::Classes(vec![2, 0]));
}

#[test]
fn compressed_files_are_unpacked_whatever_their_name() {
    let folder = tempfile::tempdir().unwrap();
    let text = "1,2,0\n3,4,1\n5,6,0\n7,8,1\n";
    let plain_file = load(&plain(write(&folder, "a.csv", text), Task::Class)).unwrap();
    let packed = load(&plain(write(&folder, "b.csv", gzip(text)), Task::Class)).unwrap();
    assert_eq!(plain_file, packed);
}

#[test]
fn targets_are_transformed() {
    let text = "0,1\n0,2.5\n0,10\n0,3\n";
    let data = load_text(text, |spec| {
        spec.task = Task::Reg;
        spec.transform = Some(Transform::Log);
    });
    assert_eq!(
        data.unwrap().train.targets,
        Targets::Values(vec![0.0, 2.5_f32.ln()])
    );
}

#[test]
fn targets_that_are_no_numbers_of_their_scale_are_named() {
    for (target, transform, problem) in [
        ("0", Some(Transform::Log), "has no logarithm"),
        ("-2", Some(Transform::Log1p), "has no logarithm"),
        ("x", None, "is no finite number"),
        ("nan", Some(Transform::Log), "is no finite number"),
        ("-1e50", None, "is too large"),
    ] {
        let text = format!("0,1\n0,{target}\n0,10\n0,3\n");
        let error = load_text(&text, |spec| {
            spec.task = Task::Reg;
            spec.transform = transform;
        })
        .unwrap_err();
        assert!(matches!(error, Error::Target { row: 2, .. }), "{error:?}");
        let expected = format!("table.csv, row 2: target '{target}' {problem}");
        assert!(error.to_string().contains(&expected), "{error}");
    }
}

#[test]
fn a_ragged_row_is_named() {
    let error = load_text("1,2,0\n3,4,1\n5,0\n7,8,1\n", |_| {}).unwrap_err();
    assert!(
        matches!(
            error,
            Error::Ragged {
                row: 3,
                found: 2,
                expected: 3,
                ..
            }
        ),
        "{error:?}"
    );
    assert!(
        error
            .to_string()
            .contains("table.csv, row 3: has 2 columns"),
        "{error}"
    );
}

#[test]
fn numbers_beyond_32_bits_are_named() {
    for cell in ["inf", "1e999", "-1e39"] {
        let text = format!("1,2,0\n3,4,1\n5,{cell},0\n7,8,1\n");
        let error = load_text(&text, |_| {}).unwrap_err().to_string();
        let expected = format!("table.csv, row 3, column '1': {cell} is beyond the range");
        assert!(error.contains(&expected), "{error}");
    }
}

#[test]
fn labels_that_are_no_classes_are_named() {
    for (label, classes, problem) in [
        ("0.5", None, "classes are words or whole numbers"),
        ("nan", None, "it is a gap"),
        (
            "2",
            Some(2),
            "row 4: label '2' is no class: classes are 0, 1",
        ),
        ("", None, "table.csv, row 4: has no label"),
    ] {
        let text = format!("1,0\n2,1\n3,0\n4,{label}\n");
        let error = load_text(&text, |spec| spec.classes = classes).unwrap_err();
        assert!(error.to_string().contains(problem), "{label}: {error}");
    }
    // Among many numbers, a word is an error of writing.
    let rows: String = (0..30).map(|i| format!("{i},{}\n", i % 3)).collect();
    let error = load_text(&(rows + "30,O\n"), |_| {})
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("table.csv, row 31: label 'O' is no class: the others are whole numbers"),
        "{error}"
    );
    // As many classes as half of the rows are none.
    let rows: String = (0..60).map(|i| format!("{i},{}\n", 100 + i)).collect();
    let error = load_text(&rows, |_| {}).unwrap_err().to_string();
    assert!(error.contains("number 60 among 60 labels"), "{error}");
}

#[test]
fn any_labels_become_classes() {
    for (labels, names) in [
        ("1 2 3 1 2 3", &["1", "2", "3"][..]),
        ("-1 1 1 -1 1 -1", &["-1", "1"]),
        ("0.0 10 2 2.0 10.0 0", &["0", "2", "10"]),
        ("yes no no yes no yes", &["no", "yes"]),
        ("1 x 2 1 x 2", &["1", "2", "x"]),
    ] {
        let rows: String = (labels.split(' ').enumerate())
            .map(|(i, label)| format!("{i},{label}\n"))
            .collect();
        let data = load_text(&rows, |_| {}).unwrap();
        assert_eq!(data.class_names(), names, "{labels}");
        assert_eq!(data.classes, Some(names.len() as u32));
    }
}

#[test]
fn classes_that_never_occur_may_be_declared() {
    let text = "1,0\n2,1\n3,3\n4,0\n";
    assert_eq!(
        load_text(text, |_| {}).unwrap().class_names(),
        ["0", "1", "3"]
    );
    let declared = load_text(text, |spec| spec.classes = Some(4)).unwrap();
    assert_eq!(declared.class_names(), ["0", "1", "2", "3"]);
    assert_eq!(declared.train.targets, Targets::Classes(vec![0, 1]));
}

#[test]
fn columns_that_do_not_exist_are_named() {
    let error = load_text("a,b\n1,0\n2,1\n", |spec| {
        spec.label = Column::Name("c".into())
    })
    .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("no column 'c': there are 2: a, b"),
        "{error}"
    );
    for number in [2, -3] {
        let error = load_text("1,0\n2,1\n", |spec| spec.label = Column::Number(number));
        assert!(
            matches!(error, Err(Error::NoColumn { columns: 2, .. })),
            "{error:?}"
        );
    }
}

#[test]
fn a_compressed_file_that_breaks_off_is_truncated() {
    let folder = tempfile::tempdir().unwrap();
    let rows: String = (0..2000)
        .map(|i| format!("{},{}\n", i * 7919 % 1000, i % 2))
        .collect();
    let packed = gzip(rows);
    let path = write(&folder, "half.csv.gz", &packed[..packed.len() / 2]);
    let error = load(&plain(path, Task::Class)).unwrap_err();
    assert!(
        matches!(error, Error::Truncated { what: "row", .. }),
        "{error:?}"
    );
}

#[test]
fn files_that_do_not_exist_or_are_empty_are_named() {
    let error = load(&DataSpec::new("nowhere/table.csv", Task::Class)).unwrap_err();
    assert!(
        error.to_string().starts_with("nowhere/table.csv: "),
        "{error}"
    );
    let error = load_text("", |_| {}).unwrap_err();
    assert!(error.to_string().contains("holds no example"), "{error}");
}

#[test]
fn images_must_have_the_declared_size() {
    let error = load_text("1,2,3,0\n1,2,3,1\n1,2,3,0\n4,5,6,1\n", |spec| {
        spec.image = Some([1, 2, 2].into())
    });
    assert!(
        error
            .unwrap_err()
            .to_string()
            .contains("needs 4 numbers an example (1 × 2 × 2), the file has 3")
    );
}

#[test]
fn a_test_file_has_the_main_file_s_classes() {
    let folder = tempfile::tempdir().unwrap();
    let mut spec = plain(
        write(&folder, "main.csv", "1,cat\n2,ant\n3,cat\n4,bee\n"),
        Task::Class,
    );
    spec.split.test = None;
    let mut with = |text: &str| {
        let path = write(&folder, "test.csv", text).into();
        spec.test = Some(TestSpec { path, labels: None });
        load(&spec)
    };
    assert_eq!(
        with("5,bee\n6,bee\n").unwrap().test.targets,
        Targets::Classes(vec![1, 1])
    );
    let error = with("5,bee\n6,dog\n").unwrap_err();
    assert!(
        error
            .to_string()
            .contains("test.csv, row 2: label 'dog' is no class: classes are ant, bee, cat"),
        "{error}"
    );
    let error = with("5,1,bee\n").unwrap_err();
    assert!(
        error
            .to_string()
            .contains("has 3 columns, the main file has 2"),
        "{error}"
    );
}

#[test]
fn the_digits_are_complete() {
    let data = load(&digits()).unwrap();
    assert_eq!(
        data.train.len() + data.validation.len() + data.test.len(),
        1797
    );
    assert_eq!(data.classes, Some(10));
}

#[test]
fn a_quotation_mark_that_is_not_closed_is_named_with_its_row() {
    let with = |label: &str, others: &str| {
        load_text(
            &format!("1,2,a\n3,4,b\n5,6,{label}\n7,8,{others}\n9,10,a\n"),
            |_| {},
        )
    };
    assert_eq!(with("\"a\"", "\"b\"").unwrap().classes, Some(2));
    // Within a cell that does not begin with one, it is a letter.
    assert_eq!(with("a\"", "b").unwrap().class_names(), ["a", "a\"", "b"]);
    // All that follows is one cell.
    let error = with("\"a", "b").unwrap_err().to_string();
    assert!(
        error.contains("row 3: has a quotation mark that is not closed"),
        "{error}"
    );
    // The next mark closes it, and rows are lost between them.
    let error = with("\"a", "\"b\"").unwrap_err().to_string();
    assert!(
        error.contains("row 3: the label") && error.contains("several lines"),
        "{error}"
    );
}

#[test]
fn zero_bytes_are_found_wherever_they_are() {
    // The first 64 KiB are looked at before the others.
    let rows = |n: usize| (0..n).map(|i| format!("{i},{},{}\n", i * 7 % 10, ["a", "b"][i % 2]));
    for (n, bad) in [(20, 15), (20_000, 19_000)] {
        let text: String = rows(n).collect();
        assert_eq!(load_text(&text, |_| {}).unwrap().classes, Some(2));
        for zero in ["\0", "\0\n", "a\0", "a\n\0\n"] {
            let mut lines: Vec<String> = rows(n).collect();
            lines[bad] = lines[bad].replace(['a', 'b'], zero);
            let error = load_text(&lines.concat(), |_| {}).unwrap_err().to_string();
            assert!(error.contains("zero byte"), "{n} {zero:?}: {error}");
        }
        let mut lines: Vec<String> = rows(n).collect();
        lines.insert(bad, "\0\n".into());
        let error = load_text(&lines.concat(), |_| {}).unwrap_err().to_string();
        assert!(error.contains("zero byte"), "{n}: {error}");
    }
}

#[test]
fn lines_may_end_with_either_character_also_those_of_comments() {
    // More than is looked at beforehand.
    let mut text = "# made by a program\n#\n\na,b,label\n".to_owned();
    (0..20_000).for_each(|i| text += &format!("{i},{},{}\n", i * 7 % 10, ["x", "y"][i % 2]));
    let expected = load_text(&text, |_| {}).unwrap();
    for end in ["\n", "\r", "\r\n"] {
        let data = load_text(&text.replace('\n', end), |_| {}).unwrap();
        assert_eq!(data, expected, "{end:?}");
        let cut = text.replace("\n7,9,y\n", "\n7,y\n").replace('\n', end);
        let error = load_text(&cut, |_| {}).unwrap_err().to_string();
        // Comments, a header and seven rows before.
        assert!(
            end == "\r" || error.contains("row 12: has 2 columns"),
            "{error}"
        );
    }
}
