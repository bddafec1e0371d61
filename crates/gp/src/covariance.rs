//! The covariance of noisy observations, factored: what is done when the Gram matrix is not positive definite.

use ndarray::{Array1, Array2, Axis, s};

use crate::Triangle;
use crate::error::Error;
use crate::matrix::{self, Growing};

/// What to do with a Gram matrix K that may have negative eigenvalues. With σ² the noise variance, the model needs a
/// positive definite A in place of K + σ²I.
///
/// Distances between graphs do not embed in a Euclidean space, so a kernel over them can give a K with slightly negative
/// eigenvalues.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Indefinite {
    /// A = K₊ + σ²I with K₊ = Σ max(λ, 0) v vᵀ over the eigenpairs (λ, v) of K, the projection onto the cone of positive
    /// semi-definite matrices: what the original implementation does. A Cholesky factorisation first tells whether
    /// there is anything to clip; if there is, the eigenvalues cost about ten times as much as the factor alone.
    Clip,
    /// A = K + σ²I as long as that is safely positive definite, `Clip` otherwise. *Safely* means that no pivot of its
    /// Cholesky factor is less than half of σ²: a pivot is the variance of one noisy observation given those before
    /// it, and would be at least σ² if K had no negative eigenvalue. Factors are extended row by row, also after
    /// clipping: A keeps what was clipped and takes in later rows of K + σ²I as they are while their pivots are safe.
    /// The first that is not has all of K clipped anew.
    #[default]
    Tolerate,
}

/// The smallest share of the noise variance that a pivot may have to be tolerated.
const TOLERATED: f64 = 0.5;

/// Negative eigenvalues no larger than this, relative to n times the largest diagonal entry, are rounding.
const ROUNDING: f64 = 1e-14;

/// `A = UᵀU` for the observations (and pending points) so far, with what is needed to add more.
#[derive(Debug, Clone)]
pub(crate) struct Covariance {
    rule: Indefinite,
    noise: f64,
    /// K, without noise, as it came from the kernel.
    gram: Triangle,
    upper: Growing,
    clipped: bool,
    /// Number of points when all of it was last factored; the rows after these were added.
    factored: usize,
}

/// What more points add to a [`Covariance`], worked out but not yet added.
#[derive(Debug)]
pub(crate) enum Extension {
    /// Rows of `L = Uᵀ`, (p, n + p), and the new entries of K: with the earlier points, (p, n), and among the new ones, (p, p).
    Rows {
        rows: Array2<f64>,
        cross: Array2<f64>,
        among: Array2<f64>,
    },
    /// All of it, because negative eigenvalues are or become involved.
    Whole(Covariance),
}

/// Eigenvalues and eigenvectors (rows) of a Gram matrix.
pub(crate) type Spectrum = (Array1<f64>, Array2<f64>);

impl Covariance {
    /// Factors the Gram matrix `gram`. O(n³).
    pub(crate) fn new(gram: &Array2<f64>, noise: f64, rule: Indefinite) -> Result<Self, Error> {
        let (upper, spectrum) = factor(gram, noise, rule)?;
        Ok(Self {
            rule,
            noise,
            gram: Triangle::of(gram),
            upper: Growing::new(&upper),
            clipped: spectrum.is_some(),
            factored: gram.nrows(),
        })
    }

    /// Factors the first `factored` rows and columns of the Gram matrix and adds the others: the same, to the last bit, as a
    /// covariance that grew to this one and had all of it factored last at that size. What was factored before leaves no
    /// trace, so that of all the times that negative eigenvalues were clipped one is repeated.
    pub(crate) fn grown(
        gram: &Array2<f64>,
        factored: usize,
        noise: f64,
        rule: Indefinite,
    ) -> Result<Self, Error> {
        if factored == gram.nrows() {
            return Self::new(gram, noise, rule);
        }
        let block = |rows, columns| gram.slice(s![rows, columns]).to_owned();
        let (first, rest) = (0..factored, factored..gram.nrows());
        let mut grown = Self::new(&block(first.clone(), first.clone()), noise, rule)?;
        let (cross, among) = (block(rest.clone(), first), block(rest.clone(), rest));
        grown.extend(grown.extension(&cross, &among)?);
        Ok(grown)
    }

