//! Folders of images. The files in tests/data/pictures were written by Pillow.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::load;
use nn_train::Error;
use nn_train::data::{DataSpec, Dataset, Format, InputShape, Targets, Task, TestSpec};

pub(crate) fn picture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data/pictures")
        .join(name)
}

/// A folder of classes: (class, name of the copy, which picture).
pub(crate) fn folder(files: &[(&str, &str, &str)]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for (class, name, from) in files {
        fs::create_dir_all(root.path().join(class)).unwrap();
        fs::copy(picture(from), root.path().join(class).join(name)).unwrap();
    }
    root
}

/// Half trained on, half held out, in the order of the names.
pub(crate) fn spec(root: &Path) -> DataSpec {
    let mut spec = DataSpec::new(root, Task::Class);
    spec.standardise = false;
    spec.split.shuffle = false;
    spec.split.train = Some(0.5);
    spec.split.validation = Some(0.5);
    spec.split.test = Some(0.0);
    spec
}

pub(crate) fn refused(spec: &DataSpec) -> Error {
    load(spec).unwrap_err()
}

/// Two classes of two grey pictures.
pub(crate) fn greys() -> tempfile::TempDir {
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
    assert_eq!(data.class_names(), ["10", "9"]);
    assert_eq!(data.train.targets, Targets::Classes(vec![0, 0]));
    assert_eq!(data.validation.targets, Targets::Classes(vec![1, 1]));
    let colour = [RED, GREEN, BLUE].concat();
    assert_eq!(data.train.inputs(), [colour.clone(), colour].concat());
    // The half transparent one on white, as Pillow's alpha_composite has it.
    let on_white = [
        [132, 147, 162, 177, 192, 207],
        [137, 152, 167, 182, 197, 212],
        [142, 157, 172, 187, 202, 255],
    ]
    .concat();
    assert_eq!(
        data.validation.inputs()[..18],
        on_white.iter().map(|&x| x as f32).collect::<Vec<_>>()
    );
    assert_eq!(data.validation.inputs()[18..], [GREY; 3].concat());
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
    assert_eq!(data.train.inputs(), [GREY, GREY].concat());
    assert_eq!(data.validation.inputs(), [GREY, GREY].concat());
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
            whole.train.inputs()[c * 128],
            whole.train.inputs()[c * 128 + 15],
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
        &data.train.inputs()[..6],
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
    assert_eq!(data.validation.inputs()[18..], [RED, GREEN, BLUE].concat());
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

/// The shape and the inputs of one picture, which a folder holds four times.
fn inputs(name: &str) -> (InputShape, Vec<f32>) {
    let files = ["a", "b"].map(|class| [(class, "1.png", name), (class, "2.png", name)]);
    let root = folder(&files.concat());
    let data = load(&spec(root.path())).unwrap();
    assert_eq!(data.train.inputs(), data.validation.inputs());
    let half = data.train.inputs().len() / 2;
    (data.shape, data.train.inputs()[..half].to_vec())
}

#[test]
fn sixteen_bits_keep_what_eight_would_lose() {
    // As a camera of twelve bits saves it: 0, 1, 255, 256, 2048, 4095 of 65535.
    let (shape, values) = inputs("twelve.png");
    assert_eq!(shape, InputShape::Image([1, 2, 3].into()));
    let expected = [
        0.0,
        0.003_891_05,
        0.992_218,
        0.996_109,
        7.968_872,
        15.933_852,
    ];
    for (x, y) in values.iter().zip(expected) {
        assert!((x - y).abs() < 1e-5, "{values:?}");
    }
}

#[test]
fn what_is_drawn_in_the_alpha_channel_is_seen() {
    const ALPHA: [f32; 6] = [0.0, 64.0, 128.0, 200.0, 254.0, 255.0];
    // Black ink on white paper, white chalk on a black board.
    let (shape, ink) = inputs("ink.png");
    assert_eq!(shape, InputShape::Image([3, 2, 3].into()));
    assert_eq!(ink, [ALPHA.map(|x| 255.0 - x); 3].concat());
    let (_, chalk) = inputs("chalk.png");
    assert_eq!(chalk, [ALPHA; 3].concat());
}

/// A JPEG file with a segment of Exif data or the like before its own.
fn with_segment(jpeg: &[u8], content: &[u8]) -> Vec<u8> {
    let length = (content.len() + 2) as u16;
    [
        &jpeg[..2],
        &[0xff, 0xe1],
        &length.to_be_bytes(),
        content,
        &jpeg[2..],
    ]
    .concat()
}

#[test]
fn pictures_are_turned_as_their_exif_data_say() {
    let jpeg = fs::read(picture("halves.jpg")).unwrap();
    // The left half is reddish and the right one blue; where the reddish one goes: its side, and whether the picture stands.
    for (orientation, side, stands) in [
        (1, "left", false),
        (2, "right", false),
        (3, "right", false),
        (4, "left", false),
        (5, "top", true),
        (6, "top", true),
        (7, "bottom", true),
        (8, "bottom", true),
    ] {
        // One entry: tag 0x112, a short, once.
        let exif = [
            &b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0"[..],
            &[orientation, 0, 0, 0, 0, 0, 0, 0],
        ]
        .concat();
        let root = tempfile::tempdir().unwrap();
        for class in ["a", "b"] {
            fs::create_dir(root.path().join(class)).unwrap();
            for name in ["1.jpg", "2.jpg"] {
                let path = root.path().join(class).join(name);
                fs::write(path, with_segment(&jpeg, &exif)).unwrap();
            }
        }
        let data = load(&spec(root.path())).unwrap();
        let [height, width] = if stands { [16, 8] } else { [8, 16] };
        assert_eq!(
            data.shape,
            InputShape::Image([3, height, width].into()),
            "orientation {orientation}"
        );
        let red = |y: u32, x: u32| data.train.inputs()[(y * width + x) as usize];
        let (near, far) = match side {
            "left" => (red(4, 1), red(4, 14)),
            "right" => (red(4, 14), red(4, 1)),
            "top" => (red(1, 4), red(14, 4)),
            _ => (red(14, 4), red(1, 4)),
        };
        assert!(
            near > 180.0 && far < 40.0,
            "orientation {orientation}: {near}, {far}"
        );
    }
}

#[test]
fn a_preview_does_not_end_the_picture() {
    let jpeg = fs::read(picture("halves.jpg")).unwrap();
    let with_preview = with_segment(&jpeg, &[b"Exif\0\0", &jpeg[..]].concat());
    let root = folder(&[("a", "1.jpg", "halves.jpg"), ("b", "1.jpg", "halves.jpg")]);
    let path = root.path().join("b/1.jpg");
    let mut spec = spec(root.path());
    spec.split.train = Some(0.5);
    let read = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        load(&spec).unwrap_err()
    };
    // Whole, it is read, and the two examples are too few for the split.
    assert!(read(&with_preview).to_string().contains("split"));
    // What a camera appends to the end is no part of it.
    assert!(
        read(&[&with_preview[..], b"more"].concat())
            .to_string()
            .contains("split")
    );
    for less in [1, 2, 30, 200] {
        let cut = read(&with_preview[..with_preview.len() - less]);
        assert!(
            matches!(cut, Error::Truncated { what: "image", .. }),
            "{less}: {cut:?}"
        );
    }
}

