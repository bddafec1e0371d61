//! Distances between observations: a stack of symmetric matrices that grows by rows.

use ndarray::{Array3, ArrayView2, ArrayView3, Axis, NewAxis, s};

use crate::Triangle;
use crate::error::{Error, check_length, check_values};

/// The distances among `n` points, under `d` distance functions at once.
///
/// Each of the `d` matrices is symmetric with a zero diagonal and stored as a [`Triangle`], so that a new point is appended in
/// O(d·n).
///
/// ```
/// use gp::Distances;
/// use ndarray::{array, Array3};
///
/// // One distance function, two points at distance 3, then a third point.
/// let mut distances = Distances::new(1);
/// distances.push(Array3::<f64>::zeros((1, 1, 0)).index_axis(ndarray::Axis(1), 0))?;
/// distances.push(array![[3.0]].view())?;
/// distances.push(array![[4.0, 5.0]].view())?;
/// assert_eq!((distances.len(), distances.depth()), (3, 1));
/// assert_eq!(distances.triangles()[0].as_slice(), [0.0, 3.0, 0.0, 4.0, 5.0, 0.0]);
/// # Ok::<(), gp::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Distances {
    len: usize,
    triangles: Vec<Triangle>,
}

impl Distances {
    /// No points yet, `depth` distance functions.
    #[must_use]
    pub fn new(depth: usize) -> Self {
        Self {
            len: 0,
            triangles: vec![Triangle::default(); depth],
        }
    }

    /// From full matrices, shape (d, n, n). Only entries below the diagonals are read.
    ///
    /// # Errors
    /// The matrices are not square, or a distance is negative or not finite.
    pub fn from_stack(stack: ArrayView3<'_, f64>) -> Result<Self, Error> {
        let (depth, rows, columns) = stack.dim();
        check_length("the stack of distances", "columns", rows, columns)?;
        let mut distances = Self::new(depth);
        for i in 0..rows {
            distances.push(stack.index_axis(Axis(1), i).slice(s![.., ..i]))?;
        }
        Ok(distances)
    }

    /// Appends a point, given its distances to all earlier ones, shape (d, n). O(d·n).
    ///
    /// # Errors
    /// The shape is wrong, or a distance is negative or not finite; nothing is changed then.
    pub fn push(&mut self, row: ArrayView2<'_, f64>) -> Result<(), Error> {
        let itself = Array3::zeros((row.nrows(), 1, 1));
        self.extend(row.slice(s![.., NewAxis, ..]), itself.view())
    }

    /// Appends p points, given their distances to all earlier ones, shape (d, p, n), and to each other, shape (d, p, p), of
    /// which the part below the diagonal is read. O(d·p·(n + p)).
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub fn extend(
        &mut self,
        cross: ArrayView3<'_, f64>,
        among: ArrayView3<'_, f64>,
    ) -> Result<(), Error> {
        const WHAT: &str = "the rows of distances";
        const AMONG: &str = "the distances among new points";
        let (depth, p, n) = cross.dim();
        check_length(WHAT, "distance functions", self.depth(), depth)?;
        check_length(WHAT, "columns", self.len, n)?;
        check_values(WHAT, cross.iter(), false)?;
        check_length(AMONG, "distance functions", depth, among.dim().0)?;
        check_length(AMONG, "rows", p, among.dim().1)?;
        check_length(AMONG, "columns", p, among.dim().2)?;
        check_values(AMONG, among.iter(), false)?;
        for (layer, triangle) in self.triangles.iter_mut().enumerate() {
            for i in 0..p {
                let (earlier, new) = (
                    cross.slice(s![layer, i, ..]),
                    among.slice(s![layer, i, ..i]),
                );
                triangle.push(earlier.into_iter().chain(new).copied().chain([0.0]));
            }
        }
        self.len += p;
        Ok(())
    }

    /// Number of points, n.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no point yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Number of distance functions, d.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.triangles.len()
    }

    /// The distance matrices, one for each distance function.
    #[must_use]
    pub fn triangles(&self) -> &[Triangle] {
        &self.triangles
    }

    /// Their numbers, as a kernel takes them.
    #[must_use]
    pub fn layers(&self) -> Vec<&[f64]> {
        self.triangles.iter().map(Triangle::as_slice).collect()
    }

    /// The distances among some of the points (`indices` ascending), in that order.
    pub(crate) fn subset(&self, indices: &[usize]) -> Self {
        Self {
            len: indices.len(),
            triangles: (self.triangles.iter().map(|t| t.subset(indices))).collect(),
        }
    }

    /// The median of the distances between different points, for each distance function; 0 with fewer than two points.
    #[must_use]
    pub fn medians(&self) -> Vec<f64> {
        let median = |triangle: &Triangle| triangle.median_below_diagonal().unwrap_or(0.0);
        self.triangles.iter().map(median).collect()
    }
}
