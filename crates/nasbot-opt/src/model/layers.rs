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
    /// Rungs below the end of its training at which it was scored; 0 at the end, and for candidates.
    pub(crate) below: usize,
}

/// What the process over counts needs of a point.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parts<'a> {
    counts: &'a [Counts],
    below: usize,
}

impl<'a> Parts<'a> {
    /// Of a candidate, whose score at the end is asked for.
    pub(crate) fn at_end(counts: &'a [Counts]) -> Self {
        Self { counts, below: 0 }
    }
}

impl Point {
    pub(crate) fn new<S: Space>(space: &S, candidate: &S::Candidate) -> Result<Self, Error> {
        Ok(Self {
            profile: space.profile(candidate)?,
            counts: space.counts(candidate),
            below: 0,
        })
    }

    pub(crate) fn parts(&self) -> Parts<'_> {
        Parts {
            counts: &self.counts,
            below: self.below,
        }
    }
}

/// Which distances there are: two for each structural coefficient of the metric (raw₁, normalised₁,
/// raw₂, …), then one for each of the counts that are used. Where scores come from several rungs, each term of a kernel
/// has one layer more: how many rungs lie between two scores (0 between two of the same rung).
///
/// So a term becomes α exp(−β d(x, x′)) ρ^|r − r′| with ρ = exp(−β_r): the same function at each rung but for what decorrelates
/// it by a factor ρ a rung, learnt with the other hyper-parameters (the linear model of coregionalisation, with an
/// Ornstein–Uhlenbeck process over the rungs; Álvarez, Rosasco and Lawrence, *Kernels for Vector-Valued Functions*, 2012). It is
/// positive definite wherever the term is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Layers {
    pub(crate) coefficients: usize,
    pub(crate) counts: usize,
    /// One for each term of the full kernel, or none where all scores are of the end.
    pub(crate) rungs: usize,
}

impl Layers {
    /// Those of a space whose candidates look like `example`, and of trainings that stop at so many `rungs`, their end
    /// included.
    pub(crate) fn new<S: Space>(
        space: &S,
        config: &ValidConfig,
        example: &S::Candidate,
        rungs: usize,
    ) -> Self {
        let counts = if config.counts {
            space.counts(example).len()
        } else {
            0
        };
        Self {
            coefficients: space.metric().coefficients().len(),
            counts,
            rungs: match (rungs, config.kernel) {
                (..2, _) => 0,
                (_, KernelKind::Sum) => 2 + counts,
                (_, KernelKind::Product | KernelKind::Raw | KernelKind::Normalised) => 1 + counts,
            },
        }
    }

    pub(crate) fn depth(self) -> usize {
        self.first_rung() + self.rungs
    }

    /// The first of the layers that say how many rungs lie between; they come last.
    pub(crate) fn first_rung(self) -> usize {
        2 * self.coefficients + self.counts
    }

    /// The same of the process over counts.
    pub(crate) fn first_count_rung(self) -> usize {
        self.counts
    }

    fn count_depth(self) -> usize {
        self.counts * if self.rungs > 0 { 2 } else { 1 }
    }

    /// All distances of `rows` to `columns`: shape (depth, rows, columns). Rows are spread over the
    /// cores; each entry depends on its pair alone.
    pub(crate) fn distances<S: Space>(
        self,
        space: &S,
        rows: &[&Point],
        columns: &[&Point],
    ) -> Result<Array3<f64>, Error> {
        self.distances_of(space, rows, columns, Part::All)
    }

    /// The distances among `points`, of which only those below the diagonal are computed: shape (depth, n, n).
    pub(crate) fn distances_among<S: Space>(
        self,
        space: &S,
        points: &[&Point],
    ) -> Result<Array3<f64>, Error> {
        self.distances_of(space, points, points, Part::BelowDiagonal)
    }

