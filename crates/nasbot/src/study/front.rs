//! Which evaluations of a study are best: by the score alone, by the first objective, and on the Pareto front.

use nasbot_opt::pareto;

use super::{Ledger, Record};
use crate::settings::{Aims, Constraint};

impl Ledger {
    /// Finished evaluations with a score, the best first: with several objectives by the first one, and with bounds those that keep to
    /// them before the others.
    pub fn ranked(&self) -> Vec<(&Record, f64)> {
        let records = self.finished.iter().filter_map(|&id| self.record(id));
        let merited = records.filter_map(|r| Some((self.merit_of(r)?, r)));
        let mut ranked: Vec<_> = merited.collect();
        // Stable: of equals the first to finish stays first.
        ranked.sort_by(|(a, _), (b, _)| b.0.cmp(&a.0).then(b.1.total_cmp(&a.1)));
        let ranked = ranked.into_iter();
        ranked
            .filter_map(|(_, record)| Some((record, record.score()?)))
            .collect()
    }

    /// What is asked beside a high score.
    pub fn aims(&self) -> &Aims {
        static ALONE: Aims = Aims {
            objectives: Vec::new(),
            constraints: Vec::new(),
        };
        self.created
            .as_ref()
            .map_or(&ALONE, |created| &created.aims)
    }

    /// The Pareto front with its objectives' values, the best in the first one first: evaluations that keep to the bounds, and
    /// that no other one of these is better than in one objective without being worse in another. Empty where the score is the only
    /// objective.
    pub fn front(&self) -> Vec<(&Record, Vec<f64>)> {
        let aims = self.aims();
        if aims.objectives.len() < 2 {
            return Vec::new();
        }
        let records = self.finished.iter().filter_map(|&id| self.record(id));
        let allowed = records.filter_map(|record| {
            let (score, detail) = (record.score()?, record.detail.as_ref()?);
            let is_allowed = aims.allow(score, &detail.metrics);
            let values = aims.values(score, &detail.metrics).filter(|_| is_allowed)?;
            Some((record, values))
        });
        let allowed: Vec<(&Record, Vec<f64>)> = allowed.collect();
        let points: Vec<Vec<f64>> = allowed
            .iter()
            .map(|(_, values)| aims.orient(values))
            .collect();
        let mut on = pareto::front(&points);
        on.sort_by(|&a, &b| points[b][0].total_cmp(&points[a][0]));
        on.into_iter().map(|place| allowed[place].clone()).collect()
    }

    /// The evaluation with the best first objective of those that keep to the bounds of the study and to these, which may be on trainable
    /// `parameters` and `seconds` too.
    pub fn best_within(&self, bounds: &[Constraint]) -> Option<&Record> {
        let aims = Aims {
            objectives: Vec::new(),
            constraints: bounds.to_vec(),
        };
        let ranked = self.ranked().into_iter();
        let mut kept = ranked.filter(|(record, score)| {
            let Some(detail) = &record.detail else {
                return false;
            };
            let mut figures = detail.metrics.clone();
            let seconds = ("seconds".to_owned(), detail.seconds);
            let parameters = detail
                .parameters
                .map(|n| ("parameters".to_owned(), n as f64));
            for (name, figure) in parameters.into_iter().chain([seconds]) {
                figures.entry(name).or_insert(figure);
            }
            aims.allow(*score, &figures) && self.aims().allow(*score, &figures)
        });
        kept.next().map(|(record, _)| record)
    }

    /// Whether an evaluation keeps to the bounds, and its first objective such that more is better.
    pub(super) fn merit_of(&self, record: &Record) -> Option<(bool, f64)> {
        let (aims, score) = (self.aims(), record.score()?);
        if aims.is_score_alone() {
            return Some((true, score));
        }
        let metrics = &record.detail.as_ref()?.metrics;
        let values = aims.values(score, metrics)?;
        let first = aims.orient(&values).first().copied();
        Some((aims.allow(score, metrics), first.unwrap_or(score)))
    }
}
