//! A model that begins with the weights of another, and the file that these stand in.
//!
//! The file has the parameters by their names in the weights file, and what a momentum stood at under the same names with `momentum.`
//! before them.

use std::collections::BTreeMap;
use std::path::Path;

use tch::{Kind, Tensor, no_grad};

use super::layers::NORM_EPS;
use super::model::Model;
use super::weights::write;
use crate::Error;
use crate::job::Inherit;
use crate::plan::{Module, Plan};
use crate::transfer::{Filling, Share, Taken, Transfer};

/// What comes before the name of a parameter in that of its momentum.
const MOMENTUM: &str = "momentum.";

/// What a model took over.
#[derive(Debug)]
pub struct Inherited {
    /// The share of its trainable parameters that took weights of the parent, from 0 to 1.
    pub share: f64,
    /// Whether it computes what its parent did, see [`Transfer::keeps_function`].
    pub keeps_function: bool,
    /// Momenta in the places of the flat vector, zeros where there is none; absent where there is none at all.
    pub(super) momentum: Option<Tensor>,
}

/// Writes the weights of a model, and the momenta of its training where it ended with these weights.
///
/// # Errors
/// [`Error::Write`] if the file can't be written.
pub fn leave(model: &Model, momentum: Option<&Tensor>, path: &Path) -> Result<(), Error> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|source| Error::Write {
            path: folder.into(),
            source,
        })?;
    }
    let mut named: Vec<(String, Tensor)> = (model.parameters())
        .map(|(parameter, tensor)| (parameter.name.clone(), tensor.detach()))
        .collect();
    if let Some(momentum) = momentum {
        for (parameter, tensor) in model.parameters() {
            if let Some(view) = view_at(model, tensor, momentum)? {
                named.push((format!("{MOMENTUM}{}", parameter.name), view));
            }
        }
    }
    write(&named, None, path)
}

/// The part of a vector that lies in the place of a parameter, in its shape; `None` of what is not trained.
fn view_at(model: &Model, tensor: &Tensor, flat: &Tensor) -> Result<Option<Tensor>, Error> {
    let mut trainable = model.trainable();
    let found = trainable.find(|(_, other)| std::ptr::eq(*other, tensor));
    let view = found.map(|(start, _)| flat.f_as_strided(tensor.size(), tensor.stride(), start));
    Ok(view.transpose()?)
}

/// Gives a new model the weights that it inherits. Shares of weights follow from `seed`.
///
/// # Errors
/// [`Error::Format`] if the file is not readable or not of the parent's network; [`Error::Shape`] if that does not fit the data.
pub fn take_over(model: &Model, inherit: &Inherit, seed: u64) -> Result<Inherited, Error> {
    let plan = model.plan();
    let parent = Plan::new(&inherit.network, plan.input, plan.outputs)?;
    let transfer = Transfer::new(&parent, plan, &inherit.matches, seed);
    let path = &inherit.weights;
    let format = |message: String| Error::Format {
        path: path.clone(),
        message,
    };
    let found: BTreeMap<String, Tensor> = Tensor::read_safetensors(path)
        .map_err(|error| format(format!("cannot be inherited from ({error})")))?
        .into_iter()
        .collect();
    let (flat, _) = model.flat();
    let device = flat.device();
    let get = |prefix: &str, name: &str| -> Result<Option<Tensor>, Error> {
        let tensor = found.get(&format!("{prefix}{name}"));
        Ok(tensor
            .map(|tensor| tensor.f_to_device(device))
            .transpose()?)
    };
    let momentum = flat.f_zeros_like()?;
    let tensors: Vec<&Tensor> = model.parameters().map(|(_, tensor)| tensor).collect();
    let (mut has_momentum, mut taken_over) = (false, 0);
    for (place, (layer, filling)) in plan.layers.iter().zip(&transfer.layers).enumerate() {
        let own = &tensors[layer.parameters.clone()];
        match filling {
            Filling::Fresh => {}
            Filling::Identity { inputs } => {
                let moments = Moments::of(plan, &tensors, place, inputs)?;
                hand_on(layer.module, own, inputs, &moments)?;
            }
            Filling::Taken(taken) => {
                let from = &parent.layers[taken.layer];
                let mut there = Vec::with_capacity(from.parameters.len());
                for parameter in &parent.parameters[from.parameters.clone()] {
                    let tensor = get("", &parameter.name)?
                        .ok_or_else(|| format(format!("has no tensor {}", parameter.name)))?;
                    let sides: Vec<i64> = parameter.shape.iter().map(|&s| s.into()).collect();
                    if tensor.size() != sides {
                        let (name, has) = (&parameter.name, tensor.size());
                        return Err(format(format!("{name} has shape {has:?}, not {sides:?}")));
                    }
                    there.push(tensor);
                }
                fill(own, &there, taken)?;
                let trained = own.iter().filter(|tensor| tensor.requires_grad());
                taken_over += trained.map(|tensor| tensor.numel()).sum::<usize>();
                let is_same = (own.iter().zip(&there)).all(|(to, from)| to.size() == from.size());
                if taken.is_whole() && is_same {
                    let names = &parent.parameters[from.parameters.clone()];
                    for (to, parameter) in own.iter().zip(names) {
                        let view = view_at(model, to, &momentum)?;
                        if let (Some(mut view), Some(speed)) =
                            (view, get(MOMENTUM, &parameter.name)?)
                        {
                            view.f_copy_(&speed)?;
                            has_momentum = true;
                        }
                    }
                }
            }
        }
    }
    Ok(Inherited {
        keeps_function: transfer.keeps_function,
        share: taken_over as f64 / plan.trainable().max(1) as f64,
        momentum: has_momentum.then_some(momentum),
    })
}

