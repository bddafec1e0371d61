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
        let mut first = None;
        for _ in signals.forever() {
            let now = clock.monotonic();
            let since = now.saturating_sub(*first.get_or_insert(now));
            if request.request() && since > ONE_REQUEST {
                process::exit(INTERRUPTED.into());
            }
        }
    });
    Ok(stop)
}
