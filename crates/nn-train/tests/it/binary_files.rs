//! IDX and CIFAR files.

use nn_train::Error;
use nn_train::data::{
    DataSpec, Dataset, Format, ImageShape, InputShape, OneOrMany, Targets, Task, TestSpec,
};

use crate::support::{gzip, load, stored_gzip, write};

/// An IDX file: type, sizes and the numbers' bytes.
fn idx(kind: u8, sizes: &[u32], bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![0, 0, kind, sizes.len() as u8];
    sizes.iter().for_each(|size| out.extend(size.to_be_bytes()));
    out.extend(bytes);
    out
}

fn plain(mut spec: DataSpec) -> DataSpec {
    spec.standardise = false;
    spec.split.shuffle = false;
    spec.split.train = Some(0.5);
    spec.split.validation = Some(0.5);
    spec.split.test = Some(0.0);
    spec
}

fn load_idx(images: &[u8], labels: &[u8]) -> Result<Dataset, Error> {
    let folder = tempfile::tempdir().unwrap();
    let path = write(&folder, "images-idx3-ubyte", images);
    load(&DataSpec {
        labels: Some(write(&folder, "labels-idx1-ubyte", labels)),
        ..plain(DataSpec::new(path, Task::Class))
    })
}

#[test]
fn idx_images_keep_their_sides_and_bytes() {
    let images = idx(8, &[4, 2, 3], &(0..24).map(|i| i * 10).collect::<Vec<u8>>());
    let labels = idx(8, &[4], &[0, 1, 2, 0]);
    let data = load_idx(&images, &labels).unwrap();
    assert_eq!(data.shape, InputShape::Image([1, 2, 3].into()));
    assert_eq!(data.classes, Some(3));
    assert_eq!(
        data.train.inputs(),
        (0..12).map(|i| i as f32 * 10.0).collect::<Vec<_>>()
    );
    assert_eq!(data.validation.targets, Targets::Classes(vec![2, 0]));
    assert_eq!(data, load_idx(&gzip(images), &gzip(labels)).unwrap());
}

#[test]
fn idx_numbers_of_every_type_are_read_big_endian() {
    let labels = idx(8, &[4], &[0, 1, 0, 1]);
    let cases: [(u8, Vec<u8>); 6] = [
        (0x08, vec![3, 200]),
        (0x09, vec![3, 200]),
        (
            0x0b,
            [3_i16, -300].iter().flat_map(|x| x.to_be_bytes()).collect(),
        ),
        (
            0x0c,
            [3_i32, -70000]
                .iter()
                .flat_map(|x| x.to_be_bytes())
                .collect(),
        ),
        (
            0x0d,
            [3_f32, -0.25]
                .iter()
                .flat_map(|x| x.to_be_bytes())
                .collect(),
        ),
        (
            0x0e,
            [3_f64, -0.25]
                .iter()
                .flat_map(|x| x.to_be_bytes())
                .collect(),
        ),
    ];
    let second = [200.0, -56.0, -300.0, -70000.0, -0.25, -0.25];
    for ((kind, bytes), second) in cases.into_iter().zip(second) {
        let data = load_idx(&idx(kind, &[4, 1], &bytes.repeat(2)), &labels);
        let data = data.unwrap_or_else(|error| panic!("type {kind:#x}: {error}"));
        assert_eq!(data.train.inputs(), [3.0, second], "type {kind:#x}");
    }
}

#[test]
fn idx_files_that_end_early_name_the_example() {
    let labels = idx(8, &[4], &[0, 1, 0, 1]);
    let images = idx(8, &[4, 2, 3], &[7; 17]);
    let error = load_idx(&images, &labels).unwrap_err();
    assert!(
        matches!(
            error,
            Error::Truncated {
                what: "example",
                row: 3,
                ..
            }
        ),
        "{error:?}"
    );
    let error = load_idx(&images[..9], &labels).unwrap_err();
    assert!(
        matches!(error, Error::Truncated { what: "header", .. }),
        "{error:?}"
    );
    let whole = gzip(idx(
        8,
        &[400, 8, 8],
        &(0..25600).map(|i| (i * i % 251) as u8).collect::<Vec<_>>(),
    ));
    let error = load_idx(&whole[..whole.len() / 2], &labels).unwrap_err();
    assert!(
        matches!(
            error,
            Error::Truncated {
                what: "example",
                ..
            }
        ),
        "{error:?}"
    );
}

