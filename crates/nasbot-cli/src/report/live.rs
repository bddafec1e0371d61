//! The display of a running search on a terminal: a bar, and a line for each worker.

use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::text::{number, sketch};
use crate::study::{Event, Ledger, State};

/// How often clocks move.
const REFRESH: Duration = Duration::from_millis(200);

/// A display that is redrawn in place; finished evaluations scroll by above it.
pub(crate) struct Live {
    all: MultiProgress,
    bar: ProgressBar,
    workers: Vec<ProgressBar>,
}

impl Live {
    pub(super) fn new() -> Self {
        let all = MultiProgress::new();
        let bar = all.add(ProgressBar::new(0));
        bar.set_style(style(
            "[{elapsed_precise}] {bar:30} {pos}/{len}  {wide_msg}",
        ));
        bar.enable_steady_tick(REFRESH);
        Self {
            all,
            bar,
            workers: Vec::new(),
        }
    }

    /// Prints a line above the display.
    pub(super) fn print(&self, line: &str) {
        // A terminal that is gone is no reason to stop.
        let _ = self.all.println(line);
    }

    /// Brings the display up to date.
    pub(super) fn update(&mut self, event: &Event, ledger: &Ledger) {
        if let Event::Opened { workers, .. } = event {
            let elapsed = ledger.elapsed(ledger.last());
            self.bar.set_elapsed(elapsed);
            self.bar.set_length(ledger.budget);
            for _ in 0..*workers {
                let line = self.all.add(ProgressBar::new(0));
                line.set_style(style("  {wide_msg}"));
                self.workers.push(line);
            }
        }
        self.bar.set_position(ledger.counted());
        let failed = match ledger.failed() {
            0 => String::new(),
            n => format!(", {n} failed"),
        };
        let best = ledger.best().and_then(|best| {
            let score = number(best.score()?);
            Some(format!("best {score} (#{}){failed}", best.suggestion.id))
        });
        self.bar.set_message(best.unwrap_or(failed));
        self.show_workers(ledger);
    }

    fn show_workers(&self, ledger: &Ledger) {
        let mut lines = vec!["idle".to_owned(); self.workers.len()];
        for record in &ledger.records {
            let State::Running { slot, device, .. } = &record.state else {
                continue;
            };
            let progress = match record.epoch {
                None => "starting".to_owned(),
                Some((done, epochs, loss, score)) => {
                    let score =
                        score.map_or_else(String::new, |s| format!(", score {}", number(s)));
                    format!("epoch {done}/{epochs}, loss {}{score}", number(loss))
                }
            };
            if let Some(line) = lines.get_mut(*slot) {
                let id = record.suggestion.id;
                let network = sketch(&record.suggestion.candidate);
                *line = format!("#{id} on {device}: {progress}  {network}");
            }
        }
        let retraining = ledger.retraining.as_ref().filter(|r| r.result.is_none());
        if let (Some(retraining), Some(line)) = (retraining, lines.first_mut()) {
            let progress = retraining.epoch.map_or_else(
                || "starting".to_owned(),
                |(done, epochs)| format!("epoch {done}/{epochs}"),
            );
            *line = format!("#{} once more: {progress}", retraining.id);
        }
        for (slot, (bar, line)) in self.workers.iter().zip(lines).enumerate() {
            bar.set_message(format!("worker {slot}  {line}"));
        }
    }

    /// Removes the display.
    pub(super) fn finish(&self) {
        for line in &self.workers {
            line.finish_and_clear();
        }
        self.bar.finish_and_clear();
    }
}

/// A style from a template of ours; a wrong one would fall back to a plain bar.
fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("━╸─")
}
