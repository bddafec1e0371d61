//! A network in JSON: what is accepted can be measured, written, and read again as the same network.

#![no_main]

use libfuzzer_sys::fuzz_target;
use nn_graph::Network;

fuzz_target!(|data: &[u8]| {
    if let Ok(network) = serde_json::from_slice::<Network>(data) {
        assert!(network.total_mass().is_finite());
        let text = serde_json::to_string(&network).expect("a network can be written");
        let again: Network = serde_json::from_str(&text).expect("what was written can be read");
        assert!(again == network, "{text}");
    }
});
