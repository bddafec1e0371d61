//! Several objectives on the page: what they are, and which evaluations are on the Pareto front.

use nasbot_opt::Goal;
use nn_train::data::Metric;
use serde::Serialize;

use super::rounded::rounded;
use super::scoring::ScoreData;
use crate::report::clean_line;
use crate::settings::{Objective, SCORE};
use crate::study::{Ledger, Record};

/// The objectives of a study that has several, and its front.
#[derive(Clone, Debug, Serialize)]
pub struct FrontData {
    /// The objectives, the first one first.
    objectives: Vec<ScoreData>,
    /// The evaluations of the front, the best in the first objective first.
    on: Vec<u64>,
}

impl FrontData {
    /// `None` where there is one objective.
    pub(super) fn new(ledger: &Ledger) -> Option<Self> {
        let objectives = &ledger.aims().objectives;
        let metric = ledger.metric();
        (objectives.len() > 1).then(|| Self {
            objectives: objectives.iter().map(|one| titled(one, metric)).collect(),
            on: on_front(ledger),
        })
    }
}

/// The evaluations of the front, the best in the first objective first.
pub(super) fn on_front(ledger: &Ledger) -> Vec<u64> {
    let front = ledger.front().into_iter();
    front.map(|(record, _)| record.suggestion.id).collect()
}

/// The objectives' values of an evaluation, where there are several objectives and it has them all.
pub(super) fn values(ledger: &Ledger, record: &Record) -> Option<Vec<f64>> {
    let objectives = &ledger.aims().objectives;
    let (score, detail) = (record.score()?, record.detail.as_ref()?);
    let values = (ledger.aims().values(score, &detail.metrics)).filter(|_| objectives.len() > 1)?;
    let shown = objectives.iter().zip(values);
    let shown = shown.map(
        |(objective, value)| match scoring(objective, ledger.metric()) {
            Some(metric) => rounded(metric.figure(value)),
            None => rounded(value),
        },
    );
    Some(shown.collect())
}

/// Whether an evaluation that has a score breaks a bound.
pub(super) fn breaks_a_bound(ledger: &Ledger, record: &Record) -> bool {
    let found = record.score().zip(record.detail.as_ref());
    found.is_some_and(|(score, detail)| !ledger.aims().allow(score, &detail.metrics))
}

/// The metric of an objective that is the score.
fn scoring(objective: &Objective, metric: Option<Metric>) -> Option<Metric> {
    metric.filter(|_| objective.name == SCORE)
}

fn titled(objective: &Objective, metric: Option<Metric>) -> ScoreData {
    let is_minimised = objective.goal == Goal::Minimise;
    match scoring(objective, metric) {
        // A score is higher where it is better; the figure of a loss has the other sign.
        Some(metric) => ScoreData {
            minimise: is_minimised != metric.is_loss(),
            ..ScoreData::of(Some(metric))
        },
        None => ScoreData {
            title: clean_line(&objective.name),
            minimise: is_minimised,
            percent: false,
        },
    }
}
