//! Which signals this process was started to ignore.

use std::fs;

/// Whether a signal is ignored by this process, as `nohup` and shells arrange it before they start a program. It should
/// stay so: the person wants the program to survive it.
#[must_use]
pub fn is_ignored(signal: i32) -> bool {
    let status = fs::read_to_string("/proc/self/status");
    let mask = status.ok().and_then(|status| {
        let line = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        u64::from_str_radix(line?.trim(), 16).ok()
    });
    let bit = u32::try_from(signal - 1)
        .ok()
        .and_then(|n| 1_u64.checked_shl(n));
    matches!((mask, bit), (Some(mask), Some(bit)) if mask & bit != 0)
}
