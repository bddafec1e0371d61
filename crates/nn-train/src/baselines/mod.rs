//! What simple methods reach on the same rows, so that a network's score means something ([`baselines`]).
//!
//! | module | is |
//! |---|---|
//! | `rows` | the rows that a method is fitted to or scored on |
//! | `linear` | ridge regression |
//! | `logistic` | regularised logistic regression of any number of classes |
//! | `neighbours` | the mean or majority of the nearest rows |
//!
//! A setting is chosen by the score on the validation part, in the metric of the data set, and among equals by the loss; the test part
//! is scored by a method fitted to training and validation rows together, as the final network is. The cost is bounded: where there are more rows than a method can take in
//! a few seconds, it is fitted to evenly spaced ones ([`Baseline::fitted`]), and above [`MOST_COLUMNS`] columns the
//! regressions are left out ([`Baseline::scores`]). All rows count the same, whatever weights they have in a training.
//!
//! The methods are written here, upon `faer`, which the workspace has anyway, rather than taken from a crate. `smartcore` 0.7 is well
//! kept and brings few others, and gives the same figures as these and as scikit-learn; but its ridge regression refuses tables with
//! no more rows than columns, the steps of its logistic regression cannot be limited, and it takes ten to a hundred times as long on tables
//! of hundreds of columns, so that a search would wait minutes for its baselines. `linfa` 0.8 has ridge regression only by iterative
//! solvers and neighbours without a vote, and brings thirty-odd crates, a second `ndarray` among them. Figures and times:
//! docs/measurements/tables.md.

mod linear;
mod logistic;
mod neighbours;
mod rows;

use std::collections::BTreeMap;

use crate::data::{Dataset, Examples, Metric};
use crate::figures;
use rows::Rows;

/// Figures by the names of their metrics, as a network has them.
pub type Figures = BTreeMap<String, f64>;

/// The regressions are left out where an example has more numbers than this: they take the cube of it.
pub const MOST_COLUMNS: usize = 1500;

/// A simple method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Method {
    /// The class that most training rows have.
    Majority,
    /// The mean of the training rows' targets.
    Mean,
    /// Linear regression with a penalty on the squares of its weights.
    Ridge,
    /// Logistic regression with such a penalty.
    Logistic,
    /// What the nearest rows have, by Euclidean distance: their majority or their mean.
    Neighbours,
}

/// What a simple method reaches.
#[derive(Clone, Debug, PartialEq)]
pub struct Baseline {
    /// The method.
    pub method: Method,
    /// Rows that it was fitted to for the validation score.
    pub fitted: usize,
    /// Rows that there are to fit it to. Where they are more, the fitted ones are evenly spaced among them.
    pub rows: usize,
    /// Its scores; `None` where there are too many columns or the numbers overflow.
    pub scores: Option<Scores>,
}

/// A method's scores.
#[derive(Clone, Debug, PartialEq)]
pub struct Scores {
    /// The strength of the penalty or the number of neighbours that did best on the validation part; `None` for methods
    /// that have nothing to choose.
    pub setting: Option<f64>,
    /// On the validation part, fitted to the training part.
    pub validation: Figures,
    /// On the test part, fitted to training and validation part; `None` where there is no test part.
    pub test: Option<Figures>,
}

/// What each setting of a method predicts for the scored rows, as a network's outputs: fitted to the first, asked about the second.
type Fit<'a> = &'a dyn Fn(&Rows, &Rows, &[f64]) -> Option<Vec<Vec<f64>>>;

/// What the majority or mean, ridge or logistic regression and nearest neighbours reach on a data set.
///
/// Inputs are taken as the data set has them: distances and penalties make sense where they are standardised.
#[must_use]
pub fn baselines(data: &Dataset) -> Vec<Baseline> {
    let classes = data.classes.map(|classes| classes as usize);
    let width = data.shape.len();
    let constant = |fitted: &Rows, scored: &Rows, _: &[f64]| {
        let value = neighbours::consensus(&fitted.targets, classes);
        Some(vec![value.repeat(scored.targets.len())])
    };
    let regression = |fitted: &Rows, scored: &Rows, settings: &[f64]| match classes {
        None => linear::predict(fitted, scored, settings),
        Some(classes) => logistic::predict(fitted, scored, classes, settings),
    };
    let near = |fitted: &Rows, scored: &Rows, settings: &[f64]| {
        Some(neighbours::predict(fitted, scored, classes, settings))
    };
    let scored = data.validation.len().max(data.test.len());
    let (simplest, linear) = match classes {
        None => (Method::Mean, Method::Ridge),
        Some(_) => (Method::Majority, Method::Logistic),
    };
    let linear_rows = match classes {
        None => linear::most_rows(width),
        Some(classes) => logistic::most_rows(width, classes),
    };
    let penalties = match classes {
        None => &linear::PENALTIES[..],
        Some(_) => &logistic::PENALTIES[..],
    };
    let attempts: [(Method, usize, &[f64], Fit); 3] = [
        (simplest, usize::MAX, &[], &constant),
        (linear, linear_rows, penalties, &regression),
        (
            Method::Neighbours,
            neighbours::most_rows(width, scored),
            &neighbours::COUNTS,
            &near,
        ),
    ];
    attempts
        .into_iter()
        .map(|(method, most, settings, fit)| {
            let is_left_out = method == linear && width > MOST_COLUMNS;
            Baseline {
                method,
                fitted: data.train.len().min(most),
                rows: data.train.len(),
                scores: (!is_left_out)
                    .then(|| scores(data, most, settings, fit))
                    .flatten(),
            }
        })
        .collect()
}

/// Chooses a setting by the validation part, and scores it on both parts.
fn scores(data: &Dataset, most: usize, settings: &[f64], fit: Fit) -> Option<Scores> {
    let width = data.shape.len();
    let (metric, classes) = (data.metric, data.classes);
    // Nothing where numbers overflow.
    let figures = |scored: &Examples, predicted: &[f64]| {
        let figures = figures::all(metric, predicted, &scored.targets, &data.preparation.output);
        let is_finite = !figures.is_empty() && figures.values().all(|figure| figure.is_finite());
        is_finite.then_some(figures)
    };
    let loss = match classes {
        Some(_) => Metric::LogLoss,
        None => Metric::Mse,
    };
    // The loss tells apart settings that are right about as many rows of a small part.
    let score = |figures: &Figures| {
        let of = |metric: Metric| metric.score_of(figures).unwrap_or(f64::NEG_INFINITY);
        (of(metric), of(loss))
    };
    let validation = Rows::of(&[&data.validation], width, usize::MAX);
    let predictions = fit(
        &Rows::of(&[&data.train], width, most),
        &validation,
        settings,
    )?;
    let mut best: Option<(usize, Figures)> = None;
    for (i, predicted) in predictions.iter().enumerate() {
        let figures = figures(&data.validation, predicted)?;
        if (best.as_ref()).is_none_or(|(_, best)| score(&figures) > score(best)) {
            best = Some((i, figures));
        }
    }
    let (chosen, validation_figures) = best?;
    // A method without settings has the empty list here too.
    let chosen = settings.get(chosen..=chosen).unwrap_or(&[]);
    let test = if data.test.is_empty() {
        None
    } else {
        let test = Rows::of(&[&data.test], width, usize::MAX);
        let both = Rows::of(&[&data.train, &data.validation], width, most);
        Some(figures(&data.test, fit(&both, &test, chosen)?.first()?)?)
    };
    Some(Scores {
        setting: chosen.first().copied(),
        validation: validation_figures,
        test,
    })
}
