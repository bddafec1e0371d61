//! Small pieces of text: numbers, tables, networks in a few words.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use nasbot_opt::Failure;
use nn_graph::{Network, Op};
pub use nn_train::numbers::number;
use nn_train::{Keys, named};
use serde::Serialize;

use crate::error::Error;
use crate::study::{Detail, Ledger, Record};

/// A value as JSON on one line; floats keep every digit that matters.
///
/// # Errors
///
/// It holds what JSON cannot express.
pub fn json(value: &impl Serialize) -> Result<String, Error> {
    Ok(serde_json::to_string(value)?)
}

/// A spread for people: two significant digits.
pub(super) fn rough(value: f64) -> String {
    let size = value.abs();
    if size == 0.0 {
        return "0".to_owned();
    }
    if !(1e-4..1e4).contains(&size) {
        return format!("{value:.1e}");
    }
    let digits = (1 - size.log10().floor() as i32).max(0);
    format!("{value:.*}", digits.unsigned_abs() as usize)
}

/// A number of things: `1 thread`, `2,000 parameters`.
#[must_use]
pub fn counted(count: usize, thing: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {thing}{plural}", grouped(count as u64))
}

/// A whole number with its thousands apart.
pub(super) fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Whether the last training was scored on test data, not on those that its network was chosen by.
pub(super) fn is_tested(detail: &Detail) -> bool {
    detail
        .metrics
        .get("test-rows")
        .is_none_or(|rows| *rows > 0.0)
}

/// On which part of the data the last training was scored.
pub(super) fn scored_on(detail: &Detail) -> &'static str {
    if is_tested(detail) {
        "test"
    } else {
        "validation"
    }
}

/// The members of an ensemble by their evaluations, one that stands there several times with its number of times.
pub(super) fn members(members: &[u64]) -> String {
    let mut counts: BTreeMap<u64, usize> = BTreeMap::new();
    (members.iter()).for_each(|member| *counts.entry(*member).or_default() += 1);
    let named: Vec<String> = (counts.iter())
        .map(|(member, count)| match count {
            1 => format!("#{member}"),
            n => format!("{n} × #{member}"),
        })
        .collect();
    let networks = if members.len() == 1 {
        "network"
    } else {
        "networks"
    };
    format!("{} {networks}: {}", members.len(), named.join(", "))
}

/// Why an evaluation failed, in words.
#[must_use]
pub fn failure(failure: Failure) -> &'static str {
    match failure {
        Failure::Diverged => "diverged",
        Failure::OutOfMemory => "out of memory",
        Failure::ImpossibleShape => "impossible shape",
        Failure::TimedOut => "timed out",
        Failure::Crashed => "crashed",
        _ => "other",
    }
}

/// A network of a study in a few words, or what is wrong with it.
pub fn sketch_of(record: &Record) -> String {
    match record.suggestion.candidate.network() {
        Ok(network) => sketch_with(network, &record.setting),
        Err(error) => clean(&error.to_string()),
    }
}

/// A network in a few words, with the values of the keys that are tuned.
pub fn sketch_with(network: &Network, setting: &Keys) -> String {
    match setting.is_empty() {
        true => sketch(network),
        false => format!("{}, {}", sketch(network), named(setting)),
    }
}

/// A network in a few words: its layers in order, repetitions counted.
pub fn sketch(network: &Network) -> String {
    const MOST: usize = 5;
    let mut runs: Vec<(String, usize)> = Vec::new();
    for layer in network.layers() {
        if matches!(layer.op, Op::Ip | Op::Op) {
            continue;
        }
        let name = match layer.units {
            Some(units) => format!("{}-{units}", layer.op),
            None => layer.op.to_string(),
        };
        match runs.last_mut() {
            Some((last, count)) if *last == name => *count += 1,
            _ => runs.push((name, 1)),
        }
    }
    let more = runs.len().saturating_sub(MOST);
    let shown = runs.iter().take(MOST).map(|(name, count)| match count {
        1 => name.clone(),
        n => format!("{n}×{name}"),
    });
    let mut out: Vec<String> = shown.collect();
    if more > 0 {
        out.push(format!("… ({} layers)", network.len()));
    }
    out.join(" ")
}

