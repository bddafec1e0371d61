//! Logistic regression of any number of classes: softmax of a linear map, with a penalty on the squares of its weights.
//!
//! The curvature of the loss is nowhere above half the inputs' matrix of products (Böhning 1992), so that steps by the inverse
//! of that bound, which is factored once a penalty, never overshoot; accelerated as Nesterov has it, they start anew where the
//! momentum points uphill. No step has to be searched for.
//!
//! Of two classes only the difference of their weights matters, w, whose halves have half the squares of w: there the penalty is
//! doubled, so that it means what it does where a single weight decides between two classes.

use faer::linalg::solvers::Solve as _;
use faer::{Mat, Side};

use super::rows::Rows;

/// Penalties to choose from, in units of half a squared weight against the sum of the rows' cross-entropies; each starts
/// from the weights of the one before.
pub(super) const PENALTIES: [f64; 6] = [1000.0, 100.0, 10.0, 1.0, 0.1, 0.01];
/// Steps with one penalty, at least and at most; classes that can be divided without an error take many with a weak one.
const STEPS: [usize; 2] = [150, 2000];
/// Between the two, as many as multiply so many numbers.
const PRODUCTS: usize = 300_000_000;
/// A step that changes no weight by more than this is the last.
const LEAST: f64 = 1e-5;
/// Rows whose outputs are computed at a time when predicting.
const PIECE: usize = 1024;

/// So many rows take a few seconds.
pub(super) fn most_rows(width: usize, classes: usize) -> usize {
    let by_steps = 10_000_000 / (width.max(1) * classes.max(1));
    // Few classes of many columns: the matrix of products is what takes the time.
    by_steps.min(super::linear::most_rows(width)).max(1000)
}

/// The logarithms of the classes' probabilities with each penalty, row by row.
pub(super) fn predict(
    fitted: &Rows,
    scored: &Rows,
    classes: usize,
    penalties: &[f64],
) -> Option<Vec<Vec<f64>>> {
    let problem = Problem::new(fitted, classes);
    let mut weights = Mat::<f64>::zeros(fitted.width + 1, classes);
    let numbers = fitted.inputs.len() * fitted.width * classes;
    let steps = (PRODUCTS / numbers.max(1)).clamp(STEPS[0], STEPS[1]);
    let mut out = Vec::with_capacity(penalties.len());
    for penalty in penalties {
        weights = problem.minimise(*penalty, weights, steps)?;
        let mut predicted = Vec::with_capacity(scored.inputs.len());
        for (from, to) in scored.pieces(PIECE) {
            let outputs = scored.matrix(from, to, 1) * &weights;
            for i in 0..to - from {
                let row = || (0..classes).map(|class| outputs[(i, class)]);
                let largest = row().fold(f64::NEG_INFINITY, f64::max);
                let sum: f64 = row().map(|x| (x - largest).exp()).sum();
                predicted.extend(row().map(|x| x - largest - sum.ln()));
            }
        }
        out.push(predicted);
    }
    Some(out)
}

struct Problem {
    /// Inputs and a one, for the intercept.
    inputs: Mat<f64>,
    /// 1 where a row has the class.
    targets: Mat<f64>,
    /// The bound of the loss's curvature, without the penalty.
    bound: Mat<f64>,
}

impl Problem {
    fn new(rows: &Rows, classes: usize) -> Self {
        let n = rows.inputs.len();
        let inputs = rows.matrix(0, n, 1);
        let targets = Mat::from_fn(n, classes, |i, class| {
            // Both are whole numbers.
            f64::from((rows.targets[i] - class as f64).abs() < 0.5)
        });
        let mut bound = inputs.transpose() * &inputs;
        bound *= faer::Scale(0.5);
        Self {
            inputs,
            targets,
            bound,
        }
    }

