//! Examples on a device or beside it, and batches of them.
//!
//! Examples that stay in the computer's memory are streamed: a thread of its own gathers the next batches, in pinned
//! memory where the device is a GPU, while the device computes. Both ways select the same rows of the same numbers, so
//! that a training gives the same bits.

use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;
use std::vec;

use tch::{Device, Kind, Tensor};

use super::kept::{DeviceScale, Kept};
use super::loss::Wanted;
use crate::Error;
use crate::data::{Examples, InputShape, Placement, Targets};
use crate::plan::SCORED;

/// What a part of a data set may take of a GPU's memory before it is streamed, bytes; see [`Placement::Auto`].
const FITS: usize = 4 << 30;

/// Batches that wait for the device, at most.
const AHEAD: usize = 2;

/// A part of a data set.
#[derive(Debug)]
pub(super) struct DeviceExamples {
    /// On the device, or in the computer's memory if they are streamed.
    inputs: Kept,
    wanted: Wanted,
    /// The targets as they were.
    targets: Targets,
    /// What is done to a batch of inputs on the device.
    scale: Option<DeviceScale>,
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
        let inputs = Kept::new(examples, shape, device)?;
        let targets = match &examples.targets {
            Targets::Classes(classes) => Tensor::f_from_slice(classes)?,
            Targets::Values(values) => {
                Tensor::f_from_slice(values)?.f_view([values.len() as i64, 1])?
            }
        };
        let weights = examples.weights.as_ref();
        let wanted = Wanted {
            targets,
            weights: weights
                .map(|weights| Tensor::f_from_slice(weights))
                .transpose()?,
        };
        let scale = match &inputs {
            Kept::Some(pictures) => pictures.scale(device)?,
            Kept::All(_) => None,
        };
        let is_large = device != Device::Cpu && inputs.size() > FITS;
        let is_asked = placement == Placement::Stream;
        let there = match is_asked || (placement == Placement::Auto && is_large) {
            true => None,
            false => match inputs.to_device(device) {
                Err(Error::OutOfMemory { .. }) if placement == Placement::Auto => None,
                there => Some(there?),
            },
        };
        let is_streamed = there.is_none();
        Ok(Self {
            inputs: there.unwrap_or(inputs),
            wanted: match is_streamed {
                true => wanted,
                false => wanted.each(|tensor| Ok(tensor.f_to_device(device)?))?,
            },
            targets: examples.targets.clone(),
            scale,
            device,
            is_streamed,
        })
    }

    pub(super) fn len(&self) -> i64 {
        self.targets.len() as i64
    }

    pub(super) fn targets(&self) -> &Targets {
        &self.targets
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
        let tensor = Tensor::f_from_slice(order)?
            .f_to_kind(Kind::Int64)?
            .f_to_device(home)?;
        let order = Order {
            list: order.to_vec(),
            tensor,
        };
        self.batches(Some(order), spans)
    }

    /// All examples as they stand, divided as `spans` says.
    fn in_order(&self, spans: &[(i64, i64)]) -> Result<Batches<'_>, Error> {
        self.batches(None, spans)
    }

    /// All examples as they stand, to be scored. A single last one is fine here: nothing is normalised by the batch.
    pub(super) fn all(&self) -> Result<Batches<'_>, Error> {
        let n = self.len();
        let starts = (0..n).step_by(SCORED);
        let spans: Vec<_> = starts
            .map(|start| (start, (SCORED as i64).min(n - start)))
            .collect();
        self.in_order(&spans)
    }

    fn batches(&self, order: Option<Order>, spans: &[(i64, i64)]) -> Result<Batches<'_>, Error> {
        let rows = Rows {
            inputs: self.inputs.shallow_clone(),
            wanted: self.wanted.each(|tensor| Ok(tensor.shallow_clone()))?,
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

    /// A batch on the device as a network takes it.
    fn finished(&self, (inputs, wanted): Batch) -> Result<Batch, Error> {
        Ok(match &self.scale {
            None => (inputs, wanted),
            Some(scale) => (scale.scaled(&inputs)?, wanted),
        })
    }
}

/// In which order rows are wanted, for the processor and for the device.
struct Order {
    list: Vec<i64>,
    tensor: Tensor,
}

/// Inputs and what is wanted of them, and the order in which their rows are wanted, if it is not theirs.
struct Rows {
    inputs: Kept,
    wanted: Wanted,
    order: Option<Order>,
}

impl Rows {
    fn select(&self, (start, length): (i64, i64)) -> Result<Batch, Error> {
        let place = start as usize..(start + length) as usize;
        let rows = (self.order.as_ref())
            .map(|order| order.tensor.f_narrow(0, start, length))
            .transpose()?;
        let of = |tensor: &Tensor| -> Result<Tensor, Error> {
            match &rows {
                Some(rows) => Ok(tensor.f_index_select(0, rows)?),
                None => Ok(tensor.f_narrow(0, start, length)?),
            }
        };
        let inputs = match (&self.inputs, &self.order) {
            (Kept::All(tensor), _) => of(tensor)?,
            (Kept::Some(pictures), None) => pictures.gathered(place)?,
            (Kept::Some(pictures), Some(order)) => {
                pictures.gathered(order.list[place].iter().map(|row| *row as usize))?
            }
        };
        Ok((inputs, self.wanted.each(of)?))
    }
}

