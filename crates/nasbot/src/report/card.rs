//! The model card: what a trained network is, what it was trained on and how, and how to load it.
//!
//! After Mitchell et al., *Model Cards for Model Reporting* (2019, arXiv 1810.03993), as far as a program can know it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use nn_train::data::{Dataset, InputShape, Metric};
use nn_train::figures::Breakdown;
use nn_train::plan::Plan;
use serde::Serialize;

use super::errors::errors;
use super::score::{MetricFigure, score};
use super::text::{self, clean_line, grouped, json, number, seconds, sketch, table};
use crate::error::Error;
use crate::settings::Training;
use crate::study::Detail;

const LOADING: &str = r#"
## Loading

```python
from model import load, standardise   # model.py; needs nothing but torch

network = load()                      # model.safetensors, which lies beside it
outputs = network(standardise(inputs))
```

Of a table, `raw_row({"column": cell, …})` makes a row of `inputs` from cells by the columns' names: text as it stands in the file,
dates, words and gaps too, or numbers. Of pictures, `raw_picture(pixels)` makes one of `inputs` from an array of height × width ×
channels of any size, 0 to 255. Of a regression, `in_units(outputs)` are values in the units of the target, and of classes `CLASSES`
are the names.

```python
import onnxruntime

session = onnxruntime.InferenceSession("model.onnx")
outputs, = session.run(["output"], {"input": inputs})
```

`nasbot predict` takes a table or pictures and writes classes with probabilities, or values. All three take raw examples: an
image's numbers as they stand in its file, channel by channel, or a row with a 64-bit number for each column of `COLUMNS`, NaN for
a gap, and of a column of words the word's place. The ONNX file names columns and classes in its metadata, and gives a
regression's `value` in the units of the target.
`network.json` is the architecture and `network.svg` its drawing.
"#;

/// Everything that the card says.
#[derive(Debug)]
pub struct Card {
    name: String,
    seed: u64,
    /// What it is, takes and gives.
    facts: Vec<[String; 2]>,
    data: Vec<[String; 2]>,
    protocol: Vec<[String; 2]>,
    repeats: u32,
    metric: Metric,
    parameters: u64,
    flops: u64,
    /// What it takes and gives.
    ends: [[String; 2]; 2],
    /// Where the network comes from, if from a search.
    pub searched: Option<Searched>,
    /// The score on the test data and what else is known.
    pub result: Option<(f64, Detail)>,
}

/// The evaluation that found a network.
#[derive(Debug)]
pub struct Searched {
    /// The study.
    pub study: PathBuf,
    /// The evaluation's number.
    pub evaluation: u64,
    /// Evaluations of the search.
    pub evaluations: u64,
    /// The score on the validation data, if it has one.
    pub score: Option<(f64, Detail)>,
    /// What the scores of the search are of, where that is recorded.
    pub metric: Option<Metric>,
}

/// The figures, for programs.
#[derive(Serialize)]
struct Figures<'a> {
    out: &'a Path,
    /// What the score is of.
    metric: MetricFigure,
    score: f64,
    /// The figure of the metric: the score, or without the minus sign of a loss.
    value: f64,
    seed: u64,
    repeats: u32,
    parameters: u64,
    flops: u64,
    seconds: f64,
    metrics: &'a std::collections::BTreeMap<String, f64>,
    breakdown: Option<&'a Breakdown>,
    worker: Option<&'a str>,
}

