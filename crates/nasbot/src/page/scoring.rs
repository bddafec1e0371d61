//! What the figures of a page are of.

use nn_train::data::Metric;
use serde::Serialize;

/// What scores are of.
#[derive(Clone, Debug, Serialize)]
pub struct ScoreData {
    /// The metric's title, or `score`.
    pub(super) title: String,
    /// Whether less is better.
    pub(super) minimise: bool,
    /// Whether it is a share that people read in per cent.
    pub(super) percent: bool,
}

impl ScoreData {
    /// What scores of this metric are of.
    pub(super) fn of(metric: Option<Metric>) -> Self {
        Self {
            title: metric.map_or_else(|| "score".to_owned(), Metric::title),
            minimise: metric.is_some_and(Metric::is_loss),
            percent: matches!(
                metric,
                Some(Metric::Accuracy | Metric::BalancedAccuracy | Metric::Top(_))
            ),
        }
    }
}
