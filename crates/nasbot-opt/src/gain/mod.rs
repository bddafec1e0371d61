//! What an evaluation is worth where there are several objectives, or constraints: the expected hypervolume improvement, times
//! the probability that the constraints are kept.
//!
//! With K objectives, all maximised, and the front of what has been evaluated, the improvement by a candidate with the values u is the
//! volume of the points s above the reference that s ≤ u dominates and the front does not. That region is cut into boxes with
//! corners aᵢ < bᵢ once ([`boxes`]). The surrogates of the figures are independent of each other, so that the expectation is exact:
//!
//! ```text
//! E improvement = Σᵢ Πₖ (Ψₖ(aᵢₖ) − Ψₖ(bᵢₖ)),   Ψₖ(t) = E max(uₖ − t, 0)
//! ```
//!
//! which takes two or three objectives, and with one is expected improvement. Ψ is known in closed form for a number that is known, and for a
//! normal distribution behind a piecewise linear transform ([`marginal`]), so that the volume is in units of the figures
//! whatever the surrogates learn from. This is the box decomposition of Yang, Emmerich, Deutz and Bäck, *Efficient Computation of
//! Expected Hypervolume Improvement Using Box Decomposition Algorithms*, Journal of Global Optimization 75, 2019.
//!
//! A candidate keeps to a bound with the probability Φ((μ − b)/σ), which is taken to be independent of the objectives and of other bounds
//! (Gardner et al., *Bayesian Optimization with Inequality Constraints*, ICML 2014).
//!
//! The surrogates have several members, draws of their hyper-parameters; member m of one figure goes with member m of the others. Each
//! has a front of its own: that of its means at evaluated candidates, so that no lucky score counts as reached, and at
//! pending ones, as if these had come out as predicted. The values are means over the members.

mod boxes;
mod marginal;

use gp::Predictions;

pub(crate) use boxes::Boxes;
pub(crate) use marginal::{Marginal, Warp};

use crate::{Aims, Figure, Goal};

/// What is needed of one figure.
#[derive(Clone, Copy, Debug)]
struct Source {
    figure: Figure,
    goal: Goal,
}

impl Source {
    /// What member `member` believes of it at candidate `index`.
    fn marginal<'a>(
        self,
        gain: &'a Gain,
        member: usize,
        predictions: &[Predictions],
        index: usize,
        known: &[f64],
    ) -> Marginal<'a> {
        match self.figure {
            Figure::Known(place) => Marginal::Exact(self.goal.orient(known[place])),
            Figure::Measured(place) => {
                let members = &predictions[place].members;
                let prediction = &members[member % members.len()];
                Marginal::Normal {
                    mean: prediction.mean[index],
                    std: prediction.std[index],
                    warp: &gain.warps[place],
                }
            }
        }
    }
}

/// How candidates are valued at one step.
#[derive(Clone, Debug)]
pub(crate) struct Gain {
    /// One for each member.
    boxes: Vec<Boxes>,
    objectives: Vec<Source>,
    /// With their bounds, such that more is better.
    constraints: Vec<(Source, f64)>,
    /// From what is predicted to each measured figure.
    warps: Vec<Warp>,
}

impl Gain {
    /// `fronts` are the points that each member believes to be reached, and `reference` the worst corner, all such that more is
    /// better; `warps` lead from what is predicted to each measured figure, such that more is better.
    pub(crate) fn new(
        aims: &Aims,
        fronts: &[Vec<Vec<f64>>],
        reference: &[f64],
        warps: Vec<Warp>,
    ) -> Self {
        let source = |figure, goal| Source { figure, goal };
        let objectives = aims.objectives().iter();
        let constraints = aims.constraints().iter();
        Self {
            boxes: fronts
                .iter()
                .map(|front| Boxes::new(front, reference))
                .collect(),
            objectives: objectives.map(|o| source(o.figure, o.goal)).collect(),
            constraints: constraints
                .map(|c| (source(c.figure, c.goal), c.goal.orient(c.bound)))
                .collect(),
            warps,
        }
    }

    /// The values of candidates: `predictions` holds those of each measured figure, `known` what is known of each candidate.
    pub(crate) fn values(&self, predictions: &[Predictions], known: &[Vec<f64>]) -> Vec<f64> {
        let one = |(index, known): (usize, &Vec<f64>)| {
            let members = self.boxes.iter().enumerate();
            let sum: f64 = members
                .map(|(member, boxes)| {
                    let marginal =
                        |source: Source| source.marginal(self, member, predictions, index, known);
                    let kept: f64 = (self.constraints.iter())
                        .map(|&(source, bound)| marginal(source).at_least(bound))
                        .product();
                    let beyond: Vec<Vec<f64>> = (self.objectives.iter().zip(boxes.edges()))
                        .map(|(&source, edges)| marginal(source).beyond(edges))
                        .collect();
                    kept * boxes.sum(&beyond)
                })
                .sum();
            sum / self.boxes.len() as f64
        };
        known.iter().enumerate().map(one).collect()
    }
}
