//! What a network becomes on given data: the module, shapes, parameters and cost of every layer, computed
//! before anything is allocated.
//!
//! Semantics, the same in libtorch and in the exported PyTorch program. Several parents are concatenated over
//! channels, in ascending order of their numbers.
//!
//! | label | module |
//! |---|---|
//! | `conv3` … `conv9` | convolution (no bias) – batch norm – ReLU; "same" padding, so stride 2 gives ⌈side/2⌉ |
//! | `res3` … `res9` | ReLU(conv(stride) – norm – ReLU – conv – norm + shortcut); the shortcut is the input, or a 1×1 convolution – norm where channels or sides differ |
//! | `max-pool`, `avg-pool` | 2×2, stride 2, ⌈side/2⌉ (an incomplete window pools what there is) |
//! | `fc` | an image is first averaged over its pixels, as in the original; then linear – ReLU |
//! | `relu` … `tanh` | linear – activation; `crelu` puts out \[ReLU(x), ReLU(−x)\], twice its units |
//! | `softmax` | averaged over pixels if still an image; linear to the classes; softmax |
//! | `linear` | linear to one number |
//! | `op` | the mean of the decision layers: of their probabilities, or of their numbers |
//!
//! The architecture's own [`Network::channels_out`] counts `crelu` once and images as one channel, as the paper's
//! masses do; the shapes here are the real ones.

use std::ops::Range;

use nn_graph::{Kind, Layer, Network, Op};

use crate::Error;
use crate::data::{Dataset, InputShape};

/// The shape of what flows along an edge, for one example.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Features {
    /// Channels, height, width.
    Image(u32, u32, u32),
    /// A vector.
    Flat(u32),
}

impl Features {
    /// Channels of an image, length of a vector.
    #[must_use]
    pub const fn channels(self) -> u32 {
        match self {
            Self::Image(channels, ..) | Self::Flat(channels) => channels,
        }
    }

    /// Numbers in all.
    #[must_use]
    pub const fn len(self) -> u64 {
        match self {
            Self::Image(c, h, w) => c as u64 * h as u64 * w as u64,
            Self::Flat(n) => n as u64,
        }
    }

    /// Whether there are none. Never true in a plan.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.len() == 0
    }
}

/// What a layer computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Module {
    /// Hands the data on.
    Input,
    /// Convolution, batch norm, ReLU.
    Conv {
        /// Side of the filter.
        filter: u32,
        /// 1 or 2.
        stride: u32,
    },
    /// The residual block.
    Residual {
        /// Side of both filters.
        filter: u32,
        /// Of the first convolution and of the shortcut.
        stride: u32,
        /// Whether the shortcut is a convolution.
        projection: bool,
    },
    /// 2×2 maximum, stride 2.
    MaxPool,
    /// 2×2 mean, stride 2.
    AvgPool,
    /// Mean over pixels if it takes an image, linear, activation (`fc` counts as `relu`).
    Dense(Op),
    /// Mean over pixels if it takes an image, linear, log-softmax for classifiers.
    Decision,
    /// Mean of the decision layers.
    Output,
}

/// One layer of a plan.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerPlan {
    /// What it computes.
    pub module: Module,
    /// What comes in: the parents' outputs, concatenated.
    pub input: Features,
    /// What goes out.
    pub output: Features,
    /// Its parameters, by place in [`Plan::parameters`].
    pub parameters: Range<usize>,
    /// Floating-point operations for one example, forwards: two for each multiply-add of a convolution or linear
    /// layer; norms, activations and pools are not counted.
    pub flops: u64,
}

/// How a parameter starts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Init {
    /// Uniform in ±gain·√(3/fan-in) (He et al. 2015, arXiv 1502.01852).
    Kaiming {
        /// √2 in front of rectifiers, 1 elsewhere.
        gain: f64,
        /// Inputs of one output.
        fan_in: u32,
    },
    /// 0.
    Zero,
    /// 1.
    One,
}

/// One tensor of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// Its name in the weights file: `layer3.conv.weight`.
    pub name: String,
    /// Its shape.
    pub shape: Vec<u32>,
    /// How it starts.
    pub init: Init,
    /// Whether it is trained; running means and variances are not.
    pub trainable: bool,
}

impl Parameter {
    /// Number of entries.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.shape.iter().map(|&side| u64::from(side)).product()
    }

    /// Whether there are none. Never true in a plan.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether weight decay applies: to filters and matrices, not to biases and norms.
    #[must_use]
    pub fn decays(&self) -> bool {
        self.shape.len() > 1
    }
}

/// A network fitted to data.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The architecture.
    pub network: Network,
    /// The shape of one example.
    pub input: InputShape,
    /// Classes, or 1.
    pub outputs: u32,
    /// One entry a layer, in the network's order.
    pub layers: Vec<LayerPlan>,
    /// Every tensor, layer by layer.
    pub parameters: Vec<Parameter>,
}

