//! How good a model is on examples.

use std::collections::BTreeMap;

use tch::{Device, no_grad};

use super::batches::DeviceExamples;
use super::model::Model;
use crate::Error;
use crate::data::{Metric, Output, Targets};
use crate::figures;

/// How well a model does on a part of the data.
#[derive(Clone, Debug, PartialEq)]
pub struct Score {
    /// The figure of the metric, with its sign changed where it is a loss. Higher is better.
    pub value: f64,
    /// Figures by the names of their metrics; see [`figures::all`].
    pub metrics: BTreeMap<String, f64>,
}

/// What models are scored by.
#[derive(Clone, Debug)]
pub(super) struct Scorer {
    pub(super) metric: Metric,
    /// What outputs mean.
    pub(super) meaning: Output,
}

impl Scorer {
    /// The score of outputs for examples with these targets, with all figures that are told.
    pub(super) fn score(&self, outputs: &[f32], targets: &Targets) -> Result<Score, Error> {
        self.of(figures::all(self.metric, outputs, targets, &self.meaning))
    }

    /// As [`Scorer::score`], with the figures alone that a training goes by.
    pub(super) fn brief(&self, outputs: &[f32], targets: &Targets) -> Result<Score, Error> {
        self.of(figures::brief(self.metric, outputs, targets, &self.meaning))
    }

    fn of(&self, metrics: BTreeMap<String, f64>) -> Result<Score, Error> {
        // What is scored has examples, and the metric was checked to say something of them.
        let value = self.metric.score_of(&metrics);
        let value = value.ok_or_else(|| self.metric.mute("what is scored"))?;
        Ok(Score { value, metrics })
    }

    /// Refuses a part of the data of which the metric says nothing, whatever is predicted.
    pub(super) fn check(&self, part: &str, targets: &Targets) -> Result<(), Error> {
        match targets {
            Targets::Classes(classes) if self.metric.is_mute(classes.iter()) => {
                Err(self.metric.mute(part))
            }
            _ => Ok(()),
        }
    }
}

/// A model's outputs for all examples in their order, in evaluation mode.
pub(super) fn outputs(model: &Model, examples: &DeviceExamples) -> Result<Vec<f32>, Error> {
    let mut out = Vec::new();
    for batch in examples.all()? {
        let (inputs, _) = batch?;
        let outputs = no_grad(|| model.forward(&inputs, false))?;
        let outputs = outputs.f_to_device(Device::Cpu)?;
        let flat = outputs.f_contiguous()?.f_view([-1])?;
        out.extend(Vec::<f32>::try_from(flat)?);
    }
    Ok(out)
}

/// Means over repeats or folds. From two on, the metric `noise` is the standard deviation of one's score, and `rmse-noise` that of
/// its error in units. A figure that some have not is the mean of the others'.
pub(super) fn average(runs: &[Score]) -> Score {
    let mean = |figures: &mut dyn Iterator<Item = f64>| {
        let (count, sum) = figures.fold((0_u32, 0.0), |(count, sum), x| (count + 1, sum + x));
        sum / f64::from(count.max(1))
    };
    let value = mean(&mut runs.iter().map(|run| run.value));
    let mut metrics = BTreeMap::new();
    for name in runs.iter().flat_map(|run| run.metrics.keys()) {
        let mut known = runs.iter().filter_map(|run| run.metrics.get(name).copied());
        metrics
            .entry(name.clone())
            .or_insert_with(|| mean(&mut known));
    }
    if runs.len() > 1 {
        let spread = |figure: &dyn Fn(&Score) -> Option<f64>, mean: f64| {
            let squares: Option<f64> = (runs.iter())
                .map(|run| Some((figure(run)? - mean).powi(2)))
                .sum();
            Some((squares? / (runs.len() - 1) as f64).sqrt())
        };
        let noise = spread(&|run| Some(run.value), value);
        let error = metrics.get("rmse").copied();
        let in_units = error.and_then(|mean| spread(&|run| run.metrics.get("rmse").copied(), mean));
        metrics.extend(noise.map(|noise| ("noise".into(), noise)));
        metrics.extend(in_units.map(|noise| ("rmse-noise".into(), noise)));
    }
    Score { value, metrics }
}
