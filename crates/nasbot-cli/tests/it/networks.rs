//! `inspect`, `distance`, `draw` and `validate` on networks; golden data are values of the original
//! NASBOT implementation.

use std::fs;

use std::fs::File;
use std::io::Read as _;

use serde_json::{Value, json};

use crate::support::{Folder, NETWORK};

fn golden(path: &str) -> Value {
    let path = format!("{}/../{path}", env!("CARGO_MANIFEST_DIR"));
    let mut text = String::new();
    flate2::read::GzDecoder::new(File::open(path).unwrap())
        .read_to_string(&mut text)
        .unwrap();
    serde_json::from_str(&text).unwrap()
}

fn floats(value: &Value) -> Vec<f64> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|x| x.as_f64().unwrap())
        .collect()
}

fn assert_close(a: &[f64], b: &[f64], what: &str) {
    assert_eq!(a.len(), b.len(), "{what}");
    for (a, b) in a.iter().zip(b) {
        assert!(
            (a - b).abs() <= 1e-9 * b.abs().max(1e-9),
            "{what}: {a} is not {b}"
        );
    }
}

#[test]
fn inspect_prints_what_the_original_computed() {
    let golden = golden("nn-graph/tests/golden/networks.json.gz");
    let networks = golden.as_array().unwrap();
    let lines: String = networks
        .iter()
        .map(|net| format!("{}\n", net["network"]))
        .collect();
    let output = Folder::new()
        .run_with(&["inspect", "-", "--format", "json"], &lines)
        .ok();
    assert_eq!(output.lines().count(), networks.len());
    for (line, net) in output.lines().zip(networks) {
        let found: Value = serde_json::from_str(line).unwrap();
        let id = net["id"].as_str().unwrap();
        let ops = net["network"]["layers"].as_array().unwrap();
        // Golden networks stand in topological order, but those listed in another order on purpose.
        if !id.ends_with("-scr") {
            let ops: Vec<_> = ops.iter().map(|layer| layer["op"].clone()).collect();
            assert_eq!(found["layers"], json!(ops), "{id}");
        }
        assert_close(&floats(&found["masses"]), &floats(&net["masses"]), id);
        let total = |value: &Value| value["total_mass"].as_f64().unwrap();
        assert_close(&[total(&found)], &[total(net)], id);
        for direction in ["to_input", "to_output"] {
            let categories = net[direction].as_array().unwrap();
            assert_eq!(
                found[direction].as_object().unwrap().len(),
                categories.len()
            );
            for pair in categories {
                let category = pair[0].as_str().unwrap();
                assert_close(&floats(&found[direction][category]), &floats(&pair[1]), id);
            }
        }
        assert_eq!(found["in_degrees"], net["in_degrees"], "{id}");
        assert_eq!(found["out_degrees"], net["out_degrees"], "{id}");
    }
}

#[test]
fn inspect_shows_one_file_or_several() {
    let folder = Folder::new();
    folder.write("a.json", NETWORK);
    folder.write("b.json", NETWORK);
    insta::assert_snapshot!("inspect", folder.run(&["inspect", "a.json"]).ok());
    let json = folder.run(&["inspect", "a.json", "--format", "json"]).ok();
    insta::assert_snapshot!("inspect_json", json);
    let both = folder
        .run(&["inspect", "a.json", "b.json", "--format", "json"])
        .ok();
    assert_eq!(both, format!("{json}{json}"));
}

#[test]
fn distance_prints_both_halves() {
    let folder = Folder::new();
    folder.write("a.json", NETWORK);
    folder.write("b.json", &NETWORK.replace("conv3", "res5"));
    insta::assert_snapshot!(
        "distance",
        folder.run(&["distance", "a.json", "b.json"]).ok()
    );
    let found = folder
        .run(&["distance", "a.json", "b.json", "--format", "json"])
        .json();
    let (raw, normalised) = (floats(&found["raw"]), floats(&found["normalised"]));
    assert_eq!((raw.len(), normalised.len()), (4, 4));
    // Sixteen units of mass of conv3 and res5 cost 0.28 each; nothing else differs but path lengths
    // that count residual layers, so larger coefficients can only cost more.
    assert!(raw[0] >= 16.0 * 0.28 - 1e-9 && raw.is_sorted(), "{raw:?}");
    let arguments = [
        "distance",
        "a.json",
        "b.json",
        "--structure",
        "1.5,0.1",
        "--format",
        "json",
    ];
    let other = folder.run(&arguments).json();
    assert_close(
        &floats(&other["raw"]),
        &[raw[3], raw[0]],
        "order of coefficients",
    );
    let same = folder
        .run(&["distance", "a.json", "a.json", "--format", "json"])
        .json();
    assert_eq!(floats(&same["raw"]), [0.0; 4]);
    assert!(
        folder
            .run(&["distance", "a.json", "b.json", "--structure=-1"])
            .fails(2)
            .contains("-1")
    );
}

