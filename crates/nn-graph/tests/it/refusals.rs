//! The golden descriptions that are no networks: each is refused with an error that names the layer.

use std::collections::BTreeMap;

use nn_graph::Network;
use serde::Deserialize;
use serde_json::Value;

use crate::golden;

#[derive(Deserialize)]
struct Cases {
    descriptions: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    network: Value,
    original: String,
}

fn cases() -> BTreeMap<String, Case> {
    let cases = golden::read::<Cases>("invalid").descriptions;
    cases
        .into_iter()
        .map(|case| (case.name.clone(), case))
        .collect()
}

/// How the message for each case begins; what follows says what to do.
const REFUSED: [(&str, &str); 60] = [
    ("cycle", "the edges close a cycle through layers 2, 3, 1"),
    ("self loop", "the edges close a cycle through layers 2"),
    ("2-cycle", "the edges close a cycle through layers 3, 2"),
    ("no ip", "no layer is 'ip'"),
    ("no op", "no layer is 'op'"),
    (
        "two ip (second unreachable, isolated)",
        "layers 0 and 7 are both 'ip'",
    ),
    (
        "two ip (second feeds layer 2)",
        "layers 0 and 7 are both 'ip'",
    ),
    ("two ip, both reachable", "layers 0 and 2 are both 'ip'"),
    (
        "two op (both after softmax)",
        "layers 6 and 7 are both 'op'",
    ),
    ("two op in a chain", "layers 6 and 7 are both 'op'"),
    (
        "unreachable layer with edge into the network",
        "layer 7 (conv3) can't be reached from the input",
    ),
    (
        "isolated layer",
        "layer 7 (conv3) can't be reached from the input",
    ),
    (
        "isolated layer listed first",
        "layer 0 (conv3) can't be reached from the input",
    ),
    (
        "isolated two-layer component",
        "layer 7 (conv3) can't be reached from the input",
    ),
    (
        "dead-end layer (no path to op)",
        "layer 7 (conv3) does not lead to the output",
    ),
    (
        "dead-end layer that is last in topological order",
        "layer 13 (conv3) does not lead to the output",
    ),
    ("edge out of op", "layer 7 (fc) takes from the output"),
    (
        "image-size mismatch at a conv layer",
        "layer 3 (max-pool) takes images of different sizes: full size from layer 2 (conv3), 1/2 from layer 8 (conv3)",
    ),
    (
        "image-size mismatch at fc",
        "layer 3 (fc) takes images of different sizes: 1/2 from layer 2 (max-pool), full size from layer 6 (conv3)",
    ),
    (
        "image-size mismatch at softmax",
        "layer 4 (softmax) takes images of different sizes: full size from layer 1 (conv3), flattened from layer 3 (fc)",
    ),
    (
        "conv after fc",
        "layer 3 (conv3) needs an image but layer 2 (fc) has flattened it",
    ),
    (
        "pool after fc",
        "layer 3 (avg-pool) needs an image but layer 2 (fc) has flattened it",
    ),
    (
        "conv after softmax",
        "layer 2 (softmax) is a decision layer but feeds layer 3 (conv3)",
    ),
    (
        "non-conv after ip: pool",
        "layer 1 (max-pool) takes from the input but is no convolution",
    ),
    (
        "non-conv after ip: fc",
        "layer 1 (fc) takes from the input but is no convolution",
    ),
    (
        "non-conv after ip: one of two children",
        "layer 2 (fc) takes from the input but is no convolution",
    ),
    ("stride 3", "layer 1 (conv3) has stride 3"),
    ("conv with stride None", "layer 1 (conv3) has no stride"),
    ("fc with stride 1", "layer 4 (fc) carries a stride"),
    ("ip with stride 1", "layer 0 (ip) carries a stride"),
    ("pool with stride 2", "layer 3 (max-pool) carries a stride"),
    (
        "layer before op not softmax (fc)",
        "layer 2 (fc) feeds the output",
    ),
    (
        "one of two layers before op not softmax",
        "layer 2 (fc) feeds the output",
    ),
    ("unknown label gru", "layer 2: unknown operation 'gru'"),
    ("conv with units None", "layer 1 (conv3) has no units"),
    ("fc with units None", "layer 4 (fc) has no units"),
    ("conv with 0 units", "layer 1 (conv3) has 0 units"),
    ("conv with -8 units", "layer 1 (conv3) has -8 units"),
    ("conv with 12.5 units", "layer 1 (conv3) has 12.5 units"),
    ("fc with 0 units", "layer 4 (fc) has 0 units"),
    (
        "pool with units 16 (allowed)",
        "layer 3 (max-pool) carries units",
    ),
    ("cnn ip with units 3", "layer 0 (ip) carries units"),
    (
        "cnn softmax with units 10",
        "layer 5 (softmax) carries units",
    ),
    (
        "no processing layer, 3 layers",
        "layer 1 (softmax) takes from the input but is no convolution",
    ),
    (
        "no processing layer, 4 layers",
        "layer 1 (softmax) takes from the input but is no convolution",
    ),
    ("ip-op only", "layer 0 (ip) feeds the output"),
    ("no decision layer", "layer 1 (conv3) feeds the output"),
    (
        "mlp-reg: layer before op is softmax",
        "layer 3 (softmax) does not belong in a network of kind mlp-reg",
    ),
    (
        "mlp-class: layer before op is linear",
        "layer 3 (linear) does not belong in a network of kind mlp-class",
    ),
    (
        "mlp-reg: cycle",
        "the edges close a cycle through layers 2, 1",
    ),
    (
        "mlp-reg: unknown label",
        "layer 1: unknown operation 'swish'",
    ),
    (
        "mlp-reg: conv layer",
        "layer 1 (conv3) does not belong in a network of kind mlp-reg",
    ),
    (
        "mlp-reg: relu with units None",
        "layer 1 (relu) has no units",
    ),
    ("mlp-reg: relu with 0 units", "layer 1 (relu) has 0 units"),
    (
        "mlp-reg: linear, ip and op with units",
        "layer 0 (ip) carries units",
    ),
    (
        "mlp-reg: isolated layer",
        "layer 5 (relu) can't be reached from the input",
    ),
    (
        "mlp-reg: dead end",
        "layer 5 (relu) does not lead to the output",
    ),
    (
        "mlp-reg: linear in the middle",
        "layer 2 (linear) is a decision layer but feeds layer 3 (tanh)",
    ),
    (
        "mlp class string \"regression\"",
        "unknown kind 'mlp-regression'",
    ),
    ("mlp class string \"foo\"", "unknown kind 'mlp-foo'"),
];

