//! Dates: how they are shown, and how they are given.

use std::str::FromStr as _;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// A date in seconds since 1970 as people and programs read it: `2026-11-28T03:14:47Z`, always in UTC.
#[must_use]
pub fn date(at: f64) -> String {
    let shown = Timestamp::from_second(at.round() as i64);
    // What no calendar holds is shown as it is.
    shown.map_or_else(|_| format!("{at} s"), |at| at.to_string())
}

/// Reads a date: `2026-11-28`, `2026-11-28 14:30` (both in UTC) or `2026-11-28T14:30:00+01:00`, in seconds since 1970; `None` of
/// what is none.
#[must_use]
pub fn read_date(text: &str) -> Option<f64> {
    let text = text.trim();
    let exact = Timestamp::from_str(text).ok();
    let civil = || {
        let date = DateTime::from_str(text).ok()?;
        TimeZone::UTC.to_timestamp(date).ok()
    };
    Some(exact.or_else(civil)?.as_second() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_as_they_are_written() {
        // 1,764,288,000 is what `date -u -d 2025-11-28 +%s` prints.
        for text in [
            "2025-11-28",
            "2025-11-28 00:00",
            "2025-11-28T01:00:00+01:00",
        ] {
            assert_eq!(read_date(text), Some(1_764_288_000.0), "{text}");
        }
        assert_eq!(date(1_764_288_000.4), "2025-11-28T00:00:00Z");
        assert_eq!(read_date("yesterday"), None);
    }
}
