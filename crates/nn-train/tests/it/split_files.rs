//! Splits that are written to files and read again.

use std::fs;
use std::path::Path;

use nn_train::data::{self, Column, DataSpec, Dataset, SplitSpec, Task, TestSpec};

use crate::image_folders::folder;
use crate::support::{digits, load, write};

/// The data set as its specification divides it, and as the file does that is written of it.
fn both(spec: &DataSpec) -> (Dataset, Dataset) {
    let folder = tempfile::tempdir().unwrap();
    let file = write(&folder, "split.csv", data::split(spec).unwrap());
    let again = DataSpec {
        split: SplitSpec {
            file: Some(file),
            ..SplitSpec::default()
        },
        ..spec.clone()
    };
    (load(spec).unwrap(), load(&again).unwrap())
}

fn are_alike((one, other): (Dataset, Dataset)) {
    // Parts, their order, and all that follows from them.
    assert_eq!(one.train, other.train);
    assert_eq!(one.validation, other.validation);
    assert_eq!(one.test, other.test);
    assert_eq!(one.preparation, other.preparation);
    assert!(one.dealing.is_free && !other.dealing.is_free);
}

/// Twenty rows of two columns, one of which is the row's number.
fn rows(folder: &tempfile::TempDir) -> DataSpec {
    let text: String = (0..20).map(|i| format!("{i},{}\n", i * i % 7)).collect();
    let mut spec = DataSpec::new(write(folder, "t.csv", format!("x,y\n{text}")), Task::Reg);
    spec.standardise = false;
    spec
}

#[test]
fn a_split_that_is_written_and_read_again_is_the_same() {
    are_alike(both(&digits()));
    let root = tempfile::tempdir().unwrap();
    let mut small = rows(&root);
    small.split.seed = 9;
    small.split.train = Some(0.5);
    small.split.test = Some(0.1);
    are_alike(both(&small));
    // Arrays: ten pictures of one pixel, the last sides of the header first.
    let header = |kind: u8, sizes: &[u32]| {
        let sizes = sizes.iter().flat_map(|size| size.to_be_bytes());
        [0, 0, 8, kind]
            .into_iter()
            .chain(sizes)
            .collect::<Vec<u8>>()
    };
    let images = [header(3, &[10, 1, 1]), (0..10).collect()].concat();
    let labels = [header(1, &[10]), (0..10).map(|i| i % 2).collect()].concat();
    let mut spec = DataSpec::new(write(&root, "a-ubyte", images), Task::Class);
    spec.labels = Some(write(&root, "b-ubyte", labels));
    are_alike(both(&spec));
    // Pictures are known by their paths.
    let classes = ["cat", "dog"];
    let names: Vec<String> = (0..8).map(|i| format!("{i}, {}.png", i * 3)).collect();
    let copies = classes.iter().flat_map(|class| {
        let from = if *class == "cat" {
            "grey.png"
        } else {
            "ink.png"
        };
        names.iter().map(move |name| (*class, name.as_str(), from))
    });
    let pictures = folder(&copies.collect::<Vec<_>>());
    let mut spec = DataSpec::new(pictures.path(), Task::Class);
    spec.image = Some([1, 2, 3].into());
    let text = data::split(&spec).unwrap();
    assert!(
        text.starts_with("file,part\n") && text.contains("\"cat/3, 9.png\","),
        "{text}"
    );
    are_alike(both(&spec));
}

#[test]
fn a_seed_deals_the_same_on_every_machine() {
    // Fixed for all time: it follows from the seed and the number of rows alone.
    let root = tempfile::tempdir().unwrap();
    let text = data::split(&rows(&root)).unwrap();
    let of = |part: &str| -> Vec<u32> {
        let lines = text.lines().filter_map(|line| line.strip_suffix(part));
        lines.map(|row| row.parse().unwrap()).collect()
    };
    assert_eq!(text.lines().next(), Some("row,part"));
    assert_eq!(of(",train"), [4, 12, 0, 18, 19, 13, 8, 16, 15, 11, 10, 3]);
    assert_eq!(of(",validation"), [14, 6, 7, 2]);
    assert_eq!(of(",test"), [9, 5, 1, 17]);
}