#[test]
fn damaged_idx_files_are_refused() {
    let images = idx(8, &[2, 1], &[1, 2]);
    for (images, labels, says) in [
        (b"P5 2 2 255".to_vec(), idx(8, &[2], &[0, 1]), "no IDX file"),
        (
            idx(0x0a, &[2, 1], &[1, 2]),
            idx(8, &[2], &[0, 1]),
            "unknown type 0x0a",
        ),
        (
            images.clone(),
            idx(8, &[3], &[0, 1, 1]),
            "there are 2 examples",
        ),
        (
            idx(8, &[2, u32::MAX, u32::MAX], &[]),
            idx(8, &[2], &[0, 1]),
            "header is damaged",
        ),
        (images, idx(8, &[2], &[0, 0]), "needs at least 2"),
    ] {
        let error = load_idx(&images, &labels).unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
    }
    let nan = idx(
        0x0d,
        &[2, 1],
        &[1.0_f32, f32::NAN].map(f32::to_be_bytes).concat(),
    );
    let error = load_idx(&nan, &idx(8, &[2], &[0, 1])).unwrap_err();
    assert!(
        matches!(
            error,
            Error::NotANumber {
                row: 2,
                column: 0,
                ..
            }
        ),
        "{error:?}"
    );
}

#[test]
fn labels_out_of_range_name_the_example() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(&folder, "x.idx", idx(8, &[3, 1], &[1, 2, 3]));
    let spec = DataSpec {
        labels: Some(write(&folder, "y.idx", idx(8, &[3], &[0, 1, 7]))),
        classes: Some(2),
        ..plain(DataSpec::new(path, Task::Class))
    };
    let error = load(&spec).unwrap_err();
    assert!(
        matches!(&error, Error::Label { row: 3, value, .. } if value == "7"),
        "{error:?}"
    );
    assert!(error.to_string().contains("y.idx, row 3"), "{error}");
}

#[test]
fn cifar_files_follow_one_another_and_test_data_may_have_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let record = |label: u8, value: u8| [vec![label], vec![value; 12]].concat();
    let first = write(&folder, "one.bin", [record(0, 10), record(1, 20)].concat());
    let second = write(
        &folder,
        "two.bin.gz",
        gzip([record(2, 30), record(0, 40)].concat()),
    );
    let test = write(&folder, "test.bin", record(1, 50));
    let mut spec = plain(DataSpec::new(first, Task::Class));
    spec.path = OneOrMany::Many(vec![spec.path.as_slice()[0].clone(), second]);
    spec.image = Some(ImageShape {
        channels: 3,
        height: 2,
        width: 2,
    });
    spec.test = Some(TestSpec {
        path: test.into(),
        labels: None,
    });
    assert_eq!(spec.format(), Some(Format::Cifar));
    let data = load(&spec).unwrap();
    assert_eq!(data.classes, Some(3));
    assert_eq!(data.train.inputs(), [[10.0; 12], [20.0; 12]].concat());
    assert_eq!(data.validation.targets, Targets::Classes(vec![2, 0]));
    assert_eq!(data.test.inputs(), [50.0; 12]);
}

#[test]
fn cifar_files_that_end_early_name_the_example() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(&folder, "x.bin", vec![1; 3073 + 100]);
    let error = load(&plain(DataSpec::new(path, Task::Class))).unwrap_err();
    assert!(
        matches!(error, Error::Truncated { row: 2, .. }),
        "{error:?}"
    );
}

#[test]
fn cifar_labels_out_of_range_and_compressed_files_that_end_early_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let record = |label: u8| [vec![label], vec![7; 12]].concat();
    let read = |content: &[u8]| {
        load(&DataSpec {
            image: Some([3, 2, 2].into()),
            classes: Some(10),
            ..plain(DataSpec::new(write(&folder, "x.bin", content), Task::Class))
        })
    };
    let error = read(&[record(9), record(10)].concat()).unwrap_err();
    assert!(
        matches!(&error, Error::Label { row: 2, value, .. } if value == "10"),
        "{error:?}"
    );
    assert!(
        error.to_string().contains("x.bin, row 2: label '10'"),
        "{error}"
    );
    // Wherever a compressed file breaks off, also between two records.
    let labels = (0..40_u8).flat_map(|i| record(i % 10).into_iter().map(move |x| x ^ (i % 4)));
    let whole = gzip(labels.collect::<Vec<_>>());
    for length in 20..whole.len() - 8 {
        let error = read(&whole[..length]).unwrap_err();
        assert!(
            matches!(
                error,
                Error::Truncated {
                    what: "example",
                    ..
                }
            ),
            "{length}: {error:?}"
        );
    }
}