/// Inputs and what is wanted of them.
type Batch = (Tensor, Wanted);

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
            let batch = rows.select(span).and_then(|(inputs, wanted)| {
                // From pinned memory a GPU copies while it computes.
                let pinned = |tensor: &Tensor| Ok(tensor.f_pin_memory(device)?);
                Ok(match device {
                    Device::Cuda(_) => (pinned(&inputs)?, wanted.each(pinned)?),
                    _ => (inputs, wanted),
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
        let batch = match &mut self.source {
            Source::Here(rows, spans) => rows.select(spans.next()?),
            Source::Ahead(receiver) => match receiver.recv() {
                Ok(batch) => batch.and_then(|(inputs, wanted)| {
                    let there = |x: &Tensor| Ok(x.f_to_device_(device, x.kind(), true, false)?);
                    Ok((there(&inputs)?, wanted.each(there)?))
                }),
                Err(_) => Err(Error::Torch {
                    message: "the thread that gathers batches has ended early".into(),
                }),
            },
        };
        Some(batch.and_then(|batch| self.examples.finished(batch)))
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
    use std::sync::Arc;

    use tch::{Device, Kind, Tensor};

    use super::super::kept::{DeviceScale, Kept, Pictures};
    use super::super::loss::Wanted;
    use super::{Batches, DeviceExamples, spans};
    use crate::data::{
        Examples, ImageShape, InputShape, Inputs, Pixels, Placement, Scale, Targets,
    };

    const IMAGE: ImageShape = ImageShape {
        channels: 2,
        height: 1,
        width: 3,
    };

    fn part(placement: Placement) -> DeviceExamples {
        let examples = Examples {
            weights: Some((0..11).map(|i| i as f32).collect()),
            ..Examples::new(
                (0..66).map(|i| i as f32 / 7.0).collect(),
                Targets::Classes((0..11).map(|i| i % 3).collect()),
            )
        };
        DeviceExamples::new(&examples, InputShape::Image(IMAGE), Device::Cpu, placement).unwrap()
    }

    fn all(batches: Batches<'_>) -> Vec<(Tensor, Wanted)> {
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
        let (inputs, wanted) = &all(streamed.shuffled(&order, &spans).unwrap())[1];
        let expected: Vec<f32> = (30..36).map(|i| i as f32 / 7.0).collect();
        assert_eq!(
            Vec::<f32>::try_from(inputs.get(0).view(-1)).unwrap(),
            expected
        );
        assert_eq!(wanted.targets.int64_value(&[0]), 5 % 3);
        let weights = wanted.weights.as_ref().unwrap();
        assert!((weights.double_value(&[0]) - 5.0).abs() < 1e-9);
    }

    /// All numbers of all batches, as bits.
    fn bits(batches: Batches<'_>) -> Vec<u32> {
        let flat = all(batches).into_iter().map(|(inputs, _)| inputs.view(-1));
        flat.flat_map(|inputs| Vec::<f32>::try_from(inputs).unwrap())
            .map(f32::to_bits)
            .collect()
    }

    #[test]
    fn bytes_are_scaled_in_the_batch_with_the_bits_of_numbers_scaled_before() {
        let pixels = Pixels {
            all: Arc::new((0..20 * 512).map(|i| (i * 37 % 256) as u8).collect()),
            rows: (0..11).map(|i| (i * 7 + 3) % 20).collect(),
            size: 512,
            scale: Scale {
                mean: vec![125.306_92, 0.1],
                std: vec![62.993_22, 255.0 / 7.0],
            },
        };
        let shape = InputShape::Image([2, 16, 16].into());
        let targets = Targets::Classes((0..11).collect());
        let part = |inputs, placement| {
            let targets = targets.clone();
            let examples = Examples {
                inputs,
                targets,
                weights: None,
            };
            DeviceExamples::new(&examples, shape, Device::Cpu, placement).unwrap()
        };
        let bytes = Examples {
            inputs: Inputs::Pixels(pixels.clone()),
            targets: targets.clone(),
            weights: None,
        };
        let floats = part(Inputs::Ready(bytes.inputs()), Placement::Auto);
        // By definition: the second value of the second channel of the first picture, which is that of row 3.
        let byte = (3 * 512 + 257) * 37 % 256;
        let expected = (byte as f32 - 0.1) / (255.0_f32 / 7.0);
        assert_eq!(bytes.inputs()[257].to_bits(), expected.to_bits());
        let order = [3, 1, 4, 10, 5, 9, 2, 6, 8, 7, 0];
        let spans = spans(11, 4);
        let expected = bits(floats.shuffled(&order, &spans).unwrap());
        let in_order = bits(floats.in_order(&spans).unwrap());
        assert_eq!(expected.len(), 11 * 512);
        for placement in [Placement::Auto, Placement::Device, Placement::Stream] {
            let kept = part(Inputs::Pixels(pixels.clone()), placement);
            assert!(bits(kept.shuffled(&order, &spans).unwrap()) == expected);
            assert!(bits(kept.in_order(&spans).unwrap()) == in_order);
            let [(_, found), ..] = &all(kept.shuffled(&order, &spans).unwrap())[..] else {
                panic!("no batch");
            };
            assert_eq!(Vec::<i64>::try_from(&found.targets).unwrap(), [3, 1, 4, 10]);
        }
        // As they go to a GPU, at once or batch by batch.
        let pictures = Pictures::new(&pixels, [2, 16, 16], Device::Cuda(0));
        let all = pictures.gathered(0..11).unwrap();
        assert_eq!(all.kind(), Kind::Uint8);
        for (inputs, placement) in [
            (Kept::All(all), Placement::Device),
            (Kept::Some(pictures), Placement::Stream),
        ] {
            let mut moved = part(Inputs::Pixels(pixels.clone()), placement);
            moved.inputs = inputs;
            moved.scale = Some(DeviceScale::new(&pixels.scale, Device::Cpu).unwrap());
            assert!(bits(moved.shuffled(&order, &spans).unwrap()) == expected);
            assert!(bits(moved.in_order(&spans).unwrap()) == in_order);
        }
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
