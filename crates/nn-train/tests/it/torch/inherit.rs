//! Models that begin with the weights of another.

use std::path::{Path, PathBuf};

use nn_graph::morph::{add_skip, duplicate_path, wedge_layer};
use nn_graph::{Bounds, Kind, Layer, Network, Op, mutate};
use nn_train::data::InputShape;
use nn_train::job::Inherit;
use nn_train::plan::Plan;
use nn_train::torch::inherit::{Inherited, leave, take_over};
use nn_train::torch::model::Model;
use rand::{RngExt as _, SeedableRng};
use rand_pcg::Pcg64;
use tch::{Device, Kind as Numbers, Tensor};

use super::alone;
use crate::support::chain;

const CPU: (Numbers, Device) = (Numbers::Float, Device::Cpu);

/// What networks of a kind are fitted to here.
fn plan(network: &Network) -> Option<Plan> {
    let input = match network.kind() {
        Kind::Cnn => InputShape::Image([3, 12, 12].into()),
        Kind::MlpClass | Kind::MlpReg => InputShape::Features(9),
    };
    Plan::new(network, input, 5).ok()
}

fn examples(network: &Network) -> Tensor {
    match network.kind() {
        Kind::Cnn => Tensor::randn([6, 3, 12, 12], CPU),
        Kind::MlpClass | Kind::MlpReg => Tensor::randn([6, 9], CPU),
    }
}

/// A model as a training may leave it: no batch norm is neutral, no bias 0.
fn trained(network: &Network) -> Model {
    let model = Model::new(plan(network).unwrap(), Device::Cpu).unwrap();
    tch::no_grad(|| {
        for (parameter, tensor) in model.parameters() {
            let mut tensor = tensor.shallow_clone();
            match parameter.name.rsplit('.').next() {
                _ if parameter.decays() => {}
                Some("weight" | "running_var") => drop(tensor.uniform_(0.5, 1.5)),
                _ => drop(tensor.normal_(0.1, 0.3)),
            }
        }
    });
    model
}

fn outputs(model: &Model, x: &Tensor) -> Tensor {
    tch::no_grad(|| model.forward(x, false)).unwrap()
}

/// A child of a parent whose weights stand in the file.
fn child(
    network: &Network,
    parent: &Network,
    weights: &Path,
    matches: &[(usize, usize)],
) -> (Model, Inherited) {
    let model = Model::new(plan(network).unwrap(), Device::Cpu).unwrap();
    let inherit = Inherit {
        network: parent.clone(),
        weights: weights.to_owned(),
        matches: matches.to_vec(),
    };
    let inherited = take_over(&model, &inherit, 3).unwrap();
    (model, inherited)
}

/// The largest difference of the outputs of two models for the same examples.
fn difference(a: &Model, b: &Model, x: &Tensor) -> f64 {
    (outputs(a, x) - outputs(b, x))
        .abs()
        .max()
        .double_value(&[])
}

pub(super) fn in_place(network: &Network) -> Vec<(usize, usize)> {
    (0..network.len()).map(|i| (i, i)).collect()
}

/// The longest common subsequence of operations: which layers of two networks stand for each other, roughly.
fn aligned(a: &Network, b: &Network) -> Vec<(usize, usize)> {
    let (n, m) = (a.len(), b.len());
    let mut length = vec![vec![0_usize; m + 1]; n + 1];
    for i in (0..n).rev() {
        for j in (0..m).rev() {
            length[i][j] = match a.layers()[i].op == b.layers()[j].op {
                true => length[i + 1][j + 1] + 1,
                false => length[i + 1][j].max(length[i][j + 1]),
            };
        }
    }
    let (mut i, mut j, mut out) = (0, 0, Vec::new());
    while i < n && j < m {
        if a.layers()[i].op == b.layers()[j].op && length[i][j] == length[i + 1][j + 1] + 1 {
            out.push((i, j));
            (i, j) = (i + 1, j + 1);
        } else if length[i + 1][j] >= length[i][j + 1] {
            i += 1;
        } else {
            j += 1;
        }
    }
    out
}

/// A file of weights of a model in a folder that lives as long.
fn left(model: &Model) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("parents/1.safetensors");
    leave(model, None, &path).unwrap();
    (folder, path)
}

/// Asserts that `network` computes what `parent` does once it has taken over its weights.
fn assert_kept(parent: &Network, network: &Network, matches: &[(usize, usize)]) {
    let model = trained(parent);
    let (_folder, path) = left(&model);
    let (child, inherited) = child(network, parent, &path, matches);
    assert!(inherited.keeps_function, "{}", network.to_json());
    let off = difference(&model, &child, &examples(parent));
    assert!(off < 2e-4, "{off:e}: {}", network.to_json());
}

