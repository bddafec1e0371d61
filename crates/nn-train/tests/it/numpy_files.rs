//! Arrays of numpy. `tests/data/*.npz` were written by numpy 2.

use std::path::{Path, PathBuf};

use nn_train::Error;
use nn_train::data::{Column, DataSpec, Dataset, InputShape, Targets, Task};

use crate::support::{gzip, load, write};

/// An `.npy` file, version 1, as numpy writes it.
fn npy(descr: &str, order: &str, sizes: &str, bytes: &[u8]) -> Vec<u8> {
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
        data.train.inputs,
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
        assert_eq!(data.train.inputs, [3.0, -2.0], "{descr}");
    }
    for (descr, byte, value) in [("|u1", 250, 250.0), ("|b1", 1, 1.0)] {
        let data = load_npy(&npy(descr, "False", "(4, 1)", &[byte; 4]), &labels()).unwrap();
        assert_eq!(data.train.inputs, [value; 2]);
    }
}

#[test]
fn what_can_t_be_read_is_named() {
    let good = npy("|u1", "False", "(4, 2)", &[1; 8]);
    load_npy(&good, &labels()).unwrap();
    load_npy(&gzip(&good), &labels()).unwrap();
    for (inputs, says) in [
        (b"not numpy at all".to_vec(), "is no array of numpy"),
        (npy("|u1", "True", "(4, 2)", &[1; 8]), "Fortran"),
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
