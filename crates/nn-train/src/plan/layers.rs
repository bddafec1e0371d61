//! One layer of a plan: its module, tensors and cost, by operation.

use nn_graph::{Group, Layer, Network, Op};

use super::{Activation, Features, Init, Module, Parameter};
use crate::Error;

/// Sizes beyond this overflow somewhere or other, and no memory holds them.
const LARGEST: u64 = 1 << 40;

/// A layer as built.
pub(super) struct Built {
    pub(super) module: Module,
    pub(super) output: Features,
    pub(super) parameters: Vec<Parameter>,
    pub(super) flops: u64,
}

/// Module, output and number of multiply-adds; `None` if they are too many to count.
type Parts = (Module, Features, Option<u64>);

/// Builds layer `i` for what comes into it.
pub(super) fn build(
    network: &Network,
    i: usize,
    layer: &Layer,
    input: Features,
    outputs: u32,
) -> Result<Built, Error> {
    let mut tensors = Tensors {
        prefix: format!("layer{i}"),
        out: Vec::new(),
    };
    let (module, output, multiplies) = match layer.op {
        Op::Ip => (Module::Input, input, Some(0)),
        Op::Op => (Module::Output, input, Some(0)),
        op if op.is_conv() => {
            let stride = u32::from(layer.stride.unwrap_or(1));
            let output = image(layer.units.unwrap_or(0), input, stride, network, i)?;
            convolution(op, stride, input, output, &mut tensors)
        }
        op if op.is_pool() => {
            let module = if op == Op::MaxPool {
                Module::MaxPool
            } else {
                Module::AvgPool
            };
            (
                module,
                image(input.channels(), input, 2, network, i)?,
                Some(0),
            )
        }
        op if op.is_decision() => {
            let multiplies = tensors.linear(input.channels(), outputs, 1.0);
            (Module::Decision, Features::Flat(outputs), Some(multiplies))
        }
        op => dense(op, layer.units.unwrap_or(0), input, &mut tensors)
            .ok_or_else(|| too_large(network, i))?,
    };
    let flops = multiplies.and_then(|n| n.checked_mul(2));
    let sizes = (tensors.out.iter().map(Parameter::len)).fold(output.len(), u64::saturating_add);
    match flops {
        Some(flops) if sizes <= LARGEST => Ok(Built {
            module,
            output,
            parameters: tensors.out,
            flops,
        }),
        _ => Err(too_large(network, i)),
    }
}

/// A convolution, plain or residual.
fn convolution(
    op: Op,
    stride: u32,
    input: Features,
    output: Features,
    tensors: &mut Tensors,
) -> Parts {
    let (channels, units, filter) = (
        input.channels(),
        output.channels(),
        op.filter().unwrap_or(1),
    );
    let pixels = output.len() / u64::from(units.max(1));
    if !op.is_res() {
        let weights = tensors.conv("conv", channels, units, filter);
        tensors.norm("norm", units);
        return (
            Module::Conv { filter, stride },
            output,
            weights.checked_mul(pixels),
        );
    }
    let projection = output != input;
    let mut weights = tensors.conv("conv1", channels, units, filter);
    tensors.norm("norm1", units);
    weights = weights.saturating_add(tensors.conv("conv2", units, units, filter));
    tensors.norm("norm2", units);
    if projection {
        weights = weights.saturating_add(tensors.conv("shortcut_conv", channels, units, 1));
        tensors.norm("shortcut_norm", units);
    }
    let module = Module::Residual {
        filter,
        stride,
        projection,
    };
    (module, output, weights.checked_mul(pixels))
}

