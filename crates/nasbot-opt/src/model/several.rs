//! What a model of several figures believes to be reached.

use gp::{Exponential, Surrogate};
use ndarray::Array2;

use super::{CONTENDERS, Model, Point, means};
use crate::aims::pick;
use crate::gain::{Gain, Warp};
use crate::history::History;
use crate::{Counts, Error, Evaluation, Space, pareto};

/// An evaluation that is under way, as a point, with what is known of it.
pub(crate) struct Pending<'a, P> {
    pub(crate) point: &'a Point<P>,
    pub(crate) known: &'a [f64],
}

/// Evaluated candidates that may be on the front, and the corner that improvements are measured from.
struct Reached<'a> {
    places: Vec<usize>,
    /// What is known of each.
    known: Vec<&'a [f64]>,
    reference: Vec<f64>,
}

impl<P: Clone + Send + Sync> Model<P> {
    /// How candidates are valued under the processes over the distances.
    pub(crate) fn gain<S: Space<Point = P>>(
        &self,
        space: &S,
        history: &History<S::Candidate>,
        pending: &[Pending<'_, P>],
    ) -> Result<Gain, Error> {
        let reached = self.reached(history);
        let rows: Vec<&Point<P>> = pending.iter().map(|pending| pending.point).collect();
        let cross = match rows.is_empty() {
            true => None,
            false => Some(self.cross(space, &rows, &[])?),
        };
        let surrogates = self.heads().map(|head| &head.surrogate);
        let believed = surrogates.map(|surrogate| {
            let at_places = means(surrogate, self.full_at(&reached.places))?;
            match &cross {
                Some(cross) => Ok((at_places, Some(means(surrogate, cross.clone())?))),
                None => Ok((at_places, None)),
            }
        });
        let believed: Vec<Believed> = believed.collect::<Result<_, Error>>()?;
        Ok(self.gain_from(&reached, &believed, pending))
    }

    /// The same under the processes over counts.
    pub(crate) fn screen_gain<C>(
        &self,
        history: &History<C>,
        pending: &[Pending<'_, P>],
    ) -> Result<Gain, Error> {
        let reached = self.reached(history);
        let counts: Vec<&[Counts]> = pending.iter().map(|p| p.point.counts.as_slice()).collect();
        let cross = match counts.is_empty() {
            true => None,
            false => Some(self.count_cross(&counts, &[])?),
        };
        let first = self.layers.first_count_rung();
        let screens = self.heads().filter_map(|head| head.screen.as_ref());
        let believed = screens.map(|screen: &Surrogate<Exponential>| {
            let at = self.scored_at_end(screen.distances(), &reached.places, first);
            let at_places = means(screen, at)?;
            match &cross {
                Some(cross) => Ok((at_places, Some(means(screen, cross.clone())?))),
                None => Ok((at_places, None)),
            }
        });
        let believed: Vec<Believed> = believed.collect::<Result<_, Error>>()?;
        Ok(self.gain_from(&reached, &believed, pending))
    }

    /// How good each evaluation is as a parent, in the order of the scores: that of one on a better front is higher, and one that breaks a
    /// bound comes after all that break none.
    pub(crate) fn fitness<C>(&self, history: &History<C>) -> Vec<f64> {
        fitness(history, self.ids.iter().filter_map(|&id| history.get(id)))
    }

    fn reached<'a, C>(&self, history: &'a History<C>) -> Reached<'a> {
        let aims = history.aims();
        let mut values: Vec<Vec<f64>> = Vec::new();
        let mut allowed: Vec<(usize, &[f64], Vec<f64>)> = Vec::new();
        for (place, &id) in self.ids.iter().enumerate() {
            let Some(evaluation) = history.get(id) else {
                continue;
            };
            let (measured, known) = (&evaluation.measured, &evaluation.known);
            if let Some(own) = aims.values(measured, known) {
                let own = aims.orient(&own);
                if aims.allow(measured, known) == Some(true) {
                    allowed.push((place, known, own.clone()));
                }
                values.push(own);
            }
        }
        let reference = aims.objectives().iter().enumerate().map(|(k, objective)| {
            let worst = values
                .iter()
                .map(|own| own[k])
                .fold(f64::INFINITY, f64::min);
            objective
                .reference
                .map_or(worst, |r| objective.goal.orient(r))
        });
        let mut reference: Vec<f64> = reference.collect();
        let x = std::env::var("NASBOT_X").unwrap_or_default();
        let points: Vec<&[f64]> = allowed.iter().map(|(_, _, own)| own.as_slice()).collect();
        let layers = pareto::layers(&points);
        let mut order: Vec<usize> = (0..allowed.len()).collect();
        order.sort_by_key(|&at| layers[at]);
        order.truncate(CONTENDERS.max(layers.iter().filter(|&&layer| layer == 0).count()));
        if x.contains('n') {
            let on: Vec<Vec<f64>> = values.clone();
            let f: Vec<Vec<f64>> = pareto::front(&on)
                .into_iter()
                .map(|i| on[i].clone())
                .collect();
            for (k, r) in reference.iter_mut().enumerate() {
                let lo = f.iter().map(|p| p[k]).fold(f64::INFINITY, f64::min);
                let hi = f.iter().map(|p| p[k]).fold(f64::NEG_INFINITY, f64::max);
                if hi > lo {
                    *r = r.max(lo - 0.1 * (hi - lo));
                }
            }
        }
        if x.contains('z') {
            for (k, r) in reference.iter_mut().enumerate() {
                let lo =
                    [&self.score, self.further.first().unwrap_or(&self.score)][k.min(1)].warp_z(*r);
                *r = lo;
            }
        }
        Reached {
            places: order.iter().map(|&at| allowed[at].0).collect(),
            known: order.iter().map(|&at| allowed[at].1).collect(),
            reference,
        }
    }

