//! Tables that are kept as they were read.

use std::fs;
use std::path::{Path, PathBuf};

use nn_train::data::{Cache, DataSpec, Dataset, InputShape, Targets, Task, TestSpec, load};

use crate::support::{digits, gzip, write};

/// The files of the cache in a folder.
fn kept(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = (fs::read_dir(folder).into_iter().flatten())
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
}

/// Changes a table in the cache so that it can be told from the file, keeping its checksum right: the first byte of
/// the inputs becomes 99.
fn mark(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let size = u32::from_le_bytes(bytes[8..12].try_into().unwrap()) as usize;
    let header = String::from_utf8(bytes[12..12 + size].to_vec()).unwrap();
    let value: serde_json::Value = serde_json::from_str(&header).unwrap();
    let with = |crc: u32| {
        let old = format!("\"crc\":{}", value["crc"]);
        header.replace(&old, &format!("\"crc\":{crc}"))
    };
    bytes[12 + size] = 99;
    let mut crc = flate2::Crc::new();
    crc.update(with(0).as_bytes());
    crc.update(&bytes[12 + size..]);
    let header = with(crc.sum());
    let mut out = bytes[..8].to_vec();
    out.extend((header.len() as u32).to_le_bytes());
    out.extend(header.as_bytes());
    out.extend(&bytes[12 + size..]);
    fs::write(path, out).unwrap();
}

/// The header of a table's file and what follows, without the stamps, which depend on how long ago the data were written.
fn content(bytes: &[u8]) -> (serde_json::Value, Vec<u8>) {
    let size = u32::from_le_bytes(bytes[8..12].try_into().unwrap()) as usize;
    let mut header: serde_json::Value = serde_json::from_slice(&bytes[12..12 + size]).unwrap();
    header["stamps"].take();
    header["crc"].take();
    (header, bytes[12 + size..].to_vec())
}

/// As a whole number, which all first inputs here are.
fn first_input(spec: &DataSpec) -> i64 {
    load(spec).unwrap().train.inputs()[0] as i64
}

fn plain(path: PathBuf, task: Task, cache: &Path) -> DataSpec {
    let mut spec = DataSpec::new(path, task);
    spec.standardise = false;
    spec.split.shuffle = false;
    spec.cache = Some(Cache::Folder(cache.into()));
    spec
}

const TABLE: &str = "1,2,0\n3,4,1\n5,6,0\n7,8,1\n9,10,0\n";

#[test]
fn what_comes_from_the_cache_is_what_was_read() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("cache");
    let word = write(
        &folder,
        "words.csv",
        "1.5,-2,cat\n-0.0,4,dog\n5,1e-30,cat\n7,8,dog\n9,10,cat\n",
    );
    let number = write(
        &folder,
        "numbers.csv.gz",
        gzip("1,2,0.5\n3,4,-1\n5,6,2\n7,8,1e6\n9,10,3\n"),
    );
    let zero = write(
        &folder,
        "zero.csv",
        "-0.0,2,0\n3,4,1\n5,6,0\n7,8,1\n9,10,0\n",
    );
    for (path, task) in [
        (word, Task::Class),
        (number, Task::Reg),
        (zero, Task::Class),
    ] {
        let mut spec = plain(path, task, &cache);
        spec.cache = Some(Cache::Switch(false));
        let direct = load(&spec).unwrap();
        spec.cache = Some(Cache::Folder(cache.clone()));
        let before = kept(&cache).len();
        let first = load(&spec).unwrap();
        assert_eq!(kept(&cache).len(), before + 1);
        let second = load(&spec).unwrap();
        let bits = |data: &Dataset| {
            data.train
                .inputs()
                .iter()
                .map(|x| x.to_bits())
                .collect::<Vec<_>>()
        };
        for data in [&first, &second] {
            assert_eq!(*data, direct);
            assert_eq!(bits(data), bits(&direct));
        }
    }
    let mut spec = digits();
    let direct = load(&spec).unwrap();
    spec.cache = Some(Cache::Folder(cache.clone()));
    assert_eq!(load(&spec).unwrap(), direct);
    assert_eq!(load(&spec).unwrap(), direct);
    assert_eq!(direct.shape, InputShape::Image([1, 8, 8].into()));
    // Sixty-four bytes an image rather than four times as many, and the names of as many columns.
    let size = |path: &PathBuf| fs::metadata(path).unwrap().len();
    let largest = kept(&cache).iter().map(size).max().unwrap();
    assert!((1797 * 68..1797 * 71).contains(&largest), "{largest}");
}

