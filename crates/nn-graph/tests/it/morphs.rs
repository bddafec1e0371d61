//! Every deterministic step of the golden morphs, with its explicit arguments.

use std::collections::BTreeMap;

use nn_graph::morph::{self, Change, Refusal};
use nn_graph::{Layer, Network, Op};
use serde::Deserialize;
use serde_json::Value;

use crate::golden;

#[derive(Deserialize)]
struct Morphs {
    steps: Vec<Step>,
    start_weights: BTreeMap<String, Vec<f64>>,
    wedge_units: BTreeMap<String, Vec<(usize, usize, u32)>>,
}

#[derive(Deserialize)]
struct Step {
    step: String,
    net: String,
    args: Value,
    /// The network, or none where the original gives up.
    result: Option<Network>,
}

#[derive(Deserialize)]
struct Source {
    id: String,
    network: Network,
    /// Units as the original stored them, where it put some on layers that have none.
    stored_units: Option<Vec<Option<u32>>>,
}

impl Step {
    fn number(&self, name: &str) -> usize {
        let number = self.args[name].as_u64().unwrap();
        usize::try_from(number).unwrap()
    }

    fn text(&self, name: &str) -> &str {
        self.args[name].as_str().unwrap()
    }

    /// The new layer: operation, units, stride, each under the name that the step gives it.
    fn layer(&self, op: &str, units: Option<u32>, stride: &str) -> Layer {
        let op: Op = self.text(op).parse().unwrap();
        let stride = self.args[stride].as_u64();
        Layer {
            op,
            units: units.filter(|_| op.has_units()),
            stride: stride.map(|stride| u8::try_from(stride).unwrap()),
        }
    }

    fn change(&self) -> Change {
        match self.text("inc_or_dec") {
            "increase" => Change::Increase,
            "decrease" => Change::Decrease,
            other => panic!("{other}"),
        }
    }

    /// "2/4" is the second of four runs of the layers with units.
    fn run(&self, network: &Network) -> Vec<usize> {
        let (index, runs) = self.text("group").split_once('/').unwrap();
        let (index, runs): (usize, usize) = (index.parse().unwrap(), runs.parse().unwrap());
        let with_units: Vec<usize> = (0..network.len())
            .filter(|&i| network.layers()[i].units.is_some())
            .collect();
        with_units[morph::run_of(with_units.len(), index - 1, runs)].to_vec()
    }

    fn take(&self, net: &Network) -> Result<Network, Refusal> {
        match self.step.as_str() {
            "single_layer_units" => {
                morph::change_units(net, &[self.number("layer")], self.change())
            }
            "modify_several_layers" => morph::change_units(net, &self.run(net), self.change()),
            "swap_layer_type" => {
                let i = self.number("layer");
                let layer = self.layer("replace_with", net.layers()[i].units, "new_stride");
                morph::swap_label(net, i, layer)
            }
            "wedge_layer" => {
                let units = self.args["units"].as_u64();
                let units = units.map(|units| u32::try_from(units).unwrap());
                let edge = (self.number("before"), self.number("after"));
                morph::wedge_layer(net, edge, self.layer("layer_type", units, "stride"))
            }
            "remove_layer" => morph::remove_layer(net, self.number("layer")),
            "create_duplicate_branch" => {
                let path: Vec<usize> = serde_json::from_value(self.args["path"].clone()).unwrap();
                let keep = self.args["keep_layer_with_prob"].as_u64() == Some(1);
                morph::duplicate_path(net, &path, |_| keep)
            }
            "create_skipped_network" => {
                let pool = match self.text("pool") {
                    "avg" => Op::AvgPool,
                    "max" => Op::MaxPool,
                    other => panic!("{other}"),
                };
                morph::add_skip(net, self.number("start"), self.number("end"), pool)
            }
            other => panic!("{other}"),
        }
    }
}

fn sources() -> BTreeMap<String, Source> {
    let sources = golden::read::<Vec<Source>>("networks");
    sources
        .into_iter()
        .map(|source| (source.id.clone(), source))
        .collect()
}

#[test]
fn every_step_gives_the_golden_network() {
    let sources = sources();
    let steps = golden::read::<Morphs>("morphs").steps;
    let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for (i, step) in steps.iter().enumerate() {
        let ours = step.take(&sources[&step.net].network);
        let what = format!("{i}: {} of {} with {}", step.step, step.net, step.args);
        let count = counts.entry(&step.step).or_default();
        match (&ours, &step.result) {
            (Ok(ours), Some(golden)) => {
                assert_eq!(ours, golden, "{what}");
                count.0 += 1;
            }
            (Err(Refusal::Invalid(_)), None) => count.1 += 1,
            _ => panic!("{what}: {ours:?}, golden {:?}", step.result),
        }
    }
    println!("step: equal networks, equal refusals: {counts:?}");
    assert_eq!(steps.len(), 903);
}

#[test]
fn starts_have_the_golden_weights() {
    let sources = sources();
    let golden = golden::read::<Morphs>("morphs").start_weights;
    assert_eq!(golden.len(), 14);
    for (id, golden) in golden {
        let ours = morph::start_weights(&sources[&id].network);
        assert_eq!(ours.len(), golden.len());
        for (ours, golden) in ours.iter().zip(&golden) {
            assert!(
                (ours - golden).abs() <= 1e-12,
                "{id}: {ours}, golden {golden}"
            );
        }
    }
}

#[test]
fn wedged_layers_get_the_golden_units() {
    let sources = sources();
    let golden = golden::read::<Morphs>("morphs").wedge_units;
    assert_eq!(golden.len(), 14);
    let (mut compared, mut left_out) = (0, 0);
    for (id, edges) in golden {
        let source = &sources[&id];
        for (from, to, units) in edges {
            // Where the original counts units of a layer that should have none, ours differ.
            let surplus = |i: usize| {
                let stored = source.stored_units.as_ref().and_then(|units| units[i]);
                stored != source.network.layers()[i].units && stored.is_some()
            };
            if surplus(from) || surplus(to) {
                left_out += 1;
                continue;
            }
            assert_eq!(
                morph::wedge_units(&source.network, (from, to)),
                Ok(units),
                "{id}"
            );
            compared += 1;
        }
    }
    println!("units of wedged layers: {compared} compared, {left_out} left out");
    assert!(compared > 250);
}
