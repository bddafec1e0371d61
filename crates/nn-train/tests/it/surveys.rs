//! What can be told of pictures of several sizes, and arrays of examples to predict for.

use std::fs;
use std::path::Path;

use nn_train::data::{self, Dataset, InputShape, Preparation, Task};

use crate::image_folders::{folder, spec};
use crate::numpy_files::npy;
use crate::support::{gzip, load, write};

#[test]
fn pictures_of_several_sizes_have_a_range() {
    let mut files = vec![
        ("a", "1.png", "grey.png"),
        ("a", "2.png", "grey.png"),
        ("b", "1.png", "grey.png"),
        ("b", "2.png", "grey.png"),
    ];
    let root = folder(&files);
    let alike = data::survey(&spec(root.path())).unwrap();
    assert_eq!(alike.sizes, None);
    assert_eq!(alike, data::describe(&spec(root.path())).unwrap());
    files.push(("b", "3.jpg", "halves.jpg"));
    files.push(("b", "4.png", "colour.png"));
    let root = folder(&files);
    let mut spec = spec(root.path());
    let contents = data::survey(&spec).unwrap();
    let sizes = contents.sizes.unwrap();
    assert_eq!((sizes.heights, sizes.widths), ([2, 8], [3, 16]));
    assert_eq!(sizes.channels, 3);
    assert_eq!(contents.parts.iter().sum::<usize>(), 6);
    // They can't be trained on without a size, and both say so.
    let error = load(&spec).unwrap_err().to_string();
    assert!(error.contains("b/3.jpg: has 8×16 pixels"), "{error}");
    assert_eq!(data::describe(&spec).unwrap_err().to_string(), error);
    spec.image = Some([3, 4, 4].into());
    assert_eq!(
        data::describe(&spec).unwrap().shape,
        load(&spec).unwrap().shape
    );
    // A header that can't be read is named.
    spec.image = None;
    fs::write(root.path().join("a/2.png"), "<html>404</html>").unwrap();
    let error = data::survey(&spec).unwrap_err().to_string();
    assert!(
        error.contains("a/2.png: is no image that can be read"),
        "{error}"
    );
}

/// A data set of two arrays, standardised.
fn trained_on(folder: &tempfile::TempDir, inputs: &[u8], labels: usize) -> Dataset {
    let labels: Vec<u8> = (0..labels).map(|i| (i % 2) as u8).collect();
    let sizes = format!("({},)", labels.len());
    let mut spec = data::DataSpec::new(write(folder, "x.npy", inputs), Task::Class);
    spec.labels = Some(write(folder, "y.npy", npy("|u1", "False", &sizes, &labels)));
    spec.split =
        toml::from_str("train = 0.5\nvalidation = 0.5\ntest = 0.0\nshuffle = false").unwrap();
    load(&spec).unwrap()
}

fn prepared(preparation: &Preparation, path: &Path) -> Result<Vec<f32>, String> {
    let found = data::prepared(preparation, path).map_err(|error| error.to_string())?;
    assert!(found.files.is_empty());
    Ok(found.inputs)
}

#[test]
fn arrays_are_prepared_as_the_training_part_was() {
    let folder = tempfile::tempdir().unwrap();
    let both = |data: &Dataset| [data.train.inputs(), data.validation.inputs()].concat();
    // Rows of numbers.
    let rows: Vec<u8> = (0..24)
        .flat_map(|i| (i as f32 / 7.0).to_le_bytes())
        .collect();
    let rows = npy("<f4", "False", "(6, 4)", &rows);
    let data = trained_on(&folder, &rows, 6);
    assert_eq!(data.shape, InputShape::Features(4));
    let path = folder.path().join("x.npy");
    assert_eq!(prepared(&data.preparation, &path).unwrap(), both(&data));
    let wide = write(&folder, "wide.npy", npy("|u1", "False", "(2, 5)", &[1; 10]));
    let error = prepared(&data.preparation, &wide).unwrap_err();
    assert!(
        error.contains("wide.npy: has 5 numbers each, and this model takes 4"),
        "{error}"
    );
    let none = write(&folder, "none.npy", npy("|u1", "False", "(0, 4)", &[]));
    let error = prepared(&data.preparation, &none).unwrap_err();
    assert!(error.contains("holds no example"), "{error}");
    // Pictures, with their channels first or last, packed, or as rows of numbers.
    let bytes: Vec<u8> = (0..6 * 3 * 20).map(|i| (i * 37 % 256) as u8).collect();
    let first = npy("|u1", "False", "(6, 3, 4, 5)", &bytes);
    let data = trained_on(&folder, &first, 6);
    assert_eq!(data.shape, InputShape::Image([3, 4, 5].into()));
    let last: Vec<u8> = (bytes.chunks(60))
        .flat_map(|image| (0..60).map(|i| image[i % 3 * 20 + i / 3]))
        .collect();
    for array in [
        first.clone(),
        gzip(&first),
        npy("|u1", "False", "(6, 4, 5, 3)", &last),
        npy("|u1", "False", "(6, 60)", &bytes),
        npy(
            "<f8",
            "False",
            "(6, 3, 4, 5)",
            &bytes
                .iter()
                .flat_map(|x| f64::from(*x).to_le_bytes())
                .collect::<Vec<_>>(),
        ),
    ] {
        let path = write(&folder, "new.npy", array);
        assert_eq!(prepared(&data.preparation, &path).unwrap(), both(&data));
    }
    let small = write(
        &folder,
        "small.npy",
        npy("|u1", "False", "(6, 30)", &bytes[..180]),
    );
    let error = prepared(&data.preparation, &small).unwrap_err();
    assert!(
        error.contains("has 30 numbers each, and this model takes images of 3 × 4 × 5"),
        "{error}"
    );
    let other = write(
        &folder,
        "other.npy",
        npy("|u1", "False", "(6, 3, 5, 4)", &bytes),
    );
    let error = prepared(&data.preparation, &other).unwrap_err();
    assert!(error.contains("examples of sizes 3 × 5 × 4"), "{error}");
    let cut = write(&folder, "cut.npy", &first[..first.len() - 1]);
    let error = prepared(&data.preparation, &cut).unwrap_err();
    assert!(error.contains("cut.npy: ends within example 6"), "{error}");
    let archive = write(&folder, "new.npz", "PK");
    let error = prepared(&data.preparation, &archive).unwrap_err();
    assert!(error.contains("save the examples alone"), "{error}");
    // Columns with names have no places in an array.
    let table = write(
        &folder,
        "t.csv",
        "a,b,label\n1,2,x\n3,5,y\n5,7,x\n7,9,y\n8,1,x\n",
    );
    let mut spec = data::DataSpec::new(table, Task::Class);
    spec.split.shuffle = false;
    let data = load(&spec).unwrap();
    let pair = write(&folder, "pair.npy", npy("|u1", "False", "(1, 2)", &[1, 2]));
    let error = prepared(&data.preparation, &pair).unwrap_err();
    assert!(error.contains("columns have names"), "{error}");
}
