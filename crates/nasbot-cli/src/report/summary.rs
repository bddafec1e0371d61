//! What came of a search, for a person and for programs.

use std::path::Path;

use nasbot_opt::{Origin, Outcome};
use nn_graph::Network;
use serde::Serialize;

use super::now;
use super::text::{self, grouped, json, number, sketch, table};
use crate::cli::Format;
use crate::config::human;
use crate::error::Error;
use crate::study::{Detail, Ending, Ledger, Place, Record, State};

/// The figures of a study, as `--format json` prints them.
#[derive(Serialize)]
pub(crate) struct Summary<'a> {
    study: &'a Path,
    state: &'static str,
    seed: u64,
    budget: u64,
    evaluations: u64,
    failed: usize,
    running: usize,
    seconds: f64,
    best: Option<Row<'a>>,
    test: Option<Test<'a>>,
    #[serde(skip)]
    ledger: &'a Ledger,
    #[serde(skip)]
    place: &'a Place,
}

/// One evaluation, for programs.
#[derive(Serialize)]
pub(crate) struct Row<'a> {
    id: u64,
    state: &'static str,
    score: Option<f64>,
    failure: Option<nasbot_opt::Failure>,
    seconds: Option<f64>,
    parameters: Option<u64>,
    metrics: Option<&'a std::collections::BTreeMap<String, f64>>,
    message: Option<&'a str>,
    /// Rungs at which its training stopped: (epochs, score).
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    rungs: &'a [(u32, f64)],
    origin: &'a Origin,
    seed: u64,
    network: &'a Network,
}

/// What the best network reached on the test data.
#[derive(Serialize)]
struct Test<'a> {
    id: u64,
    score: Option<f64>,
    #[serde(flatten)]
    detail: &'a Detail,
}

impl<'a> Summary<'a> {
    /// Sums up a study; `owned` says whether some process is searching now.
    pub(crate) fn new(ledger: &'a Ledger, place: &'a Place, owned: bool) -> Self {
        let running = |record: &&Record| matches!(record.state, State::Running { .. });
        let test = ledger.retraining.as_ref().and_then(|retraining| {
            let (outcome, detail) = retraining.result.as_ref()?;
            let (id, score) = (retraining.id, outcome.score());
            Some(Test { id, score, detail })
        });
        Self {
            study: &place.study,
            state: state(ledger, owned),
            seed: ledger.seed,
            budget: ledger.budget,
            evaluations: ledger.counted(),
            failed: ledger.failed(),
            // Without an owner nothing runs, whatever the history's last words are.
            running: if owned {
                ledger.records.iter().filter(running).count()
            } else {
                0
            },
            seconds: ledger
                .elapsed(if owned { now() } else { ledger.last() })
                .as_secs_f64(),
            best: ledger.best().map(|record| Row::new(record, owned)),
            test,
            ledger,
            place,
        }
    }

    /// The summary as JSON on one line.
    pub(crate) fn json(&self) -> Result<String, Error> {
        json(self)
    }

    /// The summary as asked for.
    pub(crate) fn show(&self, format: Format) -> Result<String, Error> {
        match format {
            Format::Json => self.json(),
            Format::Table => Ok(format!("\n{}\n\n{}", self.head(), self.tail())),
        }
    }

    /// What was done and what came out.
    pub(crate) fn head(&self) -> String {
        let failed = match self.failed {
            0 => String::new(),
            n => format!(", {n} failed"),
        };
        let running = match self.running {
            0 => String::new(),
            n => format!(", {n} running"),
        };
        let mut rows = vec![
            row("study", format!("{}, {}", self.study.display(), self.state)),
            row(
                "evaluations",
                format!(
                    "{} of {}{failed}{running}, in {}, seed {}",
                    self.evaluations,
                    self.budget,
                    human(std::time::Duration::try_from_secs_f64(self.seconds).unwrap_or_default()),
                    self.seed
                ),
            ),
        ];
        match self.ledger.best() {
            None => rows.push(row("best", "no network has a score yet".to_owned())),
            Some(best) => rows.extend(describe_best(best)),
        }
        if let Some(test) = &self.test {
            let result = match test.score {
                Some(score) => format!(
                    "{} (trained once more, on training and validation data)",
                    text::score(score, test.detail)
                ),
                None => format!(
                    "could not be computed: {}",
                    test.detail.message.as_deref().unwrap_or_default()
                ),
            };
            rows.push(row("test", result));
        }
        table(&rows, &[])
    }

