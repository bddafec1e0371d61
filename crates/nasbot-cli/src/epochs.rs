//! The progress of a single training.

use indicatif::{ProgressBar, ProgressStyle};

use crate::terminal;
use nasbot::backend::End;
use nasbot::report::number;
use nasbot::session::{Once, Step};

/// Where nothing can be redrawn, a training is worth so many lines at most.
const LINES: u64 = 20;

/// Shows epochs as they pass: a bar on a terminal, some lines elsewhere.
pub(crate) enum Epochs {
    Live(ProgressBar),
    Plain { lines: u64 },
    Quiet,
}

/// Waits for the end of one training and shows its epochs meanwhile.
pub(crate) fn wait(mut once: Once<'_>, quiet: bool) -> End {
    let mut shown = Epochs::new(quiet);
    loop {
        match once.wait() {
            Step::Stopping => shown.note("stopping; once more stops at once"),
            Step::Epoch(at) => shown.epoch(at.epoch, at.epochs, at.loss),
            Step::Ended(end) => {
                shown.finish();
                return end;
            }
        }
    }
}

impl Epochs {
    /// The display that suits standard error.
    pub(crate) fn new(quiet: bool) -> Self {
        if quiet {
            return Self::Quiet;
        }
        if !terminal::interactive() {
            return Self::Plain { lines: 0 };
        }
        let bar = ProgressBar::new(0);
        let style =
            ProgressStyle::with_template("[{elapsed_precise}] {bar:30} {pos}/{len}  {wide_msg}")
                .unwrap_or_else(|_| ProgressStyle::default_bar())
                .progress_chars("━╸─");
        bar.set_style(style);
        bar.set_message("starting");
        Self::Live(bar)
    }

    /// An epoch is over.
    pub(crate) fn epoch(&mut self, epoch: u32, epochs: u32, loss: f64) {
        let (done, all) = (u64::from(epoch), u64::from(epochs.max(1)));
        match self {
            Self::Live(bar) => {
                bar.set_length(all);
                bar.set_position(done);
                bar.set_message(format!("loss {}", number(loss)));
            }
            Self::Plain { lines } => {
                let due = done * LINES / all;
                if due > *lines {
                    *lines = due;
                    terminal::say(&format!("epoch {done}/{all}, loss {}", number(loss)));
                }
            }
            Self::Quiet => {}
        }
    }

    /// Says something that is no epoch.
    pub(crate) fn note(&mut self, text: &str) {
        match self {
            Self::Live(bar) => bar.println(format!("nasbot: {text}")),
            Self::Plain { .. } | Self::Quiet => terminal::say(&format!("nasbot: {text}")),
        }
    }

    /// Removes what is redrawn.
    pub(crate) fn finish(&self) {
        if let Self::Live(bar) = self {
            bar.finish_and_clear();
        }
    }
}
