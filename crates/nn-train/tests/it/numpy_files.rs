//! Arrays of numpy. `tests/data/*.npz` were written by numpy 2.

use std::path::{Path, PathBuf};

use nn_train::Error;
use nn_train::data::{Column, DataSpec, Dataset, InputShape, Targets, Task};

use crate::support::{gzip, load, stored_gzip, write};

/// An `.npy` file, version 1, as numpy writes it.
pub(crate) fn npy(descr: &str, order: &str, sizes: &str, bytes: &[u8]) -> Vec<u8> {
    let mut header =
        format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {sizes}, }}");
    while (10 + header.len() + 1) % 64 != 0 {
        header.push(' ');
    }
    header.push('\n');
    let mut out = b"\x93NUMPY\x01\x00".to_vec();
    out.extend((header.len() as u16).to_le_bytes());
    out.extend(header.bytes());
    out.extend(bytes);
    out
}

fn plain(path: PathBuf) -> DataSpec {
    let mut spec = DataSpec::new(path, Task::Class);
    spec.standardise = false;
    spec.split =
        toml::from_str("train = 0.5\nvalidation = 0.5\ntest = 0.0\nshuffle = false").unwrap();
    spec
}

fn load_npy(inputs: &[u8], labels: &[u8]) -> Result<Dataset, Error> {
    let folder = tempfile::tempdir().unwrap();
    load(&DataSpec {
        labels: Some(write(&folder, "y.npy", labels)),
        ..plain(write(&folder, "x.npy", inputs))
    })
}

fn labels() -> Vec<u8> {
    npy("|u1", "False", "(4,)", &[0, 1, 1, 0])
}

fn archive(name: &str) -> DataSpec {
    let mut spec = plain(
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/data")
            .join(name),
    );
    spec.label = Column::Name("y".into());
    spec
}

#[test]
fn archives_written_by_numpy_are_read() {
    let data = load(&archive("two.npz")).unwrap();
    assert_eq!(data.shape, InputShape::Image([1, 2, 3].into()));
    assert_eq!(
        data.train.inputs(),
        (0..12).map(|i| i as f32 * 10.0).collect::<Vec<_>>()
    );
    assert_eq!(data.validation.targets, Targets::Classes(vec![1, 0]));
    let mut three = archive("three.npz");
    let error = load(&three).unwrap_err().to_string();
    assert!(
        error.contains("inputs names no array") && error.contains("is none of x, y, more"),
        "{error}"
    );
    three.inputs = Some("x".into());
    assert_eq!(load(&three).unwrap(), data);
    three.label = Column::Name("z".into());
    assert!(matches!(
        load(&three),
        Err(Error::Data { field: "label", .. })
    ));
}

#[test]
fn numbers_of_every_type_and_byte_order_are_read() {
    let values = |descr: &str| -> [Vec<u8>; 2] {
        let [a, b] = [3_i64, -2];
        let both = |f: &dyn Fn(i64) -> Vec<u8>| [f(a), f(b)];
        match &descr[1..] {
            "i1" => both(&|x| (x as i8).to_le_bytes().into()),
            "i2" => both(&|x| (x as i16).to_le_bytes().into()),
            "i4" => both(&|x| (x as i32).to_le_bytes().into()),
            "i8" => both(&|x| x.to_le_bytes().into()),
            "f4" => both(&|x| (x as f32).to_le_bytes().into()),
            _ => both(&|x| (x as f64).to_le_bytes().into()),
        }
    };
    for descr in [
        "|i1", "<i2", ">i2", "<i4", ">i4", "<i8", ">i8", "<f4", ">f4", "<f8", ">f8",
    ] {
        let mut words = values(descr);
        if descr.starts_with('>') {
            words.iter_mut().for_each(|word| word.reverse());
        }
        let bytes = words.concat().repeat(2);
        let data = load_npy(&npy(descr, "False", "(4, 1)", &bytes), &labels());
        let data = data.unwrap_or_else(|error| panic!("{descr}: {error}"));
        assert_eq!(data.train.inputs(), [3.0, -2.0], "{descr}");
    }
    for (descr, byte, value) in [("|u1", 250, 250.0), ("|b1", 1, 1.0)] {
        let data = load_npy(&npy(descr, "False", "(4, 1)", &[byte; 4]), &labels()).unwrap();
        assert_eq!(data.train.inputs(), [value; 2]);
    }
}

