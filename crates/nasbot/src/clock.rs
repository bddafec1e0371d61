//! Time as a search sees it. A program makes one clock and hands it to whatever needs the time.

use std::fmt;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The date, and the time that has passed.
pub trait Clock: fmt::Debug + Send + Sync {
    /// Seconds since 1970 began, UTC: for people. It may jump in either direction.
    fn date(&self) -> f64;

    /// Time since some fixed moment: for limits. It never goes back and does not follow the date.
    fn monotonic(&self) -> Duration;
}

/// The operating system's clocks.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock(Instant);

impl SystemClock {
    /// A clock whose monotonic time begins now.
    #[must_use]
    pub fn new() -> Self {
        Self(Instant::now())
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn date(&self) -> f64 {
        match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => since.as_secs_f64(),
            Err(before) => -before.duration().as_secs_f64(),
        }
    }

    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }
}
