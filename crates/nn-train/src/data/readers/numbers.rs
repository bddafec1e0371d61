//! The numbers of binary arrays, example by example.

use std::io::Read;
use std::path::Path;

use super::layout::Order;
use crate::Error;
use crate::data::files::{fill, finish, likely_size, take};
use crate::data::raw::Sink;

/// How the numbers of an array lie in its file.
pub(super) struct Numbers<'a> {
    /// The file, for messages.
    pub(super) path: &'a Path,
    /// Examples.
    pub(super) count: usize,
    /// Numbers an example.
    pub(super) length: usize,
    /// Bytes a number.
    pub(super) size: usize,
    /// In which order the numbers of an example are handed over.
    pub(super) order: Order,
}

impl Numbers<'_> {
    /// Hands over all numbers, as `number` reads them, and reads the file to its end. A number that is not finite is an error
    /// that names example and column, and so is one that `fits` refuses. No memory is taken for what a damaged header promises
    /// and the file is too small to hold.
    pub(super) fn hand_over(
        &self,
        reader: &mut impl Read,
        number: impl Fn(&[u8]) -> f64,
        fits: fn(f64) -> bool,
        to: &mut impl Sink,
    ) -> Result<(), Error> {
        let total = self.count.saturating_mul(self.length);
        to.expect(total.min(likely_size(self.path)? / self.size));
        let mut example = Vec::new();
        for row in 1..=self.count as u64 {
            if example.is_empty() {
                example = take(reader, self.length * self.size, self.path, "example", row)?;
            } else {
                fill(reader, &mut example, self.path, "example", row)?;
            }
            let mut hand = |column: usize| {
                let x = number(&example[column * self.size..(column + 1) * self.size]);
                self.check(x, fits, row, column)?;
                to.take(x);
                Ok::<(), Error>(())
            };
            match self.order {
                Order::AsStored => (0..self.length).try_for_each(&mut hand)?,
                Order::ChannelsLast(channels) => (0..channels)
                    .flat_map(|channel| (channel..self.length).step_by(channels))
                    .try_for_each(&mut hand)?,
            }
        }
        finish(reader, self.path, total)
    }

    fn check(&self, x: f64, fits: fn(f64) -> bool, row: u64, column: usize) -> Result<(), Error> {
        if !x.is_finite() {
            return Err(Error::NotANumber {
                path: self.path.into(),
                row,
                column,
                value: x.to_string(),
            });
        }
        if !fits(x) {
            return Err(Error::Format {
                path: self.path.into(),
                message: format!(
                    "example {row}, number {column}: {x:e} is too large for 32-bit floats: rescale the inputs"
                ),
            });
        }
        Ok(())
    }
}

/// Whether an input can be kept as a 32-bit float.
pub(super) fn fits_f32(x: f64) -> bool {
    (x as f32).is_finite()
}