    /// Weights, the intercepts last, that have the least loss. `None` if the numbers overflow.
    fn minimise(&self, penalty: f64, start: Mat<f64>, steps: usize) -> Option<Mat<f64>> {
        let last = start.nrows() - 1;
        let penalty = if start.ncols() == 2 {
            2.0 * penalty
        } else {
            penalty
        };
        // The intercept is not penalised.
        let penalty_of = |j: usize| if j < last { penalty } else { 0.0 };
        let mut bound = self.bound.clone();
        for j in 0..last {
            bound[(j, j)] += penalty;
        }
        let factor = bound.llt(Side::Lower).ok()?;
        let mut weights = start.clone();
        let mut ahead = start;
        let mut momentum = 1.0_f64;
        for _ in 0..steps {
            let mut descent = self.inputs.transpose() * self.residuals(&ahead);
            for class in 0..descent.ncols() {
                for j in 0..=last {
                    descent[(j, class)] -= penalty_of(j) * ahead[(j, class)];
                }
            }
            let next = &ahead + factor.solve(&descent);
            let change = &next - &weights;
            let uphill = dot(&descent, &change) < 0.0;
            let after = f64::midpoint(1.0, (1.0 + 4.0 * momentum * momentum).sqrt());
            let share = if uphill {
                0.0
            } else {
                (momentum - 1.0) / after
            };
            momentum = if uphill { 1.0 } else { after };
            ahead = &next + &change * faer::Scale(share);
            weights = next;
            let largest = change.norm_max();
            if !largest.is_finite() {
                return None;
            }
            if largest < LEAST {
                break;
            }
        }
        Some(weights)
    }

    /// Targets less probabilities.
    fn residuals(&self, weights: &Mat<f64>) -> Mat<f64> {
        let mut out = &self.inputs * weights;
        let classes = out.ncols();
        for i in 0..out.nrows() {
            let largest = (0..classes).fold(f64::NEG_INFINITY, |best, k| best.max(out[(i, k)]));
            let mut sum = 0.0;
            for k in 0..classes {
                out[(i, k)] = (out[(i, k)] - largest).exp();
                sum += out[(i, k)];
            }
            for k in 0..classes {
                out[(i, k)] = self.targets[(i, k)] - out[(i, k)] / sum;
            }
        }
        out
    }
}

fn dot(a: &Mat<f64>, b: &Mat<f64>) -> f64 {
    let columns = a.col_iter().zip(b.col_iter());
    columns.map(|(a, b)| a.transpose() * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that nearly lie on a line, and whether they are on one side of it, which every seventh is not.
    fn rows(class: impl Fn(bool, usize) -> f64) -> Rows<'static> {
        let inputs: Vec<[f32; 2]> = (0..60)
            .map(|i| [37, 23].map(|step| (i * step % 60) as f32 / 30.0 - 1.0))
            .collect();
        let targets = (inputs.iter().enumerate())
            .map(|(i, x)| class(x[0] + 0.5 * x[1] > 0.2, i))
            .collect();
        Rows {
            inputs: (inputs.into_iter().map(|row| row.to_vec().into())).collect(),
            targets,
            width: 2,
        }
    }

    /// Weights by scikit-learn 1.9.1: `LogisticRegression(C=1 / penalty, tol=1e-12)` on the same rows.
    #[test]
    fn weights_are_those_of_another_program() {
        let rows = rows(|is_right, i| match (is_right, i % 7) {
            (_, 0) => 2.0,
            (true, _) => 1.0,
            (false, _) => 0.0,
        });
        let start = Mat::zeros(3, 3);
        let weights = Problem::new(&rows, 3).minimise(0.5, start, 1000).unwrap();
        let expected = [
            [-0.760_231_486, 1.714_927_538, -0.954_696_052],
            [1.786_637_791, -1.489_806_122, -0.296_831_669],
            [1.203_806_275, -1.114_659_284, -0.089_146_991],
        ];
        for (j, row) in expected.iter().enumerate() {
            for (class, x) in row.iter().enumerate() {
                let found = weights[(j, class)];
                assert!((found - x).abs() < 1e-3, "{j} {class}: {found}, not {x}");
            }
        }
    }

    /// As above; that program has one weight for the second of two classes.
    #[test]
    fn of_two_classes_a_penalty_is_that_of_one_weight() {
        let rows = rows(|is_right, i| f64::from(is_right != (i % 7 == 0)));
        let start = Mat::zeros(3, 2);
        let weights = Problem::new(&rows, 2).minimise(0.5, start, 1000).unwrap();
        for (j, x) in [0.556_280_48, -1.977_448_4, -0.825_310_77]
            .iter()
            .enumerate()
        {
            let found = weights[(j, 1)] - weights[(j, 0)];
            assert!((found - x).abs() < 1e-3, "{j}: {found}, not {x}");
        }
    }
}
