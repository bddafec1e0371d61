//! The forward pass of every layer.

use nn_graph::{Kind, Layer, Network, Op};
use nn_train::data::InputShape;
use nn_train::plan::Plan;
use nn_train::torch::model::Model;
use tch::{Device, Kind as Numbers, Tensor};

use super::alone;
use crate::support::{chain, golden_networks};

const CPU: (Numbers, Device) = (Numbers::Float, Device::Cpu);

fn model(network: &Network, input: InputShape, outputs: u32) -> Model {
    Model::new(Plan::new(network, input, outputs).unwrap(), Device::Cpu).unwrap()
}

fn tensor<'a>(model: &'a Model, name: &str) -> &'a Tensor {
    model
        .parameters()
        .find(|(p, _)| p.name == name)
        .map(|(_, tensor)| tensor)
        .unwrap()
}

fn values(tensor: &Tensor) -> Vec<f64> {
    tensor
        .flatten(0, -1)
        .to_kind(Numbers::Double)
        .try_into()
        .unwrap()
}

fn assert_close(a: &Tensor, b: &Tensor, bound: f64) {
    assert_eq!(a.size(), b.size());
    let difference = (a - b).abs().max().double_value(&[]);
    assert!(
        difference <= bound,
        "{difference:e}\n{:?}\n{:?}",
        values(a),
        values(b)
    );
}

#[test]
fn every_golden_network_computes_outputs_of_its_shape() {
    let _alone = alone(1);
    let mut computed = 0;
    for (id, network) in golden_networks() {
        let (input, x) = if network.kind() == Kind::Cnn {
            (
                InputShape::Image([3, 35, 33].into()),
                Tensor::randn([2, 3, 35, 33], CPU),
            )
        } else {
            (InputShape::Features(20), Tensor::randn([2, 20], CPU))
        };
        // Halving more than 33 pixels allow, or millions of parameters: the other tests' business.
        let outputs = if network.kind() == Kind::MlpReg { 1 } else { 7 };
        let Ok(plan) = Plan::new(&network, input, outputs) else {
            assert!(network.halvings() > 5, "{id}");
            continue;
        };
        if plan.trainable() > 20_000_000 || plan.flops() > 3_000_000_000 {
            continue;
        }
        let model = Model::new(plan, Device::Cpu).unwrap();
        let trainable: usize = model
            .parameters()
            .map(|(_, t)| t)
            .filter(|t| t.requires_grad())
            .map(Tensor::numel)
            .sum();
        assert_eq!(trainable as u64, model.plan().trainable(), "{id}");
        for training in [true, false] {
            let y = tch::no_grad(|| model.forward(&x, training)).unwrap();
            assert_eq!(y.size(), [2, i64::from(outputs)], "{id}");
            if outputs > 1 {
                let sums = y.exp().sum_dim_intlist(1_i64, false, Numbers::Float);
                assert!(
                    values(&sums).iter().all(|sum| (sum - 1.0).abs() < 1e-4),
                    "{id}: {:?}",
                    values(&sums)
                );
            } else {
                assert!(values(&y).iter().all(|y| y.is_finite()), "{id}");
            }
        }
        computed += 1;
    }
    assert!(computed > 150, "{computed}");
}

#[test]
fn pooling_keeps_incomplete_windows_and_averages_what_is_there() {
    let _alone = alone(1);
    for (op, expected) in [
        (Op::MaxPool, [5.0, 6.0, 8.0, 9.0]),
        (Op::AvgPool, [3.0, 4.5, 7.5, 9.0]),
    ] {
        let network = chain(Kind::Cnn, &[Layer::conv(Op::Conv3, 1, 1), Layer::plain(op)]);
        let model = model(&network, InputShape::Image([1, 3, 3].into()), 4);
        // The convolution hands its input on; each class takes the mean of the pooled pixels.
        let mut weight = tensor(&model, "layer1.conv.weight").shallow_clone();
        let image = Tensor::arange_start(1, 10, CPU).view([1, 1, 3, 3]);
        let pooled = tch::no_grad(|| {
            let _ = weight.zero_();
            let _ = weight.narrow(2, 1, 1).narrow(3, 1, 1).fill_(1.0);
            let mut last = tensor(&model, "layer3.linear.weight").shallow_clone();
            last.copy_(&Tensor::from_slice(&[1.0_f32, 0.0, 0.0, 0.0]).view([4, 1]));
            model.forward(&image, false).unwrap()
        });
        // Log-probabilities of logits (m, 0, 0, 0): their difference is m, the mean of the pooled image.
        let found = values(&pooled)[0] - values(&pooled)[1];
        let mean: f64 = expected.iter().sum::<f64>() / 4.0;
        assert!((found - mean).abs() < 1e-3, "{op}: {found} against {mean}");
    }
}

