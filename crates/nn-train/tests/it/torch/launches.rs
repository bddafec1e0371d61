//! What a step launches.

use super::alone;
use nn_graph::{Kind, Network};
use nn_train::data::{ImageShape, InputShape};
use nn_train::plan::Plan;
use nn_train::torch::launches;
use nn_train::torch::loss::{Wanted, loss};
use nn_train::torch::model::{Model, Numerics};
use nn_train::torch::optimiser::Stepper;
use nn_train::{Optimiser, Precision, TrainingSpec};
use tch::{Device, Kind as Numbers, Tensor};

/// A network of the benchmarks: three convolutions, a residual layer, a pool and a dense layer.
fn network() -> Network {
    r#"{"kind":"cnn","layers":[{"op":"ip"},{"op":"conv3","units":8,"stride":1},{"op":"conv3","units":8,"stride":1},
        {"op":"max-pool"},{"op":"res3","units":16,"stride":1},{"op":"fc","units":32},{"op":"softmax"},{"op":"op"}],
        "edges":[[0,1],[1,2],[2,3],[3,4],[4,5],[5,6],[6,7]]}"#
        .parse()
        .unwrap()
}

/// Functions that launch something in the third step.
fn launched(precision: Precision, optimiser: Optimiser, is_fused: bool) -> u64 {
    let _alone = alone(1);
    let training = TrainingSpec {
        precision,
        optimiser,
        ..TrainingSpec::default()
    };
    let protocol = training.clone().validated().unwrap();
    let image = ImageShape {
        channels: 3,
        height: 8,
        width: 8,
    };
    let plan = Plan::new(&network(), InputShape::Image(image), 10).unwrap();
    let model = Model::with(plan, Device::Cpu, Numerics::of(&training)).unwrap();
    assert_eq!(model.plan().network.kind(), Kind::Cnn);
    let mut stepper = Stepper::new(&model, &protocol).unwrap();
    if is_fused {
        stepper = stepper.fused();
    }
    let inputs = Tensor::rand([4, 3, 8, 8], (Numbers::Float, Device::Cpu));
    let wanted = Wanted {
        targets: Tensor::from_slice(&[1_i64, 2, 3, 4]),
        weights: None,
    };
    let mut step = || {
        let outputs = model.forward(&inputs, true)?;
        let loss = loss(&outputs, &wanted, 0.0)?;
        stepper.step(&model, &loss, 0.01)
    };
    step().unwrap();
    step().unwrap();
    launches::counted(step).unwrap().1
}

#[test]
fn sixteen_bit_floats_launch_few_casts_whatever_the_number_of_layers() {
    for optimiser in [Optimiser::Sgd, Optimiser::Adamw] {
        for is_fused in [false, true] {
            let plain = launched(Precision::Fp32, optimiser, is_fused);
            let sixteen = launched(Precision::Bf16, optimiser, is_fused);
            // Of the batch, before and after the mean over pixels, of the outputs; the parameters once and their gradients once. Nine
            // parameters that were cast one by one, there and back, would be eighteen more.
            assert!(sixteen <= plain + 6, "{optimiser:?}: {plain}, {sixteen}");
        }
    }
}

#[test]
fn a_step_as_on_a_gpu_launches_nothing_for_each_parameter() {
    // Of 19 parameters each gradient is added to its place otherwise.
    for (optimiser, few) in [(Optimiser::Sgd, 22), (Optimiser::Adamw, 22)] {
        for precision in [Precision::Fp32, Precision::Bf16] {
            let plain = launched(precision, optimiser, false);
            let fused = launched(precision, optimiser, true);
            assert!(
                fused + few <= plain,
                "{precision:?} {optimiser:?}: {plain}, {fused}"
            );
        }
    }
}
