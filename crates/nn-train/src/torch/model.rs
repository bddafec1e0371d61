//! A plan's tensors, and the forward pass through them.
//!
//! All trainable parameters are views of one vector, those with weight decay first, so that an optimiser's step is
//! a handful of operations whatever the number of layers. With channels last, images and filters lie in memory pixel by
//! pixel, all channels of one beside each other: oneDNN's and cuDNN's convolutions need not reorder them then.
//!
//! With `bf16`, convolutions and matrix products take views of one vector of 16-bit floats, which is written anew at the beginning of each
//! pass: one launch whatever the number of layers. Its gradients are one vector too.

use std::path::Path;

use tch::{Device, Kind, Tensor};

use super::layers::Pass;
use super::weights::write;
use crate::data::Preparation;
use crate::plan::{Features, Init, Module, Parameter, Plan};
use crate::trained::Trained;
use crate::{Error, Precision, TrainingSpec, export};

/// A network on a device.
#[derive(Debug)]
pub struct Model {
    plan: Plan,
    /// One for each of the plan's parameters.
    tensors: Vec<Tensor>,
    /// All trainable parameters; `tensors` are views of it.
    flat: Tensor,
    /// Length of the part of `flat` that decays, which comes first.
    decaying: i64,
    /// Places in `tensors` of the trainable parameters, in the order of `flat`.
    order: Vec<usize>,
    /// What the layers compute with: the tensors, with `bf16` in part views of `half`.
    leaves: Vec<Tensor>,
    /// The vector of all trainable parameters in 16 bits, with `bf16`.
    half: Option<Tensor>,
    numerics: Numerics,
}

/// How a model computes, whatever it computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numerics {
    /// Numbers of convolutions and matrix products.
    pub precision: Precision,
    /// Whether images lie in memory pixel by pixel.
    pub channels_last: bool,
}

impl Numerics {
    /// As a protocol has it.
    #[must_use]
    pub fn of(spec: &TrainingSpec) -> Self {
        Self {
            precision: spec.precision,
            channels_last: spec.channels_last,
        }
    }
}

/// The values of a model at one moment.
#[derive(Debug)]
pub struct Snapshot {
    flat: Tensor,
    buffers: Vec<Tensor>,
}

impl Model {
    /// Allocates and initialises; the values follow from libtorch's global seed. Computes as the default protocol does.
    ///
    /// # Errors
    /// As [`Model::with`].
    pub fn new(plan: Plan, device: Device) -> Result<Self, Error> {
        Self::with(plan, device, Numerics::of(&TrainingSpec::default()))
    }

    /// As [`Model::new`], computing as `numerics` says.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`], or whatever else libtorch reports.
    pub fn with(plan: Plan, device: Device, numerics: Numerics) -> Result<Self, Error> {
        Self::allocate(plan, numerics, (Kind::Float, device))
    }

    /// A copy in 64-bit floats, which takes inputs in 64 bits. Where two programs differ in 32 bits, it tells whether they
    /// round differently or compute something else. Draws from libtorch's generator.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`], or whatever else libtorch reports.
    pub fn widened(&self) -> Result<Self, Error> {
        let mut wide = Self::allocate(
            self.plan.clone(),
            self.numerics,
            (Kind::Double, self.flat.device()),
        )?;
        wide.restore(&self.snapshot()?)?;
        Ok(wide)
    }

