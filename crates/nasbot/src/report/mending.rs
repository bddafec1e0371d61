//! What was changed in the description of a study, for people.

use super::text::{clean, counted, line_of};
use crate::study::{Change, Mending};

/// Letters of a value that are shown.
const SHOWN: usize = 80;

/// A change in words: `data.path = "b.csv" (was "a.csv")`.
#[must_use]
pub fn change(change: &Change) -> String {
    match (&change.from, &change.to) {
        (from, Some(to)) => format!(
            "{} = {} ({})",
            clean(&change.key),
            shown(to),
            from.as_ref().map_or_else(
                || "was not given".to_owned(),
                |from| format!("was {}", shown(from))
            )
        ),
        (Some(from), None) => format!(
            "{} is not given any more (was {})",
            clean(&change.key),
            shown(from)
        ),
        (None, None) => clean(&change.key),
    }
}

/// When which keys were changed, one line for each time.
pub(super) fn lines(mended: &[Mending]) -> Vec<String> {
    let line = |mending: &Mending| {
        let changes: Vec<String> = mending.changes.iter().map(change).collect();
        let changes = match changes.as_slice() {
            [] => "the description".to_owned(),
            changes => changes.join("; "),
        };
        let evaluations = counted(mending.evaluations as usize, "evaluation");
        format!("after {evaluations}: {changes}")
    };
    mended.iter().map(line).collect()
}

/// The beginning of a value, on one line.
fn shown(value: &str) -> String {
    line_of(value, SHOWN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_told_in_a_line() {
        let key = "data.path".to_owned();
        let of = |from: Option<&str>, to: Option<&str>| {
            change(&Change {
                key: key.clone(),
                from: from.map(Into::into),
                to: to.map(Into::into),
            })
        };
        assert_eq!(of(Some("1"), Some("2")), "data.path = 2 (was 1)");
        assert_eq!(of(None, Some("2")), "data.path = 2 (was not given)");
        assert_eq!(
            of(Some("1"), None),
            "data.path is not given any more (was 1)"
        );
        let long = "x".repeat(1000);
        assert!(of(None, Some(&long)).chars().count() < 120);
        assert_eq!(of(None, Some("a\u{1b}[31m\nb")).lines().count(), 1);
    }
}
