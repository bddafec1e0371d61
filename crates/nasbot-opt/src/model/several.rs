//! What a model of several figures believes to be reached.

use gp::{Exponential, Surrogate};
use ndarray::Array2;

use super::head::Head;
use super::{CONTENDERS, Model, Point, Sketch, means};
use crate::aims::pick;
use crate::gain::Gain;
use crate::history::History;
use crate::{Error, Evaluation, Figure, Goal, Space, pareto};

/// Every how many steps one is for an objective alone.
const EVERY: usize = 2;

/// How far the reference recedes in the other objectives then, in standard deviations of what was told: so far that the objective decides.
const RECEDED: f64 = 40.0;

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
    /// Standard deviations of what was told or is known of the objectives.
    spread: Vec<f64>,
    /// The objective that this step is for, where it is for one.
    turn: Option<usize>,
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
        let sketches: Vec<&Sketch> = pending.iter().map(|p| &p.point.sketch).collect();
        let cross = match sketches.is_empty() {
            true => None,
            false => Some(self.count_cross(&sketches, &[])?),
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
        let reference: Vec<f64> = reference.collect();
        let turn = turn(history.evaluations().len(), &values);
        let of_objectives = (0..aims.objectives().len())
            .map(|k| -> Vec<f64> { values.iter().map(|own| own[k]).collect() });
        let points: Vec<&[f64]> = allowed.iter().map(|(_, _, own)| own.as_slice()).collect();
        let layers = pareto::layers(&points);
        let mut order: Vec<usize> = (0..allowed.len()).collect();
        order.sort_by_key(|&at| layers[at]);
        order.truncate(CONTENDERS.max(layers.iter().filter(|&&layer| layer == 0).count()));
        Reached {
            places: order.iter().map(|&at| allowed[at].0).collect(),
            known: order.iter().map(|&at| allowed[at].1).collect(),
            reference,
            spread: of_objectives.map(|told| spread(&told)).collect(),
            turn,
        }
    }

    fn gain_from(
        &self,
        reached: &Reached<'_>,
        believed: &[Believed],
        pending: &[Pending<'_, P>],
    ) -> Gain {
        let heads: Vec<&Head> = self.heads().collect();
        // A value such that more is better, in units of what is learnt from.
        let learnt = |figure: Figure, value: f64| match figure {
            Figure::Measured(place) => heads[place].learnt(value),
            Figure::Known(_) => value,
        };
        let objectives = self.aims.objectives();
        let constraints = self.aims.constraints();
        let reference = objectives.iter().zip(&reached.reference);
        let reference = reference.enumerate().map(|(k, (o, &r))| {
            let at = learnt(o.figure, r);
            if o.reference.is_some() || reached.turn.is_none_or(|turn| turn == k) {
                return at;
            }
            at - RECEDED
                * match o.figure {
                    Figure::Measured(place) => spread(heads[place].learns_from()),
                    Figure::Known(_) => reached.spread[k],
                }
        });
        let reference: Vec<f64> = reference.collect();
        let bounds = constraints
            .iter()
            .map(|c| learnt(c.figure, c.goal.orient(c.bound)));
        let bounds: Vec<f64> = bounds.collect();
        let members = believed.iter().map(|(means, _)| means.nrows()).max();
        let fronts = (0..members.unwrap_or(1)).map(|member| {
            let at = |means: &Array2<f64>, index| means[(member % means.nrows(), index)];
            // What this member believes of a figure, such that more is better.
            let value =
                |figure, goal: Goal, measured: &dyn Fn(usize) -> f64, known: &[f64]| match figure {
                    Figure::Measured(place) => measured(place),
                    Figure::Known(place) => goal.orient(known[place]),
                };
            let point = |measured: &dyn Fn(usize) -> f64, known: &[f64]| -> Vec<f64> {
                let values = objectives.iter();
                values
                    .map(|o| value(o.figure, o.goal, measured, known))
                    .collect()
            };
            let mut front: Vec<Vec<f64>> = (reached.known.iter().enumerate())
                .map(|(index, known)| point(&|place: usize| at(&believed[place].0, index), known))
                .collect();
            for (index, pending) in pending.iter().enumerate() {
                let measured = |place: usize| match &believed[place].1 {
                    Some(means) => at(means, index),
                    None => f64::NEG_INFINITY,
                };
                let is_allowed = constraints
                    .iter()
                    .zip(&bounds)
                    .all(|(c, &bound)| value(c.figure, c.goal, &measured, pending.known) >= bound);
                if is_allowed {
                    front.push(point(&measured, pending.known));
                }
            }
            front
        });
        let fronts: Vec<Vec<Vec<f64>>> = fronts.collect();
        Gain::new(&self.aims, &fronts, &reference, &bounds)
    }
}

/// The standard deviation.
fn spread(values: &[f64]) -> f64 {
    let count = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / count;
    (values.iter().map(|y| (y - mean).powi(2)).sum::<f64>() / count).sqrt()
}

/// The objective that the step after so many suggestions is for, if it is for one: in every second step one of them, in turn.
/// `values` are those that were told, such that more is better.
///
/// The hypervolume values the ends of the front by how much worse than they the worst values told are in the other objectives, and where
/// the best costs most that is little or nothing: such an end would never be followed. The first objective has its turn always; another one
/// only while what is best in it is not among the worst in the first, for of an end that is worthless more is not worth knowing.
fn turn(step: usize, values: &[Vec<f64>]) -> Option<usize> {
    let objectives = values.first().map_or(0, Vec::len);
    if objectives < 2 || !step.is_multiple_of(EVERY) {
        return None;
    }
    let turn = (step / EVERY) % objectives;
    let best = values.iter().max_by(|a, b| a[turn].total_cmp(&b[turn]))?;
    let worst = values
        .iter()
        .map(|own| own[0])
        .fold(f64::INFINITY, f64::min);
    (turn == 0 || best[0] > worst).then_some(turn)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objectives_have_their_turns_unless_their_end_is_worthless() {
        let turns = |values: &[Vec<f64>]| -> Vec<Option<usize>> {
            (0..8).map(|step| turn(step, values)).collect()
        };
        let plain = [vec![0.5, -3.0], vec![0.7, -4.0], vec![0.4, -5.0]];
        let (first, second) = (Some(0), Some(1));
        let every = [first, None, second, None, first, None, second, None];
        assert_eq!(turns(&plain), every);
        // What is best in the second objective is worst in the first.
        let worthless = [vec![0.5, -3.0], vec![0.7, -4.0], vec![0.1, -1.0]];
        let few = [first, None, None, None, first, None, None, None];
        assert_eq!(turns(&worthless), few);
        // The first one's turn comes although its best is the worst in the second.
        let dear = [vec![0.5, -3.0], vec![0.7, -9.0], vec![0.4, -4.0]];
        assert_eq!(turns(&dear), every);
        assert_eq!(turns(&[vec![0.5], vec![0.6]]), [None; 8]);
        assert_eq!(turns(&[]), [None; 8]);
    }

    #[test]
    fn the_spread_is_the_standard_deviation() {
        assert!((spread(&[1.0, 3.0, 5.0, 7.0]) - 5.0_f64.sqrt()).abs() < 1e-12);
        assert!(spread(&[]).abs() < 1e-15 && spread(&[4.0, 4.0]).abs() < 1e-15);
    }
}
