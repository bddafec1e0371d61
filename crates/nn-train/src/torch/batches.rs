//! Examples on a device or beside it, and batches of them.
//!
//! Examples that stay in the computer's memory are streamed: a thread of its own gathers the next batches, in pinned
//! memory where the device is a GPU, while the device computes. Both ways select the same rows of the same tensors, so
//! that a training gives the same bits.

use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;
use std::vec;

use tch::{Device, Kind, Tensor};

use crate::Error;
use crate::data::{Examples, InputShape, Placement, Targets};

/// What a part of a data set may take of a GPU's memory before it is streamed, bytes; see [`Placement::Auto`].
const FITS: usize = 4 << 30;

/// Batches that wait for the device, at most.
const AHEAD: usize = 2;

/// A part of a data set as two tensors.
#[derive(Debug)]
pub(super) struct DeviceExamples {
    /// On the device, or in the computer's memory if they are streamed.
    inputs: Tensor,
    targets: Tensor,
    device: Device,
    is_streamed: bool,
}

impl DeviceExamples {
    /// Copies a part to a device, or makes it ready to be streamed there.
    pub(super) fn new(
        examples: &Examples,
        shape: InputShape,
        device: Device,
        placement: Placement,
    ) -> Result<Self, Error> {
        let n = examples.len() as i64;
        let inputs = Tensor::f_from_slice(&examples.inputs)?;
        let inputs = match shape {
            InputShape::Image(image) => inputs.f_view([
                n,
                image.channels.into(),
                image.height.into(),
                image.width.into(),
            ])?,
            InputShape::Features(features) => inputs.f_view([n, features.into()])?,
        };
        let targets = match &examples.targets {
            Targets::Classes(classes) => Tensor::f_from_slice(classes)?,
            Targets::Values(values) => Tensor::f_from_slice(values)?.f_view([n, 1])?,
        };
        let streamed = |inputs, targets| Self {
            inputs,
            targets,
            device,
            is_streamed: true,
        };
        let is_large = device != Device::Cpu && size_of_val(&*examples.inputs) > FITS;
        if placement == Placement::Stream || (placement == Placement::Auto && is_large) {
            return Ok(streamed(inputs, targets));
        }
        match inputs.f_to_device(device).map_err(Error::from) {
            Err(Error::OutOfMemory { .. }) if placement == Placement::Auto => {
                Ok(streamed(inputs, targets))
            }
            there => Ok(Self {
                inputs: there?,
                targets: targets.f_to_device(device)?,
                device,
                is_streamed: false,
            }),
        }
    }

    pub(super) fn len(&self) -> i64 {
        self.targets.size()[0]
    }

    /// The examples of `order`, divided as `spans` (start and length) says, batch by batch on the device.
    pub(super) fn shuffled(
        &self,
        order: &[i64],
        spans: &[(i64, i64)],
    ) -> Result<Batches<'_>, Error> {
        let home = if self.is_streamed {
            Device::Cpu
        } else {
            self.device
        };
        let order = Tensor::f_from_slice(order)?
            .f_to_kind(Kind::Int64)?
            .f_to_device(home)?;
        self.batches(Some(order), spans)
    }

    /// All examples as they stand, divided as `spans` says.
    pub(super) fn in_order(&self, spans: &[(i64, i64)]) -> Result<Batches<'_>, Error> {
        self.batches(None, spans)
    }

    fn batches(&self, order: Option<Tensor>, spans: &[(i64, i64)]) -> Result<Batches<'_>, Error> {
        let rows = Rows {
            inputs: self.inputs.shallow_clone(),
            targets: self.targets.shallow_clone(),
            order,
        };
        let spans = spans.to_vec();
        let left = spans.len();
        let source = if self.is_streamed {
            Source::Ahead(ahead(rows, spans, self.device))
        } else {
            Source::Here(rows, spans.into_iter())
        };
        Ok(Batches {
            examples: self,
            source,
            left,
        })
    }
}

/// Two tensors and the order in which their rows are wanted, if it is not theirs.
struct Rows {
    inputs: Tensor,
    targets: Tensor,
    order: Option<Tensor>,
}

impl Rows {
    fn select(&self, (start, length): (i64, i64)) -> Result<Batch, Error> {
        let Some(order) = &self.order else {
            return Ok((
                self.inputs.f_narrow(0, start, length)?,
                self.targets.f_narrow(0, start, length)?,
            ));
        };
        let rows = order.f_narrow(0, start, length)?;
        Ok((
            self.inputs.f_index_select(0, &rows)?,
            self.targets.f_index_select(0, &rows)?,
        ))
    }
}

/// Inputs and targets.
type Batch = (Tensor, Tensor);

