//! What was measured, as a table, as JSON and as curves.

use std::fmt::Write as _;

use crate::deterministic;
use crate::run::{LEARNT, Run};

/// Mean and standard error of one strategy on one problem.
pub(crate) struct Summary {
    problem: String,
    strategy: &'static str,
    workers: usize,
    runs: usize,
    /// (evaluations, mean, standard error).
    at: Vec<(usize, f64, f64)>,
    /// Failures after the first evaluations: mean and most of a run.
    failed: (f64, usize),
    /// With deterministic queries, when the best was found, ascending; runs that did not are left out.
    found: Option<Vec<usize>>,
    seconds: f64,
    cpu: f64,
}

impl Summary {
    pub(crate) fn new(
        problem: String,
        strategy: &'static str,
        workers: usize,
        runs: &[Run],
        is_deterministic: bool,
    ) -> Self {
        let count = runs.len() as f64;
        let points = runs.first().map(|run| run.curve.len()).unwrap_or_default();
        let at = (0..points)
            .map(|k| {
                let values = || {
                    runs.iter()
                        .filter_map(move |run| run.curve.get(k))
                        .map(|p| p.1)
                };
                let mean = values().sum::<f64>() / count;
                let variance = values().map(|v| (v - mean).powi(2)).sum::<f64>() / (count - 1.0);
                let error = if runs.len() > 1 {
                    (variance / count).sqrt()
                } else {
                    0.0
                };
                (runs[0].curve[k].0, mean, error)
            })
            .collect();
        let seconds = runs.iter().map(|run| run.seconds).sum::<f64>() / count;
        let failed = runs.iter().map(|run| run.failed);
        let failed = (
            failed.clone().sum::<usize>() as f64 / count,
            failed.max().unwrap_or(0),
        );
        let cpu = runs.iter().map(|run| run.cpu).sum::<f64>() / count;
        let found = is_deterministic.then(|| {
            let mut found: Vec<usize> = runs.iter().filter_map(|run| run.found).collect();
            found.sort_unstable();
            found
        });
        Self {
            problem,
            strategy,
            workers,
            runs: runs.len(),
            at,
            failed,
            found,
            seconds,
            cpu,
        }
    }

    /// How many runs had found the best after each of some numbers of queries, and the median number of queries, if half of the runs found it.
    fn finds(&self) -> Option<Finds> {
        let found = self.found.as_ref()?;
        let by = |queries| found.partition_point(|&query| query <= queries);
        let by = deterministic::AT.map(|queries| (queries, by(queries)));
        let last = self.at.last().map_or(0, |point| point.0);
        let by = by.into_iter().filter(|&(queries, _)| queries <= last);
        // The lower of the two in the middle.
        Some((by.collect(), found.get((self.runs - 1) / 2).copied()))
    }

    pub(crate) fn json(&self) -> String {
        let at: serde_json::Map<String, serde_json::Value> = (self.at.iter())
            .map(|&(n, mean, error)| (n.to_string(), serde_json::json!([mean, error])))
            .collect();
        let mut line = serde_json::json!({
            "problem": self.problem,
            "strategy": self.strategy,
            "runs": self.runs,
            "at": at,
            "seconds_per_run": self.seconds,
            "cpu_seconds_per_run": self.cpu,
        });
        if self.failed.1 > 0 {
            line["failed_after_20"] =
                serde_json::json!({"mean": self.failed.0, "most": self.failed.1});
        }
        if let Some((by, median)) = self.finds() {
            let by: serde_json::Map<String, serde_json::Value> = (by.into_iter())
                .map(|(queries, runs)| (queries.to_string(), runs.into()))
                .collect();
            line["found_by"] = by.into();
            line["median_queries"] = median.into();
        }
        if self.workers > 1 {
            line["workers"] = self.workers.into();
        }
        line.to_string()
    }
}

/// How many runs had found the best after each of some numbers of queries, and the median number of queries.
type Finds = (Vec<(usize, usize)>, Option<usize>);