    pub(crate) fn len(&self) -> usize {
        self.upper.len()
    }

    pub(crate) fn noise(&self) -> f64 {
        self.noise
    }

    pub(crate) fn upper(&self) -> &Growing {
        &self.upper
    }

    /// Whether negative eigenvalues were clipped.
    pub(crate) fn is_clipped(&self) -> bool {
        self.clipped
    }

    /// Number of points when all of it was last factored.
    pub(crate) fn factored(&self) -> usize {
        self.factored
    }

    /// Σ log Uᵢᵢ = ½ log |A|.
    pub(crate) fn half_log_determinant(&self) -> f64 {
        self.upper.diagonal().map(libm::log).sum()
    }

    /// What p points more add, given the kernel between them and the earlier ones, (p, n), and among them, (p, p).
    ///
    /// With A = UᵀU the factor of the larger matrix is
    ///
    /// ```text
    /// [ U  Vᵀ ]      V = C U⁻¹  (row i: U⁻ᵀ cᵢ),      WᵀW = B + σ²I − V Vᵀ,
    /// [ 0  W  ]
    /// ```
    ///
    /// O(p n² + p² n); O((n + p)³) for every point that has the whole clipped anew. The same, to the last bit, as one
    /// point after the other.
    pub(crate) fn extension(
        &self,
        cross: &Array2<f64>,
        among: &Array2<f64>,
    ) -> Result<Extension, Error> {
        if self.rule == Indefinite::Tolerate {
            if let Some(rows) = self.tolerated(cross, among) {
                let (cross, among) = (cross.clone(), among.clone());
                return Ok(Extension::Rows { rows, cross, among });
            }
            if cross.nrows() > 1 {
                return self.in_turn(cross, among);
            }
        }
        let mut gram = self.gram.clone();
        (0..cross.nrows()).for_each(|i| gram.push(row(cross, among, i)));
        let (upper, spectrum) = factor(&gram.unpack(), self.noise, self.rule)?;
        Ok(Extension::Whole(Self {
            rule: self.rule,
            noise: self.noise,
            factored: gram.len(),
            gram,
            upper: Growing::new(&upper),
            clipped: spectrum.is_some(),
        }))
    }

    /// The new rows of L, if all their pivots are safe.
    fn tolerated(&self, cross: &Array2<f64>, among: &Array2<f64>) -> Option<Array2<f64>> {
        let mut noisy = among.clone();
        noisy.diag_mut().mapv_inplace(|x| x + self.noise);
        self.upper.new_rows(cross, &noisy, TOLERATED * self.noise)
    }

    /// What several points add, found one point after the other: which of them has the whole clipped anew decides.
    fn in_turn(&self, cross: &Array2<f64>, among: &Array2<f64>) -> Result<Extension, Error> {
        let mut grown = self.clone();
        for i in 0..cross.nrows() {
            let with_earlier = row(cross, among, i).take(cross.ncols() + i);
            let one = Array1::from_iter(with_earlier).insert_axis(Axis(0));
            let itself = among.slice(s![i..=i, i..=i]).to_owned();
            let extension = grown.extension(&one, &itself)?;
            grown.extend(extension);
        }
        Ok(Extension::Whole(grown))
    }

    /// Adds them.
    pub(crate) fn extend(&mut self, extension: Extension) {
        match extension {
            Extension::Rows { rows, cross, among } => {
                self.upper.append(&rows);
                (0..cross.nrows()).for_each(|i| self.gram.push(row(&cross, &among, i)));
            }
            Extension::Whole(covariance) => *self = covariance,
        }
    }
}

/// Row i of what new points add to the lower triangle of K.
fn row<'a>(
    cross: &'a Array2<f64>,
    among: &'a Array2<f64>,
    i: usize,
) -> impl Iterator<Item = f64> + use<'a> {
    let earlier = cross.row(i).into_iter();
    earlier.chain(among.row(i).into_iter().take(i + 1)).copied()
}