/// Makes a new layer hand on its inputs.
fn hand_on(
    module: Module,
    own: &[&Tensor],
    inputs: &[u32],
    moments: &Moments,
) -> Result<(), Error> {
    let switched_off = |norm: &[&Tensor]| match norm {
        [weight, ..] => put(weight, &weight.f_zeros_like()?),
        [] => Ok(()),
    };
    match (module, own) {
        (Module::Conv { .. }, [weight, norm @ ..]) => {
            put(weight, &identity(weight, inputs)?)?;
            neutral(norm, Some(moments))
        }
        (Module::Residual { .. }, [_, rest @ ..]) if rest.len() >= 9 => {
            switched_off(&rest[5..9])?;
            match &rest[9..] {
                [shortcut, norm @ ..] => {
                    put(shortcut, &identity(shortcut, inputs)?)?;
                    neutral(norm, Some(moments))
                }
                [] => Ok(()),
            }
        }
        (Module::Dense(_), [weight, bias]) => {
            put(weight, &identity(weight, inputs)?)?;
            put(bias, &bias.f_zeros_like()?)
        }
        _ => Ok(()),
    }
}

/// A filter or matrix whose output c is input `inputs[c]`.
fn identity(like: &Tensor, inputs: &[u32]) -> Result<Tensor, Error> {
    let shares: Vec<Vec<f32>> = (inputs.iter())
        .map(|&input| one_of(like.size()[1], input))
        .collect();
    in_the_middle(like, &shares)
}

/// A filter or matrix that is not 0 in its middle alone, where it has these rows.
fn in_the_middle(like: &Tensor, rows: &[Vec<f32>]) -> Result<Tensor, Error> {
    let out = Tensor::f_zeros(like.size(), (Kind::Float, like.device()))?;
    let sides = [like.size()[0], like.size()[1]];
    let rows = Tensor::f_from_slice(&rows.concat())?
        .f_view(sides)?
        .f_to_device(like.device())?;
    let mut centre = match like.size().as_slice() {
        &[_, _, height, width] => out.f_select(3, width / 2)?.f_select(2, height / 2)?,
        _ => out.shallow_clone(),
    };
    centre.f_copy_(&rows)?;
    Ok(out)
}

fn one_of(length: i64, place: u32) -> Vec<f32> {
    let mut row = vec![0.0; usize::try_from(length).unwrap_or(0)];
    if let Some(entry) = row.get_mut(place as usize) {
        *entry = 1.0;
    }
    row
}

/// Makes a batch norm hand on its inputs when it is not training, and roughly so when it is, where their moments are known.
fn neutral(norm: &[&Tensor], moments: Option<&Moments>) -> Result<(), Error> {
    let [weight, bias, mean, variance] = norm else {
        return Ok(());
    };
    let unknown = Moments {
        mean: mean.f_zeros_like()?,
        variance: variance.f_ones_like()?,
    };
    let moments = moments.unwrap_or(&unknown);
    put(mean, &moments.mean)?;
    put(variance, &moments.variance)?;
    let deviation = moments.variance.f_add_scalar(NORM_EPS)?.f_sqrt()?;
    put(weight, &deviation)?;
    put(bias, &moments.mean)
}