    /// What was written, and what to do next.
    fn tail(&self) -> String {
        let out = self.place.out.display();
        let study = self.study.display();
        let mut files = Vec::new();
        for (name, what) in [
            ("best.json", "the best network"),
            ("best.svg", "its drawing"),
            ("best.safetensors", "its weights"),
            ("best.py", "a PyTorch program that loads them"),
            ("best.onnx", "network and weights for other programs"),
            ("summary.json", "these figures"),
            ("logs", "a log for each evaluation"),
        ] {
            if self.place.result(name).exists() || name == "summary.json" {
                files.push(row(&format!("  {out}/{name}"), what.to_owned()));
            }
        }
        let mut next = vec![row(
            &format!("  nasbot show {study} --all"),
            "every evaluation".to_owned(),
        )];
        if let Some(best) = self.ledger.best() {
            next.push(row(
                &format!("  nasbot inspect {out}/best.json"),
                "its layers, masses and path lengths".to_owned(),
            ));
            let other = self
                .ledger
                .ranked()
                .get(1)
                .map(|(record, _)| record.suggestion.id);
            if let Some(other) = other {
                next.push(row(
                    &format!("  nasbot draw {study} --evaluation {other} -o second.svg"),
                    format!("the runner-up beside #{}", best.suggestion.id),
                ));
            }
        }
        next.push(row(
            &format!("  nasbot resume {study} --evaluations {}", 2 * self.budget),
            "search on".to_owned(),
        ));
        let height = files.len();
        // One table, so that all explanations stand below each other.
        files.extend(next);
        let text = table(&files, &[]);
        let lines: Vec<&str> = text.lines().collect();
        let (written, next) = lines.split_at(height);
        format!(
            "written\n{}\n\nnext\n{}",
            written.join("\n"),
            next.join("\n")
        )
    }
}

impl<'a> Row<'a> {
    pub(crate) fn new(record: &'a Record, owned: bool) -> Self {
        let detail = record.detail();
        Self {
            id: record.suggestion.id,
            state: record_state(record, owned),
            score: record.score(),
            failure: record.failure(),
            seconds: detail.map(|detail| detail.seconds),
            parameters: detail.and_then(|detail| detail.parameters),
            metrics: detail.map(|detail| &detail.metrics),
            message: detail.and_then(|detail| detail.message.as_deref()),
            rungs: &record.rungs,
            origin: &record.suggestion.origin,
            seed: record.suggestion.seed,
            network: &record.suggestion.candidate,
        }
    }
}

/// Evaluations as a table for people.
pub(crate) fn evaluations(records: &[&Record], owned: bool) -> String {
    let heading = [
        "#",
        "score",
        "layers",
        "parameters",
        "time",
        "from",
        "network",
    ];
    let mut rows = vec![heading.map(str::to_owned).to_vec()];
    for record in records {
        let detail = record.detail();
        let score = match (record.score(), record.failure()) {
            (Some(score), _) => number(score),
            (None, Some(failure)) => text::failure(failure).to_owned(),
            (None, None) => record_state(record, owned).to_owned(),
        };
        let seconds = detail
            .map(|detail| detail.seconds)
            .filter(|&seconds| seconds > 0.0);
        let time = seconds.and_then(|s| std::time::Duration::try_from_secs_f64(s).ok());
        rows.push(vec![
            record.suggestion.id.to_string(),
            score,
            record.suggestion.candidate.len().to_string(),
            detail
                .and_then(|detail| detail.parameters)
                .map_or_else(String::new, grouped),
            time.map_or_else(String::new, human),
            text::origin(&record.suggestion.origin),
            sketch(&record.suggestion.candidate),
        ]);
    }
    table(&rows, &[0, 2, 3, 4])
}

fn row(name: &str, value: String) -> Vec<String> {
    vec![name.to_owned(), value]
}

fn describe_best(best: &Record) -> Vec<Vec<String>> {
    let network = &best.suggestion.candidate;
    let detail = best.detail().cloned().unwrap_or_default();
    let parameters =
        (detail.parameters).map_or_else(String::new, |n| format!(", {} parameters", grouped(n)));
    let score = best.score().unwrap_or_default();
    vec![
        row(
            "best",
            format!(
                "#{}, {}{}, {} layers{parameters}",
                best.suggestion.id,
                text::score(score, &detail),
                if detail.metrics.is_empty() {
                    ""
                } else {
                    " in validation"
                },
                network.len()
            ),
        ),
        row("", sketch(network)),
        row(
            "",
            format!("from: {}", text::origin(&best.suggestion.origin)),
        ),
    ]
}

/// Where a study stands, in a word or two.
fn state(ledger: &Ledger, owned: bool) -> &'static str {
    match ledger.ending {
        _ if owned => "running",
        Some(Ending::Complete) => "complete",
        Some(Ending::OutOfTime) => "out of time",
        Some(Ending::Exhausted) => "the space is exhausted",
        Some(Ending::Interrupted) => "interrupted",
        Some(Ending::Failed) => "stopped by a failure",
        None => "killed",
    }
}

/// Where an evaluation stands, in a word.
fn record_state(record: &Record, owned: bool) -> &'static str {
    match &record.state {
        State::Running { .. } if owned => "running",
        State::Paused { .. } => "stopped at a rung",
        State::Queued if owned => "waiting",
        State::Queued | State::Running { .. } | State::Interrupted => "interrupted",
        State::Finished { outcome, .. } => match outcome {
            Outcome::Score(_) => "complete",
            Outcome::Failed(_) => "failed",
            _ => "withdrawn",
        },
    }
}