/// The factor of A, and the spectrum of K where it had to be clipped.
pub(crate) fn factor(
    gram: &Array2<f64>,
    noise: f64,
    rule: Indefinite,
) -> Result<(Array2<f64>, Option<Spectrum>), Error> {
    let n = gram.nrows();
    let failure = || Error::NotPositiveDefinite { size: n, noise };
    let with_noise = |mut a: Array2<f64>| {
        a.diag_mut().mapv_inplace(|x| x + noise);
        matrix::cholesky(a).filter(|u| u.diag().iter().all(|x| x.is_finite()))
    };
    match rule {
        Indefinite::Tolerate => {
            if let Some(upper) = with_noise(gram.clone()).filter(|u| tolerable(u, noise)) {
                return Ok((upper, None));
            }
        }
        Indefinite::Clip => {
            let largest = gram.diag().iter().copied().fold(0.0, f64::max);
            let mut nudged = gram.clone();
            nudged
                .diag_mut()
                .mapv_inplace(|x| x + ROUNDING * n as f64 * largest);
            if matrix::cholesky(nudged).is_some() {
                let upper = with_noise(gram.clone()).ok_or_else(failure)?;
                return Ok((upper, None));
            }
        }
    }
    if !gram.iter().all(|x| x.is_finite()) {
        return Err(failure());
    }
    let (values, vectors) = matrix::symmetric_eigen(gram).ok_or_else(failure)?;
    let projected = raise(gram, &values, &vectors, 0.0);
    let upper = with_noise(projected).ok_or_else(failure)?;
    Ok((upper, Some((values, vectors))))
}

fn tolerable(upper: &Array2<f64>, noise: f64) -> bool {
    upper.diag().iter().all(|u| u * u >= TOLERATED * noise)
}

/// Σ max(λ, floor) v vᵀ, computed as the matrix plus a correction of low rank for the eigenvalues below the floor.
fn raise(a: &Array2<f64>, values: &Array1<f64>, vectors: &Array2<f64>, floor: f64) -> Array2<f64> {
    let below = values.iter().take_while(|v| **v < floor).count();
    let mut scaled = vectors.slice(s![..below, ..]).to_owned();
    for (mut row, value) in scaled.rows_mut().into_iter().zip(values) {
        row *= (floor - value).sqrt();
    }
    let columns = scaled.t().as_standard_layout().into_owned();
    a + &matrix::multiply(&columns, &scaled)
}

