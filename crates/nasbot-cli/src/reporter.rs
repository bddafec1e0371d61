//! What a person, or a program, sees of a running search.

use nasbot::report::{self, Pace, detailed, line};
use nasbot::session::Observer;
use nasbot::study::{Event, Ledger, Stamped};

use crate::cli::{RunFormat, RunOutput};
use crate::live::Live;
use crate::terminal;

/// Where nothing is redrawn, so often in a search it is said how long it will still take.
const TIMES: u64 = 10;

/// Shows events as they come.
pub(crate) struct Reporter {
    form: Form,
    /// Whether every step is told.
    is_verbose: bool,
    /// Whether events go to standard output as JSON.
    is_json: bool,
}

enum Form {
    /// A display that is redrawn, on a terminal.
    Live(Box<Live>),
    /// A line for each thing that matters, elsewhere.
    Plain(Plain),
    /// Nothing.
    Quiet,
}

/// What lines need to say how long a search will still take.
#[derive(Default)]
struct Plain {
    pace: Pace,
    counted: u64,
    told: u64,
}

impl Reporter {
    /// The reporter that suits standard error.
    pub(crate) fn new(output: &RunOutput) -> Self {
        let form = match (output.quiet, terminal::interactive()) {
            (true, _) => Form::Quiet,
            (false, true) => Form::Live(Box::new(Live::new())),
            (false, false) => Form::Plain(Plain::default()),
        };
        Self {
            form,
            is_verbose: output.verbose,
            is_json: output.format == RunFormat::Jsonl,
        }
    }

    /// Removes what is redrawn.
    pub(crate) fn finish(&mut self) {
        if let Form::Live(live) = &self.form {
            live.finish();
        }
    }
}

impl Observer for Reporter {
    fn event(&mut self, stamped: &Stamped, ledger: &Ledger) {
        if self.is_json
            && let Ok(json) = report::json(stamped)
        {
            // A reader that has gone is no reason to stop a search.
            let _ = terminal::print(&json);
        }
        let detailed = || detailed(stamped, ledger).filter(|_| self.is_verbose);
        let line = line(stamped, ledger).or_else(detailed);
        match &mut self.form {
            Form::Live(live) => {
                if let Some(line) = line {
                    live.print(&line);
                }
                live.update(&stamped.event, ledger);
            }
            Form::Plain(plain) => {
                if let Some(line) = line {
                    terminal::say(&line);
                }
                plain.update(&stamped.event, ledger);
            }
            Form::Quiet => {}
        }
    }

    fn note(&mut self, text: &str) {
        let text = format!("nasbot: {text}");
        match &self.form {
            Form::Live(live) => live.note(&text),
            Form::Plain(_) | Form::Quiet => terminal::say(&text),
        }
    }
}

impl Plain {
    /// Says now and then how long it will still take.
    fn update(&mut self, event: &Event, ledger: &Ledger) {
        let now = ledger.elapsed().as_secs_f64();
        let counted = ledger.counted();
        if let Event::Opened(_) = event {
            (self.pace, self.counted) = (Pace::begin(now), counted);
            self.told = counted * TIMES / ledger.budget.max(1);
        }
        if counted <= self.counted {
            return;
        }
        self.pace.ended(counted - self.counted, now);
        self.counted = counted;
        let rest = ledger.budget.saturating_sub(counted);
        let due = counted * TIMES / ledger.budget.max(1);
        if rest == 0 || due <= self.told {
            return;
        }
        if let Some(mut left) = self.pace.left(rest, now) {
            self.told = due;
            if let Some(limit) = ledger.wall_time {
                left = left.at_most(limit.as_secs_f64() - now);
            }
            let failed = match report::failures(ledger) {
                text if text.is_empty() => text,
                text => format!(", failed: {text}"),
            };
            terminal::say(&format!(
                "{counted} of {} evaluations, {left} left{failed}",
                ledger.budget
            ));
        }
    }
}
