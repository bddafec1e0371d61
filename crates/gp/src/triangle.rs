//! The lower triangle of a symmetric matrix, packed.

use ndarray::Array2;

use crate::statistics;

/// A symmetric matrix of n × n numbers, stored as its lower triangle with the diagonal, row after row: entry (i, j), j ≤ i, is
/// the number i(i+1)/2 + j. So a row is appended in O(n), and a kernel runs over contiguous numbers.
///
/// ```
/// use gp::Triangle;
///
/// let mut triangle = Triangle::default();
/// triangle.push([1.0]);
/// triangle.push([2.0, 3.0]);
/// assert_eq!(triangle.len(), 2);
/// assert_eq!((triangle.get(0, 1), triangle.get(1, 0)), (2.0, 2.0));
/// assert_eq!(triangle.as_slice(), [1.0, 2.0, 3.0]);
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Triangle {
    len: usize,
    values: Vec<f64>,
}

impl Triangle {
    /// A matrix of `len` × `len` zeros.
    #[must_use]
    pub fn zeros(len: usize) -> Self {
        let values = vec![0.0; Self::start(len)];
        Self { len, values }
    }

    /// The lower triangle of a square matrix, of which nothing else is read.
    ///
    /// # Panics
    /// If the matrix is wider than high.
    #[must_use]
    pub fn of(matrix: &Array2<f64>) -> Self {
        let mut triangle = Self::default();
        for (i, row) in matrix.rows().into_iter().enumerate() {
            triangle.push(row.into_iter().take(i + 1).copied());
        }
        triangle
    }

    /// Where row `i` starts.
    fn start(i: usize) -> usize {
        i * (i + 1) / 2
    }

    /// Appends a row: the entries with those before it, then the one on the diagonal.
    ///
    /// # Panics
    /// Unless there are n + 1 entries.
    pub fn push(&mut self, row: impl IntoIterator<Item = f64>) {
        self.values.extend(row);
        self.len += 1;
        assert_eq!(
            self.values.len(),
            Self::start(self.len),
            "row {} of a triangle has {} entries",
            self.len - 1,
            self.len
        );
    }

    /// Number of rows, n.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no row yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Entry (i, j), the same as (j, i).
    ///
    /// # Panics
    /// Unless both are below [`len`](Self::len).
    #[must_use]
    pub fn get(&self, i: usize, j: usize) -> f64 {
        let (low, high) = (i.min(j), i.max(j));
        self.values[Self::start(high) + low]
    }

    /// Entries (i, 0) to (i, i).
    ///
    /// # Panics
    /// Unless `i` is below [`len`](Self::len).
    #[must_use]
    pub fn row(&self, i: usize) -> &[f64] {
        &self.values[Self::start(i)..][..=i]
    }

    /// All numbers, n(n+1)/2 of them.
    #[must_use]
    pub fn as_slice(&self) -> &[f64] {
        &self.values
    }

    /// All numbers, to be set.
    pub fn as_mut_slice(&mut self) -> &mut [f64] {
        &mut self.values
    }

    /// The rows and columns `indices`, ascending, in that order.
    pub(crate) fn subset(&self, indices: &[usize]) -> Self {
        let mut subset = Self::default();
        for (place, &i) in indices.iter().enumerate() {
            let row = self.row(i);
            subset.push(indices[..=place].iter().map(|&j| row[j]));
        }
        subset
    }

    /// The median of the entries below the diagonal; `None` with fewer than two rows.
    pub(crate) fn median_below_diagonal(&self) -> Option<f64> {
        let mut below: Vec<f64> = (0..self.len)
            .flat_map(|i| &self.row(i)[..i])
            .copied()
            .collect();
        statistics::median(&mut below)
    }

    /// Both triangles.
    pub(crate) fn unpack(&self) -> Array2<f64> {
        let mut full = Array2::zeros((self.len, self.len));
        for i in 0..self.len {
            for (j, &value) in self.row(i).iter().enumerate() {
                full[(i, j)] = value;
                full[(j, i)] = value;
            }
        }
        full
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn a_packed_matrix_unpacks_to_itself() {
        let full = array![[1.0, 2.0, 4.0], [2.0, 3.0, 5.0], [4.0, 5.0, 6.0]];
        let triangle = Triangle::of(&full);
        assert_eq!(triangle.as_slice(), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        assert_eq!(triangle.unpack(), full);
        assert_eq!(
            triangle.subset(&[0, 2]).unpack(),
            array![[1.0, 4.0], [4.0, 6.0]]
        );
        assert_eq!(triangle.median_below_diagonal(), Some(4.0));
        assert_eq!(Triangle::zeros(1).median_below_diagonal(), None);
    }

    #[test]
    #[should_panic(expected = "row 1 of a triangle has 2 entries")]
    fn a_row_of_another_length_is_refused() {
        let mut triangle = Triangle::zeros(1);
        triangle.push([1.0]);
    }
}
