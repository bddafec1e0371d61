//! Plans: shapes, parameters and cost before anything is allocated.

use nn_graph::{Kind, Layer, Network, Op};
use nn_train::Error;
use nn_train::data::InputShape;
use nn_train::job::FailureKind;
use nn_train::plan::{Features, Module, Plan};

use crate::support::{chain, golden_networks};

const IMAGE: fn(u32, u32, u32) -> InputShape = |c, h, w| InputShape::Image([c, h, w].into());

#[test]
fn a_small_network_by_hand() {
    let network = chain(
        Kind::Cnn,
        &[
            Layer::conv(Op::Conv3, 16, 1),
            Layer::conv(Op::Res5, 32, 2),
            Layer::plain(Op::MaxPool),
            Layer::dense(Op::Fc, 64),
        ],
    );
    let plan = Plan::new(&network, IMAGE(3, 9, 8), 10).unwrap();
    let outputs: Vec<Features> = plan.layers.iter().map(|layer| layer.output).collect();
    assert_eq!(
        outputs,
        [
            Features::Image(3, 9, 8),
            Features::Image(16, 9, 8),
            Features::Image(32, 5, 4),
            Features::Image(32, 3, 2),
            Features::Flat(64),
            Features::Flat(10),
            Features::Flat(10),
        ]
    );
    let conv = 16 * 3 * 9 + 2 * 16;
    let res = 32 * 16 * 25 + 2 * 32 + 32 * 32 * 25 + 2 * 32 + 32 * 16 + 2 * 32;
    let dense = 32 * 64 + 64 + 64 * 10 + 10;
    assert_eq!(plan.trainable(), conv + res + dense);
    let multiplies =
        16 * 3 * 9 * 72 + (32 * 16 * 25 + 32 * 32 * 25 + 32 * 16) * 20 + 32 * 64 + 64 * 10;
    assert_eq!(plan.flops(), 2 * multiplies);
}

#[test]
fn a_residual_layer_that_keeps_its_shape_has_no_projection() {
    let projects = |units, stride| {
        let network = chain(
            Kind::Cnn,
            &[
                Layer::conv(Op::Conv3, 8, 1),
                Layer::conv(Op::Res3, units, stride),
            ],
        );
        let plan = Plan::new(&network, IMAGE(1, 8, 8), 10).unwrap();
        matches!(
            plan.layers[2].module,
            Module::Residual {
                projection: true,
                ..
            }
        )
    };
    assert!(!projects(8, 1));
    assert!(projects(8, 2));
    assert!(projects(9, 1));
}

#[test]
fn crelu_is_twice_as_wide_and_parents_are_concatenated() {
    let layers = vec![
        Layer::plain(Op::Ip),
        Layer::dense(Op::Crelu, 8),
        Layer::dense(Op::Tanh, 5),
        Layer::dense(Op::Elu, 4),
        Layer::plain(Op::Linear),
        Layer::plain(Op::Linear),
        Layer::plain(Op::Op),
    ];
    let edges = [
        (0, 1),
        (0, 2),
        (1, 3),
        (2, 3),
        (3, 4),
        (2, 5),
        (4, 6),
        (5, 6),
    ];
    let network = Network::new(Kind::MlpReg, layers, edges).unwrap();
    let plan = Plan::new(&network, InputShape::Features(7), 1).unwrap();
    let elu = plan
        .network
        .layers()
        .iter()
        .position(|layer| layer.op == Op::Elu)
        .unwrap();
    assert_eq!(plan.layers[elu].input, Features::Flat(16 + 5));
    assert_eq!(plan.layers[6].output, Features::Flat(1));
    assert_eq!(
        plan.trainable(),
        (7 * 8 + 8) + (7 * 5 + 5) + (21 * 4 + 4) + (4 + 1) + (5 + 1)
    );
}

#[test]
fn eight_pixels_allow_three_halvings() {
    let halve = |n| chain(Kind::Cnn, &vec![Layer::conv(Op::Conv3, 4, 2); n]);
    let plan = Plan::new(&halve(3), IMAGE(1, 8, 8), 10).unwrap();
    assert_eq!(plan.layers[3].output, Features::Image(4, 1, 1));
    let error = Plan::new(&halve(4), IMAGE(1, 8, 8), 10).unwrap_err();
    assert_eq!(error.failure(), FailureKind::ImpossibleShape);
    assert!(
        error
            .to_string()
            .starts_with("layer 4 (conv3, 4, /2): can't halve an image of 1 × 1 pixels"),
        "{error}"
    );
}

#[test]
fn convolutional_networks_need_images() {
    let network = chain(Kind::Cnn, &[Layer::conv(Op::Conv3, 4, 1)]);
    let error = Plan::new(&network, InputShape::Features(64), 10).unwrap_err();
    assert!(matches!(error, Error::Shape { .. }), "{error:?}");
}

#[test]
fn perceptrons_take_images_as_rows() {
    let network = chain(Kind::MlpClass, &[Layer::dense(Op::Relu, 4)]);
    let plan = Plan::new(&network, IMAGE(3, 2, 2), 10).unwrap();
    assert_eq!(plan.layers[0].output, Features::Flat(12));
}

#[test]
fn absurd_sizes_are_refused() {
    let huge = |units| {
        let network = chain(
            Kind::MlpReg,
            &[
                Layer::dense(Op::Relu, units),
                Layer::dense(Op::Crelu, units),
            ],
        );
        Plan::new(&network, InputShape::Features(10), 1)
    };
    huge(1000).unwrap();
    for units in [1 << 25, u32::MAX] {
        assert!(matches!(huge(units), Err(Error::Shape { .. })), "{units}");
    }
}

#[test]
fn golden_networks_halve_as_their_descriptions_say() {
    let mut compared = 0;
    for (id, network) in golden_networks() {
        let input = if network.kind() == Kind::Cnn {
            IMAGE(3, 256, 256)
        } else {
            InputShape::Features(20)
        };
        let plan = Plan::new(&network, input, 10).unwrap_or_else(|error| panic!("{id}: {error}"));
        for (i, layer) in plan.layers.iter().enumerate() {
            if let Some(by) = network.shrinkage_out(i) {
                assert!(
                    matches!(layer.output, Features::Image(_, h, w) if h == 256 / by && w == h),
                    "{id}, layer {i}"
                );
                compared += 1;
            }
            let parameters = &plan.parameters[layer.parameters.clone()];
            assert!(
                parameters
                    .iter()
                    .all(|p| p.name.starts_with(&format!("layer{i}."))),
                "{id}, layer {i}"
            );
        }
    }
    assert!(compared > 1000, "{compared}");
}