#[test]
fn wider_layers_and_larger_filters_compute_the_same() {
    let _alone = alone(1);
    let (pool, mean) = (Layer::plain(Op::MaxPool), Layer::plain(Op::AvgPool));
    let (conv, res) = (
        |op, units| Layer::conv(op, units, 1),
        |units| Layer::conv(Op::Res3, units, 1),
    );
    for (before, after) in [
        (
            vec![
                conv(Op::Conv3, 6),
                pool,
                conv(Op::Conv3, 7),
                Layer::dense(Op::Fc, 9),
            ],
            vec![
                conv(Op::Conv5, 11),
                pool,
                conv(Op::Conv7, 7),
                Layer::dense(Op::Fc, 20),
            ],
        ),
        // Identity and identity; identity that becomes a projection; projection and projection.
        (
            vec![conv(Op::Conv3, 6), res(6)],
            vec![conv(Op::Conv3, 8), res(8)],
        ),
        (
            vec![conv(Op::Conv3, 6), res(6)],
            vec![conv(Op::Conv3, 8), Layer::conv(Op::Res5, 13, 1)],
        ),
        (
            vec![Layer::conv(Op::Res3, 6, 2), mean, res(8), res(8)],
            vec![Layer::conv(Op::Res3, 8, 2), mean, res(16), res(16)],
        ),
    ] {
        let (parent, network) = (chain(Kind::Cnn, &before), chain(Kind::Cnn, &after));
        assert_kept(&parent, &network, &in_place(&parent));
    }
    for op in [
        Op::Relu,
        Op::Crelu,
        Op::LeakyRelu,
        Op::Softplus,
        Op::Elu,
        Op::Logistic,
        Op::Tanh,
    ] {
        let network = |units| {
            chain(
                Kind::MlpClass,
                &[Layer::dense(op, units), Layer::dense(op, 6 + units)],
            )
        };
        let parent = network(5);
        assert_kept(&parent, &network(8), &in_place(&parent));
    }
}

#[test]
fn new_layers_copies_of_paths_and_shortcuts_compute_the_same() {
    let _alone = alone(2);
    let conv = |units| Layer::conv(Op::Conv3, units, 1);
    let parent = chain(
        Kind::Cnn,
        &[
            conv(6),
            conv(8),
            Layer::plain(Op::MaxPool),
            conv(7),
            Layer::dense(Op::Fc, 9),
        ],
    );
    for layer in [
        conv(6),
        conv(10),
        Layer::conv(Op::Res3, 6, 1),
        Layer::conv(Op::Res3, 9, 1),
    ] {
        let network = wedge_layer(&parent, (1, 2), layer).unwrap();
        let behind = (2..parent.len()).map(|i| (i, i + 1));
        let matches: Vec<_> = [(0, 0), (1, 1)].into_iter().chain(behind).collect();
        assert_kept(&parent, &network, &matches);
    }
    let network = wedge_layer(&parent, (5, 6), Layer::dense(Op::Fc, 9)).unwrap();
    assert_kept(&parent, &network, &aligned(&parent, &network));

    let network = duplicate_path(&parent, &[1, 2, 3, 4, 5], |_| true).unwrap();
    let ops: Vec<Op> = network.layers().iter().map(|layer| layer.op).collect();
    let of = |layer: &Layer| parent.layers().iter().position(|other| other == layer);
    let matches: Vec<(usize, usize)> = (network.layers().iter().enumerate())
        .filter_map(|(j, layer)| Some((of(layer)?, j)))
        .collect();
    assert!(network.len() > parent.len(), "{ops:?}");
    assert_kept(&parent, &network, &matches);

    let network = add_skip(&parent, 1, 4, Op::AvgPool).unwrap();
    let matches: Vec<(usize, usize)> = aligned(&parent, &network);
    assert_kept(&parent, &network, &matches);
}

#[test]
fn a_new_convolution_hands_on_what_comes_in_while_it_trains_too() {
    let _alone = alone(7);
    let conv = |units| Layer::conv(Op::Conv3, units, 1);
    let parent = chain(
        Kind::Cnn,
        &[conv(6), Layer::plain(Op::AvgPool), conv(8), conv(7)],
    );
    let network = wedge_layer(&parent, (3, 4), conv(8)).unwrap();
    let model = trained(&parent);
    let (_folder, path) = left(&model);
    let (child, inherited) = child(&network, &parent, &path, &aligned(&parent, &network));
    assert!(inherited.keeps_function);
    let x = Tensor::randn([256, 3, 12, 12], CPU);
    let training = |model: &Model| tch::no_grad(|| model.forward(&x, true)).unwrap();
    let (before, ours) = (training(&model), training(&child));
    let ours = (ours - &before)
        .abs()
        .mean(Numbers::Float)
        .double_value(&[]);
    // As a layer whose norm takes nothing over would do it.
    let weight = |name: &str| {
        let mut all = child.parameters();
        all.find(|(p, _)| p.name == name).unwrap().1.shallow_clone()
    };
    let new = (1..network.len())
        .find(|&i| network.layers()[i] == conv(8))
        .unwrap()
        + 1;
    tch::no_grad(|| {
        drop(weight(&format!("layer{new}.norm.weight")).fill_(1.0));
        drop(weight(&format!("layer{new}.norm.bias")).zero_());
    });
    let plain = (training(&child) - &before)
        .abs()
        .mean(Numbers::Float)
        .double_value(&[]);
    assert!(ours < 0.25 * plain, "{ours:e} {plain:e}");
}