    fn allocate(plan: Plan, numerics: Numerics, options: (Kind, Device)) -> Result<Self, Error> {
        let places = |decays: bool| {
            let parameters = plan.parameters.iter().enumerate();
            parameters
                .filter(move |(_, p)| p.trainable && p.decays() == decays)
                .map(|(i, _)| i)
        };
        let order: Vec<usize> = places(true).chain(places(false)).collect();
        let length = |decays| {
            places(decays)
                .map(|i| padded(&plan.parameters[i]))
                .sum::<i64>()
        };
        let decaying = length(true);
        let flat = Tensor::f_zeros([decaying + length(false)], options)?;
        let half = (numerics.precision == Precision::Bf16)
            .then(|| Tensor::f_zeros([flat.size()[0]], (Kind::BFloat16, options.1)))
            .transpose()?;
        let mut tensors = Vec::with_capacity(plan.parameters.len());
        let mut leaves = Vec::with_capacity(plan.parameters.len());
        let mut starts = vec![0; plan.parameters.len()];
        let mut start = 0;
        for &i in &order {
            starts[i] = start;
            start += padded(&plan.parameters[i]);
        }
        for (parameter, start) in plan.parameters.iter().zip(starts) {
            let shape = shape(parameter);
            let view_of = |vector: &Tensor| -> Result<Tensor, Error> {
                let place = vector.f_narrow(0, start, parameter.len() as i64)?;
                Ok(match shape.as_slice() {
                    &[outputs, inputs, height, width] if numerics.channels_last => place
                        .f_view([outputs, height, width, inputs])?
                        .f_permute([0, 3, 1, 2])?,
                    shape => place.f_view(shape)?,
                })
            };
            let mut tensor = match parameter.trainable {
                true => view_of(&flat)?,
                false => Tensor::f_zeros(&shape, options)?,
            };
            match parameter.init {
                Init::Zero => {}
                Init::One => drop(tensor.f_fill_(1.0)?),
                Init::Kaiming { gain, fan_in } => {
                    let bound = gain * (3.0 / f64::from(fan_in.max(1))).sqrt();
                    drop(tensor.f_uniform_(-bound, bound)?);
                }
            }
            let tensor = tensor.f_set_requires_grad(parameter.trainable)?;
            leaves.push(match &half {
                Some(half) if parameter.is_of_product() => {
                    view_of(half)?.f_set_requires_grad(true)?
                }
                _ => tensor.shallow_clone(),
            });
            tensors.push(tensor);
        }
        Ok(Self {
            plan,
            tensors,
            flat,
            decaying,
            order,
            leaves,
            half,
            numerics,
        })
    }

    /// The plan that the model follows.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The plan's parameters with their tensors.
    pub fn parameters(&self) -> impl Iterator<Item = (&Parameter, &Tensor)> {
        self.plan.parameters.iter().zip(&self.tensors)
    }

    /// The vector of all trainable parameters, and the length of its decaying part.
    pub(crate) fn flat(&self) -> (&Tensor, i64) {
        (&self.flat, self.decaying)
    }

    /// The trainable parameters, each with its place in the flat vector.
    pub(crate) fn trainable(&self) -> impl Iterator<Item = (i64, &Tensor)> {
        self.order.iter().scan(0, |next, &i| {
            let start = *next;
            *next += padded(&self.plan.parameters[i]);
            Some((start, &self.tensors[i]))
        })
    }

    /// What the layers compute with in place of the trainable parameters, each with its place in a vector of all; gradients come to these.
    pub fn leaves(&self) -> impl Iterator<Item = (i64, &Tensor)> {
        let places = self.trainable().map(|(start, _)| start);
        places.zip(self.order.iter().map(|&i| &self.leaves[i]))
    }

    /// The vector of all trainable parameters in 16 bits, where the layers compute with such.
    pub(super) fn half(&self) -> Option<&Tensor> {
        self.half.as_ref()
    }