    fn gain_from(
        &self,
        reached: &Reached<'_>,
        believed: &[Believed],
        pending: &[Pending<'_, P>],
    ) -> Gain {
        let warps: Vec<Warp> = self.heads().map(super::Head::warp).collect();
        let members = believed.iter().map(|(means, _)| means.nrows()).max();
        let fronts = (0..members.unwrap_or(1)).map(|member| {
            // What this member believes each measured figure to be, in its own units.
            let measured = |means: &dyn Fn(&Believed) -> Option<f64>| -> Option<Vec<f64>> {
                let figures = believed.iter().zip(&warps).enumerate();
                figures
                    .map(|(figure, (own, warp))| {
                        Some(self.aims.goal_of(figure).orient(warp.figure(means(own)?)))
                    })
                    .collect()
            };
            let row = |means: &Array2<f64>| member % means.nrows();
            let mut front = Vec::new();
            for (at, known) in reached.known.iter().enumerate() {
                let own = measured(&|(means, _)| Some(means[(row(means), at)]));
                if let Some(values) = own.and_then(|own| self.aims.values(&own, known)) {
                    front.push(self.aims.orient(&values));
                }
            }
            for (at, pending) in pending.iter().enumerate() {
                let own =
                    measured(&|(_, means)| means.as_ref().map(|means| means[(row(means), at)]));
                let Some(own) = own else { continue };
                if self.aims.allow(&own, pending.known) == Some(true)
                    && let Some(values) = self.aims.values(&own, pending.known)
                {
                    front.push(self.aims.orient(&values));
                }
            }
            front
        });
        let fronts: Vec<Vec<Vec<f64>>> = fronts.collect();
        Gain::new(&self.aims, &fronts, &reached.reference, warps)
    }
}

/// Means of one figure at what was reached and at what is pending, rows are members.
type Believed = (Array2<f64>, Option<Array2<f64>>);

/// How good evaluations are as parents, see [`Model::fitness`].
pub(crate) fn fitness<'a, C: 'a>(
    history: &History<C>,
    evaluations: impl Iterator<Item = &'a Evaluation<C>>,
) -> Vec<f64> {
    let aims = history.aims();
    let points: Vec<Vec<f64>> = evaluations
        .map(|evaluation| {
            let (measured, known) = (&evaluation.measured, &evaluation.known);
            // The first number is how far bounds are broken: nothing that breaks one dominates what breaks none.
            let broken = aims.constraints().iter().map(|constraint| {
                match pick(constraint.figure, measured, known) {
                    Some(value) if !constraint.allows(value) => 1.0,
                    _ => 0.0,
                }
            });
            let broken: f64 = broken.sum();
            match aims.values(measured, known) {
                Some(values) if broken == 0.0 => {
                    let mut point = vec![0.0];
                    point.extend(aims.orient(&values));
                    point
                }
                _ => {
                    let mut point = vec![-broken];
                    point.resize(1 + aims.objectives().len(), f64::NEG_INFINITY);
                    point
                }
            }
        })
        .collect();
    pareto::layers(&points)
        .into_iter()
        .map(|layer| -(layer as f64))
        .collect()
}
