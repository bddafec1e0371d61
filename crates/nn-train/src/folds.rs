//! Which rows are held out in which fold.

use std::ops::Range;

use crate::Error;

/// The rows of each fold of `n`: they follow one another.
///
/// # Errors
/// There are too few for so many folds.
pub(crate) fn ranges(n: usize, folds: u32) -> Result<impl Iterator<Item = Range<usize>>, Error> {
    let folds = folds as usize;
    // Every training needs two rows, and every fold one.
    if n < folds.max(3) {
        return Err(Error::Training {
            field: "folds",
            allowed: "at most as many as there are examples for training and validation",
        });
    }
    let end = move |fold: usize| fold * n / folds;
    Ok((0..folds).map(move |fold| end(fold)..end(fold + 1)))
}

#[cfg(test)]
mod tests {
    use super::ranges;

    #[test]
    fn folds_are_all_rows_in_order() {
        for (n, folds) in [(3, 3), (10, 3), (101, 20), (7, 2)] {
            let found: Vec<_> = ranges(n, folds).unwrap().collect();
            let rows: Vec<usize> = found.iter().cloned().flatten().collect();
            assert_eq!(rows, (0..n).collect::<Vec<_>>());
            let sizes = found.iter().map(ExactSizeIterator::len);
            assert!(sizes.clone().max() <= sizes.min().map(|least| least + 1));
        }
        assert!(ranges(2, 2).is_err() && ranges(4, 5).is_err());
    }
}