impl Plan {
    /// Fits `network` to the shape and task of `data`.
    ///
    /// # Errors
    /// [`Error::Task`] if the network's kind is not the data's; otherwise as [`Plan::new`].
    pub fn for_data(network: &Network, data: &Dataset) -> Result<Self, Error> {
        let is_classifier = network.kind() != Kind::MlpReg;
        if is_classifier != data.classes.is_some() {
            return Err(Error::Task {
                kind: network.kind(),
            });
        }
        Self::new(network, data.shape, data.outputs())
    }

    /// Fits `network` to examples of shape `input` and to `outputs` classes, or one number.
    ///
    /// # Errors
    /// [`Error::Shape`] if a convolutional network gets no image, an image is halved below one pixel, or a layer
    /// is too large to be counted.
    pub fn new(network: &Network, input: InputShape, outputs: u32) -> Result<Self, Error> {
        let first = match (network.kind(), input) {
            (Kind::Cnn, InputShape::Image(i)) => Features::Image(i.channels, i.height, i.width),
            (Kind::Cnn, InputShape::Features(_)) => {
                return Err(Error::Shape {
                    layer: name(network, 0),
                    problem: "takes images, but the data are rows of a table: give image = [channels, height, width], or search over mlp".into(),
                });
            }
            (Kind::MlpClass | Kind::MlpReg, input) => Features::Flat(input.len() as u32),
        };
        let mut plan = Self {
            network: network.clone(),
            input,
            outputs,
            layers: Vec::with_capacity(network.len()),
            parameters: Vec::new(),
        };
        for (i, layer) in network.layers().iter().enumerate() {
            let input = match network.parents(i) {
                [] => first,
                parents => plan.concatenate(i, parents)?,
            };
            let added = plan.layer(i, *layer, input)?;
            plan.layers.push(added);
        }
        Ok(plan)
    }

    /// Trainable parameters.
    #[must_use]
    pub fn trainable(&self) -> u64 {
        self.parameters
            .iter()
            .filter(|p| p.trainable)
            .map(Parameter::len)
            .sum()
    }

    /// Floating-point operations for one example, forwards.
    #[must_use]
    pub fn flops(&self) -> u64 {
        self.layers.iter().map(|layer| layer.flops).sum()
    }

    /// Numbers that a training step keeps for one example: every layer's input and output, and what lies between.
    /// An estimate for memory limits, good to about a factor of two.
    #[must_use]
    pub fn activations(&self) -> u64 {
        (self.layers.iter())
            .map(|layer| match layer.module {
                Module::Conv { .. } => layer.input.len() + 2 * layer.output.len(),
                Module::Residual { .. } => layer.input.len() + 5 * layer.output.len(),
                Module::Output => 0,
                _ => layer.input.len() + layer.output.len(),
            })
            .sum()
    }

    /// Bytes that a training with batches of `batch` takes at its peak, without data and libtorch itself: parameters,
    /// gradients, the optimiser's two vectors and the activations with their gradients. Good to about a factor of two.
    #[must_use]
    pub fn memory(&self, batch: u32) -> u64 {
        let parameters = 4 * self.trainable();
        // What flows back is as large as the largest layer; what is kept is counted by `activations`.
        let activations = self.activations().saturating_mul(u64::from(batch));
        parameters.saturating_add(activations).saturating_mul(4)
    }

    fn concatenate(&self, i: usize, parents: &[usize]) -> Result<Features, Error> {
        let outputs = || parents.iter().map(|&p| self.layers[p].output);
        let channels = (outputs().try_fold(0_u32, |sum, f| sum.checked_add(f.channels())))
            .ok_or_else(|| too_large(&self.network, i))?;
        // Networks are valid: their parents' images have gone through the same number of halvings.
        Ok(match self.layers[parents[0]].output {
            Features::Image(_, h, w) => Features::Image(channels, h, w),
            Features::Flat(_) if self.layers[parents[0]].module == Module::Decision => {
                Features::Flat(self.outputs)
            }
            Features::Flat(_) => Features::Flat(channels),
        })
    }

