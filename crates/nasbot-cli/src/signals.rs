//! Ctrl-C and its relatives: the first asks, the second insists.

use std::process;
use std::thread;

use nasbot::{Stop, is_ignored};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::error::{Error, INTERRUPTED};

/// From now on a first signal makes the request that is returned and a second one ends the process at once; the guards
/// of the workers then see to these. What the process was started to ignore, as by `nohup`, stays ignored.
pub(crate) fn catch() -> Result<Stop, Error> {
    let stop = Stop::new();
    let request = stop.clone();
    let wanted = [SIGINT, SIGTERM, SIGHUP];
    let wanted = wanted.into_iter().filter(|&signal| !is_ignored(signal));
    let mut signals = Signals::new(wanted).map_err(Error::Signals)?;
    thread::spawn(move || {
        for _ in signals.forever() {
            if request.request() {
                process::exit(INTERRUPTED.into());
            }
        }
    });
    Ok(stop)
}
