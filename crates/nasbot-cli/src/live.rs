//! The display of a running search on a terminal: how far it is, what failed, and a line for each worker.

use std::collections::BTreeMap;
use std::time::Duration;

use console::Term;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use nasbot::report::{Curve, Pace, clean_line, failures, human, named, number, sketch_of};
use nasbot::study::{Event, Ledger, Opened, Progress, Record};

use crate::terminal::cut;

/// How often clocks move.
const REFRESH: Duration = Duration::from_millis(200);

/// A line for each worker, but no more than fit a terminal: a queue may run hundreds at once.
const MOST_LINES: usize = 16;

/// Terminals with fewer columns get short bars and curves.
const WIDE: usize = 120;

/// A display that is redrawn in place; finished evaluations scroll by above it.
pub(crate) struct Live {
    all: MultiProgress,
    bar: ProgressBar,
    /// What failed, once something has.
    failures: Option<ProgressBar>,
    workers: Vec<Worker>,
    /// The curves of what runs.
    curves: BTreeMap<u64, Curve>,
    pace: Pace,
    counted: u64,
    width: usize,
}

/// The line of one worker.
struct Worker {
    line: ProgressBar,
    /// Which evaluation it shows.
    id: Option<u64>,
}

impl Live {
    /// On standard error, as wide as it is.
    pub(crate) fn new() -> Self {
        let (_, width) = Term::stderr().size();
        Self::on(ProgressDrawTarget::stderr(), width.into())
    }

    fn on(target: ProgressDrawTarget, width: usize) -> Self {
        let all = MultiProgress::with_draw_target(target);
        let bar = all.add(ProgressBar::new(0));
        let length = if width < WIDE { 10 } else { 40 };
        bar.set_style(style(&format!(
            "[{{elapsed_precise}}{{prefix}}] {{bar:{length}}} {{pos}}/{{len}}  {{wide_msg}}"
        )));
        bar.enable_steady_tick(REFRESH);
        Self {
            all,
            bar,
            failures: None,
            workers: Vec::new(),
            curves: BTreeMap::new(),
            pace: Pace::default(),
            counted: 0,
            width,
        }
    }

    /// Prints a line above the display, as much of it as fits.
    pub(crate) fn print(&self, line: &str) {
        let (_, width) = Term::stderr().size();
        // A terminal that is gone is no reason to stop.
        let _ = self.all.println(cut(line, Some(width.into())));
    }

    /// Prints all lines of a text above the display.
    pub(crate) fn note(&self, text: &str) {
        // A terminal that is gone is no reason to stop.
        let _ = self.all.println(text);
    }

    /// Brings the display up to date.
    pub(crate) fn update(&mut self, event: &Event, ledger: &Ledger) {
        match event {
            Event::Opened(opened) => self.begin(opened, ledger),
            Event::Progress(at) | Event::RetrainingProgress(at) => self.curve(at),
            Event::Retraining(about) => drop(self.curves.remove(&about.id)),
            Event::Finished(finished) => drop(self.curves.remove(&finished.id)),
            _ => {}
        }
        self.bar.set_position(ledger.counted());
        let progress = self.progress(ledger);
        self.bar.set_message(progress);
        if ledger.failed() > 0 {
            let line = self.failures.get_or_insert_with(|| {
                let line = self.all.insert_after(&self.bar, ProgressBar::new(0));
                line.set_style(style("  {wide_msg}"));
                line
            });
            line.set_message(format!("{} failed: {}", ledger.failed(), failures(ledger)));
        }
        self.show_workers(ledger);
    }

    fn begin(&mut self, opened: &Opened, ledger: &Ledger) {
        self.bar.set_elapsed(ledger.elapsed());
        self.bar.set_length(ledger.budget);
        if let Some(limit) = ledger.wall_time {
            self.bar.set_prefix(format!(" of {}", human(limit)));
        }
        self.counted = ledger.counted();
        self.pace = Pace::begin(ledger.elapsed().as_secs_f64());
        self.have_lines(opened.workers);
    }

    /// Has a line for each of so many workers, as far as there is room: their number may grow.
    fn have_lines(&mut self, workers: usize) {
        while self.workers.len() < workers.min(MOST_LINES) {
            let line = self.all.add(ProgressBar::new(0));
            line.set_style(style("  {wide_msg}"));
            line.set_message("idle");
            self.workers.push(Worker { line, id: None });
        }
    }