/// Projects a symmetric matrix so that no eigenvalue is below `floor`. One Cholesky factorisation if there is none.
pub(crate) fn project(a: Array2<f64>, floor: f64) -> Result<Array2<f64>, Error> {
    let mut lowered = a.clone();
    lowered.diag_mut().mapv_inplace(|x| x - floor);
    if matrix::cholesky(lowered).is_some() {
        return Ok(a);
    }
    let failure = || Error::NotPositiveDefinite {
        size: a.nrows(),
        noise: floor,
    };
    if !a.iter().all(|x| x.is_finite()) {
        return Err(failure());
    }
    let (values, vectors) = matrix::symmetric_eigen(&a).ok_or_else(failure)?;
    Ok(raise(&a, &values, &vectors, floor))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    /// Eigenvalues 3 and −1 for (1, 1)/√2 and (1, −1)/√2: the projection keeps 3 · ½ [[1, 1], [1, 1]].
    #[test]
    fn clipping_projects_and_then_adds_the_noise() {
        let (upper, spectrum) =
            factor(&array![[1.0, 2.0], [2.0, 1.0]], 0.25, Indefinite::Clip).unwrap();
        let expected = array![[1.75, 1.5], [1.5, 1.75]];
        let difference = upper.t().dot(&upper) - expected;
        assert!(difference.iter().all(|x| x.abs() < 1e-12), "{difference}");
        assert!(spectrum.is_some());
    }

    #[test]
    fn a_slightly_negative_eigenvalue_is_tolerated_a_larger_one_clipped() {
        // Eigenvalues 1 ± (1 + e).
        let gram = |e: f64| array![[1.0, 1.0 + e], [1.0 + e, 1.0]];
        let clipped = |e, rule| factor(&gram(e), 0.01, rule).unwrap().1.is_some();
        assert!(!clipped(-0.1, Indefinite::Tolerate) && !clipped(-0.1, Indefinite::Clip));
        assert!(!clipped(1e-3, Indefinite::Tolerate) && clipped(1e-3, Indefinite::Clip));
        assert!(clipped(1e-2, Indefinite::Tolerate) && clipped(1e-2, Indefinite::Clip));
    }

    #[test]
    fn after_clipping_safe_rows_are_added_as_they_are_and_an_unsafe_one_clips_anew() {
        // Eigenvalues 2.2 and −0.2.
        let first = array![[1.0, 1.2], [1.2, 1.0]];
        let noise = 0.01;
        let start = Covariance::new(&first, noise, Indefinite::Tolerate).unwrap();
        assert!(start.is_clipped());
        let product = |c: &Covariance| {
            let upper = c.upper().view();
            upper.t().dot(&upper)
        };
        let close = |a: &Array2<f64>, b: &Array2<f64>| (a - b).iter().all(|x| x.abs() < 1e-12);
        let grow = |cross: [f64; 2]| {
            let mut grown = start.clone();
            let cross = array![cross];
            grown.extend(grown.extension(&cross, &array![[1.0]]).unwrap());
            grown
        };

        let safe = product(&grow([0.3, 0.2]));
        assert!(close(
            &safe.slice(s![..2, ..2]).to_owned(),
            &array![[1.11, 1.1], [1.1, 1.11]]
        ));
        assert!(close(
            &safe.slice(s![2.., ..]).to_owned(),
            &array![[0.3, 0.2, 1.01]]
        ));

        // No variance is left for a third point so near to both.
        let unsafe_row = [1.1, 1.1];
        let gram = array![[1.0, 1.2, 1.1], [1.2, 1.0, 1.1], [1.1, 1.1, 1.0]];
        let whole = Covariance::new(&gram, noise, Indefinite::Tolerate).unwrap();
        assert!(close(&product(&grow(unsafe_row)), &product(&whole)));
    }

    /// Values of the original NASBOT implementation: Gram matrices, their smallest eigenvalues, and the diagonals of their
    /// projections.
    #[test]
    fn projections_are_those_of_the_original() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/gp.json.gz");
        let decoder = flate2::read::GzDecoder::new(std::fs::File::open(path).unwrap());
        let file: serde_json::Value = serde_json::from_reader(decoder).unwrap();
        let numbers = |value: &serde_json::Value| -> Vec<f64> {
            value
                .as_array()
                .unwrap()
                .iter()
                .map(|x| x.as_f64().unwrap())
                .collect()
        };
        let mut compared = 0;
        for case in file["cases"].as_array().unwrap() {
            let rows: Vec<f64> = case["K"]
                .as_array()
                .unwrap()
                .iter()
                .flat_map(numbers)
                .collect();
            let n = case["K"].as_array().unwrap().len();
            let gram = Array2::from_shape_vec((n, n), rows).unwrap();
            let (values, _) = matrix::symmetric_eigen(&gram).unwrap();
            let smallest = case["K_min_eig"].as_f64().unwrap();
            assert!((values[0] - smallest).abs() < 1e-13);
            let projected = project(gram, 0.0).unwrap();
            for (found, expected) in projected.diag().iter().zip(numbers(&case["Kproj_diag"])) {
                assert!((found / expected - 1.0).abs() < 1e-12, "{found} {expected}");
                compared += 1;
            }
        }
        assert_eq!(compared, 4 * (20 + 40 + 40));
    }

    #[test]
    fn joint_floors_act_on_eigenvalues() {
        let raised = project(array![[1.0, 2.0], [2.0, 1.0]], 0.5).unwrap();
        // 3 · ½ [[1, 1], [1, 1]] + 0.5 · ½ [[1, −1], [−1, 1]].
        let difference = raised - array![[1.75, 1.25], [1.25, 1.75]];
        assert!(difference.iter().all(|x| x.abs() < 1e-12), "{difference}");
        let untouched = project(array![[1.0, 0.2], [0.2, 1.0]], 0.5).unwrap();
        assert_eq!(untouched, array![[1.0, 0.2], [0.2, 1.0]]);
    }
}
