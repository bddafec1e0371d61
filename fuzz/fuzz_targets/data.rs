//! Files of data: the first byte chooses the format, the second how much of the rest is the file with the labels.

#![no_main]

use std::fs;

use libfuzzer_sys::fuzz_target;
use nn_train::data::{Cache, DataSpec, Task, describe};

const NAMES: [&str; 7] = [
    "data.csv", "data.csv.gz", "data.npy", "data.npz", "data.idx", "data.idx.gz", "data.bin",
];

fuzz_target!(|data: &[u8]| {
    let [choice, share, rest @ ..] = data else {
        return;
    };
    let (labels, inputs) = rest.split_at(rest.len() * usize::from(*share) / 256);
    let folder = tempfile::tempdir().expect("there is a folder for temporary files");
    let name = NAMES[usize::from(choice / 2) % NAMES.len()];
    let path = folder.path().join(name);
    let task = if choice % 2 == 0 { Task::Class } else { Task::Reg };
    let mut spec = DataSpec::new(&path, task);
    spec.cache = Some(Cache::Switch(false));
    if name.contains(".npy") || name.contains(".idx") {
        let beside = folder.path().join(name.replace("data", "labels"));
        fs::write(&beside, labels).expect("a temporary file can be written");
        fs::write(&path, inputs).expect("a temporary file can be written");
        spec.labels = Some(beside);
    } else {
        fs::write(&path, rest).expect("a temporary file can be written");
    }
    drop(describe(&spec));
});
