//! Values of the original NASBOT implementation (unmodified, Python 2.7.18), as compact JSON.
//!
//! `networks.json.gz` holds networks with everything that follows from them, `morphs.json.gz`
//! deterministic morph steps, `invalid.json.gz` descriptions that are no networks and constraint
//! checks. Networks are in the interchange format. Units that the original put on input, decision
//! and output layers of some perceptrons are left out of them and kept as `stored_units`.

use std::io::Read as _;
use std::path::Path;

use nn_graph::Network;
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
pub(crate) struct Golden {
    pub(crate) id: String,
    pub(crate) network: Network,
    /// The same network with its layers listed in another order.
    pub(crate) listed: Option<Network>,
    pub(crate) masses: Vec<f64>,
    pub(crate) total_mass: f64,
    pub(crate) channels_in: Vec<Option<u32>>,
    pub(crate) channels_out: Vec<Option<u32>>,
    pub(crate) in_degrees: Vec<usize>,
    pub(crate) out_degrees: Vec<usize>,
    pub(crate) shrinkage_in: Vec<Option<u32>>,
    pub(crate) shrinkage_out: Vec<Option<u32>>,
    pub(crate) to_input: Vec<(String, Vec<f64>)>,
    pub(crate) to_output: Vec<(String, Vec<f64>)>,
}

/// The JSON in `tests/golden/<name>.json.gz`.
pub(crate) fn read<T: serde::de::DeserializeOwned>(name: &str) -> T {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/{name}.json.gz"));
    let file = std::fs::File::open(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut json = String::new();
    flate2::read::GzDecoder::new(file)
        .read_to_string(&mut json)
        .unwrap();
    serde_json::from_str(&json).unwrap()
}

pub(crate) fn networks() -> Vec<Golden> {
    read("networks")
}

/// The descriptions as they were stored, before any reader of ours has sorted them.
pub(crate) fn raw_networks() -> Vec<Value> {
    read::<Vec<Value>>("networks")
        .into_iter()
        .map(|mut golden| golden["network"].take())
        .collect()
}
