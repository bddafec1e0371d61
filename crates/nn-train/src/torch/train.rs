//! One job from data to score.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_pcg::Pcg64;
use tch::{Kind, Tensor, no_grad};

use super::batches::{DeviceExamples, rows, spans};
use super::model::{Model, Snapshot};
use super::optimiser::Stepper;
use super::score::{Score, evaluate, loss};
use super::{augment, device};
use crate::data::{self, Dataset, InputShape, Scaling};
use crate::export;
use crate::job::{Event, Job};
use crate::plan::Plan;
use crate::{Error, Protocol};

/// Reads the data, trains, scores and saves; reports every epoch to `progress`.
///
/// # Errors
/// Whatever is wrong with the job or goes wrong with the training; see [`Error::failure`].
pub fn run(job: &Job, progress: &mut dyn FnMut(Event)) -> Result<Event, Error> {
    let start = Instant::now();
    let protocol = job.training.clone().validated()?;
    let device = device::resolve(job.device)?;
    let mut data = data::load(&job.task)?;
    let plan = Plan::for_data(&job.network, &data)?;
    check_augmentation(&protocol, &data)?;
    check_memory(&protocol, &plan)?;
    if job.is_final {
        data.train.append(&data.validation);
        if data.test.is_empty() {
            return Err(Error::Data {
                field: "split",
                problem: "leaves no test data, which a final training is scored on".into(),
            });
        }
    }
    let parameters = plan.trainable();
    let held_out = if job.is_final {
        &data.test
    } else {
        &data.validation
    };
    let mut trainer = Trainer {
        protocol: &protocol,
        held_out: DeviceExamples::new(held_out, data.shape, device)?,
        training: DeviceExamples::new(&data.train, data.shape, device)?,
        order: Pcg64::seed_from_u64(job.seed),
        // The test data decide nothing: they are scored once, after the last epoch.
        scores_on_the_way: !job.is_final,
    };
    let scaling = data.scaling.clone();
    drop(data);
    let mut runs = Vec::new();
    for repeat in 0..protocol.repeats {
        let seed = job.seed.wrapping_add(repeat.into());
        tch::manual_seed(seed.cast_signed());
        trainer.order = Pcg64::seed_from_u64(seed);
        let mut model = Model::new(plan.clone(), device)?;
        let (mut score, last_loss) = trainer.train(&mut model, device, &mut |event| {
            progress(shifted(event, repeat, protocol.repeats));
        })?;
        score.metrics.insert("loss".into(), last_loss);
        runs.push(score);
        // The first model is the one that leaves: to choose by the score would flatter it.
        if let (Some(path), 0) = (&job.save, repeat) {
            model.save(path)?;
            write_program(&model, &scaling, path)?;
            model.save_onnx(&path.with_extension("onnx"))?;
        }
    }
    let score = average(&runs);
    Ok(Event::Done {
        score: score.value,
        metrics: score.metrics,
        seconds: start.elapsed().as_secs_f64(),
        parameters,
    })
}

/// A repeat's progress as part of all repeats.
fn shifted(event: Event, repeat: u32, repeats: u32) -> Event {
    match event {
        Event::Progress {
            epoch,
            epochs,
            loss,
            score,
        } => Event::Progress {
            epoch: epoch + repeat * epochs,
            epochs: epochs * repeats,
            loss,
            score,
        },
        other => other,
    }
}

/// Means over repeats. From two on, the metric `noise` is the standard deviation of one repeat's score.
fn average(runs: &[Score]) -> Score {
    let n = runs.len().max(1) as f64;
    let value = runs.iter().map(|run| run.value).sum::<f64>() / n;
    let mut metrics = BTreeMap::new();
    for (name, x) in runs.iter().flat_map(|run| &run.metrics) {
        *metrics.entry(name.clone()).or_insert(0.0) += x / n;
    }
    if runs.len() > 1 {
        let squares: f64 = runs.iter().map(|run| (run.value - value).powi(2)).sum();
        metrics.insert("noise".into(), (squares / (n - 1.0)).sqrt());
    }
    Score { value, metrics }
}

fn check_memory(protocol: &Protocol, plan: &Plan) -> Result<(), Error> {
    const MEGABYTE: u64 = 1 << 20;
    let needed = plan.memory(protocol.batch) / MEGABYTE;
    match protocol.memory {
        Some(limit) if needed > u64::from(limit) => Err(Error::OutOfMemory {
            message: format!(
                "the training would take about {needed} MB, more than memory = {limit}"
            ),
        }),
        _ => Ok(()),
    }
}

