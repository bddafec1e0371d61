//! Examples: what one looks like, inputs and targets.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use super::spec::ImageShape;
use crate::Error;

/// What one example looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputShape {
    /// An image; values in the order channel, row, column.
    Image(ImageShape),
    /// A row of a table.
    Features(u32),
}

impl InputShape {
    /// Numbers in one example.
    #[must_use]
    pub fn len(self) -> usize {
        match self {
            Self::Image(image) => image.len(),
            Self::Features(n) => n as usize,
        }
    }

    /// Whether an example holds nothing. Never true of loaded data.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }
}

/// What is to be predicted, one entry an example.
#[derive(Clone, Debug, PartialEq)]
pub enum Targets {
    /// Classes, from 0.
    Classes(Vec<i64>),
    /// Numbers; standardised if the inputs are.
    Values(Vec<f32>),
}

impl Targets {
    /// Number of examples.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Classes(classes) => classes.len(),
            Self::Values(values) => values.len(),
        }
    }

    /// Whether there is no example.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Those of some rows that follow one another.
    ///
    /// # Panics
    /// There are fewer rows.
    #[must_use]
    pub fn run(&self, rows: Range<usize>) -> Self {
        match self {
            Self::Classes(classes) => Self::Classes(classes[rows].to_vec()),
            Self::Values(values) => Self::Values(values[rows].to_vec()),
        }
    }

    fn append(&mut self, other: &Self) -> Result<(), Error> {
        match (self, other) {
            (Self::Classes(a), Self::Classes(b)) => a.extend_from_slice(b),
            (Self::Values(a), Self::Values(b)) => a.extend_from_slice(b),
            (Self::Classes(_), Self::Values(_)) | (Self::Values(_), Self::Classes(_)) => {
                return Err(Error::Data {
                    field: "task",
                    problem: "has classes in one part of the data and numbers in another".into(),
                });
            }
        }
        Ok(())
    }
}

/// Examples that belong together: the training part, say.
#[derive(Clone, Debug, PartialEq)]
pub struct Examples {
    pub(crate) inputs: Inputs,
    /// Targets, one an example.
    pub targets: Targets,
    /// What each counts for in the loss of a training, 1 on average over the training part; `None` where they count the same.
    pub weights: Option<Vec<f32>>,
}

/// The inputs of some examples.
#[derive(Clone, Debug)]
pub(crate) enum Inputs {
    /// As a network takes them, one example after the other.
    Ready(Vec<f32>),
    /// Pictures that are scaled where a batch of them is made: they take a quarter of the room until then.
    Pixels(Pixels),
}

/// Some pictures of many, a byte a value.
#[derive(Clone, Debug)]
pub(crate) struct Pixels {
    /// All pictures of the data set, one after the other, which its parts have in common.
    pub(crate) all: Arc<Vec<u8>>,
    /// Which of them, in their order.
    pub(crate) rows: Vec<usize>,
    /// Bytes a picture.
    pub(crate) size: usize,
    /// What is done to the bytes.
    pub(crate) scale: Scale,
}

/// x' = (x − mean)/std in 32 bits, with a pair for each channel.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Scale {
    pub(crate) mean: Vec<f32>,
    pub(crate) std: Vec<f32>,
}

impl Scale {
    /// Scales the numbers of a picture, channel by channel, and appends them.
    pub(crate) fn append<T: Copy>(
        &self,
        picture: &[T],
        number: impl Fn(T) -> f32,
        out: &mut Vec<f32>,
    ) {
        let planes = picture.chunks(picture.len() / self.mean.len().max(1));
        for (plane, (mean, std)) in planes.zip(self.mean.iter().zip(&self.std)) {
            out.extend(plane.iter().map(|x| (number(*x) - mean) / std));
        }
    }
}

impl Pixels {
    /// The bytes of one of all pictures.
    pub(crate) fn picture(&self, row: usize) -> &[u8] {
        &self.all[row * self.size..(row + 1) * self.size]
    }

