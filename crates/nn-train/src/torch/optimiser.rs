//! SGD with momentum and AdamW on the flat vector of all parameters.
//!
//! PyTorch's definitions, step by step: with gradient g, learning rate η and decay λ,
//!
//! - `sgd`: g ← g + λθ; b ← μb + g (b = g at the first step); θ ← θ − η(g + μb) with Nesterov, θ − ηb without;
//! - `adamw`: θ ← (1 − ηλ)θ; m ← β₁m + (1 − β₁)g; v ← β₂v + (1 − β₂)g²; θ ← θ − η m̂/(√v̂ + ε).
//!
//! Since parameters and gradients are views of two vectors, a step costs a few passes over memory, where PyTorch's
//! eager optimisers cost several calls for each parameter. On a GPU it is one or two launches of libtorch's own (`fused`), where that has
//! them: they round otherwise in the last bit.

use tch::{Device, Kind, Tensor, no_grad};

use super::fused::{self, Vectors};
use super::model::Model;
use crate::{Error, Optimiser, Protocol};

const BETA2: f64 = 0.999;
const EPS: f64 = 1e-8;

/// The state of one training's optimiser.
#[derive(Debug)]
pub struct Stepper {
    rule: Optimiser,
    momentum: f64,
    nesterov: bool,
    decay: f64,
    clip: Option<f64>,
    /// All gradients; those of the parameters are views of it once `adopted`.
    gradient: Tensor,
    /// Those of the parameters that layers take in 16 bits.
    half: Option<Tensor>,
    first: Tensor,
    second: Option<Tensor>,
    /// Steps taken.
    steps: i32,
    /// Whether the parameters' gradients are views of `gradient` and `half` yet.
    adopted: bool,
    /// Whether libtorch's own functions do the step.
    is_fused: bool,
    /// Where they copy the gradient of each parameter to.
    views: Vec<Tensor>,
}

impl Stepper {
    /// Starts with the protocol's constants.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`], or whatever else libtorch reports.
    pub fn new(model: &Model, protocol: &Protocol) -> Result<Self, Error> {
        let (flat, _) = model.flat();
        let second = match protocol.optimiser {
            Optimiser::Sgd => None,
            Optimiser::Adamw => Some(flat.f_zeros_like()?),
        };
        Ok(Self {
            rule: protocol.optimiser,
            momentum: protocol.momentum,
            nesterov: protocol.nesterov,
            decay: protocol.weight_decay,
            clip: protocol.clip,
            gradient: flat.f_zeros_like()?,
            half: None,
            first: flat.f_zeros_like()?,
            second,
            steps: 0,
            adopted: false,
            is_fused: flat.device() != Device::Cpu,
            views: Vec::new(),
        })
    }

    /// Has libtorch's own functions do the step, which else they do on a GPU only.
    #[must_use]
    pub fn fused(self) -> Self {
        Self {
            is_fused: true,
            ..self
        }
    }

    /// Whether they do: where libtorch does not have them, a step is made of operations on vectors.
    #[must_use]
    pub fn is_fused(&self) -> bool {
        self.is_fused
    }

