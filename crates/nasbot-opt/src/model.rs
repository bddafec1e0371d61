//! The surrogate of a search: a Gaussian process over the scored evaluations, fed in the order in which
//! their scores were told.
//!
//! Its distances are a stack of layers: the metric's raw and normalised distances, interleaved (raw₁,
//! normalised₁, raw₂, …), then one layer for each of the space's counts. Distances to evaluated
//! candidates are computed once and kept.
//!
//! The model is a pure function of the settings and of the sequence of scores. Hyper-parameters are
//! chosen anew whenever the number of scores reaches a point of a fixed schedule, each time from a random
//! stream of its own, so that a model which catches up with a restored history ends up the same as
//! one that saw the scores arrive.

use gp::{Ensemble, Exponential, Form, Inference, Settings, Surrogate};
use ndarray::{Array2, Array3, Axis};
use otmann::{Profile, Scratch};
use rayon::prelude::*;

use crate::history::History;
use crate::stream::{self, Purpose};
use crate::{Counts, Error, KernelKind, Space, ValidConfig, transform};

/// Best evaluated candidates at which the surrogate's mean is computed to find its best.
const CONTENDERS: usize = 50;

/// What the surrogate needs of one candidate, computed once.
#[derive(Clone, Debug)]
pub(crate) struct Point {
    profile: Profile,
    counts: Vec<Counts>,
}

impl Point {
    pub(crate) fn new<S: Space>(space: &S, candidate: &S::Candidate) -> Result<Self, Error> {
        Ok(Self {
            profile: space.profile(candidate)?,
            counts: space.counts(candidate),
        })
    }
}

/// A Gaussian process and the points behind it.
pub(crate) struct Model {
    /// Scored candidates in the order of their scores.
    points: Vec<Point>,
    /// Their scores.
    scores: Vec<f64>,
    surrogate: Surrogate<Exponential>,
    /// Layers of distances.
    depth: usize,
    /// Layers that come from counts.
    extra: usize,
}

impl Model {
    /// A model without data for a space whose candidates look like `example`.
    pub(crate) fn new<S: Space>(
        space: &S,
        config: &ValidConfig,
        example: &S::Candidate,
    ) -> Result<Self, Error> {
        let extra = if config.counts {
            space.counts(example).len()
        } else {
            0
        };
        let coefficients = space.metric().coefficients().len();
        let depth = 2 * coefficients + extra;
        let inference = match config.samples {
            0 => Inference::Maximise { restarts: 1 },
            members => Inference::Sample { members, sweeps: 3 },
        };
        let settings = Settings {
            inference,
            ..Settings::default()
        };
        let kernel = kernel(config.kernel, coefficients, extra)?;
        let surrogate = Surrogate::new(kernel, settings)?;
        Ok(Self {
            points: Vec::new(),
            scores: Vec::new(),
            surrogate,
            depth,
            extra,
        })
    }

    /// Takes in the scores that were told since the last time.
    pub(crate) fn catch_up<S: Space>(
        &mut self,
        space: &S,
        config: &ValidConfig,
        history: &History<S::Candidate>,
    ) -> Result<(), Error> {
        for (evaluation, score) in history.scored().skip(self.points.len()) {
            let point = Point::new(space, &evaluation.suggestion.candidate)?;
            let row = self.cross(space, &[&point], &[])?;
            self.surrogate.push(row.index_axis(Axis(1), 0), score)?;
            self.points.push(point);
            self.scores.push(score);
            if is_refit(self.points.len()) {
                self.transform(config)?;
                let number = self.points.len() as u64;
                let mut rng = stream::stream(config.seed, Purpose::Fit, number);
                self.surrogate.refit(&mut rng)?;
            }
        }
        self.transform(config)
    }

    fn transform(&mut self, config: &ValidConfig) -> Result<(), Error> {
        let transformed = transform::apply(config.transform, &self.scores);
        Ok(self.surrogate.set_scores(&transformed)?)
    }

    /// Whether hyper-parameters have been chosen yet.
    pub(crate) fn is_ready(&self) -> bool {
        self.surrogate.ensemble().is_ok()
    }

