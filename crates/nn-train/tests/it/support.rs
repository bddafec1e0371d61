//! Networks, files and data that several tests share.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use nn_graph::{Kind, Layer, Network, Op};
use nn_train::Error;
use nn_train::data::{self, DataSpec, Dataset, Format, Task};

/// Writes `content` to `name` in a folder.
pub(crate) fn write(folder: &tempfile::TempDir, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    path
}

/// Loads a data set, and asserts that its description says the same of it, or finds the same error.
pub(crate) fn load(spec: &DataSpec) -> Result<Dataset, Error> {
    let loaded = data::load(spec);
    match (&loaded, data::describe(spec)) {
        (Ok(data), Ok(contents)) => {
            let parts = [&data.train, &data.validation, &data.test].map(|part| part.len());
            assert_eq!(contents.shape, data.shape);
            assert_eq!(contents.parts, parts);
            let names = contents.classes.iter().map(|(name, _)| name);
            assert!(names.eq(data.class_names()), "{contents:?}");
            assert!(
                contents
                    .preparation
                    .is_none_or(|found| found == data.preparation)
            );
            assert_eq!(contents.notes, data.notes);
        }
        // Of a folder of images the first one is looked at, and the others' headers.
        (Err(_), _) if spec.format() == Some(Format::Images) => {}
        (Err(error), Err(found)) => assert_eq!(found.to_string(), error.to_string()),
        (loaded, contents) => panic!("load: {loaded:?}\ndescribe: {contents:?}"),
    }
    loaded
}

/// `content`, compressed.
pub(crate) fn gzip(content: impl AsRef<[u8]>) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content.as_ref()).unwrap();
    encoder.finish().unwrap()
}

/// `content` as it is, in the frame of a compressed file: the last bytes are its CRC-32 and its length.
pub(crate) fn stored_gzip(content: impl AsRef<[u8]>) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::none());
    encoder.write_all(content.as_ref()).unwrap();
    encoder.finish().unwrap()
}

/// The handwritten digits that ship with the project.
pub(crate) fn digits() -> DataSpec {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../datasets/digits/digits.csv.gz");
    DataSpec {
        image: Some([1, 8, 8].into()),
        ..DataSpec::new(path, Task::Class)
    }
}

/// A network whose layers follow one another; input, decision and output are added.
pub(crate) fn chain(kind: Kind, layers: &[Layer]) -> Network {
    let mut all = vec![Layer::plain(Op::Ip)];
    all.extend_from_slice(layers);
    all.extend([Layer::plain(kind.decision()), Layer::plain(Op::Op)]);
    let edges: Vec<_> = (1..all.len()).map(|i| (i - 1, i)).collect();
    Network::new(kind, all, edges).unwrap()
}

/// The 230 networks of the original NASBOT implementation that nn-graph's tests hold, by name.
pub(crate) fn golden_networks() -> Vec<(String, Network)> {
    #[derive(serde::Deserialize)]
    struct Entry {
        id: String,
        network: Network,
    }
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../nn-graph/tests/golden/networks.json.gz");
    let mut text = String::new();
    GzDecoder::new(std::fs::File::open(path).unwrap())
        .read_to_string(&mut text)
        .unwrap();
    let entries: Vec<Entry> = serde_json::from_str(&text).unwrap();
    assert_eq!(entries.len(), 230);
    entries
        .into_iter()
        .map(|entry| (entry.id, entry.network))
        .collect()
}
