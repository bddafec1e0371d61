//! Small pieces of text: numbers, tables, networks in a few words.

use nasbot_opt::{Failure, Origin};
use nn_graph::{Network, Op};
use serde::Serialize;

use crate::error::Error;
use crate::study::Detail;

/// A value as JSON on one line; floats keep every digit that matters.
pub(crate) fn json(value: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string(value)
        .map_err(|error| Error::Usage(format!("this can't be written as JSON: {error}")))
}

/// A number for people: five significant digits, no exponent where none is needed.
pub(crate) fn number(value: f64) -> String {
    let size = value.abs();
    if value.fract().abs() < f64::EPSILON && size < 1e9 {
        return format!("{value}");
    }
    if !(1e-4..1e9).contains(&size) {
        return format!("{value:.4e}");
    }
    let digits = (4 - size.log10().floor() as i32).clamp(0, 8);
    let text = format!("{value:.*}", digits.unsigned_abs() as usize);
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// A spread for people: two significant digits.
pub(super) fn rough(value: f64) -> String {
    let size = value.abs();
    if !(1e-4..1e4).contains(&size) {
        return format!("{value:.1e}");
    }
    let digits = (1 - size.log10().floor() as i32).max(0);
    format!("{value:.*}", digits.unsigned_abs() as usize)
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

/// A score by the name that its metrics give it, with the spread of a single training where it is a mean of several.
pub(crate) fn score(score: f64, detail: &Detail) -> String {
    let metric = |name| detail.metrics.get(name).copied();
    let (text, unit, scale) = match (metric("accuracy"), metric("mse")) {
        (Some(accuracy), _) => (format!("accuracy {:.2}", 100.0 * accuracy), " %", 100.0),
        (None, Some(mse)) => (format!("mean squared error {}", number(mse)), "", 1.0),
        (None, None) => (format!("score {}", number(score)), "", 1.0),
    };
    match metric("noise") {
        Some(noise) => format!("{text}{unit} ± {}{unit}", rough(scale * noise)),
        None => text + unit,
    }
}

/// Why an evaluation failed, in words.
pub(super) fn failure(failure: Failure) -> &'static str {
    match failure {
        Failure::Diverged => "diverged",
        Failure::OutOfMemory => "out of memory",
        Failure::ImpossibleShape => "impossible shape",
        Failure::TimedOut => "timed out",
        Failure::Crashed => "crashed",
        _ => "other",
    }
}

/// Why a network was suggested, in words.
pub(super) fn origin(origin: &Origin) -> String {
    match origin {
        Origin::Initial => "initial pool".to_owned(),
        Origin::Given => "given".to_owned(),
        Origin::Random => "random".to_owned(),
        Origin::Mutation { parent } => format!("mutation of #{parent}"),
        Origin::Acquisition { mean, std, .. } => {
            format!("model, expected {} ± {}", number(*mean), rough(*std))
        }
        _ => String::new(),
    }
}

/// A network in a few words: its layers in order, repetitions counted.
pub(crate) fn sketch(network: &Network) -> String {
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

/// A table with a heading, columns two spaces apart; the columns in `right` are aligned to the right.
pub(crate) fn table(rows: &[Vec<String>], right: &[usize]) -> String {
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
    fn numbers_are_short_but_say_enough() {
        for (value, shown) in [
            (0.0, "0"),
            (12.0, "12"),
            (0.983_333_333, "0.98333"),
            (-0.5, "-0.5"),
            (123_456.789, "123457"),
            (4.8e-5, "4.8000e-5"),
            (1.2e12, "1.2000e12"),
        ] {
            assert_eq!(number(value), shown);
        }
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(grouped(999), "999");
    }

    #[test]
    fn a_spread_has_the_unit_of_its_score() {
        for (metrics, shown) in [
            (
                vec![("accuracy", 0.5864), ("noise", 0.0453)],
                "accuracy 58.64 % ± 4.5 %",
            ),
            (vec![("accuracy", 0.5864)], "accuracy 58.64 %"),
            (
                vec![("mse", 0.25), ("noise", 0.0453)],
                "mean squared error 0.25 ± 0.045",
            ),
            (vec![], "score -0.25"),
        ] {
            let metrics = metrics
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value));
            let detail = Detail {
                metrics: metrics.collect(),
                ..Detail::default()
            };
            assert_eq!(score(-0.25, &detail), shown);
        }
    }

    #[test]
    fn tables_align() {
        let rows = [["a", "bb"], ["ccc", "d"]].map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(table(&rows, &[1]), "a    bb\nccc   d");
    }
}