/// Text that an outsider wrote, as a terminal may show it: control characters, and characters that change the direction
/// of writing, become visible; line breaks and tabs stay.
pub fn clean(text: &str) -> String {
    let is_plain = |c: char| c == '\n' || c == '\t' || !(c.is_control() || is_direction(c));
    if text.chars().all(is_plain) {
        return text.to_owned();
    }
    let show = |c: char| match is_plain(c) {
        true => c.to_string(),
        false => c.escape_unicode().to_string(),
    };
    text.chars().map(show).collect()
}

/// Whether a character changes the direction of writing or cannot be seen.
fn is_direction(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// The same on one line, cut at a length that fits a table.
pub fn clean_line(text: &str) -> String {
    line_of(text, 200)
}

/// The same, cut at so many characters.
pub(super) fn line_of(text: &str, most: usize) -> String {
    let line = clean(text).replace(['\n', '\t'], " ");
    match line.char_indices().nth(most) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line,
    }
}

/// A path as it can be pasted into a shell.
pub fn quoted(path: &Path) -> String {
    let text = path.to_string_lossy();
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+,@%=:".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.into_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// How many evaluations failed in which way.
pub fn failures(ledger: &Ledger) -> String {
    let mut counts: BTreeMap<&'static str, usize> = BTreeMap::new();
    for failure in ledger.records.iter().filter_map(|record| record.failure()) {
        *counts.entry(self::failure(failure)).or_default() += 1;
    }
    let counts = counts
        .into_iter()
        .map(|(name, count)| format!("{count} × {name}"));
    counts.collect::<Vec<_>>().join(", ")
}

/// A duration for people: `0.4 s`, `12 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`.
pub fn human(span: Duration) -> String {
    let seconds = span.as_secs();
    match seconds {
        0..10 => format!("{:.1} s", span.as_secs_f64()),
        10..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        3600..86400 => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
        _ => format!("{} d {} h", seconds / 86400, seconds / 3600 % 24),
    }
}

/// A number of seconds for people.
#[must_use]
pub fn seconds(seconds: f64) -> String {
    // What no clock can have measured is shown as it is.
    Duration::try_from_secs_f64(seconds).map_or_else(|_| format!("{} s", number(seconds)), human)
}

/// A table with a heading, columns two spaces apart; the columns in `right` are aligned to the right.
pub fn table(rows: &[Vec<String>], right: &[usize]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let lines = rows.iter().map(|row| {
        let cells = row.iter().enumerate().map(|(i, cell)| {
            let width = widths[i];
            if right.contains(&i) {
                format!("{cell:>width$}")
            } else {
                format!("{cell:<width$}")
            }
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(grouped(999), "999");
    }

    #[test]
    fn text_of_outsiders_cannot_command_a_terminal() {
        assert_eq!(clean("a\u{1b}[2Jb\nc"), "a\\u{1b}[2Jb\nc");
        assert_eq!(clean("x\u{202e}y"), "x\\u{202e}y");
        assert_eq!(clean("plain äöü ✓"), "plain äöü ✓");
        assert_eq!(clean_line(&"a\n".repeat(300)).chars().count(), 201);
    }

    #[test]
    fn paths_can_be_pasted() {
        assert_eq!(quoted(Path::new("a/b-c.nasbot.db")), "a/b-c.nasbot.db");
        assert_eq!(quoted(Path::new("my search.db")), "'my search.db'");
        assert_eq!(quoted(Path::new("it's")), "'it'\\''s'");
    }

    #[test]
    fn durations_are_shown_in_two_units() {
        let shown = |seconds| human(Duration::from_secs_f64(seconds));
        assert_eq!(shown(0.44), "0.4 s");
        assert_eq!(shown(59.9), "59 s");
        assert_eq!(shown(200.0), "3 min 20 s");
        assert_eq!(shown(7500.0), "2 h 5 min");
        assert_eq!(shown(273_600.0), "3 d 4 h");
    }

    #[test]
    fn tables_align() {
        let rows = [["a", "bb"], ["ccc", "d"]].map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(table(&rows, &[1]), "a    bb\nccc   d");
    }
}
