//! What came of a search, for a person and for programs.

use std::borrow::Cow;
use std::collections::BTreeMap;

use nasbot_opt::Origin;
use nn_train::Keys;
use nn_train::data::Metric;
use serde::Serialize;

use super::compared::Comparison;
use super::errors::errors;
use super::front::{OnFront, front, lines as front_lines};
use super::mending;
use super::origin::{origin, origin_cell};
use super::score::{MetricFigure, cell, heading, score};
use super::states::{record_state, state};
use super::text::{self, clean, grouped, json, quoted, seconds, sketch_of, table};
use crate::error::Error;
use crate::settings::Aims;
use crate::study::{Detail, Ending, Inherits, Ledger, Mending, Place, Record, Simple, Stored};

/// The figures of a study, as `--format json` prints them.
#[derive(Serialize)]
pub struct Summary<'a> {
    study: Cow<'a, str>,
    state: &'static str,
    seed: u64,
    budget: u64,
    evaluations: u64,
    failed: usize,
    running: usize,
    seconds: f64,
    /// What scores are of; `None` where that is not recorded.
    metric: Option<MetricFigure>,
    best: Option<Row<'a>>,
    /// Objectives and bounds, where more than a high score is asked.
    #[serde(skip_serializing_if = "Aims::is_score_alone")]
    aims: &'a Aims,
    /// The Pareto front, the best in the first objective first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    front: Vec<OnFront>,
    test: Option<Test<'a>>,
    baselines: &'a [Simple],
    /// Values that were given beside the file of the description.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    set: &'a [String],
    /// What was changed in the description since the study began.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    mended: &'a [Mending],
    #[serde(skip)]
    is_owned: bool,
    #[serde(skip)]
    ledger: &'a Ledger,
    #[serde(skip)]
    place: &'a Place,
}

/// One evaluation, for programs.
#[derive(Serialize)]
pub struct Row<'a> {
    id: u64,
    state: &'static str,
    score: Option<f64>,
    /// The figure of the metric, where that is recorded: the score, or without the minus sign of a loss.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<f64>,
    failure: Option<nasbot_opt::Failure>,
    seconds: Option<f64>,
    parameters: Option<u64>,
    metrics: Option<&'a BTreeMap<String, f64>>,
    message: Option<&'a str>,
    /// Rungs at which its training stopped: (epochs, score).
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    rungs: &'a [(u32, f64)],
    /// Whose weights it began with, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    inherits: Option<Inherits>,
    origin: &'a Origin,
    seed: u64,
    /// The values of the keys that are tuned.
    #[serde(skip_serializing_if = "Keys::is_empty")]
    setting: &'a Keys,
    network: &'a Stored,
}

/// What the best network reached on the test data.
#[derive(Serialize)]
struct Test<'a> {
    id: u64,
    score: Option<f64>,
    /// As that of a row.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<f64>,
    #[serde(flatten)]
    detail: &'a Detail,
}

impl<'a> Summary<'a> {
    /// Sums up a study; `now`, in seconds since 1970, is given while some process searches it.
    #[must_use]
    pub fn new(ledger: &'a Ledger, place: &'a Place, now: Option<f64>) -> Self {
        let test = ledger.retraining.as_ref().and_then(|retraining| {
            let result = retraining.result.as_ref()?;
            Some(Test {
                id: retraining.id,
                score: result.outcome.score(),
                value: value(result.outcome.score(), ledger.metric()),
                detail: &result.detail,
            })
        });
        let is_owned = now.is_some();
        // A date that has gone back counts as no time.
        let since = now.map_or(0.0, |now| (now - ledger.last()).max(0.0));
        Self {
            study: place.study.to_string_lossy(),
            state: state(ledger, is_owned),
            seed: ledger.seed(),
            budget: ledger.budget,
            evaluations: ledger.counted(),
            failed: ledger.failed(),
            // Without an owner nothing runs, whatever the history's last event is.
            running: if is_owned { ledger.running().len() } else { 0 },
            seconds: ledger.elapsed().as_secs_f64() + since,
            metric: ledger.metric().map(MetricFigure::new),
            best: ledger
                .best()
                .map(|record| Row::new(record, is_owned, ledger.metric())),
            aims: ledger.aims(),
            front: front(ledger),
            test,
            baselines: &ledger.baselines,
            set: (ledger.description()).map_or(&[], |description| &description.set),
            mended: &ledger.mended,
            is_owned,
            ledger,
            place,
        }
    }