#[test]
fn what_is_said_to_be_kept_after_any_morphs_is_kept() {
    let _alone = alone(3);
    let bounds = Bounds {
        max_layers: Some(14),
        max_units: Some(24),
        ..Bounds::default()
    };
    let constraints = bounds.checked().unwrap();
    let conv = |units| Layer::conv(Op::Conv3, units, 1);
    let cnn = [
        conv(8),
        Layer::conv(Op::Res3, 8, 1),
        Layer::plain(Op::MaxPool),
        conv(12),
        Layer::dense(Op::Fc, 10),
    ];
    let mlp = [
        Layer::dense(Op::Relu, 8),
        Layer::dense(Op::Crelu, 6),
        Layer::dense(Op::Tanh, 9),
    ];
    let mut rng = Pcg64::seed_from_u64(5);
    let (mut kept, mut others) = (0, 0);
    for round in 0..240 {
        let mut parent = match round % 2 {
            0 => chain(Kind::Cnn, &cnn),
            _ => chain(Kind::MlpClass, &mlp),
        };
        for _ in 0..rng.random_range(0..4) {
            parent = mutate(&parent, &constraints, &mut rng).unwrap_or(parent);
        }
        let Ok(network) = mutate(&parent, &constraints, &mut rng) else {
            continue;
        };
        if plan(&parent).is_none() || plan(&network).is_none() {
            continue;
        }
        let model = trained(&parent);
        let (_folder, path) = left(&model);
        let matches = aligned(&parent, &network);
        let (child, inherited) = child(&network, &parent, &path, &matches);
        let x = examples(&parent);
        let off = difference(&model, &child, &x);
        assert!(off.is_finite());
        if inherited.keeps_function {
            assert!(
                off < 1e-3,
                "{off:e}\n{}\n{}\n{matches:?}",
                parent.to_json(),
                network.to_json()
            );
            kept += 1;
        } else {
            others += 1;
        }
    }
    assert!(kept > 40 && others > 40, "{kept} kept, {others} others");
}

#[test]
fn narrower_layers_have_the_first_units_and_what_comes_from_nowhere_weighs_nothing() {
    let _alone = alone(4);
    let conv = |units| Layer::conv(Op::Conv3, units, 1);
    let parent = chain(Kind::Cnn, &[conv(8), conv(6)]);
    let model = trained(&parent);
    let (_folder, path) = left(&model);
    let tensor = |model: &Model, name: &str| -> Tensor {
        let mut all = model.parameters();
        all.find(|(p, _)| p.name == name)
            .unwrap()
            .1
            .detach()
            .contiguous()
    };
    let network = chain(Kind::Cnn, &[conv(5), conv(4)]);
    let (child, inherited) = child(&network, &parent, &path, &in_place(&parent));
    assert!(!inherited.keeps_function && (inherited.share - 1.0).abs() < 1e-12);
    for (name, sides) in [
        ("layer1.conv.weight", [5, 3]),
        ("layer2.conv.weight", [4, 5]),
        ("layer3.linear.weight", [5, 4]),
    ] {
        let cut = tensor(&model, name)
            .narrow(0, 0, sides[0])
            .narrow(1, 0, sides[1]);
        assert!(tensor(&child, name).equal(&cut.contiguous()), "{name}");
    }
    for name in [
        "norm.weight",
        "norm.bias",
        "norm.running_mean",
        "norm.running_var",
    ] {
        let name = format!("layer1.{name}");
        assert!(
            tensor(&child, &name).equal(&tensor(&model, &name).narrow(0, 0, 5)),
            "{name}"
        );
    }

    // The first layer is found nowhere: it hands on the picture, and the second takes what it has lost from there.
    let (child, inherited) = {
        let network = chain(Kind::Cnn, &[Layer::conv(Op::Conv5, 10, 1), conv(6)]);
        self::child(&network, &parent, &path, &[(0, 0), (2, 2), (3, 3), (4, 4)])
    };
    assert!(!inherited.keeps_function && inherited.share < 1.0);
    let centre = tensor(&child, "layer1.conv.weight")
        .select(3, 2)
        .select(2, 2);
    let rows: Vec<i64> = centre.argmax(1, false).try_into().unwrap();
    assert_eq!(rows, [0, 1, 2, 0, 1, 2, 0, 1, 2, 0]);
    assert!((centre.sum(Numbers::Float).double_value(&[]) - 10.0).abs() < 1e-6);
    let second = tensor(&child, "layer2.conv.weight");
    assert!(second.narrow(1, 8, 2).abs().max().double_value(&[]) <= 0.0);
    assert!(
        second
            .narrow(1, 0, 8)
            .equal(&tensor(&model, "layer2.conv.weight"))
    );
}
