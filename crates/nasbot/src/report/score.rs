//! Scores for people: the figure of the metric under its name, never a loss with its sign changed.

use nn_train::data::Metric;
use serde::Serialize;

use super::text::{number, rough};
use crate::study::{Detail, Record};

/// A metric, for programs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MetricFigure {
    /// Its name, under which metrics list its figure.
    pub name: String,
    /// `maximise` or `minimise`.
    pub direction: &'static str,
}

impl MetricFigure {
    /// Of a metric.
    #[must_use]
    pub fn new(metric: Metric) -> Self {
        Self {
            name: metric.to_string(),
            direction: metric.direction(),
        }
    }
}

/// A score by the name of its metric with the spread of a single training where it is a mean of several, and a second figure that
/// says more. Where no metric is recorded, the name is what the figures say.
pub fn score(score: f64, detail: &Detail, metric: Option<Metric>) -> String {
    let figure = |name: &str| detail.metrics.get(name).copied();
    // What is learnt is no unit of a person's. Without a metric, a figure is that of the score only if it has its value: a program of
    // one's own may name others so.
    let same = |name: &str, value: f64| figure(name).filter(|x| x.total_cmp(&value).is_eq());
    let is_learnt = match metric {
        None => same("mse", -score).is_some(),
        Some(metric) => metric == Metric::Mse,
    };
    let (metric, value, noise) = match (metric, same("accuracy", score), same("mse", -score)) {
        _ if is_learnt && figure("rmse").is_some() && figure("r2").is_some() => {
            (Metric::Rmse, figure("rmse"), figure("rmse-noise"))
        }
        (Some(metric), ..) => (metric, Some(metric.figure(score)), figure("noise")),
        (None, Some(accuracy), _) => (Metric::Accuracy, Some(accuracy), figure("noise")),
        (None, None, Some(mse)) => (Metric::Mse, Some(mse), figure("noise")),
        (None, None, None) => {
            let spread = figure("noise").map_or_else(String::new, |x| format!(" ± {}", rough(x)));
            return match loss(score, Some(detail), metric) {
                Some(loss) => format!("loss {}{spread}", number(loss)),
                None => format!("score {}{spread}", number(score)),
            };
        }
    };
    let spread = noise.map_or_else(String::new, |noise| {
        format!(" ± {}{}", rough(scale(metric) * noise), unit(metric))
    });
    let also = match metric {
        Metric::Rmse | Metric::Mae => figure("r2").map(|r2| format!(" (R² {r2:.3})")),
        Metric::R2 => figure("rmse").map(|rmse| format!(" (RMSE {})", number(rmse))),
        Metric::Accuracy | Metric::Mse => None,
        _ => figure("accuracy").map(|x| format!(" (accuracy {})", in_metric(x, Metric::Accuracy))),
    };
    // The arms above have seen to it that there is one.
    let value = value.unwrap_or(score);
    // Where nothing says more, nothing is added.
    let also = also.unwrap_or_default();
    format!(
        "{} {}{spread}{also}",
        metric.title(),
        in_metric(value, metric)
    )
}

/// A score in a few letters, with its metric's name.
pub fn named(score: f64, detail: Option<&Detail>, metric: Option<Metric>) -> String {
    let Some(metric) = metric else {
        return match loss(score, detail, metric) {
            Some(loss) => format!("loss {}", number(loss)),
            None => number(score),
        };
    };
    let (metric, value) = shown(score, detail, metric);
    format!("{} {}", metric.title(), in_metric(value, metric))
}

/// The loss that a program of one's own has told, of which the score is the negative.
pub(super) fn loss(score: f64, detail: Option<&Detail>, metric: Option<Metric>) -> Option<f64> {
    let loss = *detail?.metrics.get("loss")?;
    (metric.is_none() && loss.total_cmp(&-score).is_eq()).then_some(loss)
}

/// A score in a table whose heading names the metric.
pub(super) fn cell(score: f64, detail: Option<&Detail>, metric: Option<Metric>) -> String {
    metric.map_or_else(
        || number(loss(score, detail, metric).unwrap_or(score)),
        |metric| {
            let (metric, value) = shown(score, detail, metric);
            in_metric(value, metric)
        },
    )
}

/// A predicted score by the name of its metric, with its standard deviation.
pub(super) fn expected(mean: f64, std: f64, metric: Option<Metric>) -> String {
    let Some(metric) = metric else {
        return format!("score {} ± {}", number(mean), rough(std));
    };
    let name = metric.title();
    format!("{name} {}", expected_in(mean, std, metric))
}

/// The same in a table whose heading names the metric: of what is learnt the heading names the error in units.
pub(super) fn expected_cell(mean: f64, std: f64, metric: Option<Metric>) -> String {
    match metric {
        None => format!("{} ± {}", number(mean), rough(std)),
        Some(Metric::Mse) => expected(mean, std, metric),
        Some(metric) => expected_in(mean, std, metric),
    }
}

fn expected_in(mean: f64, std: f64, metric: Metric) -> String {
    let spread = rough(scale(metric) * std);
    format!(
        "{} ± {spread}{}",
        in_metric(metric.figure(mean), metric),
        unit(metric)
    )
}