    /// Whether some process searches the study now.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.is_owned
    }

    /// The summary as JSON on one line.
    ///
    /// # Errors
    ///
    /// A figure is not finite.
    pub fn json(&self) -> Result<String, Error> {
        json(self)
    }

    /// The summary for a person, with what was written and what to do next.
    pub fn table(&self) -> String {
        format!("\n{}\n\n{}", self.head(), self.tail())
    }

    /// What was done and what came out.
    pub fn head(&self) -> String {
        let test = self.test.as_ref().filter(|test| test.score.is_some());
        let breakdown = test.and_then(|test| {
            errors(
                test.detail.breakdown.as_deref()?,
                text::scored_on(test.detail),
            )
        });
        let breakdown =
            breakdown.map_or_else(String::new, |errors| format!("\n\n{}", errors.text()));
        table(&self.rows(), &[]) + &breakdown
    }

    /// What was done and what came out, as rows of a name and a text; a row without a name goes on with the one before.
    #[must_use]
    pub fn rows(&self) -> Vec<Vec<String>> {
        let failed = match self.failed {
            0 => String::new(),
            n => format!(", {n} failed"),
        };
        let running = match self.running {
            0 => String::new(),
            n => format!(", {n} running"),
        };
        let mut rows = vec![
            row("study", format!("{}, {}", clean(&self.study), self.state)),
            row(
                "evaluations",
                format!(
                    "{} of {}{failed}{running}, in {}, seed {}",
                    self.evaluations,
                    self.budget,
                    seconds(self.seconds),
                    self.seed
                ),
            ),
        ];
        if !self.set.is_empty() {
            rows.push(row("set", clean(&self.set.join(", "))));
        }
        let mended = mending::lines(self.mended);
        let names = ["mended"].into_iter().chain(std::iter::repeat(""));
        rows.extend(names.zip(mended).map(|(name, line)| row(name, line)));
        match self.ledger.best() {
            None => rows.push(row("best", "no network has a score yet".to_owned())),
            Some(best) => rows.extend(describe_best(best, self.ledger.metric())),
        }
        rows.extend(
            front_lines(self.ledger)
                .into_iter()
                .map(|(name, line)| row(name, line)),
        );
        if let Some(test) = &self.test {
            let result = match (test.score, text::is_tested(test.detail)) {
                (Some(value), true) => format!(
                    "{} (trained once more, on training and validation data)",
                    score(value, test.detail, self.ledger.metric())
                ),
                (Some(value), false) => format!(
                    "{} (then trained once more, on all data: there is no test part)",
                    score(value, test.detail, self.ledger.metric())
                ),
                (None, _) => format!(
                    "could not be computed: {}",
                    clean(
                        test.detail
                            .message
                            .as_deref()
                            .unwrap_or("it gave no reason")
                    )
                ),
            };
            rows.push(row(text::scored_on(test.detail), result));
            if !test.detail.members.is_empty() {
                let members = text::members(&test.detail.members);
                rows.push(row("", format!("by the mean of {members}")));
            }
        }
        rows.extend(self.compared());
        rows
    }

    /// What simple methods reach on the same part of the data, and whether one of them is better.
    fn compared(&self) -> Vec<Vec<String>> {
        let test = (self.test.as_ref()).map(|test| (test.score, test.detail));
        let tested = test.filter(|(score, detail)| score.is_some() && text::is_tested(detail));
        let ours = match tested {
            Some((_, detail)) => Some(detail),
            None => self.ledger.best().and_then(|best| best.detail.as_ref()),
        };
        let lines = ours.map_or_else(Vec::new, |ours| {
            let comparison = Comparison {
                is_test: tested.is_some(),
                ours: &ours.metrics,
                baselines: self.baselines,
                metric: self.ledger.metric(),
            };
            comparison.lines()
        });
        let names = ["compare", ""].into_iter();
        names
            .zip(lines)
            .map(|(name, line)| row(name, line))
            .collect()
    }

    /// What was written, and what to do next.
    fn tail(&self) -> String {
        let out = quoted(&self.place.out);
        let study = quoted(&self.place.study);
        let mut files = Vec::new();
        let is_ensemble = (self.test.as_ref()).is_some_and(|test| !test.detail.members.is_empty());
        let weights = if is_ensemble {
            "weights of the ensemble"
        } else {
            "its weights"
        };
        for (name, what) in [
            ("best.json", "the best network"),
            ("best.svg", "its drawing"),
            ("best.safetensors", weights),
            ("best.py", "a PyTorch program that loads them"),
            ("best.onnx", "network and weights for other programs"),
            ("summary.json", "these figures"),
            ("logs", "a log for each evaluation"),
        ] {
            if self.place.result(name).exists() || name == "summary.json" {
                files.push(row(&format!("  {name}"), what.to_owned()));
            }
        }
        let mut next = vec![row(
            &format!("  nasbot show {study} --all"),
            "every evaluation".to_owned(),
        )];
        if self.place.result("best.safetensors").exists() {
            next.push(row(
                &format!("  nasbot predict {study} NEW"),
                "what it says of new examples".to_owned(),
            ));
        }
        if self.ledger.best().is_some() {
            next.push(row(
                &format!("  nasbot inspect {out}/best.json"),
                "its layers and masses".to_owned(),
            ));
            let other = self
                .ledger
                .ranked()
                .get(1)
                .map(|(record, _)| record.suggestion.id);
            if let Some(other) = other {
                next.push(row(
                    &format!("  nasbot draw {study} --evaluation {other} -o second.svg"),
                    "the runner-up".to_owned(),
                ));
            }
        }
        next.extend(self.going_on(&study));
        format!(
            "written to {out}\n{}\n\nnext\n{}",
            table(&files, &[]),
            table(&next, &[])
        )
    }
}

