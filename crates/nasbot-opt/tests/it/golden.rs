//! Values of the original NASBOT implementation, across crates: networks → distances → Gaussian
//! processes, and its synthetic functions.

use std::collections::BTreeMap;
use std::io::Read as _;

use gp::{Distances, Form, Gp, Indefinite, Kernel as _, Options};
use nasbot_opt::synthetic;
use ndarray::{Array2, Array3};
use nn_graph::{Kind, Network};
use otmann::{Metric, Profile};
use serde_json::Value;

fn read(path: &str) -> Value {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let file = std::fs::File::open(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut text = String::new();
    flate2::read::GzDecoder::new(file)
        .read_to_string(&mut text)
        .unwrap();
    serde_json::from_str(&text).unwrap()
}

fn networks() -> BTreeMap<String, Network> {
    let all = read("../nn-graph/tests/golden/networks.json.gz");
    let all = all.as_array().unwrap().iter().map(|entry| {
        let id = entry["id"].as_str().unwrap().to_owned();
        (
            id,
            serde_json::from_value(entry["network"].clone()).unwrap(),
        )
    });
    all.collect()
}

fn floats(value: &Value) -> Vec<f64> {
    match value.as_array() {
        Some(values) => values.iter().flat_map(floats).collect(),
        None => value.as_f64().into_iter().collect(),
    }
}

fn close(found: f64, expected: f64, tolerance: f64, what: &str) {
    let error = (found - expected).abs() / expected.abs().max(1e-12);
    assert!(
        error <= tolerance,
        "{what}: {found} is not {expected} (relative error {error:e})"
    );
}

#[test]
fn synthetic_functions_are_the_originals() {
    let networks = networks();
    let golden = read("tests/golden/synthetic.json.gz");
    let golden = golden["networks"].as_array().unwrap();
    assert_eq!(golden.len(), 230);
    let mut plain = 0;
    for entry in golden {
        let id = entry["id"].as_str().unwrap();
        let network = &networks[id];
        // The original's perceptrons carry surplus units on layers that have none here, which enter
        // its mean: put its mean in the place of ours.
        let theirs = entry["mean_units"].as_f64().unwrap();
        let units: Vec<f64> = network
            .layers()
            .iter()
            .filter_map(|l| l.units)
            .map(f64::from)
            .collect();
        let ours = units.iter().sum::<f64>() / units.len() as f64;
        plain += usize::from((ours - theirs).abs() < 1e-9);
        let terms = |mean: f64| {
            let second = if network.kind() == Kind::Cnn {
                500.0
            } else {
                2000.0
            };
            (-0.002 * (mean - 1000.0).abs()).exp() + (-0.001 * (mean - second).abs()).exp()
        };
        let expected = entry["value"].as_f64().unwrap() - terms(theirs) + terms(ours);
        close(synthetic::value(network), expected, 1e-9, id);
    }
    assert_eq!(plain, 147);
}

/// The eight distances of the paper's kernels, raw and normalised in turn.
fn stack(metric: &Metric, rows: &[Profile], columns: &[Profile]) -> Array3<f64> {
    let distances = metric.cross(rows, columns).unwrap();
    Array3::from_shape_fn((8, rows.len(), columns.len()), |(layer, i, j)| {
        let matrices = if layer % 2 == 0 {
            &distances.raw
        } else {
            &distances.normalised
        };
        matrices[layer / 2][i * columns.len() + j]
    })
}

#[test]
fn networks_to_predictions_as_the_original() {
    let networks = networks();
    let golden = read("../gp/tests/golden/gp.json.gz");
    let cases = golden["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 12);
    for case in cases {
        let name = case["name"].as_str().unwrap();
        let profiles = |ids: &Value| -> (Metric, Vec<Profile>) {
            let ids = ids
                .as_array()
                .unwrap()
                .iter()
                .map(|id| id.as_str().unwrap());
            let networks: Vec<&Network> = ids.map(|id| &networks[id]).collect();
            let metric = Metric::for_kind(networks[0].kind());
            let profiles = networks
                .iter()
                .map(|n| metric.profile(n).unwrap())
                .collect();
            (metric, profiles)
        };
        let (metric, train) = profiles(&case["train"]);
        let (_, test) = profiles(&case["test"]);
        let form = match case["kernel_type"].as_str().unwrap() {
            "lpemd_sum" => Form::Sum,
            _ => Form::Product,
        };
        let mut parameters = floats(&case["noise_var"]);
        parameters.extend(floats(&case["alphas"]));
        parameters.extend(floats(&case["scale"]));
        parameters.extend(floats(&case["betas"]));
        parameters.iter_mut().for_each(|p| *p = p.ln());

        let distances = stack(&metric, &train, &train);
        let layers: Vec<&[f64]> = distances
            .as_slice()
            .unwrap()
            .chunks(train.len().pow(2))
            .collect();
        let mut gram = Array2::zeros((train.len(), train.len()));
        form.kernel(4)
            .evaluate(&parameters[1..], &layers, gram.as_slice_mut().unwrap());
        for (found, expected) in gram.iter().zip(floats(&case["K"])) {
            close(*found, expected, 1e-7, &format!("{name} K"));
        }

        let mean = case["mean_value"].as_f64().unwrap();
        let options = Options {
            mean,
            indefinite: Indefinite::Clip,
        };
        let distances = Distances::from_stack(distances.view()).unwrap();
        let gp = Gp::fit(
            form.kernel(4),
            &parameters,
            &distances,
            &floats(&case["Y"]),
            options,
        );
        let prediction = gp
            .unwrap()
            .predict(stack(&metric, &test, &train).view())
            .unwrap();
        for (found, expected) in prediction.mean.iter().zip(floats(&case["test_mean"])) {
            close(*found, expected, 1e-7, &format!("{name} mean"));
        }
        for (found, expected) in prediction.std.iter().zip(floats(&case["test_std_single"])) {
            close(*found, expected, 1e-7, &format!("{name} std"));
        }
    }
}
