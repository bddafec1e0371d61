//! A search's result beside what simple methods reach on the same rows.

use std::collections::BTreeMap;

use nn_train::data::Metric;

use super::score::in_metric;
use crate::study::Simple;

/// A result and the simple methods' on the same part of the data.
pub(super) struct Comparison<'a> {
    /// Whether that is the test part, else it is the validation part.
    pub(super) is_test: bool,
    /// The figures of the search.
    pub(super) ours: &'a BTreeMap<String, f64>,
    /// The simple methods, the simplest first.
    pub(super) baselines: &'a [Simple],
    /// What the search maximises or minimises, where that is recorded.
    pub(super) metric: Option<Metric>,
}

impl Comparison<'_> {
    /// What the simple methods reach, and where one of them is better, that it is; nothing where none has figures.
    pub(super) fn lines(&self) -> Vec<String> {
        let metric = self.metric();
        let known: Vec<(&str, &BTreeMap<String, f64>)> = (self.baselines.iter())
            .filter_map(|simple| {
                let figures = match self.is_test {
                    true => simple.test.as_ref(),
                    false => Some(&simple.validation),
                };
                Some((simple.method.as_str(), figures?))
            })
            .collect();
        // Of equals the last.
        let best = known
            .iter()
            .max_by(|a, b| height(a.1, metric).total_cmp(&height(b.1, metric)));
        let Some((method, figures)) = best else {
            return Vec::new();
        };
        let said: Vec<String> = (known.iter())
            .map(|(method, figures)| format!("{method} {}", in_short(figures, metric)))
            .collect();
        let part = if self.is_test { "test" } else { "validation" };
        let name = match metric {
            // Its unit and its sign say what it is.
            Metric::Accuracy | Metric::R2 => String::new(),
            metric => format!("{}, ", metric.title()),
        };
        let mut lines = vec![format!("{} ({name}{part})", said.join(", "))];
        if height(figures, metric) > height(self.ours, metric) {
            lines.push(format!(
                "{method} is better than the search here: {} against {}",
                in_short(figures, metric),
                in_short(self.ours, metric)
            ));
        }
        lines
    }

    /// The metric by which figures are compared. On the same rows, R² puts networks in the order of what they learn unless the target
    /// is transformed, and can be read without its unit.
    fn metric(&self) -> Metric {
        match self.metric {
            Some(Metric::Mse) | None if self.ours.contains_key("r2") => Metric::R2,
            Some(metric) => metric,
            None => Metric::Accuracy,
        }
    }
}

/// What is the higher the better in figures.
fn height(metrics: &BTreeMap<String, f64>, metric: Metric) -> f64 {
    metric.score_of(metrics).unwrap_or(f64::NEG_INFINITY)
}

/// The same for a person.
fn in_short(metrics: &BTreeMap<String, f64>, metric: Metric) -> String {
    match (metrics.get(&metric.to_string()), metric) {
        (Some(r2), Metric::R2) => format!("R² {r2:.3}"),
        (Some(figure), metric) => in_metric(*figure, metric),
        (None, _) => "unknown".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_metric_says_which_is_better_and_a_loss_is_the_lower_the_better() {
        let figures = |accuracy: f64, loss: f64| -> BTreeMap<String, f64> {
            [
                ("accuracy".to_owned(), accuracy),
                ("log-loss".to_owned(), loss),
            ]
            .into()
        };
        let baselines = [
            Simple {
                method: "the commonest class".into(),
                validation: figures(0.6, 0.9),
                test: None,
            },
            Simple {
                method: "logistic regression".into(),
                validation: figures(0.8, 0.4),
                test: None,
            },
        ];
        let ours = figures(0.9, 0.5);
        let lines = |metric| {
            let comparison = Comparison {
                is_test: false,
                ours: &ours,
                baselines: &baselines,
                metric,
            };
            comparison.lines()
        };
        let by_accuracy = ["the commonest class 60.00 %, logistic regression 80.00 % (validation)"];
        assert_eq!(lines(Some(Metric::Accuracy)), by_accuracy);
        assert_eq!(lines(None), by_accuracy);
        assert_eq!(
            lines(Some(Metric::LogLoss)),
            [
                "the commonest class 0.9, logistic regression 0.4 (log loss, validation)",
                "logistic regression is better than the search here: 0.4 against 0.5"
            ]
        );
    }
}