    pub(crate) fn scores(&self) -> &[f64] {
        &self.scores
    }

    /// The posteriors, in units of the transformed scores, as if every one of `pending` had come out
    /// as predicted.
    pub(crate) fn posterior<S: Space>(
        &self,
        space: &S,
        pending: &[&Point],
    ) -> Result<Ensemble<Exponential>, Error> {
        let ensemble = self.surrogate.ensemble()?;
        if pending.is_empty() {
            return Ok(ensemble.clone());
        }
        let cross = self.cross(space, pending, &[])?;
        let among = self.stack(space, pending, pending)?;
        Ok(ensemble.with_pending(cross.view(), among.view())?)
    }

    /// Each member's mean at the scored candidates with the best scores, and which these are (in the
    /// order of the scores): rows are members.
    pub(crate) fn contenders(&self) -> Result<(Vec<usize>, Array2<f64>), Error> {
        let mut order: Vec<usize> = (0..self.scores.len()).collect();
        order.sort_by(|&a, &b| self.scores[b].total_cmp(&self.scores[a]));
        order.truncate(CONTENDERS);
        let cross = self.known(&order);
        let ensemble = self.surrogate.ensemble()?;
        let scaling = ensemble.scaling();
        let mut means = Array2::zeros((ensemble.members().len(), order.len()));
        for (mut row, member) in means.rows_mut().into_iter().zip(ensemble.members()) {
            let mean = member.predict_mean(cross.view())?;
            row.assign(&(mean * scaling.scale + scaling.centre));
        }
        Ok((order, means))
    }

    /// The scored candidate with the best mean over all members, by its place among the scores; `None`
    /// while there is no fit.
    pub(crate) fn best(&self) -> Result<Option<usize>, Error> {
        if !self.is_ready() {
            return Ok(None);
        }
        let (order, means) = self.contenders()?;
        let sums = means.sum_axis(Axis(0));
        // Contenders come with the best score first, which wins a tie.
        let best = (0..order.len()).reduce(|a, b| if sums[b] > sums[a] { b } else { a });
        Ok(best.map(|place| order[place]))
    }

    /// Distances of some scored candidates to all of them: shape (depth, m, n), from what is kept.
    fn known(&self, indices: &[usize]) -> Array3<f64> {
        let triangles = self.surrogate.distances().triangles();
        let shape = (self.depth, indices.len(), self.points.len());
        Array3::from_shape_fn(shape, |(layer, row, column)| {
            let (low, high) = (indices[row].min(column), indices[row].max(column));
            triangles[layer][high * (high + 1) / 2 + low]
        })
    }

    /// Distances of `rows` to the scored candidates and then to `pending`: shape (depth, rows, n + p).
    pub(crate) fn cross<S: Space>(
        &self,
        space: &S,
        rows: &[&Point],
        pending: &[&Point],
    ) -> Result<Array3<f64>, Error> {
        let columns: Vec<&Point> = self.points.iter().chain(pending.iter().copied()).collect();
        self.stack(space, rows, &columns)
    }

    /// All distances of `rows` to `columns`: shape (depth, rows, columns). Rows are spread over the
    /// cores; each entry depends on its pair alone.
    fn stack<S: Space>(
        &self,
        space: &S,
        rows: &[&Point],
        columns: &[&Point],
    ) -> Result<Array3<f64>, Error> {
        let metric = space.metric();
        let coefficients = metric.coefficients().len();
        let mut by_row = Array3::zeros((rows.len(), self.depth, columns.len()));
        let stride = self.depth * columns.len();
        if stride == 0 || rows.is_empty() {
            return Ok(Array3::zeros((self.depth, rows.len(), columns.len())));
        }
        let flat = by_row.as_slice_mut().unwrap_or_default();
        flat.par_chunks_exact_mut(stride)
            .zip(rows.par_iter())
            .try_for_each_init(
                || (Scratch::default(), vec![0.0; coefficients]),
                |(scratch, raw), (out, row)| {
                    for (j, column) in columns.iter().enumerate() {
                        metric.raw_into(scratch, &row.profile, &column.profile, raw)?;
                        let total = row.profile.total_mass() + column.profile.total_mass();
                        let scale = if total > 0.0 { 1.0 / total } else { 0.0 };
                        for (k, &raw) in raw.iter().enumerate() {
                            out[2 * k * columns.len() + j] = raw;
                            out[(2 * k + 1) * columns.len() + j] = raw * scale;
                        }
                        let pairs = row.counts.iter().zip(&column.counts).take(self.extra);
                        for (k, (a, b)) in pairs.enumerate() {
                            out[(2 * coefficients + k) * columns.len() + j] = a.distance(b);
                        }
                    }
                    Ok::<(), Error>(())
                },
            )?;
        Ok(by_row
            .permuted_axes([1, 0, 2])
            .as_standard_layout()
            .into_owned())
    }
}

