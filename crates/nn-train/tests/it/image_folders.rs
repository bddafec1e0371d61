//! Folders of images. The files in tests/data/pictures were written by Pillow.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::load;
use nn_train::Error;
use nn_train::data::{DataSpec, Dataset, Format, InputShape, Targets, Task, TestSpec};

fn picture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data/pictures")
        .join(name)
}

/// A folder of classes: (class, name of the copy, which picture).
fn folder(files: &[(&str, &str, &str)]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for (class, name, from) in files {
        fs::create_dir_all(root.path().join(class)).unwrap();
        fs::copy(picture(from), root.path().join(class).join(name)).unwrap();
    }
    root
}

/// Half trained on, half held out, in the order of the names.
fn spec(root: &Path) -> DataSpec {
    let mut spec = DataSpec::new(root, Task::Class);
    spec.standardise = false;
    spec.split.shuffle = false;
    spec.split.train = Some(0.5);
    spec.split.validation = Some(0.5);
    spec.split.test = Some(0.0);
    spec
}

fn refused(spec: &DataSpec) -> Error {
    load(spec).unwrap_err()
}

/// Two classes of two grey pictures.
fn greys() -> tempfile::TempDir {
    folder(&[
        ("cat", "1.png", "grey.png"),
        ("cat", "2.png", "grey.png"),
        ("dog", "1.png", "grey.png"),
        ("dog", "2.png", "grey.png"),
    ])
}

const RED: [f32; 6] = [10.0, 40.0, 70.0, 100.0, 130.0, 160.0];
const GREEN: [f32; 6] = [20.0, 50.0, 80.0, 110.0, 140.0, 170.0];
const BLUE: [f32; 6] = [30.0, 60.0, 90.0, 120.0, 150.0, 255.0];
const GREY: [f32; 6] = [0.0, 50.0, 100.0, 150.0, 200.0, 255.0];

#[test]
fn pixels_come_channel_by_channel_and_classes_by_name() {
    let root = folder(&[
        ("10", "b.PNG", "palette.png"),
        ("10", "a.png", "colour.png"),
        ("9", "a.jpeg", "alpha.png"),
        ("9", "b.png", "grey.png"),
    ]);
    // What does not belong to the classes is passed over: a licence, what a file manager leaves.
    fs::write(root.path().join("LICENCE"), "CC0").unwrap();
    fs::write(root.path().join("9/.DS_Store"), "x").unwrap();
    assert_eq!(spec(root.path()).format(), Some(Format::Images));
    let data = load(&spec(root.path())).unwrap();
    assert_eq!(data.shape, InputShape::Image([3, 2, 3].into()));
    // Names even where they look like numbers, so in the order of text.
    assert_eq!(data.class_names, ["10", "9"]);
    assert_eq!(data.train.targets, Targets::Classes(vec![0, 0]));
    assert_eq!(data.validation.targets, Targets::Classes(vec![1, 1]));
    let colour = [RED, GREEN, BLUE].concat();
    assert_eq!(data.train.inputs, [colour.clone(), colour.clone()].concat());
    assert_eq!(
        data.validation.inputs,
        [colour, [GREY; 3].concat()].concat()
    );
}

#[test]
fn grey_pictures_have_one_channel_and_sixteen_bits_become_eight() {
    let root = folder(&[
        ("a", "1.png", "grey.png"),
        ("a", "2.png", "deep.png"),
        ("b", "1.png", "deep.png"),
        ("b", "2.png", "grey.png"),
    ]);
    let data = load(&spec(root.path())).unwrap();
    assert_eq!(data.shape, InputShape::Image([1, 2, 3].into()));
    assert_eq!(data.train.inputs, [GREY, GREY].concat());
    assert_eq!(data.validation.inputs, [GREY, GREY].concat());
}

#[test]
fn jpegs_are_read_and_scaled_to_the_declared_image() {
    let root = folder(&[
        ("a", "1.jpg", "halves.jpg"),
        ("a", "2.jpg", "halves.jpg"),
        ("b", "1.jpg", "halves.jpg"),
        ("b", "2.jpg", "halves.jpg"),
    ]);
    let whole = load(&spec(root.path())).unwrap();
    assert_eq!(whole.shape, InputShape::Image([3, 8, 16].into()));
    // What Pillow decodes for the first and the last pixel of a row.
    let near = |found: &[f32], expected: [f32; 6]| {
        for (x, y) in found.iter().zip(expected) {
            assert!((x - y).abs() <= 2.0, "{found:?}");
        }
    };
    let plane = |c: usize| {
        [
            whole.train.inputs[c * 128],
            whole.train.inputs[c * 128 + 15],
        ]
    };
    near(
        &[plane(0), plane(1), plane(2)].concat(),
        [200.0, 20.0, 100.0, 40.0, 50.0, 240.0],
    );

    let mut small = spec(root.path());
    small.image = Some([3, 1, 2].into());
    let data = load(&small).unwrap();
    assert_eq!(data.shape, InputShape::Image([3, 1, 2].into()));
    // The triangle reaches eight pixels to both sides of a half's middle and ends where the image does: of its weights
    // 1 − |distance|/8, six are on the half itself and one on the other.
    let mixed = |own: f32, other: f32| (6.0 * own + other) / 7.0;
    let expected = [(200.0, 20.0), (100.0, 40.0), (50.0, 240.0)];
    near(
        &data.train.inputs[..6],
        [0, 1, 2, 3, 4, 5].map(|i: usize| {
            let (left, right) = expected[i / 2];
            if i.is_multiple_of(2) {
                mixed(left, right)
            } else {
                mixed(right, left)
            }
        }),
    );
    small.image = Some([1, 8, 16].into());
    assert_eq!(load(&small).unwrap().shape.len(), 128);
}