/// Moments of what comes into the units of a layer over the pixels of many examples, as far as they are known.
struct Moments {
    mean: Tensor,
    variance: Tensor,
}

impl Moments {
    /// Those of a layer's input `inputs[c]` for each unit c: of what a convolution puts out, whose norm leaves about a normal
    /// distribution of mean β and standard deviation γ before it is rectified; behind pools the same. Of others they are taken for 0
    /// and 1.
    fn of(plan: &Plan, tensors: &[&Tensor], layer: usize, inputs: &[u32]) -> Result<Self, Error> {
        let [mut gamma, mut beta, mut known] = [0, 1, 2].map(|_| Vec::with_capacity(inputs.len()));
        for &input in inputs {
            let norm = producer(plan, layer, input).and_then(|(from, channel)| {
                let from = &plan.layers[from];
                let is_conv = matches!(from.module, Module::Conv { .. });
                let norm = tensors.get(from.parameters.start + 1..from.parameters.start + 3)?;
                is_conv.then_some((norm, i64::from(channel)))
            });
            known.push(if norm.is_some() { 1.0_f32 } else { 0.0 });
            let at = |place: usize| match norm {
                Some((norm, channel)) => norm[place].f_double_value(&[channel]),
                None => Ok(1.0),
            };
            gamma.push(at(0)?.abs() as f32);
            beta.push(at(1)? as f32);
        }
        let [gamma, beta, known] = [gamma, beta, known].map(|values| Tensor::f_from_slice(&values));
        let (gamma, beta, known) = (gamma?.f_clamp_min(1e-6)?, beta?, known?);
        // With z = β/γ, Φ and φ of the normal distribution: m = βΦ(z) + γφ(z), and (β² + γ²)Φ(z) + βγφ(z) is the mean of the squares.
        let z = beta.f_div(&gamma)?;
        let below = (z.f_mul_scalar(std::f64::consts::FRAC_1_SQRT_2)?.f_erf()?)
            .f_add_scalar(1.0)?
            .f_mul_scalar(0.5)?;
        let density = (z.f_square()?.f_mul_scalar(-0.5)?.f_exp()?).f_mul_scalar(
            std::f64::consts::FRAC_2_SQRT_PI * std::f64::consts::FRAC_1_SQRT_2 / 2.0,
        )?;
        let mean = (beta.f_mul(&below)?).f_add(&gamma.f_mul(&density)?)?;
        let squares = (beta.f_square()?.f_add(&gamma.f_square()?)?)
            .f_mul(&below)?
            .f_add(&beta.f_mul(&gamma)?.f_mul(&density)?)?;
        let variance = squares.f_sub(&mean.f_square()?)?.f_clamp_min(1e-4)?;
        let others = known.f_neg()?.f_add_scalar(1.0)?;
        Ok(Self {
            mean: mean.f_mul(&known)?,
            variance: variance.f_mul(&known)?.f_add(&others)?,
        })
    }
}

/// The layer and the channel of it that a channel comes from which goes into `layer`, pools left out.
fn producer(plan: &Plan, layer: usize, channel: u32) -> Option<(usize, u32)> {
    let (mut layer, mut channel) = (layer, channel);
    loop {
        let mut parents = plan.network.parents(layer).iter();
        let from = parents.find(|&&parent| {
            let count = plan.layers[parent].output.channels();
            let is_here = channel < count;
            channel -= if is_here { 0 } else { count };
            is_here
        });
        layer = *from?;
        if !matches!(plan.layers[layer].module, Module::MaxPool | Module::AvgPool) {
            return Some((layer, channel));
        }
    }
}