impl Summary<'_> {
    /// How the search can go on, if it can.
    fn going_on(&self, study: &str) -> Option<Vec<String>> {
        let more = 2 * self.budget.max(1);
        match self.ledger.ending {
            Some(Ending::Exhausted) => None,
            Some(Ending::OutOfTime) => {
                let elapsed = self.ledger.elapsed();
                let limit = self.ledger.wall_time.unwrap_or(elapsed).as_secs().max(1);
                // What ran beyond the limit counts too.
                let spent = elapsed.as_secs() + 1;
                let more = (2 * limit).max(if spent > 2 * limit { spent + limit } else { 0 });
                Some(row(
                    &format!("  nasbot resume {study} --wall-time {more}s"),
                    "search on for as long again".to_owned(),
                ))
            }
            _ => Some(row(
                &format!("  nasbot resume {study} --evaluations {more}"),
                "search on".to_owned(),
            )),
        }
    }
}

impl<'a> Row<'a> {
    /// An evaluation; `is_owned` says whether some process searches the study now, and `metric` what scores are of.
    #[must_use]
    pub fn new(record: &'a Record, is_owned: bool, metric: Option<Metric>) -> Self {
        let detail = record.detail.as_ref();
        Self {
            id: record.suggestion.id,
            state: record_state(record, is_owned),
            score: record.score(),
            value: value(record.score(), metric),
            failure: record.failure(),
            seconds: detail.map(|detail| detail.seconds),
            parameters: detail.and_then(|detail| detail.parameters),
            metrics: detail.map(|detail| &detail.metrics),
            message: detail.and_then(|detail| detail.message.as_deref()),
            rungs: &record.rungs,
            inherits: record.begins.inherits,
            origin: &record.suggestion.origin,
            seed: record.suggestion.seed,
            setting: &record.setting,
            network: &record.suggestion.candidate,
        }
    }

    /// Where it stands, in a word.
    pub(super) fn state(&self) -> &'static str {
        self.state
    }
}

/// Evaluations as cells for people, with their heading: number, score, layers, parameters, time, origin and network; `metric` is
/// what scores are of.
pub(super) fn cells(
    records: &[&Record],
    is_owned: bool,
    metric: Option<Metric>,
) -> (Vec<String>, Vec<Vec<String>>) {
    let scored = records
        .iter()
        .copied()
        .find(|record| record.score().is_some());
    let score = heading(metric, scored);
    let heading = [
        "#",
        &score,
        "layers",
        "parameters",
        "time",
        "from",
        "network",
    ];
    let rows = records.iter().map(|record| {
        let detail = record.detail.as_ref();
        let score = match (record.score(), record.failure()) {
            (Some(score), _) => cell(score, detail, metric),
            (None, Some(failure)) => text::failure(failure).to_owned(),
            (None, None) => record_state(record, is_owned).to_owned(),
        };
        let spent = detail
            .map(|detail| detail.seconds)
            .filter(|&seconds| seconds > 0.0);
        let parameters = detail.and_then(|detail| detail.parameters);
        vec![
            record.suggestion.id.to_string(),
            score,
            layers(record),
            parameters.map_or_else(String::new, grouped),
            spent.map_or_else(String::new, seconds),
            origin_cell(&record.suggestion.origin, metric),
            sketch_of(record),
        ]
    });
    (heading.map(str::to_owned).to_vec(), rows.collect())
}

fn layers(record: &Record) -> String {
    let network = record.suggestion.candidate.network();
    network.map_or_else(|_| "?".to_owned(), |network| network.len().to_string())
}

fn row(name: &str, value: String) -> Vec<String> {
    vec![name.to_owned(), value]
}

/// The figure of a score.
fn value(score: Option<f64>, metric: Option<Metric>) -> Option<f64> {
    Some(metric?.figure(score?))
}

fn describe_best(best: &Record, metric: Option<Metric>) -> Vec<Vec<String>> {
    let parameters = (best.detail.as_ref()).and_then(|detail| detail.parameters);
    let parameters =
        parameters.map_or_else(String::new, |n| format!(", {} parameters", grouped(n)));
    let (shown, part) = match (best.score(), &best.detail) {
        (Some(value), Some(detail)) => {
            // A program of one's own scores on what it likes.
            let part = match &detail.worker {
                Some(_) => " in validation",
                None => "",
            };
            (score(value, detail, metric), part)
        }
        _ => ("no score".to_owned(), ""),
    };
    vec![
        row(
            "best",
            format!(
                "#{}, {shown}{part}, {} layers{parameters}",
                best.suggestion.id,
                layers(best)
            ),
        ),
        row("", sketch_of(best)),
        row(
            "",
            format!("from: {}", origin(&best.suggestion.origin, metric)),
        ),
    ]
}
