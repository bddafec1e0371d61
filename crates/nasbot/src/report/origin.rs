//! Why a network was suggested, in words.

use nasbot_opt::Origin;
use nn_train::data::Metric;

use super::score::{expected, expected_cell};

/// Why a network was suggested, in words; what was expected of it under the name of the metric.
#[must_use]
pub fn origin(origin: &Origin, metric: Option<Metric>) -> String {
    origin_with(origin, |mean, std| expected(mean, std, metric))
}

/// The same in a table whose heading names the metric.
pub(super) fn origin_cell(origin: &Origin, metric: Option<Metric>) -> String {
    origin_with(origin, |mean, std| expected_cell(mean, std, metric))
}

fn origin_with(origin: &Origin, expected: impl Fn(f64, f64) -> String) -> String {
    match origin {
        Origin::Initial => "initial pool".to_owned(),
        Origin::Earlier => "best of an earlier study".to_owned(),
        Origin::Given => "given".to_owned(),
        Origin::Proposed {
            mean: Some(mean),
            std: Some(std),
            ..
        } => format!("proposed, expected {}", expected(*mean, *std)),
        Origin::Proposed { .. } => "proposed".to_owned(),
        Origin::Random => "random".to_owned(),
        Origin::Mutation { parent } => format!("mutation of #{parent}"),
        Origin::Acquisition { mean, std, .. } => {
            format!("model, expected {}", expected(*mean, *std))
        }
        _ => String::new(),
    }
}