    fn curve(&mut self, at: &Progress) {
        self.curves.entry(at.id).or_default().add(at);
    }

    /// The best so far, and how long it will take.
    fn progress(&mut self, ledger: &Ledger) -> String {
        let now = ledger.elapsed().as_secs_f64();
        let counted = ledger.counted();
        if counted > self.counted {
            self.pace.ended(counted - self.counted, now);
        }
        self.counted = counted;
        let mut parts = Vec::new();
        if let Some(best) = ledger.best()
            && let Some(score) = best.score()
        {
            let name = if ledger.metric().is_none() {
                "best "
            } else {
                ""
            };
            let score = named(score, best.detail.as_ref(), ledger.metric());
            parts.push(format!("{name}{score} (#{})", best.suggestion.id));
        }
        let rest = ledger.budget.saturating_sub(counted);
        if let Some(mut left) = self.pace.left(rest, now).filter(|_| rest > 0) {
            if let Some(limit) = ledger.wall_time {
                left = left.at_most(limit.as_secs_f64() - now);
            }
            parts.push(format!("{left} left"));
        }
        let hidden = ledger.running().len().saturating_sub(self.workers.len());
        if hidden > 0 {
            parts.push(format!("{hidden} more run"));
        }
        parts.join("  ")
    }

    fn show_workers(&mut self, ledger: &Ledger) {
        let places = ledger.running().filter_map(|r| r.place.as_ref());
        let most = places.map(|place| place.slot + 1).max();
        // Without one that runs no line is missing.
        self.have_lines(most.unwrap_or(0));
        let mut lines: Vec<Option<(u64, String)>> = vec![None; self.workers.len()];
        for record in ledger.running() {
            let Some(place) = &record.place else {
                continue;
            };
            if let Some(line) = lines.get_mut(place.slot) {
                let id = record.suggestion.id;
                let device = clean_line(&place.device);
                let text = self.training(id, record.epoch.as_ref(), ledger);
                *line = Some((id, format!("{device} #{id} {text}  {}", sketch_of(record))));
            }
        }
        let retraining = ledger.retraining.as_ref().filter(|r| r.result.is_none());
        if let (Some(retraining), Some(line)) = (retraining, lines.first_mut()) {
            let id = retraining.id;
            let text = self.training(id, retraining.epoch.as_ref(), ledger);
            let network = ledger.record(id).map_or_else(String::new, sketch_of);
            *line = Some((id, format!("#{id} once more {text}  {network}")));
        }
        for (worker, line) in self.workers.iter_mut().zip(lines) {
            let id = line.as_ref().map(|(id, _)| *id);
            if worker.id != id {
                worker.id = id;
                worker.line.reset_elapsed();
                match id {
                    Some(_) => {
                        worker.line.set_style(style("  {elapsed:>4} {wide_msg}"));
                        worker.line.enable_steady_tick(REFRESH);
                    }
                    None => {
                        worker.line.disable_steady_tick();
                        worker.line.set_style(style("  {wide_msg}"));
                    }
                }
            }
            let text = line.map_or_else(|| "idle".to_owned(), |(_, text)| text);
            worker.line.set_message(text);
        }
    }

    /// How far a training is, with its curve.
    fn training(&self, id: u64, at: Option<&Progress>, ledger: &Ledger) -> String {
        let Some(at) = at else {
            return "starting".to_owned();
        };
        let curve = self.curves.get(&id);
        let width = if self.width < WIDE { 8 } else { 30 };
        let curve = curve.map_or_else(String::new, |curve| curve.drawn(width));
        let score = match (at.score, ledger.record(id).map(Record::score)) {
            (Some(score), _) => {
                let name = if ledger.metric().is_none() {
                    "score "
                } else {
                    ""
                };
                format!("{name}{}", named(score, None, ledger.metric()))
            }
            (None, _) => format!("loss {}", number(at.loss)),
        };
        format!("{}/{} {curve} {score}", at.epoch, at.epochs)
    }

    /// Removes the display.
    pub(crate) fn finish(&self) {
        for worker in &self.workers {
            worker.line.finish_and_clear();
        }
        if let Some(line) = &self.failures {
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

#[cfg(test)]
mod tests;
