//! The epochs of one training.
//!
//! What is random in an epoch, the order of its batches and what augmentation draws, is a function of the seed and the
//! epoch's number, so that a training that is cut in two gives the same bits as an uninterrupted one.

use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_pcg::Pcg64;
use tch::{Kind, Tensor, no_grad};

use super::batches::{DeviceExamples, spans};
use super::checkpoint::Reached;
use super::model::{Model, Snapshot};
use super::optimiser::Stepper;
use super::score::{Score, Scorer, outputs};
use super::{augment, checkpoint, journal, pause};
use crate::job::Event;
use crate::{Error, Protocol};

/// The data and the protocol of trainings that differ in their seed.
pub(super) struct Trainer<'a> {
    pub(super) protocol: &'a Protocol,
    pub(super) training: Rc<DeviceExamples>,
    /// What a training is scored on, on the way and at its end; nothing where all examples are trained on.
    pub(super) held_out: Option<Rc<DeviceExamples>>,
    pub(super) device: tch::Device,
    pub(super) scorer: Scorer,
    /// Epochs after which to stop, where the protocol has more: its learning rates go on as if it did not.
    pub(super) until: Option<u32>,
    /// When the job began, for the protocol's limit of time.
    pub(super) start: Instant,
}

/// Where a training stops for now.
pub(super) struct Stop<'a> {
    /// Epochs done by then.
    pub(super) until: u32,
    /// The state's file.
    pub(super) checkpoint: &'a Path,
    /// Whose state it is.
    pub(super) owner: String,
    /// Whether the state is written on the way too, and the training may be paused.
    pub(super) keep: bool,
}

/// How much training a training that is cut short may lose, beside an epoch that it is in the midst of.
const KEEP_EVERY: Duration = Duration::from_secs(30);

/// How a training went.
#[derive(Debug)]
pub(super) struct Course {
    /// The score of the weights that it ends with; `None` where nothing is held out.
    pub(super) score: Option<Score>,
    /// Mean training loss of the last epoch.
    pub(super) loss: f64,
    /// Epochs after which it had these weights.
    pub(super) epochs: u32,
    /// What the optimiser's momentum stands at in the order of the flat vector, where it belongs to these weights and may be
    /// taken over by another training.
    pub(super) momentum: Option<Tensor>,
}

/// A score on the way, and the outputs that it is of: the other figures are computed once, at the end.
struct Scored {
    score: Score,
    outputs: Vec<f32>,
}

/// The best score so far, its weights and its epoch, and how many scores since were no better.
#[derive(Default)]
struct Best {
    kept: Option<(Scored, Snapshot, u32)>,
    worse: u32,
}

impl Best {
    /// Takes a score in; whether patience has run out.
    fn take(
        &mut self,
        scored: Scored,
        model: &Model,
        epoch: u32,
        patience: u32,
    ) -> Result<bool, Error> {
        // Many scores are the same where few examples are scored; the loss still tells them apart.
        let key = |score: &Score| (score.value, -score.metrics.get("log-loss").unwrap_or(&0.0));
        let better =
            (self.kept.as_ref()).is_none_or(|(best, ..)| key(&scored.score) > key(&best.score));
        if better {
            self.kept = Some((scored, model.snapshot()?, epoch));
            self.worse = 0;
        } else {
            self.worse += 1;
        }
        Ok(self.worse >= patience)
    }
}

