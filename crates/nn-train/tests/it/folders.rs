//! Where pictures lie: folders of classes, of parts, and what is between them.

use std::fs;

use nn_train::data::{Dataset, Examples, SplitSpec, Targets};

use crate::image_folders::{greys, picture, refused, spec};
use crate::support::load;

#[test]
fn what_the_system_leaves_is_passed_over_and_other_formats_are_named() {
    let root = greys();
    for name in ["Thumbs.db", "desktop.ini", "ehthumbs.db", ".DS_Store"] {
        fs::write(root.path().join("cat").join(name), "x").unwrap();
    }
    fs::create_dir(root.path().join("__MACOSX")).unwrap();
    let data = load(&spec(root.path())).unwrap();
    assert_eq!(data.class_names(), ["cat", "dog"]);
    for (name, says) in [
        (
            "3.webp",
            "cat/3.webp: is a picture in the format WebP, which is not read: convert it",
        ),
        ("3.GIF", "in the format GIF"),
        ("3.bmp", "in the format BMP"),
        ("3.tif", "in the format TIFF"),
    ] {
        let path = root.path().join("cat").join(name);
        fs::write(&path, "x").unwrap();
        let said = refused(&spec(root.path())).to_string();
        assert!(said.contains(says), "{said}");
        fs::remove_file(path).unwrap();
    }
}

#[cfg(unix)]
#[test]
fn links_are_followed_and_broken_ones_named() {
    use std::os::unix::fs::symlink;
    let root = greys();
    symlink(picture("grey.png"), root.path().join("cat/3.png")).unwrap();
    symlink(picture("grey.png"), root.path().join("dog/3.png")).unwrap();
    load(&spec(root.path())).unwrap();
    for broken in ["dog/4.png", "fox"] {
        let path = root.path().join(broken);
        symlink("/nonexistent/there", &path).unwrap();
        let said = refused(&spec(root.path())).to_string();
        assert!(
            said.contains(&format!("{broken}: is a link to /nonexistent/there")),
            "{said}"
        );
        fs::remove_file(path).unwrap();
    }
}

#[test]
fn folders_that_are_parts_are_told_from_classes() {
    let parts = |names: &[&str]| {
        let root = tempfile::tempdir().unwrap();
        for name in names {
            fs::create_dir_all(root.path().join(name)).unwrap();
            fs::copy(picture("grey.png"), root.path().join(name).join("1.png")).unwrap();
            fs::copy(picture("grey.png"), root.path().join(name).join("2.png")).unwrap();
        }
        root
    };
    let said = |names: &[&str]| refused(&spec(parts(names).path())).to_string();
    for validation in ["val", "valid", "validation", "Val"] {
        let inner = |class: &str| format!("{validation}/{class}");
        let root = parts(&[
            "train/cat",
            "train/dog",
            &inner("cat"),
            &inner("dog"),
            "test/cat",
            "test/dog",
        ]);
        let counts =
            |data: &Dataset| [&data.train, &data.validation, &data.test].map(Examples::len);
        let mut divided = spec(root.path());
        assert!(
            refused(&divided)
                .to_string()
                .contains("leaves no shares to give")
        );
        divided.split = SplitSpec::default();
        let data = load(&divided).unwrap();
        assert_eq!(data.class_names(), ["cat", "dog"]);
        assert_eq!(counts(&data), [4, 4, 4]);
        assert_eq!(data.test.targets, Targets::Classes(vec![0, 0, 1, 1]));
        // Without a folder to choose by, a share of the training part is taken, of each class the same.
        fs::remove_dir_all(root.path().join(validation)).unwrap();
        divided.split.validation = Some(0.5);
        let data = load(&divided).unwrap();
        assert_eq!(counts(&data), [2, 2, 4]);
        for part in [&data.train, &data.validation] {
            let Targets::Classes(mut classes) = part.targets.clone() else {
                panic!("folders are classes");
            };
            classes.sort_unstable();
            assert_eq!(classes, [0, 1]);
        }
        let message = said(&["train/cat", "train/dog", &inner("cat")]);
        assert!(
            message.contains(&format!(
                "{validation}: has no folder for the class dog, which"
            )),
            "{message}"
        );
    }
    let message = said(&["train/cat", "val/cat", "val/fox"]);
    assert!(
        message.contains("train: has no folder for the class fox"),
        "{message}"
    );
    let message = said(&["train/cat", "val/cat", "valid/cat"]);
    assert!(message.contains("is the same part as"), "{message}");
    // What the words mean where pictures lie in them.
    let data = load(&spec(parts(&["train", "test"]).path())).unwrap();
    assert_eq!(data.class_names(), ["test", "train"]);
    let data = load(&spec(parts(&["train", "bus"]).path())).unwrap();
    assert_eq!(data.class_names(), ["bus", "train"]);
}
