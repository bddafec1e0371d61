//! Numbers as a page holds them.

/// A number with seven significant digits, which no chart shows more of and which take less room as JSON.
pub(super) fn rounded(value: f64) -> f64 {
    // What was written as a number is read as one.
    format!("{value:.6e}").parse().unwrap_or(value)
}
