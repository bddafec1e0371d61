//! Which studies belong together: those that differ by their seed alone.

use super::fold::Folded;
use crate::report::clean;

/// A text that is equal for studies whose descriptions, without comments and the section `[study]`, are.
pub(super) fn group(folded: &Folded) -> String {
    let Some(description) = folded.ledger.description() else {
        return String::new();
    };
    let mut is_study = false;
    let mut lines: Vec<&str> = Vec::new();
    for line in description.text.lines().map(str::trim) {
        if line.starts_with('[') {
            is_study = line.starts_with("[study]");
        }
        if !is_study && !line.is_empty() && !line.starts_with('#') {
            lines.push(line);
        }
    }
    clean(&lines.join("\n"))
}