    /// The network's outputs for a batch: log-probabilities (batch × classes), or numbers (batch × 1).
    ///
    /// `training` normalises by the batch's own moments and updates the running ones.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`], or whatever else libtorch reports.
    pub fn forward(&self, batch: &Tensor, training: bool) -> Result<Tensor, Error> {
        let network = &self.plan.network;
        if let Some(half) = &self.half {
            tch::no_grad(|| half.shallow_clone().f_copy_(&self.flat))?;
        }
        let pass = Pass {
            training,
            classifies: self.is_classifier(),
            precision: self.numerics.precision,
        };
        let mut outputs: Vec<Option<Tensor>> = Vec::with_capacity(network.len());
        for (i, layer) in self.plan.layers.iter().enumerate() {
            let parents: Vec<&Tensor> = (network.parents(i).iter())
                .filter_map(|&p| outputs[p].as_ref())
                .collect();
            let tensors = &self.leaves[layer.parameters.clone()];
            let output = match (layer.module, parents.as_slice()) {
                (Module::Input, _) => match layer.output {
                    Features::Flat(_) => batch.f_flatten(1, -1)?,
                    Features::Image(..) if self.numerics.channels_last => batch
                        .f_permute([0, 2, 3, 1])?
                        .f_contiguous()?
                        .f_permute([0, 3, 1, 2])?,
                    Features::Image(..) => batch.shallow_clone(),
                },
                (Module::Output, decisions) => self.average(decisions)?,
                (_, [one]) => pass.apply(layer, tensors, one)?,
                (_, several) => {
                    let joined = Tensor::f_cat(several, 1)?;
                    pass.apply(layer, tensors, &joined)?
                }
            };
            // What no later layer takes need not be kept: the gradient's graph keeps what it needs itself.
            for &p in network.parents(i) {
                if network.children(p).last() == Some(&i) {
                    outputs[p] = None;
                }
            }
            outputs.push(Some(output));
        }
        outputs.pop().flatten().ok_or_else(|| Error::Torch {
            message: "the network has no output layer".into(),
        })
    }

    fn is_classifier(&self) -> bool {
        self.plan.network.kind() != nn_graph::Kind::MlpReg
    }

    /// The mean of the decision layers: log((1/n) Σ pᵢ) from log-probabilities, or of numbers.
    fn average(&self, decisions: &[&Tensor]) -> Result<Tensor, Error> {
        if let [one] = decisions {
            return Ok(one.shallow_clone());
        }
        let stacked = Tensor::f_stack(decisions, 0)?;
        if self.is_classifier() {
            let count = decisions.len() as f64;
            Ok(stacked
                .f_logsumexp([0_i64].as_slice(), false)?
                .f_add_scalar(-count.ln())?)
        } else {
            Ok(stacked.f_mean_dim([0_i64].as_slice(), false, None)?)
        }
    }

    /// All values: the vector of parameters, and each tensor that is not trained.
    pub(super) fn state(&self) -> impl Iterator<Item = (String, &Tensor)> {
        let buffers = (self.parameters())
            .filter(|(parameter, _)| !parameter.trainable)
            .map(|(parameter, tensor)| (parameter.name.clone(), tensor));
        std::iter::once(("parameters".to_owned(), &self.flat)).chain(buffers)
    }

    /// As [`Model::state`], to be overwritten.
    pub(super) fn state_mut(&mut self) -> impl Iterator<Item = (String, &mut Tensor)> {
        let buffers = (self.plan.parameters.iter().zip(&mut self.tensors))
            .filter(|(parameter, _)| !parameter.trainable)
            .map(|(parameter, tensor)| (parameter.name.clone(), tensor));
        std::iter::once(("parameters".to_owned(), &mut self.flat)).chain(buffers)
    }

    /// Copies all values.
    ///
    /// # Errors
    /// Whatever libtorch reports.
    pub fn snapshot(&self) -> Result<Snapshot, Error> {
        let buffers = self
            .parameters()
            .filter(|(parameter, _)| !parameter.trainable);
        Ok(Snapshot {
            flat: self.flat.copy(),
            buffers: buffers.map(|(_, tensor)| tensor.copy()).collect(),
        })
    }

    /// Goes back to the values of a snapshot of this model.
    ///
    /// # Errors
    /// Whatever libtorch reports.
    pub fn restore(&mut self, snapshot: &Snapshot) -> Result<(), Error> {
        self.flat.f_copy_(&snapshot.flat)?;
        let buffers =
            (self.plan.parameters.iter().zip(&mut self.tensors)).filter(|(p, _)| !p.trainable);
        for ((_, tensor), saved) in buffers.zip(&snapshot.buffers) {
            tensor.f_copy_(saved)?;
        }
        Ok(())
    }

