//! Ctrl-C and its relatives: the first asks, the second insists.

use std::process;
use std::thread;
use std::time::Duration;

use nasbot::{Clock as _, Stop, SystemClock, is_ignored};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::error::{Error, INTERRUPTED};

/// What follows the first signal so closely belongs to it: `timeout` and service managers signal a program and its group, and
/// a terminal that closes sends two.
const ONE_REQUEST: Duration = Duration::from_millis(100);

/// From now on a first signal makes the request that is returned and a second one ends the process at once; the guards
/// of the workers then see to these. What the process was started to ignore, as by `nohup`, stays ignored.
pub(crate) fn catch() -> Result<Stop, Error> {
    let stop = Stop::new();
    let request = stop.clone();
    let wanted = [SIGINT, SIGTERM, SIGHUP];
    let wanted = wanted.into_iter().filter(|&signal| !is_ignored(signal));
    let mut signals = Signals::new(wanted).map_err(Error::Signals)?;
    let clock = SystemClock::new();
    thread::spawn(move || {
        let mut requests = Requests::default();
        for _ in signals.forever() {
            request.request();
            if requests.insists(clock.monotonic()) {
                process::exit(INTERRUPTED.into());
            }
        }
    });
    Ok(stop)
}

/// What has been signalled so far.
#[derive(Default)]
struct Requests {
    first: Option<Duration>,
}

impl Requests {
    /// Whether a signal at a time of the monotonic clock is a request of its own after the first.
    fn insists(&mut self, now: Duration) -> bool {
        now.saturating_sub(*self.first.get_or_insert(now)) > ONE_REQUEST
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_that_follow_the_first_closely_are_one_request_and_a_later_one_insists() {
        let mut requests = Requests::default();
        let heard = [4_000, 4_000, 4_001, 4_100, 4_101, 9_000];
        let insists = heard.map(|ms| requests.insists(Duration::from_millis(ms)));
        assert_eq!(insists, [false, false, false, false, true, true]);
    }
}
