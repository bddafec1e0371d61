//! Losses and scores.

use std::collections::BTreeMap;

use tch::{Kind, Reduction, Tensor, no_grad};

use super::batches::DeviceExamples;
use super::model::Model;
use crate::Error;
use crate::data::{Output, Transform};

/// How well a model does on a part of the data.
#[derive(Clone, Debug, PartialEq)]
pub struct Score {
    /// Accuracy, or minus the mean squared error. Higher is better.
    pub value: f64,
    /// `accuracy` and `cross-entropy`; or `mse` and `r2`, of what the network learns, and in the units of the target the root of
    /// the mean squared error, `rmse`, and the mean absolute error, `mae`.
    pub metrics: BTreeMap<String, f64>,
}

/// The training loss of a batch.
///
/// Classification: cross-entropy against (1 − ε)·one-hot + ε/classes. Regression: mean squared error.
///
/// # Errors
/// Whatever libtorch reports.
pub fn loss(outputs: &Tensor, targets: &Tensor, smoothing: f64) -> Result<Tensor, Error> {
    if targets.kind() != Kind::Int64 {
        return Ok(outputs.f_mse_loss(targets, Reduction::Mean)?);
    }
    let nll = outputs.f_nll_loss::<&Tensor>(targets, None, Reduction::Mean, -100)?;
    if smoothing <= 0.0 {
        return Ok(nll);
    }
    let uniform = outputs.f_mean(Kind::Float)?.f_mul_scalar(-smoothing)?;
    Ok(nll.f_mul_scalar(1.0 - smoothing)?.f_add(&uniform)?)
}

/// Scores a model in evaluation mode.
pub(super) fn evaluate(
    model: &Model,
    examples: &DeviceExamples,
    meaning: &Output,
) -> Result<Score, Error> {
    no_grad(|| {
        let mut sums = [0.0; 5];
        let n = examples.len();
        let mut classifies = true;
        for batch in examples.all()? {
            let (inputs, targets) = batch?;
            let outputs = model.forward(&inputs, false)?;
            classifies = targets.kind() == Kind::Int64;
            let parts = if classifies {
                let right = outputs.f_argmax(1, false)?.f_eq_tensor(&targets)?;
                let nll = outputs.f_nll_loss::<&Tensor>(&targets, None, Reduction::Sum, -100)?;
                vec![right.f_sum(Kind::Double)?, nll]
            } else {
                let error = outputs.f_mse_loss(&targets, Reduction::None)?;
                let squares = targets.f_square()?;
                let apart = in_units(&outputs, meaning)?.f_sub(&in_units(&targets, meaning)?)?;
                vec![
                    error.f_sum(Kind::Double)?,
                    apart.f_square()?.f_sum(Kind::Double)?,
                    targets.f_sum(Kind::Double)?,
                    squares.f_sum(Kind::Double)?,
                    apart.f_abs()?.f_sum(Kind::Double)?,
                ]
            };
            for (sum, part) in sums.iter_mut().zip(&parts) {
                *sum += part.f_double_value(&[])?;
            }
        }
        let n = n as f64;
        let (value, metrics) = if classifies {
            (
                sums[0] / n,
                vec![("accuracy", sums[0] / n), ("cross-entropy", sums[1] / n)],
            )
        } else {
            let mse = sums[0] / n;
            let variance = sums[3] / n - (sums[2] / n).powi(2);
            (
                -mse,
                vec![
                    ("mse", mse),
                    ("r2", 1.0 - mse / variance.max(f64::MIN_POSITIVE)),
                    ("rmse", (sums[1] / n).sqrt()),
                    ("mae", sums[4] / n),
                ],
            )
        };
        Ok(Score {
            value,
            metrics: (metrics.into_iter())
                .map(|(name, x)| (name.to_owned(), x))
                .collect(),
        })
    })
}

/// Means over repeats or folds. From two on, the metric `noise` is the standard deviation of one's score, and `rmse-noise` that of
/// its error in units.
pub(super) fn average(runs: &[Score]) -> Score {
    let n = runs.len().max(1) as f64;
    let value = runs.iter().map(|run| run.value).sum::<f64>() / n;
    let mut metrics = BTreeMap::new();
    for (name, x) in runs.iter().flat_map(|run| &run.metrics) {
        *metrics.entry(name.clone()).or_insert(0.0) += x / n;
    }
    if runs.len() > 1 {
        let spread = |figure: &dyn Fn(&Score) -> Option<f64>, mean: f64| {
            let squares: Option<f64> = (runs.iter())
                .map(|run| Some((figure(run)? - mean).powi(2)))
                .sum();
            Some((squares? / (n - 1.0)).sqrt())
        };
        let noise = spread(&|run| Some(run.value), value);
        let error = metrics.get("rmse").copied();
        let in_units = error.and_then(|mean| spread(&|run| run.metrics.get("rmse").copied(), mean));
        metrics.extend(noise.map(|noise| ("noise".into(), noise)));
        metrics.extend(in_units.map(|noise| ("rmse-noise".into(), noise)));
    }
    Score { value, metrics }
}

/// Outputs or targets of a regression in the units of its target.
fn in_units(values: &Tensor, meaning: &Output) -> Result<Tensor, Error> {
    let Output::Value {
        std,
        mean,
        transform,
        ..
    } = meaning
    else {
        return Ok(values.f_to_kind(Kind::Double)?);
    };
    let y = values
        .f_to_kind(Kind::Double)?
        .f_mul_scalar(*std)?
        .f_add_scalar(*mean)?;
    Ok(match transform {
        None => y,
        Some(Transform::Log) => y.f_exp()?,
        Some(Transform::Log1p) => y.f_expm1()?,
    })
}
