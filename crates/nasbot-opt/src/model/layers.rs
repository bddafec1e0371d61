//! Layers of distances between candidates, and the kernels over them.

use gp::{Exponential, Form};
use ndarray::Array3;
use rayon::prelude::*;

use crate::{Counts, Distance, Error, KernelKind, Rung, Space, ValidConfig};

/// What the surrogate needs of one candidate, computed once; `P` is what its space needs for distances.
#[derive(Clone, Debug)]
pub(crate) struct Point<P> {
    pub(crate) place: P,
    pub(crate) sketch: Sketch,
    /// What each earlier study expects of it.
    pub(crate) expected: Vec<f64>,
    /// The rung at which it was scored, or at which its score is asked for.
    pub(crate) rung: Rung,
}

/// What the process over counts needs of one candidate.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sketch {
    pub(crate) counts: Vec<Counts>,
    /// What the process over counts of each earlier study expects of it.
    pub(crate) expected: Vec<f64>,
}

impl Sketch {
    /// A candidate of which no earlier study has said anything.
    pub(crate) fn new<S: Space>(space: &S, candidate: &S::Candidate) -> Self {
        Self {
            counts: space.counts(candidate),
            expected: Vec::new(),
        }
    }
}

/// A sketch and its rung.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parts<'a> {
    pub(crate) sketch: &'a Sketch,
    pub(crate) rung: Rung,
}

impl<P> Point<P> {
    /// A candidate as a point of which no earlier study has said anything.
    pub(crate) fn new<S: Space<Point = P>>(
        space: &S,
        candidate: &S::Candidate,
        rung: Rung,
    ) -> Result<Self, Error> {
        Ok(Self {
            place: space.point(candidate)?,
            sketch: Sketch::new(space, candidate),
            expected: Vec::new(),
            rung,
        })
    }

    pub(crate) fn parts(&self) -> Parts<'_> {
        Parts {
            sketch: &self.sketch,
            rung: self.rung,
        }
    }
}

/// Which distances there are: two for each distance function of the space (raw₁, normalised₁,
/// raw₂, …), then one for each of the counts that are used, then one for each earlier study: how differently it expects two
/// candidates to score. Where scores come from several rungs, each term of a kernel
/// has one layer more: how many rungs lie between two scores (0 between two of the same rung).
///
/// So a term becomes α exp(−β d(x, x′)) ρ^|r − r′| with ρ = exp(−β_r): the same function at each rung but for what decorrelates
/// it by a factor ρ a rung, learnt with the other hyper-parameters (the linear model of coregionalisation, with an
/// Ornstein–Uhlenbeck process over the rungs; Álvarez, Rosasco and Lawrence, *Kernels for Vector-Valued Functions*, 2012). It is
/// positive definite wherever the term is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Layers {
    pub(crate) functions: usize,
    pub(crate) counts: usize,
    pub(crate) earlier: usize,
    /// One for each term of the full kernel, or none where all scores are of the end.
    pub(crate) rungs: usize,
}

impl Layers {
    /// Those of a space whose candidates look like `example`, of so many `earlier` studies, and of trainings that stop at so many
    /// `rungs`, their end included.
    pub(crate) fn new<S: Space>(
        space: &S,
        config: &ValidConfig,
        example: &S::Candidate,
        (earlier, rungs): (usize, usize),
    ) -> Self {
        let counts = if config.counts {
            space.counts(example).len()
        } else {
            0
        };
        Self {
            functions: space.num_distances(),
            counts,
            earlier,
            rungs: match (rungs, config.kernel) {
                (..2, _) => 0,
                (_, KernelKind::Sum) => 2 + counts + earlier,
                (_, KernelKind::Product | KernelKind::Raw | KernelKind::Normalised) => {
                    1 + counts + earlier
                }
            },
        }
    }

    pub(crate) fn depth(self) -> usize {
        self.first_rung() + self.rungs
    }

    /// The first of the layers that say how many rungs lie between; they come last.
    pub(crate) fn first_rung(self) -> usize {
        self.first_earlier() + self.earlier
    }

    fn first_earlier(self) -> usize {
        2 * self.functions + self.counts
    }

    /// The same of the process over counts.
    pub(crate) fn first_count_rung(self) -> usize {
        self.counts + self.earlier
    }

    fn count_depth(self) -> usize {
        self.first_count_rung() * if self.rungs > 0 { 2 } else { 1 }
    }

    /// That a candidate has as many counts as the first one had.
    fn check(self, counts: usize) -> Result<(), Error> {
        if self.counts == 0 || self.counts == counts {
            return Ok(());
        }
        let problem = format!(
            "a candidate has {counts} counts and initial candidate 0 has {}: the number must be the same for all",
            self.counts
        );
        Err(Error::Space { problem })
    }

    /// All distances of `rows` to `columns`: shape (depth, rows, columns). Rows are spread over the
    /// cores; each entry depends on its pair alone.
    pub(crate) fn distances<S: Space>(
        self,
        space: &S,
        rows: &[&Point<S::Point>],
        columns: &[&Point<S::Point>],
    ) -> Result<Array3<f64>, Error> {
        self.distances_of(space, rows, columns, Part::All)
    }

    /// The distances among `points`, of which only those below the diagonal are computed: shape (depth, n, n).
    pub(crate) fn distances_among<S: Space>(
        self,
        space: &S,
        points: &[&Point<S::Point>],
    ) -> Result<Array3<f64>, Error> {
        self.distances_of(space, points, points, Part::BelowDiagonal)
    }