#[cfg(unix)]
#[test]
fn only_regular_files_are_opened() {
    let folder = tempfile::tempdir().unwrap();
    let labels = write(&folder, "labels-idx1-ubyte", idx(8, &[4], &[0, 1, 0, 1]));
    let pipe = folder.path().join("pipe");
    // Opening it for reading would wait for a writer for ever.
    let made = std::process::Command::new("mkfifo")
        .arg(&pipe)
        .status()
        .unwrap();
    assert!(made.success());
    let says = |path: &std::path::Path, format| {
        let spec = DataSpec {
            labels: (format == Format::Idx).then(|| labels.clone()),
            format: Some(format),
            ..DataSpec::new(path.to_owned(), Task::Class)
        };
        load(&spec).unwrap_err().to_string()
    };
    for format in [Format::Csv, Format::Idx, Format::Cifar] {
        let said = says(&pipe, format);
        assert!(said.contains("is a pipe, a socket or a device"), "{said}");
        let said = says(folder.path(), format);
        assert!(said.contains("is a folder, not a file"), "{said}");
    }
}

#[test]
fn idx_files_of_more_bytes_than_numbers_are_refused_and_so_are_wrong_checksums() {
    let images = idx(8, &[4, 2, 3], &(0..24).collect::<Vec<u8>>());
    let labels = idx(8, &[4], &[0, 1, 2, 0]);
    let data = load_idx(&images, &labels).unwrap();
    let said = |images: &[u8], labels: &[u8]| load_idx(images, labels).unwrap_err().to_string();
    let long = said(&[&images[..], b"\n"].concat(), &labels);
    assert!(
        long.contains("has 1 byte more than the 24 numbers"),
        "{long}"
    );
    let long = said(&images, &[&labels[..], &labels[..]].concat());
    assert!(
        long.contains("labels-idx1-ubyte: has 12 bytes more than the 4 numbers"),
        "{long}"
    );
    let packed = stored_gzip(&images);
    assert_eq!(load_idx(&packed, &labels).unwrap(), data);
    // The last number, the checksum and the length.
    for back in [9, 5, 1] {
        let mut changed = packed.clone();
        let at = packed.len() - back;
        changed[at] ^= 4;
        let damaged = said(&changed, &labels);
        assert!(damaged.contains("is damaged ("), "{back}: {damaged}");
    }
}

#[test]
fn idx_images_with_their_channels_last_are_permuted() {
    // One pixel of the colour (1, 2, 3) and one of (4, 5, 6), four times.
    let images = idx(8, &[4, 1, 2, 3], &[1, 2, 3, 4, 5, 6].repeat(4));
    let labels = idx(8, &[4], &[0, 1, 0, 1]);
    let folder = tempfile::tempdir().unwrap();
    let path = write(&folder, "images-idx3-ubyte", images);
    let mut spec = DataSpec {
        labels: Some(write(&folder, "labels-idx1-ubyte", labels)),
        image: Some([3, 1, 2].into()),
        ..plain(DataSpec::new(path, Task::Class))
    };
    let data = load(&spec).unwrap();
    assert_eq!(data.train.inputs()[..6], [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
    spec.image = None;
    let said = load(&spec).unwrap_err().to_string();
    assert!(
        said.contains("give image = [1, 2, 3] or image = [3, 1, 2]"),
        "{said}"
    );
}

#[test]
fn one_hot_labels_of_idx_files_are_classes() {
    let images = idx(8, &[4, 1], &[1, 2, 3, 4]);
    let data = load_idx(&images, &idx(8, &[4, 2], &[0, 1, 1, 0, 1, 0, 0, 1])).unwrap();
    assert_eq!(data.classes, Some(2));
    assert_eq!(data.train.targets, Targets::Classes(vec![1, 0]));
    assert_eq!(data.validation.targets, Targets::Classes(vec![0, 1]));
}

#[test]
fn the_checksum_of_a_compressed_cifar_file_is_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let records: Vec<u8> = (0..4)
        .flat_map(|i| [vec![i % 2], vec![i; 12]].concat())
        .collect();
    let packed = stored_gzip(&records);
    let read = |content: &[u8]| {
        load(&DataSpec {
            image: Some([3, 2, 2].into()),
            ..plain(DataSpec::new(
                write(&folder, "x.bin.gz", content),
                Task::Class,
            ))
        })
    };
    read(&packed).unwrap();
    let mut changed = packed.clone();
    let at = packed.len() - 9;
    changed[at] ^= 1;
    let said = read(&changed).unwrap_err().to_string();
    assert!(said.contains("x.bin.gz: is damaged ("), "{said}");
}