impl Trainer<'_> {
    /// Trains to the end, to `stop`, or until patience runs out. Begins with a `momentum` where one was inherited.
    pub(super) fn train(
        &self,
        model: &mut Model,
        momentum: Option<&Tensor>,
        seed: u64,
        stop: Option<&Stop<'_>>,
        progress: &mut dyn FnMut(Event),
    ) -> Result<Course, Error> {
        let protocol = self.protocol;
        let mut stepper = Stepper::new(model, protocol)?;
        if let Some(momentum) = momentum {
            stepper.begin_with(momentum)?;
        }
        let mut reached = match stop {
            None => Reached::default(),
            // Without a checkpoint the training is at its beginning.
            Some(stop) => checkpoint::load(stop.checkpoint, &stop.owner, model, &mut stepper)?
                .unwrap_or_default(),
        };
        let spent = reached.seconds;
        let n = self.training.len();
        let spans = spans(n, i64::from(protocol.batch));
        let epochs = protocol.total_epochs(spans.len() as u64);
        let until = [stop.map(|stop| stop.until), self.until];
        let last = until.into_iter().flatten().fold(epochs, u32::min);
        let mut shuffles = Pcg64::seed_from_u64(seed);
        let mut best = Best::default();
        let mut final_scored = None;
        let mut kept = Instant::now();
        for epoch in 1..=last {
            let mut order: Vec<i64> = (0..n).collect();
            order.shuffle(&mut shuffles);
            if epoch <= reached.epochs {
                continue;
            }
            // Augmentation draws from libtorch's generator.
            tch::manual_seed(epoch_seed(seed, epoch));
            reached.loss = self.epoch(model, &mut stepper, epoch, &order, &spans, spent)?;
            reached.epochs = epoch;
            let is_due = epoch % protocol.evaluate_every == 0 || epoch == last;
            let scored = match is_due {
                true => self.score(model, epoch)?,
                false => None,
            };
            progress(Event::Progress {
                epoch,
                epochs,
                loss: reached.loss,
                score: scored.as_ref().map(|scored| scored.score.value),
            });
            match (scored, protocol.patience) {
                (Some(scored), Some(patience)) => {
                    if best.take(scored, model, epoch, patience)? {
                        break;
                    }
                }
                (scored, _) => final_scored = scored,
            }
            if let Some(stop) = stop.filter(|stop| stop.keep && epoch < last) {
                let is_asked = pause::is_requested();
                if is_asked || kept.elapsed() >= KEEP_EVERY {
                    let seconds = spent + self.start.elapsed().as_secs_f64();
                    let reached = Reached { seconds, ..reached };
                    checkpoint::save(stop.checkpoint, &stop.owner, model, &stepper, reached)?;
                    kept = Instant::now();
                }
                if is_asked {
                    return Err(Error::Paused { epoch });
                }
            }
        }
        if let Some(stop) = stop {
            reached.seconds = spent + self.start.elapsed().as_secs_f64();
            checkpoint::save(stop.checkpoint, &stop.owner, model, &stepper, reached)?;
        }
        let returns = best.kept.is_some();
        let (scored, epochs) = match (best.kept, final_scored) {
            (Some((scored, snapshot, epoch)), _) => {
                model.restore(&snapshot)?;
                (Some(scored), epoch)
            }
            (None, Some(scored)) => (Some(scored), last),
            (None, None) => (self.score(model, last)?, last),
        };
        let score = match (scored, &self.held_out) {
            (Some(scored), Some(held_out)) => {
                let score = self.scorer.score(&scored.outputs, held_out.targets())?;
                Some(finite(score, epochs)?)
            }
            _ => None,
        };
        Ok(Course {
            score,
            loss: reached.loss,
            epochs,
            momentum: match returns {
                true => None,
                false => stepper.momentum(),
            },
        })
    }

    /// One pass over the training data in this order, or what is left of the steps; the mean loss.
    fn epoch(
        &self,
        model: &Model,
        stepper: &mut Stepper,
        epoch: u32,
        order: &[i64],
        spans: &[(i64, i64)],
        spent: f64,
    ) -> Result<f64, Error> {
        let protocol = self.protocol;
        let per_epoch = spans.len() as u64;
        let before = u64::from(epoch - 1) * per_epoch;
        let left = protocol.total_steps(per_epoch).saturating_sub(before);
        let steps = left.min(per_epoch);
        let mut total = Tensor::f_zeros([] as [i64; 0], (Kind::Float, self.device))?;
        let batches = self.training.shuffled(order, &spans[..steps as usize])?;
        for (step, batch) in (0..steps).zip(batches) {
            let (inputs, wanted) = batch?;
            let (inputs, goals) = no_grad(|| augment::apply(&protocol.augment, inputs, wanted))?;
            let outputs = model.forward(&inputs, true)?;
            let loss = goals.loss(&outputs, protocol.label_smoothing)?;
            let rate = protocol.learning_rate_at(before + step, per_epoch);
            stepper.step(model, &loss, rate)?;
            // Read once an epoch: on a GPU each reading would wait for it.
            drop(total.f_add_(&loss.f_detach()?)?);
            journal::first_step(self.start);
            self.check_time(epoch, spent)?;
        }
        let mean = total.f_double_value(&[])? / steps as f64;
        if mean.is_finite() {
            Ok(mean)
        } else {
            Err(Error::Diverged { epoch, loss: mean })
        }
    }

    fn check_time(&self, epoch: u32, spent: f64) -> Result<(), Error> {
        let elapsed = spent + self.start.elapsed().as_secs_f64();
        match self.protocol.time {
            Some(limit) if elapsed > limit => Err(Error::TimedOut { limit, epoch }),
            _ => Ok(()),
        }
    }

    /// The score on the held-out data, unless it is no number.
    fn score(&self, model: &Model, epoch: u32) -> Result<Option<Scored>, Error> {
        let Some(held_out) = &self.held_out else {
            return Ok(None);
        };
        let outputs = outputs(model, held_out)?;
        let score = finite(self.scorer.brief(&outputs, held_out.targets())?, epoch)?;
        Ok(Some(Scored { score, outputs }))
    }
}

/// A score after an epoch, unless it is no number.
pub(super) fn finite(score: Score, epoch: u32) -> Result<Score, Error> {
    match score.metrics.values().find(|x| !x.is_finite()) {
        None => Ok(score),
        Some(&loss) => Err(Error::Diverged { epoch, loss }),
    }
}

/// A seed for libtorch's generator in one epoch: steps of 2⁶⁴ over the golden ratio keep the epochs of neighbouring
/// seeds apart.
const fn epoch_seed(seed: u64, epoch: u32) -> i64 {
    const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
    seed.wrapping_add((epoch as u64).wrapping_mul(GOLDEN))
        .cast_signed()
}
