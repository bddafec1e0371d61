//! What a search is for: the figures that it maximises or minimises, and bounds on figures.

use serde::{Deserialize, Serialize};

use crate::{Acquisition, Error, Scores, Strategy, ValidConfig, pareto};

/// Where a number that describes a candidate comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Figure {
    /// An evaluation measures it: its place among the numbers that are told, 0 for the score. The search models it.
    Measured(usize),
    /// It is known of every candidate: its place among [`Space::known`](crate::Space::known). It is computed, not modelled.
    Known(usize),
}

/// Which values of a figure are better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Goal {
    /// Higher ones.
    Maximise,
    /// Lower ones.
    Minimise,
}

impl Goal {
    /// The number such that more is better, and back.
    pub(crate) fn orient(self, value: f64) -> f64 {
        match self {
            Self::Maximise => value,
            Self::Minimise => -value,
        }
    }
}

/// One figure that is maximised or minimised.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Objective {
    /// The figure.
    pub figure: Figure,
    /// What is wanted of it.
    pub goal: Goal,
    /// The value from which on an improvement counts, in units of the figure: a corner of the hypervolume. By default the
    /// worst value of the figure among the evaluations so far.
    pub reference: Option<f64>,
}

/// A bound on a figure. Where the figure is known, no candidate that breaks it is suggested; where it is measured, the search
/// learns which ones are likely to keep it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Constraint {
    /// The figure.
    pub figure: Figure,
    /// Whether it is kept from above ([`Goal::Minimise`]: at most `bound`) or from below (at least).
    pub goal: Goal,
    /// The value that is still allowed, in units of the figure.
    pub bound: f64,
}

impl Constraint {
    /// Whether a value of the figure keeps to the bound.
    #[must_use]
    pub fn allows(&self, value: f64) -> bool {
        self.goal.orient(value) >= self.goal.orient(self.bound)
    }
}

/// What a search is for, checked: one to [`Aims::MOST`] objectives and any number of constraints.
///
/// The default is the score alone: one number, which is maximised.
#[derive(Clone, Debug, PartialEq)]
pub struct Aims {
    objectives: Vec<Objective>,
    constraints: Vec<Constraint>,
    measured: usize,
    known: usize,
}

impl Default for Aims {
    fn default() -> Self {
        let score = Objective {
            figure: Figure::Measured(0),
            goal: Goal::Maximise,
            reference: None,
        };
        Self {
            objectives: vec![score],
            constraints: Vec::new(),
            measured: 1,
            known: 0,
        }
    }
}

impl Aims {
    /// The most objectives of a search.
    pub const MOST: usize = 3;

    /// The most figures that an evaluation measures, the score among them.
    pub const MOST_MEASURED: usize = Scores::MOST;