/// A linear layer with an activation; `None` if its width can't be counted.
fn dense(op: Op, units: u32, input: Features, tensors: &mut Tensors) -> Option<Parts> {
    let rectifies = op == Op::Fc || op.group() == Group::Rectifier;
    let multiplies = tensors.linear(
        input.channels(),
        units,
        if rectifies { 2_f64.sqrt() } else { 1.0 },
    );
    let width = if op == Op::Crelu {
        units.checked_mul(2)?
    } else {
        units
    };
    Some((
        Module::Dense(activation(op)?),
        Features::Flat(width),
        Some(multiplies),
    ))
}

/// What a dense layer ends with; `None` for every other layer.
const fn activation(op: Op) -> Option<Activation> {
    Some(match op {
        Op::Fc | Op::Relu => Activation::Relu,
        Op::Crelu => Activation::Crelu,
        Op::LeakyRelu => Activation::LeakyRelu,
        Op::Softplus => Activation::Softplus,
        Op::Elu => Activation::Elu,
        Op::Logistic => Activation::Logistic,
        Op::Tanh => Activation::Tanh,
        Op::Ip | Op::Op | Op::Softmax | Op::Linear | Op::MaxPool | Op::AvgPool => return None,
        Op::Conv3 | Op::Conv5 | Op::Conv7 | Op::Conv9 => return None,
        Op::Res3 | Op::Res5 | Op::Res7 | Op::Res9 => return None,
    })
}

/// An image of `channels` after a layer with `stride`; refused once there is nothing left to halve.
fn image(
    channels: u32,
    input: Features,
    stride: u32,
    network: &Network,
    i: usize,
) -> Result<Features, Error> {
    let Features::Image(_, height, width) = input else {
        return Err(Error::Shape {
            layer: name(network, i),
            problem: "needs an image, but it has been flattened".into(),
        });
    };
    if stride == 2 && height.min(width) < 2 {
        return Err(Error::Shape {
            layer: name(network, i),
            problem: format!(
                "can't halve an image of {height} × {width} pixels: the network halves too often for this data, bound its halvings"
            ),
        });
    }
    Ok(Features::Image(
        channels,
        height.div_ceil(stride),
        width.div_ceil(stride),
    ))
}

pub(super) fn name(network: &Network, i: usize) -> String {
    format!("layer {i} ({})", network.layers()[i])
}

pub(super) fn too_large(network: &Network, i: usize) -> Error {
    Error::Shape {
        layer: name(network, i),
        problem: "is too large for any memory: bound the units".into(),
    }
}

/// One layer's tensors under their names. The adders return the number of weights, which is that of multiply-adds for
/// one pixel or example.
struct Tensors {
    prefix: String,
    out: Vec<Parameter>,
}

impl Tensors {
    fn push(&mut self, name: &str, shape: &[u32], init: Init, trainable: bool) {
        self.out.push(Parameter {
            name: format!("{}.{name}", self.prefix),
            shape: shape.to_vec(),
            init,
            trainable,
        });
    }

    fn conv(&mut self, name: &str, channels: u32, units: u32, filter: u32) -> u64 {
        let init = Init::Kaiming {
            gain: 2_f64.sqrt(),
            fan_in: channels.saturating_mul(filter * filter),
        };
        self.push(
            &format!("{name}.weight"),
            &[units, channels, filter, filter],
            init,
            true,
        );
        (u64::from(channels) * u64::from(units)).saturating_mul(u64::from(filter * filter))
    }

    fn norm(&mut self, name: &str, units: u32) {
        self.push(&format!("{name}.weight"), &[units], Init::One, true);
        self.push(&format!("{name}.bias"), &[units], Init::Zero, true);
        self.push(&format!("{name}.running_mean"), &[units], Init::Zero, false);
        self.push(&format!("{name}.running_var"), &[units], Init::One, false);
    }

    fn linear(&mut self, channels: u32, units: u32, gain: f64) -> u64 {
        let init = Init::Kaiming {
            gain,
            fan_in: channels,
        };
        self.push("linear.weight", &[units, channels], init, true);
        self.push("linear.bias", &[units], Init::Zero, true);
        u64::from(channels) * u64::from(units)
    }
}