#[test]
fn a_residual_layer_whose_branch_is_silent_is_a_rectifier() {
    let _alone = alone(2);
    let network = chain(
        Kind::Cnn,
        &[Layer::conv(Op::Conv3, 4, 1), Layer::conv(Op::Res3, 4, 1)],
    );
    let short = chain(Kind::Cnn, &[Layer::conv(Op::Conv3, 4, 1)]);
    let input = InputShape::Image([2, 6, 6].into());
    let (with, mut without) = (model(&network, input, 3), model(&short, input, 3));
    let mut gain = tensor(&with, "layer2.norm2.weight").shallow_clone();
    let _ = tch::no_grad(|| gain.zero_());
    // Same weights elsewhere, by way of a file.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.safetensors");
    let named: Vec<(String, Tensor)> = with
        .parameters()
        .filter(|(p, _)| !p.name.starts_with("layer2"))
        .map(|(p, t)| (p.name.replace("layer3", "layer2"), t.detach().contiguous()))
        .collect();
    Tensor::write_safetensors(&named, &path).unwrap();
    without.load(&path).unwrap();
    let x = Tensor::randn([5, 2, 6, 6], CPU);
    tch::no_grad(|| {
        assert_close(
            &with.forward(&x, false).unwrap(),
            &without.forward(&x, false).unwrap(),
            1e-6,
        )
    });
}

#[test]
fn several_decisions_give_the_mean_of_their_probabilities() {
    let _alone = alone(3);
    for kind in [Kind::MlpClass, Kind::MlpReg] {
        let decision = Layer::plain(kind.decision());
        let layers = vec![
            Layer::plain(Op::Ip),
            Layer::dense(Op::Tanh, 6),
            decision,
            decision,
            Layer::plain(Op::Op),
        ];
        let network = Network::new(kind, layers, [(0, 1), (1, 2), (1, 3), (2, 4), (3, 4)]).unwrap();
        let outputs = if kind == Kind::MlpReg { 1 } else { 4 };
        let model = model(&network, InputShape::Features(5), outputs);
        let x = Tensor::randn([8, 5], CPU);
        tch::no_grad(|| {
            let linear = |x: &Tensor, layer: &str| {
                x.linear(
                    tensor(&model, &format!("{layer}.linear.weight")),
                    Some(tensor(&model, &format!("{layer}.linear.bias"))),
                )
            };
            let hidden = linear(&x, "layer1").tanh();
            let [a, b] = ["layer2", "layer3"].map(|layer| linear(&hidden, layer));
            let expected = match kind {
                Kind::MlpReg => (a + b) / 2.0,
                _ => ((a.softmax(1, None) + b.softmax(1, None)) / 2.0).log(),
            };
            assert_close(&model.forward(&x, true).unwrap(), &expected, 1e-5);
        });
    }
}

#[test]
fn activations_are_the_ones_of_their_names() {
    let _alone = alone(4);
    type Activation = fn(f64) -> f64;
    let cases: [(Op, Activation); 7] = [
        (Op::Relu, |x| x.max(0.0)),
        (Op::LeakyRelu, |x| if x > 0.0 { x } else { 0.01 * x }),
        (Op::Softplus, |x| x.exp().ln_1p()),
        (Op::Elu, |x| if x > 0.0 { x } else { x.exp_m1() }),
        (Op::Logistic, |x| 1.0 / (1.0 + (-x).exp())),
        (Op::Tanh, f64::tanh),
        (Op::Crelu, |x| x.max(0.0)),
    ];
    for (op, f) in cases {
        let model = model(
            &chain(Kind::MlpReg, &[Layer::dense(op, 1)]),
            InputShape::Features(1),
            1,
        );
        let set = |name: &str, to: &[f32]| {
            let mut tensor = tensor(&model, name).shallow_clone();
            tch::no_grad(|| tensor.copy_(&Tensor::from_slice(to).view_as(&tensor)));
        };
        let width = if op == Op::Crelu { 2 } else { 1 };
        set("layer1.linear.weight", &[1.0]);
        // crelu's second half is relu(−x); weighted by 10 it shows.
        set("layer2.linear.weight", &[1.0, 10.0][..width]);
        for x in [-3.0, -0.5, 0.0, 0.25, 4.0] {
            let y = tch::no_grad(|| model.forward(&Tensor::from(x as f32).view([1, 1]), false))
                .unwrap();
            let expected = f(x) + if op == Op::Crelu { 10.0 * f(-x) } else { 0.0 };
            let found = values(&y)[0];
            assert!(
                (found - expected).abs() < 1e-5,
                "{op}({x}) = {found}, not {expected}"
            );
        }
    }
}

#[test]
fn weights_survive_their_file_and_wrong_files_are_refused() {
    let _alone = alone(5);
    let network = chain(
        Kind::Cnn,
        &[Layer::conv(Op::Res5, 4, 2), Layer::dense(Op::Fc, 5)],
    );
    let input = InputShape::Image([1, 7, 7].into());
    let (a, mut b) = (model(&network, input, 3), model(&network, input, 3));
    let x = Tensor::randn([4, 1, 7, 7], CPU);
    let _ = tch::no_grad(|| a.forward(&x, true)).unwrap(); // moves the running moments
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weights.safetensors");
    a.save(&path, None).unwrap();
    b.load(&path).unwrap();
    tch::no_grad(|| {
        assert_close(
            &a.forward(&x, false).unwrap(),
            &b.forward(&x, false).unwrap(),
            0.0,
        )
    });
    let mut other = model(
        &chain(
            Kind::Cnn,
            &[Layer::conv(Op::Res5, 4, 2), Layer::dense(Op::Fc, 6)],
        ),
        input,
        3,
    );
    let error = other.load(&path).unwrap_err().to_string();
    assert!(
        error.contains("layer2.linear.weight has shape [5, 4], the network needs [6, 4]"),
        "{error}"
    );
}