#[test]
fn distance_draws_a_line_for_each_match() {
    let folder = Folder::new();
    folder.write("a.json", NETWORK);
    folder.write("b.json", &NETWORK.replace("conv3", "res5"));
    let arguments = ["distance", "a.json", "b.json"];
    let plain = folder.run(&arguments).ok();
    let drawn = folder
        .run(&[&arguments[..], &["--draw", "m.svg"]].concat())
        .ok();
    assert_eq!(drawn, plain, "the distances are printed all the same");
    let svg = folder.read("m.svg");
    // The names of the files, and the first of the distances that are printed.
    let first = plain
        .lines()
        .nth(1)
        .unwrap()
        .split_whitespace()
        .nth(2)
        .unwrap();
    let distance = format!(">distance {}", &first[..5]);
    for text in [
        "<svg",
        "conv3",
        "res5",
        ">a</text>",
        ">b</text>",
        &distance,
        "</svg>",
    ] {
        assert!(svg.contains(text), "no {text} in {svg}");
    }
    let printed = folder
        .run(&[&arguments[..], &["--draw", "-"]].concat())
        .ok();
    assert_eq!(printed.trim_end(), svg.trim_end());
    let refused = folder
        .run(&["distance", "--pairs", "p", "--draw", "m.svg"])
        .fails(2);
    assert!(refused.contains("cannot be used with"), "{refused}");
}

#[test]
fn distance_answers_line_by_line() {
    let folder = Folder::new();
    let (a, b) = (NETWORK, NETWORK.replace("conv3", "res5"));
    let pairs = format!("{{\"a\":{a},\"b\":{b}}}\n\n{{\"a\":{b},\"b\":{b}}}\n");
    folder.write("a.json", a);
    folder.write("b.json", &b);
    let one = folder
        .run(&["distance", "a.json", "b.json", "--format", "json"])
        .ok();
    let arguments = ["distance", "--pairs", "-", "--format", "json"];
    let lines = folder.run_with(&arguments, &pairs).ok();
    assert_eq!(lines.lines().next(), one.lines().next());
    assert_eq!(lines.lines().count(), 2);
    folder.write("pairs.jsonl", &pairs);
    let arguments = ["distance", "--pairs", "pairs.jsonl", "--format", "json"];
    assert_eq!(folder.run(&arguments).ok(), lines);
}

#[test]
fn errors_in_streams_name_the_line() {
    let folder = Folder::new();
    let bad = NETWORK.replace("\"stride\":1", "\"stride\":3");
    let ran = folder.run_with(
        &["inspect", "-", "--format", "json"],
        &format!("{NETWORK}\n{bad}\n"),
    );
    assert_eq!(
        ran.stdout.lines().count(),
        1,
        "what came before the error is answered"
    );
    insta::assert_snapshot!("error_network_line", ran.fails(2));
    let pairs = ["distance", "--pairs", "-", "--format", "json"];
    let error = folder
        .run_with(&pairs, &format!("\n{{\"a\":{NETWORK},\"b\":{bad}}}\n"))
        .fails(2);
    insta::assert_snapshot!("error_pair_network", error);
    insta::assert_snapshot!(
        "error_pair",
        folder.run_with(&pairs, "{\"a\":1}\n").fails(2)
    );
    let mlp = r#"{"kind":"mlp-class","layers":[{"op":"ip"},{"op":"relu","units":8},{"op":"softmax"},{"op":"op"}],"edges":[[0,1],[1,2],[2,3]]}"#;
    let error = folder
        .run_with(&pairs, &format!("{{\"a\":{NETWORK},\"b\":{mlp}}}\n"))
        .fails(2);
    assert!(
        error.contains("line 1") && error.contains("mlp-class"),
        "{error}"
    );
}