/// A line a strategy, at every 20 evaluations and every 50.
pub(crate) fn table(summaries: &[Summary]) -> String {
    let mut out = String::new();
    let mut last = None;
    for summary in summaries {
        let shown = |n: usize| n.is_multiple_of(20) || n.is_multiple_of(50);
        if last != Some(&summary.problem) {
            let _ = write!(out, "\n{:<22}{:>6}", summary.problem, "runs");
            for &(n, _, _) in summary.at.iter().filter(|&&(n, _, _)| shown(n)) {
                let _ = write!(out, "{n:>17}");
            }
            let _ = writeln!(out, "{:>11}{:>11}", "s/run", "CPU s/run");
            last = Some(&summary.problem);
        }
        let _ = write!(out, "{:<22}{:>6}", summary.strategy, summary.runs);
        for &(_, mean, error) in summary.at.iter().filter(|&&(n, _, _)| shown(n)) {
            let _ = write!(out, "{:>17}", format!("{mean:.3} ± {error:.3}"));
        }
        let _ = write!(out, "{:>11.2}{:>11.2}", summary.seconds, summary.cpu);
        if let Some((by, median)) = summary.finds() {
            let by: Vec<String> = (by.iter())
                .map(|(queries, runs)| format!("{runs} by {queries}"))
                .collect();
            let median = median.map_or("more".to_owned(), |queries| queries.to_string());
            let _ = write!(out, "   found: {}; median {median}", by.join(", "));
        }
        let (mean, most) = summary.failed;
        let _ = match most {
            0 => writeln!(out),
            _ => writeln!(
                out,
                "   failed after the first {LEARNT}: {mean:.1}, at most {most}"
            ),
        };
    }
    out
}

/// Colours that stay apart in print and for the colour-blind (Okabe and Ito).
const COLOURS: [&str; 6] = [
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9",
];

/// One panel a problem: means as lines, standard errors as bands.
pub(crate) fn svg(summaries: &[Summary]) -> String {
    const WIDTH: f64 = 460.0;
    const HEIGHT: f64 = 300.0;
    let mut problems: Vec<&str> = Vec::new();
    for summary in summaries {
        if problems.last() != Some(&summary.problem.as_str()) {
            problems.push(&summary.problem);
        }
    }
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}\" height=\"{HEIGHT}\" \
         font-family=\"sans-serif\" font-size=\"11\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n",
        WIDTH * problems.len() as f64
    );
    for (panel, problem) in problems.iter().enumerate() {
        let members: Vec<&Summary> = summaries.iter().filter(|s| s.problem == *problem).collect();
        let points = || members.iter().flat_map(|s| &s.at);
        let right = points().map(|p| p.0).max().unwrap_or(1) as f64;
        let top = points().map(|p| p.1 + p.2).fold(f64::MIN, f64::max);
        // Early values of bad strategies would flatten everything else.
        let bottom = points()
            .filter(|p| p.0 as f64 >= right / 5.0)
            .map(|p| p.1 - p.2);
        let bottom = bottom.fold(f64::MAX, f64::min);
        let span = (top - bottom).max(1e-9);
        let left = panel as f64 * WIDTH;
        let x = |n: usize| left + 50.0 + (WIDTH - 70.0) * n as f64 / right;
        let y = |v: f64| HEIGHT - 35.0 - (HEIGHT - 65.0) * ((v - bottom) / span).clamp(0.0, 1.0);
        let _ = writeln!(
            out,
            "<text x=\"{}\" y=\"18\" font-size=\"13\">{problem}</text>",
            left + 50.0
        );
        for k in 0..=4 {
            let value = bottom + span * f64::from(k) / 4.0;
            let _ = writeln!(
                out,
                "<line x1=\"{}\" x2=\"{}\" y1=\"{y:.1}\" y2=\"{y:.1}\" stroke=\"#ddd\"/>\
                 <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{value:.2}</text>",
                left + 50.0,
                left + WIDTH - 20.0,
                left + 46.0,
                y(value) + 4.0,
                y = y(value),
            );
        }
        for n in (0..=4).map(|k| k * right as usize / 4) {
            let _ = writeln!(
                out,
                "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">{n}</text>",
                x(n),
                HEIGHT - 18.0
            );
        }
        for (member, colour) in members.iter().zip(COLOURS.iter().cycle()) {
            let upper = member
                .at
                .iter()
                .map(|&(n, m, e)| format!("{:.1},{:.1}", x(n), y(m + e)));
            let lower = member
                .at
                .iter()
                .rev()
                .map(|&(n, m, e)| format!("{:.1},{:.1}", x(n), y(m - e)));
            let band: Vec<String> = upper.chain(lower).collect();
            let line: Vec<String> = member
                .at
                .iter()
                .map(|&(n, m, _)| format!("{:.1},{:.1}", x(n), y(m)))
                .collect();
            let _ = writeln!(
                out,
                "<polygon points=\"{}\" fill=\"{colour}\" opacity=\"0.2\"/>\
                 <polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.5\"/>",
                band.join(" "),
                line.join(" ")
            );
        }
        for (k, (member, colour)) in members.iter().zip(COLOURS.iter().cycle()).enumerate() {
            let _ = writeln!(
                out,
                "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\" fill=\"{colour}\">{}</text>",
                left + WIDTH - 24.0,
                HEIGHT - 45.0 - 14.0 * (members.len() - 1 - k) as f64,
                member.strategy
            );
        }
    }
    out.push_str("</svg>\n");
    out
}
