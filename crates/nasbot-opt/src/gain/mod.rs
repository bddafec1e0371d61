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
//! for any number of objectives; with one it is expected improvement. Ψ has a closed form for a number that is known and for a
//! normal distribution ([`marginal`]). The volume is in the units that the surrogates learn from: the score counts by the quantiles of its
//! ranks where these are learnt (the default), so that no outlier stretches the volume, and every other figure by itself. This is the box decomposition of Yang, Emmerich, Deutz and Bäck, *Efficient Computation of
//! Expected Hypervolume Improvement Using Box Decomposition Algorithms*, Journal of Global Optimization 75, 2019.
//!
//! A candidate keeps to a bound with the probability Φ((μ − b)/σ), which is taken to be independent of the objectives and of other bounds
//! (Gardner et al., *Bayesian Optimization with Inequality Constraints*, ICML 2014).
//!
//! The surrogates have several members, draws of their hyper-parameters; member m of one figure goes with member m of the others. Each
//! has a front of its own: that of its means at evaluated candidates, so that no lucky score counts as reached, and at
//! pending ones, as if these had come out as predicted. The values are means over the members.
//!
//! Where no reference is given, it is the worst of what was told. The best of one objective is often about the worst in another, where more of
//! the first adds next to no volume; so in every second step one objective decides, in turn, for which the reference recedes in the others.

mod boxes;
mod marginal;

use gp::Predictions;

pub(crate) use boxes::Boxes;
use marginal::Marginal;

use crate::{Aims, Figure, Goal};

/// What is needed of one figure.
#[derive(Clone, Copy, Debug)]
struct Source {
    figure: Figure,
    goal: Goal,
}

