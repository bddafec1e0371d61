//! Examples on a device, and batches of them.

use tch::{Device, Kind, Tensor};

use crate::Error;
use crate::data::{Examples, InputShape, Targets};

/// A part of a data set as two tensors.
#[derive(Debug)]
pub(super) struct DeviceExamples {
    inputs: Tensor,
    targets: Tensor,
}

impl DeviceExamples {
    /// Copies a part to a device.
    pub(super) fn new(
        examples: &Examples,
        shape: InputShape,
        device: Device,
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
        Ok(Self {
            inputs: inputs.f_to_device(device)?,
            targets: targets.f_to_device(device)?,
        })
    }

    pub(super) fn len(&self) -> i64 {
        self.targets.size()[0]
    }

    /// The examples at `rows` (int64, on the same device).
    pub(super) fn select(&self, rows: &Tensor) -> Result<(Tensor, Tensor), Error> {
        Ok((
            self.inputs.f_index_select(0, rows)?,
            self.targets.f_index_select(0, rows)?,
        ))
    }

    /// `length` examples from `start` on, without copying.
    pub(super) fn narrow(&self, start: i64, length: i64) -> Result<(Tensor, Tensor), Error> {
        Ok((
            self.inputs.f_narrow(0, start, length)?,
            self.targets.f_narrow(0, start, length)?,
        ))
    }
}

/// Row numbers as a tensor on a device.
pub(super) fn rows(order: &[i64], device: Device) -> Result<Tensor, Error> {
    Ok(Tensor::f_from_slice(order)?
        .f_to_kind(Kind::Int64)?
        .f_to_device(device)?)
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