impl Card {
    /// The card of a network that is to be trained: its plan, its data and how it is trained.
    /// `all` says whether it is trained on the test data too.
    pub fn new(
        name: &str,
        training: &Training,
        data: &Dataset,
        plan: &Plan,
        seed: u64,
        all: bool,
    ) -> Self {
        let input = match data.shape {
            InputShape::Image(i) => format!("images, {} × {} × {}", i.channels, i.height, i.width),
            InputShape::Features(n) => format!("rows of {n} numbers"),
        };
        let output = match data.classes {
            Some(classes) => format!("log-probabilities of {classes} classes"),
            None => "one number, standardised".to_owned(),
        };
        let ends = [("input", input), ("output", output)];
        let (train, validation, test) = (&data.train, &data.validation, &data.test);
        let count = |n: usize| grouped(n as u64);
        let both = train.len() + validation.len();
        let [train, validation, test] = [train, validation, test].map(|part| part.len());
        let parts = match all {
            false => format!(
                "trained on {} examples (training {}, validation {}), tested on {}",
                count(both),
                count(train),
                count(validation),
                count(test)
            ),
            true => format!(
                "trained on all {} examples (training {}, validation {}, test {})",
                count(both + test),
                count(train),
                count(validation),
                count(test)
            ),
        };
        let mut about = vec![["examples".to_owned(), parts]];
        about.extend(entries(&training.data));
        if !data.class_names().is_empty() {
            about.push(["class names".to_owned(), data.class_names().join(", ")]);
        }
        for column in data.preparation.left_out() {
            about.push([
                "left out".to_owned(),
                format!("column {}, which {}", column.name, column.reason),
            ]);
        }
        about.extend(
            data.notes
                .iter()
                .map(|note| ["note".to_owned(), note.clone()]),
        );
        let mut card = Self {
            name: name.to_owned(),
            seed,
            facts: Vec::new(),
            data: about,
            protocol: entries(&training.protocol),
            repeats: training.protocol.repeats,
            metric: training.data.metric(),
            parameters: 0,
            flops: 0,
            ends: ends.map(|(name, value)| [name.to_owned(), value]),
            searched: None,
            result: None,
        };
        card.describe(plan);
        card
    }

    /// Says what the network is that was trained: where an ensemble was made, not the one that was asked for.
    pub fn describe(&mut self, plan: &Plan) {
        (self.parameters, self.flops) = (plan.trainable(), plan.flops());
        let network = &plan.network;
        let facts = [
            ("kind", network.kind().to_string()),
            ("layers", format!("{}: {}", network.len(), sketch(network))),
            ("parameters", grouped(self.parameters)),
            (
                "floating-point operations",
                format!("{} an example", grouped(self.flops)),
            ),
        ];
        let facts = facts.map(|(name, value)| [name.to_owned(), value]);
        self.facts = facts.into_iter().chain(self.ends.clone()).collect();
    }

    /// The card as Markdown.
    pub fn markdown(&self) -> String {
        let mut out = String::new();
        // Writing to a string can't fail.
        let _ = self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) -> std::fmt::Result {
        writeln!(out, "# {}\n", markdown(&self.name))?;
        writeln!(
            out,
            "A network trained by nasbot {}.\n",
            env!("CARGO_PKG_VERSION")
        )?;
        rows(out, ["network", ""], &self.facts)?;
        self.write_scores(out)?;
        writeln!(out, "\n## Data\n")?;
        rows(out, ["data", ""], &self.data)?;
        writeln!(out, "\n## Training\n")?;
        rows(out, ["protocol", ""], &self.protocol)?;
        writeln!(out)?;
        writeln!(
            out,
            "Seed {}. The same seed, data and number of threads give the same weights on a processor.",
            self.seed
        )?;
        self.write_origin(out)?;
        out.write_str(LOADING)
    }

    fn write_scores(&self, out: &mut String) -> std::fmt::Result {
        let Some((value, detail)) = &self.result else {
            return Ok(());
        };
        writeln!(out, "\n## Scores\n")?;
        let part = text::scored_on(detail);
        let is_tested = text::is_tested(detail);
        let is_spread = detail.metrics.contains_key("noise");
        let how = if !is_tested && is_spread && self.repeats == 1 {
            "mean and standard deviation over the folds".to_owned()
        } else if self.repeats > 1 {
            format!(
                "mean and standard deviation of {} trainings from seeds {} to {}",
                self.repeats,
                self.seed,
                self.seed.wrapping_add(u64::from(self.repeats) - 1),
            )
        } else {
            let what = match detail.members.len() {
                0 | 1 => "one training".to_owned(),
                n => format!("one ensemble of {n} trainings"),
            };
            format!("{what}; the spread over seeds was not measured (--repeats N does)")
        };
        let shown = score(*value, detail, Some(self.metric));
        writeln!(out, "On the {part} data: {shown}, {how}.\n")?;
        if !is_tested {
            writeln!(
                out,
                "The network was then trained on all examples, so that none were left to test it on.\n"
            )?;
        }
        let metrics: Vec<_> = (detail.metrics.iter())
            .map(|(name, value)| [name.clone(), number(*value)])
            .collect();
        rows(out, ["metric", &format!("{part} data")], &metrics)?;
        writeln!(out, "\n`loss` is the mean training loss of the last epoch.")?;
        if let Some(searched) = &self.searched
            && let Some((value, detail)) = &searched.score
        {
            let score = score(*value, detail, searched.metric);
            writeln!(
                out,
                "During the search, on validation data it was chosen by: {score}."
            )?;
        }
        if let Some(errors) = detail.breakdown.as_deref().and_then(|b| errors(b, part)) {
            writeln!(out, "\n{}:\n", markdown(&capitalised(&errors.about)))?;
            table_of(out, &errors.rows)?;
        }
        Ok(())
    }

