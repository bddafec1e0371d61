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

mod layers;
mod memory;

use std::ops::Range;

use nn_graph::{Kind, Network};

pub use self::memory::Batches;
#[cfg(feature = "torch")]
pub(crate) use self::memory::SCORED;
use crate::data::{Dataset, InputShape};
use crate::{Error, TrainingSpec};

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
    /// Mean over pixels if it takes an image, linear, activation.
    Dense(Activation),
    /// Mean over pixels if it takes an image, linear, log-softmax for classifiers.
    Decision,
    /// Mean of the decision layers.
    Output,
}

/// What a dense layer does to each of its units, x.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// max(x, 0).
    Relu,
    /// The concatenation of max(x, 0) and max(−x, 0).
    Crelu,
    /// x for x > 0 and 0.01 x elsewhere.
    LeakyRelu,
    /// log(1 + eˣ).
    Softplus,
    /// x for x > 0 and eˣ − 1 elsewhere.
    Elu,
    /// 1/(1 + e⁻ˣ).
    Logistic,
    /// tanh x.
    Tanh,
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
        (self.shape.iter()).fold(1, |product, &side| product.saturating_mul(u64::from(side)))
    }

    /// Whether there are none. Never true in a plan.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether it is a factor or a summand of a convolution or a matrix product, which `bf16` computes in 16 bits.
    #[must_use]
    pub fn is_of_product(&self) -> bool {
        self.trainable && (self.decays() || self.name.ends_with(".linear.bias"))
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
                    layer: layers::name(network, 0),
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
            let start = plan.parameters.len();
            let built = layers::build(network, i, layer, input, outputs)?;
            plan.parameters.extend(built.parameters);
            plan.layers.push(LayerPlan {
                module: built.module,
                input,
                output: built.output,
                parameters: start..plan.parameters.len(),
                flops: built.flops,
            });
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

    /// Bytes that libtorch's allocator holds at the most in a training of this plan: parameters, gradients, the optimiser's vectors, and
    /// what a step and the scoring need, without the data set and the libraries.
    #[must_use]
    pub fn memory(&self, protocol: &TrainingSpec, batches: Batches) -> u64 {
        memory::peak(self, protocol, batches)
    }

    fn concatenate(&self, i: usize, parents: &[usize]) -> Result<Features, Error> {
        let outputs = || parents.iter().map(|&p| self.layers[p].output);
        let channels = (outputs().try_fold(0_u32, |sum, f| sum.checked_add(f.channels())))
            .ok_or_else(|| layers::too_large(&self.network, i))?;
        // Networks are valid: their parents' images have gone through the same number of halvings.
        Ok(match self.layers[parents[0]].output {
            Features::Image(_, h, w) => Features::Image(channels, h, w),
            Features::Flat(_) if self.layers[parents[0]].module == Module::Decision => {
                Features::Flat(self.outputs)
            }
            Features::Flat(_) => Features::Flat(channels),
        })
    }
}