    /// The vectors that carry over from step to step, by name, and the number of steps taken.
    pub(super) fn state(&self) -> (Vec<(&'static str, &Tensor)>, i32) {
        let second = self.second.as_ref().map(|second| ("second", second));
        let vectors = std::iter::once(("first", &self.first)).chain(second);
        (vectors.collect(), self.steps)
    }

    /// Goes on after `steps` steps that left `vector` by each name.
    pub(super) fn restore(
        &mut self,
        steps: i32,
        vector: impl Fn(&str, &mut Tensor) -> Result<(), Error>,
    ) -> Result<(), Error> {
        vector("first", &mut self.first)?;
        if let Some(second) = &mut self.second {
            vector("second", second)?;
        }
        self.steps = steps;
        Ok(())
    }

    /// What the momentum stands at, where another training may begin with it: that of `adamw` belongs to a number of steps, which
    /// is one for all parameters.
    pub(super) fn momentum(&self) -> Option<Tensor> {
        (self.rule == Optimiser::Sgd && self.momentum > 0.0).then(|| self.first.shallow_clone())
    }

    /// Begins with a momentum in place of none, where [`Stepper::momentum`] would have one.
    ///
    /// # Errors
    /// Whatever libtorch reports.
    pub(super) fn begin_with(&mut self, momentum: &Tensor) -> Result<(), Error> {
        if self.momentum().is_some() {
            self.first.f_copy_(momentum)?;
        }
        Ok(())
    }

    /// Differentiates `loss` and moves the parameters.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`], or whatever else libtorch reports.
    pub fn step(&mut self, model: &Model, loss: &Tensor, learning_rate: f64) -> Result<(), Error> {
        if self.adopted {
            drop(self.gradient.f_zero_()?);
            if let Some(half) = &mut self.half {
                drop(half.f_zero_()?);
            }
        }
        loss.f_backward()?;
        no_grad(|| {
            self.is_fused = self.is_fused && self.take(model)?;
            if !self.is_fused {
                self.accumulate(model)?;
            }
            self.steps += 1;
            if let Some(clip) = self.clip {
                let factor = (self.gradient.f_norm()? + 1e-6)
                    .f_reciprocal()?
                    .f_mul_scalar(clip)?
                    .f_clamp_max(1.0)?;
                drop(self.gradient.f_mul_(&factor)?);
            }
            if self.is_fused {
                self.is_fused = self.at_once(model, learning_rate)?;
                if self.is_fused {
                    return Ok(());
                }
            }
            match self.rule {
                Optimiser::Sgd => self.sgd(model, learning_rate),
                Optimiser::Adamw => self.adamw(model, learning_rate),
            }
        })
    }

    /// Moves the parameters by libtorch's own functions; whether there are such.
    fn at_once(&self, model: &Model, rate: f64) -> Result<bool, Error> {
        let (flat, decaying) = model.flat();
        let vectors = Vectors {
            flat,
            gradient: &self.gradient,
            first: &self.first,
            decaying,
            decay: self.decay,
        };
        match &self.second {
            None => fused::sgd(vectors, self.momentum, self.nesterov, rate),
            Some(second) => {
                let how = fused::Adamw {
                    betas: [self.momentum, BETA2],
                    eps: EPS,
                    rate,
                    number: self.steps,
                };
                fused::adamw(vectors, second, how)
            }
        }
    }

    /// Copies the gradients of a backward pass into the flat vector by libtorch's own function, if there is such.
    fn take(&mut self, model: &Model) -> Result<bool, Error> {
        if self.views.is_empty() {
            let view = |(start, leaf)| self.view(&self.gradient, start, leaf);
            self.views = model.leaves().map(view).collect::<Result<_, _>>()?;
        }
        fused::take_gradients(model.leaves().map(|(_, leaf)| leaf), &self.views)
    }

    /// Has the flat vector hold the gradients of a backward pass. The first one has allocated some, which are moved there; later ones
    /// accumulate there.
    fn accumulate(&mut self, model: &Model) -> Result<(), Error> {
        if !self.adopted {
            // A step that was begun otherwise may have left something.
            drop(self.gradient.f_zero_()?);
            self.half = model.half().map(Tensor::f_zeros_like).transpose()?;
            for (start, leaf) in model.leaves() {
                let vector = match (&self.half, leaf.kind()) {
                    (Some(half), Kind::BFloat16) => half,
                    _ => &self.gradient,
                };
                let mut view = self.view(vector, start, leaf)?;
                let mut gradient = leaf.f_grad()?;
                if gradient.defined() {
                    view.f_copy_(&gradient)?;
                    gradient.set_data(&view);
                }
            }
            self.adopted = true;
        }
        if let Some(half) = &self.half {
            // Where one of both has a gradient the other has zeros.
            drop(self.gradient.f_add_(half)?);
        }
        Ok(())
    }

    /// The place of a parameter in a vector of all.
    fn view(&self, vector: &Tensor, start: i64, leaf: &Tensor) -> Result<Tensor, Error> {
        Ok(vector.f_as_strided(leaf.size(), leaf.stride(), start)?)
    }

    fn sgd(&mut self, model: &Model, learning_rate: f64) -> Result<(), Error> {
        let (flat, decaying) = model.flat();
        if self.decay > 0.0 {
            let weights = flat.f_narrow(0, 0, decaying)?.f_mul_scalar(self.decay)?;
            drop(self.gradient.f_narrow(0, 0, decaying)?.f_add_(&weights)?);
        }
        let mut flat = flat.shallow_clone();
        if self.momentum <= 0.0 {
            drop(flat.f_sub_(&self.gradient.f_mul_scalar(learning_rate)?)?);
            return Ok(());
        }
        // The buffer starts at 0, so that the first step leaves b = g in it.
        drop(
            self.first
                .f_mul_scalar_(self.momentum)?
                .f_add_(&self.gradient)?,
        );
        if self.nesterov {
            let ahead = self.first.f_mul_scalar(learning_rate * self.momentum)?;
            drop(
                flat.f_sub_(&self.gradient.f_mul_scalar(learning_rate)?)?
                    .f_sub_(&ahead)?,
            );
        } else {
            drop(flat.f_sub_(&self.first.f_mul_scalar(learning_rate)?)?);
        }
        Ok(())
    }

    fn adamw(&mut self, model: &Model, learning_rate: f64) -> Result<(), Error> {
        let (flat, decaying) = model.flat();
        let mut flat = flat.shallow_clone();
        let Some(second) = &mut self.second else {
            return Ok(());
        };
        if self.decay > 0.0 {
            drop(
                flat.f_narrow(0, 0, decaying)?
                    .f_mul_scalar_(1.0 - learning_rate * self.decay)?,
            );
        }
        drop(self.first.f_lerp_(&self.gradient, 1.0 - self.momentum)?);
        drop(
            second
                .f_mul_scalar_(BETA2)?
                .f_addcmul_(&self.gradient, &self.gradient.f_mul_scalar(1.0 - BETA2)?)?,
        );
        let unbias1 = 1.0 - self.momentum.powi(self.steps);
        let unbias2 = 1.0 - BETA2.powi(self.steps);
        let root = second
            .f_sqrt()?
            .f_mul_scalar_(1.0 / unbias2.sqrt())?
            .f_add_scalar_(EPS)?;
        let step = self.first.f_mul_scalar(-learning_rate / unbias1)?;
        drop(flat.f_addcdiv_(&step, &root)?);
        Ok(())
    }
}