/// Writes the PyTorch program beside the weights, under their name.
fn write_program(model: &Model, scaling: &Scaling, weights: &Path) -> Result<(), Error> {
    let name = weights.file_name().unwrap_or_default().to_string_lossy();
    let path = weights.with_extension("py");
    let text = export::pytorch(model.plan(), Some(scaling), &name);
    std::fs::write(&path, text).map_err(|source| Error::Io { path, source })
}

fn check_augmentation(protocol: &Protocol, data: &Dataset) -> Result<(), Error> {
    if !protocol.augment.is_off() && !matches!(data.shape, InputShape::Image(_)) {
        return Err(Error::Training {
            field: "augment",
            allowed: "left out where the data are no images",
        });
    }
    Ok(())
}

/// One training's data and randomness.
struct Trainer<'a> {
    protocol: &'a Protocol,
    training: DeviceExamples,
    held_out: DeviceExamples,
    order: Pcg64,
    scores_on_the_way: bool,
}

impl Trainer<'_> {
    /// Trains to the end or until patience runs out; the last score and the last epoch's loss.
    fn train(
        &mut self,
        model: &mut Model,
        device: tch::Device,
        progress: &mut dyn FnMut(Event),
    ) -> Result<(Score, f64), Error> {
        let protocol = self.protocol;
        let mut stepper = Stepper::new(model, protocol)?;
        let mut best: Option<(Score, Snapshot)> = None;
        let mut worse = 0;
        let mut last_loss = 0.0;
        for epoch in 1..=protocol.epochs {
            last_loss = self.epoch(model, &mut stepper, epoch, device)?;
            let is_due = epoch % protocol.evaluate_every == 0 || epoch == protocol.epochs;
            let score = match self.scores_on_the_way && is_due {
                true => Some(finite(evaluate(model, &self.held_out)?, epoch)?),
                false => None,
            };
            progress(Event::Progress {
                epoch,
                epochs: protocol.epochs,
                loss: last_loss,
                score: score.as_ref().map(|score| score.value),
            });
            match (score, protocol.patience) {
                (Some(score), Some(patience)) => {
                    if best
                        .as_ref()
                        .is_none_or(|(best, _)| score.value > best.value)
                    {
                        best = Some((score, model.snapshot()?));
                        worse = 0;
                    } else {
                        worse += 1;
                        if worse >= patience {
                            break;
                        }
                    }
                }
                (Some(score), None) if epoch == protocol.epochs => return Ok((score, last_loss)),
                _ => {}
            }
        }
        match best {
            Some((score, snapshot)) => {
                model.restore(&snapshot)?;
                Ok((score, last_loss))
            }
            None => Ok((
                finite(evaluate(model, &self.held_out)?, protocol.epochs)?,
                last_loss,
            )),
        }
    }

    /// One pass over the training data; the mean loss.
    fn epoch(
        &mut self,
        model: &Model,
        stepper: &mut Stepper,
        epoch: u32,
        device: tch::Device,
    ) -> Result<f64, Error> {
        let protocol = self.protocol;
        let n = self.training.len();
        let mut order: Vec<i64> = (0..n).collect();
        order.shuffle(&mut self.order);
        let order = rows(&order, device)?;
        let spans = spans(n, i64::from(protocol.batch));
        let steps = spans.len() as u64;
        let mut total = Tensor::f_zeros([] as [i64; 0], (Kind::Float, device))?;
        for (step, (start, length)) in spans.into_iter().enumerate() {
            let (mut inputs, targets) = self.training.select(&order.f_narrow(0, start, length)?)?;
            if !protocol.augment.is_off() {
                inputs = no_grad(|| augment::apply(&protocol.augment, &inputs))?;
            }
            let outputs = model.forward(&inputs, true)?;
            let loss = loss(&outputs, &targets, protocol.label_smoothing)?;
            let done = u64::from(epoch - 1) * steps + step as u64;
            stepper.step(model, &loss, protocol.learning_rate_at(done, steps))?;
            // Read once an epoch: on a GPU each reading would wait for it.
            drop(total.f_add_(&loss.f_detach()?)?);
        }
        let mean = total.f_double_value(&[])? / steps as f64;
        if mean.is_finite() {
            Ok(mean)
        } else {
            Err(Error::Diverged { epoch, loss: mean })
        }
    }
}

/// A score, unless it is no number.
fn finite(score: Score, epoch: u32) -> Result<Score, Error> {
    match score.metrics.values().find(|x| !x.is_finite()) {
        None => Ok(score),
        Some(&loss) => Err(Error::Diverged { epoch, loss }),
    }
}