    fn layer(&mut self, i: usize, layer: Layer, input: Features) -> Result<LayerPlan, Error> {
        let start = self.parameters.len();
        let units = layer.units.unwrap_or(0);
        let channels = input.channels();
        let stride = u32::from(layer.stride.unwrap_or(1));
        let network = &self.network;
        let mut add = Tensors {
            prefix: format!("layer{i}"),
            out: &mut self.parameters,
        };
        let (module, output, multiplies) = match layer.op {
            Op::Ip => (Module::Input, input, Some(0)),
            Op::Op => (Module::Output, input, Some(0)),
            op if op.is_conv() => {
                let output = image(units, input, stride, network, i)?;
                let filter = op.filter().unwrap_or(1);
                let pixels = output.len() / u64::from(units);
                let cost = |channels, filter| convolution(channels, units, filter, pixels);
                if op.is_res() {
                    let projection = output != input;
                    add.conv("conv1", channels, units, filter);
                    add.norm("norm1", units);
                    add.conv("conv2", units, units, filter);
                    add.norm("norm2", units);
                    if projection {
                        add.conv("shortcut_conv", channels, units, 1);
                        add.norm("shortcut_norm", units);
                    }
                    let costs = [
                        cost(channels, filter),
                        cost(units, filter),
                        if projection {
                            cost(channels, 1)
                        } else {
                            Some(0)
                        },
                    ];
                    let sum = costs
                        .into_iter()
                        .try_fold(0_u64, |sum, cost| sum.checked_add(cost?));
                    (
                        Module::Residual {
                            filter,
                            stride,
                            projection,
                        },
                        output,
                        sum,
                    )
                } else {
                    add.conv("conv", channels, units, filter);
                    add.norm("norm", units);
                    (
                        Module::Conv { filter, stride },
                        output,
                        cost(channels, filter),
                    )
                }
            }
            op if op.is_pool() => {
                let module = if op == Op::MaxPool {
                    Module::MaxPool
                } else {
                    Module::AvgPool
                };
                (module, image(channels, input, 2, network, i)?, Some(0))
            }
            op if op.is_decision() => {
                add.linear(channels, self.outputs, 1.0);
                let cost = u64::from(channels) * u64::from(self.outputs);
                (Module::Decision, Features::Flat(self.outputs), Some(cost))
            }
            op => {
                let rectifies = op == Op::Fc || op.group() == nn_graph::Group::Rectifier;
                add.linear(channels, units, if rectifies { 2_f64.sqrt() } else { 1.0 });
                let width = if op == Op::Crelu {
                    units.checked_mul(2)
                } else {
                    Some(units)
                };
                let width = width.ok_or_else(|| too_large(network, i))?;
                let cost = u64::from(channels) * u64::from(units);
                let activation = if op == Op::Fc { Op::Relu } else { op };
                (Module::Dense(activation), Features::Flat(width), Some(cost))
            }
        };
        // Sizes beyond this overflow somewhere or other, and no memory holds them.
        const LARGEST: u64 = 1 << 40;
        let flops = multiplies
            .and_then(|n| n.checked_mul(2))
            .ok_or_else(|| too_large(network, i))?;
        let sizes = self.parameters[start..]
            .iter()
            .map(Parameter::len)
            .chain([output.len()]);
        if sizes.sum::<u64>() > LARGEST {
            return Err(too_large(network, i));
        }
        Ok(LayerPlan {
            module,
            input,
            output,
            parameters: start..self.parameters.len(),
            flops,
        })
    }
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

/// Multiply-adds of a convolution.
fn convolution(channels: u32, units: u32, filter: u32, pixels: u64) -> Option<u64> {
    (u64::from(channels) * u64::from(units))
        .checked_mul(u64::from(filter * filter))?
        .checked_mul(pixels)
}

fn name(network: &Network, i: usize) -> String {
    format!("layer {i} ({})", network.layers()[i])
}

fn too_large(network: &Network, i: usize) -> Error {
    Error::Shape {
        layer: name(network, i),
        problem: "is too large for any memory: bound the units".into(),
    }
}

/// Appends one layer's tensors under their names.
struct Tensors<'a> {
    prefix: String,
    out: &'a mut Vec<Parameter>,
}

impl Tensors<'_> {
    fn push(&mut self, name: &str, shape: &[u32], init: Init, trainable: bool) {
        self.out.push(Parameter {
            name: format!("{}.{name}", self.prefix),
            shape: shape.to_vec(),
            init,
            trainable,
        });
    }

    fn conv(&mut self, name: &str, channels: u32, units: u32, filter: u32) {
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
    }

    fn norm(&mut self, name: &str, units: u32) {
        self.push(&format!("{name}.weight"), &[units], Init::One, true);
        self.push(&format!("{name}.bias"), &[units], Init::Zero, true);
        self.push(&format!("{name}.running_mean"), &[units], Init::Zero, false);
        self.push(&format!("{name}.running_var"), &[units], Init::One, false);
    }

    fn linear(&mut self, channels: u32, units: u32, gain: f64) {
        let init = Init::Kaiming {
            gain,
            fan_in: channels,
        };
        self.push("linear.weight", &[units, channels], init, true);
        self.push("linear.bias", &[units], Init::Zero, true);
    }
}