/// Whether hyper-parameters are chosen anew when this many scores are known: at 2, 3, 4 and then
/// whenever the number has grown by about a tenth, at most every 25.
fn is_refit(count: usize) -> bool {
    let mut next = 2;
    while next < count {
        next += (next / 10).clamp(1, 25);
    }
    next == count
}

/// The kernel over the layers of distances: that of the settings over the metric's, and one more
/// term α exp(−β d) for each of the counts.
fn kernel(kind: KernelKind, coefficients: usize, extra: usize) -> Result<Exponential, Error> {
    let form = match kind {
        KernelKind::Sum => Form::Sum,
        KernelKind::Product => Form::Product,
        KernelKind::Raw => Form::Raw,
        KernelKind::Normalised => Form::Normalised,
    };
    if extra == 0 {
        return Ok(form.kernel(coefficients));
    }
    let raw = (0..coefficients).map(|k| (2 * k, 1));
    let normalised = (0..coefficients).map(|k| (2 * k + 1, 2));
    let mut terms: Vec<Vec<(usize, u32)>> = match kind {
        KernelKind::Sum => vec![raw.collect(), normalised.collect()],
        KernelKind::Product => vec![raw.chain(normalised).collect()],
        KernelKind::Raw => vec![raw.collect()],
        KernelKind::Normalised => vec![normalised.collect()],
    };
    let depth = 2 * coefficients + extra;
    terms.extend((2 * coefficients..depth).map(|layer| vec![(layer, 1)]));
    let slices: Vec<&[(usize, u32)]> = terms.iter().map(Vec::as_slice).collect();
    Ok(Exponential::new(depth, &slices)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refits_thin_out() {
        let at: Vec<usize> = (0..=1000).filter(|&n| is_refit(n)).collect();
        assert_eq!(at[..4], [2, 3, 4, 5]);
        assert!(
            at.windows(2)
                .all(|w| w[1] - w[0] <= 25 && (w[1] - w[0]) * 10 <= w[0].max(10))
        );
        assert!(at.len() < 100, "{}", at.len());
    }

    #[test]
    fn the_kernel_without_counts_is_the_papers() {
        let by_hand = kernel(KernelKind::Sum, 4, 1).unwrap();
        let form = kernel(KernelKind::Sum, 4, 0).unwrap();
        use gp::Kernel as _;
        assert_eq!(form.num_parameters(), 10);
        assert_eq!(by_hand.num_parameters(), 12);
        let distances: Vec<Vec<f64>> = (1..=9).map(|k| vec![0.1 * f64::from(k)]).collect();
        let layers: Vec<&[f64]> = distances.iter().map(Vec::as_slice).collect();
        let (mut a, mut b) = ([0.0], [0.0]);
        let betas = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8];
        form.evaluate(&[&[0.0, -1.0][..], &betas].concat(), &layers[..8], &mut a);
        by_hand.evaluate(
            &[&[0.0, -1.0, -2.0][..], &betas, &[0.3]].concat(),
            &layers,
            &mut b,
        );
        let term = (-2.0 - 0.3_f64.exp() * 0.9).exp();
        assert!((b[0] - a[0] - term).abs() < 1e-14);
    }
}
