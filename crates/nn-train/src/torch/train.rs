//! One job from data to score.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use super::batches::DeviceExamples;
use super::model::{Model, Numerics};
use super::score::Score;
use super::trainer::{Stop, Trainer};
use super::{checkpoint, device};
use crate::data::{self, Dataset, InputShape, Preparation};
use crate::export;
use crate::job::{Event, Job};
use crate::plan::Plan;
use crate::trained::Trained;
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
    check_stage(job, &protocol)?;
    if job.is_final {
        data.train.append(&data.validation)?;
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
    let placement = job.task.placement;
    let trainer = Trainer {
        protocol: &protocol,
        held_out: DeviceExamples::new(held_out, data.shape, device, placement)?,
        training: DeviceExamples::new(&data.train, data.shape, device, placement)?,
        device,
        meaning: data.preparation.output.clone(),
        // The test data decide nothing: they are scored once, after the last epoch.
        scores_on_the_way: !job.is_final,
        start,
    };
    let stop = match &job.stage {
        None => None,
        Some(stage) => Some(Stop {
            until: stage.until,
            checkpoint: &stage.checkpoint,
            owner: checkpoint::owner(job)?,
        }),
    };
    let numerics = Numerics::of(&protocol);
    let preparation = data.preparation.clone();
    drop(data);
    let mut runs = Vec::new();
    for repeat in 0..protocol.repeats {
        let seed = job.seed.wrapping_add(repeat.into());
        tch::manual_seed(seed.cast_signed());
        let mut model = Model::with(plan.clone(), device, numerics)?;
        let (mut score, last_loss) =
            trainer.train(&mut model, seed, stop.as_ref(), &mut |event| {
                progress(shifted(event, repeat, protocol.repeats));
            })?;
        score.metrics.insert("loss".into(), last_loss);
        runs.push(score);
        // The first model is the one that leaves: to choose by the score would flatter it.
        if let (Some(path), 0) = (&job.save, repeat) {
            let trained = Trained::new(plan.network.clone(), preparation.clone());
            model.save(path, Some(&trained))?;
            write_program(&model, &preparation, path)?;
            model.save_onnx(Some(&preparation), &path.with_extension("onnx"))?;
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

/// Means over repeats. From two on, the metric `noise` is the standard deviation of one repeat's score, and `rmse-noise` that of
/// its error in units.
fn average(runs: &[Score]) -> Score {
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
fn write_program(model: &Model, preparation: &Preparation, weights: &Path) -> Result<(), Error> {
    let name = weights.file_name().unwrap_or_default().to_string_lossy();
    let path = weights.with_extension("py");
    let text = export::pytorch(model.plan(), Some(preparation), &name);
    std::fs::write(&path, text).map_err(|source| Error::Write { path, source })
}

fn check_augmentation(protocol: &Protocol, data: &Dataset) -> Result<(), Error> {
    if !protocol.augment.is_off() && !matches!(data.shape, InputShape::Image(_)) {
        return Err(Error::Training {
            field: "augment",
            allowed: "left out where the data are no images",
        });
    }
    let side = match data.shape {
        InputShape::Image(image) => image.height.min(image.width),
        InputShape::Features(_) => u32::MAX,
    };
    if protocol.augment.crop >= side {
        return Err(Error::Training {
            field: "augment.crop",
            allowed: "smaller than the sides of the images, which are reflected",
        });
    }
    Ok(())
}

/// A training in parts: what it can't be combined with.
fn check_stage(job: &Job, protocol: &Protocol) -> Result<(), Error> {
    let Some(stage) = &job.stage else {
        return Ok(());
    };
    let checks = [
        (
            protocol.repeats == 1,
            "repeats",
            "1 where trainings stop at rungs",
        ),
        (
            protocol.patience.is_none(),
            "patience",
            "left out where trainings stop at rungs",
        ),
        (
            protocol.steps.is_none(),
            "steps",
            "left out where trainings stop at rungs: give epochs",
        ),
        (
            (1..=protocol.epochs).contains(&stage.until),
            "epochs",
            "at least as many as the rungs",
        ),
    ];
    match checks.into_iter().find(|(ok, ..)| !ok) {
        Some((_, field, allowed)) => Err(Error::Training { field, allowed }),
        None => Ok(()),
    }
}
