//! The modules: what one layer computes.

use tch::{Kind, Tensor};

use crate::plan::{Activation, Features, LayerPlan, Module};
use crate::{Error, Precision};

/// Batch norm: share of the newest batch in the running mean and variance, and ε.
const NORM_MOMENTUM: f64 = 0.1;
pub(super) const NORM_EPS: f64 = 1e-5;

/// What all layers of one forward pass share.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pass {
    /// Whether batch norms use the batch's own moments.
    pub(super) training: bool,
    /// Whether decision layers give log-probabilities.
    pub(super) classifies: bool,
    /// Numbers of convolutions and matrix products.
    pub(super) precision: Precision,
}

impl Pass {
    /// A factor of a convolution or a matrix product, in its precision.
    fn factor(self, x: &Tensor) -> Result<Tensor, Error> {
        Ok(match self.precision {
            Precision::Bf16 => x.f_to_kind(Kind::BFloat16)?,
            Precision::Fp32 | Precision::Tf32 => x.shallow_clone(),
        })
    }

    /// One layer's module.
    pub(super) fn apply(
        self,
        layer: &LayerPlan,
        tensors: &[Tensor],
        x: &Tensor,
    ) -> Result<Tensor, Error> {
        Ok(match (layer.module, tensors) {
            (Module::Conv { filter, stride }, [weight, norm @ ..]) => {
                let y = self.conv(x, weight, filter, stride)?;
                self.normalise(&y, norm)?.f_relu_()?
            }
            (Module::Residual { filter, stride, .. }, [first, rest @ ..]) if rest.len() >= 9 => {
                let y = self.conv(x, first, filter, stride)?;
                let y = self.normalise(&y, &rest[..4])?.f_relu_()?;
                let y = self.conv(&y, &rest[4], filter, 1)?;
                let mut y = self.normalise(&y, &rest[5..9])?;
                let mut sum = match &rest[9..] {
                    [shortcut, norm @ ..] => {
                        y.f_add_(&self.normalise(&self.conv(x, shortcut, 1, stride)?, norm)?)?
                    }
                    [] => y.f_add_(x)?,
                };
                sum.f_relu_()?
            }
            (Module::MaxPool, _) => x.f_max_pool2d(2, 2, 0, 1, true)?,
            (Module::AvgPool, _) => x.f_avg_pool2d(2, 2, 0, true, true, None)?,
            (Module::Dense(op), [weight, bias]) => {
                activate(op, self.linear(&flatten(layer, x)?, weight, bias)?)?
            }
            (Module::Decision, [weight, bias]) => {
                let y = self.linear(&flatten(layer, x)?, weight, bias)?;
                let y = y.f_to_kind(at_least_float(&y))?;
                if self.classifies {
                    y.f_log_softmax(1, None)?
                } else {
                    y
                }
            }
            (module, _) => {
                return Err(Error::Torch {
                    message: format!(
                        "{module:?} has {} tensors, which is not its number",
                        tensors.len()
                    ),
                });
            }
        })
    }

    /// Convolution with "same" padding: the image keeps its side, or ⌈side/2⌉ of it.
    fn conv(self, x: &Tensor, weight: &Tensor, filter: u32, stride: u32) -> Result<Tensor, Error> {
        let (padding, stride) = (i64::from(filter / 2), i64::from(stride));
        let (x, weight) = (self.factor(x)?, self.factor(weight)?);
        Ok(x.f_conv2d::<&Tensor>(&weight, None, stride, padding, 1, 1)?)
    }

    fn linear(self, x: &Tensor, weight: &Tensor, bias: &Tensor) -> Result<Tensor, Error> {
        let (x, weight, bias) = (self.factor(x)?, self.factor(weight)?, self.factor(bias)?);
        Ok(x.f_linear(&weight, Some(&bias))?)
    }

    /// Batch norm with weight, bias, running mean and running variance.
    fn normalise(self, x: &Tensor, norm: &[Tensor]) -> Result<Tensor, Error> {
        let [weight, bias, mean, variance] = norm else {
            return Err(Error::Torch {
                message: format!("a batch norm has 4 tensors, not {}", norm.len()),
            });
        };
        Ok(x.f_batch_norm(
            Some(weight),
            Some(bias),
            Some(mean),
            Some(variance),
            self.training,
            NORM_MOMENTUM,
            NORM_EPS,
            true,
        )?)
    }
}

/// 32-bit floats, unless the numbers have more bits.
fn at_least_float(x: &Tensor) -> Kind {
    match x.kind() {
        Kind::Double => Kind::Double,
        _ => Kind::Float,
    }
}

/// Averages an image over its pixels.
fn flatten(layer: &LayerPlan, x: &Tensor) -> Result<Tensor, Error> {
    Ok(match layer.input {
        Features::Image(..) => x.f_mean_dim([2_i64, 3].as_slice(), false, at_least_float(x))?,
        Features::Flat(_) => x.shallow_clone(),
    })
}

/// In place where the gradient needs the result alone.
fn activate(activation: Activation, mut x: Tensor) -> Result<Tensor, Error> {
    Ok(match activation {
        Activation::Crelu => Tensor::f_cat(&[x.f_relu()?, x.f_neg()?.f_relu_()?], 1)?,
        Activation::LeakyRelu => x.f_leaky_relu_()?,
        Activation::Softplus => x.f_softplus()?,
        Activation::Elu => x.f_elu_()?,
        Activation::Logistic => x.f_sigmoid_()?,
        Activation::Tanh => x.f_tanh_()?,
        Activation::Relu => x.f_relu_()?,
    })
}