#[test]
fn invalid_networks_are_refused_with_file_and_layer() {
    let folder = Folder::new();
    folder.write("good.json", NETWORK);
    folder.write("cycle.json", &NETWORK.replace("[1,2],", "[1,2],[2,1],"));
    folder.write("op.json", &NETWORK.replace("max-pool", "maxpool"));
    folder.write("text.json", "networks are great");
    folder.write(
        "units.json",
        &NETWORK
            .replace("\"units\":16", "\"units\":1.5")
            .replace(",\"edges\"", ",\n\"edges\""),
    );
    folder.write("key.json", &NETWORK.replace("\"edges\"", "\"edge\""));
    folder.write("cut.json", &NETWORK[..40]);
    let files = [
        "validate",
        "good.json",
        "cycle.json",
        "op.json",
        "text.json",
        "units.json",
        "key.json",
        "cut.json",
        "none.json",
    ];
    let ran = folder.run(&files);
    insta::assert_snapshot!("validate", ran.stdout);
    let here = folder.path("").display().to_string();
    let error = ran.fails(2).replace(here.trim_end_matches('/'), "HERE");
    insta::assert_snapshot!("validate_errors", error);
    let valid = folder
        .run(&["validate", "good.json", "--format", "json"])
        .json();
    assert_eq!(valid, json!({"file": "good.json", "valid": true}));
    folder
        .run_with(&["validate", "-"], &format!("{NETWORK}\n{NETWORK}\n"))
        .ok();
    let ran = folder.run_with(&["validate", "-"], &format!("{NETWORK}\n{{}}\n{NETWORK}\n"));
    assert_eq!(ran.stdout.lines().count(), 3, "all lines are judged");
    assert!(ran.fails(2).contains("line 2"));
}

#[test]
fn every_description_that_the_original_refuses_is_refused() {
    let golden = golden("nn-graph/tests/golden/invalid.json.gz");
    let folder = Folder::new();
    // It has no conv9, which we have; and units in a list of their own, whose length can be wrong.
    let fine_here = ["unknown label conv9", "num_units shorter"];
    let fine = |case: &Value| {
        fine_here
            .iter()
            .any(|name| case["name"].as_str().unwrap().starts_with(name))
    };
    let networks: Vec<&Value> = (golden["descriptions"].as_array().unwrap().iter())
        .filter(|case| case["original"] == "exception" && !fine(case))
        .map(|case| &case["network"])
        .collect();
    assert!(networks.len() > 30, "{}", networks.len());
    let lines: String = networks
        .iter()
        .map(|network| format!("{network}\n"))
        .collect();
    let ran = folder.run_with(&["validate", "-", "--format", "json"], &lines);
    assert_eq!(ran.stdout.lines().count(), networks.len());
    for line in ran.stdout.lines() {
        let verdict: Value = serde_json::from_str(line).unwrap();
        assert_eq!(verdict["valid"], json!(false), "{line}");
    }
    ran.fails(2);
}

#[test]
fn networks_are_drawn() {
    let folder = Folder::new();
    folder.write("net.json", NETWORK);
    folder.run(&["draw", "net.json", "-o", "net.svg"]).ok();
    let svg = folder.read("net.svg");
    assert!(svg.contains("<svg") && svg.contains("conv3") && svg.trim_end().ends_with("</svg>"));
    folder.run(&["draw", "net.json", "-o", "net.dot"]).ok();
    assert!(folder.read("net.dot").contains("digraph"));
    let piped = folder.run_with(&["draw", "-", "--to", "dot"], NETWORK).ok();
    assert_eq!(piped.trim(), folder.read("net.dot").trim());
    // The signature of PNG, and the sides of the SVG twice as many pixels.
    folder.run(&["draw", "net.json", "-o", "net.png"]).ok();
    let png = fs::read(folder.path("net.png")).unwrap();
    assert!(png.starts_with(b"\x89PNG\r\n\x1a\n"));
    let width = u32::from_be_bytes(png[16..20].try_into().unwrap());
    let svg_width = svg
        .split_once("width=\"")
        .unwrap()
        .1
        .split('"')
        .next()
        .unwrap();
    assert_eq!(width, 2 * svg_width.parse::<u32>().unwrap());
    assert!(
        folder
            .run(&["draw", "net.json", "-o", "net.gif"])
            .fails(2)
            .contains("--to")
    );
    folder
        .run(&["draw", "none.json", "-o", "none.svg"])
        .fails(2);
}