    /// Takes over all values of a model whose layer i is layer `places[i]` of this one.
    ///
    /// # Errors
    /// The layers differ, or whatever libtorch reports.
    pub fn take_over(&mut self, member: &Self, places: &[usize]) -> Result<(), Error> {
        for (layer, &place) in member.plan.layers.iter().zip(places) {
            let from = &member.tensors[layer.parameters.clone()];
            let to = &mut self.tensors[self.plan.layers[place].parameters.clone()];
            if from.len() != to.len() {
                return Err(Error::Torch {
                    message: format!("layer {place} has other parameters than its member's"),
                });
            }
            for (to, from) in to.iter_mut().zip(from) {
                tch::no_grad(|| to.f_copy_(from))?;
            }
        }
        Ok(())
    }

    /// Writes all parameters by name, as safetensors, with what is said of them in the file's metadata.
    ///
    /// # Errors
    /// [`Error::Write`] if the file can't be written.
    pub fn save(&self, path: &Path, about: Option<&Trained>) -> Result<(), Error> {
        let named: Vec<(&str, Tensor)> = (self.parameters())
            .map(|(parameter, tensor)| {
                (
                    parameter.name.as_str(),
                    tensor.detach().to_device(Device::Cpu).contiguous(),
                )
            })
            .collect();
        let about = about.map(Trained::to_json).transpose()?;
        write(&named, about, path)
    }

    /// Writes the network with its weights as an ONNX file.
    ///
    /// # Errors
    /// [`Error::Write`] if the file can't be written.
    pub fn save_onnx(&self, preparation: Option<&Preparation>, path: &Path) -> Result<(), Error> {
        let mut tensors = self.tensors.iter();
        let bytes = export::onnx(&self.plan, preparation, |_| {
            let tensor = tensors.next().ok_or_else(|| Error::Torch {
                message: "a parameter has no tensor".into(),
            })?;
            let flat = tensor.detach().to_device(Device::Cpu).contiguous().view(-1);
            Ok(Vec::try_from(flat)?)
        })?;
        std::fs::write(path, bytes).map_err(|source| Error::Write {
            path: path.into(),
            source,
        })
    }

    /// Reads all parameters by name.
    ///
    /// # Errors
    /// [`Error::Format`] if the file is not readable or lacks a parameter, or has one of another shape.
    pub fn load(&mut self, path: &Path) -> Result<(), Error> {
        let format = |message: String| Error::Format {
            path: path.into(),
            message,
        };
        let found: std::collections::BTreeMap<String, Tensor> = Tensor::read_safetensors(path)
            .map_err(|error| format(error.to_string()))?
            .into_iter()
            .collect();
        for (parameter, tensor) in self.plan.parameters.iter().zip(&mut self.tensors) {
            let values = (found.get(&parameter.name))
                .ok_or_else(|| format(format!("has no tensor {}", parameter.name)))?;
            if values.size() != shape(parameter) {
                return Err(format(format!(
                    "{} has shape {:?}, the network needs {:?}",
                    parameter.name,
                    values.size(),
                    parameter.shape
                )));
            }
            tch::no_grad(|| tensor.f_copy_(values))?;
        }
        Ok(())
    }
}

/// Entries that a parameter takes in the flat vector: whole cache lines, so that every view starts as aligned as a
/// tensor of its own. What is left over stays 0.
fn padded(parameter: &Parameter) -> i64 {
    const LINE: u64 = 16;
    parameter.len().next_multiple_of(LINE) as i64
}

fn shape(parameter: &Parameter) -> Vec<i64> {
    parameter
        .shape
        .iter()
        .map(|&side| i64::from(side))
        .collect()
}