    fn distances_of<S: Space>(
        self,
        space: &S,
        rows: &[&Point<S::Point>],
        columns: &[&Point<S::Point>],
        part: Part,
    ) -> Result<Array3<f64>, Error> {
        let places: Vec<&S::Point> = columns.iter().map(|column| &column.place).collect();
        by_rows(self.depth(), rows, columns, part, |a, columns, put| {
            self.check(a.sketch.counts.len())?;
            let mut distances = vec![Distance::default(); columns.len() * self.functions];
            space.distances(&a.place, &places[..columns.len()], &mut distances)?;
            for (j, (b, distances)) in (columns.iter())
                .zip(distances.chunks_exact(self.functions))
                .enumerate()
            {
                for (k, distance) in distances.iter().enumerate() {
                    put(2 * k, j, distance.raw);
                    put(2 * k + 1, j, distance.normalised);
                }
                let counts = a.sketch.counts.iter().zip(&b.sketch.counts);
                for (k, (a, b)) in counts.take(self.counts).enumerate() {
                    put(2 * self.functions + k, j, a.distance(b));
                }
                for (k, (a, b)) in a.expected.iter().zip(&b.expected).enumerate() {
                    put(self.first_earlier() + k, j, (a - b).abs());
                }
                let between = rungs_between(a.rung, b.rung);
                (self.first_rung()..self.depth()).for_each(|layer| put(layer, j, between));
            }
            Ok(())
        })
    }

    /// The distances of the process over counts: shape (counts, rows, columns), or twice as deep with rungs.
    pub(crate) fn count_distances(
        self,
        rows: &[Parts<'_>],
        columns: &[Parts<'_>],
    ) -> Result<Array3<f64>, Error> {
        let depth = self.count_depth();
        by_rows(depth, rows, columns, Part::All, |a, columns, put| {
            self.check(a.sketch.counts.len())?;
            for (j, b) in columns.iter().enumerate() {
                let (ours, theirs) = (a.sketch, b.sketch);
                let counts = ours.counts.iter().zip(&theirs.counts);
                for (k, (a, b)) in counts.take(self.counts).enumerate() {
                    put(k, j, a.distance(b));
                }
                for (k, (a, b)) in ours.expected.iter().zip(&theirs.expected).enumerate() {
                    put(self.counts + k, j, (a - b).abs());
                }
                let between = rungs_between(a.rung, b.rung);
                (self.first_count_rung()..depth).for_each(|layer| put(layer, j, between));
            }
            Ok(())
        })
    }

    /// The kernel over all layers: that of the settings over the metric's, and one more term
    /// α exp(−β d) for each of the counts and α exp(−β d²) for each earlier study; each term with its layer of rungs, where
    /// there are any.
    pub(crate) fn kernel(self, kind: KernelKind) -> Result<Exponential, Error> {
        let form = match kind {
            KernelKind::Sum => Form::Sum,
            KernelKind::Product => Form::Product,
            KernelKind::Raw => Form::Raw,
            KernelKind::Normalised => Form::Normalised,
        };
        if self.counts == 0 && self.earlier == 0 && self.rungs == 0 {
            return Ok(form.kernel(self.functions));
        }
        let raw = (0..self.functions).map(|k| (2 * k, 1));
        let normalised = (0..self.functions).map(|k| (2 * k + 1, 2));
        let mut terms: Vec<Vec<(usize, u32)>> = match kind {
            KernelKind::Sum => vec![raw.collect(), normalised.collect()],
            KernelKind::Product => vec![raw.chain(normalised).collect()],
            KernelKind::Raw => vec![raw.collect()],
            KernelKind::Normalised => vec![normalised.collect()],
        };
        terms.extend((2 * self.functions..self.first_earlier()).map(|layer| vec![(layer, 1)]));
        terms.extend((self.first_earlier()..self.first_rung()).map(|layer| vec![(layer, 2)]));
        for (term, layer) in terms.iter_mut().zip(self.first_rung()..self.depth()) {
            term.push((layer, 1));
        }
        let slices: Vec<&[(usize, u32)]> = terms.iter().map(Vec::as_slice).collect();
        Ok(Exponential::new(self.depth(), &slices)?)
    }

    /// The kernel over the counts, and what earlier studies expect by theirs: the sum of their terms.
    pub(crate) fn count_kernel(self) -> Result<Exponential, Error> {
        let counts = (0..self.counts).map(|layer| vec![(layer, 1)]);
        let earlier = (self.counts..self.first_count_rung()).map(|layer| vec![(layer, 2)]);
        let mut terms: Vec<Vec<(usize, u32)>> = counts.chain(earlier).collect();
        for (term, layer) in terms
            .iter_mut()
            .zip(self.first_count_rung()..self.count_depth())
        {
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

fn rungs_between(a: Rung, b: Rung) -> f64 {
    a.index().abs_diff(b.index()) as f64
}

/// Fills an array of shape (depth, rows, columns) row by row on all cores. `fill` puts the entries (layer, column) of one
/// row for the columns that it is given, the first of all.
fn by_rows<T: Sync>(
    depth: usize,
    rows: &[T],
    columns: &[T],
    part: Part,
    fill: impl Fn(&T, &[T], &mut dyn FnMut(usize, usize, f64)) -> Result<(), Error> + Sync,
) -> Result<Array3<f64>, Error> {
    let stride = depth * columns.len();
    let mut flat = vec![0.0; rows.len() * stride];
    if !flat.is_empty() {
        flat.par_chunks_exact_mut(stride)
            .zip(rows.par_iter())
            .enumerate()
            .try_for_each(|(i, (out, row))| {
                let count = match part {
                    Part::All => columns.len(),
                    Part::BelowDiagonal => i,
                };
                let mut put = |layer: usize, j: usize, d: f64| out[layer * columns.len() + j] = d;
                fill(row, &columns[..count], &mut put)
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
                functions: 1,
                counts: 1,
                earlier: 0,
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
                functions: 4,
                counts,
                earlier: 0,
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
