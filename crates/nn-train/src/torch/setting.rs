//! What all trainings of a job have in common, and one of them.

use std::rc::Rc;
use std::time::Instant;

use tch::Device;

use super::batches::DeviceExamples;
use super::held::Data;
use super::inherit::{self, Inherited};
use super::model::{Model, Numerics};
use super::score::Scorer;
use super::trainer::{Course, Stop, Trainer};
use crate::data::{Dataset, Examples, Placement};
use crate::job::{Event, Inherit};
use crate::plan::Plan;
use crate::{Error, Protocol, folds};

/// A job's data and protocol on its device.
pub(super) struct Setting<'a> {
    pub(super) protocol: &'a Protocol,
    pub(super) held: &'a Data,
    pub(super) data: &'a Dataset,
    pub(super) device: Device,
    pub(super) placement: Placement,
}

/// What a training trains on and is scored on, and when it ends.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    pub(super) training: &'a Examples,
    pub(super) held_out: Option<&'a Examples>,
    /// Epochs after which to stop, where the protocol has more.
    pub(super) until: Option<u32>,
}

impl<'a> Setting<'a> {
    /// The same data with another protocol.
    pub(super) fn with(&self, protocol: &'a Protocol) -> Self {
        Self { protocol, ..*self }
    }
}

impl Setting<'_> {
    /// Trains of `rows`; `start` is when the time of the protocol's limit began.
    pub(super) fn trainer(&self, rows: Rows<'_>, start: Instant) -> Result<Trainer<'_>, Error> {
        Ok(Trainer {
            protocol: self.protocol,
            training: self.on_device(rows.training)?,
            held_out: rows.held_out.map(|rows| self.on_device(rows)).transpose()?,
            device: self.device,
            scorer: self.scorer(),
            until: rows.until,
            start,
        })
    }

    /// What models are scored by.
    pub(super) fn scorer(&self) -> Scorer {
        Scorer {
            metric: self.data.metric,
            meaning: self.data.preparation.output.clone(),
        }
    }

    /// Checks that the metric says something of all that trainings are scored on.
    pub(super) fn check_metric(&self) -> Result<(), Error> {
        match self.protocol.folds {
            None => (self.scorer()).check("the validation part", &self.data.validation.targets),
            Some(count) => self.data.dealing.check_folds(count, self.data.metric),
        }
    }

    pub(super) fn on_device(&self, examples: &Examples) -> Result<Rc<DeviceExamples>, Error> {
        (self.held).on_device(examples, self.device, self.placement)
    }

    /// A model of initial values that follow from the seed, trained.
    pub(super) fn train(
        &self,
        trainer: &Trainer<'_>,
        plan: &Plan,
        seed: u64,
        stop: Option<&Stop<'_>>,
        parts: &mut Parts<'_>,
    ) -> Result<(Model, Course), Error> {
        let (model, course, _) = self.train_from(trainer, plan, seed, None, stop, parts)?;
        Ok((model, course))
    }

    /// As [`Setting::train`], but with weights of another model where some are inherited; and what was taken over of these.
    pub(super) fn train_from(
        &self,
        trainer: &Trainer<'_>,
        plan: &Plan,
        seed: u64,
        inherit: Option<&Inherit>,
        stop: Option<&Stop<'_>>,
        parts: &mut Parts<'_>,
    ) -> Result<(Model, Course, Option<Inherited>), Error> {
        tch::manual_seed(seed.cast_signed());
        let mut model = Model::with(plan.clone(), self.device, Numerics::of(self.protocol))?;
        let inherited = inherit
            .map(|inherit| inherit::take_over(&model, inherit, seed))
            .transpose()?;
        let momentum = inherited.as_ref().and_then(|i| i.momentum.as_ref());
        let tell = &mut |event| parts.tell(event);
        let course = trainer.train(&mut model, momentum, seed, stop, tell);
        parts.done += 1;
        match course {
            Ok(course) => Ok((model, course, inherited)),
            // A training that is paused has told of an epoch before.
            Err(Error::Paused { .. }) => Err(Error::Paused { epoch: parts.told }),
            Err(error) => Err(error),
        }
    }

    /// Hands over what an evaluation trains on and what it is scored on: once, or once for each fold.
    pub(super) fn divided(
        &self,
        mut take: impl FnMut(&Examples, &Examples) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let Some(count) = self.protocol.folds else {
            return take(&self.data.train, &self.data.validation);
        };
        let both = self.both()?;
        for fold in folds::ranges(both.len(), count)? {
            let mut rest = both.run(0..fold.start);
            rest.append(&both.run(fold.end..both.len()))?;
            take(&rest, &both.run(fold))?;
        }
        Ok(())
    }

    /// The training and validation examples.
    pub(super) fn both(&self) -> Result<Examples, Error> {
        let mut both = self.data.train.clone();
        both.append(&self.data.validation)?;
        Ok(both)
    }
}

/// The trainings of a job as one: where each stands is told as where the job stands.
pub(super) struct Parts<'a> {
    pub(super) progress: &'a mut dyn FnMut(Event),
    /// Trainings that are over.
    pub(super) done: u32,
    /// Trainings in all, as far as it is known.
    pub(super) of: u32,
    /// The epoch that was told last, counted through all trainings.
    pub(super) told: u32,
}

impl Parts<'_> {
    pub(super) fn tell(&mut self, event: Event) {
        let event = match event {
            Event::Progress {
                epoch,
                epochs,
                loss,
                score,
            } => {
                self.told = epoch + self.done * epochs;
                Event::Progress {
                    epoch: self.told,
                    epochs: epochs * self.of.max(self.done + 1),
                    loss,
                    score,
                }
            }
            other => other,
        };
        (self.progress)(event);
    }
}