#[test]
fn damaged_files_are_named() {
    for (name, from) in [("1.png", "colour.png"), ("1.jpg", "halves.jpg")] {
        let whole = fs::read(picture(from)).unwrap();
        // Within the header, within the pixels, and just before the end.
        for length in [12, whole.len() / 2, whole.len() - 20] {
            let root = folder(&[("a", "0.png", "colour.png"), ("b", name, from)]);
            fs::write(root.path().join("b").join(name), &whole[..length]).unwrap();
            let mut spec = spec(root.path());
            spec.image = Some([3, 2, 3].into());
            let error = refused(&spec);
            let says = error.to_string();
            assert!(says.contains(&format!("b/{name}")), "{says}");
            assert!(
                matches!(
                    error,
                    Error::Truncated { what: "image", .. } | Error::Format { .. }
                ),
                "{error:?}"
            );
        }
        let root = folder(&[("a", "0.png", "colour.png"), ("b", name, from)]);
        fs::write(root.path().join("b").join(name), "<html>404</html>").unwrap();
        let says = refused(&spec(root.path())).to_string();
        assert!(
            says.contains(name) && says.contains("no image that can be read"),
            "{says}"
        );
    }
}

#[test]
fn folders_that_are_no_classes_are_named() {
    let says = |root: &tempfile::TempDir| refused(&spec(root.path())).to_string();

    let root = tempfile::tempdir().unwrap();
    fs::copy(picture("grey.png"), root.path().join("1.png")).unwrap();
    assert!(says(&root).contains("holds no folders"));

    let root = greys();
    fs::create_dir(root.path().join("fox")).unwrap();
    let message = says(&root);
    assert!(message.contains("fox: holds no image"), "{message}");

    let root = greys();
    fs::write(root.path().join("cat/labels.csv"), "1").unwrap();
    let message = says(&root);
    assert!(
        message.contains("cat/labels.csv: is no PNG or JPEG"),
        "{message}"
    );

    let root = folder(&[("cat", "1.png", "grey.png"), ("cat", "2.png", "grey.png")]);
    let message = says(&root);
    assert!(
        message.contains("a classifier needs at least 2"),
        "{message}"
    );

    let mut spec = spec(Path::new("/nonexistent"));
    spec.format = Some(Format::Images);
    assert!(matches!(refused(&spec), Error::Io { .. }));
}

#[test]
fn pictures_must_be_alike_unless_the_image_is_declared() {
    let root = greys();
    fs::copy(picture("halves.jpg"), root.path().join("dog/2.png")).unwrap();
    let message = refused(&spec(root.path())).to_string();
    assert!(message.contains("dog/2.png: has 8×16 pixels"), "{message}");

    let root = greys();
    fs::copy(picture("colour.png"), root.path().join("dog/2.png")).unwrap();
    let message = refused(&spec(root.path())).to_string();
    assert!(message.contains("dog/2.png: is in colour"), "{message}");
    let mut declared = spec(root.path());
    declared.image = Some([3, 2, 3].into());
    let data: Dataset = load(&declared).unwrap();
    assert_eq!(data.validation.inputs[18..], [RED, GREEN, BLUE].concat());
    declared.image = Some([2, 2, 3].into());
    assert!(
        refused(&declared)
            .to_string()
            .contains("1 channel (grey) or 3")
    );
    declared.image = None;
    declared.task = Task::Reg;
    assert!(refused(&declared).to_string().contains("must be \"class\""));
}

#[test]
fn a_test_folder_has_the_main_folder_s_classes() {
    let root = greys();
    let other = folder(&[("dog", "1.png", "grey.png")]);
    let mut spec = spec(root.path());
    spec.test = Some(TestSpec {
        path: other.path().to_owned().into(),
        labels: None,
    });
    assert_eq!(load(&spec).unwrap().test.targets, Targets::Classes(vec![1]));
    fs::rename(other.path().join("dog"), other.path().join("fox")).unwrap();
    let message = refused(&spec).to_string();
    assert!(
        message.contains("fox, row 1: label 'fox' is no class: classes are cat, dog"),
        "{message}"
    );
}