#[test]
fn what_can_t_be_read_is_named() {
    let good = npy("|u1", "False", "(4, 2)", &[1; 8]);
    load_npy(&good, &labels()).unwrap();
    load_npy(&gzip(&good), &labels()).unwrap();
    for (inputs, says) in [
        (b"not numpy at all".to_vec(), "is no array of numpy"),
        (
            npy("|u1", "Maybe", "(4, 2)", &[1; 8]),
            "header that can't be read",
        ),
        (
            npy("<c8", "False", "(4, 2)", &[1; 64]),
            "numbers of type '<c8'",
        ),
        (
            npy("|O", "False", "(4, 2)", &[1; 64]),
            "numbers of type '|O'",
        ),
        (
            npy("|u1", "False", "(4, 2, 1, 1, 1)", &[1; 8]),
            "has sizes [4, 2, 1, 1, 1]",
        ),
        (npy("|u1", "False", "(4,)", &[1; 4]), "has sizes [4]"),
        (
            npy("|u1", "False", "(5, 2)", &[1; 10]),
            "there are 5 examples",
        ),
        (npy("|u1", "False", "(4, 99999999999)", &[]), "claims sizes"),
        (npy("|u1", "False", "4", &[]), "header that can't be read"),
        (
            npy("<f(", "False", "(4, 2)", &[1; 8]),
            "numbers of type '<f('",
        ),
        // What belongs to the numbers may have changed places with blanks, which sizes do not tell.
        (
            changed(&good, b", }  ", b", }\xffx"),
            "header that can't be read",
        ),
        (
            changed(&good, b"2), }", b"2), '"),
            "header that can't be read",
        ),
        (
            changed(&good, b"'descr'", b"'shape'"),
            "header that can't be read",
        ),
        (
            changed(&good, b"NUMPY\x01", b"NUMPY\x04"),
            "no array of numpy",
        ),
    ] {
        let error = load_npy(&inputs, &labels()).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
    let short = npy("|u1", "False", "(4, 2)", &[1; 7]);
    assert!(matches!(
        load_npy(&short, &labels()),
        Err(Error::Truncated {
            what: "example",
            row: 4,
            ..
        })
    ));
    let nan = npy(
        "<f4",
        "False",
        "(4, 1)",
        &[1.0, 2.0, f32::NAN, 4.0].map(f32::to_le_bytes).concat(),
    );
    assert!(matches!(
        load_npy(&nan, &labels()),
        Err(Error::NotANumber {
            row: 3,
            column: 0,
            ..
        })
    ));
    let folder = tempfile::tempdir().unwrap();
    let mut broken = plain(write(&folder, "x.npz", b"PK but no archive"));
    broken.label = Column::Name("y".into());
    assert!(
        load(&broken)
            .unwrap_err()
            .to_string()
            .contains("is no .npz archive")
    );
}

/// `bytes` with `old`, which it has once, replaced by as many bytes.
fn changed(bytes: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let at = bytes
        .windows(old.len())
        .position(|window| window == old)
        .unwrap();
    bytes[at..at + new.len()].copy_from_slice(new);
    bytes
}

/// The inputs of the examples in `train`, read from `inputs` with a declared image.
fn with_image(inputs: &[u8], image: Option<[u32; 3]>) -> Result<Dataset, Error> {
    let folder = tempfile::tempdir().unwrap();
    load(&DataSpec {
        labels: Some(write(&folder, "y.npy", labels())),
        image: image.map(Into::into),
        ..plain(write(&folder, "x.npy", inputs))
    })
}

#[test]
fn channels_come_first_wherever_the_file_has_them() {
    // Four pictures of 2 × 5 pixels with the colours (k, 100 + k, 200 + k) at their k-th pixel.
    let pixels = |k: u8| [k, 100 + k, 200 + k];
    let last: Vec<u8> = (0..10).flat_map(pixels).collect();
    let first: Vec<u8> = [0, 100, 200]
        .map(|c| (c..c + 10).collect::<Vec<_>>())
        .concat();
    let expected: Vec<f32> = first.iter().map(|&x| f32::from(x)).collect();
    for (sizes, bytes, image) in [
        ("(4, 2, 5, 3)", &last, None),
        ("(4, 2, 5, 3)", &last, Some([3, 2, 5])),
        ("(4, 10, 3)", &last, Some([3, 2, 5])),
        ("(4, 3, 2, 5)", &first, None),
        ("(4, 3, 2, 5)", &first, Some([3, 2, 5])),
        ("(4, 3, 10)", &first, Some([3, 2, 5])),
        ("(4, 30)", &first, Some([3, 2, 5])),
    ] {
        let data = with_image(&npy("|u1", "False", sizes, &bytes.repeat(4)), image).unwrap();
        assert_eq!(data.shape, InputShape::Image([3, 2, 5].into()), "{sizes}");
        assert_eq!(
            data.train.inputs(),
            expected.repeat(2),
            "{sizes}, {image:?}"
        );
    }
    // A grey picture is the same either way.
    let grey = npy(
        "|u1",
        "False",
        "(4, 5, 6, 1)",
        &(0..30).collect::<Vec<u8>>().repeat(4),
    );
    for image in [None, Some([1, 5, 6])] {
        let data = with_image(&grey, image).unwrap();
        assert_eq!(data.shape, InputShape::Image([1, 5, 6].into()));
        assert_eq!(
            data.train.inputs()[..30],
            (0..30).map(|x| x as f32).collect::<Vec<_>>()
        );
    }
}

#[test]
fn sides_that_fit_twice_or_never_are_refused_with_a_cure() {
    for (sizes, image, says) in [
        ("(4, 3, 3, 3)", None, "give image = [3, 3, 3]"),
        (
            "(4, 3, 3, 3)",
            Some([3, 3, 3]),
            "examples × 27 numbers, channel by channel",
        ),
        (
            "(4, 3, 27, 1)",
            None,
            "give image = [3, 27, 1] or image = [1, 3, 27]",
        ),
        (
            "(4, 27, 3, 3)",
            None,
            "give image = [27, 3, 3] or image = [3, 27, 3]",
        ),
        (
            "(4, 8, 8, 3)",
            Some([3, 4, 16]),
            "sizes 8 × 8 × 3, which image = [3, 4, 16] fits neither",
        ),
        ("(4, 9, 3, 1)", Some([3, 3, 3]), "fits neither"),
        (
            "(4, 3, 3)",
            Some([3, 1, 3]),
            "either the first or the last may be",
        ),
        ("(4, 5, 6)", Some([1, 6, 5]), "fits neither"),
    ] {
        let length: usize = (sizes.trim_matches(['(', ')']).split(", "))
            .map(|side| side.parse::<usize>().unwrap())
            .product();
        let said = with_image(&npy("|u1", "False", sizes, &vec![1; length]), image);
        let said = said.unwrap_err().to_string();
        assert!(said.contains(says), "{sizes}, {image:?}: {said}");
    }
    // What is meant can be said.
    let cube = npy("|u1", "False", "(4, 27)", &[1; 108]);
    with_image(&cube, Some([3, 3, 3])).unwrap();
    let features = npy("|u1", "False", "(4, 27, 3, 3)", &[1; 972]);
    let data = with_image(&features, Some([27, 3, 3])).unwrap();
    assert_eq!(data.shape, InputShape::Image([27, 3, 3].into()));
}

#[test]
fn fortran_s_order_is_permuted() {
    // numpy.save of numpy.asfortranarray(numpy.arange(24).reshape(4, 2, 3)): the bytes are x.tobytes(order="F").
    let stored = [
        0, 6, 12, 18, 3, 9, 15, 21, 1, 7, 13, 19, 4, 10, 16, 22, 2, 8, 14, 20, 5, 11, 17, 23_u8,
    ];
    let data = load_npy(&npy("|u1", "True", "(4, 2, 3)", &stored), &labels()).unwrap();
    assert_eq!(
        data.train.inputs(),
        (0..12).map(|x| x as f32).collect::<Vec<_>>()
    );
    let wide: Vec<u8> = stored
        .iter()
        .flat_map(|&x| u16::from(x).to_be_bytes())
        .collect();
    let same = load_npy(&npy(">u2", "True", "(4, 2, 3)", &wide), &labels()).unwrap();
    assert_eq!(same, data);
    let short = load_npy(&npy("|u1", "True", "(4, 2, 3)", &stored[..23]), &labels());
    assert!(matches!(short, Err(Error::Truncated { row: 4, .. })));
    let long = [&stored[..], &[0]].concat();
    let said = load_npy(&npy("|u1", "True", "(4, 2, 3)", &long), &labels()).unwrap_err();
    assert!(
        said.to_string().contains("1 byte more than the 24 numbers"),
        "{said}"
    );
}

#[test]
fn one_hot_labels_are_classes() {
    let inputs = npy("|u1", "False", "(4, 1)", &[1, 2, 3, 4]);
    let hot = |rows: [[f64; 3]; 4]| {
        let bytes = rows
            .concat()
            .iter()
            .flat_map(|x| x.to_le_bytes())
            .collect::<Vec<_>>();
        load_npy(&inputs, &npy("<f8", "False", "(4, 3)", &bytes))
    };
    let [a, b, c] = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    let data = hot([b, c, a, b]).unwrap();
    assert_eq!(data.classes, Some(3));
    assert_eq!(data.train.targets, Targets::Classes(vec![1, 2]));
    assert_eq!(data.validation.targets, Targets::Classes(vec![0, 1]));
    for (row, says) in [
        (
            [0.5, 0.5, 0.0],
            "those of example 3 are not one 1 and else 0",
        ),
        ([1.0, 1.0, 0.0], "those of example 3"),
        ([0.0, 0.0, 0.0], "those of example 3"),
        ([2.0, 0.0, 0.0], "y.argmax(axis=1)"),
    ] {
        let said = hot([a, b, row, c]).unwrap_err().to_string();
        assert!(said.contains(says), "{said}");
    }
    // Else the last class would be lost without a word.
    let said = hot([a, b, a, b]).unwrap_err().to_string();
    assert!(
        said.contains("none is of class 2") && said.contains("classes = 3"),
        "{said}"
    );

    let folder = tempfile::tempdir().unwrap();
    let mut spec = plain(write(&folder, "x.npy", &inputs));
    let bytes = [1, 0, 0, 1, 1, 0, 0, 1];
    spec.labels = Some(write(
        &folder,
        "y.npy",
        npy("|u1", "False", "(4, 2)", &bytes),
    ));
    spec.task = Task::Reg;
    let said = load(&spec).unwrap_err().to_string();
    assert!(said.contains("holds 2 targets an example"), "{said}");
}

#[test]
fn checksums_and_surplus_bytes_are_looked_at() {
    let good = npy("|u1", "False", "(4, 2)", &[1, 2, 3, 4, 5, 6, 7, 8]);
    let data = load_npy(&good, &labels()).unwrap();
    let said = load_npy(&[&good[..], b"xyz"].concat(), &labels()).unwrap_err();
    assert!(
        said.to_string()
            .contains("has 3 bytes more than the 8 numbers that its header promises"),
        "{said}"
    );
    let said = load_npy(&good, &[&labels()[..], b"x"].concat()).unwrap_err();
    assert!(
        said.to_string()
            .contains("y.npy: has 1 byte more than the 4 numbers"),
        "{said}"
    );

    // A file without compression, so that a changed byte can be seen by the checksum alone.
    let packed = stored_gzip(&good);
    assert_eq!(load_npy(&packed, &labels()).unwrap(), data);
    assert_eq!(
        load_npy(&[gzip(&good[..50]), gzip(&good[50..])].concat(), &labels()).unwrap(),
        data
    );
    let at = packed.len() - 9;
    let mut changed = packed.clone();
    changed[at] ^= 1;
    for damaged in [changed, [&packed[..], b"no member of gzip"].concat()] {
        let said = load_npy(&damaged, &labels()).unwrap_err().to_string();
        assert!(
            said.contains("x.npy: is damaged (") && said.contains("fetch it again"),
            "{said}"
        );
    }
    let cut = load_npy(&packed[..packed.len() - 3], &labels());
    assert!(matches!(cut, Err(Error::Truncated { .. })), "{cut:?}");

    // In an archive, each array has a checksum.
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/three.npz");
    let archive = std::fs::read(path).unwrap();
    let at = (archive.windows(4)).position(|bytes| bytes == 230_f32.to_le_bytes());
    let folder = tempfile::tempdir().unwrap();
    let with = |content: &[u8]| {
        let mut spec = plain(write(&folder, "x.npz", content));
        spec.label = Column::Name("y".into());
        spec.inputs = Some("x".into());
        load(&spec)
    };
    with(&archive).unwrap();
    let mut changed = archive.clone();
    changed[at.unwrap()] ^= 1;
    let said = with(&changed).unwrap_err().to_string();
    assert!(said.contains("Invalid checksum"), "{said}");
}

#[test]
fn numbers_beyond_32_bits_are_refused_with_their_place() {
    let wide = |x: f64| {
        npy(
            "<f8",
            "False",
            "(4, 1)",
            &[1.0, 2.0, x, 4.0].map(f64::to_le_bytes).concat(),
        )
    };
    let said = load_npy(&wide(1e300), &labels()).unwrap_err().to_string();
    assert!(
        said.contains("example 3, number 0: 1e300 is too large for 32-bit floats"),
        "{said}"
    );
    load_npy(&wide(3e38), &labels()).unwrap();
}