/// Gives a layer the weights of the parent's layer.
fn fill(own: &[&Tensor], from: &[Tensor], taken: &Taken) -> Result<(), Error> {
    let outputs = &taken.outputs;
    let norm = |own: &[&Tensor], from: &[Tensor], outputs: &[Option<u32>]| -> Result<(), Error> {
        for (own, from) in own.iter().zip(from) {
            put(own, &rows(own, from, outputs)?)?;
        }
        Ok(())
    };
    let weights =
        |own: &Tensor, from: &Tensor, outputs: &[Option<u32>], inputs: &[Option<Share>]| {
            put(own, &rows(own, &columns(own, from, inputs)?, outputs)?)
        };
    match (own, from) {
        // A residual layer: two convolutions with their norms, and a projection with its norm where there is one.
        ([first, own @ ..], [from_first, from @ ..]) if own.len() >= 9 && from.len() >= 9 => {
            let middle: Vec<Option<u32>> =
                taken.middle.iter().map(|s| s.map(|s| s.channel)).collect();
            weights(first, from_first, &middle, &taken.inputs)?;
            norm(&own[..4], &from[..4], &middle)?;
            weights(own[4], &from[4], outputs, &taken.middle)?;
            norm(&own[5..9], &from[5..9], outputs)?;
            if outputs.iter().any(Option::is_none) {
                // A unit whose branch is new hands on what comes in.
                let is_known: Vec<f32> = outputs.iter().map(|o| o.map_or(0.0, |_| 1.0)).collect();
                let is_known = Tensor::f_from_slice(&is_known)?.f_to_device(own[5].device())?;
                put(own[5], &own[5].detach().f_mul(&is_known)?)?;
            }
            match (&own[9..], &from[9..]) {
                ([shortcut, own @ ..], [from_shortcut, from @ ..]) => {
                    weights(shortcut, from_shortcut, outputs, &taken.inputs)?;
                    norm(own, from, outputs)
                }
                ([shortcut, own @ ..], []) => {
                    let row = |output: &Option<u32>| -> Vec<f32> {
                        let part = |share: &Option<Share>| match (share, output) {
                            (Some(share), Some(output)) if share.channel == *output => share.part,
                            _ => 0.0,
                        };
                        taken.inputs.iter().map(part).collect()
                    };
                    let rows: Vec<Vec<f32>> = outputs.iter().map(row).collect();
                    put(shortcut, &in_the_middle(shortcut, &rows)?)?;
                    neutral(own, None)
                }
                _ => Ok(()),
            }
        }
        // A filter or a matrix, and the norm or the bias after it.
        ([weight, own @ ..], [from_weight, from @ ..]) => {
            weights(weight, from_weight, outputs, &taken.inputs)?;
            norm(own, from, outputs)
        }
        _ => Ok(()),
    }
}

/// For each channel that comes in, the parent's weights for the one that it stands for, its part of them; as large as the child's filter.
fn columns(own: &Tensor, from: &Tensor, inputs: &[Option<Share>]) -> Result<Tensor, Error> {
    let mut sized = from.shallow_clone();
    for side in 2..from.dim() {
        sized = resized(&sized, side as i64, own.size()[side])?;
    }
    let places: Vec<i64> = (inputs.iter())
        .map(|share| share.map_or(0, |share| i64::from(share.channel)))
        .collect();
    let parts: Vec<f32> = (inputs.iter())
        .map(|share| share.map_or(0.0, |share| share.part))
        .collect();
    let device = from.device();
    let mut sides = vec![1; from.dim()];
    sides[1] = inputs.len() as i64;
    let places = Tensor::f_from_slice(&places)?.f_to_device(device)?;
    let parts = Tensor::f_from_slice(&parts)?
        .f_to_device(device)?
        .f_view(sides.as_slice())?;
    Ok(sized.f_index_select(1, &places)?.f_mul(&parts)?)
}

/// The middle of a side, or the side in the middle of zeros.
fn resized(filter: &Tensor, side: i64, wanted: i64) -> Result<Tensor, Error> {
    let has = filter.size()[side as usize];
    if wanted <= has {
        return Ok(filter.f_narrow(side, (has - wanted) / 2, wanted)?);
    }
    let mut sides = filter.size();
    sides[side as usize] = wanted;
    let out = Tensor::f_zeros(sides.as_slice(), (Kind::Float, filter.device()))?;
    let mut centre = out.f_narrow(side, (wanted - has) / 2, has)?;
    centre.f_copy_(filter)?;
    Ok(out)
}

/// For each unit what the parent has for the one that it is a copy of; what it has already where it is a copy of none.
fn rows(own: &Tensor, from: &Tensor, outputs: &[Option<u32>]) -> Result<Tensor, Error> {
    let places: Vec<i64> = (outputs.iter())
        .map(|unit| unit.map_or(0, i64::from))
        .collect();
    let places = Tensor::f_from_slice(&places)?.f_to_device(from.device())?;
    let out = from.f_index_select(0, &places)?;
    for (place, _) in (outputs.iter().enumerate()).filter(|(_, unit)| unit.is_none()) {
        let mut row = out.f_select(0, place as i64)?;
        row.f_copy_(&own.detach().f_select(0, place as i64)?)?;
    }
    Ok(out)
}

fn put(to: &Tensor, values: &Tensor) -> Result<(), Error> {
    no_grad(|| to.shallow_clone().f_copy_(values))?;
    Ok(())
}
