//! One job from data to score.

use std::time::Instant;

use super::finale::{self, Finale};
use super::held::Held;
use super::score::{Score, average};
use super::setting::{Parts, Rows, Setting};
use super::trainer::Stop;
use super::{algorithms, checkpoint, device, inherit, latency, room};
use crate::data::{Dataset, InputShape};
use crate::job::{Event, Job};
use crate::plan::{Batches, Plan};
use crate::{Error, Precision, Protocol};

/// Reads the data, trains, scores and saves; reports every epoch to `progress`.
///
/// # Errors
/// Whatever is wrong with the job or goes wrong with the training; see [`Error::failure`].
pub fn run(job: &Job, progress: &mut dyn FnMut(Event)) -> Result<Event, Error> {
    run_with(&mut Held::default(), job, progress)
}

/// As [`run`], with data that are there from an earlier job. They change no bit of what comes out.
///
/// # Errors
/// As [`run`].
pub fn run_with(
    held: &mut Held,
    job: &Job,
    progress: &mut dyn FnMut(Event),
) -> Result<Event, Error> {
    let start = Instant::now();
    held.needed = None;
    let protocol = job.training.clone().validated()?;
    let device = device::resolve(job.device)?;
    algorithms::set_deterministic(protocol.deterministic)?;
    let there = held.data(&job.task)?;
    let data = &there.set;
    let plan = Plan::for_data(&job.network, data)?;
    check_augmentation(&protocol, data)?;
    held.needed = Some(check_memory(&protocol, &plan, data)?);
    room::memory(job.device)
        .into_iter()
        .for_each(&mut *progress);
    check_stage(job, &protocol)?;
    check_inheritance(job, &protocol)?;
    let setting = Setting {
        protocol: &protocol,
        held: &there,
        data,
        device,
        placement: job.task.placement,
    };
    setting.check_metric()?;
    // Before the training, which seeds libtorch's generator: a network of which this takes too much memory is not trained.
    let latency = (protocol.latency)
        .filter(|_| job.finally.is_none())
        .map(|how| latency::measure(&plan, how, &protocol, device))
        .transpose()?;
    let Finale {
        runs,
        parameters,
        members,
        breakdown,
    } = match &job.finally {
        Some(last) => finale::run(&setting, job, last, progress)?,
        None => Finale {
            runs: evaluate(&setting, job, &plan, start, progress)?,
            parameters: plan.trainable(),
            members: Vec::new(),
            breakdown: None,
        },
    };
    let mut score = average(&runs);
    for (name, milliseconds) in latency.into_iter().flatten() {
        score.metrics.insert(name.to_owned(), milliseconds);
    }
    Ok(Event::Done {
        score: score.value,
        metrics: score.metrics,
        seconds: start.elapsed().as_secs_f64(),
        parameters,
        members,
        breakdown,
    })
}

/// Trains and scores a network during a search: one score for each repeat or fold.
fn evaluate(
    setting: &Setting<'_>,
    job: &Job,
    plan: &Plan,
    start: Instant,
    progress: &mut dyn FnMut(Event),
) -> Result<Vec<Score>, Error> {
    let protocol = setting.protocol;
    let stop = match &job.stage {
        None => None,
        Some(stage) => Some(Stop {
            until: stage.until,
            checkpoint: &stage.checkpoint,
            owner: checkpoint::owner(job)?,
            keep: stage.keep,
        }),
    };
    let mut parts = Parts {
        progress,
        done: 0,
        of: protocol.folds.unwrap_or(protocol.repeats),
        told: 0,
    };
    let mut runs = Vec::new();
    setting.divided(|training, held_out| {
        let rows = Rows {
            training,
            held_out: Some(held_out),
            until: None,
        };
        let trainer = setting.trainer(rows, start)?;
        // Where there are folds there is one repeat.
        for repeat in 0..protocol.repeats {
            let seed = job.seed.wrapping_add(repeat.into());
            let inherit = job.inherit.as_ref();
            let (model, course, inherited) =
                setting.train_from(&trainer, plan, seed, inherit, stop.as_ref(), &mut parts)?;
            if let Some(path) = &job.leave {
                inherit::leave(&model, course.momentum.as_ref(), path)?;
            }
            let Some(mut score) = course.score else {
                continue;
            };
            if let Some(inherited) = inherited {
                score.metrics.insert("inherited".into(), inherited.share);
            }
            score.metrics.insert("loss".into(), course.loss);
            score.metrics.insert("epochs".into(), course.epochs.into());
            runs.push(score);
            if let (Some(path), true) = (&job.save, runs.len() == 1) {
                finale::save(&model, &setting.data.preparation, path)?;
            }
        }
        Ok(())
    })?;
    Ok(runs)
}

/// Bytes that a training needs; refused where that is more than the protocol allows. What libraries keep for themselves is known to some
/// hundredths only, with 16-bit floats to a tenth, so that more than the prediction must fit.
fn check_memory(protocol: &Protocol, plan: &Plan, data: &Dataset) -> Result<u64, Error> {
    const MEGABYTE: u64 = 1 << 20;
    let margin = match protocol.precision {
        Precision::Fp32 | Precision::Tf32 => 1.08,
        Precision::Bf16 => 1.12,
    };
    let batches = Batches::of(protocol, data.train.len(), data.validation.len());
    let bytes = (plan.memory(protocol, batches) as f64 * margin) as u64;
    let needed = bytes.div_ceil(MEGABYTE);
    match protocol.memory {
        Some(limit) if needed > u64::from(limit) => Err(Error::OutOfMemory {
            message: format!("the training would take {needed} MB, more than memory = {limit}"),
        }),
        _ => Ok(bytes),
    }
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
            protocol.folds.is_none(),
            "folds",
            "left out where trainings stop at rungs",
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

/// A training that inherits weights, or leaves its own: what it can't be combined with.
fn check_inheritance(job: &Job, protocol: &Protocol) -> Result<(), Error> {
    if job.inherit.is_none() && job.leave.is_none() {
        return Ok(());
    }
    let checks = [
        (
            job.finally.is_none(),
            "final",
            "left out where a training inherits: the last one begins with nothing",
        ),
        (
            protocol.repeats == 1,
            "repeats",
            "1 where trainings inherit",
        ),
        (
            protocol.folds.is_none(),
            "folds",
            "left out where trainings inherit",
        ),
    ];
    match checks.into_iter().find(|(ok, ..)| !ok) {
        Some((_, field, allowed)) => Err(Error::Training { field, allowed }),
        None => Ok(()),
    }
}
