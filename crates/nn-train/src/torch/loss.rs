//! The loss that a training minimises.

use tch::{Kind, Reduction, Tensor};

use crate::Error;

/// What the outputs of examples are compared with, and what each example counts for.
#[derive(Debug, PartialEq)]
pub struct Wanted {
    /// Classes (64-bit integers), or a column of numbers.
    pub targets: Tensor,
    /// One number an example; `None` where all count the same.
    pub weights: Option<Tensor>,
}

impl Wanted {
    /// Does the same to targets and weights, of which the first dimension counts examples.
    pub(super) fn each(
        &self,
        change: impl Fn(&Tensor) -> Result<Tensor, Error>,
    ) -> Result<Self, Error> {
        Ok(Self {
            targets: change(&self.targets)?,
            weights: self.weights.as_ref().map(change).transpose()?,
        })
    }
}

/// The training loss of a batch: the mean over its examples, each loss times its example's weight.
///
/// Classification: cross-entropy against (1 − ε)·one-hot + ε/classes. Regression: the squared error.
///
/// # Errors
/// Whatever libtorch reports.
pub fn loss(outputs: &Tensor, wanted: &Wanted, smoothing: f64) -> Result<Tensor, Error> {
    let Wanted { targets, weights } = wanted;
    let is_class = targets.kind() == Kind::Int64;
    let Some(weights) = weights else {
        if !is_class {
            return Ok(outputs.f_mse_loss(targets, Reduction::Mean)?);
        }
        let nll = outputs.f_nll_loss::<&Tensor>(targets, None, Reduction::Mean, -100)?;
        if smoothing <= 0.0 {
            return Ok(nll);
        }
        let uniform = outputs.f_mean(Kind::Float)?.f_mul_scalar(-smoothing)?;
        return Ok(nll.f_mul_scalar(1.0 - smoothing)?.f_add(&uniform)?);
    };
    let losses = if !is_class {
        outputs.f_mse_loss(targets, Reduction::None)?.f_view([-1])?
    } else {
        let nll = outputs.f_nll_loss::<&Tensor>(targets, None, Reduction::None, -100)?;
        if smoothing <= 0.0 {
            nll
        } else {
            let uniform = outputs.f_mean_dim(1_i64, false, outputs.kind())?;
            nll.f_mul_scalar(1.0 - smoothing)?
                .f_add(&uniform.f_mul_scalar(-smoothing)?)?
        }
    };
    let weighted = losses.f_mul(weights)?;
    Ok(weighted.f_mean(weighted.kind())?)
}
