//! What it costs to match two labels.

use nn_graph::Op;

use crate::Error;

/// Matching a plain with a residual convolution costs this much …
const RESIDUAL: f64 = 0.1;
/// … and leaves this share of the cost that their filters' sizes make.
const RESIDUAL_SHARE: f64 = 1.0 - RESIDUAL;
/// Convolutions with filters of k and l cost this times √|k − l|.
const FILTER: f64 = std::f64::consts::SQRT_2 / 10.0;
/// Maximum against average pooling.
const POOLS: f64 = 0.5;
/// Two activations of one group: both rectifiers, or both sigmoids.
const ACTIVATIONS: f64 = 0.1;
/// A rectifier against a sigmoid.
const ACTIVATION_GROUPS: f64 = 0.25;

/// A table of label mismatch costs: named labels and a cost for each two of them.
///
/// ```
/// use otmann::Mismatch;
///
/// // Atoms: an exchange of C and N is cheap, one with O dearer; H matches only itself.
/// let atoms = Mismatch::new(["H", "C", "N", "O"])?
///     .with("C", "N", 0.3)?
///     .with("C", "O", 0.5)?
///     .with("N", "O", 0.5)?;
/// assert_eq!(atoms.cost(1, 2), 0.3);
/// assert_eq!(atoms.cost(0, 1), f64::INFINITY);
/// # Ok::<(), otmann::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Mismatch {
    names: Vec<String>,
    costs: Vec<f64>,
}

impl Mismatch {
    /// Labels that match only themselves: 0 on the diagonal, infinity elsewhere.
    ///
    /// # Errors
    /// No label at all.
    pub fn new<N: Into<String>>(names: impl IntoIterator<Item = N>) -> Result<Self, Error> {
        let names: Vec<String> = names.into_iter().map(Into::into).collect();
        if names.is_empty() {
            return Err(Error::Empty { what: "label" });
        }
        let n = names.len();
        let costs = (0..n * n)
            .map(|k| if k % n == k / n { 0.0 } else { f64::INFINITY })
            .collect();
        Ok(Self { names, costs })
    }

    /// Sets the cost of matching `a` with `b`, either way round.
    ///
    /// # Errors
    /// An unknown name, or a cost that is negative or not a number.
    pub fn with(self, a: &str, b: &str, cost: f64) -> Result<Self, Error> {
        let (a, b) = (self.label(a)?, self.label(b)?);
        self.with_labels(a, b, cost)
    }

    fn with_labels(mut self, a: usize, b: usize, cost: f64) -> Result<Self, Error> {
        if cost.is_nan() || cost < 0.0 {
            return Err(Error::Cost {
                row: a,
                column: b,
                value: cost,
            });
        }
        let n = self.names.len();
        self.costs[a * n + b] = cost;
        self.costs[b * n + a] = cost;
        Ok(self)
    }

    /// The original's table for every operation of `nn_graph` (paper, table 1, with the values of
    /// its code). A label's number is [`Op::index`].
    ///
    /// Convolutions with filters of k and l: (√2/10)·√|k − l|; plain against residual: a tenth
    /// more, on 0.9 of that. Pools: 0.5. Activations: 0.1 inside a group, 0.25 across. All other
    /// labels match only themselves.
    #[must_use]
    pub fn networks() -> Self {
        let n = Op::ALL.len();
        let mut costs = vec![f64::INFINITY; n * n];
        for a in Op::ALL {
            for b in Op::ALL {
                costs[a.index() * n + b.index()] = between(a, b);
            }
        }
        Self {
            names: Op::ALL.iter().map(|op| op.name().to_owned()).collect(),
            costs,
        }
    }

    /// The labels' names, in order.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Number of labels.
    #[must_use]
    #[expect(
        clippy::len_without_is_empty,
        reason = "the constructor refuses an empty table"
    )]
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// The number of the label called `name`.
    ///
    /// # Errors
    /// There is none.
    pub fn label(&self, name: &str) -> Result<usize, Error> {
        (self.names.iter().position(|n| n == name))
            .ok_or_else(|| Error::LabelName { name: name.into() })
    }

    /// The cost of matching labels `a` and `b`.
    ///
    /// # Panics
    /// A label of [`Self::len`] or more.
    #[must_use]
    pub fn cost(&self, a: usize, b: usize) -> f64 {
        self.costs[a * self.names.len() + b]
    }
}

fn between(a: Op, b: Op) -> f64 {
    if a == b {
        return 0.0;
    }
    if let (Some(k), Some(l)) = (a.filter(), b.filter()) {
        let filters = FILTER * f64::from(k.abs_diff(l)).sqrt();
        return if a.is_res() == b.is_res() {
            filters
        } else {
            RESIDUAL_SHARE * filters + RESIDUAL
        };
    }
    if a.is_pool() && b.is_pool() {
        return POOLS;
    }
    if a.is_activation() && b.is_activation() {
        return if a.group() == b.group() {
            ACTIVATIONS
        } else {
            ACTIVATION_GROUPS
        };
    }
    f64::INFINITY
}
