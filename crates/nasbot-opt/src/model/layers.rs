//! Layers of distances between candidates, and the kernels over them.

use gp::{Exponential, Form};
use ndarray::Array3;
use otmann::{Profile, Scratch};
use rayon::prelude::*;

use crate::{Counts, Error, KernelKind, Space, ValidConfig};

/// What the surrogate needs of one candidate, computed once.
#[derive(Clone, Debug)]
pub(crate) struct Point {
    pub(crate) profile: Profile,
    pub(crate) counts: Vec<Counts>,
}

impl Point {
    pub(crate) fn new<S: Space>(space: &S, candidate: &S::Candidate) -> Result<Self, Error> {
        Ok(Self {
            profile: space.profile(candidate)?,
            counts: space.counts(candidate),
        })
    }
}

/// Which distances there are: two for each structural coefficient of the metric (raw₁, normalised₁,
/// raw₂, …), then one for each of the counts that are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Layers {
    pub(crate) coefficients: usize,
    pub(crate) counts: usize,
}

impl Layers {
    /// Those of a space whose candidates look like `example`.
    pub(crate) fn new<S: Space>(space: &S, config: &ValidConfig, example: &S::Candidate) -> Self {
        let counts = if config.counts {
            space.counts(example).len()
        } else {
            0
        };
        Self {
            coefficients: space.metric().coefficients().len(),
            counts,
        }
    }

    pub(crate) fn depth(self) -> usize {
        2 * self.coefficients + self.counts
    }

    /// All distances of `rows` to `columns`: shape (depth, rows, columns). Rows are spread over the
    /// cores; each entry depends on its pair alone.
    pub(crate) fn distances<S: Space>(
        self,
        space: &S,
        rows: &[&Point],
        columns: &[&Point],
    ) -> Result<Array3<f64>, Error> {
        let metric = space.metric();
        let start = || (Scratch::default(), vec![0.0; self.coefficients]);
        by_rows(
            self.depth(),
            rows,
            columns,
            start,
            |(scratch, raw), a, b, put| {
                metric.raw_into(scratch, &a.profile, &b.profile, raw)?;
                let total = a.profile.total_mass() + b.profile.total_mass();
                let scale = if total > 0.0 { 1.0 / total } else { 0.0 };
                for (k, &raw) in raw.iter().enumerate() {
                    put(2 * k, raw);
                    put(2 * k + 1, raw * scale);
                }
                for (k, (a, b)) in a.counts.iter().zip(&b.counts).take(self.counts).enumerate() {
                    put(2 * self.coefficients + k, a.distance(b));
                }
                Ok(())
            },
        )
    }

    /// The distances between counts alone: shape (counts, rows, columns).
    pub(crate) fn count_distances(
        self,
        rows: &[&[Counts]],
        columns: &[&[Counts]],
    ) -> Result<Array3<f64>, Error> {
        by_rows(
            self.counts,
            rows,
            columns,
            || (),
            |(), a, b, put| {
                for (k, (a, b)) in a.iter().zip(*b).enumerate() {
                    put(k, a.distance(b));
                }
                Ok(())
            },
        )
    }

    /// The kernel over all layers: that of the settings over the metric's, and one more term
    /// α exp(−β d) for each of the counts.
    pub(crate) fn kernel(self, kind: KernelKind) -> Result<Exponential, Error> {
        let form = match kind {
            KernelKind::Sum => Form::Sum,
            KernelKind::Product => Form::Product,
            KernelKind::Raw => Form::Raw,
            KernelKind::Normalised => Form::Normalised,
        };
        if self.counts == 0 {
            return Ok(form.kernel(self.coefficients));
        }
        let raw = (0..self.coefficients).map(|k| (2 * k, 1));
        let normalised = (0..self.coefficients).map(|k| (2 * k + 1, 2));
        let mut terms: Vec<Vec<(usize, u32)>> = match kind {
            KernelKind::Sum => vec![raw.collect(), normalised.collect()],
            KernelKind::Product => vec![raw.chain(normalised).collect()],
            KernelKind::Raw => vec![raw.collect()],
            KernelKind::Normalised => vec![normalised.collect()],
        };
        terms.extend((2 * self.coefficients..self.depth()).map(|layer| vec![(layer, 1)]));
        let slices: Vec<&[(usize, u32)]> = terms.iter().map(Vec::as_slice).collect();
        Ok(Exponential::new(self.depth(), &slices)?)
    }

    /// The kernel over the counts alone: the sum of their terms.
    pub(crate) fn count_kernel(self) -> Result<Exponential, Error> {
        let terms: Vec<[(usize, u32); 1]> = (0..self.counts).map(|layer| [(layer, 1)]).collect();
        let slices: Vec<&[(usize, u32)]> = terms.iter().map(|term| term.as_slice()).collect();
        Ok(Exponential::new(self.counts, &slices)?)
    }
}

/// Fills an array of shape (depth, rows, columns) row by row on all cores. `pair` puts the layers of
/// one pair; `start` makes what a thread works with.
fn by_rows<T: Sync, W: Send>(
    depth: usize,
    rows: &[T],
    columns: &[T],
    start: impl Fn() -> W + Sync + Send,
    pair: impl Fn(&mut W, &T, &T, &mut dyn FnMut(usize, f64)) -> Result<(), Error> + Sync,
) -> Result<Array3<f64>, Error> {
    let stride = depth * columns.len();
    let mut flat = vec![0.0; rows.len() * stride];
    if !flat.is_empty() {
        flat.par_chunks_exact_mut(stride)
            .zip(rows.par_iter())
            .try_for_each_init(start, |work, (out, row)| {
                for (j, column) in columns.iter().enumerate() {
                    let mut put = |layer: usize, d: f64| out[layer * columns.len() + j] = d;
                    pair(work, row, column, &mut put)?;
                }
                Ok::<(), Error>(())
            })?;
    }
    let mut layers = Array3::zeros((depth, rows.len(), columns.len()));
    for (row, values) in flat.chunks_exact(stride.max(1)).enumerate() {
        for (layer, values) in values.chunks_exact(columns.len()).enumerate() {
            for (column, &value) in values.iter().enumerate() {
                layers[(layer, row, column)] = value;
            }
        }
    }
    Ok(layers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use gp::Kernel as _;

    #[test]
    fn the_kernel_with_counts_is_the_papers_and_a_term_each() {
        let with = |counts| {
            Layers {
                coefficients: 4,
                counts,
            }
            .kernel(KernelKind::Sum)
            .unwrap()
        };
        let (paper, ours) = (with(0), with(1));
        assert_eq!((paper.num_parameters(), ours.num_parameters()), (10, 12));
        let distances: Vec<Vec<f64>> = (1..=9).map(|k| vec![0.1 * f64::from(k)]).collect();
        let layers: Vec<&[f64]> = distances.iter().map(Vec::as_slice).collect();
        let (mut a, mut b) = ([0.0], [0.0]);
        let betas = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8];
        paper.evaluate(&[&[0.0, -1.0][..], &betas].concat(), &layers[..8], &mut a);
        ours.evaluate(
            &[&[0.0, -1.0, -2.0][..], &betas, &[0.3]].concat(),
            &layers,
            &mut b,
        );
        let term = (-2.0 - 0.3_f64.exp() * 0.9).exp();
        assert!((b[0] - a[0] - term).abs() < 1e-14);
    }
}