impl Source {
    /// What member `member` believes of it at candidate `index`.
    fn marginal(
        self,
        member: usize,
        predictions: &[Predictions],
        index: usize,
        known: &[f64],
    ) -> Marginal {
        match self.figure {
            Figure::Known(place) => Marginal::Exact(self.goal.orient(known[place])),
            Figure::Measured(place) => {
                let members = &predictions[place].members;
                let prediction = &members[member % members.len()];
                Marginal::Normal {
                    mean: prediction.mean[index],
                    std: prediction.std[index],
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
}

impl Gain {
    /// `fronts` are the points that each member believes to be reached, `reference` the worst corner, and `bounds` those of the
    /// constraints: all such that more is better, of measured figures in units of what is learnt from.
    pub(crate) fn new(
        aims: &Aims,
        fronts: &[Vec<Vec<f64>>],
        reference: &[f64],
        bounds: &[f64],
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
            constraints: (constraints.zip(bounds))
                .map(|(c, &bound)| (source(c.figure, c.goal), bound))
                .collect(),
        }
    }

    /// The values of candidates: `predictions` holds those of each measured figure, `known` what is known of each candidate.
    pub(crate) fn values(&self, predictions: &[Predictions], known: &[Vec<f64>]) -> Vec<f64> {
        let one = |(index, known): (usize, &Vec<f64>)| {
            let members = self.boxes.iter().enumerate();
            let sum: f64 = members
                .map(|(member, boxes)| {
                    let marginal =
                        |source: Source| source.marginal(member, predictions, index, known);
                    let kept: f64 = (self.constraints.iter())
                        .map(|&(source, bound)| marginal(source).at_least(bound))
                        .product();
                    let beyond: Vec<Vec<f64>> = (self.objectives.iter().zip(boxes.edges()))
                        .map(|(&source, edges)| {
                            let marginal = marginal(source);
                            edges.iter().map(|&edge| marginal.beyond(edge)).collect()
                        })
                        .collect();
                    kept * boxes.sum(&beyond)
                })
                .sum();
            sum / self.boxes.len() as f64
        };
        known.iter().enumerate().map(one).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pareto::hypervolume;
    use crate::{Constraint, Objective};
    use gp::Prediction;
    use ndarray::Array1;
    use rand::SeedableRng as _;
    use rand_distr::{Distribution as _, StandardNormal};
    use rand_pcg::Pcg64;

    const MINIMISED: usize = 1;

    fn aims(objectives: usize, constraints: Vec<Constraint>) -> Aims {
        let objective = |place| Objective {
            figure: Figure::Measured(place),
            goal: match place {
                MINIMISED => Goal::Minimise,
                _ => Goal::Maximise,
            },
            reference: None,
        };
        Aims::new((0..objectives).map(objective).collect(), constraints).unwrap()
    }

    /// Points of a front in three objectives, of which the first ones are used; all such that more is better.
    const FRONT: [[f64; 3]; 5] = [
        [0.9, -2.0, 0.1],
        [0.5, -1.2, 0.8],
        [0.7, -1.2, 0.3],
        [0.2, -0.3, 0.2],
        [0.3, -1.0, 1.4],
    ];

    fn front(objectives: usize) -> Vec<Vec<f64>> {
        FRONT.map(|point| point[..objectives].to_vec()).to_vec()
    }

    fn reference(objectives: usize) -> Vec<f64> {
        [0.0, -3.0, -0.5][..objectives].to_vec()
    }

    /// Of every figure, one member, one candidate.
    fn predictions(believed: &[(f64, f64)]) -> Vec<Predictions> {
        let one = |&(mean, std): &(f64, f64)| Predictions {
            members: vec![Prediction {
                mean: Array1::from_elem(1, mean),
                std: Array1::from_elem(1, std),
            }],
        };
        believed.iter().map(one).collect()
    }

    fn improvement(front: &[Vec<f64>], reference: &[f64], new: Vec<f64>) -> f64 {
        let before = hypervolume(front, reference);
        let mut with = front.to_vec();
        with.push(new);
        hypervolume(&with, reference) - before
    }

    /// By the trapezoidal rule over the density of the predictions, with improvements from hypervolumes.
    fn by_quadrature(believed: &[(f64, f64)]) -> f64 {
        const NODES: i32 = 300;
        const REACH: f64 = 8.0;
        let k = believed.len();
        let (front, reference) = (front(k), reference(k));
        let nodes: Vec<(f64, f64)> = (-NODES..=NODES)
            .map(|i| {
                let x = REACH * f64::from(i) / f64::from(NODES);
                let density = (-0.5 * x * x).exp() / std::f64::consts::TAU.sqrt();
                (x, density * REACH / f64::from(NODES))
            })
            .collect();
        let at = |figure: usize, x: f64| {
            let (mean, std) = believed[figure];
            mean + std * x
        };
        let mut sum = 0.0;
        for &(x, p) in &nodes {
            for &(y, q) in &nodes {
                sum += p * q * improvement(&front, &reference, vec![at(0, x), at(1, y)]);
            }
        }
        sum
    }

    fn value(aims: &Aims, believed: &[(f64, f64)], known: &[f64]) -> f64 {
        let k = aims.objectives().len();
        let bounds: Vec<f64> = aims
            .constraints()
            .iter()
            .map(|c| c.goal.orient(c.bound))
            .collect();
        let gain = Gain::new(aims, &[front(k)], &reference(k), &bounds);
        gain.values(&predictions(believed), &[known.to_vec()])[0]
    }

    #[test]
    fn with_two_objectives_the_value_agrees_with_quadrature() {
        for believed in [
            [(0.4, 0.3), (-1.0, 0.5)],
            [(0.0, 0.1), (-2.5, 0.2)],
            [(0.7, 0.05), (-0.9, 1.0)],
        ] {
            let (found, expected) = (
                value(&aims(2, Vec::new()), &believed, &[]),
                by_quadrature(&believed),
            );
            assert!(
                (found - expected).abs() < 2e-4 * expected.max(0.1),
                "{found} {expected}"
            );
        }
    }

    #[test]
    fn values_agree_with_monte_carlo() {
        const DRAWS: u32 = 400_000;
        let mut rng = Pcg64::seed_from_u64(3);
        for (k, believed) in [
            (2, [(0.4, 0.3), (-1.0, 0.5), (0.0, 0.0)]),
            (3, [(0.5, 0.3), (-1.0, 0.5), (0.6, 0.4)]),
            (3, [(0.1, 0.2), (-0.6, 0.2), (1.2, 0.1)]),
            (3, [(-0.1, 0.2), (-2.6, 0.3), (1.0, 0.3)]),
        ] {
            let believed = &believed[..k];
            let (mut sum, mut squares) = (0.0, 0.0);
            for _ in 0..DRAWS {
                let drawn = believed.iter().map(|&(mean, std)| {
                    let normal: f64 = StandardNormal.sample(&mut rng);
                    mean + std * normal
                });
                let gained = improvement(&front(k), &reference(k), drawn.collect());
                sum += gained;
                squares += gained * gained;
            }
            let mean = sum / f64::from(DRAWS);
            let error = ((squares / f64::from(DRAWS) - mean * mean) / f64::from(DRAWS)).sqrt();
            let found = value(&aims(k, Vec::new()), believed, &[]);
            assert!(
                (found - mean).abs() < 4.0 * error,
                "{found} {mean} ± {error}"
            );
        }
    }

    #[test]
    fn a_bound_multiplies_by_the_probability_that_it_is_kept() {
        let at_most = |place, bound| Constraint {
            figure: Figure::Measured(place),
            goal: Goal::Minimise,
            bound,
        };
        let believed = [(0.4, 0.3), (-1.0, 0.5), (0.5, 2.0)];
        let free = value(&aims(2, Vec::new()), &believed[..2], &[]);
        // Predictions are such that more is better: the third figure is 0 or less with Φ(−0.5 … ) of its 0.5 ± 2.
        let bound = value(&aims(2, vec![at_most(2, 0.0)]), &believed, &[]);
        let expected = crate::acquisition::normal_cdf(0.25);
        assert!((bound / free - expected).abs() < 1e-12, "{}", bound / free);
    }

    fn two_measured() -> Aims {
        aims(2, Vec::new())
    }

    #[test]
    fn known_figures_are_certain() {
        let second = Objective {
            figure: Figure::Known(0),
            goal: Goal::Minimise,
            reference: None,
        };
        let score = Objective {
            figure: Figure::Measured(0),
            goal: Goal::Maximise,
            reference: None,
        };
        let least = Constraint {
            figure: Figure::Known(1),
            goal: Goal::Maximise,
            bound: 10.0,
        };
        let aims = Aims::new(vec![score, second], vec![least]).unwrap();
        let gain = Gain::new(&aims, &[front(2)], &reference(2), &[10.0]);
        let one = predictions(&[(0.4, 0.3)]);
        let valued = |known: [f64; 2]| gain.values(&one, &[known.to_vec()])[0];
        let two = two_measured();
        let almost = value(&two, &[(0.4, 0.3), (-1.0, 1e-9)], &[]);
        assert!((valued([1.0, 10.0]) - almost).abs() < 1e-7);
        assert!(valued([1.0, 9.0]).abs() < 1e-15);
        assert!(valued([3.5, 10.0]).abs() < 1e-15);
    }
}