#[test]
fn the_cache_is_used_until_the_file_changes() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("cache");
    let path = write(&folder, "a.csv", TABLE);
    let mut spec = plain(path.clone(), Task::Class, &cache);
    assert_eq!(first_input(&spec), 1);
    let [table] = kept(&cache).try_into().unwrap();
    mark(&table);
    assert_eq!(first_input(&spec), 99, "the cache is not used");
    // Another division of the same table is read from the same file.
    spec.split.train = Some(0.4);
    assert_eq!(first_input(&spec), 99);
    // Same length, and the time of the last change set back.
    let changed = fs::metadata(&path).unwrap().modified().unwrap();
    fs::write(&path, TABLE.replacen('1', "4", 1)).unwrap();
    fs::File::options()
        .append(true)
        .open(&path)
        .unwrap()
        .set_modified(changed)
        .unwrap();
    assert_eq!(first_input(&spec), 4);
    assert_eq!(
        kept(&cache),
        std::slice::from_ref(&table),
        "the new table takes the place of the old"
    );
    // Read in another way, the same file is another table.
    spec.ignore = vec![nn_train::data::Column::Number(0)];
    assert_eq!(first_input(&spec), 2);
    assert_eq!(kept(&cache).len(), 2);
}

#[test]
fn a_damaged_cache_is_read_anew_and_written_again() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("cache");
    let spec = plain(write(&folder, "a.csv", TABLE), Task::Reg, &cache);
    let expected = load(&spec).unwrap();
    let [table] = kept(&cache).try_into().unwrap();
    let whole = fs::read(&table).unwrap();
    let written = content(&whole);
    let mut damages: Vec<Vec<u8>> = (0..whole.len())
        .map(|length| whole[..length].to_vec())
        .collect();
    for place in 0..whole.len() {
        let mut flipped = whole.clone();
        flipped[place] ^= 4;
        damages.push(flipped);
    }
    damages.push([whole.clone(), vec![0]].concat());
    for damaged in damages {
        fs::write(&table, &damaged).unwrap();
        assert_eq!(load(&spec).unwrap(), expected);
        assert_eq!(content(&fs::read(&table).unwrap()), written);
    }
}

#[test]
fn a_test_file_s_table_follows_from_the_main_file_s_classes() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("cache");
    let main = |names: [&str; 2]| names.map(|name| format!("1,{name}\n").repeat(3)).concat();
    let path = write(&folder, "a.csv", main(["b", "c"]));
    let mut spec = plain(path.clone(), Task::Class, &cache);
    spec.test = Some(TestSpec {
        path: write(&folder, "b.csv", "1,c\n").into(),
        labels: None,
    });
    for _ in 0..2 {
        assert_eq!(load(&spec).unwrap().test.targets, Targets::Classes(vec![1]));
    }
    fs::write(path, main(["a", "c"])).unwrap();
    fs::write(folder.path().join("b.csv"), "1,a\n").unwrap();
    assert_eq!(load(&spec).unwrap().test.targets, Targets::Classes(vec![0]));
}

#[test]
fn images_are_kept_until_one_of_them_changes() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("cache");
    let pictures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/pictures");
    let root = folder.path().join("images");
    for (class, name) in [
        ("a", "1.png"),
        ("a", "2.png"),
        ("b", "1.png"),
        ("b", "2.png"),
        ("b", "3.png"),
    ] {
        fs::create_dir_all(root.join(class)).unwrap();
        fs::copy(pictures.join("grey.png"), root.join(class).join(name)).unwrap();
    }
    let mut spec = plain(root.clone(), Task::Class, &cache);
    spec.image = Some([1, 2, 3].into());
    let before = load(&spec).unwrap();
    let [table] = kept(&cache).try_into().unwrap();
    mark(&table);
    assert_eq!(first_input(&spec), 99);
    fs::copy(pictures.join("colour.png"), root.join("b/3.png")).unwrap();
    let after = load(&spec).unwrap();
    assert_eq!(after.train, before.train);
    assert_ne!(after.test, before.test);
}

#[test]
fn without_a_place_to_write_the_data_are_read_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(&folder, "a.csv", TABLE);
    // A file where the folder should be.
    let blocked = write(&folder, "file", "");
    let spec = plain(path, Task::Class, &blocked.join("cache"));
    assert_eq!(first_input(&spec), 1);
}
