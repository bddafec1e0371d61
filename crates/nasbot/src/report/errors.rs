//! What errors a model makes, for a person: a confusion matrix, or quantiles of residuals.

use nn_train::figures::{Breakdown, Confusion, Residuals};

use super::text::{clean_line, grouped, number, table};

/// Classes of which a matrix is shown, at most.
const SHOWN: usize = 12;
/// Confusions that are listed where there are more classes.
const LISTED: usize = 10;
/// Letters of a class's name in a matrix.
const LETTERS: usize = 14;

/// A table of cells with a heading line above it.
pub(super) struct Errors {
    pub(super) about: String,
    /// The first row is the heading.
    pub(super) rows: Vec<Vec<String>>,
}

/// The errors that a last training recorded, on the part of the data that `part` names.
pub(super) fn errors(breakdown: &Breakdown, part: &str) -> Option<Errors> {
    match breakdown {
        Breakdown::Confusion(confusion) if confusion.classes.len() <= SHOWN => {
            Some(matrix(confusion, part))
        }
        Breakdown::Confusion(confusion) => Some(commonest(confusion, part)),
        Breakdown::Residuals(residuals) => Some(of_residuals(residuals, part)),
        _ => None,
    }
}

impl Errors {
    /// For a terminal.
    pub(super) fn text(&self) -> String {
        let right: Vec<usize> = (1..self.rows.first().map_or(0, Vec::len)).collect();
        let lines = table(&self.rows, &right);
        let lines: Vec<String> = lines.lines().map(|line| format!("  {line}")).collect();
        format!("{}\n{}", self.about, lines.join("\n"))
    }
}

fn short(name: &str) -> String {
    let name = clean_line(name);
    match name.char_indices().nth(LETTERS) {
        Some((at, _)) => format!("{}…", &name[..at]),
        None => name,
    }
}

fn matrix(confusion: &Confusion, part: &str) -> Errors {
    let names = || confusion.classes.iter().map(|name| short(name));
    let heading = std::iter::once("class".to_owned()).chain(names());
    let heading = heading.chain(["recognised".to_owned()]).collect();
    let rows = names()
        .zip(&confusion.counts)
        .enumerate()
        .map(|(of, (name, counts))| {
            let all: u64 = counts.iter().sum();
            let right = counts.get(of).copied().unwrap_or(0);
            let share = match all {
                0 => "–".to_owned(),
                all => format!("{:.1} %", 100.0 * right as f64 / all as f64),
            };
            let counts = counts.iter().map(|count| grouped(*count));
            std::iter::once(name).chain(counts).chain([share]).collect()
        });
    Errors {
        about: format!(
            "errors on the {part} data: a row for each class, a column for what it is taken for"
        ),
        rows: std::iter::once(heading).chain(rows).collect(),
    }
}

fn commonest(confusion: &Confusion, part: &str) -> Errors {
    let mut pairs: Vec<(u64, usize, usize)> = Vec::new();
    for (of, counts) in confusion.counts.iter().enumerate() {
        let wrong = counts.iter().enumerate().filter(|(taken, _)| *taken != of);
        pairs.extend(
            wrong
                .filter(|(_, n)| **n > 0)
                .map(|(taken, n)| (*n, of, taken)),
        );
    }
    // Stable: of equals the earlier classes come first.
    pairs.sort_by_key(|(count, ..)| std::cmp::Reverse(*count));
    let name = |class: usize| {
        confusion
            .classes
            .get(class)
            .map_or_else(String::new, |n| short(n))
    };
    let all = |class: usize| confusion.counts[class].iter().sum();
    let rows = pairs.iter().take(LISTED).map(|&(count, of, taken)| {
        let count = grouped(count);
        vec![name(of), name(taken), count, grouped(all(of))]
    });
    let heading = ["class", "taken for", "times", "of"]
        .map(str::to_owned)
        .to_vec();
    Errors {
        about: format!("the commonest errors on the {part} data"),
        rows: std::iter::once(heading).chain(rows).collect(),
    }
}

fn of_residuals(residuals: &Residuals, part: &str) -> Errors {
    let share = |share: f64| match share {
        0.0 => "least".to_owned(),
        0.5 => "median".to_owned(),
        1.0 => "most".to_owned(),
        share => format!("{} %", number(100.0 * share)),
    };
    let heading = (residuals.quantiles.iter()).map(|(at, _)| share(*at));
    let values = (residuals.quantiles.iter()).map(|(_, value)| number(*value));
    Errors {
        about: format!(
            "predicted less actual values of {} rows of the {part} data, in the target's units",
            grouped(residuals.rows as u64)
        ),
        rows: vec![
            std::iter::once("mean".to_owned()).chain(heading).collect(),
            std::iter::once(number(residuals.mean))
                .chain(values)
                .collect(),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn confusion(n: usize, counts: impl Fn(usize, usize) -> u64) -> Breakdown {
        Breakdown::Confusion(Confusion {
            classes: (0..n).map(|k| format!("c{k}")).collect(),
            counts: (0..n)
                .map(|of| (0..n).map(|k| counts(of, k)).collect())
                .collect(),
        })
    }

    #[test]
    fn few_classes_are_a_matrix_and_many_their_commonest_errors() {
        let few = confusion(2, |of, taken| [[8, 2], [1, 1234]][of][taken]);
        assert_eq!(
            errors(&few, "test").unwrap().text(),
            "errors on the test data: a row for each class, a column for what it is taken for\n  \
             class  c0     c1  recognised\n  \
             c0      8      2      80.0 %\n  \
             c1      1  1,234      99.9 %"
        );
        let many = confusion(20, |of, taken| {
            if of == taken {
                5
            } else {
                u64::from(of == 3 && taken > 17) * taken as u64
            }
        });
        assert_eq!(
            errors(&many, "validation").unwrap().text(),
            "the commonest errors on the validation data\n  \
             class  taken for  times  of\n  \
             c3           c19     19  42\n  \
             c3           c18     18  42"
        );
    }

    #[test]
    fn residuals_stand_in_their_units() {
        let residuals = Breakdown::Residuals(Residuals {
            rows: 1000,
            mean: 0.5,
            quantiles: vec![(0.0, -12.5), (0.05, -8.0), (0.5, 0.0), (1.0, 40.25)],
        });
        assert_eq!(
            errors(&residuals, "test").unwrap().text(),
            "predicted less actual values of 1,000 rows of the test data, in the target's units\n  \
             mean  least  5 %  median   most\n  \
             0.5   -12.5   -8       0  40.25"
        );
    }
}