    fn distances_of<S: Space>(
        self,
        space: &S,
        rows: &[&Point],
        columns: &[&Point],
        part: Part,
    ) -> Result<Array3<f64>, Error> {
        let metric = space.metric();
        let start = || (Scratch::default(), vec![0.0; self.coefficients]);
        by_rows(
            self.depth(),
            rows,
            columns,
            part,
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
                let between = a.below.abs_diff(b.below) as f64;
                (self.first_rung()..self.depth()).for_each(|layer| put(layer, between));
                Ok(())
            },
        )
    }

    /// The distances of the process over counts: shape (counts, rows, columns), or twice as deep with rungs.
    pub(crate) fn count_distances(
        self,
        rows: &[Parts<'_>],
        columns: &[Parts<'_>],
    ) -> Result<Array3<f64>, Error> {
        by_rows(
            self.count_depth(),
            rows,
            columns,
            Part::All,
            || (),
            |(), a, b, put| {
                for (k, (a, b)) in a.counts.iter().zip(b.counts).enumerate() {
                    put(k, a.distance(b));
                }
                let between = a.below.abs_diff(b.below) as f64;
                (self.first_count_rung()..self.count_depth()).for_each(|layer| put(layer, between));
                Ok(())
            },
        )
    }

    /// The kernel over all layers: that of the settings over the metric's, and one more term
    /// α exp(−β d) for each of the counts; each term with its layer of rungs, where there are any.
    pub(crate) fn kernel(self, kind: KernelKind) -> Result<Exponential, Error> {
        let form = match kind {
            KernelKind::Sum => Form::Sum,
            KernelKind::Product => Form::Product,
            KernelKind::Raw => Form::Raw,
            KernelKind::Normalised => Form::Normalised,
        };
        if self.counts == 0 && self.rungs == 0 {
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
        terms.extend((2 * self.coefficients..self.first_rung()).map(|layer| vec![(layer, 1)]));
        for (term, layer) in terms.iter_mut().zip(self.first_rung()..self.depth()) {
            term.push((layer, 1));
        }
        let slices: Vec<&[(usize, u32)]> = terms.iter().map(Vec::as_slice).collect();
        Ok(Exponential::new(self.depth(), &slices)?)
    }

    /// The kernel over the counts alone: the sum of their terms.
    pub(crate) fn count_kernel(self) -> Result<Exponential, Error> {
        let mut terms: Vec<Vec<(usize, u32)>> =
            (0..self.counts).map(|layer| vec![(layer, 1)]).collect();
        for (term, layer) in terms.iter_mut().zip(self.counts..self.count_depth()) {
            term.push((layer, 1));
        }
        let slices: Vec<&[(usize, u32)]> = terms.iter().map(Vec::as_slice).collect();
        Ok(Exponential::new(self.count_depth(), &slices)?)
    }
}

/// Which entries are computed; the others stay 0.
#[derive(Clone, Copy, Debug)]
enum Part {
    All,
    BelowDiagonal,
}

/// Fills an array of shape (depth, rows, columns) row by row on all cores. `pair` puts the layers of
/// one pair; `start` makes what a thread works with.
fn by_rows<T: Sync, W: Send>(
    depth: usize,
    rows: &[T],
    columns: &[T],
    part: Part,
    start: impl Fn() -> W + Sync + Send,
    pair: impl Fn(&mut W, &T, &T, &mut dyn FnMut(usize, f64)) -> Result<(), Error> + Sync,
) -> Result<Array3<f64>, Error> {
    let stride = depth * columns.len();
    let mut flat = vec![0.0; rows.len() * stride];
    if !flat.is_empty() {
        flat.par_chunks_exact_mut(stride)
            .zip(rows.par_iter())
            .enumerate()
            .try_for_each_init(start, |work, (i, (out, row))| {
                let count = match part {
                    Part::All => columns.len(),
                    Part::BelowDiagonal => i,
                };
                for (j, column) in columns.iter().take(count).enumerate() {
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
    fn each_term_falls_by_a_factor_of_its_own_from_rung_to_rung() {
        let with = |rungs| {
            let layers = Layers {
                coefficients: 1,
                counts: 1,
                rungs,
            };
            (layers, layers.kernel(KernelKind::Sum).unwrap())
        };
        let ((_, plain), (layers, rungs)) = (with(0), with(3));
        assert_eq!((layers.first_rung(), layers.depth()), (3, 6));
        let counts = layers.count_kernel().unwrap();
        assert_eq!((counts.depth(), counts.num_parameters()), (2, 3));
        // log α of three terms, log β of three distances and of three layers of rungs.
        let parameters = [0.1, -0.4, -1.0, 0.2, 0.3, -0.5];
        let distances = [0.7, 0.2, 1.5].map(|d| [d]);
        let layers: Vec<&[f64]> = distances.iter().map(<[f64; 1]>::as_slice).collect();
        let correlations = [0.9_f64, 0.5, 0.7];
        let betas = correlations.map(|rho| (-rho.ln()).ln());
        let all = [&parameters[..], &betas].concat();
        for between in [0.0, 1.0, 2.0] {
            let term = |t: usize| {
                let mut only = parameters;
                (0..3).filter(|&k| k != t).for_each(|k| only[k] = -700.0);
                let mut k = [0.0];
                plain.evaluate(&only, &layers, &mut k);
                k[0] * correlations[t].powf(between)
            };
            let expected: f64 = (0..3).map(term).sum();
            let rung = [between];
            let deep: Vec<&[f64]> = (layers.iter().copied()).chain([&rung[..]; 3]).collect();
            let mut k = [0.0];
            rungs.evaluate(&all, &deep, &mut k);
            assert!(
                (k[0] - expected).abs() < 1e-12,
                "{between}: {k:?} {expected}"
            );
        }
    }

    #[test]
    fn the_kernel_with_counts_is_the_papers_and_a_term_each() {
        let with = |counts| {
            Layers {
                coefficients: 4,
                counts,
                rungs: 0,
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
