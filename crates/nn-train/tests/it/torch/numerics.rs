//! Memory layouts and precisions: the same numbers up to what they may cost.

use nn_graph::{Kind, Layer, Op};
use nn_train::data::InputShape;
use nn_train::plan::Plan;
use nn_train::torch::model::{Model, Numerics};
use nn_train::torch::{algorithms, train};
use nn_train::{Precision, TrainingSpec};
use tch::{Device, Kind as Numbers, Tensor, no_grad};

use super::training::{for_digits, job, short};
use super::{alone, without_time};
use crate::support::{chain, digits, golden_networks};

const CPU: (Numbers, Device) = (Numbers::Float, Device::Cpu);

/// Two models with the same weights that compute differently.
fn pair(plan: &Plan, a: Numerics, b: Numerics) -> (Model, Model) {
    let make = |numerics| Model::with(plan.clone(), Device::Cpu, numerics).unwrap();
    let (a, b) = (make(a), make(b));
    for ((_, from), (_, to)) in a.parameters().zip(b.parameters()) {
        no_grad(|| to.shallow_clone().copy_(from));
    }
    (a, b)
}

/// At least 32 bits.
fn leaf_kind(leaf: &Tensor) -> Numbers {
    match leaf.kind() {
        Numbers::BFloat16 => Numbers::Float,
        kind => kind,
    }
}

/// Differences of outputs in training and of the gradient of all parameters, relative to their size (both Euclidean).
fn differences(a: &Model, b: &Model, x: &Tensor) -> (f64, f64) {
    let size = |t: &Tensor| t.norm().double_value(&[]);
    let run = |model: &Model| {
        let y = model.forward(x, true).unwrap();
        // Some loss that every output takes part in.
        let weights = Tensor::arange(y.numel() as i64, CPU).sin().view_as(&y);
        (&y * weights).sum(None).backward();
        y.detach()
    };
    let (y, z) = (run(a), run(b));
    let gradient = |model: &Model| {
        let flat = |leaf: &Tensor| leaf.grad().to_kind(leaf_kind(leaf)).reshape([-1]);
        let parts: Vec<Tensor> = model.leaves().map(|(_, leaf)| flat(leaf)).collect();
        Tensor::cat(&parts, 0)
    };
    let relative = |a: &Tensor, b: &Tensor| size(&(a - b)) / size(a);
    (relative(&y, &z), relative(&gradient(a), &gradient(b)))
}

#[test]
fn channels_last_changes_nothing_but_the_order_of_sums() {
    let _alone = alone(11);
    let layout = |channels_last| Numerics {
        precision: Precision::Fp32,
        channels_last,
    };
    let mut seen = 0;
    for (name, network) in golden_networks() {
        let input = InputShape::Image([3, 17, 16].into());
        let Ok(plan) = Plan::new(&network, input, 5) else {
            continue;
        };
        if network.kind() != Kind::Cnn || plan.flops() > 30_000_000 {
            continue;
        }
        seen += 1;
        let (a, b) = pair(&plan, layout(false), layout(true));
        let (outputs, gradients) = differences(&a, &b, &Tensor::randn([8, 3, 17, 16], CPU));
        assert!(
            outputs < 1e-4 && gradients < 1e-3,
            "{name}: {outputs:e}, {gradients:e}"
        );
    }
    assert!(seen >= 10, "only {seen} networks are small enough");
}

#[test]
fn in_sixty_four_bits_both_layouts_agree_to_the_last_digits() {
    let _alone = alone(14);
    let layers = [
        Layer::conv(Op::Conv3, 8, 1),
        Layer::conv(Op::Res5, 12, 2),
        Layer::plain(Op::AvgPool),
        Layer::dense(Op::Fc, 16),
    ];
    let network = chain(Kind::Cnn, &layers);
    let plan = Plan::new(&network, InputShape::Image([3, 9, 8].into()), 5).unwrap();
    let layout = |channels_last| Numerics {
        precision: Precision::Fp32,
        channels_last,
    };
    let (a, b) = pair(&plan, layout(false), layout(true));
    let x = Tensor::randn([8, 3, 9, 8], CPU);
    let wide_x = x.to_kind(Numbers::Double);
    let (wide_a, wide_b) = (a.widened().unwrap(), b.widened().unwrap());
    let (outputs, gradients) = differences(&wide_a, &wide_b, &wide_x);
    assert!(
        outputs < 1e-14 && gradients < 1e-13,
        "{outputs:e}, {gradients:e}"
    );
    // The same weights as before: half as many digits are the same.
    let narrow = no_grad(|| a.forward(&x, false)).unwrap();
    let wide = no_grad(|| a.widened().unwrap().forward(&wide_x, false)).unwrap();
    assert_eq!(wide.kind(), Numbers::Double);
    let difference = (narrow - wide).abs().max().double_value(&[]);
    assert!(difference < 1e-5, "{difference:e}");
}

#[test]
fn sixteen_bit_floats_are_near_thirty_two() {
    let _alone = alone(12);
    let of = |precision| Numerics {
        precision,
        channels_last: true,
    };
    let layers = [
        Layer::conv(Op::Conv3, 8, 1),
        Layer::conv(Op::Res3, 12, 2),
        Layer::dense(Op::Fc, 16),
    ];
    let plan = Plan::new(
        &chain(Kind::Cnn, &layers),
        InputShape::Image([3, 8, 8].into()),
        5,
    )
    .unwrap();
    let (a, b) = pair(&plan, of(Precision::Fp32), of(Precision::Bf16));
    let x = Tensor::randn([32, 3, 8, 8], CPU);
    let (outputs, gradients) = differences(&a, &b, &x);
    // Eight bits of mantissa, through seven layers: not equal, and not far.
    assert!(outputs > 1e-6 && outputs < 0.05, "{outputs:e}");
    assert!(gradients > 1e-6 && gradients < 0.1, "{gradients:e}");
    assert_eq!(b.forward(&x, false).unwrap().kind(), Numbers::Float);
}

#[test]
fn every_precision_learns_the_digits() {
    let _alone = alone(13);
    let network = for_digits();
    for precision in [Precision::Fp32, Precision::Tf32, Precision::Bf16] {
        let spec = TrainingSpec {
            precision,
            epochs: 6,
            learning_rate: 0.1,
            ..short()
        };
        let done = train::run(&job(network.clone(), digits(), spec), &mut |_| ()).unwrap();
        let nn_train::job::Event::Done { score, .. } = done else {
            panic!("{done:?}");
        };
        assert!(score > 0.9, "{precision:?}: {score}");
    }
}

#[test]
fn deterministic_algorithms_are_taken_for_the_trainings_that_want_them() {
    let _alone = alone(1);
    let trained = |deterministic| {
        let training = TrainingSpec {
            epochs: 2,
            deterministic,
            ..short()
        };
        let done = train::run(&job(for_digits(), digits(), training), &mut |_| {}).unwrap();
        (without_time(done), algorithms::are_deterministic())
    };
    let (plain, wanted) = (trained(false), trained(true));
    assert!(!plain.1 && wanted.1 && !trained(false).1);
    // On the processor all of them are.
    assert_eq!(plain.0, wanted.0);
}
