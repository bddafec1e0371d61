//! Inputs as they are kept until a batch is made of them.
//!
//! Pictures of bytes stay bytes until they are part of a batch, which is scaled: x' = (x − mean)/std, the same two operations in 32
//! bits as [`Examples::inputs`] does, with the same bits as result. A GPU computes them, so that bytes travel to it; for the processor
//! they are looked up, as a byte has but 256 values.

use std::sync::Arc;

use tch::{Device, Kind, Tensor};

use crate::Error;
use crate::data::{Examples, InputShape, Inputs, Pixels, Scale};

/// Inputs, as they are until a batch is made of them.
#[derive(Debug)]
pub(super) enum Kept {
    /// One after the other.
    All(Tensor),
    /// Some of many, in the computer's memory.
    Some(Pictures),
}

/// Pictures of bytes.
#[derive(Clone, Debug)]
pub(super) struct Pictures {
    pixels: Pixels,
    /// Channels, height and width of one.
    sides: [i64; 3],
    /// What the values of a byte become in each channel, where they are scaled here.
    tables: Option<Arc<Vec<[f32; 256]>>>,
}

impl Pictures {
    /// For a device.
    pub(super) fn new(pixels: &Pixels, sides: [i64; 3], device: Device) -> Self {
        let Scale { mean, std } = &pixels.scale;
        let table = |(mean, std)| std::array::from_fn(|byte| (byte as f32 - mean) / std);
        let tables = || Arc::new(mean.iter().zip(std).map(table).collect());
        Self {
            pixels: pixels.clone(),
            sides,
            tables: (device == Device::Cpu).then(tables),
        }
    }

    /// What a GPU is to do to a batch of them.
    pub(super) fn scale(&self, device: Device) -> Result<Option<DeviceScale>, Error> {
        match &self.tables {
            None => DeviceScale::new(&self.pixels.scale, device).map(Some),
            Some(_) => Ok(None),
        }
    }

    /// Some of them, by their places: scaled, or as bytes.
    pub(super) fn gathered(
        &self,
        places: impl ExactSizeIterator<Item = usize>,
    ) -> Result<Tensor, Error> {
        let rows = places.map(|place| self.pixels.rows[place]);
        let [channels, height, width] = self.sides;
        let sides = [rows.len() as i64, channels, height, width];
        let length = rows.len() * self.pixels.size;
        let Some(tables) = &self.tables else {
            let mut bytes = Vec::with_capacity(length);
            for row in rows {
                bytes.extend_from_slice(self.pixels.picture(row));
            }
            return Ok(Tensor::f_from_data_size(&bytes, &sides, Kind::Uint8)?);
        };
        let plane = self.pixels.size / tables.len().max(1);
        let mut values = Vec::with_capacity(length);
        for row in rows {
            let planes = self.pixels.picture(row).chunks(plane);
            for (plane, table) in planes.zip(tables.iter()) {
                values.extend(plane.iter().map(|byte| table[usize::from(*byte)]));
            }
        }
        Ok(Tensor::f_from_slice(&values)?.f_view(sides)?)
    }
}

impl Kept {
    pub(super) fn new(
        examples: &Examples,
        shape: InputShape,
        device: Device,
    ) -> Result<Self, Error> {
        let n = examples.len() as i64;
        let sides = match shape {
            InputShape::Image(image) => {
                Some([image.channels, image.height, image.width].map(i64::from))
            }
            InputShape::Features(_) => None,
        };
        Ok(match (&examples.inputs, sides) {
            (Inputs::Pixels(pixels), Some(sides)) => {
                Self::Some(Pictures::new(pixels, sides, device))
            }
            (Inputs::Ready(values), Some([channels, height, width])) => {
                Self::All(Tensor::f_from_slice(values)?.f_view([n, channels, height, width])?)
            }
            (Inputs::Ready(values), None) => {
                Self::All(Tensor::f_from_slice(values)?.f_view([n, shape.len() as i64])?)
            }
            (Inputs::Pixels(_), None) => {
                return Err(Error::Torch {
                    message: "there are pictures where rows of a table are expected".into(),
                });
            }
        })
    }

    pub(super) fn shallow_clone(&self) -> Self {
        match self {
            Self::All(tensor) => Self::All(tensor.shallow_clone()),
            Self::Some(pictures) => Self::Some(pictures.clone()),
        }
    }

    /// Bytes that they take on a device.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::All(tensor) => tensor.numel() * size_of::<f32>(),
            Self::Some(Pictures { pixels, .. }) => pixels.rows.len() * pixels.size,
        }
    }

    pub(super) fn to_device(&self, device: Device) -> Result<Self, Error> {
        Ok(match self {
            Self::All(tensor) => Self::All(tensor.f_to_device(device)?),
            // The processor reads them where they are.
            Self::Some(pictures) if device == Device::Cpu => Self::Some(pictures.clone()),
            Self::Some(pictures) => {
                let all = pictures.gathered(0..pictures.pixels.rows.len())?;
                Self::All(all.f_to_device(device)?)
            }
        })
    }
}

/// A [`Scale`] on a device.
#[derive(Debug)]
pub(super) struct DeviceScale {
    mean: Tensor,
    std: Tensor,
}

impl DeviceScale {
    pub(super) fn new(scale: &Scale, device: Device) -> Result<Self, Error> {
        let there = |values: &[f32]| -> Result<Tensor, Error> {
            let channels = values.len() as i64;
            let values = Tensor::f_from_slice(values)?.f_view([1, channels, 1, 1])?;
            Ok(values.f_to_device(device)?)
        };
        Ok(Self {
            mean: there(&scale.mean)?,
            std: there(&scale.std)?,
        })
    }

    pub(super) fn scaled(&self, bytes: &Tensor) -> Result<Tensor, Error> {
        let mut batch = bytes.f_to_kind(Kind::Float)?;
        drop(batch.f_sub_(&self.mean)?);
        drop(batch.f_div_(&self.std)?);
        Ok(batch)
    }
}