/// The heading of such a table.
pub(super) fn heading(metric: Option<Metric>, best: Option<&Record>) -> String {
    match metric {
        None => {
            let is_loss = best.is_some_and(|best| {
                best.score()
                    .is_some_and(|score| loss(score, best.detail.as_ref(), metric).is_some())
            });
            if is_loss { "loss" } else { "score" }.to_owned()
        }
        Some(Metric::Mse) => Metric::Rmse.title(),
        Some(metric) => metric.title(),
    }
}

/// A figure of a metric with its unit.
pub(super) fn in_metric(figure: f64, metric: Metric) -> String {
    match unit(metric) {
        "" => number(figure),
        unit => format!("{:.2}{unit}", scale(metric) * figure),
    }
}

/// The metric and the figure that a person is shown: of what is learnt, the error in units where it is known.
fn shown(score: f64, detail: Option<&Detail>, metric: Metric) -> (Metric, f64) {
    let rmse = detail.and_then(|detail| detail.metrics.get("rmse"));
    match (metric, rmse) {
        (Metric::Mse, Some(rmse)) => (Metric::Rmse, *rmse),
        _ => (metric, metric.figure(score)),
    }
}

const fn unit(metric: Metric) -> &'static str {
    match metric {
        Metric::Accuracy | Metric::BalancedAccuracy | Metric::Top(_) => " %",
        _ => "",
    }
}

const fn scale(metric: Metric) -> f64 {
    match metric {
        Metric::Accuracy | Metric::BalancedAccuracy | Metric::Top(_) => 100.0,
        _ => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detail(metrics: &[(&str, f64)]) -> Detail {
        let metrics = metrics.iter().map(|(name, x)| ((*name).to_owned(), *x));
        Detail {
            metrics: metrics.collect(),
            ..Detail::default()
        }
    }

    #[test]
    fn a_score_has_the_name_and_unit_of_its_metric_and_a_loss_no_minus_sign() {
        let reg = [
            ("mse", 0.25),
            ("rmse", 53.71),
            ("mae", 40.5),
            ("r2", 0.41278),
            ("noise", 1.234),
            ("rmse-noise", 1.234),
        ];
        let class = [("accuracy", 0.5864), ("noise", 0.0453)];
        for (metric, value, figures, shown) in [
            (
                Some(Metric::Accuracy),
                0.5864,
                &class[..],
                "accuracy 58.64 % ± 4.5 %",
            ),
            (
                Some(Metric::BalancedAccuracy),
                0.5,
                &class,
                "balanced accuracy 50.00 % ± 4.5 % (accuracy 58.64 %)",
            ),
            (
                Some(Metric::Top(5)),
                0.9,
                &class[..1],
                "top-5 accuracy 90.00 % (accuracy 58.64 %)",
            ),
            (
                Some(Metric::LogLoss),
                -0.75,
                &class[..1],
                "log loss 0.75 (accuracy 58.64 %)",
            ),
            (
                Some(Metric::Mse),
                -0.25,
                &reg,
                "RMSE 53.71 ± 1.2 (R² 0.413)",
            ),
            (
                Some(Metric::Rmse),
                -53.71,
                &reg,
                "RMSE 53.71 ± 1.2 (R² 0.413)",
            ),
            (Some(Metric::Mae), -40.5, &reg[..4], "MAE 40.5 (R² 0.413)"),
            (
                Some(Metric::R2),
                0.41278,
                &reg[..4],
                "R² 0.41278 (RMSE 53.71)",
            ),
            // Studies that record no metric.
            (None, 0.5864, &class, "accuracy 58.64 % ± 4.5 %"),
            (None, -0.25, &reg, "RMSE 53.71 ± 1.2 (R² 0.413)"),
            (None, -0.25, &reg[..1], "standardised MSE 0.25"),
            (None, -0.25, &[], "score -0.25"),
            // The loss of a program of one's own, and one beside its score.
            (None, -0.25, &[("loss", 0.25)], "loss 0.25"),
            (None, 0.5, &[("loss", 0.25)], "score 0.5"),
            (
                None,
                -0.25,
                &[("loss", 0.25), ("accuracy", 0.9)],
                "loss 0.25",
            ),
            (None, 0.5, &[("accuracy", 0.9)], "score 0.5"),
        ] {
            assert_eq!(score(value, &detail(figures), metric), shown);
        }
        let learnt = Some(Metric::Mse);
        assert_eq!(named(-0.25, Some(&detail(&reg)), learnt), "RMSE 53.71");
        assert_eq!(named(-0.25, None, learnt), "standardised MSE 0.25");
        assert_eq!(named(-0.25, None, None), "-0.25");
        assert_eq!(cell(-0.75, None, Some(Metric::LogLoss)), "0.75");
    }

    #[test]
    fn a_predicted_score_has_the_name_and_unit_of_its_metric_too() {
        for (metric, mean, shown, cell) in [
            (None, 0.5864, "score 0.5864 ± 0.045", "0.5864 ± 0.045"),
            (
                Some(Metric::Accuracy),
                0.5864,
                "accuracy 58.64 % ± 4.5 %",
                "58.64 % ± 4.5 %",
            ),
            (
                Some(Metric::LogLoss),
                -0.75,
                "log loss 0.75 ± 0.045",
                "0.75 ± 0.045",
            ),
            (
                Some(Metric::Mse),
                -0.25,
                "standardised MSE 0.25 ± 0.045",
                "standardised MSE 0.25 ± 0.045",
            ),
        ] {
            assert_eq!(expected(mean, 0.045, metric), shown);
            assert_eq!(expected_cell(mean, 0.045, metric), cell);
        }
    }
}
