//! The display of a running search on a terminal: a bar, and a line for each worker.

use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use nasbot::report::{clean_line, named, number, sketch_of};
use nasbot::study::{Event, Ledger};

/// How often clocks move.
const REFRESH: Duration = Duration::from_millis(200);

/// A line for each worker, but no more than fit a terminal: a queue may run hundreds at once.
const MOST_LINES: usize = 16;

/// A display that is redrawn in place; finished evaluations scroll by above it.
pub(crate) struct Live {
    all: MultiProgress,
    bar: ProgressBar,
    workers: Vec<ProgressBar>,
}

impl Live {
    pub(crate) fn new() -> Self {
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
    pub(crate) fn print(&self, line: &str) {
        // A terminal that is gone is no reason to stop.
        let _ = self.all.println(line);
    }

    /// Brings the display up to date.
    pub(crate) fn update(&mut self, event: &Event, ledger: &Ledger) {
        if let Event::Opened(opened) = event {
            self.bar.set_elapsed(ledger.elapsed());
            self.bar.set_length(ledger.budget);
            for _ in 0..opened.workers.min(MOST_LINES) {
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
            let score = named(best.score()?, best.detail.as_ref(), ledger.metric());
            Some(format!("best {score} (#{}){failed}", best.suggestion.id))
        });
        self.bar.set_message(best.unwrap_or(failed));
        self.show_workers(ledger);
    }

    fn show_workers(&self, ledger: &Ledger) {
        let mut lines = vec!["idle".to_owned(); self.workers.len()];
        for record in ledger.running() {
            let Some(place) = &record.place else {
                continue;
            };
            let progress = match record.epoch {
                None => "starting".to_owned(),
                Some(at) => {
                    let score = at.score.map_or_else(String::new, |score| {
                        let name = if ledger.metric().is_none() {
                            "score "
                        } else {
                            ""
                        };
                        format!(", {name}{}", named(score, None, ledger.metric()))
                    });
                    format!(
                        "epoch {}/{}, loss {}{score}",
                        at.epoch,
                        at.epochs,
                        number(at.loss)
                    )
                }
            };
            if let Some(line) = lines.get_mut(place.slot) {
                let (id, device) = (record.suggestion.id, clean_line(&place.device));
                *line = format!("#{id} on {device}: {progress}  {}", sketch_of(record));
            }
        }
        let retraining = ledger.retraining.as_ref().filter(|r| r.result.is_none());
        if let (Some(retraining), Some(line)) = (retraining, lines.first_mut()) {
            let progress = retraining.epoch.map_or_else(
                || "starting".to_owned(),
                |at| format!("epoch {}/{}", at.epoch, at.epochs),
            );
            *line = format!("#{} once more: {progress}", retraining.id);
        }
        for (slot, (bar, line)) in self.workers.iter().zip(lines).enumerate() {
            bar.set_message(format!("worker {slot}  {line}"));
        }
    }

    /// Removes the display.
    pub(crate) fn finish(&self) {
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
