//! How long a search will still take, from how it went so far.

use std::fmt;

/// How many of the last intervals count.
const RECENT: usize = 40;
/// Fewer say nothing.
const FEWEST: usize = 3;

/// When evaluations ended, in seconds of the present session.
#[derive(Clone, Debug, Default)]
pub struct Pace {
    last: f64,
    gaps: Vec<f64>,
}

/// How long something will take: from so many seconds to so many.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Left {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl Pace {
    /// Begins to count.
    #[must_use]
    pub fn begin(at: f64) -> Self {
        Self {
            last: at,
            gaps: Vec::new(),
        }
    }

    /// So many evaluations have ended.
    pub fn ended(&mut self, count: u64, at: f64) {
        for i in 0..count {
            // Those that end together have one interval among them.
            self.gaps.push(if i == 0 {
                (at - self.last).max(0.0)
            } else {
                0.0
            });
        }
        self.last = at;
        let old = self.gaps.len().saturating_sub(RECENT);
        self.gaps.drain(..old);
    }

    /// How long `count` further ones will take, seen at `now`; `None` while too little is known.
    ///
    /// With k intervals of mean m and standard deviation s between ends, n further ones take n m, give or take
    /// s √(n + n²/k): each varies by s, and the mean is known only to s/√k. Workers that run at once need no regard, since
    /// the intervals are those between the ends of all.
    #[must_use]
    pub fn left(&self, count: u64, now: f64) -> Option<Left> {
        let k = self.gaps.len() as f64;
        if self.gaps.len() < FEWEST {
            return None;
        }
        let mean = self.gaps.iter().sum::<f64>() / k;
        let squares = self.gaps.iter().map(|gap| (gap - mean).powi(2));
        let deviation = (squares.sum::<f64>() / (k - 1.0)).sqrt();
        let n = count as f64;
        let spread = deviation * (n + n * n / k).sqrt();
        let since = (now - self.last).max(0.0);
        let seen = |end: f64| (end - since).max(0.0);
        Some(Left {
            low: seen(n * mean - spread),
            high: seen(n * mean + spread),
        })
    }
}

impl Left {
    /// No longer than a limit, in seconds.
    #[must_use]
    pub fn at_most(self, limit: f64) -> Self {
        let limit = limit.max(0.0);
        Self {
            low: self.low.min(limit),
            high: self.high.min(limit),
        }
    }
}

/// A range in the unit that suits its upper end: `20–40 s`, `2–4 min`, `about 3 h`.
impl fmt::Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (size, unit) = match self.high {
            ..90.0 => (1.0, "s"),
            ..5400.0 => (60.0, "min"),
            ..172_800.0 => (3600.0, "h"),
            _ => (86_400.0, "d"),
        };
        // Two figures say more than anybody knows.
        let step = if self.high / size >= 20.0 { 5.0 } else { 1.0 };
        let rounded = |seconds: f64| (seconds / size / step).round() * step;
        let (low, high) = (rounded(self.low), rounded(self.high));
        match (low < high, high > 0.0) {
            (true, _) => write!(f, "{low}–{high} {unit}"),
            (false, true) => write!(f, "about {high} {unit}"),
            (false, false) => write!(f, "less than 1 {unit}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_equally_long_is_known_exactly() {
        let mut pace = Pace::begin(10.0);
        for i in 1..=5 {
            pace.ended(1, 10.0 + 60.0 * f64::from(i));
        }
        let left = pace.left(10, 310.0).unwrap();
        assert_eq!(
            left,
            Left {
                low: 600.0,
                high: 600.0
            }
        );
        assert_eq!(left.to_string(), "about 10 min");
        // Seen half a minute later.
        let later = Left {
            low: 570.0,
            high: 570.0,
        };
        assert_eq!(pace.left(10, 340.0), Some(later));
        assert_eq!(left.at_most(90.0).to_string(), "about 2 min");
    }

    #[test]
    fn what_varies_has_a_range_that_narrows_with_what_is_known() {
        let mut pace = Pace::begin(0.0);
        let mut at = 0.0;
        let mut widths = Vec::new();
        for i in 0..40 {
            at += if i % 2 == 0 { 30.0 } else { 90.0 };
            pace.ended(1, at);
            if let Some(left) = pace.left(20, at) {
                widths.push(left.high - left.low);
            }
        }
        assert_eq!(widths.len(), 38);
        // By the formula, with s² = 40 · 30² / 39: 2 s √(20 + 400 / 40).
        let expected = 2.0 * (40.0_f64 / 39.0).sqrt() * 30.0 * 30.0_f64.sqrt();
        assert!((widths[37] - expected).abs() < 1e-9 && widths[37] < widths[1]);
        assert_eq!(pace.left(20, at).unwrap().to_string(), "15–25 min");
    }

    #[test]
    fn evaluations_that_end_together_count_as_so_many() {
        let mut pace = Pace::begin(0.0);
        assert_eq!(pace.left(2, 0.0), None);
        for i in 1..=10 {
            pace.ended(2, 2.0 * f64::from(i));
        }
        let left = pace.left(10, 20.0).unwrap();
        assert!((left.low + left.high - 20.0).abs() < 1e-9);
    }

    #[test]
    fn ranges_have_a_unit_that_suits_them() {
        for (low, high, shown) in [
            (20.0, 41.0, "20–40 s"),
            (0.0, 0.2, "less than 1 s"),
            (110.0, 250.0, "2–4 min"),
            (3000.0, 9000.0, "1–3 h"),
            (86_000.0, 400_000.0, "1–5 d"),
        ] {
            assert_eq!(Left { low, high }.to_string(), shown);
        }
    }
}
