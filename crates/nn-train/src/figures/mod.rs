//! How good predictions are: the figures that networks and simple methods are scored by ([`all`], [`one`]), and what errors they
//! make ([`Breakdown`]).
//!
//! | module | is |
//! |---|---|
//! | `classes` | figures of classifiers |
//! | `values` | figures of regressions |
//! | `breakdown` | a confusion matrix, or quantiles of residuals |
//!
//! Outputs are those of a network: a log-probability for each class, example by example, or one number for each example. Every
//! example counts the same, whatever weight it has in a training.

mod breakdown;
mod classes;
mod values;

use std::collections::BTreeMap;

pub use self::breakdown::{Breakdown, Confusion, MOST_CLASSES, Residuals};
use self::classes::Classified;
use self::values::Errors;
use crate::data::{Metric, Output, Targets};

/// Numbers to sort for the areas under all curves, at most, where theirs is not the metric.
const CHEAP: usize = 10_000_000;

/// From so many classes on it is a figure of interest whether the right one is among the first five.
const MANY: usize = 10;

/// One figure; `None` where there is no example or the metric says nothing of such examples, as the area under a curve does where
/// all are of one class, or belongs to another task.
#[must_use]
pub fn one<T: Copy + Into<f64>>(
    metric: Metric,
    outputs: &[T],
    targets: &Targets,
    meaning: &Output,
) -> Option<f64> {
    if targets.is_empty() {
        return None;
    }
    match targets {
        Targets::Classes(targets) => Classified::new(outputs, targets).figure(metric),
        Targets::Values(targets) => Errors::new(outputs, targets, meaning).figure(metric),
    }
}

/// The figures that a training needs on its way: that of `metric` and, of classifiers, the log loss, which tells equal ones apart. Of
/// values all, which follow from the same errors.
#[must_use]
pub fn brief<T: Copy + Into<f64>>(
    metric: Metric,
    outputs: &[T],
    targets: &Targets,
    meaning: &Output,
) -> BTreeMap<String, f64> {
    match targets {
        Targets::Classes(classes) if !classes.is_empty() => {
            let classified = Classified::new(outputs, classes);
            let named = |metric: Metric| Some((metric.to_string(), classified.figure(metric)?));
            [metric, Metric::LogLoss]
                .into_iter()
                .filter_map(named)
                .collect()
        }
        _ => all(metric, outputs, targets, meaning),
    }
}

/// All figures that cost little, by the names of their metrics, and that of `metric` whatever it costs.
#[must_use]
pub fn all<T: Copy + Into<f64>>(
    metric: Metric,
    outputs: &[T],
    targets: &Targets,
    meaning: &Output,
) -> BTreeMap<String, f64> {
    if targets.is_empty() {
        return BTreeMap::new();
    }
    let named = |metric: Metric, figure: Option<f64>| Some((metric.to_string(), figure?));
    match targets {
        Targets::Classes(classes) => {
            let classified = Classified::new(outputs, classes);
            let top = (classified.classes() > MANY).then_some(Metric::Top(5));
            let others = [
                Metric::Accuracy,
                Metric::BalancedAccuracy,
                Metric::MacroF1,
                Metric::LogLoss,
            ];
            let area = (outputs.len() <= CHEAP).then_some(Metric::Auc);
            let others = others.into_iter().chain(top).chain(area);
            (others.filter(|other| *other != metric).chain([metric]))
                .filter_map(|metric| named(metric, classified.figure(metric)))
                .collect()
        }
        Targets::Values(values) => {
            let errors = Errors::new(outputs, values, meaning);
            [Metric::Mse, Metric::R2, Metric::Rmse, Metric::Mae]
                .into_iter()
                .filter_map(|metric| named(metric, errors.figure(metric)))
                .collect()
        }
    }
}