    /// As a network takes them.
    fn to_vec(&self) -> Vec<f32> {
        let mut out = Vec::with_capacity(self.rows.len() * self.size);
        for row in &self.rows {
            self.scale.append(self.picture(*row), f32::from, &mut out);
        }
        out
    }
}

impl Inputs {
    fn to_vec(&self) -> Vec<f32> {
        match self {
            Self::Ready(values) => values.clone(),
            Self::Pixels(pixels) => pixels.to_vec(),
        }
    }

    /// Those of some of `count` examples that follow one another.
    fn run(&self, rows: Range<usize>, count: usize) -> Self {
        match self {
            Self::Ready(values) => {
                let width = values.len() / count.max(1);
                Self::Ready(values[rows.start * width..rows.end * width].to_vec())
            }
            Self::Pixels(pixels) => Self::Pixels(Pixels {
                rows: pixels.rows[rows].to_vec(),
                ..pixels.clone()
            }),
        }
    }

    fn append(&mut self, other: &Self) {
        match (&mut *self, other) {
            (Self::Pixels(a), Self::Pixels(b))
                if Arc::ptr_eq(&a.all, &b.all) && a.scale == b.scale =>
            {
                a.rows.extend_from_slice(&b.rows);
            }
            (Self::Ready(values), other) => values.extend(other.to_vec()),
            (Self::Pixels(pixels), other) => {
                let mut values = pixels.to_vec();
                values.extend(other.to_vec());
                *self = Self::Ready(values);
            }
        }
    }
}

/// Equal where a network would see the same.
impl PartialEq for Inputs {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Ready(a), Self::Ready(b)) => a == b,
            _ => self.to_vec() == other.to_vec(),
        }
    }
}

impl Examples {
    /// Examples of these inputs, which are one after the other as a network takes them.
    #[must_use]
    pub fn new(inputs: Vec<f32>, targets: Targets) -> Self {
        Self {
            inputs: Inputs::Ready(inputs),
            targets,
            weights: None,
        }
    }

    /// The inputs of one example of so many numbers, as a network takes them.
    pub(crate) fn row(&self, row: usize, width: usize) -> Cow<'_, [f32]> {
        match &self.inputs {
            Inputs::Ready(values) => values[row * width..(row + 1) * width].into(),
            Inputs::Pixels(pixels) => {
                let mut out = Vec::with_capacity(width);
                let picture = pixels.picture(pixels.rows[row]);
                pixels.scale.append(picture, f32::from, &mut out);
                out.into()
            }
        }
    }

    /// The inputs as a network takes them, one example after the other. Pictures are scaled at each call.
    #[must_use]
    pub fn inputs(&self) -> Vec<f32> {
        self.inputs.to_vec()
    }

    /// Number of examples.
    #[must_use]
    pub fn len(&self) -> usize {
        self.targets.len()
    }

    /// Whether there is no example.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.targets.is_empty()
    }

    /// Some rows that follow one another.
    ///
    /// # Panics
    /// There are fewer rows.
    #[must_use]
    pub fn run(&self, rows: Range<usize>) -> Self {
        Self {
            inputs: self.inputs.run(rows.clone(), self.len()),
            targets: self.targets.run(rows.clone()),
            weights: self.weights.as_ref().map(|weights| weights[rows].to_vec()),
        }
    }

    /// Appends the examples of another part of the same data set.
    ///
    /// # Errors
    /// The targets of one are classes and those of the other numbers; nothing is appended then.
    pub fn append(&mut self, other: &Self) -> Result<(), Error> {
        let counts = [self.len(), other.len()];
        self.targets.append(&other.targets)?;
        if self.weights.is_some() || other.weights.is_some() {
            // What has no weights counts 1.
            let all =
                |weights: &Option<Vec<f32>>, count| weights.clone().unwrap_or(vec![1.0; count]);
            let mut weights = all(&self.weights, counts[0]);
            weights.extend(all(&other.weights, counts[1]));
            self.weights = Some(weights);
        }
        self.inputs.append(&other.inputs);
        Ok(())
    }
}