/// Descriptions that are networks here. The original refuses the convolution with 9×9 filters,
/// which it knows elsewhere, and goes wrong over a list of units of another length than its list
/// of layers, which this format can't express. The others are its controls, a perceptron without
/// hidden layers (linear regression), and decision layers of which one has flattened its image
/// and one takes it whole: both end in class probabilities, which are averaged.
const ACCEPTED: [&str; 7] = [
    "valid chain (control)",
    "valid mlp-reg chain (control)",
    "image-size mismatch at op",
    "unknown label conv9 (not in get_cnn_layer_labels())",
    "num_units longer than labels by one",
    "num_units shorter than labels by one",
    "mlp-reg: ip -> linear -> op only",
];

/// Refused here though the original constructs them: units that are no whole number of at least 1,
/// and units on layers that have none.
const REFUSED_HERE_ALONE: [&str; 5] = [
    "conv with 12.5 units",
    "fc with 0 units",
    "pool with units 16 (allowed)",
    "mlp-reg: relu with 0 units",
    "mlp-reg: linear, ip and op with units",
];

#[test]
fn what_is_no_network_is_refused_by_name() {
    let cases = cases();
    assert_eq!(cases.len(), REFUSED.len() + ACCEPTED.len());
    for (name, begins) in REFUSED {
        let case = &cases[name];
        let error = case.network.to_string().parse::<Network>().unwrap_err();
        let message = error.to_string();
        assert!(message.starts_with(begins), "{name}: {message}");
        let through_serde = serde_json::from_value::<Network>(case.network.clone());
        assert_eq!(through_serde.unwrap_err().to_string(), message, "{name}");
        let original_refuses = case.original == "exception";
        assert_eq!(
            original_refuses,
            !REFUSED_HERE_ALONE.contains(&name),
            "{name}"
        );
    }
}

#[test]
fn what_is_a_network_is_accepted() {
    let cases = cases();
    for name in ACCEPTED {
        let parsed = cases[name].network.to_string().parse::<Network>();
        assert!(parsed.is_ok(), "{name}: {parsed:?}");
    }
}

#[test]
fn json_of_another_shape_is_refused_with_its_place() {
    let says = |json: &str| json.parse::<Network>().unwrap_err().to_string();
    assert!(says("{").contains("line 1"));
    assert!(says("[1, 2]").contains("line 1"));
    let unknown = says(r#"{"kind":"cnn","layers":[{"op":"ip","filters":3}],"edges":[]}"#);
    assert!(unknown.contains("filters"), "{unknown}");
    let backwards = says(r#"{"kind":"cnn","layers":[{"op":"ip"},{"op":"op"}],"edges":[[0,2]]}"#);
    assert!(
        backwards.starts_with("edge [0, 2] names a layer"),
        "{backwards}"
    );
    let twice = says(r#"{"kind":"cnn","layers":[{"op":"ip"},{"op":"op"}],"edges":[[0,1],[0,1]]}"#);
    assert!(twice.starts_with("edge [0, 1] is listed twice"), "{twice}");
}
