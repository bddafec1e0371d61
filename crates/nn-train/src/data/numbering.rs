//! Columns that number the rows, in whatever order these stand.

use super::columns::{Kind, RawColumn};
use super::values::Values;

/// With fewer rows a column of measurements may be one by chance.
const FEWEST: usize = 10;

/// The inputs that number the rows: such a column says nothing of a new row, unless it is a time.
pub(super) fn columns(columns: &[RawColumn], inputs: &Values) -> Vec<String> {
    let rows = inputs.len().checked_div(columns.len()).unwrap_or(0);
    let is_numbering = |place: usize| {
        let cells = (0..rows).map(|row| inputs.get(row * columns.len() + place));
        rows >= FEWEST && numbers_rows(cells, rows)
    };
    let used = (columns.iter().enumerate())
        .filter(|(_, column)| column.kind == Kind::Number && column.useless.is_none());
    used.filter(|(place, _)| is_numbering(*place))
        .map(|(_, column)| column.name.clone())
        .collect()
}

/// What a person should know of such a column.
pub(super) fn note(name: &String) -> String {
    format!(
        "column '{name}' numbers the rows and is an input; list it in `ignore` if it says nothing of a new row"
    )
}

/// Whether `cells` are the whole numbers from some number on, each once.
fn numbers_rows(cells: impl Iterator<Item = f64>, count: usize) -> bool {
    // Most columns end at their second cell.
    let mut seen = vec![false; 2 * count];
    let (mut first, mut least, mut most) = (None, f64::INFINITY, f64::NEG_INFINITY);
    for cell in cells {
        let offset = cell - *first.get_or_insert(cell);
        let is_near = offset.fract() == 0.0 && offset.abs() < count as f64;
        if !is_near || std::mem::replace(&mut seen[(offset + count as f64) as usize], true) {
            return false;
        }
        (least, most) = (least.min(offset), most.max(offset));
    }
    most - least < count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(cells: &[f64]) -> bool {
        numbers_rows(cells.iter().copied(), cells.len())
    }

    #[test]
    fn whole_numbers_that_come_once_each_number_the_rows_in_any_order() {
        assert!(numbers(&[7.0, 8.0, 9.0, 10.0]));
        assert!(numbers(&[2.0, 0.0, 3.0, 1.0]));
        assert!(numbers(&[-1.0, 0.0, -2.0]));
        assert!(!numbers(&[0.0, 1.0, 1.0, 2.0]), "one comes twice");
        assert!(!numbers(&[0.0, 1.0, 2.0, 4.0]), "one is left out");
        assert!(
            !numbers(&[1.0, -2.0, 0.0, 3.0]),
            "one is left out on the way"
        );
        assert!(!numbers(&[0.5, 1.0, 1.5]));
        assert!(!numbers(&[0.0, f64::NAN, 2.0]));
        assert!(!numbers(&[1e300, 1e300, 2e300]));
        assert!(!numbers(&[f64::NAN, f64::NAN]));
    }
}