/// Batches, one after the other.
pub(super) struct Batches<'a> {
    examples: &'a DeviceExamples,
    source: Source,
    /// Batches still to come.
    left: usize,
}

enum Source {
    /// Selected when asked for.
    Here(Rows, vec::IntoIter<(i64, i64)>),
    /// Selected in time by another thread, in the computer's memory.
    Ahead(Receiver<Result<Batch, Error>>),
}

/// Starts the thread that selects batches; it ends with the last one, or when they are not waited for any more.
fn ahead(rows: Rows, spans: Vec<(i64, i64)>, device: Device) -> Receiver<Result<Batch, Error>> {
    let (sender, receiver) = sync_channel(AHEAD);
    thread::spawn(move || {
        for span in spans {
            let batch = rows.select(span).and_then(|(inputs, targets)| {
                // From pinned memory a GPU copies while it computes.
                Ok(match device {
                    Device::Cuda(_) => {
                        (inputs.f_pin_memory(device)?, targets.f_pin_memory(device)?)
                    }
                    _ => (inputs, targets),
                })
            });
            if sender.send(batch).is_err() {
                break;
            }
        }
    });
    receiver
}

impl Iterator for Batches<'_> {
    type Item = Result<Batch, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let device = self.examples.device;
        Some(match &mut self.source {
            Source::Here(rows, spans) => rows.select(spans.next()?),
            Source::Ahead(receiver) => match receiver.recv() {
                Ok(batch) => batch.and_then(|(inputs, targets)| {
                    let there = |x: &Tensor| x.f_to_device_(device, x.kind(), true, false);
                    Ok((there(&inputs)?, there(&targets)?))
                }),
                Err(_) => Err(Error::Torch {
                    message: "the thread that gathers batches has ended early".into(),
                }),
            },
        })
    }
}

/// Start and length of each batch of an epoch over `n` examples. A last batch of a single example is left out: batch
/// norm can't normalise it.
pub(super) fn spans(n: i64, batch: i64) -> Vec<(i64, i64)> {
    let batch = batch.min(n);
    let starts = (0..n).step_by(batch.max(1) as usize);
    starts
        .map(|start| (start, batch.min(n - start)))
        .filter(|(_, length)| *length > 1)
        .collect()
}

#[cfg(test)]
mod tests {
    use tch::{Device, Tensor};

    use super::{Batches, DeviceExamples, spans};
    use crate::data::{Examples, ImageShape, InputShape, Placement, Targets};

    const IMAGE: ImageShape = ImageShape {
        channels: 2,
        height: 1,
        width: 3,
    };

    fn part(placement: Placement) -> DeviceExamples {
        let examples = Examples {
            inputs: (0..66).map(|i| i as f32 / 7.0).collect(),
            targets: Targets::Classes((0..11).map(|i| i % 3).collect()),
        };
        DeviceExamples::new(&examples, InputShape::Image(IMAGE), Device::Cpu, placement).unwrap()
    }

    fn all(batches: Batches<'_>) -> Vec<(Tensor, Tensor)> {
        batches.map(Result::unwrap).collect()
    }

    #[test]
    fn streamed_batches_are_those_on_the_device() {
        let (here, streamed) = (part(Placement::Auto), part(Placement::Stream));
        assert!(!here.is_streamed && streamed.is_streamed);
        let order = [3, 1, 4, 10, 5, 9, 2, 6, 8, 7, 0];
        let spans = spans(11, 4);
        let pairs = [
            (
                here.shuffled(&order, &spans),
                streamed.shuffled(&order, &spans),
            ),
            (here.in_order(&spans), streamed.in_order(&spans)),
        ];
        for (here, streamed) in pairs {
            let (here, streamed) = (all(here.unwrap()), all(streamed.unwrap()));
            assert_eq!(here.len(), 3);
            assert_eq!(here[2].0.size(), [3, 2, 1, 3]);
            assert_eq!(here, streamed);
        }
        // By definition: the first row of the second shuffled batch is row 5.
        let (inputs, targets) = &all(streamed.shuffled(&order, &spans).unwrap())[1];
        let expected: Vec<f32> = (30..36).map(|i| i as f32 / 7.0).collect();
        assert_eq!(
            Vec::<f32>::try_from(inputs.get(0).view(-1)).unwrap(),
            expected
        );
        assert_eq!(targets.int64_value(&[0]), 5 % 3);
    }

    #[test]
    fn batches_that_nobody_waits_for_are_given_up() {
        let streamed = part(Placement::Stream);
        let spans = spans(11, 2);
        for _ in 0..100 {
            let mut batches = streamed.in_order(&spans).unwrap();
            drop(batches.next().unwrap().unwrap());
        }
        assert_eq!(all(streamed.in_order(&spans).unwrap()).len(), 5);
    }
}
