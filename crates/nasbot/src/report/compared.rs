//! A search's result beside what simple methods reach on the same rows.

use std::collections::BTreeMap;

use crate::study::Simple;

/// A result and the simple methods' on the same part of the data.
pub(super) struct Comparison<'a> {
    /// Whether that is the test part, else it is the validation part.
    pub(super) is_test: bool,
    /// The figures of the search.
    pub(super) ours: &'a BTreeMap<String, f64>,
    /// The simple methods, the simplest first.
    pub(super) baselines: &'a [Simple],
}

impl Comparison<'_> {
    /// What the simple methods reach, and where one of them is better, that it is; nothing where none has figures.
    pub(super) fn lines(&self) -> Vec<String> {
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
            .max_by(|a, b| height(a.1).total_cmp(&height(b.1)));
        let Some((method, figures)) = best else {
            return Vec::new();
        };
        let said: Vec<String> = (known.iter())
            .map(|(method, figures)| format!("{method} {}", in_short(figures)))
            .collect();
        let part = if self.is_test { "test" } else { "validation" };
        let mut lines = vec![format!("{} ({part})", said.join(", "))];
        if height(figures) > height(self.ours) {
            lines.push(format!(
                "{method} is better than the search here: {} against {}",
                in_short(figures),
                in_short(self.ours)
            ));
        }
        lines
    }
}

/// What is the higher the better in figures: the accuracy or R².
fn height(metrics: &BTreeMap<String, f64>) -> f64 {
    let figure = metrics.get("accuracy").or(metrics.get("r2"));
    figure.copied().unwrap_or(f64::NEG_INFINITY)
}

/// The same for a person.
fn in_short(metrics: &BTreeMap<String, f64>) -> String {
    match (metrics.get("accuracy"), metrics.get("r2")) {
        (Some(accuracy), _) => format!("{:.2} %", 100.0 * accuracy),
        (None, Some(r2)) => format!("R² {r2:.3}"),
        (None, None) => "unknown".to_owned(),
    }
}
