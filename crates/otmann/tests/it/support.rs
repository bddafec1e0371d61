//! Golden data and small helpers.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use flate2::read::GzDecoder;
use nn_graph::Network;
use otmann::{Metric, Profile};
use serde_json::Value;

/// Reads a gzip-compressed JSON file below the crate.
pub(crate) fn read(path: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let file = File::open(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut text = String::new();
    GzDecoder::new(file).read_to_string(&mut text).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// A golden network: its id, and itself. `order[k]` is the golden number of layer k.
pub(crate) struct Golden {
    pub(crate) id: String,
    pub(crate) network: Network,
    pub(crate) order: Vec<usize>,
}

/// Every golden network (values of the original NASBOT implementation).
pub(crate) fn networks() -> Vec<Golden> {
    let all = read("../nn-graph/tests/golden/networks.json.gz");
    all.as_array().unwrap().iter().map(golden).collect()
}

fn golden(entry: &Value) -> Golden {
    let network = &entry["network"];
    let layers = network["layers"].as_array().unwrap().len();
    let edges: Vec<(usize, usize)> = serde_json::from_value(network["edges"].clone()).unwrap();
    let (_, order) = nn_graph::Dag::new(layers, edges).unwrap();
    let id = entry["id"].as_str().unwrap().to_owned();
    let network = serde_json::from_value(network.clone()).unwrap_or_else(|e| panic!("{id}: {e}"));
    Golden { id, network, order }
}

pub(crate) fn strings(value: &Value) -> Vec<String> {
    serde_json::from_value(value.clone()).unwrap()
}

pub(crate) fn floats(value: &Value) -> Vec<f64> {
    serde_json::from_value(value.clone()).unwrap()
}

/// The golden network called `id`.
pub(crate) fn find<'a>(networks: &'a [Golden], id: &str) -> &'a Golden {
    networks
        .iter()
        .find(|n| n.id == id)
        .unwrap_or_else(|| panic!("no network {id}"))
}

/// Its profile under its kind's default metric, and that metric.
pub(crate) fn profile(golden: &Golden) -> (Metric, Profile) {
    let metric = Metric::for_kind(golden.network.kind());
    let profile = Profile::new(&golden.network, &metric).unwrap();
    (metric, profile)
}