#[test]
fn every_part_of_a_png_file_has_a_checksum() {
    let root = greys();
    let whole = fs::read(picture("palette.png")).unwrap();
    let path = root.path().join("dog/2.png");
    let mut spec = spec(root.path());
    spec.image = Some([3, 2, 3].into());
    // Length, name, content and checksum of each part; of a length, what follows is cut.
    for at in 8..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        fs::write(&path, changed).unwrap();
        let said = refused(&spec).to_string();
        assert!(
            said.contains("dog/2.png: is damaged: the checksum of its part")
                || said.contains("dog/2.png: ends within image"),
            "{at}: {said}"
        );
    }
    fs::write(&path, &whole).unwrap();
    load(&spec).unwrap();
}

#[test]
fn no_picture_is_larger_than_its_bytes_can_hold() {
    let root = greys();
    let whole = fs::read(picture("halves.jpg")).unwrap();
    let path = root.path().join("dog/2.png");
    let mut spec = spec(root.path());
    spec.image = Some([3, 8, 16].into());
    // The frame's header: marker, length, bits, height, width.
    let at = whole
        .windows(2)
        .position(|pair| pair == [0xff, 0xc0])
        .unwrap();
    assert_eq!(whole[at + 5..at + 9], [0, 8, 0, 16]);
    let mut claims = whole;
    claims[at + 5..at + 9].copy_from_slice(&[0x7f, 0xff, 0x7f, 0xff]);
    fs::write(&path, claims).unwrap();
    let said = refused(&spec).to_string();
    assert!(
        said.contains(
            "dog/2.png: claims 32767×32767 pixels (height × width), which 639 bytes can't hold"
        ),
        "{said}"
    );
    // A large picture of one colour is small once it is packed.
    for (format, side) in [
        (image::ImageFormat::Png, 6000),
        (image::ImageFormat::Jpeg, 1500),
    ] {
        let blank = image::GrayImage::new(side, side);
        blank.save_with_format(&path, format).unwrap();
        let size = fs::metadata(&path).unwrap().len();
        assert!(u64::from(side * side) > 80 * size, "{size}");
        assert_eq!(load(&spec).unwrap().shape.len(), 3 * 8 * 16);
    }
}