    /// These objectives under these constraints.
    ///
    /// # Errors
    ///
    /// [`Error::Aims`] unless there are one to three objectives of different figures, the score (figure 0) is only asked to be
    /// high, a measured figure is asked to go in one direction only, and all numbers are finite.
    pub fn new(objectives: Vec<Objective>, constraints: Vec<Constraint>) -> Result<Self, Error> {
        let wrong = |problem: String| Err(Error::Aims { problem });
        if !(1..=Self::MOST).contains(&objectives.len()) {
            let (found, most) = (objectives.len(), Self::MOST);
            return wrong(format!("{found} objectives: give 1 to {most}"));
        }
        let references = objectives
            .iter()
            .filter_map(|objective| objective.reference);
        let mut numbers = references.chain(constraints.iter().map(|c| c.bound));
        if let Some(number) = numbers.find(|number| !number.is_finite()) {
            return wrong(format!(
                "{number} is no reference and no bound: give a finite number"
            ));
        }
        for (place, objective) in objectives.iter().enumerate() {
            let mut others = objectives[..place].iter();
            if others.any(|other| other.figure == objective.figure) {
                return wrong(format!(
                    "objectives must differ, but two are {:?}",
                    objective.figure
                ));
            }
        }
        let wanted = || {
            let objectives = objectives.iter().map(|o| (o.figure, o.goal));
            objectives.chain(constraints.iter().map(|c| (c.figure, c.goal)))
        };
        if wanted().any(|asked| asked == (Figure::Measured(0), Goal::Minimise)) {
            return wrong("a higher score is better: tell a loss with its sign changed".into());
        }
        let (mut measured, mut known) = (1, 0);
        for (figure, goal) in wanted() {
            match figure {
                Figure::Measured(place) => {
                    measured = measured.max(place + 1);
                    if wanted().any(|other| other.0 == figure && other.1 != goal) {
                        return wrong(format!(
                            "measured figure {place} is wanted both high and low: choose one"
                        ));
                    }
                }
                Figure::Known(place) => known = known.max(place + 1),
            }
        }
        if measured > Self::MOST_MEASURED {
            let most = Self::MOST_MEASURED;
            return wrong(format!(
                "{measured} measured figures: at most {most} are told"
            ));
        }
        Ok(Self {
            objectives,
            constraints,
            measured,
            known,
        })
    }

    /// Checks that a search with these settings can have such aims.
    ///
    /// # Errors
    ///
    /// [`Error::Aims`] names the setting that is in the way.
    pub fn check(&self, config: &ValidConfig) -> Result<(), Error> {
        if self.is_score_alone() {
            return Ok(());
        }
        let problem = match config.strategy {
            Strategy::Nasbot if config.acquisition != Acquisition::Ei => format!(
                "several objectives and constraints are searched with the acquisition ei, not {}",
                config.acquisition
            ),
            Strategy::Nasbot | Strategy::Evolution | Strategy::Random => return Ok(()),
            Strategy::RegularisedEvolution | Strategy::LocalSearch => format!(
                "the strategy {} knows one score only: choose nasbot, evolution or random",
                config.strategy
            ),
        };
        Err(Error::Aims { problem })
    }

    /// What is maximised or minimised.
    #[must_use]
    pub fn objectives(&self) -> &[Objective] {
        &self.objectives
    }

    /// The bounds.
    #[must_use]
    pub fn constraints(&self) -> &[Constraint] {
        &self.constraints
    }

    /// How many numbers an evaluation must tell, the score first.
    #[must_use]
    pub fn measured(&self) -> usize {
        self.measured
    }

    /// How many numbers must be known of a candidate.
    #[must_use]
    pub fn known(&self) -> usize {
        self.known
    }

    /// Whether the score alone is maximised, without a bound.
    #[must_use]
    pub fn is_score_alone(&self) -> bool {
        self.constraints.is_empty()
            && matches!(self.objectives[..], [one] if one.figure == Figure::Measured(0))
    }

    /// Which values of a measured figure are better; higher ones where nothing is asked of it.
    pub(crate) fn goal_of(&self, place: usize) -> Goal {
        let objectives = self.objectives.iter().map(|o| (o.figure, o.goal));
        let mut all = objectives.chain(self.constraints.iter().map(|c| (c.figure, c.goal)));
        let found = all.find(|&(figure, _)| figure == Figure::Measured(place));
        found.map_or(Goal::Maximise, |(_, goal)| goal)
    }

    /// The objectives in their own units, in their order; `None` where a figure is missing.
    #[must_use]
    pub fn values(&self, measured: &[f64], known: &[f64]) -> Option<Vec<f64>> {
        let value = |objective: &Objective| pick(objective.figure, measured, known);
        self.objectives.iter().map(value).collect()
    }

    /// Whether every bound is kept; `None` where a figure is missing.
    #[must_use]
    pub fn allow(&self, measured: &[f64], known: &[f64]) -> Option<bool> {
        let mut all = true;
        for constraint in &self.constraints {
            all &= constraint.allows(pick(constraint.figure, measured, known)?);
        }
        Some(all)
    }

