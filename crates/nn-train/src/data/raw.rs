//! What a format's reader hands over.

use std::path::PathBuf;

use super::examples::InputShape;
use super::values::Values;
use crate::Error;

/// Numbers, checked to be finite, and labels that are still text or numbers of unknown range.
pub(super) struct Raw {
    /// What one example looks like to the file: its length, or its sides.
    pub(super) shape: InputShape,
    pub(super) inputs: Inputs,
    pub(super) labels: Labels,
    /// The file and row of an example, for messages: the file's first example and its row number.
    pub(super) origin: Vec<(usize, PathBuf, u64)>,
    /// What the split goes by, one entry an example, if it goes by a column or by folders.
    pub(super) marks: Vec<String>,
    /// What each example counts for in a training, if a column says it.
    pub(super) weights: Vec<f32>,
}

/// Labels or targets before they are checked.
pub(super) enum Labels {
    /// Cells of a text file.
    Text(Vec<String>),
    /// Names of classes, even where they look like numbers.
    Names(Vec<String>),
    /// Numbers of a binary file.
    Numbers(Vec<f64>),
}

impl Labels {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Text(cells) | Self::Names(cells) => cells.len(),
            Self::Numbers(numbers) => numbers.len(),
        }
    }

    pub(super) fn text(&self, i: usize) -> String {
        match self {
            Self::Text(cells) | Self::Names(cells) => cells[i].clone(),
            Self::Numbers(numbers) => numbers[i].to_string(),
        }
    }

    pub(super) fn number(&self, i: usize) -> Option<f64> {
        match self {
            Self::Text(cells) => cells[i].trim().parse().ok(),
            Self::Names(_) => None,
            Self::Numbers(numbers) => Some(numbers[i]),
        }
    }
}

impl Raw {
    /// The file and row of example `i`.
    pub(super) fn place(&self, i: usize) -> (PathBuf, u64) {
        let file = self.origin.iter().rev().find(|(first, ..)| *first <= i);
        file.map_or_else(Default::default, |(first, path, row)| {
            (path.clone(), row + (i - first) as u64)
        })
    }

    pub(super) fn no_class(&self, i: usize, expected: String) -> Error {
        let (path, row) = self.place(i);
        Error::Label {
            path,
            row,
            value: self.labels.text(i),
            expected,
        }
    }

    pub(super) fn no_target(&self, i: usize, problem: &'static str) -> Error {
        let (path, row) = self.place(i);
        Error::Target {
            path,
            row,
            value: self.labels.text(i),
            problem,
        }
    }
}

/// The inputs of the examples read so far, one after the other.
#[derive(Debug)]
pub(super) struct Inputs {
    values: Values,
    keep: Keep,
}

/// What is kept of a file that is read: a description of arrays and pictures needs the labels alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keep {
    All,
    Labels,
}

impl Inputs {
    pub(super) fn new(keep: Keep) -> Self {
        let values = Values::default();
        Self { values, keep }
    }

    pub(super) fn extend(&mut self, values: impl IntoIterator<Item = f32>) {
        if self.keep == Keep::All {
            values.into_iter().for_each(|x| self.values.push(x.into()));
        }
    }

    /// The place of the first number that is none.
    pub(super) fn first_gap(&self) -> Option<usize> {
        match &self.values {
            Values::Bytes(_) => None,
            Values::Singles(values) => values.iter().position(|x| x.is_nan()),
            Values::Doubles(values) => values.iter().position(|x| x.is_nan()),
        }
    }

    /// The numbers; none unless all was kept.
    pub(super) fn into_values(self) -> Values {
        self.values
    }
}

/// Where the numbers of an array go.
pub(super) trait Sink {
    /// A header promises so many numbers, and the file may hold them. Room for them is reserved, so that nothing grows by
    /// doubling; where there is not so much memory the promise is not believed.
    fn expect(&mut self, count: usize);
    /// Takes the next number.
    fn take(&mut self, value: f64);
}

impl Sink for Inputs {
    fn expect(&mut self, count: usize) {
        if self.keep == Keep::All {
            self.values.reserve(count);
        }
    }

    #[inline]
    fn take(&mut self, value: f64) {
        if self.keep == Keep::All {
            self.values.push(value);
        }
    }
}

impl Sink for Vec<f64> {
    fn expect(&mut self, count: usize) {
        let _ = self.try_reserve_exact(count);
    }

    #[inline]
    fn take(&mut self, value: f64) {
        self.push(value);
    }
}
