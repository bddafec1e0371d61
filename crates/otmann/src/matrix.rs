//! Whole matrices of distances, over all cores.
//!
//! Each entry depends on its pair alone, so results do not depend on the number of threads.

use rayon::prelude::*;

use crate::pair::{Scratch, normalise};
use crate::{Error, Metric, Profile};

/// A stack of distance matrices, two for each structural coefficient, each row by row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Distances {
    rows: usize,
    columns: usize,
    /// `raw` distances: for each coefficient, `rows` × `columns` values.
    pub raw: Vec<Vec<f64>>,
    /// `normalised` distances, in the same shape.
    pub normalised: Vec<Vec<f64>>,
}

impl Distances {
    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Splits rows of (column, coefficient) into one matrix for each coefficient.
    fn gather(
        metric: &Metric,
        rows: &[&Profile],
        columns: &[&Profile],
        interleaved: &[f64],
    ) -> Self {
        let depth = metric.coefficients().len();
        let size = rows.len() * columns.len();
        let mut out = Self {
            rows: rows.len(),
            columns: columns.len(),
            raw: vec![Vec::with_capacity(size); depth],
            normalised: vec![Vec::with_capacity(size); depth],
        };
        let pairs = rows
            .iter()
            .flat_map(|row| columns.iter().map(move |column| (row, column)));
        for ((row, column), values) in pairs.zip(interleaved.chunks_exact(depth)) {
            for (k, &raw) in values.iter().enumerate() {
                out.raw[k].push(raw);
                out.normalised[k].push(normalise(raw, row, column));
            }
        }
        out
    }
}

impl Metric {
    /// Distances of every one of `rows` to every one of `columns`.
    ///
    /// # Errors
    /// A profile was built for a metric with other labels or features.
    pub fn cross(&self, rows: &[Profile], columns: &[Profile]) -> Result<Distances, Error> {
        let rows: Vec<&Profile> = rows.iter().collect();
        let columns: Vec<&Profile> = columns.iter().collect();
        let values = self.interleaved(&rows, &columns, |_| 0)?;
        Ok(Distances::gather(self, &rows, &columns, &values))
    }

    /// Distances of every two of `profiles`: symmetric matrices. Each pair is solved once.
    ///
    /// # Errors
    /// A profile was built for a metric with other labels or features.
    pub fn pairwise(&self, profiles: &[Profile]) -> Result<Distances, Error> {
        let mut out = Distances::default();
        self.grow(&mut out, &[], profiles)?;
        Ok(out)
    }

    /// Adds rows and columns for `new` to the symmetric matrices of `old`: what
    /// [`Self::pairwise`] of both together gives, but only pairs with a new member are solved.
    ///
    /// # Errors
    /// A profile was built for a metric with other labels or features, or `distances` are not
    /// those of `old`; `distances` are then left as they were.
    pub fn grow(
        &self,
        distances: &mut Distances,
        old: &[Profile],
        new: &[Profile],
    ) -> Result<(), Error> {
        let depth = self.coefficients().len();
        let known = old.len();
        let fits = distances.raw.len() == depth || (known == 0 && distances.raw.is_empty());
        if distances.rows != known || distances.columns != known || !fits {
            return Err(Error::Length {
                what: "the matrix to grow",
                found: distances.rows,
                expected: known,
            });
        }
        let all: Vec<&Profile> = old.iter().chain(new).collect();
        let n = all.len();
        let fresh = self.interleaved(&all[known..], &all, |row| known + row)?;
        let value = |row: usize, column: usize, k: usize| {
            let (low, high) = (row.min(column), row.max(column));
            if high < known {
                return distances.raw[k][row * known + column];
            }
            // Solved in the row of the new member that comes first, towards later columns; pairs
            // of old and new stand in the new one's row.
            let (row, column) = if low < known {
                (high, low)
            } else {
                (low, high)
            };
            fresh[((row - known) * n + column) * depth + k]
        };
        let mut values = Vec::with_capacity(n * n * depth);
        for row in 0..n {
            for column in 0..n {
                values.extend((0..depth).map(|k| value(row, column, k)));
            }
        }
        *distances = Distances::gather(self, &all, &all, &values);
        Ok(())
    }

    /// Raw distances by row, column and coefficient. In row r, columns from `all.len() − |rows|`
    /// on and before `from(r)` are left 0: the caller knows them by symmetry.
    fn interleaved(
        &self,
        rows: &[&Profile],
        columns: &[&Profile],
        from: impl Fn(usize) -> usize + Sync,
    ) -> Result<Vec<f64>, Error> {
        let depth = self.coefficients().len();
        let mut values = vec![0.0; rows.len() * columns.len() * depth];
        if values.is_empty() {
            return Ok(values);
        }
        let symmetric_from = columns.len().saturating_sub(rows.len());
        values
            .par_chunks_exact_mut(columns.len() * depth)
            .enumerate()
            .try_for_each_init(Scratch::default, |scratch, (row, out)| {
                let places = out.chunks_exact_mut(depth).zip(columns).enumerate();
                for (column, (raw, profile)) in places {
                    if column < from(row) && column >= symmetric_from {
                        continue;
                    }
                    self.raw_into(scratch, rows[row], profile, raw)?;
                }
                Ok(())
            })?;
        Ok(values)
    }
}
