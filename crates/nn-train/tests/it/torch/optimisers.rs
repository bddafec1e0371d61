//! The optimisers on a flat vector against libtorch's own.

use nn_graph::{Kind, Layer, Op};
use nn_train::data::InputShape;
use nn_train::plan::Plan;
use nn_train::torch::model::Model;
use nn_train::torch::optimiser::Stepper;
use nn_train::{Optimiser, TrainingSpec};
use tch::nn::{self, OptimizerConfig};
use tch::{Device, Kind as Numbers, Reduction, Tensor};

use super::alone;
use crate::support::chain;

const CPU: (Numbers, Device) = (Numbers::Float, Device::Cpu);

/// Twenty steps of ours and of libtorch's from the same start; the largest difference of a parameter, relative to the
/// largest parameter: the larger one of our step by vectors and of that by libtorch's own functions, which GPUs take.
fn difference<C: OptimizerConfig + Copy>(
    spec: &TrainingSpec,
    reference: C,
    clip: Option<f64>,
) -> f64 {
    let one = |is_fused| difference_of(spec, reference, clip, is_fused);
    one(false).max(one(true))
}

fn difference_of(
    spec: &TrainingSpec,
    reference: impl OptimizerConfig,
    clip: Option<f64>,
    is_fused: bool,
) -> f64 {
    let network = chain(Kind::MlpReg, &[Layer::dense(Op::Tanh, 9)]);
    let model = Model::new(
        Plan::new(&network, InputShape::Features(6), 1).unwrap(),
        Device::Cpu,
    )
    .unwrap();
    let protocol = spec.clone().validated().unwrap();
    let mut stepper = Stepper::new(&model, &protocol).unwrap();
    if is_fused {
        stepper = stepper.fused();
    }
    let store = nn::VarStore::new(Device::Cpu);
    // libtorch's weight decay knows no exemptions of its own: weights in one group, biases in another without it.
    let theirs: Vec<Tensor> = (model.parameters())
        .map(|(p, tensor)| {
            let group = usize::from(!p.decays());
            store
                .root()
                .set_group(group)
                .var_copy(&p.name.replace('.', "_"), &tensor.detach())
        })
        .collect();
    let mut optimiser = reference.build(&store, 1.0).unwrap();
    optimiser.set_weight_decay_group(0, spec.weight_decay);
    optimiser.set_weight_decay_group(1, 0.0);
    for step in 0..20 {
        let x = Tensor::randn([16, 6], CPU);
        let y = x.sum_dim_intlist(1_i64, true, Numbers::Float).sin();
        let rate = protocol.learning_rate_at(step, 2);
        let loss = model
            .forward(&x, true)
            .unwrap()
            .mse_loss(&y, Reduction::Mean);
        stepper.step(&model, &loss, rate).unwrap();
        let outputs = x
            .linear(&theirs[0], Some(&theirs[1]))
            .tanh()
            .linear(&theirs[2], Some(&theirs[3]));
        let loss = outputs.mse_loss(&y, Reduction::Mean);
        assert_eq!(stepper.is_fused(), is_fused);
        optimiser.set_lr_group(0, rate);
        optimiser.set_lr_group(1, rate);
        match clip {
            Some(clip) => optimiser.backward_step_clip_norm(&loss, clip),
            None => optimiser.backward_step(&loss),
        }
    }
    let worst = |f: &dyn Fn(&Tensor, &Tensor) -> Tensor| {
        (model.parameters().zip(&theirs))
            .map(|((_, a), b)| f(a, b).abs().max().double_value(&[]))
            .fold(0.0, f64::max)
    };
    worst(&|a, b| a - b) / worst(&|a, _| a.shallow_clone())
}

fn spec() -> TrainingSpec {
    TrainingSpec {
        epochs: 10,
        learning_rate: 0.1,
        weight_decay: 0.01,
        ..TrainingSpec::default()
    }
}

#[test]
fn sgd_with_every_momentum_is_libtorch_s() {
    let _alone = alone(1);
    for (momentum, nesterov) in [(0.0, false), (0.9, false), (0.9, true)] {
        let spec = TrainingSpec {
            momentum,
            nesterov,
            ..spec()
        };
        let found = difference(&spec, nn::sgd(momentum, 0.0, 0.01, nesterov), None);
        assert!(found < 2e-6, "{momentum} {nesterov}: {found:e}");
    }
}

#[test]
fn adamw_is_libtorch_s() {
    let _alone = alone(2);
    let spec = TrainingSpec {
        optimiser: Optimiser::Adamw,
        ..spec()
    };
    let found = difference(&spec, nn::adamw(0.9, 0.999, 0.01), None);
    assert!(found < 2e-6, "{found:e}");
}

#[test]
fn clipping_is_libtorch_s() {
    let _alone = alone(3);
    let spec = TrainingSpec {
        clip: Some(0.05),
        ..spec()
    };
    let found = difference(&spec, nn::sgd(0.9, 0.0, 0.01, true), Some(0.05));
    assert!(found < 2e-6, "{found:e}");
}