#[test]
fn rows_are_in_the_part_that_the_file_says() {
    let root = tempfile::tempdir().unwrap();
    let mut spec = rows(&root);
    let part = |i: usize| ["none", "Train", "val", "test", "training"][i % 5];
    // In any order, with further columns.
    let lines: String = (0..20)
        .rev()
        .map(|i| format!("{},a,{i}\n", part(i)))
        .collect();
    spec.split.file = Some(write(&root, "s.csv", format!("part,note,row\n{lines}")));
    let data = load(&spec).unwrap();
    let of =
        |part: &data::Examples| -> Vec<u32> { part.inputs().iter().map(|x| *x as u32).collect() };
    assert_eq!(of(&data.train), [19, 16, 14, 11, 9, 6, 4, 1]);
    assert_eq!(of(&data.validation), [17, 12, 7, 2]);
    assert_eq!(of(&data.test), [18, 13, 8, 3]);
    // What is left out stays left out where it is written again.
    let again = data::split(&spec).unwrap();
    assert_eq!(
        again.lines().filter(|line| line.ends_with(",none")).count(),
        4
    );
    // A column says the same of a row.
    let table: String = (0..20)
        .map(|i| format!("{i},{},{}\n", part(i), i % 3))
        .collect();
    let mut column = DataSpec::new(write(&root, "c.csv", format!("x,p,y\n{table}")), Task::Reg);
    column.standardise = false;
    column.split.part = Some(Column::Name("p".into()));
    assert_eq!(
        of(&load(&column).unwrap().train),
        [1, 4, 6, 9, 11, 14, 16, 19]
    );
}

#[test]
fn what_is_wrong_with_a_split_file_is_said_with_its_line() {
    let root = tempfile::tempdir().unwrap();
    let spec = rows(&root);
    let good = data::split(&spec).unwrap();
    let refused = |text: &str, spec: &DataSpec| {
        let file = write(&root, "s.csv", text);
        let split = SplitSpec {
            file: Some(file),
            ..spec.split.clone()
        };
        let error = load(&DataSpec {
            split,
            ..spec.clone()
        })
        .unwrap_err()
        .to_string();
        assert!(
            error.contains("s.csv") || error.contains("split"),
            "{error}"
        );
        error
    };
    let line = good.lines().nth(4).unwrap();
    let row = line.split(',').next().unwrap();
    for (text, expected) in [
        (
            good.replace(line, "20,train"),
            "line 5: there is no row '20'",
        ),
        (
            good.replace(line, &format!("{row},tests")),
            "line 5: the part is 'tests'",
        ),
        (good.clone() + line + "\n", "stands on line 5 already"),
        (
            good.replace(&format!("{line}\n"), ""),
            "says nothing of 1 of 20 examples, the first of which is row",
        ),
        (good.replace("row,", "index,"), "has no column 'row'"),
        (
            good.replace("validation", "test"),
            "leaves nothing to training or validation",
        ),
        (String::new(), "has no column 'row'"),
        (good.clone() + "3\n", "is no table of a split"),
    ] {
        let error = refused(&text, &spec);
        assert!(error.contains(expected), "{expected}\n{error}");
    }
    // All problems are told at once.
    let two = good.replace(line, "x,train") + "y,train\n";
    let error = refused(&two, &spec);
    assert!(error.contains("'x'") && error.contains("'y'"), "{error}");
    // A test part twice, and what else says how to divide.
    let mut tested = spec.clone();
    tested.test = Some(TestSpec {
        path: spec.path.clone(),
        labels: None,
    });
    assert!(refused(&good, &tested).contains("have a file of their own"));
    let mut shared = spec.clone();
    shared.split.train = Some(0.5);
    assert!(refused(&good, &shared).contains("goes by a file"));
    shared.split.train = None;
    shared.split.group = Some(Column::Name("x".into()));
    assert!(refused(&good, &shared).contains("one column or a file only"));
    // Pictures have names, not numbers.
    let pictures = folder(&[
        ("a", "1.png", "grey.png"),
        ("a", "2.png", "grey.png"),
        ("b", "1.png", "grey.png"),
    ]);
    let spec = DataSpec::new(pictures.path(), Task::Class);
    assert!(refused("row,part\n0,train\n", &spec).contains("has no column 'file'"));
    let error = refused(
        "file,part\na/1.png,train\na\\2.png,train\na/3.png,test\nb/1.png,val\n",
        &spec,
    );
    assert!(
        error.contains("line 4: there is no picture 'a/3.png'"),
        "{error}"
    );
}

#[test]
fn paths_of_split_files_are_relative_to_the_description() {
    let mut spec = DataSpec::new("t.csv", Task::Reg);
    spec.split.file = Some("s.csv".into());
    spec.resolve(Path::new("/here"));
    assert_eq!(spec.split.file.as_deref(), Some(Path::new("/here/s.csv")));
    assert!(spec.files().any(|file| file == Path::new("/here/s.csv")));
    assert!(!fs::exists("/here/s.csv").unwrap());
}