    /// How far the bounds on known figures are broken, each relative to the bound; 0 where they are kept.
    pub(crate) fn excess(&self, known: &[f64]) -> f64 {
        let broken = self.constraints.iter().map(|constraint| {
            let Figure::Known(place) = constraint.figure else {
                return 0.0;
            };
            let goal = constraint.goal;
            match known.get(place) {
                Some(&value) if !constraint.allows(value) => {
                    let missing = goal.orient(constraint.bound) - goal.orient(value);
                    missing / constraint.bound.abs().max(f64::MIN_POSITIVE)
                }
                _ => 0.0,
            }
        });
        broken.sum()
    }

    /// Whether there are bounds on known figures, which every candidate keeps to.
    pub(crate) fn has_limits(&self) -> bool {
        let is_known = |c: &Constraint| matches!(c.figure, Figure::Known(_));
        self.constraints.iter().any(is_known)
    }

    /// Objectives such that more is better, from their own units.
    pub(crate) fn orient(&self, values: &[f64]) -> Vec<f64> {
        let pairs = self.objectives.iter().zip(values);
        pairs.map(|(o, &value)| o.goal.orient(value)).collect()
    }

    /// The share of hypervolume that points (objectives in their own units) dominate, above `reference` in those units too.
    #[must_use]
    pub fn hypervolume(&self, points: &[Vec<f64>], reference: &[f64]) -> f64 {
        let points: Vec<Vec<f64>> = points.iter().map(|point| self.orient(point)).collect();
        pareto::hypervolume(&points, &self.orient(reference))
    }
}

/// A figure of a candidate.
pub(crate) fn pick(figure: Figure, measured: &[f64], known: &[f64]) -> Option<f64> {
    match figure {
        Figure::Measured(place) => measured.get(place),
        Figure::Known(place) => known.get(place),
    }
    .copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn objective(figure: Figure, goal: Goal) -> Objective {
        let reference = None;
        Objective {
            figure,
            goal,
            reference,
        }
    }

    #[test]
    fn aims_that_make_no_sense_are_refused() {
        use Figure::{Known, Measured};
        use Goal::{Maximise, Minimise};
        let at_most = |figure, bound| Constraint {
            figure,
            goal: Minimise,
            bound,
        };
        let score = objective(Measured(0), Maximise);
        for (objectives, constraints, part) in [
            (vec![], vec![], "0 objectives"),
            (vec![score; 4], vec![], "4 objectives"),
            (vec![score; 2], vec![], "must differ"),
            (
                vec![objective(Measured(0), Minimise)],
                vec![],
                "sign changed",
            ),
            (vec![score], vec![at_most(Measured(0), 1.0)], "sign changed"),
            (vec![score], vec![at_most(Measured(1), f64::NAN)], "finite"),
            (
                vec![score, objective(Measured(1), Maximise)],
                vec![at_most(Measured(1), 1.0)],
                "both high and low",
            ),
            (vec![score], vec![at_most(Measured(4), 1.0)], "at most 4"),
        ] {
            let error = Aims::new(objectives, constraints).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
        let aims = Aims::new(
            vec![score, objective(Known(2), Minimise)],
            vec![at_most(Measured(1), 2.0)],
        );
        let aims = aims.unwrap();
        assert_eq!((aims.measured(), aims.known()), (2, 3));
        assert_eq!(
            aims.values(&[0.9, 2.5], &[1.0, 2.0, 3.0]),
            Some(vec![0.9, 3.0])
        );
        assert_eq!(aims.values(&[0.9, 2.5], &[]), None);
        assert_eq!(aims.allow(&[0.9, 2.5], &[]), Some(false));
        assert_eq!(aims.allow(&[0.9, 2.0], &[]), Some(true));
        assert!(!aims.is_score_alone() && Aims::default().is_score_alone());
    }
}