    fn write_origin(&self, out: &mut String) -> std::fmt::Result {
        if let Some((_, detail)) = &self.result
            && !detail.members.is_empty()
        {
            writeln!(out, "\nThe mean of {}.", text::members(&detail.members))?;
        }
        if let Some(searched) = &self.searched {
            writeln!(
                out,
                "\nFound by a search of {} evaluations, as number {} of {}.",
                searched.evaluations,
                searched.evaluation,
                searched.study.display()
            )?;
        }
        let Some((_, detail)) = &self.result else {
            return Ok(());
        };
        let worker = detail
            .worker
            .as_deref()
            .unwrap_or("a worker of unknown version");
        writeln!(out, "Trained by {worker}, in {}.", seconds(detail.seconds))
    }

    /// The figures as JSON on one line.
    ///
    /// # Errors
    ///
    /// A figure is not finite.
    pub fn json(&self, out: &Path) -> Result<String, Error> {
        let Some((score, detail)) = &self.result else {
            return Ok(String::new());
        };
        json(&Figures {
            out,
            metric: MetricFigure::new(self.metric),
            score: *score,
            value: self.metric.figure(*score),
            seed: self.seed,
            repeats: self.repeats,
            parameters: self.parameters,
            flops: self.flops,
            seconds: detail.seconds,
            metrics: &detail.metrics,
            breakdown: detail.breakdown.as_deref(),
            worker: detail.worker.as_deref(),
        })
    }

    /// What came out, for a person.
    pub fn table(&self, out: &Path) -> String {
        let Some((value, detail)) = &self.result else {
            return String::new();
        };
        let line = |name: &str, value: String| vec![name.to_owned(), value];
        let mut lines = vec![
            line(
                text::scored_on(detail),
                score(*value, detail, Some(self.metric)),
            ),
            line("parameters", grouped(self.parameters)),
            line("", String::new()),
        ];
        for (name, what) in [
            ("model.safetensors", "the weights"),
            ("model.py", "a PyTorch program that loads them"),
            ("model.onnx", "network and weights for other programs"),
            ("README.md", "the model card"),
        ] {
            lines.push(line(
                &format!("  {}", out.join(name).display()),
                what.to_owned(),
            ));
        }
        let errors = (detail.breakdown.as_deref()).and_then(|b| errors(b, text::scored_on(detail)));
        let errors = errors.map_or_else(String::new, |errors| format!("\n\n{}", errors.text()));
        table(&lines, &[]) + &errors
    }
}

/// A Markdown table.
fn rows(out: &mut String, heading: [&str; 2], rows: &[[String; 2]]) -> std::fmt::Result {
    writeln!(out, "| {} | {} |\n|---|---|", heading[0], heading[1])?;
    for [name, value] in rows {
        writeln!(out, "| {name} | {} |", markdown(value))?;
    }
    Ok(())
}

/// A Markdown table of any width whose first row is the heading.
fn table_of(out: &mut String, rows: &[Vec<String>]) -> std::fmt::Result {
    for (i, row) in rows.iter().enumerate() {
        let cells: Vec<String> = row.iter().map(|cell| markdown(cell)).collect();
        writeln!(out, "| {} |", cells.join(" | "))?;
        if i == 0 {
            writeln!(out, "|{}", "---|".repeat(row.len()))?;
        }
    }
    Ok(())
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(letters).collect()
}

/// Text in a cell of a Markdown table: what an outsider wrote is neither markup nor a control sequence.
fn markdown(text: &str) -> String {
    let mut out = String::new();
    for c in clean_line(text).chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '|' => out.push_str("\\|"),
            c => out.push(c),
        }
    }
    out
}

/// The fields of a specification as it would be written in TOML, without those that are not set.
fn entries(spec: &impl Serialize) -> Vec<[String; 2]> {
    let value = serde_json::to_value(spec).unwrap_or_default();
    let fields = value.as_object().into_iter().flatten();
    fields
        .filter(|(_, value)| !value.is_null())
        .map(|(name, value)| [format!("`{name}`"), format!("`{value}`")])
        .collect()
}
